"""What goes into the journal and comes out of it: rows of its tables, and what one run writes at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson

from orchestrator.beginnings import LIMIT, LargeJson
from orchestrator.data import found_flaw
from orchestrator.events import Event
from orchestrator.masking import mask_json
from orchestrator.workflow import Workflow, new_run_id

if TYPE_CHECKING:
    from orchestrator.history import Mode, TriggerKind


def encode(value: Any) -> str:
    """JSON text of a value, without secrets. Raises TypeError, with words for people, for what JSON cannot hold."""
    return mask_json(_text(value))


def _text(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        raise TypeError(found_flaw(value, "")) from None


@dataclass(frozen=True, slots=True)
class Firing:
    """Why a trigger starts a run. `identity` is the same whoever sees the occasion, and however often."""

    workflow: str
    trigger: str
    kind: TriggerKind
    identity: str

    @property
    def key(self) -> str:
        """Of no more than some 300 characters."""
        short = self.identity if len(self.identity) <= 128 else hashlib.sha256(self.identity.encode()).hexdigest()
        return f"{self.workflow}/{self.trigger}/{short}"


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
    mode: Mode = "run"
    parent: str | None = None
    """The run that waits for this one, in its step `parent_step`, item `parent_item`."""
    parent_step: str | None = None
    parent_item: str | None = None
    firing: Firing | None = None
    """What started it by itself. The run is not made when one was made for that already."""

    @classmethod
    def of(
        cls,
        workflow: Workflow,
        inputs: Mapping[str, Any],
        at: float,
        *,
        model: str | None,
        mode: Mode,
        owner: str | None,
        origin: str | None = None,
        lineage: str | None = None,
        parent: str | None = None,
        parent_step: str | None = None,
        parent_item: str | None = None,
        firing: Firing | None = None,
    ) -> NewRun:
        """A run of this version of a workflow, with an id of its own."""
        id = new_run_id(at)
        return cls(
            id=id,
            workflow_id=workflow.id,
            workflow_name=workflow.title,
            workflow_hash=workflow.hash,
            workflow=mask_json(workflow.stored),
            created_at=at,
            inputs=encode(inputs),
            model=model,
            origin=origin,
            lineage=lineage or id,
            owner=owner,
            mode=mode,
            parent=parent,
            parent_step=parent_step,
            parent_item=parent_item,
            firing=firing,
        )


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


def event_of(row: EventRow) -> Event:
    """The event that a row holds."""
    _, _, at, type, step, item, attempt, data = row
    return Event(type, step, item, attempt, orjson.loads(data), at)  # pyright: ignore[reportArgumentType]


def kept(run_id: str, seq: int, event: Event) -> tuple[EventRow, Event]:
    """The row of an event, and the event as it will be read from there: the same one, unless a secret was in it.
    Raises TypeError, with words for people, when the event's data is not JSON."""
    whole = _text(event.data)
    text = mask_json(whole)
    if text is not whole:
        event = event._replace(data=orjson.loads(text))
    if len(text) > LIMIT:
        text = LargeJson.of(text, event.data)
    return (run_id, seq, event.at, event.type, event.step, event.item, event.attempt, text), event


class Finished(NamedTuple):
    """The end of a run, as its row tells it. `output` and `error` are JSON text."""

    status: str
    at: float
    output: str | None
    error: str | None
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


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
    finished: Finished | None = None
    """A run that has a parent leaves word for it."""
    parked: Parked | None = None
    heeded: int | None = None
    """The signals up to this one are done."""
    mode: Mode | None = None
    """What the run is from now on."""


SignalType = Literal["cancel", "answer", "child"]


@dataclass(frozen=True, slots=True)
class Signal:
    """What somebody wants of a run. "child": a run that it began is over; `data` has step, item, run, status,
    output, error and usage."""

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
