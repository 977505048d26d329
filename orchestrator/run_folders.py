"""A folder for the files of each run, the same for all runs that go on from one another (`lineage`)."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import NotFound

SETTLED = 3600.0
"""Seconds that a folder is left alone after it was touched: its run may only just be on its way to the journal."""


_CLOSED = ".git"
"""Git's own folder is nobody's file."""


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file in the folder of a run. `path` has "/" between its parts, `size` is in bytes."""

    path: str
    size: int


class RunFolders:
    """`runs/LINEAGE` in the home."""

    def __init__(self, home: Path) -> None:
        self._root = home.resolve() / "runs"

    def of(self, lineage: str) -> Path:
        """The folder, made when it is first asked for."""
        folder = self._root / lineage
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def put(self, lineage: str, files: Mapping[str, bytes]) -> None:
        """Write files by their names, which are safe (`file_names`), before anything else is in the folder. They are on
        disk when this returns."""
        folder = self.of(lineage)
        for name, content in files.items():
            with (folder / name).open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())

    def files(self, lineage: str) -> Iterator[RunFile]:
        """What is in the folder now, whichever process wrote it, without links: they could lead anywhere."""
        folder = self._root / lineage
        for here, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if name.casefold() != _CLOSED)
            for name in sorted(names):
                file = Path(here, name)
                try:
                    known = file.lstat()
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(known.st_mode):
                    yield RunFile(file.relative_to(folder).as_posix(), known.st_size)

    def file(self, lineage: str, path: str) -> Path:
        """Where a file of the folder lies. Raises `NotFound` for what is none, leads out of the folder, or through a
        link."""
        folder = self._root / lineage
        parts = path.split("/")
        plain = all(part not in ("", ".", "..") and part.casefold() != _CLOSED for part in parts)
        file = folder.joinpath(*parts)
        try:
            if plain and file.is_relative_to(folder) and file.resolve(strict=True) == file and file.is_file():
                return file
        except (OSError, ValueError):  # no such file, or a name that no file can have
            pass
        raise NotFound(
            "The run's folder has no such file.", remedy="Files are deleted with the last run that they belong to."
        )

    def prune(self, lineages: Callable[[Collection[str]], Collection[str]], now: float | None = None) -> int:
        """Delete the folders of which no run is left; `lineages` says which of these are known. Gives their number.
        Raises `OSError`."""
        before = (time.time() if now is None else now) - SETTLED
        if not self._root.exists():
            return 0
        old = {folder.name: folder for folder in self._root.iterdir() if folder.stat().st_mtime < before}
        gone = set(old).difference(lineages(old)) if old else set[str]()
        for name in gone:
            shutil.rmtree(old[name])
        return len(gone)
