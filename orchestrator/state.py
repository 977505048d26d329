"""A run as it stands: a pure fold of its events. It does no I/O and looks at no clock."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal

from orchestrator.errors import NotYet
from orchestrator.events import Event
from orchestrator.expressions import Skipped
from orchestrator.frames import Frame, ItemState, StepState
from orchestrator.graph import Graph, Node
from orchestrator.history import FINAL, Mode, RunStatus, StepStatus, Usage
from orchestrator.preview import PlannedEffect
from orchestrator.run_accounts import RunAccounts
from orchestrator.steps import KINDS, ImmediateKind, Round, RoundsKind

RUN = ("", "")
"""Where a question of the run as a whole stands among those of its steps."""

KNOWN = frozenset({"run.started", "step.expanded", "step.started", "step.succeeded", "step.failed", "step.round"})
"""The events of a preview that hold for the run that is made of it. What a built-in step made of them does not: it may
have been made of a stand-in, and is made anew of what the services really gave, which costs nothing."""


class RunState:
    """A run, folded from its events."""

    def __init__(self, graph: Graph, run_id: str) -> None:
        self.graph = graph
        self.run_id = run_id
        self.status: RunStatus = "queued"
        self.root = Frame(graph)
        self.frames: dict[tuple[str, str], Frame] = {self.root.key: self.root}
        self.due: dict[tuple[str, str], Frame] = {}
        """The frames in which something may be to be done."""
        self.inputs: dict[str, Any] = {}
        self.waits: dict[tuple[str, str], float | None] = {}
        self.questions: dict[tuple[str, str], dict[str, Any]] = {}
        self.children: dict[tuple[str, str], str] = {}
        """The runs that it waits for."""
        self.cancelling = False
        self.output: dict[str, Any] | None = None
        self.error: dict[str, Any] | None = None
        self.started_at: float | None = None
        self.finished_at: float | None = None
        self.approved_at: float | None = None
        """When the preview that it was became real."""
        self.mode: Mode = "run"
        self.preview: bool | None = None
        """What whoever began it said of a preview, for all that it calls, too. None: nothing."""
        self.plans: dict[tuple[str, str], PlannedEffect] = {}
        self.only: str | None = None
        """The one step that is to be run."""
        self.given: dict[str, dict[str, Any]] = {}
        """Parameters that were typed in for this run, by step."""
        self.accounts = RunAccounts()
        self.deep = 0
        """How many runs this one stands in."""
        self.parent: str | None = None
        """The run that started it and waits for it."""
        self.left: dict[str, float] = {}
        """What was left of that run's budget."""
        self.used = Usage()
        """What models were asked for in this run."""
        self._known: list[Event] = []

    @property
    def active(self) -> int:
        """The attempts that are under way."""
        return self.root.running

    @property
    def steps(self) -> dict[str, StepState]:
        """The steps of the workflow itself."""
        return self.root.steps

    @property
    def is_waiting(self) -> bool:
        """Nothing is under way: the run waits for a time, for somebody or for another run."""
        return self.status == "running" and self.root.running == 0 and bool(self.waits)

    def step(self, id: str, item: str) -> StepState:
        """The step that an event is of."""
        step = self.root.steps.get(id)
        return step if step is not None else self._frame(self.graph.every[id], item).steps[id]

    def everywhere(self) -> dict[str, list[StepState]]:
        """Each step in all frames that it stands in."""
        found: dict[str, list[StepState]] = {id: [] for id in self.graph.every}
        for frame in self.frames.values():
            for id, step in frame.steps.items():
                found[id].append(step)
        return found

    def apply(self, event: Event) -> None:
        """Fold one event in."""
        if event.step:
            self._apply_to_step(self.step(event.step, event.item), event)
            if usage := event.data.get("usage"):
                self.used += Usage(**usage)
        else:
            self._apply_to_run(event)
        if self.mode == "preview" and event.type in KNOWN and not event.data.get("supposed") and self._holds(event):
            self._known.append(event)

    def _holds(self, event: Event) -> bool:
        """Whether it was asked for outside: not so what a built-in step gave."""
        if event.type not in ("step.succeeded", "step.failed"):
            return True
        return not isinstance(KINDS.get(self.graph.every[event.step].step.uses), ImmediateKind)

    def _apply_to_step(self, step: StepState, event: Event) -> None:
        match event.type:
            case "step.started":
                self._step_started(step, event)
            case "step.succeeded":
                status = "planned" if event.data.get("supposed") else "succeeded"
                self._item_ended(step, event, status, event.data["output"])
            case "step.failed":
                self._item_ended(step, event, "failed", {"error": event.data["error"]})
            case "step.cancelled":
                self._item_ended(step, event, "cancelled", None)
            case "step.retrying":
                self._to_be_tried_again(step.items[event.item], event.data)
                self._step_waiting(step, event)
            case "step.waiting":
                self._step_waiting(step, event)
            case "step.due":
                self._to_start_again(step, event.item)
            case "step.approved":
                self.plans[event.step, event.item] = PlannedEffect(**event.data["plan"])
                step.items[event.item].send = bool(event.data.get("send"))
                step.items[event.item].since = None  # a person's time does not count against its deadline
                self._to_start_again(step, event.item)
            case "step.expanded":
                step.expand(event.data["count"], event.data.get("of", {}))
                step.status, step.started_at = "running", event.at
                if step.total == 0:
                    self._end_step(step, event, "succeeded", [])
            case "step.round":
                self._round_ended(step, event)
            case "step.skipped":
                step.reason = event.data["reason"]
                self._end_step(step, event, "skipped", Skipped.step(event.step))
            case "step.planned":
                self.plans[event.step, event.item] = PlannedEffect(**event.data["plan"])
                self._item_ended(step, event, "planned", event.data["plan"]["result"])
            case "step.opened":
                step.reason = event.data["reason"]
                self._item_ended(step, event, "open", None)
            case _:
                pass

    def _apply_to_run(self, event: Event) -> None:
        match event.type:
            case "run.started":
                self._run_started(event)
            case "run.proposed":
                self.waits[RUN] = event.data["until"]
                self.questions[RUN] = {
                    "kind": "preview",
                    "message": "May these writes go out?",
                    "who": "",
                    "hash": event.data["hash"],
                }
            case "run.approved":
                self._run_approved(event)
            case "run.resumed":
                self._run_resumed(event)
            case "run.cancelling":
                self.cancelling = True
            case "run.finished":
                self._run_finished(event)
            case _:
                pass

    # --- the run

    def _run_started(self, event: Event) -> None:
        self.status, self.started_at = "running", event.at
        self.mode = event.data.get("mode", "run")
        self.preview = event.data.get("preview")
        self.only = event.data.get("only")
        self.given = event.data.get("given", {})
        self.accounts = RunAccounts.of(event.data.get("accounts"))
        self.deep = event.data.get("deep", 0)
        self.parent = event.data.get("parent")
        self.left = event.data.get("left", {})
        for plan in event.data.get("plans", ()):
            self.plans[plan["step"], plan["item"]] = PlannedEffect(**plan)
        self.inputs = event.data["inputs"]
        self.root.visible = {
            "inputs": self.inputs,
            "steps": self.root.outputs,
            "run": {
                "id": self.run_id,
                "workflow": self.graph.workflow.title,
                "started_at": datetime.fromtimestamp(event.at, UTC).isoformat(timespec="seconds"),
            },
        }
        self.root.begun = True
        self.due[self.root.key] = self.root

    def _run_approved(self, approval: Event) -> None:
        """Begin anew for real, with what the preview really read; what was planned is approved."""
        known, plans, cancelling, used = self._known, self.plans, self.cancelling, self.used
        over = {(event.step, event.item) for event in known if event.type in ("step.succeeded", "step.failed")}
        self.__init__(self.graph, self.run_id)
        for event in known:
            if event.type != "step.started" or (event.step, event.item) in over:
                self.apply(event)
        self.mode, self.plans, self.cancelling = "approved", plans, cancelling
        self.used, self.approved_at = used, approval.at
        self._known.clear()

    def _run_resumed(self, event: Event) -> None:
        for frame in self.frames.values():
            frame.running = 0
            for step in frame.steps.values():
                if step.node.bodies:
                    continue  # it goes on with what is inside
                step.active = 0
                running = [name for name, item in step.items.items() if item.status == "running"]
                if step.error is not None and step.finished_at is None:
                    self._end_step(step, event, "failed", {"error": step.error})
                    continue
                step.again.extend(name for name in running if name not in step.again)
                if step.again and not frame.closed:
                    self._ready(step)

    def _run_finished(self, event: Event) -> None:
        self.status = event.data["status"]
        self.output, self.error = event.data.get("output"), event.data.get("error")
        self.finished_at = event.at
        self.due.clear()
        self.waits.clear()
        self.questions.clear()
        self.children.clear()
        for frame in self.frames.values():
            self._cancel_steps(frame, event.at)

    # --- steps

    def _step_started(self, step: StepState, event: Event) -> None:
        item = step.items.setdefault(event.item, ItemState())
        item.status, item.attempt = "running", event.attempt
        item.since = event.at if item.since is None else item.since
        item.tries += item.tried
        item.tried = True
        if step.started_at is None:
            step.started_at = event.at
        step.status = "running"
        if step.total is None:
            step.total = 1
        if step.again and event.item in step.again:
            step.again.remove(event.item)
        step.active += 1
        if not step.again and not step.has_more:
            self._unready(step)
        if step.node.bodies:
            item.params = event.data["input"]
            kind = KINDS[step.node.step.uses]
            if isinstance(kind, RoundsKind):
                self._next_round(step, event.item, item, kind)
            else:
                self._begin_frame(step, event.item, "", event.item)
        else:
            self._count(step.frame, 1)

    def _to_be_tried_again(self, item: ItemState, data: dict[str, Any]) -> None:
        item.error, item.tried = data["error"], data.get("tried", True)
        item.failures += item.tried
        if data["error"].get("code") == NotYet.code:
            item.failures = 0  # the service answered: what failed before has passed

    def _step_waiting(self, step: StepState, event: Event) -> None:
        step.items[event.item].status = "waiting"
        self._stopped_running(step)
        if step.active == 0 and step.error is not None:  # another item failed: this one is not tried again
            self._end_step(step, event, "failed", {"error": step.error})
            return
        if step.active == 0:
            step.status = "waiting"
        key = (event.step, event.item)
        self.waits[key] = event.data["until"]
        if event.data.get("question"):
            self.questions[key] = event.data["question"]
        if event.data.get("child"):
            self.children[key] = event.data["child"]

    def _to_start_again(self, step: StepState, item: str) -> None:
        self._forget_wait(step.id, item)
        step.again.append(item)
        self._ready(step)

    def _forget_wait(self, step: str, item: str) -> None:
        self.waits.pop((step, item), None)
        self.questions.pop((step, item), None)
        self.children.pop((step, item), None)

    def _item_ended(
        self,
        step: StepState,
        event: Event,
        status: Literal["succeeded", "failed", "cancelled", "planned", "open"],
        output: Any,
    ) -> None:
        item = step.items.setdefault(event.item, ItemState())
        if item.status == "running":
            if step.node.bodies:
                step.active -= 1
                self._close_frames(step, event)
            else:
                self._stopped_running(step)
        elif item.status == "waiting":
            self._forget_wait(step.id, event.item)
        step.total = step.total or 1  # it may have failed before it could start, or be recorded by an earlier run
        item.status, item.output, item.error = status, output, event.data.get("error")
        if step.finished_at is not None:
            return  # another item has ended it
        if status == "open" or (status == "planned" and step.ends_as != "open"):
            step.ends_as = status
        step.done += 1
        whole = event.item == step.frame.path  # not one of its items, but the step itself
        if status == "failed":
            on_error = step.node.step.on_error
            if on_error != "continue" or whole:
                step.error = step.error or item.error
            if on_error == "fail":
                step.frame.failure = step.frame.failure or item.error
                self.due[step.frame.key] = step.frame
        ended = (status == "open" and whole) or step.done == step.total or (step.error is not None and step.active == 0)
        if status == "cancelled":
            if step.active == 0:
                self._end_step(step, event, "cancelled", None)
        elif ended and step.error is not None:
            self._end_step(step, event, "failed", {"error": step.error})
        elif ended:
            self._end_step(step, event, step.ends_as, self._output_of(step))
        elif not step.again and not step.has_more:
            self._unready(step)

    def _output_of(self, step: StepState) -> Any:
        if step.ends_as == "open":
            return Skipped.open(step.id)
        if step.is_loop:
            return [step.items[name].output for name in step.names]
        return step.items[step.frame.path].output

    def _end_step(self, step: StepState, event: Event, status: StepStatus, output: Any) -> None:
        frame = step.frame
        step.status, step.finished_at = status, event.at
        if step.started_at is None and status != "skipped":
            step.started_at = event.at
        if status == "failed":
            self._drop_waiting(step)
        frame.outputs[step.id] = output
        frame.unfinished -= 1
        self._unready(step)
        for other in step.node.dependents:
            dependent = frame.steps[other]
            dependent.blockers -= 1
            if dependent.blockers == 0:
                self._ready(dependent)

    def _drop_waiting(self, step: StepState) -> None:
        for name, item in step.items.items():
            if item.status == "waiting":
                item.status = "cancelled"
                self._forget_wait(step.id, name)

    def _ready(self, step: StepState) -> None:
        step.frame.ready[step.id] = None
        if step.frame.begun:
            self.due[step.frame.key] = step.frame

    def _unready(self, step: StepState) -> None:
        frame = step.frame
        frame.ready.pop(step.id, None)
        if frame.is_over and frame.begun and not frame.closed:
            self.due[frame.key] = frame
        elif not frame.ready:
            self.due.pop(frame.key, None)

    def _stopped_running(self, step: StepState) -> None:
        step.active -= 1
        self._count(step.frame, -1)

    def _count(self, frame: Frame | None, change: int) -> None:
        while frame is not None:
            frame.running += change
            frame = frame.parent

    # --- bodies

    def _frame(self, node: Node, item: str) -> Frame:
        """The frame in which a step of a body has this item. A run that goes on from another one may hear of what
        happened in a frame before that begins."""
        path = ".".join(item.split(".")[: node.depth]) if node.depth else ""
        frame = self.frames.get((node.owner, path))
        if frame is None:
            owner = self.graph.every[node.owner]
            rounds = isinstance(KINDS[owner.step.uses], RoundsKind)
            of = path.rpartition(".")[0] if rounds else path
            name = next(name for name, body in owner.bodies.items() if node.step.id in body.nodes)
            frame = self._new_frame(self.step(node.owner, of), of, name, path)
        return frame

    def _new_frame(self, owner: StepState, item: str, name: str, path: str) -> Frame:
        frame = Frame(owner.node.bodies[name], path, owner, item, name)
        self.frames[frame.key] = frame
        owner.inside.setdefault(item, []).append(frame)
        return frame

    def _begin_frame(self, owner: StepState, item: str, name: str, path: str) -> None:
        frame = self.frames.get((owner.id, path)) or self._new_frame(owner, item, name, path)
        frame.begun = True
        self.due[frame.key] = frame

    def _next_round(self, step: StepState, name: str, item: ItemState, kind: RoundsKind[Any]) -> None:
        body = item.rounds[-1].next if item.rounds else kind.first(step.node.step, item.params)
        if body is not None:
            number = len(item.rounds)
            self._begin_frame(step, name, body, f"{name}.{number}" if name else str(number))

    def _round_ended(self, step: StepState, event: Event) -> None:
        item = step.items.setdefault(event.item, ItemState())
        number = len(item.rounds)
        frame = self.frames.get((step.id, f"{event.item}.{number}" if event.item else str(number)))
        if frame is not None:
            self._close(frame)
        item.rounds.append(Round(**event.data["round"]))
        kind = KINDS[step.node.step.uses]
        if item.status == "running" and isinstance(kind, RoundsKind):
            self._next_round(step, event.item, item, kind)

    def _close_frames(self, step: StepState, event: Event) -> None:
        """A step with a body is over for one of its items, with all that is still open inside."""
        for frame in step.inside.get(event.item, ()):
            if frame.closed:
                continue
            self._close(frame)
            if event.type == "step.succeeded":
                continue
            for inner in frame.steps.values():
                for item in inner.inside:
                    self._close_frames(inner, Event(event.type, inner.id, item, at=event.at))
                for item in inner.items:
                    self._forget_wait(inner.id, item)
            self._cancel_steps(frame, event.at)

    def _close(self, frame: Frame) -> None:
        frame.close()
        self.due.pop(frame.key, None)

    def _cancel_steps(self, frame: Frame, at: float) -> None:
        for step in frame.steps.values():
            if step.status not in FINAL and step.status not in ("skipped", "planned", "open"):
                step.status = "cancelled"
                step.finished_at = at if step.started_at else None


def round_data(round: Round) -> dict[str, Any]:
    """A round as its event holds it."""
    return {"round": asdict(round)}
