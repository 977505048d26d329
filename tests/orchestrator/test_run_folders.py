from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from orchestrator.journal import Batch, Journal
from orchestrator.run_folders import SETTLED, RunFile, RunFolders
from tests.orchestrator.journals import new_run


def test_are_deleted_when_no_run_of_theirs_is_left(journal: Journal, tmp_path: Path) -> None:
    journal.write(Batch("r1", 1, new=new_run()))
    journal.write(Batch("r3", 1, new=replace(new_run("r3"), lineage="r2")))
    journal.flush()
    folders = RunFolders(tmp_path)
    for lineage in ("r1", "r2", "gone"):
        (folders.of(lineage) / "deep").mkdir()

    assert folders.prune(journal.lineages) == 0, "what was just made may be of a run that is not on disk yet"
    assert folders.prune(journal.lineages, now=time.time() + SETTLED + 1) == 1
    assert {folder.name for folder in (tmp_path / "runs").iterdir()} == {"r1", "r2"}


def test_there_is_nothing_to_delete_before_the_first_run(journal: Journal, tmp_path: Path) -> None:
    assert RunFolders(tmp_path).prune(journal.lineages) == 0


def test_files_are_those_that_are_there_now_without_links_and_git(tmp_path: Path) -> None:
    folders = RunFolders(tmp_path)
    folder = folders.of("r1")
    for path in ("b.txt", "a/c.txt", ".git/config", "a/.git/x"):
        (folder / path).parent.mkdir(exist_ok=True, parents=True)
        (folder / path).write_text(path)
    (folder / "link").symlink_to(folder / "b.txt")

    assert list(folders.files("r1")) == [RunFile("b.txt", 5), RunFile("a/c.txt", 7)]
    assert folders.file("r1", "a/c.txt").read_text() == "a/c.txt"


def test_to_look_for_files_makes_no_folder(tmp_path: Path) -> None:
    assert list(RunFolders(tmp_path).files("r1")) == []
    assert not (tmp_path / "runs").exists()
