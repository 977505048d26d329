"""Tests of workflows: a run kept with its answers, replayed against other versions without its services."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import InvalidFile, NotFound
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from orchestrator.workflow_tests import WorkflowTest, WorkflowTests, made_of, replay

READ = {"id": "read", "uses": "board.echo", "with": {"x": "{{ inputs.words }}"}}
SEND = {"id": "send", "uses": "board.post", "with": {"text": "{{ steps.read.x | join(' ') }}, {{ run.started_at }}"}}
EACH = {"id": "each", "uses": "board.post", "for_each": "{{ steps.read.x }}", "with": {"text": "{{ item }}"}}
ASK = {"id": "ask", "uses": "approve", "with": {"message": "Sure?"}, "needs": ["send"]}
WORDS = {"words": {"type": "list", "default": ["a", "b"]}}


@pytest.fixture
def flow(workflow: Any) -> Workflow:
    return workflow(
        READ, SEND, EACH, ASK, inputs=WORDS, output={"id": "{{ steps.send.id }}", "by": "{{ steps.ask.by }}"}
    )


@pytest.fixture
def kept(engine: WorkflowEngine, flow: Workflow) -> WorkflowTest:
    """A test made of a run that sent, looped and asked a person."""
    run_id = engine.start_workflow(flow)
    engine.wait(run_id)
    engine.answer(run_id, "ask", {"approved": True}, by="ann")
    assert engine.wait(run_id).status == "succeeded"
    return made_of(engine.run(run_id), "It sends")


def with_step(flow: Workflow, id: str, **changes: Any) -> Workflow:
    content = flow.dump()
    steps = [{**step, **changes} if step["id"] == id else step for step in content["steps"]]
    return Workflow.model_validate({**content, "steps": steps})


def test_the_same_version_passes_and_nothing_goes_out(
    engine: WorkflowEngine, flow: Workflow, kept: WorkflowTest, board: Any
) -> None:
    sent, looked = list(board.posts), list(board.calls)
    verdict = replay(kept, flow, engine)
    assert (verdict.error, verdict.deviations) == ("", ())
    assert (board.posts, board.calls) == (sent, looked)


def test_a_write_that_somebody_approved_is_replayed_without_asking(engine: WorkflowEngine, workflow: Any) -> None:
    flow = workflow({"id": "send", "uses": "board.post", "with": {"text": "hello"}, "approve": True})
    run_id = engine.start_workflow(flow)
    engine.wait(run_id)
    engine.answer(run_id, "send", {"approved": True}, by="ann")
    assert engine.wait(run_id).status == "succeeded"
    assert replay(made_of(engine.run(run_id), "It sends"), flow, engine).passed


def test_what_another_version_would_do_otherwise_is_told_step_by_step(
    engine: WorkflowEngine, flow: Workflow, kept: WorkflowTest
) -> None:
    changed = with_step(flow, "each", **{"with": {"text": "{{ item | upper }}!"}})
    verdict = replay(kept, changed, engine)
    assert not verdict.passed
    assert [(one.step, one.what, one.path, one.before, one.after) for one in verdict.deviations] == [
        ("each 0", "input", "text", "a", "A!"),
        ("each 1", "input", "text", "b", "B!"),
    ]


def test_a_difference_that_is_wanted_is_what_the_test_expects_from_then_on(
    engine: WorkflowEngine, flow: Workflow, kept: WorkflowTest
) -> None:
    changed = with_step(flow, "each", **{"with": {"text": "{{ item | upper }}!"}})
    now = replay(kept, changed, engine).now
    assert now
    assert (now.name, now.workflow, now.at, now.inputs) == (kept.name, kept.workflow, kept.at, kept.inputs)
    assert replay(now, changed, engine).passed
    assert not replay(now, flow, engine).passed


def test_what_fails_now_and_did_not_is_never_expected(
    engine: WorkflowEngine, flow: Workflow, kept: WorkflowTest
) -> None:
    content = flow.dump()
    for on_error in ("fail", "continue"):
        new = {"id": "new", "uses": "board.echo", "on_error": on_error}
        more = Workflow.model_validate({**content, "steps": [*content["steps"], new]})
        assert replay(kept, more, engine).now is None, on_error


def test_a_step_that_the_kept_run_did_not_have_has_no_answer(
    engine: WorkflowEngine, flow: Workflow, kept: WorkflowTest
) -> None:
    content = flow.dump()
    more = Workflow.model_validate({**content, "steps": [*content["steps"], {"id": "new", "uses": "board.echo"}]})
    verdict = replay(kept, more, engine)
    assert not verdict.passed
    assert "The test has no answer of step 'new'" in str(verdict.deviations[0].after)


def test_a_step_that_is_gone_is_told(engine: WorkflowEngine, workflow: Any, kept: WorkflowTest) -> None:
    verdict = replay(kept, workflow(READ, SEND, inputs=WORDS, output={"id": "{{ steps.send.id }}"}), engine)
    assert ("each 0", "state", "ran", None) in [
        (one.step, one.what, one.before, one.after) for one in verdict.deviations
    ]


def test_a_version_that_cannot_run_says_why(engine: WorkflowEngine, workflow: Any, kept: WorkflowTest) -> None:
    verdict = replay(kept, workflow({"id": "a", "uses": "board.nothing"}), engine)
    assert not verdict.passed
    assert "board.nothing" in verdict.error


def test_a_run_that_failed_is_a_test_too(engine: WorkflowEngine, workflow: Any) -> None:
    fails = workflow({"id": "f", "uses": "board.flaky", "with": {"permanent": True}})
    run = engine.execute_workflow(fails)
    kept = made_of(engine.run(run.run_id), "It says no")
    assert replay(kept, fails, engine).passed
    mended = with_step(fails, "f", on_error="continue")
    assert [one.after for one in replay(kept, mended, engine).deviations if one.what == "state"] == ["succeeded"]


class TestTheFiles:
    def test_are_kept_listed_and_deleted(self, engine: WorkflowEngine, kept: WorkflowTest) -> None:
        tests = WorkflowTests(engine.settings.home)
        assert tests.list() == []
        path = tests.save(kept)
        assert path.relative_to(engine.settings.home).parts == ("tests", "test", "It sends.json")
        assert tests.list("test") == tests.list() == [kept]
        assert tests.list("other") == []
        tests.delete("test", "It sends")
        assert tests.list() == []
        with pytest.raises(NotFound):
            tests.delete("test", "It sends")

    @pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 100, "a\nb"])
    def test_have_names_that_lead_nowhere_else(self, engine: WorkflowEngine, kept: WorkflowTest, name: str) -> None:
        with pytest.raises(InvalidFile, match="name of a test"):
            WorkflowTests(engine.settings.home).save(kept.model_copy(update={"name": name}))

    def test_that_are_broken_are_named(self, engine: WorkflowEngine, kept: WorkflowTest) -> None:
        tests = WorkflowTests(engine.settings.home)
        tests.save(kept).write_text('{"name": 1}')
        with pytest.raises(InvalidFile, match=r"It sends\.json"):
            tests.list()

    def test_are_not_made_of_a_run_that_is_on_its_way(self, engine: WorkflowEngine, flow: Workflow) -> None:
        run_id = engine.start_workflow(flow, preview=True)
        engine.wait(run_id)
        with pytest.raises(InvalidFile, match="Only a run that is over"):
            made_of(engine.run(run_id), "x")
