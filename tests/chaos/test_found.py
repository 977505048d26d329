"""What storms and random workflows found, the smallest case of each. What cannot be mended yet is marked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.accounts import Accounts
from orchestrator.actions import Account, Call, Connector, Params, Result, ServiceError, Unavailable, field
from orchestrator.clock import Clock, ManualClock, SystemClock
from orchestrator.decide import decide
from orchestrator.effects import Ledger
from orchestrator.engine import Engine
from orchestrator.events import Event
from orchestrator.graph import Graph
from orchestrator.journal import Journal
from orchestrator.library import Library
from orchestrator.performer import Performer
from orchestrator.practice import PracticeServer
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.state import RunState
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.chaos.proxy import Answer, Ask, Proxy, writes

PATIENCE = 20
"""Seconds after which a run that is not over is stuck."""


class Value(Params):
    """Give back what is given."""

    x: Any = field("Anything", default=None)


class Valued(Result):
    x: Any = field("What was given", default=None)


@pytest.fixture
def registry() -> Registry:
    """Gives back what it is given; fails when it is called first; refuses at once, or fails later."""
    board = Connector("board", title="Board")
    called = [0]

    @board.action("Echo", effect="read", result=Valued)
    def echo(p: Value, account: Account, call: Call) -> Valued:
        return Valued(x=p.x)

    @board.action("Fail once", effect="read", result=Valued)
    def fail_once(p: Value, account: Account, call: Call) -> Valued:
        called[0] += 1
        if called[0] == 1:
            raise Unavailable("The board is down.")
        return Valued(x=p.x)

    @board.action("Refuse or fail", effect="read", result=Valued)
    def refuse(p: Value, account: Account, call: Call) -> Valued:
        if p.x:
            raise ServiceError("No.")
        time.sleep(0.2)
        raise Unavailable("The board is down.")

    return Registry([board])


@pytest.fixture
def engine(registry: Registry, tmp_path: Path) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings.load(home=tmp_path / "home"), registry=registry) as engine:
        yield engine


def workflow(*steps: dict[str, Any], id: str = "test", **keys: Any) -> Workflow:
    return Workflow.model_validate({"id": id, "steps": list(steps), **keys})


def wait(id: str, seconds: float, **keys: Any) -> dict[str, Any]:
    return {"id": id, "uses": "wait", "with": {"seconds": seconds}, **keys}


def status_after(engine: WorkflowEngine, run_id: str) -> str:
    """The status of a run once it is over, or that which it has when it should be by far."""
    deadline = time.monotonic() + PATIENCE
    while (status := engine.run(run_id).status) not in ("succeeded", "failed") and time.monotonic() < deadline:
        time.sleep(0.02)
    return status


@pytest.mark.parametrize("keys", [{}, {"for_each": [1, 2]}], ids=["once", "for_each"])
def test_a_loop_that_failed_in_its_second_round_goes_on(engine: WorkflowEngine, keys: dict[str, Any]) -> None:
    loop = {
        "id": "loop",
        "uses": "loop_until",
        "with": {"until": "{{ index >= 2 }}", "limit": 5},
        "steps": [{"id": "s", "uses": "board.fail_once", "if": "{{ index == 1 }}"}],
        **keys,
    }
    failed = engine.execute_workflow(workflow(loop))
    assert failed.status == "failed"
    assert status_after(engine, engine.resume(failed.run_id)) == "succeeded"


def test_a_run_hears_of_each_of_the_runs_that_it_waits_for(engine: WorkflowEngine) -> None:
    for number, seconds in enumerate((0.3, 0.6, 0.9)):
        engine.library.workflows.save(workflow(wait("w", seconds), id=f"child{number}"))
    steps = [{"id": f"c{number}", "uses": "workflow", "with": {"workflow": f"child{number}"}} for number in range(3)]
    assert status_after(engine, engine.start_workflow(workflow(*steps))) == "succeeded"


def test_a_for_each_ends_when_one_item_failed_and_another_was_to_be_tried_again(engine: WorkflowEngine) -> None:
    items = {
        "id": "items",
        "uses": "board.refuse",
        "for_each": [True, False],
        "with": {"x": "{{ item }}"},
        "retry": {"attempts": 3, "backoff": 0.01},
        "on_error": "other",
    }
    other = {"id": "other", "uses": "board.echo", "with": {"x": "{{ steps.items.error.message }}"}}
    run_id = engine.start_workflow(workflow(items, other))
    assert status_after(engine, run_id) == "succeeded"


def test_a_for_each_whose_items_fail_at_once_ends_its_step_once(engine: WorkflowEngine) -> None:
    """The second end counts against steps that have not run: the run is stuck, or ends before them."""
    items = {"id": "items", "uses": "fail", "for_each": [1, 2], "with": {"message": "no"}, "on_error": "other"}
    other = {"id": "other", "uses": "board.echo", "with": {"x": "{{ steps.items.error.message }}"}}
    after = {"id": "after", "uses": "board.echo", "with": {"x": "{{ steps.other.x }}"}}
    run_id = engine.start_workflow(workflow(items, other, after, output={"x": "{{ steps.after.x }}"}))
    assert status_after(engine, run_id) == "succeeded"
    assert engine.run(run_id).output == {"x": "no"}


def test_a_for_each_that_was_killed_after_one_item_failed_ends() -> None:
    """Killed while its other items were under way: they are not tried again, and the step must be over."""
    items = {"id": "items", "uses": "board.echo", "for_each": [1, 2], "on_error": "other"}
    state = RunState(Graph.of(workflow(items, {"id": "other", "uses": "board.echo"})), "r")
    state.apply(Event("run.started", data={"inputs": {}}))
    state.apply(Event("step.expanded", "items", data={"count": 2}))
    state.apply(Event("step.started", "items", "0", 1, {"input": {}}))
    state.apply(Event("step.started", "items", "1", 1, {"input": {}}))
    state.apply(Event("step.failed", "items", "0", 1, {"error": {"message": "no"}}))
    state.apply(Event("run.resumed", data={"reason": "killed"}))
    assert decide(state) != []


class Place:
    """Two engines on one store that see the practice services: one through a proxy, one directly."""

    def __init__(self, home: Path, registry: Registry) -> None:
        self.settings = Settings.load(home=home)
        self.registry = registry
        self.service = PracticeServer(home / "service", "http://studio.test")
        self.proxy = Proxy(self.service.url)

    def close(self) -> None:
        self.proxy.close()
        self.service.close()

    @asynccontextmanager
    async def engine(self, url: str, clock: Clock) -> AsyncIterator[Engine]:
        journal = Journal.open(self.settings)
        performer = Performer(
            Accounts(self.registry, self.settings, lambda: url), Library(self.settings.home), Ledger(journal)
        )
        engine = Engine(self.registry, journal, performer, clock, recover=True)
        await engine.start()
        try:
            yield engine
        finally:
            await engine.stop()
            performer.close()
            journal.close()

    def pages(self, title: str) -> int:
        seen = httpx.get(f"{self.service.url}/overview").json()["pages"]
        return sum(1 for page in seen if page["title"] == title)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "home", Registry.discover())
    yield place
    place.close()


PAGE = {
    "id": "p",
    "uses": "notion.create_page",
    "with": {"parent": "Inbox summaries", "title": "Once", "markdown": "chaos"},
    "retry": {"attempts": 5, "backoff": 0.01},
}


async def test_a_process_that_was_paused_in_the_middle_of_a_write_does_not_send_what_another_one_sent(
    place: Place,
) -> None:
    """Paused: between the barrier and the request, for longer than its lease. Here, its clock stands still."""
    reached, released = threading.Event(), threading.Event()

    def hold(ask: Ask) -> Answer:
        reached.set()
        released.wait(PATIENCE)
        return ask()

    place.proxy.spoil(hold, fits=lambda method, path: path.endswith("/search"))
    clock = ManualClock(time.time())
    async with place.engine(place.proxy.url, clock) as paused:
        run_id = await paused.submit(workflow(PAGE), {})
        await asyncio.to_thread(reached.wait, PATIENCE)
        async with place.engine(place.service.url, ManualClock(time.time() + 60)) as other:
            await other.wait(run_id)
            assert (await other.state(run_id)).status == "succeeded"
        clock.advance(60)
        released.set()
        await asyncio.sleep(0.5)
    assert place.pages("Once") == 1


async def test_a_write_that_arrives_late_is_not_sent_again(place: Place) -> None:
    """The connection to the service drops while the service, or something before it, still works on the request."""
    late: list[threading.Thread] = []

    def arrive_late(ask: Ask) -> None:
        def later() -> None:
            time.sleep(0.5)
            ask()

        late.append(threading.Thread(target=later))
        late[0].start()

    place.proxy.spoil(arrive_late, fits=writes)
    async with place.engine(place.proxy.url, SystemClock()) as engine:
        run_id = await engine.submit(workflow(PAGE), {})
        await engine.wait(run_id)
    await asyncio.to_thread(late[0].join)
    assert place.pages("Once") == 1
