from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.errors import InvalidInput, InvalidWorkflow, NotFound, StoreError
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

Build = Callable[..., Workflow]


def test_a_run_gives_its_output(engine: WorkflowEngine, workflow: Build) -> None:
    result = engine.execute_workflow(
        workflow(
            {"id": "a", "uses": "board.echo", "with": {"x": "{{ inputs.n }}"}},
            {"id": "b", "uses": "board.echo_async", "with": {"x": "{{ steps.a.x + 1 }}"}},
            inputs={"n": {"type": "integer", "default": 1}},
            output={"n": "{{ steps.b.x }}"},
        ),
        {"n": "41"},
    )
    assert (result.status, result.outputs, result.error) == ("succeeded", {"n": 42}, None)
    assert result.steps["b"].output == {"x": 42}


def test_variables_of_a_workflow_are_the_inputs_of_its_next_run(engine: WorkflowEngine, workflow: Build) -> None:
    echo = workflow(
        {"id": "a", "uses": "board.echo", "with": {"x": "{{ inputs.n }}"}},
        inputs={"n": {"type": "integer"}},
        output={"n": "{{ steps.a.x }}"},
    )
    echo.variables["n"] = 7
    assert engine.execute_workflow(echo).outputs == {"n": 7}


def test_steps_that_nothing_ties_run_in_parallel(engine: WorkflowEngine, workflow: Build, board: Any) -> None:
    held = [{"id": f"s{n}", "uses": "board.post", "with": {"text": "held"}} for n in range(4)]
    run_id = engine.start_workflow(workflow(*held))
    while {step.status for step in engine.run(run_id).steps} != {"running"}:
        time.sleep(0.01)
    board.gate.set()
    assert engine.wait(run_id).status == "succeeded"


class TestWhatKeepsARunFromStarting:
    def test_a_mistake_in_the_workflow(self, engine: WorkflowEngine, workflow: Build) -> None:
        with pytest.raises(InvalidWorkflow, match=r"no action 'board.ecko'; the nearest is 'board.echo'"):
            engine.execute_workflow(workflow({"id": "a", "uses": "board.ecko"}))

    def test_an_input_that_is_missing_unknown_or_mistyped(self, engine: WorkflowEngine, workflow: Build) -> None:
        needs = workflow({"id": "a", "uses": "board.echo"}, inputs={"n": {"type": "integer", "title": "Number"}})
        for given, message in [
            ({}, "needs the input 'n'"),
            ({"m": 1}, "no input 'm'"),
            ({"n": "x"}, "must be a whole number and is .x."),
        ]:
            with pytest.raises(InvalidInput, match=message):
                engine.execute_workflow(needs, given)

    def test_a_workflow_or_model_that_does_not_exist(self, engine: WorkflowEngine, workflow: Build) -> None:
        with pytest.raises(NotFound):
            engine.execute_workflow("no_such_workflow")
        with pytest.raises(NotFound):
            engine.execute_workflow(workflow({"id": "a", "uses": "board.echo"}), model="nobody:x")
        assert engine.runs() == []


class TestFailures:
    def test_say_what_where_and_what_to_do(self, engine: WorkflowEngine, workflow: Build) -> None:
        result = engine.execute_workflow(workflow({"id": "a", "uses": "board.flaky", "with": {"permanent": True}}))
        assert result.status == "failed"
        assert result.error is not None
        assert result.error["message"] == "The board says no."
        assert result.error["remedy"] == "Ask someone else."
        assert "step 'a'" in result.error["where"]

    def test_that_may_pass_are_tried_again(self, engine: WorkflowEngine, workflow: Build) -> None:
        flaky = {"id": "a", "uses": "board.flaky", "with": {"times": 2}, "retry": {"attempts": 3, "backoff": 0.01}}
        result = engine.execute_workflow(workflow(flaky))
        assert (result.status, result.steps["a"].attempts) == ("succeeded", 3)
        assert [line.message for line in result.steps["a"].log] == ["attempt 1", "attempt 2", "attempt 3"]
        assert [attempt.error is None for attempt in result.steps["a"].items[0].attempts] == [False, False, True]

    def test_that_cannot_pass_are_not(self, engine: WorkflowEngine, workflow: Build) -> None:
        flaky = {"id": "a", "uses": "board.flaky", "with": {"permanent": True}, "retry": {"attempts": 5, "backoff": 0}}
        assert engine.execute_workflow(workflow(flaky)).steps["a"].attempts == 1

    def test_end_when_the_attempts_are_used_up(self, engine: WorkflowEngine, workflow: Build) -> None:
        flaky = {"id": "a", "uses": "board.flaky", "with": {"times": 9}, "retry": {"attempts": 2, "backoff": 0}}
        result = engine.execute_workflow(workflow(flaky))
        assert (result.status, result.steps["a"].attempts) == ("failed", 2)

    def test_a_step_that_takes_too_long_times_out(self, engine: WorkflowEngine, workflow: Build) -> None:
        nap = {"id": "a", "uses": "board.sleep", "with": {"seconds": 1}, "timeout": 0.1}
        result = engine.execute_workflow(workflow(nap))
        assert result.error is not None
        assert (result.error["code"], result.status) == ("timeout", "failed")

    def test_a_bug_in_a_connector_is_an_error_like_others(self, engine: WorkflowEngine, workflow: Build) -> None:
        result = engine.execute_workflow(workflow({"id": "a", "uses": "board.broken"}))
        assert result.error is not None
        assert "ZeroDivisionError: division by zero" in result.error["message"]

    def test_a_bug_of_which_not_even_the_error_can_be_shown(self, engine: WorkflowEngine, workflow: Build) -> None:
        result = engine.execute_workflow(workflow({"id": "a", "uses": "board.broken", "with": {"x": "unspeakable"}}))
        assert result.error is not None
        assert "RuntimeError: no words" in result.error["message"]

    def test_a_parameter_that_turns_out_wrong(self, engine: WorkflowEngine, workflow: Build) -> None:
        wrong = {"id": "a", "uses": "board.flaky", "with": {"times": "{{ inputs.n }}"}}
        result = engine.execute_workflow(workflow(wrong, inputs={"n": {"default": "many"}}))
        assert result.error is not None
        assert "'times': Input should be a valid integer" in result.error["message"]


class TestCancel:
    def test_drops_a_read_at_once(self, engine: WorkflowEngine, workflow: Build) -> None:
        run_id = engine.start_workflow(workflow({"id": "a", "uses": "board.sleep", "with": {"seconds": 3}}))
        started = time.monotonic()
        engine.cancel(run_id)
        result = engine.wait(run_id)
        assert (result.status, result.steps["a"].status) == ("cancelled", "cancelled")
        assert time.monotonic() - started < 3, "it slept to its end"

    def test_waits_for_a_write_that_is_under_way(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        run_id = engine.start_workflow(workflow({"id": "a", "uses": "board.post", "with": {"text": "held"}}))
        assert board.entered.wait(5)
        engine.cancel(run_id)
        board.gate.set()
        result = engine.wait(run_id)
        assert (result.status, result.steps["a"].status) == ("cancelled", "succeeded")

    def test_of_an_unknown_run_says_so(self, engine: WorkflowEngine) -> None:
        with pytest.raises(NotFound, match="no run 'nobody'"):
            engine.cancel("nobody")


class TestEffects:
    def test_are_in_the_ledger_with_a_link(self, engine: WorkflowEngine, workflow: Build) -> None:
        result = engine.execute_workflow(workflow({"id": "a", "uses": "board.post", "with": {"text": "hi"}}))
        [effect] = engine.run(result.run_id).effects
        assert (effect.summary, effect.status, effect.link) == ("Post 'hi'", "confirmed", "https://board.example/1")

    def test_whose_answer_was_lost_are_looked_up_and_not_sent_again(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        post = {"id": "a", "uses": "board.post", "with": {"text": "hi", "lose_answer": True}}
        result = engine.execute_workflow(workflow({**post, "retry": {"attempts": 2, "backoff": 0}}))
        assert result.status == "succeeded"
        assert [text for _, text in board.posts] == ["hi"]
        assert result.steps["a"].items[0].reused

    def test_are_not_repeated_when_a_failed_run_is_resumed(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        failed = engine.execute_workflow(
            workflow(
                {"id": "a", "uses": "board.post", "with": {"text": "first"}},
                {"id": "b", "uses": "board.post", "with": {"text": "second", "lose_answer": True}, "needs": ["a"]},
            )
        )
        assert failed.status == "failed"
        resumed = engine.wait(engine.resume(failed.run_id))
        assert resumed.status == "succeeded"
        assert [text for _, text in board.posts] == ["first", "second"]
        assert engine.run(resumed.run_id).summary.origin == failed.run_id

    def test_happen_anew_when_a_run_is_run_again(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        first = engine.execute_workflow(workflow({"id": "a", "uses": "board.post", "with": {"text": "hi"}}))
        assert engine.wait(engine.rerun(first.run_id)).status == "succeeded"
        assert [text for _, text in board.posts] == ["hi", "hi"]


class TestResume:
    def test_takes_what_succeeded_and_does_the_rest(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        failed = engine.execute_workflow(
            workflow(
                {"id": "a", "uses": "board.echo", "for_each": [1, 2, 3], "with": {"x": "{{ item }}"}},
                {"id": "b", "uses": "board.flaky", "with": {"times": 1}, "needs": ["a"]},
                output={"all": "{{ steps.a | map(attribute='x') | list }}"},
            )
        )
        assert (failed.status, len(board.calls)) == ("failed", 3)
        resumed = engine.wait(engine.resume(failed.run_id))
        assert (resumed.status, resumed.outputs) == ("succeeded", {"all": [1, 2, 3]})
        assert len(board.calls) == 3

    def test_of_a_run_that_succeeded_is_refused(self, engine: WorkflowEngine, workflow: Build) -> None:
        done = engine.execute_workflow(workflow({"id": "a", "uses": "board.echo"}))
        with pytest.raises(StoreError, match="nothing is left to do"):
            engine.resume(done.run_id)

    def test_of_a_run_that_another_process_owns_is_refused(
        self, engine: WorkflowEngine, settings: Settings, registry: Registry, workflow: Build
    ) -> None:
        run_id = engine.start_workflow(workflow({"id": "a", "uses": "board.sleep", "with": {"seconds": 1}}))
        engine.journal.flush()
        with WorkflowEngine(settings, registry=registry) as other, pytest.raises(StoreError, match="another process"):
            other.resume(run_id)

    def test_of_a_run_whose_process_let_go_continues_it(
        self, settings: Settings, registry: Registry, workflow: Build, board: Any
    ) -> None:
        with WorkflowEngine(settings, registry=registry) as first:
            run_id = first.start_workflow(
                workflow(
                    {"id": "a", "uses": "board.echo", "with": {"x": 1}},
                    {"id": "b", "uses": "board.sleep", "with": {"seconds": 0.3}, "needs": ["a"]},
                )
            )
            while not any(step.status == "running" for step in first.run(run_id).steps if step.id == "b"):
                time.sleep(0.01)
        with WorkflowEngine(settings, registry=registry) as second:
            assert second.run(run_id).status == "running"
            assert second.resume(run_id) == run_id
            result = second.wait(run_id)
        assert (result.status, board.calls) == ("succeeded", ["a"])
        assert (result.steps["a"].attempts, result.steps["b"].attempts) == (1, 2)


def test_whoever_watches_sees_the_run_from_start_to_end(engine: WorkflowEngine, workflow: Build, board: Any) -> None:
    run_id = engine.start_workflow(workflow({"id": "a", "uses": "board.post", "with": {"text": "held"}}))
    pictures = engine.follow(run_id)
    assert next(pictures).content["steps"]["a"]["status"] in ("pending", "running")
    board.gate.set()
    assert [*pictures][-1].content["steps"]["a"]["status"] == "succeeded"
    assert [picture.status for picture in engine.follow(run_id)] == ["succeeded"]


def test_runs_are_listed_newest_first_and_by_state(engine: WorkflowEngine, workflow: Build) -> None:
    good = engine.execute_workflow(workflow({"id": "a", "uses": "board.echo"})).run_id
    bad = engine.execute_workflow(workflow({"id": "a", "uses": "board.broken"}, id="other")).run_id
    assert [run.id for run in engine.runs()] == [bad, good]
    assert [run.id for run in engine.runs(status=["failed"])] == [bad]
    assert [run.id for run in engine.runs(workflow="test")] == [good]
    assert [run.id for run in engine.runs(limit=1, offset=1)] == [good]
