"""The hot path: what it takes to write batches, the same on both stores; each has its own way of sending it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import sqlalchemy as sa

from orchestrator.history import ACTIVE
from orchestrator.records import Batch, NewRun
from orchestrator.schema import EFFECTS, EVENTS, FILE_USES, FIRINGS, RUNS, WORKFLOWS
from orchestrator.stores.files import LargeOutput
from orchestrator.stores.store import RunFence

LEASE = 10.0
"""Seconds after which a run of an owner that is not heard of may be taken over."""

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Insert:
    """Rows for a table: `columns` of it in that order, and what is done about a key that is there."""

    table: sa.Table
    columns: tuple[str, ...]
    conflict: str = ""


NEW_WORKFLOWS = Insert(WORKFLOWS, ("hash", "content"), "ON CONFLICT (hash) DO NOTHING")
NEW_RUNS = Insert(
    RUNS,
    (
        *("id", "workflow_id", "workflow_name", "workflow_hash", "status", "created_at", "started_at", "inputs"),
        *("model", "origin", "lineage", "owner", "fence", "lease_until", "mode", "parent", "parent_step"),
        *("parent_item", "trigger", "trigger_id"),
    ),
)
NEW_FIRINGS = Insert(FIRINGS, ("key", "kind", "run_id", "at"), "ON CONFLICT (key) DO NOTHING")
NEW_EVENTS = Insert(EVENTS, ("run_id", "seq", "at", "type", "step", "item", "attempt", "data"))
NEW_EFFECTS = Insert(
    EFFECTS,
    ("key", "run_id", "lineage", "step", "item", "action", "account", "summary", "status", "result", "at"),
    "ON CONFLICT (key) DO UPDATE SET run_id = excluded.run_id, summary = excluded.summary, status = excluded.status,"
    " result = excluded.result, at = excluded.at",
)
NEW_FILE_USES = Insert(FILE_USES, ("run_id", "hash"), "ON CONFLICT (run_id, hash) DO NOTHING")

FINISH = (
    "UPDATE runs SET status = ?, finished_at = ?, output = ?, error = ?, input_tokens = ?, output_tokens = ?, cost = ?,"
    " owner = NULL, lease_until = NULL WHERE id = ?"
)
SET_MODE = "UPDATE runs SET mode = ? WHERE id = ?"
PARK = "UPDATE runs SET status = 'waiting', wake_at = ?, owner = NULL, lease_until = NULL WHERE id = ?"
IS_ACTIVE = f"status IN ({', '.join(repr(status) for status in sorted(ACTIVE))})"
HEED_ALL = "DELETE FROM signals WHERE run_id = ?"
HEED = "DELETE FROM signals WHERE run_id = ? AND id <= ?"
TELL_PARENT = (
    "INSERT INTO signals (run_id, type, data) SELECT id, 'child', CAST(? AS TEXT) FROM runs"
    f" WHERE id = ? AND {IS_ACTIVE}"
)


@dataclass(frozen=True, slots=True)
class Held:
    """What a run's row says of who may write and who is told."""

    fence: int
    lineage: str
    parent: str | None
    parent_step: str | None
    parent_item: str | None


class Transaction(Protocol):
    """A transaction of the store's own driver that is under way. Where there are no rows, nothing is done."""

    def insert(self, into: Insert, rows: Collection[Row]) -> None: ...

    def change(self, statement: str, rows: Collection[Row]) -> None:
        """Perform a statement for each row; `?` stands for its values."""
        ...

    def fired(self, keys: Collection[str]) -> Mapping[str, str | None]:
        """The runs that were made for these firings, by their keys."""
        ...

    def going_on(self, lineages: Collection[str]) -> Collection[str]:
        """Those of which a run is not over. Nobody else makes one of them until the end of the transaction."""
        ...

    def hold(self, runs: Collection[str], parents_of: Collection[str]) -> Mapping[str, Held]:
        """Look these runs up and keep every other process from changing their owner, or from leaving word for
        `parents_of`'s parents, until the end of the transaction."""
        ...

    def keep(self, outputs: Collection[LargeOutput]) -> None:
        """Store large outputs, to be there when the transaction is."""
        ...


def write(transaction: Transaction, batches: Sequence[Batch], large: Sequence[LargeOutput]) -> set[RunFence]:
    """Write what may be written. Gives the runs, with the fence they were written under, whose owner is another."""
    new = _first_fired(transaction, _first_of_lineage(transaction, [batch.new for batch in batches if batch.new]))
    more = [batch for batch in batches if _is_more_than_events(batch)]
    _begin(transaction, new)
    held = {run.id: _held(run) for run in new}
    known = {batch.run_id for batch in batches}.difference(held)
    ending = {batch.run_id for batch in more if batch.finished}
    if known or ending:
        held.update(transaction.hold(known, ending))
    fences = {run_id: run.fence for run_id, run in held.items()}
    lost = {(batch.run_id, batch.fence) for batch in batches if fences.get(batch.run_id) != batch.fence}
    kept = batches
    if lost:
        kept = [batch for batch in batches if (batch.run_id, batch.fence) not in lost]
        more = [batch for batch in more if (batch.run_id, batch.fence) not in lost]
        large = [output for output in large if (output.run_id, output.fence) not in lost]
    finished = [batch for batch in more if batch.finished]

    transaction.keep(large)
    transaction.insert(NEW_FILE_USES, {(output.run_id, output.hash) for output in large})
    transaction.insert(NEW_EVENTS, [row for batch in kept for row in batch.events])
    transaction.insert(NEW_EFFECTS, _effects(more, held))
    transaction.change(SET_MODE, [(batch.mode, batch.run_id) for batch in more if batch.mode])
    transaction.change(FINISH, [(*batch.finished, batch.run_id) for batch in finished if batch.finished])
    transaction.change(HEED_ALL, [(batch.run_id,) for batch in finished])
    transaction.change(TELL_PARENT, [word for batch in finished if (word := _word(batch, held[batch.run_id]))])
    transaction.change(HEED, [(batch.run_id, batch.heeded) for batch in more if batch.heeded is not None])
    transaction.change(PARK, [(batch.parked.wake_at, batch.run_id) for batch in more if batch.parked])
    return lost


def _is_more_than_events(batch: Batch) -> bool:
    return bool(batch.effect or batch.finished or batch.parked or batch.mode) or batch.heeded is not None


def _begin(transaction: Transaction, runs: Sequence[NewRun]) -> None:
    if not runs:
        return
    transaction.insert(NEW_WORKFLOWS, {run.workflow_hash: (run.workflow_hash, run.workflow) for run in runs}.values())
    transaction.insert(NEW_RUNS, [_run_row(run) for run in runs])


def _first_of_lineage(transaction: Transaction, runs: list[NewRun]) -> list[NewRun]:
    """The runs without those whose lineage has one that is not over: the two would do the same writes at the same time;
    and those whose origin was deleted, with what was known of its writes. They are nobody's then, and lost."""
    first = {run.lineage: run.id for run in reversed(runs) if run.lineage != run.id}
    if not first:
        return runs
    busy = transaction.going_on(sorted(first))
    origins = {run.origin for run in runs if run.origin and run.lineage != run.id}
    there: Mapping[str, Held] = transaction.hold(origins, ()) if origins else {}
    return [
        run
        for run in runs
        if run.lineage == run.id
        or (run.lineage not in busy and first[run.lineage] == run.id and (run.origin is None or run.origin in there))
    ]


def _first_fired(transaction: Transaction, runs: list[NewRun]) -> list[NewRun]:
    """The runs without those for whose firing another one was made. They are nobody's then, and lost."""
    rows = sorted((run.firing.key, run.firing.kind, run.id, run.created_at) for run in runs if run.firing)
    if not rows:
        return runs
    transaction.insert(NEW_FIRINGS, rows)  # in one order everywhere: nobody waits in a circle
    made = transaction.fired([key for key, *_ in rows])
    return [run for run in runs if run.firing is None or made.get(run.firing.key) == run.id]


def _run_row(run: NewRun) -> Row:
    owned = run.owner is not None
    return (
        *(run.id, run.workflow_id, run.workflow_name, run.workflow_hash),
        *("running" if owned else "queued", run.created_at, run.created_at if owned else None, run.inputs),
        *(run.model, run.origin, run.lineage, run.owner, int(owned), run.created_at + LEASE if owned else None),
        *(run.mode, run.parent, run.parent_step, run.parent_item),
        *((run.firing.kind, run.firing.trigger) if run.firing else (None, None)),
    )


def _held(run: NewRun) -> Held:
    return Held(int(run.owner is not None), run.lineage, run.parent, run.parent_step, run.parent_item)


def _effects(batches: Iterable[Batch], held: Mapping[str, Held]) -> Collection[Row]:
    rows: dict[str, Row] = {}
    for batch in batches:
        if effect := batch.effect:
            rows[effect.key] = (
                *(effect.key, effect.run_id, held[batch.run_id].lineage, effect.step, effect.item, effect.action),
                *(effect.account, effect.summary, effect.status, effect.result, effect.at),
            )
    return rows.values()


def _word(batch: Batch, run: Held) -> Row | None:
    """What a run that is over leaves for its parent."""
    if run.parent is None or batch.finished is None:
        return None
    end = batch.finished
    data = {
        "step": run.parent_step,
        "item": run.parent_item,
        "run": batch.run_id,
        "status": end.status,
        "output": None if end.output is None else orjson.Fragment(end.output),
        "error": None if end.error is None else orjson.Fragment(end.error),
        "usage": {"input_tokens": end.input_tokens, "output_tokens": end.output_tokens, "cost": end.cost},
    }
    return orjson.dumps(data).decode(), run.parent
