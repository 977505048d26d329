"""A step that asks before its write goes out (`approve`): what it shows, who answers, and what is never asked twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator import validation
from orchestrator.accounts import Accounts
from orchestrator.clock import ManualClock
from orchestrator.effects import Ledger
from orchestrator.engine import Engine
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
POST: dict[str, Any] = {"id": "post", "uses": "board.post", "with": {"text": "hello"}, "approve": True}


def posted(board: Any) -> list[str]:
    return [text for _, text in board.posts]


def test_the_very_write_is_shown_and_goes_out_once_somebody_says_yes(
    engine: WorkflowEngine, workflow: Build, board: Any
) -> None:
    waiting = engine.execute_workflow(workflow(POST))
    assert (waiting.status, posted(board)) == ("waiting", [])
    [question] = engine.run(waiting.run_id).questions
    assert (question.kind, question.message, question.show) == (
        "effect",
        "May this go out? Post 'hello'",
        {"text": "hello"},
    )
    engine.answer(waiting.run_id, "post", {"approved": True}, by="Ada")
    assert engine.wait(waiting.run_id).status == "succeeded"
    assert posted(board) == ["hello"]


def test_what_is_not_approved_is_not_sent(engine: WorkflowEngine, workflow: Build, board: Any) -> None:
    run_id = engine.execute_workflow(workflow(POST)).run_id
    engine.answer(run_id, "post", {"approved": False, "comment": "too early"}, by="Ada")
    result = engine.wait(run_id)
    assert result.error is not None
    assert result.error["message"] == "Ada did not approve it (too early): nothing was sent."
    assert posted(board) == []


def test_it_says_what_it_is_told_to_ask_and_whom(engine: WorkflowEngine, workflow: Build) -> None:
    asks = {"message": "Tell {{ steps.who.x }}?", "who": "the editor"}
    who = {"id": "who", "uses": "board.echo", "with": {"x": "everyone"}}
    [question] = engine.run(engine.execute_workflow(workflow({**POST, "approve": asks}, who)).run_id).questions
    assert (question.message, question.who) == ("Tell everyone? Post 'hello'", "the editor")


def test_each_item_of_a_loop_is_asked_about(engine: WorkflowEngine, workflow: Build, board: Any) -> None:
    each = {**POST, "for_each": ["a", "b", "c"], "with": {"text": "{{ item }}"}, "on_error": "continue"}
    run_id = engine.execute_workflow(workflow(each)).run_id
    assert [question.show["text"] for question in engine.run(run_id).questions] == ["a", "b", "c"]
    for item, approved in (("1", True), ("0", False), ("2", True)):
        engine.answer(run_id, "post", {"approved": approved}, item=item)
    assert engine.wait(run_id).status == "succeeded"
    assert sorted(posted(board)) == ["b", "c"]


def test_another_attempt_does_not_ask_again(engine: WorkflowEngine, workflow: Build, board: Any) -> None:
    again = {**POST, "with": {"text": "hello", "lose_answer": True}, "retry": {"attempts": 3, "backoff": 0.01}}
    run_id = engine.execute_workflow(workflow(again)).run_id
    engine.answer(run_id, "post", {"approved": True})
    result = engine.wait(run_id)
    assert (result.status, result.steps["post"].attempts) == ("succeeded", 3)
    assert posted(board) == ["hello"]


def test_what_was_approved_is_not_asked_again_when_the_run_is_resumed(
    engine: WorkflowEngine, workflow: Build, board: Any
) -> None:
    again = {**POST, "with": {"text": "hello", "lose_answer": True}}
    run_id = engine.execute_workflow(workflow(again)).run_id
    engine.answer(run_id, "post", {"approved": True})
    assert engine.wait(run_id).status == "failed"
    assert engine.wait(engine.resume(run_id)).status == "succeeded"
    assert posted(board) == ["hello"]


def test_an_approved_write_that_has_become_another_is_not_sent(
    engine: WorkflowEngine, workflow: Build, board: Any
) -> None:
    run_id = engine.execute_workflow(workflow({**POST, "with": {"text": "hello", "lose_answer": True}})).run_id
    engine.answer(run_id, "post", {"approved": True})
    assert engine.wait(run_id).status == "failed"
    other = engine.wait(engine.resume(run_id, workflow({**POST, "with": {"text": "other"}})))
    assert other.error is not None
    assert "not what was approved" in other.error["message"]
    assert posted(board) == ["hello"]


def test_the_approval_of_a_preview_is_its_approval(engine: WorkflowEngine, workflow: Build, board: Any) -> None:
    run_id = engine.start_workflow(workflow(POST), preview=True)
    engine.wait(run_id)
    engine.approve(run_id)
    assert engine.wait(run_id).status == "succeeded"
    assert posted(board) == ["hello"]


def test_an_answer_can_be_given_in_another_process(
    settings: Settings, registry: Registry, workflow: Build, board: Any
) -> None:
    with WorkflowEngine(settings, registry=registry) as first:
        run_id = first.execute_workflow(workflow(POST)).run_id
    with WorkflowEngine(settings, registry=registry) as second:
        second.answer(run_id, "post", {"approved": True})
        assert second.wait(run_id).status == "succeeded"
    assert posted(board) == ["hello"]


@pytest.mark.parametrize(
    ("otherwise", "status", "sent"), [("reject", "failed", []), ("approve", "succeeded", ["hello"])]
)
async def test_when_nobody_answers_in_time_it_comes_to_what_was_said(
    settings: Settings, registry: Registry, workflow: Build, board: Any, otherwise: str, status: str, sent: list[str]
) -> None:
    clock = ManualClock()
    journal = Journal.open(settings)
    performer = Performer(Accounts(registry, settings, lambda: ""), Library(settings.home), Ledger(journal))
    engine = Engine(registry, journal, performer, clock, recover=True)
    await engine.start()
    asks = workflow({**POST, "approve": {"within": 3600, "otherwise": otherwise}, "deadline": 60})
    run_id = await engine.submit(asks, {})
    await engine.wait(run_id)
    assert clock.next_due is None, "nothing is kept in memory"
    clock.advance(3601)
    state: RunState = await engine.state(run_id)
    while state.status not in FINAL:
        await engine.tend()
        clock.advance(0)
        await asyncio.sleep(0.01)
        state = await engine.state(run_id)
    await engine.stop()
    performer.close()
    journal.close()
    assert (state.status, posted(board)) == (status, sent)
    if state.error:
        assert state.error["message"] == "Nobody approved it in time: nothing was sent."


def test_it_is_for_steps_that_write(registry: Registry) -> None:
    def problems(**step: Any) -> list[str]:
        content = {"id": "test", "steps": [{"id": "a", **step}]}
        return [str(found) for found in validation.check(content, registry, lambda id: pytest.fail(id))]

    [reads] = problems(uses="board.echo", approve=True)
    assert "board.echo sends nothing that could be approved" in reads
    assert problems(uses="board.echo", approve=False) == []
    [shape] = problems(uses="board.post", approve="yes", **{"with": {"text": "x"}})
    assert "an object with a message" in shape
    [key] = problems(uses="board.post", approve={"mesage": "x"}, **{"with": {"text": "x"}})
    assert "the nearest is 'message'" in key
    [name] = problems(uses="board.post", approve={"message": "{{ item }}"}, **{"with": {"text": "x"}})
    assert "only inside a loop" in name
