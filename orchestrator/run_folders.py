"""A folder for the files of each run, the same for all runs that go on from one another (`lineage`)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection
from pathlib import Path

SETTLED = 3600.0
"""Seconds that a folder is left alone after it was touched: its run may only just be on its way to the journal."""


class RunFolders:
    """`runs/LINEAGE` in the home."""

    def __init__(self, home: Path) -> None:
        self._root = home.resolve() / "runs"

    def of(self, lineage: str) -> Path:
        """The folder, made when it is first asked for."""
        folder = self._root / lineage
        folder.mkdir(parents=True, exist_ok=True)
        return folder

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
