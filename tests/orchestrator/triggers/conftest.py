"""A studio at a time that stands still, with a service that has news."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from orchestrator.actions import Account, Call, Connector, Params, Result, Unavailable, field
from orchestrator.clock import ManualClock
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

MONDAY = datetime.fromisoformat("2026-11-23T07:00:00+00:00").timestamp()

DAILY = {"type": "schedule", "cron": "0 8 * * 1-5", "timezone": "UTC", "with": {"what": "{{ trigger.at }}"}}
HOOK = {"type": "webhook", "with": {"what": "{{ trigger.body }}"}}
NEWS = {
    "type": "poll",
    "every": 300,
    "ask": {"uses": "paper.read"},
    "items": "{{ result.news }}",
    "identity": "{{ item.id }}",
    "with": {"what": "{{ trigger.item.title }}"},
}


class Nothing(Params):
    """Read the paper."""


class News(Result):
    news: list[dict[str, Any]] = field("News")


class Said(Params):
    """Say it."""

    what: Any = field("What", default=None)


class Heard(Result):
    what: Any = field("What", default=None)


class Paper:
    """What stands in it, and what was said of it."""

    def __init__(self) -> None:
        self.news: list[dict[str, Any]] = []
        self.is_closed = False
        self.connector = Connector("paper", title="Paper")

        @self.connector.action("Read", effect="read", result=News)
        def read(p: Nothing, account: Account, call: Call) -> News:
            if self.is_closed:
                raise Unavailable("The paper is closed.", remedy="Wait.")
            return News(news=list(self.news))

        @self.connector.action("Say", effect="read", result=Heard)
        def say(p: Said, account: Account, call: Call) -> Heard:
            return Heard(what=p.what)


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MONDAY)


@pytest.fixture
def settings(tmp_path: Any, store: dict[str, Any]) -> Settings:
    return Settings.load(home=tmp_path / "home", **store)


@pytest.fixture
def open_engine(settings: Settings, paper: Paper, clock: ManualClock) -> Iterator[Callable[[], WorkflowEngine]]:
    """Another process on the same store."""
    opened: list[WorkflowEngine] = []

    def open_one() -> WorkflowEngine:
        opened.append(WorkflowEngine(settings, registry=Registry([paper.connector]), clock=clock))
        return opened[-1]

    yield open_one
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(open_engine: Callable[[], WorkflowEngine]) -> WorkflowEngine:
    return open_engine()


@pytest.fixture
def publish(engine: WorkflowEngine) -> Callable[..., Workflow]:
    """Publishes a workflow with these triggers, which says what it is given."""

    def save(*steps: dict[str, Any], **triggers: Any) -> Workflow:
        content = {
            "id": "tell",
            "inputs": {"what": {"type": "string", "default": "nothing"}},
            "steps": list(steps) or [{"id": "say", "uses": "paper.say", "with": {"what": "{{ inputs.what }}"}}],
            "triggers": triggers,
        }
        workflow = Workflow.model_validate(content)
        engine.workflow_versions.publish(workflow, by="ann")
        return workflow

    return save


@pytest.fixture
def heard(engine: WorkflowEngine) -> Callable[[], list[Any]]:
    """What the runs were given, by the alphabet, once they are over."""

    def look() -> list[Any]:
        runs = [engine.wait(run.id).run_id for run in engine.runs(limit=200)]
        return sorted(engine.run(id).inputs["what"] for id in runs)

    return look
