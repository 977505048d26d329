"""Going back: run again from a step, one step alone, with typed values, with another version; and compare."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from orchestrator.errors import InvalidInput, InvalidWorkflow, NotFound, StoreError
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import RunResult, WorkflowEngine

Build = Callable[..., Workflow]

READ = {"id": "read", "uses": "board.echo", "with": {"x": "{{ inputs.n }}"}}
DOUBLE = {"id": "double", "uses": "board.echo", "with": {"x": "{{ steps.read.x * 2 }}"}}
POST = {"id": "post", "uses": "board.post", "with": {"text": "n={{ steps.double.x }}"}}
BESIDE = {"id": "beside", "uses": "board.echo", "with": {"x": 1}}


@pytest.fixture
def flow(workflow: Build) -> Workflow:
    number = {"n": {"type": "integer", "default": 1}}
    return workflow(READ, DOUBLE, POST, BESIDE, inputs=number, output={"n": "{{ steps.double.x }}"})


@pytest.fixture
def first(engine: WorkflowEngine, flow: Workflow, board: Any) -> RunResult:
    result = engine.execute_workflow(flow)
    board.calls.clear()
    return result


class TestFromAStep:
    def test_what_comes_before_is_taken_from_the_run(
        self, engine: WorkflowEngine, first: RunResult, board: Any
    ) -> None:
        again = engine.wait(engine.rerun(first.run_id, start="double"))
        assert (again.status, again.outputs) == ("succeeded", {"n": 2})
        assert board.calls == ["double"]
        assert [text for _, text in board.posts] == ["n=2", "n=2"], "a write that is run again is sent again"
        assert engine.run(again.run_id).summary.origin == first.run_id

    def test_with_a_typed_value(self, engine: WorkflowEngine, first: RunResult, board: Any) -> None:
        again = engine.wait(engine.rerun(first.run_id, start="double", given={"double": {"x": 21}}))
        assert again.outputs == {"n": 21}
        assert board.posts[-1][1] == "n=21"

    def test_of_a_loop(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        loop = {"id": "loop", "uses": "board.echo", "for_each": [1, 2], "with": {"x": "{{ item }}"}}
        after = {"id": "after", "uses": "board.echo", "with": {"x": "{{ steps.loop | length }}"}}
        result = engine.execute_workflow(workflow(loop, after))
        board.calls.clear()
        engine.wait(engine.rerun(result.run_id, start="after"))
        assert board.calls == ["after"]

    def test_inside_a_group_begins_with_the_group(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        group = {"id": "g", "uses": "group", "steps": [BESIDE, {**READ, "with": {"x": 3}}]}
        result = engine.execute_workflow(workflow({**BESIDE, "id": "before"}, {**group, "needs": ["before"]}))
        board.calls.clear()
        assert engine.wait(engine.rerun(result.run_id, start="read")).status == "succeeded"
        assert sorted(board.calls) == ["beside", "read"]

    def test_that_does_not_exist_is_told_with_the_nearest(self, engine: WorkflowEngine, first: RunResult) -> None:
        with pytest.raises(NotFound, match="the nearest is 'double'"):
            engine.rerun(first.run_id, start="doubel")


def test_a_run_again_with_other_inputs_does_everything_anew(
    engine: WorkflowEngine, first: RunResult, board: Any
) -> None:
    assert engine.wait(engine.rerun(first.run_id, inputs={"n": 5})).outputs == {"n": 10}
    assert sorted(board.calls) == ["beside", "double", "read"]


class TestOneStep:
    def test_alone_on_what_was_recorded(self, engine: WorkflowEngine, first: RunResult, board: Any) -> None:
        alone = engine.wait(engine.rerun(first.run_id, only="double"))
        assert (alone.status, board.calls) == ("succeeded", ["double"])
        assert alone.steps["double"].output == {"x": 2}
        assert len(board.posts) == 1

    def test_alone_on_what_is_typed(self, engine: WorkflowEngine, first: RunResult) -> None:
        alone = engine.wait(engine.rerun(first.run_id, only="double", given={"double": {"x": "typed"}}))
        assert alone.steps["double"].output == {"x": "typed"}


class TestAPin:
    def test_stands_for_what_a_step_gives(self, engine: WorkflowEngine, flow: Workflow, board: Any) -> None:
        result = engine.wait(engine.start_workflow(flow, pins={"read": {"x": 50}}))
        assert result.outputs == {"n": 100}
        assert "read" not in board.calls
        assert result.steps["read"].items[0].pinned

    def test_of_a_write_sends_nothing(self, engine: WorkflowEngine, flow: Workflow, board: Any) -> None:
        assert engine.wait(engine.start_workflow(flow, pins={"post": {"id": 1}})).status == "succeeded"
        assert board.posts == []

    def test_of_a_loop_is_a_list(self, engine: WorkflowEngine, workflow: Build) -> None:
        loop = {"id": "loop", "uses": "board.echo", "for_each": [1, 2], "with": {"x": "{{ item }}"}}
        flow = workflow(loop, output={"all": "{{ steps.loop }}"})
        assert engine.wait(engine.start_workflow(flow, pins={"loop": [7, 8, 9]})).outputs == {"all": [7, 8, 9]}
        with pytest.raises(InvalidInput, match="a list"):
            engine.start_workflow(flow, pins={"loop": 7})


class TestACorrectedVersion:
    def test_goes_on_from_where_the_run_failed(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        post = {"id": "post", "uses": "board.post", "with": {"text": "once"}}
        then = {"id": "then", "uses": "board.echo", "with": {"x": "{{ steps.post.id // 0 }}"}}
        flow = workflow(post, then)
        failed = engine.execute_workflow(flow)
        assert failed.status == "failed"
        then["with"] = {"x": "{{ steps.post.id // 1 }}"}
        right = workflow(post, then, output={"x": "{{ steps.then.x }}"})
        again = engine.wait(engine.resume(failed.run_id, right))
        assert (again.status, again.outputs) == ("succeeded", {"x": 1})
        assert len(board.posts) == 1

    def test_that_is_wrong_itself_never_starts(self, engine: WorkflowEngine, first: RunResult, workflow: Build) -> None:
        with pytest.raises(InvalidWorkflow):
            engine.rerun(first.run_id, workflow=workflow({"id": "a", "uses": "no.such"}))


class TestResumedTwiceAtOnce:
    """Both would do the same writes, at the same time: neither finds in the ledger what the other is about to do."""

    @pytest.fixture
    def failed(self, engine: WorkflowEngine, workflow: Build) -> str:
        down = {"id": "down", "uses": "board.flaky", "with": {"times": 1}}
        post = {"id": "post", "uses": "board.post", "needs": ["down"], "with": {"text": "held"}}
        return engine.execute_workflow(workflow(down, post)).run_id

    def test_a_run_goes_on_as_one(self, engine: WorkflowEngine, failed: str, board: Any) -> None:
        def resume() -> str:
            try:
                return engine.resume(failed)
            except StoreError:
                return "refused"

        with ThreadPoolExecutor() as threads:
            began = [one.result() for one in [threads.submit(resume) for _ in range(3)]]
        board.gate.set()
        (goes_on,) = set(began) - {"refused"}
        assert began.count("refused") == 2
        assert engine.wait(goes_on).status == "succeeded"
        assert [text for _, text in board.posts] == ["held"]

    def test_whoever_comes_second_is_told(
        self, engine: WorkflowEngine, settings: Settings, registry: Registry, failed: str, board: Any
    ) -> None:
        first = engine.resume(failed)
        assert board.entered.wait(10)
        with WorkflowEngine(settings, registry=registry) as other, pytest.raises(StoreError, match=first):
            other.resume(failed)
        board.gate.set()
        assert engine.wait(first).status == "succeeded"
        assert len(board.posts) == 1


def test_two_runs_are_compared_step_by_step(engine: WorkflowEngine, first: RunResult) -> None:
    again = engine.wait(engine.rerun(first.run_id, inputs={"n": 2}))
    found = engine.compare(first.run_id, again.run_id)
    assert [(one.path, one.before, one.after) for one in found.inputs] == [("n", 1, 2)]
    steps = {step.id: step for step in found.steps}
    assert steps["beside"].is_same
    assert [(one.path, one.before, one.after) for one in steps["post"].input] == [("text", "n=2", "n=4")]


class TestAWriteOfWhichNobodyKnows:
    @pytest.fixture
    def unknown(self, engine: WorkflowEngine, workflow: Build, board: Any) -> str:
        """A run that asks whether its write was sent."""
        board.forgets = True
        post = {"text": "hello", "lose_answer": True}
        step = {"id": "p", "uses": "board.post", "with": post, "retry": {"attempts": 2, "backoff": 0}}
        run_id = engine.start_workflow(workflow(step, output={"url": "{{ steps.p.url }}"}))
        engine.wait(run_id)
        assert [question.kind for question in engine.run(run_id).questions] == ["unknown"]
        return run_id

    def test_is_sent_again_when_a_person_says_so(self, engine: WorkflowEngine, unknown: str, board: Any) -> None:
        engine.answer(unknown, "p", "send")
        assert engine.wait(unknown).status == "succeeded"
        assert len(board.posts) == 2

    def test_is_taken_as_sent_when_a_person_says_so(self, engine: WorkflowEngine, unknown: str, board: Any) -> None:
        engine.answer(unknown, "p", "sent")
        result = engine.wait(unknown)
        assert (result.status, result.outputs) == ("succeeded", {"url": None})
        assert len(board.posts) == 1
        assert [effect.status for effect in engine.run(unknown).effects] == ["confirmed"]

    def test_stops_the_run_when_a_person_says_so(self, engine: WorkflowEngine, unknown: str, board: Any) -> None:
        engine.answer(unknown, "p", "stop")
        assert engine.wait(unknown).status == "failed"
        assert len(board.posts) == 1

    def test_wants_one_of_the_answers(self, engine: WorkflowEngine, unknown: str) -> None:
        with pytest.raises(InvalidInput, match="no answer"):
            engine.answer(unknown, "p", "perhaps")


GOOD = "{{ {'a': 'a', 'b': 'b', 'c': 'c', 'x': 'x'}[item] }}"
PLAIN: dict[str, Any] = {"uses": "board.post", "with": {"text": GOOD}}
GROUP: dict[str, Any] = {
    "uses": "group",
    "steps": [
        {"id": "seen", "uses": "board.echo", "with": {"x": GOOD}},
        {"id": "post", "uses": "board.post", "with": {"text": "{{ steps.seen.x }}"}},
    ],
}


class TestALoopThatGoesOnOverACorrectedList:
    """Its third item failed; of the others, what was done is not done again."""

    def over(self, workflow: Build, names: list[str], told: dict[str, Any]) -> Workflow:
        given = {"id": "people", "uses": "set", "with": {"values": {"v": names}}}
        loop = {"id": "told", "for_each": "{{ steps.people.values.v }}", "concurrency": 1}
        return workflow(given, {**loop, **told}, output={"told": "{{ steps.told }}"})

    @pytest.mark.parametrize("told", [PLAIN, GROUP])
    def test_goes_on_when_the_others_are_the_same(
        self, engine: WorkflowEngine, workflow: Build, board: Any, told: dict[str, Any]
    ) -> None:
        failed = engine.execute_workflow(self.over(workflow, ["a", "b", "bad"], told))
        assert failed.status == "failed"
        corrected = self.over(workflow, ["a", "b", "c"], told)
        assert engine.wait(engine.resume(failed.run_id, corrected)).status == "succeeded"
        assert [text for _, text in board.posts] == ["a", "b", "c"]

    @pytest.mark.parametrize("told", [PLAIN, GROUP])
    def test_is_refused_when_one_that_is_done_is_another(
        self, engine: WorkflowEngine, workflow: Build, board: Any, told: dict[str, Any]
    ) -> None:
        failed = engine.execute_workflow(self.over(workflow, ["a", "b", "bad"], told)).run_id
        result = engine.wait(engine.resume(failed, self.over(workflow, ["a", "x", "c"], told)))
        assert result.error is not None
        assert result.error["message"] == "Item 2 of 'for_each' is another one now than when it was done."
        assert [text for _, text in board.posts] == ["a", "b"]

    def test_is_refused_in_each_run_after_that_too(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        run_id = engine.execute_workflow(self.over(workflow, ["a", "bad", "bad"], PLAIN)).run_id
        run_id = engine.resume(run_id, self.over(workflow, ["a", "b", "bad"], PLAIN))
        assert engine.wait(run_id).status == "failed"
        again = engine.resume(run_id, self.over(workflow, ["a", "x", "c"], PLAIN))
        assert "Item 2 of" in (engine.wait(again).error or {})["message"]
        last = engine.resume(again, self.over(workflow, ["a", "b", "c"], PLAIN))
        assert engine.wait(last).status == "succeeded"
        assert [text for _, text in board.posts] == ["a", "b", "c"]


@pytest.mark.parametrize("people", [["a"], ["a", "b", "c", "d"]])
def test_a_loop_that_goes_on_over_another_list_is_refused(
    engine: WorkflowEngine, workflow: Build, people: list[str]
) -> None:
    def over(names: list[str]) -> Workflow:
        given = {"id": "people", "uses": "set", "with": {"values": {"v": names}}}
        told = {
            "id": "told",
            "uses": "board.flaky",
            "for_each": "{{ steps.people.values.v }}",
            "concurrency": 1,
            "with": {"times": "{{ 1 if index == 2 else 0 }}"},
        }
        return workflow(given, told)

    failed = engine.execute_workflow(over(["a", "b", "c"])).run_id
    result = engine.wait(engine.resume(failed, over(people)))
    assert result.error is not None
    assert f"gives {len(people)} items now, and gave 3" in result.error["message"]
