"""Names of files that mean the same on Linux, macOS and Windows: what is special on one of them is refused on all
(learn.microsoft.com, "Naming Files, Paths, and Namespaces"). What a stranger called a file leads nowhere else."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from collections.abc import Iterable, Iterator

MAX_NAME = 255
"""Bytes of a name, on every common file system."""

MAX_PATH = 1_000
"""Characters of a path."""

LONGEST = 120
"""Bytes of a name that a stranger gave, its ending included: room for a folder in front and for a number behind."""

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


def safe_names(names: Iterable[tuple[str, str]]) -> Iterator[str]:
    """File names that are fine on every system, each one its own, for pairs of a name from outside and its type."""
    taken: set[str] = set()
    for number, (name, mime) in enumerate(names, 1):
        stem, ending = _safe(name, mime, number)
        candidate, count = stem + ending, 1
        while candidate.casefold() in taken:
            count += 1
            candidate = f"{stem} ({count}){ending}"
        taken.add(candidate.casefold())
        yield candidate


def _safe(name: str, mime: str, number: int) -> tuple[str, str]:
    text = unicodedata.normalize("NFC", name.encode(errors="replace").decode())
    text = re.split(r"[/\\]", text)[-1]
    text = "".join("_" if unicodedata.category(one)[0] == "C" or one in '<>:"|?*' else one for one in text)
    text = "".join(" " if one.isspace() else one for one in text).strip(" .~")
    stem, dot, ending = text.rpartition(".")
    if not stem or len(ending) > 10:
        stem, ending = text, ""
    else:
        ending = dot + ending
    stem = stem.encode()[: LONGEST - len(ending.encode())].decode(errors="ignore").rstrip(" .")
    try:
        safe_path(stem + ending)
    except ValueError:  # nothing is left of it, or it is a device or git's own
        stem = f"attachment-{number}"
        ending = ending if re.fullmatch(r"\.\w+", ending) else mimetypes.guess_extension(mime) or ""
    return stem, ending
