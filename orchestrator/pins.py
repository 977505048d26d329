"""Which workflows people want at hand: a small file in the home, so that it is the same in every browser."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import orjson
import structlog

from orchestrator.data import is_list

log = structlog.get_logger()

_lock = threading.Lock()


class Pins:
    """The ids of pinned workflows, in the order that they were pinned. A file that cannot be read counts as none.
    Thread-safe in one process; raises `OSError` when it cannot be written."""

    def __init__(self, home: Path) -> None:
        self._path = home / "pins.json"

    def ids(self) -> list[str]:
        try:
            content: object = orjson.loads(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, orjson.JSONDecodeError) as error:
            log.warning("the pins cannot be read", error=str(error))
            return []
        return [id for id in content if isinstance(id, str)] if is_list(content) else []

    def pin(self, id: str) -> None:
        with _lock:
            self._write([*(other for other in self.ids() if other != id), id])

    def unpin(self, id: str) -> None:
        with _lock:
            self._write([other for other in self.ids() if other != id])

    def _write(self, ids: list[str]) -> None:
        """All of it or nothing."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".pins.")
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(ids, option=orjson.OPT_INDENT_2))
        Path(temporary).replace(self._path)
