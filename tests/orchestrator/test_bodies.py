"""Steps with steps inside: groups, loops in loops, loops until, state machines, other workflows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

Build = Callable[..., Workflow]


def echo(id: str, x: Any, **keys: Any) -> dict[str, Any]:
    return {"id": id, "uses": "board.echo", "with": {"x": x}, **keys}


def post(id: str, text: str, **keys: Any) -> dict[str, Any]:
    return {"id": id, "uses": "board.post", "with": {"text": text}, **keys}


class TestAGroup:
    def test_runs_its_steps_in_order_and_gives_what_output_says(self, engine: WorkflowEngine, workflow: Build) -> None:
        inside = [echo("a", "{{ steps.start.x + 1 }}"), echo("b", "{{ steps.a.x * 10 }}")]
        group = {"id": "g", "uses": "group", "steps": inside, "output": {"n": "{{ steps.b.x }}"}}
        result = engine.execute_workflow(workflow(echo("start", 1), group, output={"n": "{{ steps.g.n }}"}))
        assert (result.status, result.outputs) == ("succeeded", {"n": 20})

    def test_without_output_gives_the_outputs_of_its_steps(self, engine: WorkflowEngine, workflow: Build) -> None:
        inside = [echo("a", 1), echo("b", 2, **{"if": False})]
        result = engine.execute_workflow(
            workflow({"id": "g", "uses": "group", "steps": inside}, output={"all": "{{ steps.g }}"})
        )
        assert result.outputs == {"all": {"a": {"x": 1}, "b": None}}

    def test_that_is_skipped_runs_nothing_inside(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        result = engine.execute_workflow(
            workflow({"id": "g", "uses": "group", "if": False, "steps": [post("p", "no")]}, echo("after", 1))
        )
        assert result.status == "succeeded"
        assert board.posts == []

    def test_runs_every_item_of_loops_in_loops(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        inner = {
            "id": "files",
            "uses": "group",
            "for_each": "{{ item.files }}",
            "steps": [post("p", "{{ parent.item.name }}/{{ item }} {{ parent.index }}.{{ index }}")],
        }
        outer = {"id": "folders", "uses": "group", "for_each": "{{ inputs.folders }}", "steps": [inner]}
        folders = [{"name": "a", "files": [1, 2, 3]}, {"name": "b", "files": []}, {"name": "c", "files": [4]}]
        flow = workflow(
            outer,
            inputs={"folders": {"type": "list"}},
            output={"ids": "{{ steps.folders | map(attribute='files') | map('length') | list }}"},
        )
        result = engine.execute_workflow(flow, {"folders": folders})
        assert result.error is None
        assert sorted(text for _, text in board.posts) == ["a/1 0.0", "a/2 0.1", "a/3 0.2", "c/4 2.0"]
        assert result.outputs == {"ids": [3, 0, 1]}
        assert [item.item for item in result.steps["p"].items] == ["0.0", "0.1", "0.2", "2.0"]

    def test_whose_step_fails_fails_with_it_and_ends_what_waits_inside(
        self, engine: WorkflowEngine, workflow: Build
    ) -> None:
        inside = [
            {"id": "ask", "uses": "approve", "with": {"message": "ok?"}},
            {"id": "bad", "uses": "fail", "with": {"message": "no"}},
        ]
        group = {"id": "g", "uses": "group", "steps": inside, "on_error": "continue"}
        result = engine.execute_workflow(
            workflow(group, echo("after", "{{ steps.g.error.message }}"), output={"why": "{{ steps.after.x }}"})
        )
        assert (result.status, result.outputs) == ("succeeded", {"why": "no"})
        assert result.steps["ask"].status == "cancelled"

    def test_with_continue_other_items_go_on(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        inside = [
            {"id": "bad", "uses": "fail", "with": {"message": "two"}, "if": "{{ item == 2 }}"},
            post("p", "n{{ item }}", **{"if": "{{ item != 2 }}"}),
        ]
        group = {"id": "g", "uses": "group", "for_each": [1, 2, 3], "steps": inside, "on_error": "continue"}
        result = engine.execute_workflow(workflow(group, output={"why": "{{ steps.g[1].error.message }}"}))
        assert sorted(text for _, text in board.posts) == ["n1", "n3"]
        assert result.outputs == {"why": "two"}

    def test_goes_on_after_a_failure_with_the_items_that_are_left(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        inside = [
            post("p", "n{{ item }}"),
            {"id": "f", "uses": "board.flaky", "with": {"times": "{{ 1 if item == 2 else 0 }}"}, "needs": ["p"]},
        ]
        group = {"id": "g", "uses": "group", "for_each": [1, 2, 3], "concurrency": 1, "steps": inside}
        failed = engine.execute_workflow(workflow(group))
        assert failed.status == "failed"
        again = engine.wait(engine.resume(failed.run_id))
        assert again.status == "succeeded"
        assert [text for _, text in board.posts] == ["n1", "n2", "n3"]


class TestALoop:
    def loop(self, **given: Any) -> dict[str, Any]:
        return {
            "id": "loop",
            "uses": "loop_until",
            "with": {"until": "{{ steps.n.x >= 3 }}", "limit": 10, **given},
            "steps": [echo("n", "{{ (last.n if last else 0) + 1 }}")],
            "output": {"n": "{{ steps.n.x }}"},
        }

    def test_ends_when_its_condition_holds(self, engine: WorkflowEngine, workflow: Build) -> None:
        result = engine.execute_workflow(workflow(self.loop(), output={"all": "{{ steps.loop }}"}))
        assert result.outputs["all"] == {"output": {"n": 3}, "round": 2, "rounds": 3, "reached": True, "score": None}

    def test_ends_at_its_limit_and_keeps_the_best(self, engine: WorkflowEngine, workflow: Build) -> None:
        loop = self.loop(until=False, limit=4, best="{{ 10 - (steps.n.x - 2) ** 2 }}")
        result = engine.execute_workflow(workflow(loop, output={"all": "{{ steps.loop }}"}))
        assert result.outputs["all"] == {"output": {"n": 2}, "round": 1, "rounds": 4, "reached": False, "score": 10.0}

    def test_in_a_loop_runs_for_every_item(self, engine: WorkflowEngine, workflow: Build) -> None:
        loop = self.loop() | {"for_each": [1, 2]}
        result = engine.execute_workflow(workflow(loop, output={"all": "{{ steps.loop }}"}))
        assert [one["output"]["n"] for one in result.outputs["all"]] == [3, 3]
        assert [item.item for item in result.steps["n"].items] == ["0.0", "0.1", "0.2", "1.0", "1.1", "1.2"]

    def test_fails_for_a_score_that_is_no_number(self, engine: WorkflowEngine, workflow: Build) -> None:
        result = engine.execute_workflow(workflow(self.loop(best="high")))
        assert result.error
        assert "score" in result.error["message"]

    def test_without_a_limit_is_refused(self, engine: WorkflowEngine, workflow: Build) -> None:
        content = workflow(self.loop()).dump()
        del content["steps"][0]["with"]["limit"]
        assert [problem.code for problem in engine.check(content)] == ["missing_parameter"]


class TestStates:
    def machine(self, *, choose: str | None = None, **given: Any) -> dict[str, Any]:
        review: dict[str, Any] = {
            "role": "editor",
            "steps": [echo("grade", "{{ last.n }}")],
            "output": {"n": "{{ steps.grade.x }}"},
            "transitions": {
                "reject": {"to": "draft", "if": "{{ steps.grade.x < 3 }}"},
                "accept": {"to": "done"},
            },
        }
        if choose:
            review["choose"] = choose
        return {
            "id": "paper",
            "uses": "states",
            "with": {"limit": 20, **given},
            "states": {
                "draft": {
                    "role": "writer",
                    "steps": [echo("write", "{{ (last.n if last else 0) + 1 }}")],
                    "output": {"n": "{{ steps.write.x }}"},
                    "transitions": {"submit": {"to": "review"}},
                },
                "review": review,
                "done": {"steps": [echo("end", "{{ last.n }} {{ role }}")]},
            },
        }

    def test_go_round_until_one_is_final_and_tell_their_history(self, engine: WorkflowEngine, workflow: Build) -> None:
        result = engine.execute_workflow(workflow(self.machine(), output={"all": "{{ steps.paper }}"}))
        assert result.error is None
        machine = result.outputs["all"]
        assert (machine["state"], machine["rounds"]) == ("done", 7)
        assert [(one["state"], one["role"], one["transition"]) for one in machine["history"]][-3:] == [
            ("draft", "writer", "submit"),
            ("review", "editor", "accept"),
            ("done", None, None),
        ]

    @pytest.mark.parametrize(
        ("choose", "told"),
        [("nonsense", "has no transition 'nonsense'"), ("{{ 'reject' if last.n > 2 else 'accept' }}", "not allowed")],
    )
    def test_an_illegal_transition_is_refused(
        self, engine: WorkflowEngine, workflow: Build, choose: str, told: str
    ) -> None:
        machine = self.machine(choose=choose)
        machine["states"]["review"]["transitions"]["accept"]["if"] = "{{ steps.grade.x >= 3 }}"
        result = engine.execute_workflow(workflow(machine))
        assert result.error
        assert told in result.error["message"]

    def test_that_never_end_stop_at_the_limit(self, engine: WorkflowEngine, workflow: Build) -> None:
        result = engine.execute_workflow(workflow(self.machine(limit=4)))
        assert result.error
        assert "4 states were entered" in result.error["message"]

    def test_that_could_go_round_for_ever_are_refused(self, engine: WorkflowEngine, workflow: Build) -> None:
        content = workflow(self.machine()).dump()
        del content["steps"][0]["with"]["limit"]
        assert [problem.code for problem in engine.check(content)] == ["no_limit"]


class TestAnotherWorkflow:
    @pytest.fixture
    def child(self, settings: Settings, engine: WorkflowEngine, workflow: Build) -> Callable[..., None]:
        def save(*steps: dict[str, Any], **keys: Any) -> None:
            content = workflow(*steps, **keys).model_copy(update={"id": "child"})
            engine.library.workflows.save(content)

        return save

    def call(self, **keys: Any) -> dict[str, Any]:
        return {"id": "call", "uses": "workflow", "with": {"workflow": "child", "inputs": {"n": 2}}, **keys}

    def test_runs_as_a_run_of_its_own_and_gives_its_output(
        self, engine: WorkflowEngine, workflow: Build, child: Callable[..., None]
    ) -> None:
        child(
            echo("double", "{{ inputs.n * 2 }}"),
            inputs={"n": {"type": "integer"}},
            output={"n": "{{ steps.double.x }}"},
        )
        result = engine.execute_workflow(workflow(self.call(), output={"n": "{{ steps.call.n }}"}))
        assert (result.status, result.outputs) == ("succeeded", {"n": 4})
        runs = {run.workflow_id: run for run in engine.runs()}
        assert runs["child"].parent == result.run_id

    def test_that_fails_fails_the_step_and_is_taken_up_again(
        self, engine: WorkflowEngine, workflow: Build, child: Callable[..., None], board: Any
    ) -> None:
        child(
            post("p", "once"),
            {"id": "f", "uses": "board.flaky", "with": {"times": 1}, "needs": ["p"]},
            inputs={"n": {"type": "integer"}},
        )
        failed = engine.execute_workflow(workflow(self.call()))
        assert failed.error
        assert failed.error["code"] == "subworkflow_failed"
        assert engine.wait(engine.resume(failed.run_id)).status == "succeeded"
        assert [text for _, text in board.posts] == ["once"]

    def test_that_goes_on_by_itself_is_not_waited_for(
        self, engine: WorkflowEngine, workflow: Build, child: Callable[..., None], board: Any
    ) -> None:
        """It tells nobody of its end but the run that began it, which is over."""
        down = {"id": "down", "uses": "board.flaky", "with": {"times": 1}}
        child(down, {**post("p", "held"), "needs": ["down"]}, inputs={"n": {"type": "integer"}})
        failed = engine.execute_workflow(workflow(self.call())).run_id
        alone = engine.resume(next(run.id for run in engine.runs() if run.parent))
        assert board.entered.wait(10)
        refused = engine.wait(engine.resume(failed))
        assert refused.error is not None
        assert refused.error["message"] == f"Its run {alone} goes on by itself."
        board.gate.set()
        engine.wait(alone)
        assert engine.wait(engine.resume(failed)).status == "succeeded"
        assert len(board.posts) == 1

    def test_is_cancelled_with_the_run_that_started_it(
        self, engine: WorkflowEngine, workflow: Build, child: Callable[..., None]
    ) -> None:
        child({"id": "ask", "uses": "approve", "with": {"message": "ok?"}}, inputs={"n": {"type": "integer"}})
        run_id = engine.start_workflow(workflow(self.call()))
        eventually(lambda: any(run.workflow_id == "child" and run.status == "waiting" for run in engine.runs()))
        engine.cancel(run_id)
        eventually(lambda: {run.status for run in engine.runs()} == {"cancelled"})

    def test_is_cancelled_with_it_at_whatever_moment_it_was_begun(
        self, engine: WorkflowEngine, workflow: Build, child: Callable[..., None]
    ) -> None:
        child({"id": "ask", "uses": "approve", "with": {"message": "ok?"}}, inputs={"n": {"type": "integer"}})
        flow = workflow(self.call())
        for moment in range(24):
            run_id = engine.start_workflow(flow)
            time.sleep(moment * 0.0004)  # somewhere between the run and the row of its child
            engine.cancel(run_id)
        eventually(lambda: {run.status for run in engine.runs(limit=100)} == {"cancelled"})

    def test_that_waits_lets_its_parent_wait_and_wakes_it(
        self, engine: WorkflowEngine, workflow: Build, child: Callable[..., None]
    ) -> None:
        child(
            {"id": "ask", "uses": "wait_for_input", "with": {"message": "n?", "type": "integer"}},
            inputs={"n": {"type": "integer"}},
            output={"n": "{{ steps.ask.value }}"},
        )
        run_id = engine.start_workflow(workflow(self.call(), output={"n": "{{ steps.call.n }}"}))
        eventually(lambda: {run.status for run in engine.runs()} == {"waiting"} and len(engine.runs()) == 2)
        asked = next(run.id for run in engine.runs() if run.workflow_id == "child")
        engine.answer(asked, "ask", 7)
        eventually(lambda: engine.run(run_id).status == "succeeded")
        assert engine.run(run_id).output == {"n": 7}

    def test_that_calls_itself_is_stopped(
        self, engine: WorkflowEngine, workflow: Build, child: Callable[..., None]
    ) -> None:
        child(self.call(), inputs={"n": {"type": "integer"}})
        result = engine.execute_workflow("child", {"n": 1})
        assert result.status == "failed"
        assert len(engine.runs()) == 11

    def test_that_does_not_exist_fails_the_step(self, engine: WorkflowEngine, workflow: Build) -> None:
        result = engine.execute_workflow(workflow(self.call()))
        assert result.error
        assert "no workflow 'child'" in result.error["message"]


class TestAPreviewOfABody:
    def test_plans_what_is_inside_and_sends_exactly_that(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        inside = [echo("text", "{{ item }}!"), post("p", "{{ steps.text.x }}")]
        group = {"id": "g", "uses": "group", "for_each": ["a", "b"], "steps": inside}
        run_id = engine.start_workflow(workflow(group, output={"n": "{{ steps.g | length }}"}), preview=True)
        eventually(lambda: bool(engine.run(run_id).questions))
        view = engine.run(run_id)
        assert [plan.request["text"] for plan in view.plans] == ["a!", "b!"]
        read = len(board.calls)
        engine.approve(run_id, hash=view.plan_hash)
        eventually(lambda: engine.run(run_id).status == "succeeded")
        assert sorted(text for _, text in board.posts) == ["a!", "b!"]
        assert len(board.calls) == read

    def test_of_a_loop_that_turns_on_what_the_service_chooses_is_open(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        loop = {
            "id": "loop",
            "uses": "loop_until",
            "with": {"until": "{{ steps.p.url.endswith('1') }}", "limit": 3},
            "steps": [post("p", "hello")],
        }
        run_id = engine.start_workflow(workflow(loop), preview=True)
        eventually(lambda: bool(engine.run(run_id).questions))
        assert next(step.status for step in engine.run(run_id).steps if step.id == "loop") == "open"
        engine.approve(run_id)
        eventually(lambda: engine.run(run_id).status == "succeeded")
        assert len(board.posts) == 1


def eventually(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)
