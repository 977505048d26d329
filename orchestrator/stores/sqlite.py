"""The journal in one SQLite file, and its large outputs in a folder beside it."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
import sqlalchemy.event

from orchestrator.errors import StoreError
from orchestrator.records import Batch
from orchestrator.schema import FILE_USES, MIGRATIONS, VERSION, check_version, migrate
from orchestrator.stores.batches import IS_ACTIVE, Held, Insert, Row, write
from orchestrator.stores.files import Files, LargeOutput, set_apart
from orchestrator.stores.store import PATIENCE, RefusedBatch, RunFence, Store

TOGETHER = 32
"""Rows that one statement inserts. Python takes its lock back after each statement, and while the engine's loop is busy
it may have to wait for it."""

FORGOTTEN = 3600.0
"""Seconds after which a file that no run refers to is known not to be waiting for its commit."""

PAGES = 256
"""Pages that are given back to the disk in one transaction, and fewer free ones than that are left for later use."""

INCREMENTAL = 2
"""SQLite's number for the auto_vacuum that gives pages back when it is told to. It has to be set before anything is in
the file."""

PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "journal_size_limit = 67108864",
)


class SQLiteStore(Store):
    """Opens the file, and makes it or brings it to today's schema. Raises `StoreError`. `patience` is how many seconds
    it waits for whoever else has it locked."""

    def __init__(self, path: Path, files: Path, *, patience: float = PATIENCE) -> None:
        self.place = f"The database {path}"
        self.path = path
        self.files = Files(files)
        self._patience = patience
        self.engine = sa.create_engine("sqlite+pysqlite://", creator=self.connect, poolclass=sa.QueuePool)
        sqlalchemy.event.listen(self.engine, "begin", _begin)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self._version() == len(MIGRATIONS):
                self._check_writable()
            else:
                with self.change() as connection:
                    migrate(connection)
        except (OSError, sqlite3.Error, StoreError) as error:
            self.close()
            if isinstance(error, StoreError):
                raise
            raise self.explain(error) from error

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._patience, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != INCREMENTAL:  # to set it again is a write
                connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _version(self) -> int:
        """That of the schema, 0 where there is none yet. Raises `NewerStore`, before the file was opened for writing:
        not a byte of it changes."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return 0
        # Where nobody has it open, not even files beside it are made for the look.
        how = "mode=ro" if Path(f"{self.path}-wal").exists() else "immutable=1"
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(self.path))}?{how}", uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if VERSION.name not in tables:
                return 0
            version: int = connection.execute(f"SELECT version FROM {VERSION.name}").fetchone()[0]
            check_version(version)
            return version

    def _check_writable(self) -> None:
        """Raises `sqlite3.OperationalError`. Another process that writes is no obstacle, even one that is stopped."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise

    def writer(self) -> SQLiteWriter:
        return SQLiteWriter(self)

    def explain(self, error: Exception) -> StoreError:
        reason = str(error)
        for words, remedy in REMEDIES.items():
            if words in reason:
                return StoreError(f"{self.place} cannot be used: {reason}.", remedy=remedy)
        return StoreError(f"{self.place} cannot be used: {reason}.", remedy=REMEDY)

    def keep_others_out(self, connection: sa.Connection) -> None:
        """Every transaction that writes is alone here."""

    # --- large outputs

    def file(self, connection: sa.Connection, hash: str) -> bytes | None:
        try:
            return self.files.get(hash)
        except OSError as error:
            raise StoreError(f"A large output cannot be read: {error}.", remedy=REMEDY) from error

    def drop_files(self, hashes: Collection[str]) -> None:
        # Inside a transaction that writes: nobody can come to refer to one of them between the look and the deed.
        with self.change() as connection:
            used = set(connection.scalars(sa.select(FILE_USES.c.hash).where(FILE_USES.c.hash.in_(hashes))))
            for hash in set(hashes) - used:
                self.files.remove(hash)

    def forgotten_files(self) -> Collection[str]:
        old = set(self.files.older_than(FORGOTTEN))
        with self.read() as connection:
            return old.difference(connection.scalars(sa.select(FILE_USES.c.hash))) if old else ()

    # --- room

    def shrink(self, pause: Callable[[float], bool]) -> None:
        connection = self.connect()
        with contextlib.closing(connection), self._own_errors():
            while connection.execute("PRAGMA freelist_count").fetchone()[0] >= PAGES:
                began = time.perf_counter()
                connection.executescript(f"PRAGMA incremental_vacuum({PAGES})")  # `execute` stops after a page
                if not pause(time.perf_counter() - began):
                    return
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextlib.contextmanager
    def _own_errors(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self.explain(error) from error


class SQLiteWriter:
    """The connection of the journal's thread."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store
        self._connection: sqlite3.Connection | None = None

    def commit(self, batches: Sequence[Batch]) -> set[RunFence]:
        batches, large = set_apart(batches)
        try:
            if self._connection is None:
                self._connection = self._store.connect()
            for output in large:  # a long write to the disk, so before the lock is held
                self._store.files.put(output)
            self._connection.execute("BEGIN IMMEDIATE")
            lost = write(_SQLiteTransaction(self._connection, self._store.files), batches, large)
            self._connection.execute("COMMIT")
        except Exception as error:
            if self._connection is not None and self._connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            if not isinstance(error, sqlite3.Error | OSError):
                raise
            explained = self._store.explain(error)
            if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.InterfaceError):
                raise RefusedBatch(explained.message, remedy=explained.remedy) from error
            raise explained from error
        return lost

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class _SQLiteTransaction:
    def __init__(self, connection: sqlite3.Connection, files: Files) -> None:
        self._connection = connection
        self._files = files

    def insert(self, into: Insert, rows: Collection[Row]) -> None:
        if rows:
            _insert(self._connection, into, rows)

    def change(self, statement: str, rows: Collection[Row]) -> None:
        if rows:
            self._connection.executemany(statement, rows)

    def fired(self, keys: Collection[str]) -> Mapping[str, str | None]:
        rows = (self._connection.execute(FIRED, (key,)).fetchone() for key in keys)
        return dict(rows)

    def going_on(self, lineages: Collection[str]) -> Collection[str]:
        # The transaction holds the whole database already.
        return [one for one in lineages if self._connection.execute(GOING_ON, (one, one)).fetchone()]

    def hold(self, runs: Collection[str], parents_of: Collection[str]) -> Mapping[str, Held]:
        rows = {run_id: self._connection.execute(HOLD, (run_id,)).fetchone() for run_id in runs}
        return {run_id: Held(*row) for run_id, row in rows.items() if row}

    def keep(self, outputs: Collection[LargeOutput]) -> None:
        for output in outputs:  # again: whoever deletes what nothing refers to may have been between
            self._files.put(output)


FIRED = "SELECT key, run_id FROM firings WHERE key = ?"
GOING_ON = (
    f"SELECT 1 FROM runs WHERE lineage = ? AND lineage != id AND {IS_ACTIVE}"
    f" UNION ALL SELECT 1 FROM runs WHERE id = ? AND {IS_ACTIVE} LIMIT 1"
)
HOLD = "SELECT fence, lineage, parent, parent_step, parent_item FROM runs WHERE id = ?"

REMEDY = "Check that the folder exists, is writable and has room, or set PATCHBAY_HOME."
REMEDIES = {
    "full": "Make room on the disk. Runs go on from what is recorded.",
    "No space left": "Make room on the disk. Runs go on from what is recorded.",
    "readonly": "Make the file and its folder writable for whoever runs Patchbay, or set PATCHBAY_HOME.",
    "locked": "Close the other program that holds the database, or restart it.",
    "not a database": "Bring the file back from a backup, or move it away: a new one is made.",
    "malformed": "Bring the file back from a backup, or move it away: a new one is made.",
}


def _insert(connection: sqlite3.Connection, into: Insert, rows: Collection[Row]) -> None:
    left = list(rows)
    if whole := len(left) // TOGETHER * TOGETHER:
        groups = (left[first : first + TOGETHER] for first in range(0, whole, TOGETHER))
        connection.executemany(_statement(into, TOGETHER), (tuple(chain.from_iterable(group)) for group in groups))
    if whole < len(left):
        connection.executemany(_statement(into, 1), left[whole:])


@functools.cache
def _statement(into: Insert, rows: int) -> str:
    places = ", ".join("?" * len(into.columns))
    values = ", ".join([f"({places})"] * rows)
    return f"INSERT INTO {into.table.name} ({', '.join(into.columns)}) VALUES {values} {into.conflict}"


def _begin(connection: sa.Connection) -> None:
    # A transaction that will write takes its turn at once: one that becomes a writer half-way may be refused.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


__all__ = ["SQLiteStore", "SQLiteWriter"]
