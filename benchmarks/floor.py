"""The floor: the least that a durable engine can do.

SQLite in WAL mode with synchronous=FULL, one writer thread, group commit, one JSON row a step. No expressions, no
graph, no leases, no retries, no history of attempts: only what must be on disk for a step not to be lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import orjson

Row = tuple[str, int, bytes]
"""run, number of the step in it, JSON."""


class Floor:
    """Rows appended by the loop, committed in groups by a thread. Used as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: list[Row] = []
        self._waiting: list[Callable[[], object]] = []
        self._closing = False
        self._runs = 0
        self._lock = threading.Condition()
        self._writer = threading.Thread(target=self._write_loop, name="floor")

    def __enter__(self) -> Floor:
        with contextlib.closing(connect(self.path)) as connection:
            connection.execute(
                "CREATE TABLE steps (run TEXT, seq INTEGER, data TEXT, PRIMARY KEY (run, seq)) WITHOUT ROWID"
            )
        self._writer.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with self._lock:
            self._closing = True
            self._lock.notify()
        self._writer.join()

    def append(self, run: str, seq: int, output: object) -> None:
        """A step is over. It is on disk after the next `committed`."""
        row = (run, seq, orjson.dumps({"step": seq, "output": output}))
        with self._lock:
            self._rows.append(row)

    async def committed(self) -> None:
        """Wait until all that was appended is on disk."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        with self._lock:
            self._waiting.append(lambda: loop.call_soon_threadsafe(done.set_result, None))
            self._lock.notify()
        await done

    async def chain(self, steps: int) -> None:
        """Steps one after the other, each on disk before the next begins."""
        run = self.new_run()
        for seq in range(steps):
            self.append(run, seq, {"x": seq})
            await self.committed()

    async def chain_behind(self, steps: int) -> None:
        """Steps one after the other that are written behind: on disk at the start of the run and at its end."""
        run = self.new_run()
        await self.committed()
        for seq in range(steps):
            self.append(run, seq, {"x": seq})
        await self.committed()

    async def fanout(self, items: int) -> None:
        """One step, then `items` at once, then one that joins them."""
        run = self.new_run()
        self.append(run, 0, {"x": list(range(items))})
        await self.committed()
        for item in range(items):
            self.append(run, item + 1, {"x": item})
        await self.committed()
        self.append(run, items + 1, {"x": items})
        await self.committed()

    def new_run(self) -> str:
        self._runs += 1
        return f"{self._runs:018d}"

    def _write_loop(self) -> None:
        with contextlib.closing(connect(self.path)) as connection:
            while True:
                with self._lock:
                    self._lock.wait_for(lambda: self._waiting or self._closing)
                    rows, self._rows = self._rows, []
                    waiting, self._waiting = self._waiting, []
                    if self._closing and not waiting:
                        return
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO steps VALUES (?, ?, ?)", rows)
                connection.execute("COMMIT")
                for settle in waiting:
                    settle()


def connect(path: Path) -> sqlite3.Connection:
    """A connection whose commits are on disk when they return."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection
