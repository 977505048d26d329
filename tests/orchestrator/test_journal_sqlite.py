"""What the journal does about the file that it lies in."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.event

from orchestrator.errors import NewerStore, StoreError
from orchestrator.history import ACTIVE, RunFilter
from orchestrator.journal import Batch, Journal
from orchestrator.stores.sqlite import SQLiteStore
from tests.orchestrator.journals import NOW, finished, logged, new_run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@contextlib.contextmanager
def opened(home: Path, patience: float = 1.0) -> Iterator[Journal]:
    journal = Journal(SQLiteStore(home / "patchbay.db", home / "files", patience=patience))
    try:
        yield journal
    finally:
        journal.close()


def test_many_appends_share_a_commit(home: Path) -> None:
    with opened(home) as journal:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.flush()
        with contextlib.closing(sqlite3.connect(home / "patchbay.db")) as watcher:
            seen = set()
            for seq in range(1, 1001):
                journal.write(logged(seq))
                seen.add(watcher.execute("PRAGMA data_version").fetchone()[0])
        journal.flush()
        assert len(journal.events("r1")) == 1000
        assert len(seen) < 100


class TestBadStores:
    def test_a_database_of_a_newer_patchbay_is_refused_and_not_touched(self, home: Path) -> None:
        with opened(home):
            pass
        with contextlib.closing(sqlite3.connect(home / "patchbay.db")) as connection:
            connection.execute("UPDATE schema_version SET version = 999")
            connection.execute("DROP TABLE cache")
            connection.commit()
        before = {path.name: path.read_bytes() for path in home.iterdir()}
        with pytest.raises(NewerStore, match="newer Patchbay"), opened(home):
            pass
        assert {path.name: path.read_bytes() for path in home.iterdir()} == before

    def test_a_file_that_is_no_database(self, home: Path) -> None:
        home.mkdir()
        (home / "patchbay.db").write_text("these are not the bytes you are looking for " * 100)
        with pytest.raises(StoreError, match="not a database"), opened(home):
            pass

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match="cannot be used"), opened(tmp_path / "file"):
            pass

    async def test_a_database_that_another_program_holds_too_long(self, home: Path) -> None:
        with opened(home, patience=0.3) as journal:
            journal.write(Batch("r1", 1, new=new_run()))
            await journal.barrier("r1", 1)
            with contextlib.closing(sqlite3.connect(home / "patchbay.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                journal.write(logged(1, "lost"))
                with pytest.raises(StoreError, match=r"locked\. Close the other program"):
                    await journal.barrier("r1", 1)
                with pytest.raises(StoreError, match="Close the other program"):
                    journal.signal("r1", "cancel", {})
                other.execute("ROLLBACK")
            journal.abandon("r1", 1)
            [claim] = journal.claim("me", NOW, lambda owner: False)
            journal.write(logged(1, "goes on", fence=claim.fence))
            await journal.barrier("r1", claim.fence)
            assert [event.data["message"] for _, event in journal.events("r1")] == ["goes on"]

    def test_a_disk_that_is_full_harms_nothing_and_the_run_goes_on_when_there_is_room(self, small_disk: Path) -> None:
        with opened(small_disk) as journal:
            journal.write(Batch("r1", 1, new=new_run()))
            journal.flush()
            with full_after(1_500_000):
                kept = write_until_refused(journal)
            assert len(journal.events("r1")) == kept
            with contextlib.closing(sqlite3.connect(small_disk / "patchbay.db")) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            (small_disk / "ballast").unlink()
            journal.abandon("r1", 1)
            [claim] = journal.claim("me", NOW, lambda owner: False)
            journal.write(logged(kept + 1, fence=claim.fence))
            journal.flush()
            assert len(journal.events("r1")) == kept + 1

    def test_a_database_that_may_not_be_written(self, powerless: Path) -> None:
        with pytest.raises(StoreError, match=r"readonly.*Make the file and its folder writable"), opened(powerless):
            pass


class TestLargeOutputs:
    def write(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(logged(1, "x" * 100_000))
        journal.flush()

    def test_that_are_missing_or_damaged_are_named(self, home: Path) -> None:
        with opened(home) as journal:
            self.write(journal)
            [file] = home.glob("files/*/*")
            file.write_bytes(file.read_bytes()[:-1])
            with pytest.raises(StoreError, match=f"'r1' is damaged: file {file.name}"):
                journal.events("r1")
            file.unlink()
            with pytest.raises(StoreError, match=f"'r1' is missing: file {file.name}"):
                journal.events("r1")

    async def test_that_cannot_be_stored_stop_the_run_and_leave_nothing(self, home: Path) -> None:
        with opened(home) as journal:
            journal.write(Batch("r1", 1, new=new_run()))
            await journal.barrier("r1", 1)
            (home / "files").write_text("in the way")
            journal.write(logged(1, "x" * 100_000))
            with pytest.raises(StoreError, match="cannot be written"):
                await journal.barrier("r1", 1)
            assert journal.events("r1") == []

    def test_that_no_commit_came_for_go_in_time(self, home: Path) -> None:
        with opened(home) as journal:
            self.write(journal)
            for name, age in (("0" * 64, 7200), ("1" * 64, 60)):
                file = home / "files" / name[:2] / name
                file.parent.mkdir(exist_ok=True)
                file.write_text("left by a crash")
                os.utime(file, (time.time() - age,) * 2)
            for used in home.glob("files/*/*"):
                if used.stat().st_size > 50:
                    os.utime(used, (0, 0))
            journal.prune(NOW, 0, 0)
            assert sorted(path.name[0] for path in home.glob("files/*/*") if path.stat().st_size < 50) == ["1"]
            assert len(journal.events("r1")) == 1


def test_it_opens_while_another_process_is_stopped_in_a_commit(home: Path) -> None:
    path = home / "patchbay.db"
    SQLiteStore(path, home / "files").close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as stopped:
        stopped.execute("BEGIN IMMEDIATE")
        store = SQLiteStore(path, home / "files", patience=0.1)
        try:
            assert list(Journal(store).runs()) == []
        finally:
            store.close()


def test_the_file_shrinks_when_runs_go(home: Path) -> None:
    with opened(home) as journal:
        for number in range(50):
            id = f"r{number}"
            journal.write(Batch(id, 1, new=new_run(id, at=NOW + number)))
            for seq in range(1, 41):
                journal.write(logged(seq, "x" * 5000, run_id=id))
            journal.write(finished(id))
        journal.flush()
        with contextlib.closing(sqlite3.connect(home / "patchbay.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        before = (home / "patchbay.db").stat().st_size
        assert before > 10_000_000
        assert journal.prune(NOW, 0, 1) == 49
        assert (home / "patchbay.db").stat().st_size < before / 3
        assert len(journal.events("r49")) == 40


class TestPlans:
    """What a question costs must not grow with the runs that are stored."""

    @pytest.fixture
    def statements(self, home: Path) -> Iterator[tuple[Journal, list[str]]]:
        heard: list[str] = []
        store = SQLiteStore(home / "patchbay.db", home / "files")
        sqlalchemy.event.listen(
            store.engine, "checkout", lambda connection, *_: connection.set_trace_callback(heard.append)
        )
        journal = Journal(store)
        yield journal, heard
        journal.close()

    def plan(self, home: Path, heard: list[str]) -> list[str]:
        with contextlib.closing(sqlite3.connect(home / "patchbay.db")) as connection:
            return [
                row[3]
                for statement in heard
                if statement.startswith("SELECT")
                for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
            ]

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"status": ("failed",)},
            {"status": tuple(sorted(ACTIVE))},
            {"workflow": "w"},
            {"workflow": "w", "status": ("failed", "cancelled")},
        ],
    )
    def test_of_a_list_of_runs(self, home: Path, statements: tuple[Journal, list[str]], query: dict[str, Any]) -> None:
        journal, heard = statements
        heard.clear()
        journal.runs(RunFilter(**query))
        plan = self.plan(home, heard)
        assert all("USING INDEX" in line for line in plan if line.startswith(("SEARCH runs", "SCAN runs")))
        assert any("USING INDEX runs_by" in line for line in plan)
        inner = plan[: plan.index(next(line for line in plan if line.startswith("SCAN anon")))] if query else plan
        assert not any("TEMP B-TREE" in line for line in inner)

    def test_of_looking_for_runs_to_take_over(self, home: Path, statements: tuple[Journal, list[str]]) -> None:
        journal, heard = statements
        heard.clear()
        journal.claim("me", NOW, lambda owner: False)
        looked = [line for line in self.plan(home, heard) if " runs" in line]
        assert looked
        assert all(line.startswith("SEARCH runs USING") for line in looked)

    def test_of_seeing_that_nothing_is_to_be_deleted(self, home: Path, statements: tuple[Journal, list[str]]) -> None:
        journal, heard = statements
        journal.prune(NOW, 90, 20_000)
        heard.clear()
        journal.prune(NOW, 90, 20_000)
        assert not any(statement.startswith("BEGIN IMMEDIATE") for statement in heard)
        plan = self.plan(home, heard)
        assert all("INDEX" in line for line in plan if " runs" in line)
        assert not any("TEMP B-TREE" in line for line in plan)


def write_until_refused(journal: Journal) -> int:
    """How many events of 50 kB were kept before the disk was full."""
    kept = 0

    def write() -> None:
        nonlocal kept
        while kept < 100:
            journal.write(logged(kept + 1, "x" * 50_000))
            journal.flush()
            kept += 1

    with pytest.raises(StoreError, match="cannot be written") as refused:
        write()
    assert refused.value.remedy
    assert kept
    return kept


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB, where this process may mount one; else any."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and _quiet("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder))
    (folder / "ballast").write_bytes(bytes(500_000))
    yield folder
    if mounted:
        _quiet("umount", str(folder))


@contextlib.contextmanager
def full_after(size: int) -> Iterator[None]:
    """No file may grow beyond `size`: what a disk that is full does to whoever may not mount a small one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def powerless() -> Iterator[Path]:
    """A home with a journal that this process may only read. Rights do not bind root, so it is nobody meanwhile."""
    home = Path(tempfile.mkdtemp(dir="/tmp"))
    with opened(home):
        pass
    (home / "patchbay.db").chmod(0o444)
    home.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield home
    finally:
        if root:
            os.seteuid(0)
        home.chmod(0o755)
        shutil.rmtree(home)


def _quiet(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0
