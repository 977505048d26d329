"""What to do next: the commands that follow from a run's state.

Neither this nor the fold (`state`) does I/O or looks at a clock, so the same events always give the same commands:
running, resuming, replaying and testing are one mechanism. The engine performs each command and records what came of
it as events. The work of one decision grows with the steps that are ready, not with the size of the workflow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from orchestrator.data import is_object
from orchestrator.errors import PatchbayError
from orchestrator.expressions import Expression, Skipped, compile_value
from orchestrator.frames import Frame, StepState
from orchestrator.graph import late_expressions
from orchestrator.preview import digest, has_placeholder
from orchestrator.state import RUN, RunState
from orchestrator.steps import KINDS, Round, RoundsKind, WaitingKind


class Start(NamedTuple):
    """Begin an attempt at a step (or one item of it) with these rendered parameters."""

    step: str
    item: str
    attempt: int
    failures: int
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expand:
    step: str
    item: str
    count: int


@dataclass(frozen=True, slots=True)
class Skip:
    step: str
    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The step cannot go on: an expression of it has no value, or a step inside it failed."""

    step: str
    item: str
    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EndRound:
    step: str
    item: str
    round: Round
    supposed: bool


@dataclass(frozen=True, slots=True)
class Close:
    """What a step with a body gives. `supposed`: if the writes inside happen as they are planned."""

    step: str
    item: str
    output: Any
    supposed: bool


@dataclass(frozen=True, slots=True)
class Open:
    """In a preview: nobody can know yet whether or how this step runs."""

    step: str
    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Propose:
    """The preview is complete: ask whether these writes may go out."""

    hash: str


@dataclass(frozen=True, slots=True)
class Finish:
    status: Literal["succeeded", "failed", "cancelled"]
    output: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


Command = Start | Expand | Skip | Fail | EndRound | Close | Open | Propose | Finish

CHOSEN_BY_THE_SERVICE = "it depends on what only the service can choose"


def decide(state: RunState) -> list[Command]:
    """What is to be done now. Empty when the run is over or waits for what is under way."""
    if state.status != "running":
        return []
    root = state.root
    if state.cancelling or root.failure is not None:
        if root.running:
            return []
        if state.cancelling:
            return [Finish("cancelled")]
        return [Finish("failed", error=root.failure)]
    commands = [command for frame in state.due.values() for command in _decide_frame(state, frame)]
    if commands or root.unfinished:
        return commands
    if state.mode == "preview" and (state.plans or any(step.status == "open" for step in root.steps.values())):
        return [] if RUN in state.waits else [Propose(digest(state.plans.values()))]
    return [_finish(state)]


def _finish(state: RunState) -> Finish:
    if state.only is not None:
        return Finish("succeeded", output={})
    output = state.graph.output
    assert output is not None
    try:
        return Finish("succeeded", output=output.render(state.root.scope()))
    except PatchbayError as error:
        return Finish("failed", error=error.at(key="output").as_dict())


def _decide_frame(state: RunState, frame: Frame) -> Iterator[Command]:
    if frame.owner is not None:
        if frame.is_abandoned:
            return
        if frame.failure is not None:
            if not frame.running:
                yield Fail(frame.owner.id, frame.item, frame.failure)
            return
        if not frame.unfinished:
            yield from _close(state, frame, frame.owner)
            return
    for id in frame.ready:
        yield from _decide_step(state, frame.steps[id])


def _decide_step(state: RunState, step: StepState) -> Iterator[Command]:
    id, frame = step.node.step.id, step.frame
    if step.total is None:
        try:
            reason = _reason_open(step) if state.mode == "preview" else None
            if reason:
                yield Open(id, frame.path, reason)
                return
            reason = _reason_to_skip(state, step)
            if reason:
                yield Skip(id, frame.path, reason)
                return
            if step.is_loop:
                yield Expand(id, frame.path, len(step.values_of_loop()))
                return
        except PatchbayError as error:
            yield Fail(id, frame.path, error.at(step=id).as_dict())
            return
    if step.error is not None:
        return
    room = (step.node.step.concurrency if step.is_loop else 1) - step.active
    kind = KINDS.get(step.node.step.uses)
    rounds = kind if isinstance(kind, RoundsKind) else None
    for item in step.to_start(max(0, room)):
        known = step.items.get(item)
        try:
            params = _params(state, step, item)
            if rounds:
                rounds.first(step.node.step, params)  # raises for parameters with which it cannot begin
        except PatchbayError as error:
            if state.mode == "preview" and _reads_placeholder((step.node.params,), frame):
                yield Open(id, item, CHOSEN_BY_THE_SERVICE)
            else:
                yield Fail(id, item, error.at(step=id, item=item or None).as_dict())
            continue
        if state.mode == "preview" and _is_made_of_placeholders(step, params):
            yield Open(id, item, CHOSEN_BY_THE_SERVICE)
            continue
        attempt, failures = (known.attempt, known.failures) if known else (0, 0)
        yield Start(id, item, attempt + 1, failures, params)


def _params(state: RunState, step: StepState, item: str) -> dict[str, Any]:
    scope = step.scope(item)
    given = state.given.get(step.id)
    if not given:
        return step.node.params.render(scope)
    others = {key: value for key, value in step.node.step.with_.items() if key not in given}
    return {**compile_value(others).render(scope), **given}


def _reason_to_skip(state: RunState, step: StepState) -> str | None:
    node, frame = step.node, step.frame
    if state.only is not None and frame.owner is None:
        return None if step.id == state.only else f"only '{state.only}' was asked for"
    for other in node.needs:
        needed = frame.steps[other]
        if other in node.handles:
            if needed.status != "failed":
                return f"'{other}' did not fail"
        elif needed.status == "skipped" and node.condition is None:
            return f"'{other}' was skipped"
        elif other in node.ways and needed.status == "succeeded" and _way(frame, other) != node.ways[other]:
            return f"'{other}' went another way"
        elif needed.status == "failed" and needed.node.step.on_error != "continue" and node.condition is None:
            return f"'{other}' failed"
    if node.condition is not None and not node.condition.render(frame.scope()):
        return "its condition is not true"
    return None


def _way(frame: Frame, branch: str) -> str | None:
    output = frame.outputs.get(branch)
    return output.get("way") if is_object(output) else None


# --- bodies


def _close(state: RunState, frame: Frame, owner: StepState) -> Iterator[Command]:
    """All steps of a body are over: what it gave, and what is next."""
    id, item = owner.id, frame.item
    steps = frame.steps.values()
    preview = state.mode == "preview"
    if preview and (reason := _reason_not_to_close(frame, owner)):
        yield Open(id, item, reason)
        return
    supposed = preview and any(step.status == "planned" for step in steps)
    scope = frame.scope()
    kind = KINDS[owner.node.step.uses]
    try:
        if frame.body.output is None:
            output = {step.id: _plain(frame.outputs.get(step.id)) for step in steps}
        else:
            output = frame.body.output.render(scope)
        if not isinstance(kind, RoundsKind):
            yield Close(id, item, output, supposed)
            return
        known = owner.items[item]
        round = kind.after(owner.node.step, known.params, known.rounds, frame.name, output, scope)
    except PatchbayError as error:
        yield Fail(id, item, error.at(step=id, item=item or None).as_dict())
        return
    yield EndRound(id, item, round, supposed)
    if round.next is None:
        yield Close(id, item, kind.gives([*known.rounds, round]), supposed)


def _plain(output: Any) -> Any:
    """The output of a step as data: null for one that was skipped."""
    return None if isinstance(output, Skipped) else output


def _reason_not_to_close(frame: Frame, owner: StepState) -> str | None:
    for step in frame.steps.values():
        if step.status == "open":
            return f"it needs '{step.id}', which is open"
    deciding = [
        expression
        for (name, key), expression in late_expressions(owner.node.step).items()
        if name == frame.name and not key.endswith("output")
    ]
    return CHOSEN_BY_THE_SERVICE if _reads_placeholder(deciding, frame) else None


def _reason_open(step: StepState) -> str | None:
    """In a preview: why nobody can know yet whether a step runs, and on what."""
    node, frame = step.node, step.frame
    for other in node.needs:
        if frame.steps[other].status == "open":
            return f"it needs '{other}', which is open"
    deciding = [node.condition, node.items]
    kind = KINDS.get(node.step.uses)
    if kind is not None and not isinstance(kind, WaitingKind):  # what it gives follows from what it is given
        deciding.append(node.params)
    return CHOSEN_BY_THE_SERVICE if _reads_placeholder(deciding, frame) else None


def _is_made_of_placeholders(step: StepState, params: dict[str, Any]) -> bool:
    """In a preview: whether a parameter looks at what only the service can choose, and does not pass it on as it is."""
    return any(
        not has_placeholder(params.get(key)) and _reads_placeholder((compile_value(value),), step.frame)
        for key, value in step.node.step.with_.items()
    )


def _reads_placeholder(expressions: Iterable[Expression | None], frame: Frame) -> bool:
    return any(has_placeholder(value) for expression in expressions if expression for value in _read(expression, frame))


def _read(expression: Expression, frame: Frame) -> Iterator[Any]:
    """What an expression reads of the outputs of steps, and of the rounds before."""
    scope = frame.scope()
    yield from (scope.get(name) for name in ("last", "parent") if name in expression.names)
    for step in expression.steps:
        output = scope["steps"].get(step)
        keys = [key for other, key in expression.paths if other == step]
        if is_object(output) and keys:
            yield from (output.get(key) for key in keys)
        else:
            yield output
