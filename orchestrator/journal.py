"""The journal: every run and every event of it, written by one thread in groups.

Appends of all runs that are due together share one transaction and one fsync (group commit). An append is written
behind: it is on disk a few milliseconds later, or as soon as someone waits at the barrier. A batch names the fence of
its run's owner; a batch of a process that lost the run is refused as a whole. A run whose batch could not be written
is to be let go of (`abandon`): it goes on, from what is recorded, under its next owner.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from orchestrator.errors import LeaseLost, StoreError
from orchestrator.history import ACTIVE
from orchestrator.journal_reader import JournalReader, summary
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
from orchestrator.schema import RUNS, SIGNALS
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from orchestrator.stores.batches import LEASE
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


class Journal(JournalReader):
    """What is kept in a store that is open. `on_lost` is called from the writer's thread with the run and the fence of
    a batch that was refused because somebody else owns the run now, or that could not be written. Whoever drives the
    run abandons it then, once nothing of it is under way."""

    def __init__(self, store: Store, *, on_lost: Callable[[RunFence], None] = lambda run: None) -> None:
        super().__init__(store)
        self.on_lost = on_lost
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
            self._refuse(failed, StoreError(f"The journal cannot be written. {error.message}", remedy=error.remedy))
            return self._refused[failed.pop()]
        if lost:
            self._refuse(lost, LeaseLost("Another process goes on with this run."))
        return None

    def _refuse(self, runs: Iterable[RunFence], error: StoreError) -> None:
        for run in runs:
            self._refused[run] = error
            self.on_lost(run)

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

    def abandon(self, run_id: str, fence: int) -> None:
        """Nobody advances this run here, though its row says that it is owned: let it go on, under a new fence."""
        self._abandoned.add((run_id, fence))

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

    # --- results that are used again

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


def _commit(writer: Writer, batches: list[Batch]) -> set[RunFence]:
    try:
        return writer.commit(batches)
    except (ValueError, TypeError, OverflowError) as error:  # a driver's way to say what it cannot take
        raise RefusedBatch(f"A value cannot be stored: {error}.", remedy="Look at what the run was given.") from error


def _held_by(owner: str) -> sa.ColumnElement[bool]:
    """The runs of an owner, locked in the order of their ids, as everyone does: nobody waits in a circle."""
    mine = sa.select(RUNS.c.id).where(RUNS.c.owner == owner).order_by(RUNS.c.id).with_for_update(key_share=True)
    return RUNS.c.id.in_(mine)


def _signal(row: Any) -> Signal:
    return Signal(row.id, row.run_id, row.type, orjson.loads(row.data))


def _call(loop: asyncio.AbstractEventLoop, settle: Settle, error: StoreError | None) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle, error)
