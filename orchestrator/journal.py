"""The journal: every run and every event of it, on SQLite, written by one thread in groups.

Appends of all runs that are due together share one transaction and one fsync (group commit). An append is written
behind: it is on disk a few milliseconds later, or as soon as someone waits at the barrier. A batch names the fence of
its run's owner; a batch of a process that lost the run is refused as a whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson
import sqlalchemy as sa
import sqlalchemy.event
import sqlalchemy.exc

from orchestrator.errors import LeaseLost, NotFound, StoreError
from orchestrator.events import Event
from orchestrator.history import ACTIVE, RunSummary
from orchestrator.schema import EFFECTS, EVENTS, RUNS, SIGNALS, WORKFLOWS, migrate

WRITE_BEHIND = 0.005
"""Seconds that an append may wait for others to share its commit when nobody waits for it."""

LEASE = 10.0
"""Seconds after which a run of an owner that is not heard of may be taken over."""


def encode(value: Any) -> str:
    """JSON text of a value. Raises TypeError for what JSON cannot hold."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


@dataclass(frozen=True, slots=True)
class NewRun:
    """A row of `runs` as it begins."""

    id: str
    workflow_id: str
    workflow_name: str
    workflow_hash: str
    workflow: str
    created_at: float
    inputs: str
    model: str | None
    origin: str | None
    lineage: str
    owner: str


@dataclass(frozen=True, slots=True)
class EffectRow:
    """A write in the ledger."""

    key: str
    run_id: str
    step: str
    item: str
    action: str
    account: str
    summary: str
    status: str
    result: str | None
    at: float


EventRow = tuple[str, int, float, str, str, str, int, str]
"""run_id, seq, at, type, step, item, attempt, data as JSON text."""


def event_row(run_id: str, seq: int, event: Event) -> EventRow:
    """Raises TypeError when the event's data is not JSON."""
    return (run_id, seq, event.at, event.type, event.step, event.item, event.attempt, encode(event.data))


@dataclass(frozen=True, slots=True)
class Batch:
    """What one run writes at once: all of it or nothing."""

    run_id: str
    fence: int
    events: Sequence[EventRow] = ()
    effect: EffectRow | None = None
    new: NewRun | None = None
    finished: tuple[str, float, str | None, str | None] | None = None
    """(status, finished_at, output, error)"""
    parked: Parked | None = None
    heeded: int | None = None
    """The signals up to this one are done."""


@dataclass(frozen=True, slots=True)
class Parked:
    """The run waits and nobody needs to own it: until `wake_at`, or for a signal when that is None."""

    wake_at: float | None


@dataclass(frozen=True, slots=True)
class Signal:
    """What somebody wants of a run."""

    id: int
    run_id: str
    type: Literal["cancel", "answer"]
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process now owns."""

    run_id: str
    fence: int
    workflow_hash: str
    lineage: str
    model: str | None


Settle = Callable[[StoreError | None], None]
"""Told when what came before it is on disk, or why it is not."""


@dataclass(slots=True)
class _Queue:
    batches: list[Batch] = field(default_factory=list[Batch])
    barriers: list[Callable[[StoreError | None], None]] = field(
        default_factory=list[Callable[[StoreError | None], None]]
    )


class Journal:
    """Opens (and makes or migrates) the database. `on_lost` is called from the writer's thread with the id of a run
    whose batch was refused because another process owns it now."""

    def __init__(self, path: Path, *, on_lost: Callable[[str], None] = lambda run_id: None) -> None:
        self.path = path
        self.on_lost = on_lost
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._reads = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
            sqlalchemy.event.listen(self._reads, "connect", _set_pragmas)
            with self._reads.begin() as connection:
                migrate(connection)
        except (OSError, sqlalchemy.exc.DBAPIError) as error:
            raise StoreError(
                f"The database {path} cannot be opened: {_reason(error)}.",
                remedy="Check that the folder exists, is writable and has room, or set PATCHBAY_HOME.",
            ) from error
        self._lock = threading.Condition()
        self._queue = _Queue()
        self._urgent = False
        self._closing = False
        self._lost: set[tuple[str, int]] = set()
        self._writer = threading.Thread(target=self._write_loop, name="journal", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Write what is left, and stop."""
        with self._lock:
            self._closing = True
            self._lock.notify()
        self._writer.join()
        self._reads.dispose()

    # --- writing

    def write(self, batch: Batch, *, urgent: bool = False) -> None:
        """Append, to be committed within `WRITE_BEHIND` seconds, or at once when urgent. Never blocks."""
        with self._lock:
            self._queue.batches.append(batch)
            if urgent:
                self._urgent = True
            if urgent or len(self._queue.batches) == 1:
                self._lock.notify()

    async def barrier(self, run_id: str, fence: int) -> None:
        """Wait until all that was written so far is on disk. Raises `StoreError` if it cannot be, and `LeaseLost`
        if another process owns the run by now."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle(error: StoreError | None) -> None:
            if not done.done():
                done.set_exception(error) if error else done.set_result(None)

        with self._lock:
            self._queue.barriers.append(lambda error: _call(loop, settle, error))
            self._urgent = True
            self._lock.notify()
        await done
        if (run_id, fence) in self._lost:
            raise LeaseLost(f"Another process goes on with run '{run_id}'.")

    def flush(self) -> None:
        """Wait, without a loop, until all that was written so far is on disk. Raises `StoreError`."""
        done = threading.Event()
        errors: list[StoreError] = []

        def settle(error: StoreError | None) -> None:
            if error:
                errors.append(error)
            done.set()

        with self._lock:
            self._queue.barriers.append(settle)
            self._urgent = True
            self._lock.notify()
        done.wait()
        if errors:
            raise errors[0]

    def _write_loop(self) -> None:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        _set_pragmas(connection)
        with contextlib.closing(connection):
            while True:
                with self._lock:
                    self._lock.wait_for(lambda: self._queue.batches or self._queue.barriers or self._closing)
                    self._lock.wait_for(lambda: self._urgent or self._closing, timeout=WRITE_BEHIND)
                    queue, self._queue, self._urgent = self._queue, _Queue(), False
                    if self._closing and not (queue.batches or queue.barriers):
                        return
                error = self._commit(connection, queue.batches) if queue.batches else None
                for settle in queue.barriers:
                    settle(error)

    def _commit(self, connection: sqlite3.Connection, batches: list[Batch]) -> StoreError | None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            lost = _write_batches(connection, batches)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            failure = StoreError(
                f"The journal cannot be written: {error}.",
                remedy="Check the disk's room and rights. The run goes on from what is recorded.",
            )
            for run_id in {batch.run_id for batch in batches}:
                self.on_lost(run_id)
            return failure
        self._lost |= lost
        for run_id, _ in lost:
            self.on_lost(run_id)
        return None

    # --- owning a run

    def claim(
        self, owner: str, now: float, is_dead: Callable[[str], bool], *, run_id: str | None = None
    ) -> list[Claim]:
        """Take over unfinished runs that nobody owns: never owned, lease run out, owner known to be dead, or waiting
        for what is there now: their time, or a signal."""
        active = RUNS.c.status.in_(sorted(ACTIVE))
        waiting = RUNS.c.status == "waiting"
        query = sa.select(RUNS.c.id, RUNS.c.owner, RUNS.c.lease_until).where(
            sa.or_(
                RUNS.c.status.in_(["queued", "running"]),
                sa.and_(waiting, RUNS.c.wake_at <= now),
                sa.and_(waiting, RUNS.c.id.in_(sa.select(SIGNALS.c.run_id))),
            )
        )
        if run_id is not None:
            query = query.where(RUNS.c.id == run_id)
        claims: list[Claim] = []
        with self._reads.begin() as connection:
            for row in connection.execute(query).all():
                free = row.owner is None or (row.lease_until or 0) < now or is_dead(row.owner)
                if not free or row.owner == owner:
                    continue
                taken = connection.execute(
                    RUNS.update()
                    .where(RUNS.c.id == row.id, active, RUNS.c.owner.is_not_distinct_from(row.owner))
                    .values(
                        owner=owner, status="running", wake_at=None, fence=RUNS.c.fence + 1, lease_until=now + LEASE
                    )
                    .returning(RUNS.c.fence, RUNS.c.workflow_hash, RUNS.c.lineage, RUNS.c.model)
                ).first()
                if taken:
                    claims.append(Claim(row.id, taken.fence, taken.workflow_hash, taken.lineage, taken.model))
        return claims

    def renew(self, owner: str, now: float) -> list[Signal]:
        """Prolong the leases of an owner. Gives the signals for its runs."""
        with self._reads.begin() as connection:
            connection.execute(RUNS.update().where(RUNS.c.owner == owner).values(lease_until=now + LEASE))
            query = sa.select(SIGNALS).join(RUNS, RUNS.c.id == SIGNALS.c.run_id).where(RUNS.c.owner == owner)
            return [_signal(row) for row in connection.execute(query.order_by(SIGNALS.c.id))]

    def release(self, owner: str) -> None:
        """Give up all runs of an owner, so that another can take them at once."""
        with self._reads.begin() as connection:
            connection.execute(RUNS.update().where(RUNS.c.owner == owner).values(owner=None, lease_until=None))

    def signal(self, run_id: str, type: Literal["cancel", "answer"], data: Mapping[str, Any]) -> None:
        """Leave word for whoever owns the run, now or next."""
        with self._reads.begin() as connection:
            connection.execute(SIGNALS.insert().values(run_id=run_id, type=type, data=encode(dict(data))))

    def signals(self, run_id: str) -> list[Signal]:
        """What is wanted of a run and not done yet, oldest first."""
        with self._reads.connect() as connection:
            query = sa.select(SIGNALS).where(SIGNALS.c.run_id == run_id).order_by(SIGNALS.c.id)
            return [_signal(row) for row in connection.execute(query)]

    # --- reading

    def runs(
        self, *, status: Iterable[str] | None = None, workflow: str | None = None, limit: int = 50, offset: int = 0
    ) -> list[RunSummary]:
        """Runs, newest first."""
        query = sa.select(*_SUMMARY).order_by(RUNS.c.created_at.desc(), RUNS.c.id.desc()).limit(limit).offset(offset)
        if status is not None:
            query = query.where(RUNS.c.status.in_(list(status)))
        if workflow is not None:
            query = query.where(RUNS.c.workflow_id == workflow)
        with self._reads.connect() as connection:
            return [_summary(row) for row in connection.execute(query)]

    def run(self, run_id: str) -> Any:
        """The row of a run. Raises `NotFound`."""
        with self._reads.connect() as connection:
            row = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).first()
        if row is None:
            raise NotFound(f"There is no run '{run_id}'.", remedy="List the runs to find its id.")
        return row

    def summary(self, run_id: str) -> RunSummary:
        return _summary(self.run(run_id))

    def events(self, run_id: str, after: int = 0) -> list[tuple[int, Event]]:
        """The events of a run with their numbers, from the one behind `after` on."""
        query = sa.select(EVENTS).where(EVENTS.c.run_id == run_id, EVENTS.c.seq > after).order_by(EVENTS.c.seq)
        with self._reads.connect() as connection:
            return [
                (row.seq, Event(row.type, row.step, row.item, row.attempt, orjson.loads(row.data), row.at))
                for row in connection.execute(query)
            ]

    def effects(self, run_id: str) -> list[EffectRow]:
        """The ledger of a run."""
        query = sa.select(EFFECTS).where(EFFECTS.c.run_id == run_id).order_by(EFFECTS.c.at)
        with self._reads.connect() as connection:
            return [EffectRow(*row) for row in connection.execute(query)]

    def effect(self, key: str) -> EffectRow | None:
        with self._reads.connect() as connection:
            row = connection.execute(sa.select(EFFECTS).where(EFFECTS.c.key == key)).first()
        return EffectRow(*row) if row else None

    def workflow(self, hash: str) -> dict[str, Any]:
        """The content of a workflow as it was when it ran."""
        with self._reads.connect() as connection:
            content = connection.execute(sa.select(WORKFLOWS.c.content).where(WORKFLOWS.c.hash == hash)).scalar()
        if content is None:
            raise NotFound(f"The journal does not know the workflow version '{hash}'.")
        return orjson.loads(content)


def _signal(row: Any) -> Signal:
    return Signal(row.id, row.run_id, row.type, orjson.loads(row.data))


_SUMMARY = (
    RUNS.c.id,
    RUNS.c.workflow_id,
    RUNS.c.workflow_name,
    RUNS.c.status,
    RUNS.c.created_at,
    RUNS.c.started_at,
    RUNS.c.finished_at,
    RUNS.c.error,
    RUNS.c.origin,
)


def _summary(row: Any) -> RunSummary:
    return RunSummary(
        id=row.id,
        workflow_id=row.workflow_id,
        workflow_name=row.workflow_name,
        status=row.status,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        error=orjson.loads(row.error) if row.error else None,
        origin=row.origin,
    )


def _write_batches(connection: sqlite3.Connection, batches: list[Batch]) -> set[tuple[str, int]]:
    """Write what may be written. Gives the runs, with the fence they were written under, whose owner is another."""
    new = [batch.new for batch in batches if batch.new]
    if new:
        connection.executemany(
            "INSERT OR IGNORE INTO workflows (hash, content) VALUES (?, ?)",
            {run.workflow_hash: (run.workflow_hash, run.workflow) for run in new}.values(),
        )
        connection.executemany(
            "INSERT INTO runs (id, workflow_id, workflow_name, workflow_hash, status, created_at, started_at, inputs,"
            " model, origin, lineage, owner, fence, lease_until)"
            " VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, 1, ?)",
            [
                (
                    *(run.id, run.workflow_id, run.workflow_name, run.workflow_hash, run.created_at, run.created_at),
                    *(run.inputs, run.model, run.origin, run.lineage, run.owner, run.created_at + LEASE),
                )
                for run in new
            ],
        )
    fences = {run.id: 1 for run in new}
    lost: set[tuple[str, int]] = set()
    for batch in batches:
        if batch.run_id not in fences:
            row = connection.execute("SELECT fence FROM runs WHERE id = ?", (batch.run_id,)).fetchone()
            fences[batch.run_id] = row[0] if row else -1
        if fences[batch.run_id] != batch.fence:
            lost.add((batch.run_id, batch.fence))
    kept = [batch for batch in batches if (batch.run_id, batch.fence) not in lost]
    connection.executemany(
        "INSERT INTO events (run_id, seq, at, type, step, item, attempt, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [row for batch in kept for row in batch.events],
    )
    for batch in kept:
        if effect := batch.effect:
            connection.execute(
                "INSERT INTO effects (key, run_id, step, item, action, account, summary, status, result, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " run_id = excluded.run_id, summary = excluded.summary, status = excluded.status,"
                " result = excluded.result, at = excluded.at",
                (
                    *(effect.key, effect.run_id, effect.step, effect.item, effect.action, effect.account),
                    *(effect.summary, effect.status, effect.result, effect.at),
                ),
            )
        if batch.finished:
            connection.execute(
                "UPDATE runs SET status = ?, finished_at = ?, output = ?, error = ?, owner = NULL, lease_until = NULL"
                " WHERE id = ?",
                (*batch.finished, batch.run_id),
            )
            connection.execute("DELETE FROM signals WHERE run_id = ?", (batch.run_id,))
        if batch.heeded is not None:
            connection.execute("DELETE FROM signals WHERE run_id = ? AND id <= ?", (batch.run_id, batch.heeded))
        if batch.parked:
            connection.execute(
                "UPDATE runs SET status = 'waiting', wake_at = ?, owner = NULL, lease_until = NULL WHERE id = ?",
                (batch.parked.wake_at, batch.run_id),
            )
    return lost


def _set_pragmas(connection: Any, _record: Any = None) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 30000")


def _call(
    loop: asyncio.AbstractEventLoop, settle: Callable[[StoreError | None], None], error: StoreError | None
) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle, error)


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error)
