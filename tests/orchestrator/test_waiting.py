"""Runs that wait: for a time, for a person, for another system."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.accounts import Accounts
from orchestrator.clock import ManualClock
from orchestrator.effects import Ledger
from orchestrator.engine import Engine
from orchestrator.errors import InvalidInput, NotFound
from orchestrator.history import FINAL
from orchestrator.journal import Journal
from orchestrator.library import Library
from orchestrator.performer import Performer
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.state import RunState
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

Build = Callable[..., Workflow]
ASK = {"id": "ask", "uses": "approve", "with": {"message": "Send it?", "show": "Dear all"}}
POST = {"id": "post", "uses": "board.post", "needs": ["ask"], "with": {"text": "sent"}}


def test_an_answer_that_comes_while_a_run_is_let_go_of_is_waited_for(engine: WorkflowEngine, workflow: Build) -> None:
    asks = workflow({"id": "ask", "uses": "approve", "with": {"message": "Sure?"}})
    for _ in range(20):
        run_id = engine.start_workflow(asks)
        while not engine.run(run_id).questions:
            time.sleep(0.001)
        engine.answer(run_id, "ask", {"approved": True})
        assert engine.wait(run_id).status == "succeeded"


class SlowlyRead(Journal):
    """A journal whose events take long to read, while it is told to."""

    slowly = False

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.read = threading.Event()

    def events(self, run_id: str, after: int = 0) -> Any:
        if self.slowly:
            self.read.set()
            time.sleep(0.2)
        return super().events(run_id, after)


async def test_a_run_that_is_just_being_taken_up_is_waited_for(
    settings: Settings, registry: Registry, workflow: Build
) -> None:
    journal = SlowlyRead.open(settings)
    performer = Performer(Accounts(registry, settings, lambda: ""), Library(settings.home), Ledger(journal))
    engine = Engine(registry, journal, performer, ManualClock(), recover=True)
    await engine.start()
    run_id = await engine.submit(workflow({"id": "ask", "uses": "approve", "with": {"message": "Sure?"}}), {})
    await engine.wait(run_id)
    assert (await engine.state(run_id)).is_waiting
    journal.signal(run_id, "answer", {"step": "ask", "item": "", "value": {"approved": True}, "by": "ann"})
    journal.slowly = True
    taking_up = asyncio.create_task(engine.tend())
    await asyncio.to_thread(journal.read.wait)
    await engine.wait(run_id)
    assert journal.run(run_id).status == "succeeded"
    await taking_up
    await engine.stop()
    performer.close()
    journal.close()


class TestApproval:
    def test_holds_the_run_until_somebody_says_yes(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        waiting = engine.execute_workflow(workflow(ASK, POST))
        assert (waiting.status, board.posts) == ("waiting", [])
        [question] = engine.run(waiting.run_id).questions
        assert (question.message, question.show, question.step) == ("Send it?", "Dear all", "ask")
        engine.answer(waiting.run_id, "ask", {"approved": True, "comment": "fine"}, by="Ada")
        result = engine.wait(waiting.run_id)
        assert result.status == "succeeded"
        assert result.steps["ask"].output == {"approved": True, "by": "Ada", "comment": "fine"}
        assert [text for _, text in board.posts] == ["sent"]

    def test_that_is_rejected_lets_nothing_happen(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        waiting = engine.execute_workflow(workflow(ASK, POST))
        engine.answer(waiting.run_id, "ask", {"approved": False, "comment": "too early"}, by="Ada")
        result = engine.wait(waiting.run_id)
        assert result.error is not None
        assert (result.status, result.error["message"]) == ("failed", "Ada rejected it: too early.")
        assert board.posts == []

    def test_is_answered_once(self, engine: WorkflowEngine, workflow: Build) -> None:
        run_id = engine.execute_workflow(workflow(ASK)).run_id
        engine.answer(run_id, "ask", {"approved": True}, by="Ada")
        engine.wait(run_id)
        with pytest.raises(NotFound, match="asks nothing now"):
            engine.answer(run_id, "ask", {"approved": False}, by="Bob")

    def test_of_another_shape_is_refused_and_the_run_goes_on_waiting(
        self, engine: WorkflowEngine, workflow: Build
    ) -> None:
        run_id = engine.execute_workflow(workflow(ASK)).run_id
        with pytest.raises(InvalidInput, match="yes or no"):
            engine.answer(run_id, "ask", "maybe")
        assert engine.run(run_id).status == "waiting"

    def test_can_be_given_in_another_process(
        self, settings: Settings, registry: Registry, workflow: Build, board: Any
    ) -> None:
        with WorkflowEngine(settings, registry=registry) as first:
            run_id = first.execute_workflow(workflow(ASK, POST)).run_id
        with WorkflowEngine(settings, registry=registry) as second:
            second.answer(run_id, "ask", {"approved": True})
            assert second.wait(run_id).status == "succeeded"
        assert [text for _, text in board.posts] == ["sent"]

    def test_of_each_item_of_a_loop(self, engine: WorkflowEngine, workflow: Build) -> None:
        ask = {**ASK, "for_each": ["a", "b"], "with": {"message": "{{ item }}?"}}
        run_id = engine.execute_workflow(workflow(ask)).run_id
        assert [question.message for question in engine.run(run_id).questions] == ["a?", "b?"]
        engine.answer(run_id, "ask", {"approved": True}, item="1")
        assert engine.wait(run_id).status == "waiting"
        engine.answer(run_id, "ask", {"approved": True}, item="0")
        assert engine.wait(run_id).status == "succeeded"


@pytest.mark.parametrize(
    ("step", "preview", "says"),
    [
        ({"uses": "approve", "with": {"message": "?", "within": 60}}, False, "It is too late"),
        ({"uses": "board.post", "with": {"text": "x"}, "approve": {"within": 60}}, False, "It is too late"),
        ({"uses": "board.post", "with": {"text": "x"}}, True, "preview has expired: nothing was sent"),
    ],
)
def test_an_answer_that_comes_too_late_is_none_though_nobody_was_there_to_act_on_the_time(
    settings: Settings,
    registry: Registry,
    workflow: Build,
    board: Any,
    step: dict[str, Any],
    preview: bool,
    says: str,
) -> None:
    clock = ManualClock()
    with WorkflowEngine(settings, registry=registry, clock=clock) as engine:
        run_id = engine.start_workflow(workflow({"id": "a", **step}), preview=preview)
        engine.wait(run_id)
    clock.advance(3 * 86400)
    with (
        WorkflowEngine(settings, registry=registry, clock=clock) as later,
        pytest.raises(NotFound, match=says),
    ):
        later.answer(run_id, "" if preview else "a", {"approved": True})
    assert board.posts == []


def test_a_waiting_run_can_be_cancelled(engine: WorkflowEngine, workflow: Build) -> None:
    run_id = engine.execute_workflow(workflow(ASK, POST)).run_id
    engine.cancel(run_id)
    assert engine.wait(run_id).status == "cancelled"


class TestInput:
    def test_is_taken_as_its_type(self, engine: WorkflowEngine, workflow: Build) -> None:
        ask = {"id": "ask", "uses": "wait_for_input", "with": {"message": "How many?", "type": "integer"}}
        run_id = engine.execute_workflow(workflow(ask, output={"n": "{{ steps.ask.value + 1 }}"})).run_id
        with pytest.raises(InvalidInput, match="must be a whole number"):
            engine.answer(run_id, "ask", "many")
        engine.answer(run_id, "ask", "41", by="Ada")
        assert engine.wait(run_id).outputs == {"n": 42}


def test_a_short_wait_passes(engine: WorkflowEngine, workflow: Build) -> None:
    started = time.monotonic()
    wait = {"id": "w", "uses": "wait", "with": {"seconds": 0.2}}
    assert engine.execute_workflow(workflow(wait)).status == "succeeded"
    assert time.monotonic() - started >= 0.2


class TestOnAClockOfItsOwn:
    """Waits of days, with a clock that moves when it is told to."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    async def slow(self, settings: Settings, registry: Registry, clock: ManualClock) -> Any:
        journal = Journal.open(settings)
        performer = Performer(Accounts(registry, settings, lambda: ""), Library(settings.home), Ledger(journal))
        engine = Engine(registry, journal, performer, clock, recover=True)
        await engine.start()
        yield engine
        await engine.stop()
        performer.close()
        journal.close()

    async def over(self, slow: Engine, clock: ManualClock, run_id: str) -> RunState:
        """The run at its end, whether this or the engine's own tending takes it up."""
        while (state := await slow.state(run_id)).status not in FINAL:
            await slow.tend()
            clock.advance(0)
            await asyncio.sleep(0.01)
        return state

    async def test_a_wait_of_days_is_a_row_and_goes_on_in_time(
        self, slow: Engine, clock: ManualClock, workflow: Build
    ) -> None:
        run_id = await slow.submit(workflow({"id": "w", "uses": "wait", "with": {"seconds": 3 * 86400}}), {})
        await slow.wait(run_id)
        assert clock.next_due is None, "nothing is kept in memory"
        await slow.tend()
        assert (await slow.state(run_id)).is_waiting
        clock.advance(3 * 86400)
        assert (await self.over(slow, clock, run_id)).status == "succeeded"

    async def test_an_approval_that_nobody_gives_in_time(
        self, slow: Engine, clock: ManualClock, workflow: Build
    ) -> None:
        ask = {"id": "ask", "uses": "approve", "with": {"message": "?", "within": 3600}}
        run_id = await slow.submit(workflow(ask), {})
        await slow.wait(run_id)
        clock.advance(3601)
        state = await self.over(slow, clock, run_id)
        assert (state.status, state.error["message"]) == ("failed", "Nobody approved in time.")  # type: ignore[index]


class TestBranch:
    @pytest.mark.parametrize(("value", "went"), [(5, ["big"]), (1, ["small"])])
    def test_goes_one_way(self, engine: WorkflowEngine, workflow: Build, value: int, went: list[str]) -> None:
        result = engine.execute_workflow(
            workflow(
                {"id": "size", "uses": "branch", "with": {"condition": "{{ inputs.n > 3 }}"}},
                {"id": "big", "uses": "board.echo", "needs": ["size.yes"]},
                {"id": "small", "uses": "board.echo", "needs": ["size.no"]},
                inputs={"n": {"type": "integer"}},
            ),
            {"n": value},
        )
        assert [
            id for id, step in result.steps.items() if step.uses == "board.echo" and step.status != "skipped"
        ] == went

    def test_by_cases_with_a_default(self, engine: WorkflowEngine, workflow: Build) -> None:
        by = {"value": "{{ inputs.kind }}", "cases": {"bug": "mend", "idea": "think"}, "default": "read"}
        route = workflow({"id": "route", "uses": "branch", "with": by}, inputs={"kind": {}})
        ways = [engine.execute_workflow(route, {"kind": kind}).steps["route"].output for kind in ("bug", "x")]
        assert ways == [{"way": "mend"}, {"way": "read"}]


def test_set_and_fail(engine: WorkflowEngine, workflow: Build) -> None:
    result = engine.execute_workflow(
        workflow(
            {"id": "v", "uses": "set", "with": {"values": {"n": "{{ 1 + 1 }}"}}},
            {"id": "f", "uses": "fail", "if": "{{ steps.v.values.n == 2 }}", "with": {"message": "Two is wrong."}},
        )
    )
    assert result.error is not None
    assert result.error["message"] == "Two is wrong."
