"""Attachments of a mail as files in the run's own folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from integrations import _run_folder
from orchestrator.actions import ServiceError

MOST_BYTES = 100_000_000
"""Of one attachment."""


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
