"""Deciding is pure: no engine, no clock, no disk."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.decide import Expand, Fail, Finish, Skip, Start, decide
from orchestrator.events import Event
from orchestrator.graph import Graph
from orchestrator.state import RunState
from orchestrator.workflow import Workflow


class Run:
    """A run without an engine: says what happened, asks what is to be done."""

    def __init__(self, *steps: dict[str, Any], inputs: dict[str, Any] | None = None, output: Any = None) -> None:
        content = {"id": "w", "steps": [{"uses": "x.y", **step} for step in steps], "output": output or {}}
        self.graph = Graph.of(Workflow.model_validate(content))
        self.events: list[Event] = []
        self.state = RunState(self.graph, "r")
        self.say("run.started", inputs=inputs or {})

    def say(self, type: Any, step: str = "", item: str = "", attempt: int = 1, at: float = 1.0, **data: Any) -> Run:
        event = Event(type, step, item, attempt, data, at)
        self.events.append(event)
        self.state.apply(event)
        return self

    def done(self, step: str, output: Any = None, item: str = "") -> Run:
        return self.say("step.started", step, item, input={}).say("step.succeeded", step, item, output=output)

    def failed(self, step: str, item: str = "") -> Run:
        error = {"message": "no"}
        return self.say("step.started", step, item, input={}).say("step.failed", step, item, error=error)

    @property
    def commands(self) -> list[Any]:
        return decide(self.state)

    @property
    def starts(self) -> list[str]:
        return [command.step + command.item for command in self.commands if isinstance(command, Start)]


def test_steps_that_nothing_ties_start_together_and_a_join_waits_for_all() -> None:
    run = Run({"id": "a"}, {"id": "b"}, {"id": "c", "needs": ["a", "b"]})
    assert run.starts == ["a", "b"]
    assert run.done("a").starts == ["b"]
    assert run.done("b").starts == ["c"]


def test_an_expression_ties_a_step_and_is_rendered_from_what_is_recorded() -> None:
    run = Run({"id": "a"}, {"id": "b", "with": {"v": "{{ steps.a.n + 1 }}"}})
    assert run.starts == ["a"]
    assert run.done("a", {"n": 1}).commands == [Start("b", "", 1, 0, {"v": 2})]


def test_nothing_is_started_twice() -> None:
    run = Run({"id": "a"})
    run.say("step.started", "a", input={})
    assert run.commands == []


def test_the_run_ends_with_its_output() -> None:
    run = Run({"id": "a"}, output={"n": "{{ steps.a.n }}"}).done("a", {"n": 5})
    assert run.commands == [Finish("succeeded", {"n": 5})]
    assert run.say("run.finished", status="succeeded").commands == []


class TestConditions:
    def test_a_step_whose_condition_is_not_true_is_skipped_and_so_is_what_needs_it(self) -> None:
        run = Run({"id": "a", "if": "{{ inputs.go }}"}, {"id": "b", "needs": ["a"]}, inputs={"go": False})
        assert run.commands == [Skip("a", "", "its condition is not true")]
        run.say("step.skipped", "a", reason="")
        assert run.commands == [Skip("b", "", "'a' was skipped")]
        run.say("step.skipped", "b", reason="")
        assert run.commands == [Finish("succeeded", {})]

    def test_a_step_with_a_condition_of_its_own_decides_for_itself(self) -> None:
        run = Run({"id": "a", "if": False}, {"id": "b", "if": "{{ not steps.a }}"})
        run.say("step.skipped", "a", reason="")
        assert run.starts == ["b"]

    def test_a_condition_without_a_value_fails_the_step(self) -> None:
        run = Run({"id": "a", "if": "{{ inputs.nothing }}"})
        [command] = run.commands
        assert isinstance(command, Fail)
        assert "there is no 'nothing' here" in command.error["message"]


class TestForEach:
    def test_runs_each_item_within_its_concurrency_and_gives_a_list(self) -> None:
        run = Run({"id": "a", "for_each": [10, 20, 30], "concurrency": 2, "with": {"v": "{{ item + index }}"}})
        assert run.commands == [Expand("a", "", 3)]
        run.say("step.expanded", "a", count=3)
        assert [(c.item, c.params) for c in run.commands] == [("0", {"v": 10}), ("1", {"v": 21})]
        run.say("step.started", "a", "0", input={}).say("step.started", "a", "1", input={})
        assert run.commands == []
        run.say("step.succeeded", "a", "1", output="second")
        assert run.starts == ["a2"]
        run.done("a", "third", "2").say("step.succeeded", "a", "0", output="first")
        assert run.state.root.outputs["a"] == ["first", "second", "third"]

    def test_of_nothing_succeeds_with_nothing(self) -> None:
        run = Run({"id": "a", "for_each": []}, {"id": "b", "needs": ["a"]}).say("step.expanded", "a", count=0)
        assert run.state.root.outputs["a"] == []
        assert run.starts == ["b"]

    def test_of_something_else_than_a_list_fails(self) -> None:
        [command] = Run({"id": "a", "for_each": "{{ 'text' }}"}).commands
        assert isinstance(command, Fail)
        assert "needs a list" in command.error["message"]

    def test_passes_over_the_items_that_an_earlier_run_recorded(self) -> None:
        run = Run({"id": "a", "for_each": [1, 2, 3, 4], "concurrency": 1}).say("step.expanded", "a", count=4)
        run.say("step.succeeded", "a", "0", output="x").say("step.succeeded", "a", "2", output="z")
        assert run.starts == ["a1"]
        assert run.done("a", "y", "1").starts == ["a3"]
        assert run.done("a", "w", "3").state.root.outputs["a"] == ["x", "y", "z", "w"]

    def test_with_continue_an_item_may_fail(self) -> None:
        run = Run({"id": "a", "for_each": [1, 2], "on_error": "continue"}).say("step.expanded", "a", count=2)
        run.failed("a", "0").done("a", "ok", "1")
        assert run.state.root.outputs["a"] == [{"error": {"message": "no"}}, "ok"]
        assert run.state.steps["a"].status == "succeeded"


class TestErrors:
    def test_fail_ends_the_run_once_what_is_under_way_is_over(self) -> None:
        run = Run({"id": "a"}, {"id": "b"}, {"id": "c"}).say("step.started", "b", input={}).failed("a")
        assert run.commands == []
        run.say("step.succeeded", "b", output=1)
        assert run.commands == [Finish("failed", error={"message": "no"})]

    def test_continue_gives_the_error_as_data(self) -> None:
        run = Run({"id": "a", "on_error": "continue"}, {"id": "b", "with": {"m": "{{ steps.a.error.message }}"}})
        assert run.failed("a").commands == [Start("b", "", 1, 0, {"m": "no"})]

    def test_a_handler_runs_only_after_a_failure_and_what_needed_the_step_is_skipped(self) -> None:
        steps = ({"id": "a", "on_error": "mend"}, {"id": "mend"}, {"id": "after", "needs": ["a"]})
        run = Run(*steps).failed("a")
        assert run.commands == [Start("mend", "", 1, 0, {}), Skip("after", "", "'a' failed")]
        run = Run(*steps).done("a")
        assert run.commands == [Skip("mend", "", "'a' did not fail"), Start("after", "", 1, 0, {})]

    def test_a_retry_waits_until_it_is_due(self) -> None:
        run = Run({"id": "a", "retry": 3}).say("step.started", "a", input={})
        run.say("step.retrying", "a", error={"message": "no"}, until=9.0)
        assert run.commands == []
        assert run.state.waits == {("a", ""): 9.0}
        assert run.say("step.due", "a").commands == [Start("a", "", 2, 1, {})]


def test_cancelling_starts_nothing_more_and_waits_for_what_is_under_way() -> None:
    run = Run({"id": "a"}, {"id": "b", "needs": ["a"]}).say("step.started", "a", input={}).say("run.cancelling")
    assert run.commands == []
    assert run.say("step.succeeded", "a", output=1).commands == [Finish("cancelled")]
    run.say("run.finished", status="cancelled")
    assert {id: step.status for id, step in run.state.steps.items()} == {"a": "succeeded", "b": "cancelled"}


def test_after_a_resume_only_what_was_under_way_starts_again_as_a_new_attempt() -> None:
    run = Run({"id": "a"}, {"id": "b"}, {"id": "c", "needs": ["a", "b"]})
    run.done("a").say("step.started", "b", input={}).say("run.resumed", reason="")
    assert run.commands == [Start("b", "", 2, 0, {})]


@pytest.mark.parametrize("cut", range(12))
def test_the_same_events_always_give_the_same_state(cut: int) -> None:
    run = Run({"id": "a"}, {"id": "b", "for_each": "{{ steps.a }}"}, {"id": "c", "with": {"v": "{{ steps.b }}"}})
    run.done("a", [1, 2]).say("step.expanded", "b", count=2).done("b", 5, "1").done("b", 4, "0").done("c")
    again = RunState(run.graph, "r")
    for event in run.events[:cut]:
        again.apply(event)
    first = decide(again)
    replayed = RunState(run.graph, "r")
    for event in run.events[:cut]:
        replayed.apply(event)
    assert decide(replayed) == first
