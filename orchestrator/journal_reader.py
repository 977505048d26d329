"""What the journal has: runs and their events, effects and results. Here it is only read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, get_args

import orjson
import sqlalchemy as sa

from orchestrator.beginnings import revived
from orchestrator.errors import NotFound
from orchestrator.events import Event
from orchestrator.history import ACTIVE, EVERY_RUN, FINAL, RunFilter, RunSummary, TriggerKind, Usage
from orchestrator.records import EffectRow, EventRow, Firing, encode, event_of
from orchestrator.run_accounts import RunAccounts
from orchestrator.schema import CACHE, EFFECTS, EVENTS, FIRINGS, RUNS, WORKFLOWS
from orchestrator.stores.files import REFERENCE, restore
from orchestrator.stores.store import Store

LOOKED_BACK = 50
"""Runs of a version that are asked who they acted as."""

LOOKED_UP = 500
"""Names in one query."""

_EFFECT = tuple(column for column in EFFECTS.c if column.name != "lineage")

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


class JournalReader:
    """Looks into a store that is open. From any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store

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
        version = RUNS.c.workflow_id == workflow_id, RUNS.c.workflow_hash == hash, RUNS.c.mode != "preview"
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

    def cached(self, key: str, now: float) -> Any | None:
        """A result that was put here. None when there is none, or no longer."""
        lasting = sa.or_(CACHE.c.expires_at.is_(None), CACHE.c.expires_at > now)
        with self._store.read() as connection:
            output = connection.execute(sa.select(CACHE.c.output).where(CACHE.c.key == key, lasting)).scalar()
        return None if output is None else orjson.loads(output)


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
