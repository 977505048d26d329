"""Where the practice services keep what they know: JSON documents in one SQLite file.

Safe to use from many threads and from two processes: the studio and the command line may share the file.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Doc = dict[str, Any]

BUSY_TIMEOUT = 30.0
"""Seconds that one process waits for another to finish its transaction."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL,
    UNIQUE (service, kind, id)
);
CREATE TABLE IF NOT EXISTS counters (
    service TEXT NOT NULL, kind TEXT NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (service, kind)
);
"""


class Store:
    """Documents by (service, kind, id). Each call is atomic by itself; `transaction()` joins several."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._before_close: list[Callable[[], None]] = []
        # Autocommit: transactions begin where we say so. The lock lets threads share the one connection.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT)
        self._turn_wal_on()
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def _turn_wal_on(self) -> None:
        """SQLite's own timeout does not cover this one step, where another process opens the new file as well."""
        deadline = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def before_close(self, stop: Callable[[], None]) -> None:
        """Have something stopped that uses the store, before it is closed."""
        self._before_close.append(stop)

    def close(self) -> None:
        for stop in self._before_close:
            stop()
        with self._lock:
            self._db.close()

    def put(self, service: str, kind: str, id: str, doc: Doc) -> None:
        """Keep `doc`. One that was there is replaced and keeps its place in `all()`."""
        with self._lock:
            self._db.execute(
                "INSERT INTO documents (service, kind, id, doc) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (service, kind, id) DO UPDATE SET doc = excluded.doc",
                (service, kind, id, json.dumps(doc)),
            )

    def get(self, service: str, kind: str, id: str) -> Doc | None:
        with self._lock:
            row = self._db.execute(
                "SELECT doc FROM documents WHERE service = ? AND kind = ? AND id = ?", (service, kind, id)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, service: str, kind: str) -> list[Doc]:
        """Every document of a kind, in the order of their first `put`."""
        with self._lock:
            rows = self._db.execute(
                "SELECT doc FROM documents WHERE service = ? AND kind = ? ORDER BY position", (service, kind)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def delete(self, service: str, kind: str, id: str) -> None:
        """Forget a document. One that is not there is no error."""
        with self._lock:
            self._db.execute("DELETE FROM documents WHERE service = ? AND kind = ? AND id = ?", (service, kind, id))

    def clear(self, service: str) -> None:
        """Forget all of a service, its counters too."""
        with self.transaction():
            self._db.execute("DELETE FROM documents WHERE service = ?", (service,))
            self._db.execute("DELETE FROM counters WHERE service = ?", (service,))

    def next_id(self, service: str, kind: str) -> int:
        """1, 2, 3, ...: each number is given out once, also when two processes ask."""
        with self._lock:
            rows = self._db.execute(
                "INSERT INTO counters (service, kind, value) VALUES (?, ?, 1)"
                " ON CONFLICT (service, kind) DO UPDATE SET value = value + 1 RETURNING value",
                (service, kind),
            ).fetchall()  # all of them, since the statement ends, and is committed, with its last row
        return int(rows[0][0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside happen, or none: an exception takes them back. One inside another joins it."""
        with self._lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0
