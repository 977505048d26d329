"""The files of a run's own folder. Nothing leads out of it, and nothing in it is run by git.

A path means the same on Linux, macOS and Windows: what is special on one of them is refused on all
(learn.microsoft.com, "Naming Files, Paths, and Namespaces").
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from orchestrator.actions import ServiceError

MAX_FILE = 10_000_000
"""Bytes of a file."""
MAX_NAME = 255
"""Bytes of a name, on every common file system."""
MAX_PATH = 1_000
"""Characters of a path."""

_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]')
_GIT = re.compile(r"(\.git|git~\d+)[\s.]*", re.IGNORECASE)


def safe_path(text: str) -> str:
    """A path inside the folder, as "src/app.py". Raises `ValueError` for one that could lead elsewhere."""
    path = unicodedata.normalize("NFC", text.strip())
    parts = path.split("/")
    reason = None
    if not path:
        reason = "it is empty"
    elif len(path) > MAX_PATH:
        reason = f"it is longer than {MAX_PATH} characters"
    elif path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        reason = "it does not begin in the run's own folder"
    else:
        reason = next(filter(None, map(_wrong, parts)), None)
    if reason:
        shown = text[:100].encode(errors="replace").decode()
        raise ValueError(f"'{shown}' is no path of a file: {reason}. Write it as folder/file.md.")
    return path


def _wrong(name: str) -> str | None:
    """Why a name in a path is refused."""
    if name in ("", ".", ".."):
        return "it holds '..', '.' or '//'"
    if _FORBIDDEN.search(name):
        return "it holds a letter that names may not have on every system"
    if name != name.strip(" ") or name.endswith("."):
        return "a name begins or ends with a space, or ends with a dot"
    if _DEVICE.fullmatch(name):
        return f"'{name}' is a device on Windows"
    if _GIT.fullmatch(name):
        return "git's own folder is closed"
    try:
        return "a name is too long" if len(name.encode()) > MAX_NAME else None
    except UnicodeEncodeError:
        return "it holds broken letters"


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
