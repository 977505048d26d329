"""The journal: every run and every event of it, written by one thread in groups.

Appends of all runs that are due together share one transaction and one fsync (group commit). An append is written
behind: it is on disk a few milliseconds later, or as soon as someone waits at the barrier. A batch names the fence of
its run's owner; a batch of a process that lost the run is refused as a whole. A run whose batch could not be written
is let go of: it goes on, from what is recorded, under its next owner.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import orjson
import sqlalchemy as sa

from orchestrator.beginnings import revived
from orchestrator.errors import LeaseLost, NotFound, StoreError
from orchestrator.events import Event
from orchestrator.history import ACTIVE, EVERY_RUN, FINAL, RunFilter, RunSummary, TriggerKind, Usage
from orchestrator.records import (
    Batch,
    Claim,
    EffectRow,
    EventRow,
    Finished,
    Firing,
    NewRun,
    Parked,
    Signal,
    SignalType,
    encode,
    event_of,
    event_row,
)
from orchestrator.retention import Retention
from orchestrator.run_accounts import RunAccounts
from orchestrator.schema import CACHE, EFFECTS, EVENTS, FIRINGS, RUNS, SIGNALS, WORKFLOWS
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from orchestrator.stores.batches import LEASE
from orchestrator.stores.files import REFERENCE, restore
from orchestrator.stores.store import RefusedBatch, RunFence, Store, Writer

__all__ = [
    "LEASE",
    "Batch",
    "Claim",
    "EffectRow",
    "EventRow",
    "Finished",
    "Firing",
    "Journal",
    "NewRun",
    "Parked",
    "Signal",
    "encode",
    "event_of",
    "event_row",
    "summary",
]

WRITE_BEHIND = 0.005
"""Seconds that an append may wait for others to share its commit when nobody waits for it."""

LOOKED_BACK = 50
"""Runs of a version that are asked who they acted as."""

LOOKED_UP = 500
"""Names in one query."""

Settle = Callable[[StoreError | None], None]
"""Told when what came before it is on disk, or why it is not."""


@dataclass(frozen=True, slots=True)
class _Barrier:
    settle: Settle
    run: RunFence | None
    """Whose batches it is about. None: all of its round."""


@dataclass(slots=True)
class _Queue:
    batches: list[Batch] = field(default_factory=list[Batch])
    barriers: list[_Barrier] = field(default_factory=list[_Barrier])


class Journal:
    """What is kept in a store that is open. `on_lost` is called from the writer's thread with the id of a run whose
    batch was refused because another process owns it now, or could not be written."""

    def __init__(self, store: Store, *, on_lost: Callable[[str], None] = lambda run_id: None) -> None:
        self.on_lost = on_lost
        self._store = store
        self._lock = threading.Condition()
        self._queue = _Queue()
        self._urgent = False
        self._closing = False
        self._refused: dict[RunFence, StoreError] = {}
        """Why nothing more is written for a run under a fence."""
        self._abandoned: set[RunFence] = set()
        """Runs whose rows still say that they are owned here, though nobody advances them."""
        self._retention = Retention(store, lambda: not self._closing)
        self._writer = threading.Thread(target=self._write_loop, args=(store.writer(),), name="journal", daemon=True)
        self._writer.start()

    @classmethod
    def open(cls, settings: Settings) -> Journal:
        """The journal that the settings name: `database_url`, else a file in `home`. Raises `StoreError`."""
        return cls(open_store(settings))

    def close(self) -> None:
        """Write what is left, and stop."""
        with self._lock:
            self._closing = True
            self._lock.notify()
        self._writer.join()
        self._store.close()

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
        """Wait until all that was written so far is on disk. Raises `StoreError` if something of this run cannot be,
        and `LeaseLost` if another process owns the run by now."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle(error: StoreError | None) -> None:
            if not done.done():
                done.set_exception(error) if error else done.set_result(None)

        self._wait_for(_Barrier(lambda error: _call(loop, settle, error), (run_id, fence)))
        await done

    def flush(self) -> None:
        """Wait, without a loop, until all that was written so far is on disk. Raises `StoreError`."""
        done = threading.Event()
        errors: list[StoreError] = []

        def settle(error: StoreError | None) -> None:
            if error:
                errors.append(error)
            done.set()

        self._wait_for(_Barrier(settle, None))
        done.wait()
        if errors:
            raise errors[0]

    def _wait_for(self, barrier: _Barrier) -> None:
        with self._lock:
            self._queue.barriers.append(barrier)
            self._urgent = True
            self._lock.notify()

    def _write_loop(self, writer: Writer) -> None:
        with contextlib.closing(writer):
            while True:
                with self._lock:
                    self._lock.wait_for(lambda: self._queue.batches or self._queue.barriers or self._closing)
                    self._lock.wait_for(lambda: self._urgent or self._closing, timeout=WRITE_BEHIND)
                    queue, self._queue, self._urgent = self._queue, _Queue(), False
                    if self._closing and not (queue.batches or queue.barriers):
                        return
                error = self._commit(writer, queue.batches)
                for barrier in queue.barriers:
                    refused = self._refused.get(barrier.run) if barrier.run else error
                    barrier.settle(type(refused)(refused.message, remedy=refused.remedy) if refused else None)

    def _commit(self, writer: Writer, batches: list[Batch]) -> StoreError | None:
        """Write what may be written. Gives the first error, if any."""
        if self._refused:
            batches = [batch for batch in batches if (batch.run_id, batch.fence) not in self._refused]
        if not batches:
            return None
        try:
            lost = _commit(writer, batches)
        except StoreError as error:
            runs = {batch.run_id for batch in batches}
            if isinstance(error, RefusedBatch) and len(runs) > 1:  # whose it is shows when each is alone
                errors = [self._commit(writer, [one for one in batches if one.run_id == run]) for run in runs]
                return next((error for error in errors if error), None)
            failed = {(batch.run_id, batch.fence) for batch in batches}
            self._abandoned |= failed
            self._refuse(failed, StoreError(f"The journal cannot be written. {error.message}", remedy=error.remedy))
            return self._refused[failed.pop()]
        if lost:
            self._refuse(lost, LeaseLost("Another process goes on with this run."))
        return None

    def _refuse(self, runs: Iterable[RunFence], error: StoreError) -> None:
        for run in runs:
            self._refused[run] = error
            self.on_lost(run[0])

    # --- owning a run

    def claim(
        self, owner: str, now: float, is_dead: Callable[[str], bool], *, run_id: str | None = None
    ) -> list[Claim]:
        """Take over unfinished runs that nobody owns: never owned, lease run out, owner known to be dead, or waiting
        for what is there now: their time, or a signal."""
        self._let_go()
        foreign = RUNS.c.owner.is_distinct_from(owner)
        waiting = RUNS.c.status == "waiting"
        due = (
            sa.and_(RUNS.c.status == "queued", foreign),
            sa.and_(RUNS.c.status == "running", foreign),
            sa.and_(waiting, RUNS.c.wake_at <= now),
            sa.and_(waiting, RUNS.c.id.in_(sa.select(SIGNALS.c.run_id))),
        )
        this = sa.true() if run_id is None else RUNS.c.id == run_id
        columns = (RUNS.c.id, RUNS.c.owner, RUNS.c.fence, RUNS.c.lease_until)
        # Each straight from its index: runs that are over are never looked at.
        found = sa.union(*(sa.select(*columns).where(one, this) for one in due)).subquery()
        query = sa.select(found).order_by(found.c.id)
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        free = [row for row in rows if row.owner is None or (row.lease_until or 0) < now or is_dead(row.owner)]
        if not free:
            return []
        claims: list[Claim] = []
        with self._store.change() as connection:
            for row in free:
                taken = connection.execute(
                    RUNS.update()
                    .where(
                        RUNS.c.id == row.id,
                        RUNS.c.status.in_(sorted(ACTIVE)),
                        RUNS.c.fence == row.fence,
                        RUNS.c.owner.is_not_distinct_from(row.owner),
                        RUNS.c.lease_until.is_not_distinct_from(row.lease_until),
                    )
                    .values(
                        owner=owner,
                        status="running",
                        started_at=sa.func.coalesce(RUNS.c.started_at, now),
                        wake_at=None,
                        fence=RUNS.c.fence + 1,
                        lease_until=now + LEASE,
                    )
                    .returning(RUNS.c.fence, RUNS.c.workflow_hash, RUNS.c.lineage, RUNS.c.model)
                ).first()
                if taken:
                    claims.append(Claim(row.id, taken.fence, taken.workflow_hash, taken.lineage, taken.model))
        return claims

    def _let_go(self) -> None:
        """Give up the runs whose batches could not be written, once the store can be written again."""
        abandoned = set(self._abandoned)
        if not abandoned:
            return
        with self._store.change() as connection:
            for run_id, fence in sorted(abandoned):
                connection.execute(
                    RUNS.update()
                    .where(RUNS.c.id == run_id, RUNS.c.fence == fence, RUNS.c.owner.is_not(None))
                    .values(owner=None, lease_until=None, fence=fence + 1)
                )
        self._abandoned -= abandoned

    def renew(self, owner: str, now: float) -> list[Signal]:
        """Prolong the leases of an owner. Gives the signals for its runs."""
        self._let_go()
        with self._store.change() as connection:
            connection.execute(RUNS.update().where(_held_by(owner)).values(lease_until=now + LEASE))
        query = sa.select(SIGNALS).join(RUNS, RUNS.c.id == SIGNALS.c.run_id).where(RUNS.c.owner == owner)
        with self._store.read() as connection:
            return [_signal(row) for row in connection.execute(query.order_by(SIGNALS.c.id))]

    def release(self, owner: str) -> None:
        """Give up all runs of an owner, so that another can take them at once."""
        with self._store.change() as connection:
            connection.execute(RUNS.update().where(_held_by(owner)).values(owner=None, lease_until=None))

    def signal(self, run_id: str, type: SignalType, data: Mapping[str, Any]) -> None:
        """Leave word for whoever owns the run, now or next."""
        turn = sa.select(RUNS.c.id).where(RUNS.c.id == run_id).with_for_update(key_share=True)
        with self._store.change() as connection:
            # One after another, so that the numbers of a run's signals grow in the order in which they can be seen.
            connection.execute(turn)
            connection.execute(SIGNALS.insert().values(run_id=run_id, type=type, data=encode(dict(data))))

    def signals(self, run_id: str) -> list[Signal]:
        """What is wanted of a run and not done yet, oldest first."""
        with self._store.read() as connection:
            query = sa.select(SIGNALS).where(SIGNALS.c.run_id == run_id).order_by(SIGNALS.c.id)
            return [_signal(row) for row in connection.execute(query)]

    # --- reading

    def runs(self, wanted: RunFilter = EVERY_RUN, *, limit: int = 50, offset: int = 0) -> list[RunSummary]:
        """Runs, newest first."""
        query: sa.Select[*tuple[Any, ...]] = sa.select(*_SUMMARY).where(*_conditions(wanted))
        if wanted.status is not None or wanted.workflow is not None:
            # A few of each status, each straight from an index, instead of all runs, sorted.
            each = [
                sa.select(_newest(query.where(RUNS.c.status == one)).limit(limit + offset).subquery())
                for one in sorted(ACTIVE | FINAL if wanted.status is None else set(wanted.status))
            ]
            if not each:
                return []
            found = sa.union_all(*each).subquery()
            query = sa.select(found).order_by(found.c.created_at.desc(), found.c.id.desc())
        else:
            query = _newest(query)
        with self._store.read() as connection:
            return [summary(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def fired(self, firing: Firing) -> str | None:
        """The run that was made for a firing."""
        with self._store.read() as connection:
            return connection.execute(sa.select(FIRINGS.c.run_id).where(FIRINGS.c.key == firing.key)).scalar()

    def under_way(self, workflow: str, trigger: str) -> str | None:
        """A run that this trigger started and that is not over."""
        mine = RUNS.c.workflow_id == workflow, RUNS.c.status.in_(sorted(ACTIVE)), RUNS.c.trigger_id == trigger
        with self._store.read() as connection:
            return connection.execute(sa.select(RUNS.c.id).where(*mine).limit(1)).scalar()

    def children(self, run_id: str) -> list[RunSummary]:
        """The runs that a run began, oldest first."""
        query = sa.select(*_SUMMARY).where(RUNS.c.parent == run_id).order_by(RUNS.c.created_at, RUNS.c.id)
        with self._store.read() as connection:
            return [summary(row) for row in connection.execute(query)]

    def latest_of(self, lineage: str) -> Any | None:
        """The row of the newest run of a lineage."""
        first = sa.select(RUNS).where(RUNS.c.id == lineage)
        later = _newest(sa.select(RUNS).where(RUNS.c.lineage == lineage, RUNS.c.lineage != RUNS.c.id)).limit(1)
        with self._store.read() as connection:
            return connection.execute(later).first() or connection.execute(first).first()

    def lineages(self, among: Collection[str]) -> set[str]:
        """Those of which a run is left."""
        found: set[str] = set()
        names = sorted(among)
        with self._store.read() as connection:
            for start in range(0, len(names), LOOKED_UP):
                these = names[start : start + LOOKED_UP]
                found.update(connection.scalars(sa.select(RUNS.c.id).where(RUNS.c.id.in_(these))))
                later = sa.select(RUNS.c.lineage).where(RUNS.c.lineage.in_(these), RUNS.c.lineage != RUNS.c.id)
                found.update(connection.scalars(later))
        return found

    def succeeded_as(self, workflow_id: str, hash: str) -> list[RunAccounts]:
        """Who a version of a workflow acted as in the newest runs of it that succeeded."""
        version = RUNS.c.workflow_id == workflow_id, RUNS.c.workflow_hash == hash
        runs = sa.select(RUNS.c.id).where(*version, RUNS.c.status == "succeeded")
        newest = runs.order_by(RUNS.c.created_at.desc()).limit(LOOKED_BACK)
        first = sa.select(EVENTS).where(EVENTS.c.run_id.in_(newest), EVENTS.c.seq == 1)
        return [RunAccounts.of(event_of(row).data.get("accounts")) for row in self._event_rows(first)]

    def run(self, run_id: str) -> Any:
        """The row of a run. Raises `NotFound`."""
        return self._run(run_id, sa.select(RUNS))

    def run_to_look_at(self, run_id: str) -> Any:
        """The same without its `inputs` and `output`, which can be large. Raises `NotFound`."""
        return self._run(run_id, sa.select(*_SUMMARY, RUNS.c.workflow_hash, RUNS.c.lineage, RUNS.c.model))

    def _run(self, run_id: str, query: sa.Select[*tuple[Any, ...]]) -> Any:
        with self._store.read() as connection:
            row = connection.execute(query.where(RUNS.c.id == run_id)).first()
        if row is None:
            raise NotFound(f"There is no run '{run_id}'.", remedy="List the runs to find its id.")
        return row

    def summary(self, run_id: str) -> RunSummary:
        return summary(self.run(run_id))

    def events(self, run_id: str, after: int = 0) -> list[tuple[int, Event]]:
        """The events of a run with their numbers, from the one behind `after` on. Raises `StoreError` when a large
        output is missing or damaged."""
        known = EVENTS.c.run_id == run_id, EVENTS.c.seq > after
        rows = self._event_rows(sa.select(EVENTS).where(*known).order_by(EVENTS.c.seq))
        return [(row[1], event_of(row)) for row in rows]

    def events_to_look_at(self, run_id: str) -> list[Event]:
        """The events of a run; of large outputs, only what they begin with (`beginnings`)."""
        query = sa.select(EVENTS).where(EVENTS.c.run_id == run_id).order_by(EVENTS.c.seq)
        with self._store.read() as connection:
            cursor: Any = connection.execute(query).cursor
            return [self._begun(connection, row) for row in cursor.fetchall()]

    def _begun(self, connection: sa.Connection, row: EventRow) -> Event:
        if row[-1].startswith(REFERENCE):
            beginning: dict[str, Any] | None = orjson.loads(row[-1]).get("beginning")
            if beginning is not None:
                return event_of((*row[:-1], "{}"))._replace(data=revived(beginning))
        return event_of(self._whole(connection, row))

    def _event_rows(self, query: sa.Select[*tuple[Any, ...]]) -> list[EventRow]:
        with self._store.read() as connection:
            # Straight from the driver: of a run of thousands of events, to make rows of them takes as long as reading.
            cursor: Any = connection.execute(query).cursor
            return [self._whole(connection, row) for row in cursor.fetchall()]

    def _whole(self, connection: sa.Connection, row: EventRow) -> EventRow:
        """With what was set apart because it is large."""
        if not row[-1].startswith(REFERENCE):
            return row
        hash: str = orjson.loads(row[-1])["$file"]
        return (*row[:-1], restore(self._store.file(connection, hash), hash, row[0]))

    def effects(self, run_id: str) -> list[EffectRow]:
        """The ledger of a run."""
        query = sa.select(*_EFFECT).where(EFFECTS.c.run_id == run_id).order_by(EFFECTS.c.at)
        with self._store.read() as connection:
            return [EffectRow(*row) for row in connection.execute(query)]

    def effect(self, key: str) -> EffectRow | None:
        with self._store.read() as connection:
            row = connection.execute(sa.select(*_EFFECT).where(EFFECTS.c.key == key)).first()
        return EffectRow(*row) if row else None

    def workflow(self, hash: str) -> dict[str, Any]:
        """The content of a workflow as it was when it ran."""
        with self._store.read() as connection:
            content = connection.execute(sa.select(WORKFLOWS.c.content).where(WORKFLOWS.c.hash == hash)).scalar()
        if content is None:
            raise NotFound(f"The journal does not know the workflow version '{hash}'.")
        return orjson.loads(content)

    # --- results that are used again

    def cached(self, key: str, now: float) -> Any | None:
        """A result that was put here. None when there is none, or no longer."""
        lasting = sa.or_(CACHE.c.expires_at.is_(None), CACHE.c.expires_at > now)
        with self._store.read() as connection:
            output = connection.execute(sa.select(CACHE.c.output).where(CACHE.c.key == key, lasting)).scalar()
        return None if output is None else orjson.loads(output)

    def put_cached(self, key: str, output: Any, at: float, expires_at: float | None) -> None:
        """Keep a result, in place of an earlier one. Raises TypeError when it is not JSON."""
        row = {"key": key, "output": encode(output), "at": at, "expires_at": expires_at}
        with self._store.change() as connection:
            connection.execute(_UPSERT, row)

    # --- room

    def prune(self, now: float, days: float, count: int) -> int:
        """Delete what need not be kept (`Retention.prune`). Takes its time: not for an event loop."""
        return self._retention.prune(now, days, count)


_UPSERT = sa.text(
    "INSERT INTO cache (key, output, at, expires_at) VALUES (:key, :output, :at, :expires_at) ON CONFLICT (key)"
    " DO UPDATE SET output = excluded.output, at = excluded.at, expires_at = excluded.expires_at"
)


def _conditions(wanted: RunFilter) -> list[sa.ColumnElement[bool]]:
    """Besides the status."""
    found: list[sa.ColumnElement[bool]] = []
    if wanted.workflow is not None:
        found.append(RUNS.c.workflow_id == wanted.workflow)
    if wanted.since is not None:
        found.append(RUNS.c.created_at >= wanted.since)
    if wanted.cost is not None:
        found.append(RUNS.c.cost >= wanted.cost)
    if wanted.began is not None:
        alone = sa.and_(
            RUNS.c.parent.is_(None), RUNS.c.origin.is_(None), RUNS.c.trigger.is_(None), RUNS.c.mode != "preview"
        )
        began = {
            "by hand": alone,
            **{kind: RUNS.c.trigger == kind for kind in get_args(TriggerKind)},
            "called": RUNS.c.parent.is_not(None),
            "again": RUNS.c.origin.is_not(None),
            "preview": RUNS.c.mode == "preview",
        }
        found.append(began[wanted.began])
    if wanted.text:
        # As it stands in JSON, where other alphabets are written as they are.
        said = encode(wanted.text)[1:-1]
        parts = (RUNS.c.workflow_name, RUNS.c.inputs, RUNS.c.output, RUNS.c.error)
        found.append(sa.or_(*(part.icontains(said, autoescape=True) for part in parts)))
    return found


def _newest(query: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
    return query.order_by(RUNS.c.created_at.desc(), RUNS.c.id.desc())


def _commit(writer: Writer, batches: list[Batch]) -> set[RunFence]:
    try:
        return writer.commit(batches)
    except (ValueError, TypeError, OverflowError) as error:  # a driver's way to say what it cannot take
        raise RefusedBatch(f"A value cannot be stored: {error}.", remedy="Look at what the run was given.") from error


def _held_by(owner: str) -> sa.ColumnElement[bool]:
    """The runs of an owner, locked in the order of their ids, as everyone does: nobody waits in a circle."""
    mine = sa.select(RUNS.c.id).where(RUNS.c.owner == owner).order_by(RUNS.c.id).with_for_update(key_share=True)
    return RUNS.c.id.in_(mine)


_EFFECT = tuple(column for column in EFFECTS.c if column.name != "lineage")


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
    RUNS.c.parent,
    RUNS.c.mode,
    RUNS.c.input_tokens,
    RUNS.c.output_tokens,
    RUNS.c.cost,
    RUNS.c.trigger,
    RUNS.c.trigger_id,
)


def summary(row: Any) -> RunSummary:
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
        parent=row.parent,
        mode=row.mode,
        usage=Usage(row.input_tokens or 0, row.output_tokens or 0, row.cost),
        trigger=row.trigger,
        trigger_id=row.trigger_id,
    )


def _call(loop: asyncio.AbstractEventLoop, settle: Settle, error: StoreError | None) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle, error)
