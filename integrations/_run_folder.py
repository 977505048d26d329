"""The files of a run's own folder. Nothing leads out of it, and nothing in it is run by git."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from orchestrator.actions import ServiceError

MAX_FILE = 10_000_000
"""Bytes of a file."""

_GIT = re.compile(r"(\.git|git~\d+)[\s.]*", re.IGNORECASE)


def place(folder: Path, path: str) -> Path:
    """Where a path lies. Raises `ServiceError` if a link or a file stands in its way."""
    parts = path.split("/")
    here = folder
    for number, name in enumerate(parts, 1):
        here = here / name
        try:
            mode = here.lstat().st_mode
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(mode):
            raise ServiceError(f"'{path}' goes through a link, which could lead anywhere.", remedy="Use another path.")
        if number < len(parts) and not stat.S_ISDIR(mode):
            raise ServiceError(
                f"'{path}' cannot be: '{'/'.join(parts[:number])}' is a file.", remedy="Use another path."
            )
    return here


def read(folder: Path, path: str) -> bytes:
    """The content of a file. Raises `ServiceError`."""
    file = place(folder, path)
    if not file.is_file():
        what = f"'{path}' is a folder" if file.is_dir() else f"The run's folder has no file '{path}'"
        raise ServiceError(f"{what}.", remedy="Check the path, upper and lower case too.")
    if file.stat().st_size > MAX_FILE:
        raise ServiceError(f"'{path}' is larger than {MAX_FILE // 1_000_000} MB.", remedy="Use a smaller file.")
    return file.read_bytes()


def write(folder: Path, path: str, content: bytes) -> bool:
    """Write a file, all of it or nothing. Says whether that changed anything. Raises `ServiceError`."""
    if len(content) > MAX_FILE:
        raise ServiceError(f"'{path}' is larger than {MAX_FILE // 1_000_000} MB.", remedy="Write less.")
    file = place(folder, path)
    if file.is_dir():
        raise ServiceError(f"'{path}' is a folder.", remedy="Use another path.")
    if file.is_file() and file.stat().st_size == len(content) and file.read_bytes() == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder and not in it, so that a half-written file is never seen.
    handle, temporary = tempfile.mkstemp(dir=folder.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True


def paths(folder: Path) -> Iterator[tuple[str, int]]:
    """Path and size of every file, by name, without links and git's own."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _GIT.fullmatch(name))
        for name in sorted(names):
            file = Path(here) / name
            known = file.lstat()
            if stat.S_ISREG(known.st_mode) and not _GIT.fullmatch(name):
                yield file.relative_to(folder).as_posix(), known.st_size
