"""A run without an engine: `decide` is asked, and the order in which things end is chosen by chance.

What the driver does with each command is done here as plainly as can be, without tasks, time or disk. A kill takes
away what is under way and the last batches of events that were not on disk yet; what is left is read as JSON and folded
anew.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import orjson

from orchestrator.decide import Close, EndRound, Expand, Fail, Finish, Skip, Start, decide
from orchestrator.events import Event
from orchestrator.graph import Graph
from orchestrator.origin import RECORDED
from orchestrator.params import validate
from orchestrator.state import RunState, round_data
from orchestrator.steps import KINDS, Done, ImmediateKind, Stopped, Waiting
from orchestrator.workflow import Workflow

BOOM = {"code": "service", "message": "boom", "remedy": "", "retryable": False, "where": ""}
PATIENCE = 5_000
"""Steps of a simulation after which it is taken to go round for ever."""


@dataclass(frozen=True)
class Result:
    """`output` is None unless it succeeded."""

    status: str
    output: dict[str, Any] | None


@dataclass
class Simulation:
    """Without `rng`, things end in the order in which they began. `hazard` is the chance of a kill, or of another
    attempt, at each step; `resumes` that of going on as a new run."""

    workflow: Workflow
    rng: random.Random | None = None
    hazard: float = 0.0
    resumes: float = 0.0

    def __post_init__(self) -> None:
        self.written: list[int] = []
        """Numbers of events after which a batch ends that a kill may leave as the last one."""
        self.graph = Graph.of(self.workflow)
        self.kills = 0
        self._begin([])

    def _begin(self, recorded: list[Event]) -> None:
        self.events: list[Event] = []
        self.written = [1]
        self.pending: list[Start] = []
        self.state = RunState(self.graph, "r")
        self._say("run.started", data={"inputs": {}, "mode": "run"})
        for event in recorded:
            self._say(event.type, event.step, event.item, event.attempt, event.data)
        self.written = [len(self.events)]

    def run(self) -> Result:
        for _ in range(PATIENCE):
            self._advance()
            if self.state.status != "running":
                return Result(self.state.status, self.state.output if self.state.status == "succeeded" else None)
            if self._chance(self.hazard):
                self._kill()
            elif self._chance(self.resumes):
                self._go_on_as_a_new_run()
            else:
                self._something_ends()
        raise AssertionError("it goes round for ever")

    def _chance(self, share: float) -> bool:
        return self.rng is not None and self.rng.random() < share

    def _say(self, type: Any, step: str = "", item: str = "", attempt: int = 0, data: Any = None) -> None:
        event = Event(type, step, item, attempt, data or {}, 1.0)
        self.events.append(event)
        self.state.apply(event)

    def _advance(self) -> None:
        while commands := decide(self.state):
            for command in commands:
                self._do(command)
        self.written.append(len(self.events))

    def _do(self, command: Any) -> None:
        match command:
            case Start() | Fail() if self.state.step(command.step, command.item).finished_at is not None:
                pass  # what was done just before has ended the step: another item of it failed
            case Start():
                self._start(command)
            case Expand():
                self._say("step.expanded", command.step, command.item, data={"count": command.count})
            case Skip():
                self._say("step.skipped", command.step, command.item, data={"reason": command.reason})
            case EndRound():
                self._say("step.round", command.step, command.item, data=round_data(command.round))
            case Close():
                attempt = self.state.step(command.step, command.item).items[command.item].attempt
                self._say("step.succeeded", command.step, command.item, attempt, {"output": command.output})
            case Fail():
                self._say("step.failed", command.step, command.item, data={"error": command.error})
            case Finish():
                data = {"status": command.status, "output": command.output, "error": command.error}
                self._say("run.finished", data={name: value for name, value in data.items() if value is not None})
            case _:
                raise AssertionError(command)

    def _start(self, start: Start) -> None:
        known = {(event.step, event.item) for event in self.events if event.type == "step.succeeded"}
        assert (start.step, start.item) not in known, f"{start} was done before"
        self._say("step.started", start.step, start.item, start.attempt, {"input": start.params})
        node = self.state.step(start.step, start.item).node
        kind = KINDS.get(node.step.uses)
        if node.bodies:
            return
        if not isinstance(kind, ImmediateKind):
            self.pending.append(start)
            return
        outcome = kind.begin(validate(kind, start.params), 1.0)
        match outcome:
            case Done():
                self._ended(start, outcome.output)
            case Stopped():
                self._say("step.failed", start.step, start.item, start.attempt, {"error": outcome.error.as_dict()})
            case Waiting():
                self._say("step.waiting", start.step, start.item, start.attempt, {"until": outcome.until})

    def _ended(self, start: Start, output: Any) -> None:
        self._say("step.succeeded", start.step, start.item, start.attempt, {"output": output})

    def _something_ends(self) -> None:
        """One attempt, or one wait, comes to its end."""
        open_ = [*self.pending, *self.state.waits]
        assert open_, "the run is stuck"
        one = self.rng.choice(open_) if self.rng else open_[0]
        if not isinstance(one, Start):
            self._due(*one)
            return
        self.pending.remove(one)
        if self.state.step(one.step, one.item).items[one.item].status != "running":
            return  # it was given up: something around it failed
        if self._chance(self.hazard):
            self._say("step.retrying", one.step, one.item, one.attempt, {"error": BOOM, "until": 2.0})
        elif self.state.step(one.step, one.item).node.step.uses == "board.boom":
            self._say("step.failed", one.step, one.item, one.attempt, {"error": BOOM})
        else:
            self._ended(one, {"x": one.params["x"]})

    def _due(self, step: str, item: str) -> None:
        state = self.state.step(step, item)
        if state.node.step.uses in KINDS:
            self._say("step.succeeded", step, item, state.items[item].attempt, {"output": {"until": "then"}})
        else:
            self._say("step.due", step, item)

    def _kill(self) -> None:
        """The process is gone, and with it some of the last events; another one goes on with what is on disk."""
        assert self.rng is not None
        self.kills += 1
        left = self.rng.choice(self.written)
        self.written = [left]
        on_disk: list[dict[str, Any]] = orjson.loads(orjson.dumps([event._asdict() for event in self.events[:left]]))
        self.events = []
        self.pending = []
        self.state = RunState(self.graph, "r")
        for row in on_disk:
            event = Event(**row)
            self.events.append(event)
            self.state.apply(event)
        if self.state.active:
            self._say("run.resumed", data={"reason": "killed"})
            self.written.append(len(self.events))

    def _go_on_as_a_new_run(self) -> None:
        """As `resume` does for a run that failed or was cancelled: with what was recorded, and anew."""
        self.kills += 1
        self._begin([event for event in self.events if event.type in RECORDED])
