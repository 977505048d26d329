"""The tables of the journal, and the migrations that bring an older database to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from orchestrator.errors import NewerStore

METADATA = sa.MetaData()

RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("workflow_id", sa.Text, nullable=False),
    sa.Column("workflow_name", sa.Text, nullable=False),
    sa.Column("workflow_hash", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("started_at", sa.Float),
    sa.Column("finished_at", sa.Float),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("model", sa.Text),
    sa.Column("output", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("origin", sa.Text, comment="the run that this one goes on from"),
    sa.Column("lineage", sa.Text, nullable=False, comment="the first run of that chain: effects are keyed by it"),
    sa.Column("owner", sa.Text, comment="the process that advances the run; null when nobody does"),
    sa.Column("fence", sa.Integer, nullable=False, comment="grows with every owner; an append names its own"),
    sa.Column("lease_until", sa.Float),
    sa.Column("wake_at", sa.Float, comment="when a waiting run goes on by itself; null when it waits for somebody"),
    sa.Column("mode", sa.Text, nullable=False, server_default="run", comment="run | preview | approved"),
    sa.Column("input_tokens", sa.Integer, comment="what models were asked for, known at the end"),
    sa.Column("output_tokens", sa.Integer),
    sa.Column("cost", sa.Float, comment="US dollars; null: no price was known"),
    sa.Column("parent", sa.Text, comment="the run that waits for this one, in that step and item"),
    sa.Column("parent_step", sa.Text),
    sa.Column("parent_item", sa.Text),
    sa.Column("trigger", sa.Text, comment="what started it by itself: schedule | webhook | poll"),
    sa.Column("trigger_id", sa.Text, comment="its name in the workflow"),
    sa.Index("runs_by_time", "created_at", "id"),
    sa.Index("runs_by_status", "status", "created_at", "id"),
    sa.Index("runs_by_workflow", "workflow_id", "status", "created_at", "id"),
    sa.Index("runs_by_workflow_hash", "workflow_hash"),
)


def _index_where_known(name: str, column: sa.Column[Any], known: sa.ColumnElement[bool]) -> None:
    """An index of few rows: a run that is not among them does not pay for it."""
    sa.Index(name, column, sqlite_where=known, postgresql_where=known)


_index_where_known("runs_by_wake", RUNS.c.wake_at, RUNS.c.wake_at.is_not(None))
_index_where_known("runs_by_owner", RUNS.c.owner, RUNS.c.owner.is_not(None))
_index_where_known("runs_by_parent", RUNS.c.parent, RUNS.c.parent.is_not(None))
_index_where_known("runs_by_origin", RUNS.c.origin, RUNS.c.origin.is_not(None))
_index_where_known("runs_by_lineage", RUNS.c.lineage, RUNS.c.lineage != RUNS.c.id)

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

EFFECTS = sa.Table(
    "effects",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False, index=True),
    sa.Column("lineage", sa.Text, nullable=False, index=True, comment="kept as long as any run of it"),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, comment="sent: written before it goes out | confirmed | failed"),
    sa.Column("result", sa.Text),
    sa.Column("at", sa.Float, nullable=False),
)

SIGNALS = sa.Table(
    "signals",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.Text, nullable=False, index=True),
    sa.Column("type", sa.Text, nullable=False, comment="cancel | answer | child"),
    sa.Column("data", sa.Text, nullable=False),
    comment="what somebody wants of a run, until its owner has done it",
    sqlite_autoincrement=True,  # no id is given twice: what was heeded is known by it
)

WORKFLOWS = sa.Table(
    "workflows",
    METADATA,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False, comment="the workflow as it was when it ran"),
)

CACHE = sa.Table(
    "cache",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("output", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, index=True, comment="null: never"),
)

FILES = sa.Table(
    "files",
    METADATA,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    comment="large outputs, where machines share the store; a single machine has them in a folder",
)

FILE_USES = sa.Table(
    "file_uses",
    METADATA,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, primary_key=True, index=True),
    comment="which runs refer to which large outputs",
)

DELETED = sa.Table(
    "deleted",
    METADATA,
    sa.Column("run_id", sa.Text, primary_key=True),
    comment="runs that are gone, and whose events are still to go",
)

ACCOUNTS = sa.Table(
    "accounts",
    METADATA,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("is_default", sa.Boolean, nullable=False),
    sa.Column("sealed", sa.Text, nullable=False, comment="the values, encrypted by the vault"),
    sa.Column("tested_at", sa.Float, comment="when it was last tested; null: never"),
    sa.Column("works", sa.Boolean),
    sa.Column("said", sa.Text, nullable=False, server_default="", comment="what came of the test"),
    sa.Column("expires_at", sa.Float, comment="when its key ends, where that is known"),
)

VERSIONS = sa.Table(
    "versions",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True, comment="workflow | template"),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False, comment="the file as it was"),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("by", sa.Text, nullable=False, comment="who published it"),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False, comment="shipped | disk | published | restored | imported"),
)

DRAFTS = sa.Table(
    "drafts",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False, comment="as it was typed, right or wrong"),
    sa.Column("base", sa.Integer, nullable=False, comment="the version that the editing began from"),
    sa.Column("revision", sa.BigInteger, nullable=False, comment="another one with every change"),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)

TRIGGERS = sa.Table(
    "triggers",
    METADATA,
    sa.Column("workflow", sa.Text, primary_key=True),
    sa.Column("trigger", sa.Text, primary_key=True),
    sa.Column("is_on", sa.Boolean, nullable=False),
    sa.Column("definition", sa.Text, nullable=False, comment="the hash of what `next_at` and `is_marked` hold for"),
    sa.Column("next_at", sa.Float, comment="when to look at it next; null: it is called, or off"),
    sa.Column("token", sa.Text, unique=True, comment="the address of a webhook"),
    sa.Column("is_marked", sa.Boolean, nullable=False, comment="a poll knows what was there before"),
    sa.Column("fired_at", sa.Float, comment="when it started a run last"),
    sa.Column("run_id", sa.Text, comment="that run"),
    sa.Column("said", sa.Text, nullable=False, comment="why nothing started since"),
)

_index_where_known("triggers_by_time", TRIGGERS.c.next_at, TRIGGERS.c.next_at.is_not(None))

FIRINGS = sa.Table(
    "firings",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True, comment="workflow/trigger/identity: no two runs come of the same one"),
    sa.Column("kind", sa.Text, nullable=False, comment="schedule | webhook | poll"),
    sa.Column("run_id", sa.Text, comment="null: it was there before the first look"),
    sa.Column("at", sa.Float, nullable=False, index=True),
)

VERSION = sa.Table("schema_version", METADATA, sa.Column("version", sa.Integer, nullable=False))


def m001_first(connection: sa.Connection) -> None:
    METADATA.create_all(connection)


def m002_accounts(connection: sa.Connection) -> None:
    ACCOUNTS.create(connection, checkfirst=True)


def m003_mode_and_usage(connection: sa.Connection) -> None:
    for column, type in (
        (RUNS.c.mode, "TEXT NOT NULL DEFAULT 'run'"),
        (RUNS.c.input_tokens, "INTEGER"),
        (RUNS.c.output_tokens, "INTEGER"),
        (RUNS.c.cost, "DOUBLE PRECISION"),
    ):
        if not _has_column(connection, column):
            connection.execute(sa.text(f"ALTER TABLE runs ADD COLUMN {column.name} {type}"))


def m004_ends_of_accounts(connection: sa.Connection) -> None:
    if not _has_column(connection, ACCOUNTS.c.expires_at):
        connection.execute(sa.text("ALTER TABLE accounts ADD COLUMN expires_at DOUBLE PRECISION"))


def m005_versions_and_drafts(connection: sa.Connection) -> None:
    VERSIONS.create(connection, checkfirst=True)
    DRAFTS.create(connection, checkfirst=True)


def m006_triggers(connection: sa.Connection) -> None:
    TRIGGERS.create(connection, checkfirst=True)
    FIRINGS.create(connection, checkfirst=True)
    for column in (RUNS.c.trigger, RUNS.c.trigger_id):
        if not _has_column(connection, column):
            connection.execute(sa.text(f"ALTER TABLE runs ADD COLUMN {column.name} TEXT"))


def _has_column(connection: sa.Connection, column: sa.Column[Any]) -> bool:
    """A database that is made today has today's columns from its first migration on."""
    return column.name in {known["name"] for known in sa.inspect(connection).get_columns(column.table.name)}


MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (
    m001_first,
    m002_accounts,
    m003_mode_and_usage,
    m004_ends_of_accounts,
    m005_versions_and_drafts,
    m006_triggers,
)
"""Append only. MIGRATIONS[n] brings version n to n + 1."""


def check_version(version: int) -> None:
    """Raises `NewerStore` for a database that a newer Patchbay wrote."""
    if version > len(MIGRATIONS):
        raise NewerStore(
            f"The database was written by a newer Patchbay (schema {version}, this one knows {len(MIGRATIONS)}).",
            remedy="Update Patchbay, or let it use another database. Nothing was changed.",
        )


def migrate(connection: sa.Connection) -> None:
    """Bring the database to today's schema, inside a transaction that no other process can be in. Raises `NewerStore`
    before anything is changed."""
    known = sa.inspect(connection).has_table(VERSION.name)
    version = connection.execute(sa.select(VERSION.c.version)).scalar_one() if known else 0
    check_version(version)
    if version == len(MIGRATIONS):
        return
    for migration in MIGRATIONS[version:]:
        migration(connection)
    connection.execute(VERSION.delete())
    connection.execute(VERSION.insert().values(version=len(MIGRATIONS)))
