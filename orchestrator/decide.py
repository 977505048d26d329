"""What to do next: a pure fold of a run's events, and the commands that follow from it.

`RunState.apply` folds one event in; `decide` looks at the state and says what is to be done. Neither does I/O or
looks at a clock, so the same events always give the same commands: running, resuming, replaying and testing are one
mechanism. The engine performs each command and records what came of it as events.

The work of one decision grows with the steps that are ready, not with the size of the workflow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from orchestrator.data import is_list, is_object
from orchestrator.errors import ExpressionError, PatchbayError
from orchestrator.events import Event
from orchestrator.expressions import Expression, Skipped
from orchestrator.graph import Graph, Node
from orchestrator.history import FINAL, Mode, RunStatus, StepStatus
from orchestrator.preview import PlannedEffect, digest, has_placeholder


@dataclass(frozen=True, slots=True)
class Start:
    """Begin an attempt at a step (or one item of it) with these rendered parameters."""

    step: str
    item: str
    attempt: int
    failures: int
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expand:
    step: str
    count: int


@dataclass(frozen=True, slots=True)
class Skip:
    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The step cannot even start: an expression of it has no value."""

    step: str
    item: str
    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finish:
    status: Literal["succeeded", "failed", "cancelled"]
    output: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """In a preview: nobody can know yet whether or how this step runs."""

    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Propose:
    """The preview is complete: ask whether these writes may go out."""

    hash: str


Command = Start | Expand | Skip | Fail | Open | Propose | Finish

RUN = ("", "")
"""Where a question of the run as a whole stands among those of its steps."""


KNOWN = frozenset({"run.started", "step.expanded", "step.started", "step.succeeded", "step.failed"})
"""The events of a preview that hold for the run that is made of it."""


class ItemState:
    """One item of a `for_each`, or the step itself (item "")."""

    __slots__ = ("attempt", "error", "failures", "output", "retry_at", "status")

    def __init__(self) -> None:
        self.status: StepStatus = "pending"
        self.attempt = 0
        self.failures = 0
        self.output: Any = None
        self.error: dict[str, Any] | None = None
        self.retry_at: float | None = None


class StepState:
    """Where a step stands. `total` is the number of its items, None until it begins."""

    __slots__ = (
        "active", "again", "blockers", "done", "ends_as", "error", "finished_at", "items",
        "next", "node", "reason", "started_at", "status", "total", "values",
    )  # fmt: skip

    def __init__(self, node: Node) -> None:
        self.node = node
        self.status: StepStatus = "pending"
        self.blockers = len(node.needs)
        self.items: dict[str, ItemState] = {}
        self.total: int | None = None
        self.next = 0
        self.active = 0
        self.done = 0
        self.ends_as: StepStatus = "succeeded"
        self.again: deque[str] = deque()
        self.values: list[Any] | None = None
        self.error: dict[str, Any] | None = None
        self.reason: str | None = None
        self.started_at: float | None = None
        self.finished_at: float | None = None

    @property
    def is_loop(self) -> bool:
        return self.node.items is not None

    @property
    def attempts(self) -> int:
        return max((item.attempt for item in self.items.values()), default=0)

    @property
    def has_more(self) -> bool:
        """Whether an item is left that was never started. Items that an earlier run recorded are passed over."""
        total = self.total or 0
        while self.next < total and self._name(self.next) in self.items:
            self.next += 1
        return self.next < total

    def to_start(self, room: int) -> list[str]:
        """The next items, at most `room`: those to be tried again first."""
        found = list(self.again)[:room]
        index = self.next
        total = (self.total or 0) if self.is_loop else 1
        while len(found) < room and index < total:
            name = self._name(index)
            if name not in self.items:
                found.append(name)
            index += 1
        return found

    def _name(self, index: int) -> str:
        return str(index) if self.is_loop else ""


class RunState:
    """A run, folded from its events."""

    def __init__(self, graph: Graph, run_id: str) -> None:
        self.graph = graph
        self.run_id = run_id
        self.status: RunStatus = "queued"
        self.steps = {id: StepState(node) for id, node in graph.nodes.items()}
        self.outputs: dict[str, Any] = {}
        self.scope: dict[str, Any] = {"inputs": {}, "steps": self.outputs, "run": {}}
        self.ready: dict[str, None] = {}
        self.waits: dict[tuple[str, str], float | None] = {}
        self.questions: dict[tuple[str, str], dict[str, Any]] = {}
        self.active = 0
        self.unfinished = len(self.steps)
        self.cancelling = False
        self.failure: dict[str, Any] | None = None
        self.output: dict[str, Any] | None = None
        self.error: dict[str, Any] | None = None
        self.started_at: float | None = None
        self.finished_at: float | None = None
        self.mode: Mode = "run"
        self.plans: dict[tuple[str, str], PlannedEffect] = {}
        self._known: list[Event] = []

    def apply(self, event: Event) -> None:
        """Fold one event in."""
        match event.type:
            case "step.started":
                self._step_started(self.steps[event.step], event)
            case "step.succeeded":
                self._item_ended(self.steps[event.step], event, "succeeded")
            case "step.failed":
                self._item_ended(self.steps[event.step], event, "failed")
            case "step.cancelled":
                self._item_ended(self.steps[event.step], event, "cancelled")
            case "step.retrying":
                self._step_retrying(self.steps[event.step], event)
            case "step.due":
                self.waits.pop((event.step, event.item), None)
                self.steps[event.step].again.append(event.item)
                self.ready[event.step] = None
            case "step.waiting":
                self._step_waiting(self.steps[event.step], event)
            case "step.expanded":
                step = self.steps[event.step]
                step.total = event.data["count"]
                step.status, step.started_at = "running", event.at
                if step.total == 0:
                    self._end_step(step, event, "succeeded", [])
            case "step.skipped":
                step = self.steps[event.step]
                step.reason = event.data["reason"]
                self._end_step(step, event, "skipped", Skipped.step(event.step))
            case "step.planned":
                self.plans[event.step, event.item] = PlannedEffect(**event.data["plan"])
                self._item_ended(self.steps[event.step], event, "planned")
            case "step.opened":
                self.steps[event.step].reason = event.data["reason"]
                self._item_ended(self.steps[event.step], event, "open")
            case "step.approved":
                key = (event.step, event.item)
                self.plans[key] = PlannedEffect(**event.data["plan"])
                self.waits.pop(key, None)
                self.questions.pop(key, None)
                self.steps[event.step].again.append(event.item)
                self.ready[event.step] = None
            case "run.proposed":
                self.waits[RUN] = event.data["until"]
                self.questions[RUN] = {
                    "kind": "preview",
                    "message": "May these writes go out?",
                    "who": "",
                    "hash": event.data["hash"],
                }
            case "run.approved":
                self._run_approved()
            case "run.started":
                self._run_started(event)
            case "run.resumed":
                self._run_resumed()
            case "run.cancelling":
                self.cancelling = True
            case "run.finished":
                self._run_finished(event)
            case "step.log":
                pass
        if self.mode == "preview" and event.type in KNOWN:
            self._known.append(event)

    @property
    def is_waiting(self) -> bool:
        """Nothing is under way: the run waits for a time or for somebody."""
        return self.status == "running" and self.active == 0 and bool(self.waits)

    def values(self, step: StepState) -> list[Any]:
        """The items of a `for_each`. The same every time, since what it refers to is recorded."""
        if step.values is None:
            assert step.node.items is not None
            values = step.node.items.render(self.scope)
            if not is_list(values):
                raise ExpressionError(
                    f"'for_each' needs a list and got {type(values).__name__}.",
                    remedy="Point it at a list, such as {{ steps.mail.messages }}.",
                )
            step.values = values
        return step.values  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportReturnType]

    def _run_approved(self) -> None:
        """Begin anew for real, with what the preview really read; what was planned is approved."""
        known, plans, cancelling = self._known, self.plans, self.cancelling
        over = {(event.step, event.item) for event in known if event.type in ("step.succeeded", "step.failed")}
        self.__init__(self.graph, self.run_id)
        for event in known:
            if event.type != "step.started" or (event.step, event.item) in over:
                self.apply(event)
        self.mode, self.plans, self.cancelling = "approved", plans, cancelling
        self._known.clear()

    def _run_started(self, event: Event) -> None:
        self.status, self.started_at = "running", event.at
        self.mode = event.data.get("mode", "run")
        for plan in event.data.get("plans", ()):
            self.plans[plan["step"], plan["item"]] = PlannedEffect(**plan)
        self.scope["inputs"] = event.data["inputs"]
        self.scope["run"] = {
            "id": self.run_id,
            "workflow": self.graph.workflow.title,
            "started_at": datetime.fromtimestamp(event.at, UTC).isoformat(timespec="seconds"),
        }
        self.ready.update((id, None) for id, step in self.steps.items() if step.blockers == 0)

    def _run_resumed(self) -> None:
        self.active = 0
        for id, step in self.steps.items():
            step.active = 0
            running = [name for name, item in step.items.items() if item.status == "running"]
            step.again.extend(name for name in running if name not in step.again)
            if step.again:
                self.ready[id] = None

    def _run_finished(self, event: Event) -> None:
        self.status = event.data["status"]
        self.output, self.error = event.data.get("output"), event.data.get("error")
        self.finished_at = event.at
        self.ready.clear()
        self.waits.clear()
        self.questions.clear()
        for step in self.steps.values():
            if step.status not in FINAL and step.status != "skipped":
                step.status = "cancelled"
                step.finished_at = event.at if step.started_at else None

    def _step_started(self, step: StepState, event: Event) -> None:
        item = step.items.setdefault(event.item, ItemState())
        item.status, item.attempt, item.retry_at = "running", event.attempt, None
        if step.started_at is None:
            step.started_at = event.at
        step.status = "running"
        if step.total is None:
            step.total = 1
        if step.again and event.item in step.again:
            step.again.remove(event.item)
        step.active += 1
        self.active += 1
        if not step.again and not step.has_more:
            self.ready.pop(event.step, None)

    def _step_retrying(self, step: StepState, event: Event) -> None:
        item = step.items[event.item]
        item.status, item.error, item.retry_at = "waiting", event.data["error"], event.data["until"]
        item.failures += 1
        step.active -= 1
        self.active -= 1
        if step.active == 0:
            step.status = "waiting"
        self.waits[event.step, event.item] = event.data["until"]

    def _step_waiting(self, step: StepState, event: Event) -> None:
        step.items[event.item].status = "waiting"
        step.active -= 1
        self.active -= 1
        if step.active == 0:
            step.status = "waiting"
        key = (event.step, event.item)
        self.waits[key] = event.data["until"]
        if event.data["question"]:
            self.questions[key] = event.data["question"]

    def _item_ended(
        self, step: StepState, event: Event, status: Literal["succeeded", "failed", "cancelled", "planned", "open"]
    ) -> None:
        item = step.items.setdefault(event.item, ItemState())
        if item.status == "running":
            step.active -= 1
            self.active -= 1
        elif item.status == "waiting":
            self.waits.pop((event.step, event.item), None)
            self.questions.pop((event.step, event.item), None)
        step.total = step.total or 1  # it may have failed before it could start, or be recorded by an earlier run
        item.status = status
        item.output, item.error = event.data.get("output"), event.data.get("error")
        if status == "planned":
            item.output = event.data["plan"]["result"]
        if status == "open" or (status == "planned" and step.ends_as != "open"):
            step.ends_as = status
        step.done += 1
        continues = step.node.step.on_error == "continue"
        if status == "failed":
            item.output = {"error": item.error}
            if not (continues and step.is_loop and event.item):
                step.error = step.error or item.error
            if step.node.step.on_error == "fail":
                self.failure = self.failure or item.error
        whole = status == "open" and not event.item  # the step as a whole is open, whatever items it may have
        ended = whole or step.done == step.total or (step.error is not None and step.active == 0)
        if status == "cancelled":
            if step.active == 0:
                self._end_step(step, event, "cancelled", None)
        elif ended and step.error is not None:
            self._end_step(step, event, "failed", {"error": step.error})
        elif ended:
            self._end_step(step, event, step.ends_as, self._output_of(step))
        elif not step.again and not step.has_more:
            self.ready.pop(event.step, None)

    def _output_of(self, step: StepState) -> Any:
        if step.ends_as == "open":
            return Skipped.open(step.node.step.id)
        if step.is_loop:
            return [step.items[str(index)].output for index in range(step.total or 0)]
        return step.items[""].output

    def _end_step(self, step: StepState, event: Event, status: StepStatus, output: Any) -> None:
        id = step.node.step.id
        step.status, step.finished_at = status, event.at
        if step.started_at is None and status != "skipped":
            step.started_at = event.at
        self.outputs[id] = output
        self.ready.pop(id, None)
        self.unfinished -= 1
        for other in step.node.dependents:
            dependent = self.steps[other]
            dependent.blockers -= 1
            if dependent.blockers == 0:
                self.ready[other] = None


def decide(state: RunState) -> list[Command]:
    """What is to be done now. Empty when the run is over or waits for what is under way."""
    if state.status != "running":
        return []
    if state.cancelling or state.failure is not None:
        if state.active:
            return []
        if state.cancelling:
            return [Finish("cancelled")]
        return [Finish("failed", error=state.failure)]
    commands = [command for id in state.ready for command in _decide_step(state, state.steps[id])]
    if commands or state.unfinished:
        return commands
    if state.mode == "preview" and (state.plans or any(step.status == "open" for step in state.steps.values())):
        return [] if RUN in state.waits else [Propose(digest(state.plans.values()))]
    return [_finish(state)]


def _decide_step(state: RunState, step: StepState) -> Iterator[Command]:
    id = step.node.step.id
    if step.total is None:
        try:
            reason = _reason_open(state, step) if state.mode == "preview" else None
            if reason:
                yield Open(id, reason)
                return
            reason = _reason_to_skip(state, step)
            if reason:
                yield Skip(id, reason)
                return
            if step.is_loop:
                yield Expand(id, len(state.values(step)))
                return
        except PatchbayError as error:
            yield Fail(id, "", error.at(step=id).as_dict())
            return
    if step.error is not None:
        return
    room = (step.node.step.concurrency if step.is_loop else 1) - step.active
    for item in step.to_start(max(0, room)):
        known = step.items.get(item)
        try:
            params = step.node.params.render(item_scope(state, step, item))
        except PatchbayError as error:
            yield Fail(id, item, error.at(step=id, item=item or None).as_dict())
            continue
        attempt, failures = (known.attempt, known.failures) if known else (0, 0)
        yield Start(id, item, attempt + 1, failures, params)


def item_scope(state: RunState, step: StepState, item: str) -> dict[str, Any]:
    """What the expressions of a step can see, for one of its items."""
    if not step.is_loop:
        return state.scope
    return {**state.scope, "item": state.values(step)[int(item)], "index": int(item)}


def _reason_to_skip(state: RunState, step: StepState) -> str | None:
    node = step.node
    for other in node.needs:
        needed = state.steps[other]
        if other in node.handles:
            if needed.status != "failed":
                return f"'{other}' did not fail"
        elif needed.status == "skipped" and node.condition is None:
            return f"'{other}' was skipped"
        elif other in node.ways and needed.status == "succeeded" and _way(state, other) != node.ways[other]:
            return f"'{other}' went another way"
        elif needed.status == "failed" and needed.node.step.on_error != "continue" and node.condition is None:
            return f"'{other}' failed"
    if node.condition is not None and not node.condition.render(state.scope):
        return "its condition is not true"
    return None


def _reason_open(state: RunState, step: StepState) -> str | None:
    """In a preview: why nobody can know yet whether a step runs, and on what."""
    node = step.node
    for other in node.needs:
        if state.steps[other].status == "open":
            return f"it needs '{other}', which is open"
    for expression in (node.condition, node.items):
        if expression is not None and any(has_placeholder(value) for value in _read_by(expression, state)):
            return "it depends on what only the service can choose"
    return None


def _read_by(expression: Expression, state: RunState) -> Iterator[Any]:
    """What an expression reads of the outputs of steps."""
    keys = {step: {key for other, key in expression.paths if other == step} for step in expression.steps}
    for step, read in keys.items():
        output = state.outputs.get(step)
        if is_object(output) and read:
            yield from (output.get(key) for key in read)
        else:
            yield output


def _way(state: RunState, branch: str) -> str | None:
    output = state.outputs.get(branch)
    return output.get("way") if is_object(output) else None


def _finish(state: RunState) -> Finish:
    try:
        return Finish("succeeded", output=state.graph.output.render(state.scope))
    except PatchbayError as error:
        return Finish("failed", error=error.at(key="output").as_dict())
