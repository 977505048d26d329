"""Tests of a workflow: a run whose services' answers are kept, and replayed against another version or model.

A test is a file, `tests/WORKFLOW/NAME.json` in the home. A replay is a run of the real engine in a home of its own,
where every action gives the answer that was kept for its step: nothing goes out, nothing is asked of a service. What
differs from the run that the test was made of is told step by step: what each was given, what came of it, what the
run gave.
"""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.actions import (
    Account,
    Action,
    Call,
    Connector,
    ModelAnswer,
    ModelRequest,
    Params,
    Prompt,
    ServiceError,
)
from orchestrator.clock import Clock, SystemClock, Timer
from orchestrator.compare import Difference, differences
from orchestrator.errors import InvalidFile, NotFound, PatchbayError
from orchestrator.history import FINAL, ItemView, RunView
from orchestrator.library import parse_text
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.steps import KINDS, WaitingKind
from orchestrator.steps.subworkflow import Subworkflow
from orchestrator.workflow import Step, Workflow
from orchestrator.workflow_engine import WorkflowEngine

OPENING = 2.0
"""Seconds that an engine may take to open and to begin a run."""

NAME = re.compile(r"[^\s/\\.\x00-\x1f][^/\\\x00-\x1f]{0,79}")


class Answer(BaseModel):
    """What a step was given and gave, for one of its items. `error` is the message of one that failed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: str = ""
    input: Any = None
    output: Any = None
    error: str | None = None


class WorkflowTest(BaseModel):
    """The file of a test. `steps` are the answers by step, `at` when the run began, in seconds since 1970: a replay
    takes place then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    name: str
    workflow: str
    at: float
    inputs: dict[str, Any] = Field(default_factory=dict)
    steps: dict[str, tuple[Answer, ...]] = Field(default_factory=dict)
    status: str
    output: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Deviation:
    """One thing that a replay did otherwise. `step` is "" for the run as a whole; `what` is "state", "input" or
    "output"; `path` leads to the value."""

    step: str
    what: str
    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a replay. `error` says why it could not take place. `now` is the test that this replay makes,
    for when its differences are wanted; None where it came to another end than the kept run, or lacked an answer."""

    test: WorkflowTest
    deviations: tuple[Deviation, ...] = ()
    error: str = ""
    now: WorkflowTest | None = None

    @property
    def passed(self) -> bool:
        return not self.deviations and not self.error


def made_of(run: RunView, name: str) -> WorkflowTest:
    """The test that a run makes. Raises `InvalidFile` for one that is not over, or was only a preview."""
    if run.status not in FINAL or run.mode == "preview":
        raise InvalidFile("Only a run that is over makes a test.", remedy="Wait for its end, or run it for real.")
    return WorkflowTest(
        name=name.strip(),
        workflow=run.summary.workflow_id,
        at=run.summary.created_at,
        inputs=run.inputs,
        steps={step.id: tuple(map(_answer, step.items)) for step in run.steps if step.items},
        status=run.status,
        output=run.output,
    )


class WorkflowTests:
    """The tests of a library, as files."""

    def __init__(self, home: Path) -> None:
        self._root = home / "tests"

    def list(self, workflow: str | None = None) -> list[WorkflowTest]:
        """All of them, or those of one workflow, by name. Raises `InvalidFile` for one that cannot be read."""
        return [_read(path) for path in sorted(self._root.glob(f"{workflow or '*'}/*.json"))]

    def save(self, test: WorkflowTest) -> Path:
        """Raises `InvalidFile` for a name that is none."""
        path = self._path(test.workflow, test.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(test.model_dump(mode="json"), indent=2, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
        return path

    def delete(self, workflow: str, name: str) -> None:
        """Raises `NotFound`."""
        path = self._path(workflow, name)
        if not path.exists():
            raise NotFound(f"There is no test '{name}' of '{workflow}'.")
        path.unlink()

    def _path(self, workflow: str, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise InvalidFile(f"'{name}' cannot be the name of a test.", remedy="Use letters, digits and spaces.")
        return self._root / workflow / f"{name}.json"


def replay(test: WorkflowTest, workflow: Workflow, engine: WorkflowEngine, *, model: str | None = None) -> Verdict:
    """Run a version of the workflow on the answers that the test keeps. With a `model`, the steps that ask one really
    ask it; nothing else goes out. Takes as long as a run without its services."""
    answers = {(step, answer.item): answer for step, kept in test.steps.items() for answer in kept}
    asked = _Asking(engine, model) if model is not None else None
    registry = Registry(_kept(connector, answers, asked) for connector in engine.registry.connectors.values())
    with tempfile.TemporaryDirectory(prefix="patchbay-test-") as folder:
        settings = Settings.load(home=Path(folder), database_url=None, preview_first=False)
        try:
            with WorkflowEngine(settings, registry=registry, library=engine.library, clock=_Then(test.at)) as stage:
                run_id = stage.start_workflow(
                    _without_people(workflow), test.inputs, pins=_pins(test, workflow), preview=False
                )
                stage.wait(run_id)
                run = stage.run(run_id)
        except PatchbayError as error:
            return Verdict(test, error=str(error))
    if run.status not in FINAL:
        asking = ", ".join(f"'{question.step}'" for question in run.questions)
        return Verdict(test, error=f"It waits at {asking or 'a step'} that the kept run has no answer of.")
    # What failed for want of an answer failed here alone: nobody wants that.
    unanswered = any(item.error and (step.id, item.item) not in answers for step in run.steps for item in step.items)
    ended = run.status == test.status and not unanswered
    now = made_of(run, test.name).model_copy(update={"at": test.at}) if ended else None
    return Verdict(test, tuple(_deviations(test, run, ignore_models=model is not None)), now=now)


# --- the stage


class _Then:
    """A clock that stands at the moment when the kept run began, and goes on from there once the replay has begun."""

    def __init__(self, at: float) -> None:
        self._clock: Clock = SystemClock()
        self._at = at
        self._began = self._clock.now() + OPENING

    def now(self) -> float:
        return self._at + max(0.0, self._clock.now() - self._began)

    def call_at(self, when: float, callback: Any) -> Timer:
        return self._clock.call_at(self._clock.now() + when - self.now(), callback)


class _Asking:
    """What an action that asks a model may do in a replay: render templates, and ask."""

    def __init__(self, engine: WorkflowEngine, model: str) -> None:
        self._engine = engine
        self._model = model

    def log(self, call: Call, message: str) -> None: ...

    def stream(self, call: Call, text: str) -> None: ...

    def sending(self, call: Call) -> None: ...

    def prompt(self, template: str, variables: Mapping[str, Any]) -> Prompt:
        return self._engine.library.templates.load(template).render(variables)

    def generate(self, call: Call, model: str | None, request: ModelRequest) -> ModelAnswer:
        connector, name = self._engine.accounts.model(self._model)
        assert connector.generate_function is not None
        asked = ModelRequest(
            **{field: getattr(request, field) for field in request.__slots__ if field != "model"}, model=name
        )
        return connector.generate_function(asked, self._engine.accounts.get(connector.id), call)

    def folder(self, call: Call) -> Path:
        raise ServiceError("A model that is asked in a test has no folder.")


def _kept(connector: Connector, answers: Mapping[tuple[str, str], Answer], asked: _Asking | None) -> Connector:
    """The connector with actions that give what was kept."""
    stage = Connector(connector.id, title=connector.title, icon=connector.icon)
    stage.generate_function = connector.generate_function
    stage.models_function = connector.models_function
    for name, action in connector.actions.items():
        stage.actions[name] = _kept_action(stage, action, answers, asked)
    return stage


def _kept_action(
    stage: Connector, action: Action, answers: Mapping[tuple[str, str], Answer], asked: _Asking | None
) -> Action:
    def give(params: Params, account: Account, call: Call) -> Any:
        if asked is not None and "model" in action.params.model_fields:
            own = Call(call.run_id, call.step_id, call.key, asked, call.item, call.attempt, call.timeout)
            return action.function(params, account, own)
        answer = answers.get((call.step_id, call.item))
        if answer is None:
            place = f" item {call.item}" if call.item else ""
            raise ServiceError(
                f"The test has no answer of step '{call.step_id}'{place}.", remedy="Make a test of a newer run."
            )
        if answer.error is not None:
            raise ServiceError(answer.error)
        return answer.output

    known = copy.copy(action)
    known.connector, known.function, known.is_async = stage, give, False
    known.effect, known.preview_function, known.find_function = "read", None, None
    return known


def _without_people(workflow: Workflow) -> Workflow:
    """Nobody is needed to act as, or to approve what does not go out."""
    return workflow.model_copy(update={"steps": tuple(map(_bare, workflow.steps))})


def _bare(step: Step) -> Step:
    people = {"account": step.account, "approve": step.approve}
    changes: dict[str, Any] = {name: None for name, value in people.items() if value is not None}
    if step.steps:
        changes["steps"] = tuple(map(_bare, step.steps))
    if step.states:
        changes["states"] = {
            name: state.model_copy(update={"steps": tuple(map(_bare, state.steps))}) if state.steps else state
            for name, state in step.states.items()
        }
    return step.model_copy(update=changes) if changes else step


def _pins(test: WorkflowTest, workflow: Workflow) -> dict[str, Any]:
    """What people and other workflows gave: their steps are not run again."""
    found: dict[str, Any] = {}
    for step in workflow.steps:
        if isinstance(KINDS.get(step.uses), WaitingKind | Subworkflow) and step.id in test.steps:
            outputs = [answer.output for answer in test.steps[step.id]]
            found[step.id] = outputs if step.for_each is not None else outputs[0]
    return found


# --- what differs


def _deviations(test: WorkflowTest, run: RunView, *, ignore_models: bool) -> Iterable[Deviation]:
    if run.status != test.status:
        reason = (run.summary.error or {}).get("message")
        yield Deviation("", "state", "", test.status, f"{run.status}: {reason}" if reason else run.status)
    now = {step.id: tuple(map(_answer, step.items)) for step in run.steps if step.items}
    for step in dict.fromkeys([*now, *test.steps]):
        before = {answer.item: answer for answer in test.steps.get(step, ())}
        after = {answer.item: answer for answer in now.get(step, ())}
        for item in dict.fromkeys([*after, *before]):
            place = f"{step} {item}".strip()
            yield from _of(place, before.get(item), after.get(item))
    if not (ignore_models and run.status == test.status):
        yield from (Deviation("", "output", *_parts(one)) for one in differences(test.output, run.output))


def _of(place: str, before: Answer | None, after: Answer | None) -> Iterable[Deviation]:
    if before is None or after is None:
        yield Deviation(place, "state", "", before and "ran", after and "ran")
        return
    if before.input is not None and after.input is not None:  # of a person's answer there is none
        yield from (Deviation(place, "input", *_parts(one)) for one in differences(before.input, after.input))
    yield from (Deviation(place, "output", *_parts(one)) for one in differences(before.output, after.output))
    if before.error != after.error:
        yield Deviation(place, "state", "", before.error, after.error)


def _parts(one: Difference) -> tuple[str, Any, Any]:
    return one.path, one.before, one.after


def _answer(item: ItemView) -> Answer:
    error = None if item.error is None else str(item.error.get("message"))
    return Answer(item=item.item, input=item.input, output=item.output, error=error)


def _read(path: Path) -> WorkflowTest:
    try:
        return WorkflowTest.model_validate(parse_text(path.read_text(encoding="utf-8"), file=path.name))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise InvalidFile(f"The test {path.name} cannot be read: {error}", remedy="Correct or delete it.") from None


__all__ = ["Answer", "Deviation", "Verdict", "WorkflowTest", "WorkflowTests", "made_of", "replay"]
