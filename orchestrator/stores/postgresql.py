"""The journal in a PostgreSQL database (13 or newer) that many machines share, large outputs included."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

import psycopg
import psycopg.conninfo
import psycopg.types.string
import sqlalchemy as sa

from orchestrator.errors import StoreError
from orchestrator.records import Batch
from orchestrator.schema import FILE_USES, FILES, migrate
from orchestrator.stores.batches import IS_ACTIVE, Held, Insert, Row, write
from orchestrator.stores.files import LargeOutput, set_apart
from orchestrator.stores.store import PATIENCE, RefusedBatch, RunFence, Store

# What libpq does unless the address says otherwise: a server that is cut off is noticed within seconds.
DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "application_name": "patchbay",
}

RETRY = 0.1
"""Seconds between two attempts to reach a server that is away."""

MIGRATING, DELETING, RESUMING = 7_140_001, 7_140_002, 7_140_003
"""Numbers of advisory locks: one migrates at a time, nobody writes while somebody deletes, and a run goes on as one."""

WRITES = f"SELECT pg_advisory_xact_lock_shared({DELETING}), pg_current_xact_id()::text"
DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"

# One statement that locks in the order of the ids: two that lock many runs never wait for each other in a circle.
HOLD = (
    b"SELECT id, fence, lineage, parent, parent_step, parent_item FROM runs WHERE id = ANY(%s::text[])"
    b" OR id IN (SELECT parent FROM runs WHERE id = ANY(%s::text[])) ORDER BY id FOR NO KEY UPDATE"
)

# The lock in a statement of its own: what is looked at after it is how things are once it is had.
TAKE_TURNS = b"SELECT pg_advisory_xact_lock(%s, hashtext(one)) FROM unnest(%s::text[]) AS one"
GOING_ON = (
    f"SELECT lineage FROM runs WHERE lineage = ANY(%s::text[]) AND lineage != id AND {IS_ACTIVE}"
    f" UNION ALL SELECT id FROM runs WHERE id = ANY(%s::text[]) AND {IS_ACTIVE}"
).encode()

FIRED = b"SELECT key, run_id FROM firings WHERE key = ANY(%s::text[])"


class PostgreSQLStore(Store):
    """Connects, and makes the tables or brings them to today's schema. Raises `StoreError`. `patience` is how many
    seconds a server that is away is waited for before what is to be written is given up."""

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        try:
            self._address = {**DEFAULTS, **psycopg.conninfo.conninfo_to_dict(url)}
        except psycopg.ProgrammingError as error:
            raise StoreError(
                "PATCHBAY_DATABASE_URL cannot be read.", remedy="Write it as postgresql://user:password@host/name."
            ) from error
        name, host = self._address.get("dbname", ""), self._address.get("host", "this machine")
        self.place = f"The PostgreSQL database '{name}' on {host}"
        self.patience = patience
        self.engine = sa.create_engine(
            "postgresql+psycopg://", creator=self._connect, pool_pre_ping=True, pool_size=8, max_overflow=24
        )
        try:
            with self.change() as connection:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATING)))
                migrate(connection)
        except StoreError:
            self.close()
            raise

    def _connect(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(**cast(Any, self._address))
        try:
            connection.adapters.register_dumper(str, _TextDumper)
            with connection.transaction():
                connection.execute(DURABLE)
        except psycopg.Error:
            connection.close()
            raise
        return connection

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of one's own. Waits for a server that is away; raises psycopg.OperationalError."""
        until = time.monotonic() + self.patience
        while True:
            try:
                return self._connect()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(RETRY)

    def writer(self) -> PostgreSQLWriter:
        return PostgreSQLWriter(self)

    def explain(self, error: Exception) -> StoreError:
        reason = " ".join(str(error).split()).rstrip(".")
        remedy = next((remedy for kind, remedy in REMEDIES if isinstance(error, kind)), REMEDY)
        return StoreError(f"{self.place} cannot be used: {reason}.", remedy=remedy)

    def file(self, connection: sa.Connection, hash: str) -> bytes | None:
        return connection.execute(sa.select(FILES.c.content).where(FILES.c.hash == hash)).scalar()

    def drop_files(self, hashes: Collection[str]) -> None:
        used = sa.exists().where(FILE_USES.c.hash == FILES.c.hash)
        with self.change(alone=True) as connection:
            connection.execute(FILES.delete().where(FILES.c.hash.in_(hashes), ~used))

    def keep_others_out(self, connection: sa.Connection) -> None:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(DELETING)))

    def forgotten_files(self) -> Collection[str]:
        return ()  # a file is stored by the very commit that refers to it

    def shrink(self, pause: Callable[[float], bool]) -> None:
        """The server does that by itself."""


class PostgreSQLWriter:
    """The connection of the journal's thread. When it breaks, what was being written is written again on a new one,
    unless the server says that it has it already."""

    def __init__(self, store: PostgreSQLStore) -> None:
        self._store = store
        self._connection: psycopg.Connection[Any] | None = None

    def commit(self, batches: Sequence[Batch]) -> set[RunFence]:
        batches, large = set_apart(batches)
        until = time.monotonic() + self._store.patience
        begun: list[_PostgreSQLTransaction] = []
        while True:
            try:
                connection = self._connected()
                if begun and begun[-1].is_committed_by(connection, until):
                    return begun[-1].lost
                begun.append(_PostgreSQLTransaction(connection))
                return begun[-1].run(batches, large)
            except Exception as error:
                # In a pipeline, an answer that never came is told as one of another kind: the connection knows better.
                was_cut = self._connection is not None and self._connection.broken
                self.close()
                if not isinstance(error, psycopg.Error):
                    raise
                if (was_cut or _may_pass(error)) and time.monotonic() < until:
                    continue
                explained = self._store.explain(error)
                if isinstance(error, psycopg.IntegrityError | psycopg.DataError):
                    raise RefusedBatch(explained.message, remedy=explained.remedy) from error
                raise explained from error

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = self._store.connect()
            self._connection.autocommit = True
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _may_pass(error: psycopg.Error) -> bool:
    """Whether the same may succeed on a new connection: this one was cut, or two stood in each other's way.

    Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    state = error.sqlstate
    return isinstance(error, psycopg.OperationalError) and (
        state is None or state[:3] in ("57P", "40P") or state[:2] in ("08", "40")
    )


class _PostgreSQLTransaction:
    """A transaction that sends its statements without waiting for answers, but where it has to know one."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.lost: set[RunFence] = set()
        self._connection = connection
        self._cursor = connection.cursor()
        self._id: str | None = None

    def run(self, batches: Sequence[Batch], large: Sequence[LargeOutput]) -> set[RunFence]:
        with self._connection.pipeline():
            self._cursor.execute(b"BEGIN")
            self._cursor.execute(WRITES.encode())
            row = self._cursor.fetchone()
            assert row is not None
            self._id = row[1]
            self.lost = write(self, batches, large)
            self._cursor.execute(b"COMMIT")
        return self.lost

    def is_committed_by(self, connection: psycopg.Connection[Any], until: float) -> bool:
        """Whether this transaction, whose connection broke, is on disk all the same: the answer to its COMMIT may be
        all that was lost.

        Source: https://www.postgresql.org/docs/current/functions-info.html (pg_xact_status)
        """
        while self._id is not None:
            row = connection.execute(b"SELECT pg_xact_status(%s::xid8)", (self._id,)).fetchone()
            status = row[0] if row else None
            if status != "in progress":  # else its server process has not noticed yet that we are gone
                return status == "committed"
            if time.monotonic() > until:
                raise psycopg.OperationalError("the server does not say whether it has what was written")
            time.sleep(RETRY)
        return False

    def insert(self, into: Insert, rows: Collection[Row]) -> None:
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._cursor.execute(_statement(into), columns)

    def change(self, statement: str, rows: Collection[Row]) -> None:
        if rows:
            self._cursor.executemany(statement.replace("?", "%s").encode(), rows)

    def fired(self, keys: Collection[str]) -> Mapping[str, str | None]:
        self._cursor.execute(FIRED, (list(keys),))
        return dict(self._cursor.fetchall())

    def going_on(self, lineages: Collection[str]) -> Collection[str]:
        self._cursor.execute(TAKE_TURNS, (RESUMING, list(lineages)))
        self._cursor.execute(GOING_ON, (list(lineages), list(lineages)))
        return {lineage for (lineage,) in self._cursor.fetchall()}

    def hold(self, runs: Collection[str], parents_of: Collection[str]) -> Mapping[str, Held]:
        self._cursor.execute(HOLD, (list(runs), list(parents_of)))
        return {id: Held(*row) for id, *row in self._cursor.fetchall()}

    def keep(self, outputs: Collection[LargeOutput]) -> None:
        if outputs:
            rows = {output.hash: (output.hash, output.content) for output in outputs}.values()
            self._cursor.executemany(
                b"INSERT INTO files (hash, content) VALUES (%s, %b) ON CONFLICT (hash) DO NOTHING", rows
            )


class _TextDumper(psycopg.types.string.StrDumperUnknown):
    """PostgreSQL keeps no NUL characters in texts: they become the sign for what cannot be shown."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


TYPES: dict[type[Any], str] = {sa.Text: "text", sa.Float: "float8", sa.Integer: "int8"}

REMEDY = "Check that the server runs, that PATCHBAY_DATABASE_URL is right, and that its user may create tables."
REMEDIES = (
    (psycopg.errors.DiskFull, "Make room on the server's disk. Runs go on from what is recorded."),
    (
        psycopg.errors.ReadOnlySqlTransaction,
        "Let PATCHBAY_DATABASE_URL name the primary server: this one is read-only.",
    ),
    (psycopg.errors.LockNotAvailable, "Close the other program that holds the database."),
)


def _type(column: sa.Column[Any]) -> str:
    return TYPES[type(column.type)]


@functools.cache
def _statement(into: Insert) -> bytes:
    """All rows in one statement, a list for each column: quicker for the server than one statement a row."""
    lists = ", ".join(f"%s::{_type(into.table.c[name])}[]" for name in into.columns)
    columns = ", ".join(into.columns)
    return f"INSERT INTO {into.table.name} ({columns}) SELECT * FROM unnest({lists}) {into.conflict}".encode()


__all__ = ["PostgreSQLStore", "PostgreSQLWriter"]
