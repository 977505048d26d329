"""The tables of the journal, and the migrations that bring an older database to them."""

from __future__ import annotations

from collections.abc import Callable

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
    sa.Index("runs_by_status", "status", "created_at"),
    sa.Index("runs_by_wake", "wake_at"),
    sa.Index("runs_by_owner", "owner"),
    sa.Index("runs_by_workflow", "workflow_id", "created_at"),
    sa.Index("runs_by_time", "created_at"),
)

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
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.Text, nullable=False, index=True),
    sa.Column("type", sa.Text, nullable=False, comment="cancel | answer"),
    sa.Column("data", sa.Text, nullable=False),
    comment="what somebody wants of a run, until its owner has done it",
)

WORKFLOWS = sa.Table(
    "workflows",
    METADATA,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False, comment="the workflow as it was when it ran"),
)

VERSION = sa.Table("schema_version", METADATA, sa.Column("version", sa.Integer, nullable=False))


def m001_first(connection: sa.Connection) -> None:
    METADATA.create_all(connection)


MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (m001_first,)
"""Append only. MIGRATIONS[n] brings version n to n + 1."""


def migrate(connection: sa.Connection) -> None:
    """Bring the database to today's schema. Raises `NewerStore` for one that a newer Patchbay wrote."""
    VERSION.create(connection, checkfirst=True)
    version = connection.execute(sa.select(VERSION.c.version)).scalar()
    if version is None:
        version = 0
        connection.execute(VERSION.insert().values(version=0))
    if version > len(MIGRATIONS):
        raise NewerStore(
            f"The database was written by a newer Patchbay (schema {version}, this one knows {len(MIGRATIONS)}).",
            remedy="Update Patchbay, or point PATCHBAY_HOME at another folder. Nothing was changed.",
        )
    for migration in MIGRATIONS[version:]:
        migration(connection)
    connection.execute(VERSION.update().values(version=len(MIGRATIONS)))
