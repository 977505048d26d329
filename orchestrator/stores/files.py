"""Large outputs, by the hash of their content: what an event's data becomes when it is too long for a row."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.beginnings import LIMIT, LargeJson
from orchestrator.errors import StoreError
from orchestrator.records import Batch, EventRow

SHORT = LIMIT // 4
"""Characters that are within the limit whatever they are: a look at them is quick."""

REFERENCE = '{"$file":'
"""How data begin that are elsewhere. No event has a key of that name."""


@dataclass(frozen=True, slots=True)
class LargeOutput:
    run_id: str
    fence: int
    hash: str
    """SHA-256 of the content."""
    content: bytes


def set_apart(batches: Sequence[Batch]) -> tuple[Sequence[Batch], list[LargeOutput]]:
    """The batches with `{"$file": hash, "size": bytes, "beginning": …}` in place of data that are too long, and those
    data."""
    large: list[LargeOutput] = []
    if max((len(row[7]) for batch in batches for row in batch.events), default=0) <= SHORT:
        return batches, large
    return [replace(batch, events=[_shorten(batch, row, large) for row in batch.events]) for batch in batches], large


def _shorten(batch: Batch, row: EventRow, large: list[LargeOutput]) -> EventRow:
    if len(row[7]) <= SHORT:
        return row
    content = row[7].encode()
    if len(content) <= LIMIT:
        return row
    output = LargeOutput(batch.run_id, batch.fence, hashlib.sha256(content).hexdigest(), content)
    large.append(output)
    beginning = row[7].beginning if isinstance(row[7], LargeJson) else ""
    more = f',"beginning":{beginning}' if 0 < len(beginning) < len(row[7]) // 2 else ""
    return (*row[:7], f'{REFERENCE}"{output.hash}","size":{len(content)}{more}}}')


def restore(content: bytes | None, hash: str, run_id: str) -> str:
    """The data again, as JSON text. Raises `StoreError` when they are missing or not what was stored."""
    if content is not None and hashlib.sha256(content).hexdigest() == hash:
        return content.decode()
    state = "missing" if content is None else "damaged"
    raise StoreError(
        f"A large output of run '{run_id}' is {state}: file {hash}.",
        remedy="Bring it back from a backup of the files folder, or run the workflow again.",
    )


class Files:
    """A folder of files named by the hash of their content: `ab/abcd…`. The same content is one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, hash: str) -> Path:
        return self.folder / hash[:2] / hash

    def put(self, output: LargeOutput) -> None:
        """On disk, whole, when this returns. Raises OSError."""
        path = self.path(output.hash)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                file.write(output.content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        for folder in (path.parent, self.folder, self.folder.parent):
            _sync_folder(folder)

    def get(self, hash: str) -> bytes | None:
        """Raises OSError for what is there and cannot be read."""
        with contextlib.suppress(FileNotFoundError):
            return self.path(hash).read_bytes()
        return None

    def remove(self, hash: str) -> None:
        self.path(hash).unlink(missing_ok=True)

    def older_than(self, seconds: float) -> Iterator[str]:
        """The names of files that have been there for so long."""
        before = time.time() - seconds
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    yield path.name


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot, and need not
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
