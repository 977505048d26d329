"""Attachments of a mail as files in the run's own folder. What a stranger called a file leads nowhere else."""

from __future__ import annotations

import mimetypes
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from integrations import _run_folder
from orchestrator.actions import ServiceError

LONGEST = 120
"""Bytes of a name, its ending included: room for a folder in front and for a number behind."""

MOST_BYTES = 100_000_000
"""Of one attachment."""


def safe_names(names: Iterable[tuple[str, str]]) -> Iterator[str]:
    """File names that are fine on every system, each one its own, for pairs of a name from a mail and its type."""
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
        _run_folder.safe_path(stem + ending)
    except ValueError:  # nothing is left of it, or it is a device or git's own
        stem = f"attachment-{number}"
        ending = ending if re.fullmatch(r"\.\w+", ending) else mimetypes.guess_extension(mime) or ""
    return stem, ending


def save(folder: Path, path: str, content: Iterable[bytes]) -> int:
    """Write a file as its content comes in, all of it or nothing, and give its size. Raises `ServiceError`."""
    file = _run_folder.place(folder, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder and not in it, so that a half-written file is never seen.
    handle, temporary = tempfile.mkstemp(dir=folder.parent, prefix=".writing-")
    try:
        size = 0
        with os.fdopen(handle, "wb") as out:
            for piece in content:
                size += len(piece)
                if size > MOST_BYTES:
                    raise ServiceError(
                        f"The attachment '{path.rpartition('/')[2]}' is larger than {MOST_BYTES // 1_000_000} MB.",
                        remedy="Save it by hand.",
                    )
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return size
