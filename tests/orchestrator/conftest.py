"""A small connector of its own and an engine on it: real parts, no practice services."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.actions import (
    Account,
    Call,
    Connector,
    EffectUnknown,
    Params,
    Plan,
    Result,
    ServiceError,
    Unavailable,
    field,
    placeholder,
)
from orchestrator.journal import Journal
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.orchestrator.command import Command


class Value(Params):
    """Give back what is given."""

    x: Any = field("Anything", default=None)


class Valued(Result):
    x: Any = field("What was given", default=None)


class Times(Params):
    """Fail so many times, then succeed."""

    times: int = field("Failures", default=0, ge=0)
    permanent: bool = field("Trying again does not help", default=False)


class Seconds(Params):
    seconds: float = field("Seconds", default=0.0)


class Post(Params):
    """Post a text to the board."""

    text: str = field("Text")
    lose_answer: bool = field("The post arrives and the answer is lost, once", default=False)


class Posted(Result):
    id: int = field("Number of the post")
    url: str = field("Link")


class Unspeakable(Exception):
    """An error that cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Board:
    """A service that remembers what it was sent, and the connector that speaks to it."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, str]] = []
        self.calls: list[str] = []
        self.failures: dict[str, int] = {}
        self.lock = threading.Lock()
        self.forgets = False
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.connector = Connector("board", title="Board")
        self._declare(self.connector)

    def count(self, key: str) -> int:
        with self.lock:
            self.failures[key] = self.failures.get(key, 0) + 1
            return self.failures[key]

    def _declare(self, board: Connector) -> None:
        @board.action("Echo", effect="read", result=Valued)
        def echo(p: Value, account: Account, call: Call) -> Valued:
            self.calls.append(call.step_id + call.item)
            return Valued(x=p.x)

        @board.action("Echo on the loop", effect="read", result=Valued)
        async def echo_async(p: Value, account: Account, call: Call) -> Valued:
            return Valued(x=p.x)

        @board.action("Fail and recover", effect="read", result=Valued)
        def flaky(p: Times, account: Account, call: Call) -> Valued:
            call.log(f"attempt {call.attempt}")
            if p.permanent:
                raise ServiceError("The board says no.", remedy="Ask someone else.")
            if self.count(call.key) <= p.times:
                raise Unavailable("The board is down.", remedy="Wait.")
            return Valued(x=call.attempt)

        @board.action("Sleep", effect="read", result=Valued)
        def sleep(p: Seconds, account: Account, call: Call) -> Valued:
            time.sleep(p.seconds)
            return Valued()

        @board.action("Break", effect="read", result=Valued)
        def broken(p: Value, account: Account, call: Call) -> Valued:
            raise Unspeakable if p.x == "unspeakable" else ZeroDivisionError("division by zero")

        @board.action("Post", effect="write", result=Posted)
        def post(p: Post, account: Account, call: Call) -> Posted:
            self.entered.set()
            if p.text == "held":
                self.gate.wait(30)
            with self.lock:
                self.posts.append((call.key, p.text))
                number = len(self.posts)
            if p.lose_answer and self.count(call.key) == 1:
                raise Unavailable("The connection dropped.", remedy="Try again.")
            return Posted(id=number, url=f"https://board.example/{number}")

        @post.preview
        def _(p: Post, account: Account) -> Plan:
            return Plan(f"Post '{p.text}'", {"text": p.text}, Posted(id=0, url=placeholder("link")))

        @post.find
        def _(p: Post, account: Account, call: Call) -> Posted | None:
            if self.forgets:
                raise EffectUnknown("The board does not remember who posted.")
            keys = [key for key, _ in self.posts]
            if call.key not in keys:
                return None
            number = keys.index(call.key) + 1
            return Posted(id=number, url=f"https://board.example/{number}")


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def registry(board: Board) -> Registry:
    return Registry([board.connector])


@pytest.fixture
def settings(made_home: Path, store: dict[str, Any]) -> Settings:
    """Of a fresh home, on each kind of store in turn."""
    return Settings.load(home=made_home, **store)


@pytest.fixture
def journal(settings: Settings) -> Iterator[Journal]:
    journal = Journal.open(settings)
    yield journal
    journal.close()


@pytest.fixture
def engine(settings: Settings, registry: Registry) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(settings, registry=registry) as engine:
        yield engine


@pytest.fixture
def workflow() -> Any:
    """Builds a workflow from its steps: `workflow({"id": "a", "uses": "board.echo"}, output={...})`."""

    def build(*steps: dict[str, Any], **keys: Any) -> Workflow:
        return Workflow.model_validate({"id": "test", "steps": list(steps), **keys})

    return build


@pytest.fixture(scope="session")
def command() -> Iterator[Command]:
    """The command line."""
    loaded = Command()
    yield loaded
    loaded.close()
