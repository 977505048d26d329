"""Deletes runs that nobody needs to keep, a few at a time, so that whoever writes hardly waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import sqlalchemy as sa

from orchestrator.history import ACTIVE, FINAL
from orchestrator.schema import CACHE, DELETED, EFFECTS, EVENTS, FILE_USES, RUNS, SIGNALS, WORKFLOWS
from orchestrator.stores.store import Store

DAY = 86_400.0

RUNS_AT_ONCE = 100
EVENTS_AT_ONCE = 400
"""How much one transaction deletes: others wait for it, some milliseconds."""


# The lineage of a run that another one began is the key of a step of that one: its lineage, step and item.
_ITEM = sa.case((RUNS.c.parent_item == "", 0), else_=sa.func.length(RUNS.c.parent_item) + 1)
_STEP = sa.func.length(RUNS.c.parent_step) + 1
_LINEAGE_OF_PARENT = sa.func.substr(RUNS.c.lineage, 1, sa.func.length(RUNS.c.lineage) - _STEP - _ITEM)


class Retention:
    """Keeps the store small. `go_on` is asked between two transactions; with False the rest waits for the next time."""

    def __init__(self, store: Store, go_on: Callable[[], bool]) -> None:
        self._store = store
        self._go_on = go_on
        self._swept = False

    def prune(self, now: float, days: float, count: int) -> int:
        """Delete finished runs that are older than `days`, or not among the `count` newest runs (0: no limit), and all
        that is theirs. A run stays while one that is not over goes on from it or waits for it, and while there is one
        that began it, or could do so again; what is known of a write stays as long as any run of its lineage. Gives the
        number of runs. Raises `StoreError`."""
        deleted = 0
        for limit in self._limits(now, days, count):
            found = -1
            while found:
                began = time.perf_counter()
                found = self._delete_runs(limit)
                deleted += found
                if found and not self._pause(time.perf_counter() - began):
                    return deleted
        self._delete_events()
        self._expire(now)
        if not self._swept:
            self._swept = True
            self._drop_files(list(self._store.forgotten_files()))
        self._store.shrink(self._pause)
        return deleted

    def _pause(self, seconds: float) -> bool:
        """Let others write for as long as they had to wait."""
        time.sleep(seconds)
        return self._go_on()

    def _limits(self, now: float, days: float, count: int) -> Iterator[sa.ColumnElement[bool]]:
        """Each a range of times first, so that an index leads to its runs."""
        if days:
            before = now - days * DAY
            yield sa.and_(RUNS.c.created_at < before, RUNS.c.finished_at < before)
        if count:
            newest = sa.select(RUNS.c.created_at, RUNS.c.id).order_by(RUNS.c.created_at.desc(), RUNS.c.id.desc())
            with self._store.read() as connection:
                first = connection.execute(newest.limit(1).offset(count)).first()
            if first:
                kept = sa.and_(RUNS.c.created_at == first.created_at, RUNS.c.id > first.id)
                yield sa.and_(RUNS.c.created_at <= first.created_at, ~kept)

    def _delete_runs(self, limits: sa.ColumnElement[bool]) -> int:
        other = RUNS.alias()
        active = other.c.status.in_(sorted(ACTIVE))
        needed = sa.or_(
            sa.exists().where(active, other.c.origin == RUNS.c.id),
            sa.exists().where(active, other.c.parent == RUNS.c.id),
            sa.exists().where(other.c.id == RUNS.c.parent),
            sa.exists().where(other.c.lineage == _LINEAGE_OF_PARENT, other.c.lineage != other.c.id),
        )
        query = (
            sa.select(RUNS.c.id, RUNS.c.lineage, RUNS.c.workflow_hash)
            .where(limits, RUNS.c.status.in_(sorted(FINAL)), ~needed)
            .limit(RUNS_AT_ONCE)
        )
        with self._store.read() as connection:
            if connection.execute(query.limit(1)).first() is None:
                return 0
        with self._store.change(alone=True) as connection:
            rows = connection.execute(query).all()
            ids = [row.id for row in rows]
            if ids:
                connection.execute(DELETED.insert(), [{"run_id": id} for id in ids])
                connection.execute(RUNS.delete().where(RUNS.c.id.in_(ids)))
                connection.execute(SIGNALS.delete().where(SIGNALS.c.run_id.in_(ids)))
                self._delete_shared(connection, rows)
            files = self._let_go_of_files(connection, ids)
        self._drop_files(files)
        return len(ids)

    def _delete_shared(self, connection: sa.Connection, rows: Sequence[Any]) -> None:
        """What the runs had in common with others, where those are gone too."""
        later = sa.and_(RUNS.c.lineage == EFFECTS.c.lineage, RUNS.c.lineage != RUNS.c.id)
        connection.execute(
            EFFECTS.delete().where(
                EFFECTS.c.lineage.in_({row.lineage for row in rows}),
                ~sa.exists().where(RUNS.c.id == EFFECTS.c.lineage),
                ~sa.exists().where(later),
            )
        )
        connection.execute(
            WORKFLOWS.delete().where(
                WORKFLOWS.c.hash.in_({row.workflow_hash for row in rows}),
                ~sa.exists().where(RUNS.c.workflow_hash == WORKFLOWS.c.hash),
            )
        )

    def _let_go_of_files(self, connection: sa.Connection, ids: Sequence[str]) -> list[str]:
        gone = FILE_USES.delete().where(FILE_USES.c.run_id.in_(ids)).returning(FILE_USES.c.hash)
        return list(connection.scalars(gone)) if ids else []

    def _drop_files(self, hashes: Sequence[str]) -> None:
        for start in range(0, len(hashes), RUNS_AT_ONCE):
            self._store.drop_files(hashes[start : start + RUNS_AT_ONCE])

    def _delete_events(self) -> None:
        """Of runs that are gone, also where an earlier deletion was broken off."""
        last = sa.select(sa.func.max(EVENTS.c.seq)).where(EVENTS.c.run_id == DELETED.c.run_id).scalar_subquery()
        query = sa.select(DELETED.c.run_id, sa.func.coalesce(last, 0).label("last")).limit(RUNS_AT_ONCE)
        while True:
            with self._store.read() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            began = time.perf_counter()
            whole = [
                row.run_id
                for row, total in zip(rows, accumulate(row.last for row in rows), strict=True)
                if total <= EVENTS_AT_ONCE
            ]
            with self._store.change() as connection:
                if whole:
                    connection.execute(EVENTS.delete().where(EVENTS.c.run_id.in_(whole)))
                    connection.execute(DELETED.delete().where(DELETED.c.run_id.in_(whole)))
                else:
                    self._delete_some_events(connection, rows[0].run_id)
            if not self._pause(time.perf_counter() - began):
                return

    def _delete_some_events(self, connection: sa.Connection, run_id: str) -> None:
        """The first of a run that has many, and the run's mark with the last."""
        mine = EVENTS.c.run_id == run_id
        first = connection.execute(sa.select(sa.func.min(EVENTS.c.seq)).where(mine)).scalar_one()
        connection.execute(EVENTS.delete().where(mine, EVENTS.c.seq < first + EVENTS_AT_ONCE))
        left = sa.exists().where(EVENTS.c.run_id == DELETED.c.run_id)
        connection.execute(DELETED.delete().where(DELETED.c.run_id == run_id, ~left))

    def _expire(self, now: float) -> None:
        expired = CACHE.c.expires_at <= now
        with self._store.read() as connection:
            if connection.execute(sa.select(CACHE.c.key).where(expired).limit(1)).first() is None:
                return
        with self._store.change() as connection:
            connection.execute(CACHE.delete().where(expired))
