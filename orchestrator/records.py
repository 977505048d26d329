"""What goes into the journal and comes out of it: rows of its tables, and what one run writes at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson

from orchestrator.events import Event
from orchestrator.masking import mask_json


def encode(value: Any) -> str:
    """JSON text of a value, without secrets. Raises TypeError for what JSON cannot hold."""
    return mask_json(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode())


@dataclass(frozen=True, slots=True)
class NewRun:
    """A row of `runs` as it begins: running, owned by `owner`; or queued for whoever claims it, when that is None."""

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
    owner: str | None
    parent: str | None = None
    """The run that waits for this one, in its step `parent_step`, item `parent_item`."""
    parent_step: str | None = None
    parent_item: str | None = None


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
    return kept(run_id, seq, event)[0]


def kept(run_id: str, seq: int, event: Event) -> tuple[EventRow, Event]:
    """The row of an event, and the event as it will be read from there: the same one, unless a secret was in it.
    Raises TypeError when the event's data is not JSON."""
    whole = orjson.dumps(event.data, option=orjson.OPT_NON_STR_KEYS).decode()
    text = mask_json(whole)
    if text is not whole:
        event = replace(event, data=orjson.loads(text))
    return (run_id, seq, event.at, event.type, event.step, event.item, event.attempt, text), event


@dataclass(frozen=True, slots=True)
class Parked:
    """The run waits and nobody needs to own it: until `wake_at`, or for a signal when that is None."""

    wake_at: float | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one run writes at once: all of it or nothing."""

    run_id: str
    fence: int
    events: Sequence[EventRow] = ()
    effect: EffectRow | None = None
    new: NewRun | None = None
    finished: tuple[str, float, str | None, str | None] | None = None
    """(status, finished_at, output, error). A run that has a parent leaves word for it."""
    parked: Parked | None = None
    heeded: int | None = None
    """The signals up to this one are done."""
    children: Sequence[NewRun] = ()
    """Runs that begin with it."""


SignalType = Literal["cancel", "answer", "child"]


@dataclass(frozen=True, slots=True)
class Signal:
    """What somebody wants of a run. "child": a run that it began is over; `data` has step, item, run, status, output
    and error."""

    id: int
    run_id: str
    type: SignalType
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process now owns."""

    run_id: str
    fence: int
    workflow_hash: str
    lineage: str
    model: str | None
