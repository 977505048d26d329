"""Each policy through the whole engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.clock import SystemClock, Timer
from orchestrator.errors import RateLimited, Unavailable
from orchestrator.policies.breaker import FAILURES
from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine

RunIn = Callable[..., Any]
LOOK = {"id": "a", "uses": "shop.look"}
ASK = {"id": "a", "uses": "chat.ask", "with": {"prompt": "hello", "model": "oracle:small", "max_tokens": 100}}
"""At most 110 tokens: 2 of the prompt and 8 around it, 100 of the answer. The model says that it read 1."""
HELLO = 101
EIGHT = {"for_each": "{{ range(8) | list }}", "concurrency": 8}


class Later(SystemClock):
    """The machine's clock, as many seconds ahead as a test says."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        return super().call_at(when - self.ahead, callback)


@pytest.fixture
def timed(run_in: RunIn) -> RunIn:
    """Like `run_in`; gives the result and the seconds that it took."""

    def run(*args: Any, **keys: Any) -> tuple[Any, float]:
        started = time.monotonic()
        result = run_in(*args, **keys)
        return result, time.monotonic() - started

    return run


class TestRetry:
    def test_waits_as_long_as_the_service_says(self, timed: RunIn, shop: Any) -> None:
        shop.troubles = [RateLimited("slow down", retry_after=0.3)]
        result, seconds = timed(shop, {**LOOK, "retry": {"attempts": 2, "backoff": 0, "max_delay": 0}})
        assert (result.status, result.steps["a"].attempts) == ("succeeded", 2)
        assert seconds >= 0.3

    def test_is_for_the_errors_that_are_wanted(self, run_in: RunIn, shop: Any) -> None:
        shop.troubles = [Unavailable("down")]
        result = run_in(shop, {**LOOK, "retry": {"attempts": 5, "backoff": 0, "on": ["rate_limited"]}})
        assert (result.status, result.steps["a"].attempts) == ("failed", 1)


def test_an_attempt_that_was_given_up_asks_no_model_any_more(settings: Settings, shop: Any, workflow: Any) -> None:
    late = {**ASK, "with": {"model": "oracle", "think": 0.3}, "timeout": 0.1}
    with WorkflowEngine(settings, registry=shop.registry) as engine:
        assert engine.execute_workflow(workflow(late)).error["code"] == "timeout"
        time.sleep(0.5)
    assert shop.calls == []


class TestADeadline:
    def test_ends_a_step_with_all_its_tries(self, timed: RunIn, shop: Any) -> None:
        shop.troubles = [RateLimited("slow down", retry_after=0.2)] * 50
        result, seconds = timed(shop, {**LOOK, "retry": {"attempts": 50, "backoff": 0}, "deadline": 0.7})
        assert (result.status, result.error["code"]) == ("failed", "rate_limited")
        assert 1 <= result.steps["a"].attempts <= 4
        assert seconds < 50 * 0.2

    def test_ends_a_try_that_is_under_way(self, timed: RunIn, shop: Any) -> None:
        shop.nap = 5
        result, seconds = timed(shop, {**LOOK, "deadline": 0.2})
        shop.gate.set()
        assert result.error["code"] == "deadline_exceeded"
        assert seconds < shop.nap

    def test_does_not_abandon_a_write(self, run_in: RunIn, shop: Any) -> None:
        shop.nap = 0.4
        result = run_in(shop, {"id": "a", "uses": "shop.order", "deadline": 0.1})
        assert (result.status, len(shop.orders)) == ("succeeded", 1)


class TestABudget:
    def test_of_tokens_is_kept_by_branches_in_parallel(self, run_in: RunIn, shop: Any) -> None:
        result = run_in(shop, {**ASK, **EIGHT, "on_error": "continue"}, budget={"tokens": 3 * HELLO + 60})
        items = result.steps["a"].items
        assert len(shop.calls) == 3
        assert sorted(item.status for item in items) == ["failed"] * 5 + ["succeeded"] * 3
        assert {item.error["code"] for item in items if item.error} == {"budget_exceeded"}

    def test_of_dollars_stops_the_run_and_says_why(self, run_in: RunIn, shop: Any) -> None:
        more = {**ASK, "id": "b", "needs": ["a"]}
        result = run_in(shop, ASK, more, budget={"cost": 1.5})  # a dollar each
        assert (result.status, result.error["code"], result.error["retryable"]) == ("failed", "budget_exceeded", False)
        assert "This run may use $1.50: $1.00 are used" in result.error["message"]
        assert result.steps["a"].usage.cost == pytest.approx(1.001)

    def test_of_dollars_asks_no_model_without_a_known_price(self, run_in: RunIn, shop: Any) -> None:
        dear = {**ASK, "with": {"model": "dear:small"}}
        result = run_in(shop, dear, budget={"cost": 100})
        assert "what this model costs is not known" in result.error["message"]
        assert shop.calls == []

    def test_of_time_ends_what_is_under_way(self, timed: RunIn, shop: Any) -> None:
        shop.nap = 5
        result, seconds = timed(shop, LOOK, budget={"seconds": 0.3})
        shop.gate.set()
        assert result.error["code"] == "budget_exceeded"
        assert seconds < shop.nap

    def test_of_time_begins_anew_when_a_preview_is_approved(self, settings: Settings, shop: Any, workflow: Any) -> None:
        order = workflow({"id": "a", "uses": "shop.order"}, budget={"seconds": 60})
        clock = Later()
        with WorkflowEngine(settings, registry=shop.registry, clock=clock) as engine:
            run_id = engine.start_workflow(order, preview=True)
            while not engine.run(run_id).questions:
                time.sleep(0.01)
            clock.ahead = 120
            engine.approve(run_id)
            while engine.run(run_id).status not in ("succeeded", "failed"):
                time.sleep(0.01)
            assert engine.run(run_id).status == "succeeded"

    def test_counts_what_was_used_before_the_run_was_taken_up_again(
        self, settings: Settings, shop: Any, workflow: Any
    ) -> None:
        asked = workflow(ASK, {**ASK, "id": "b", "needs": ["a"]}, budget={"tokens": 150})
        with WorkflowEngine(settings, registry=shop.registry) as engine:
            failed = engine.execute_workflow(asked)
            again = engine.wait(engine.resume(failed.run_id))
        assert [it.error["code"] for it in (failed, again) if it.error] == ["budget_exceeded"] * 2
        assert len(shop.calls) == 1

    def test_is_kept_by_the_workflows_that_it_calls_together(
        self, settings: Settings, shop: Any, workflow: Any
    ) -> None:
        call = {"id": "call", "uses": "workflow", "with": {"workflow": "child"}, "on_error": "continue"}
        with WorkflowEngine(settings, registry=shop.registry) as engine:
            engine.library.workflows.save(workflow(ASK).model_copy(update={"id": "child"}))
            outer = workflow({**call, **EIGHT}, budget={"tokens": 3 * HELLO + 60})
            result = engine.execute_workflow(outer)
            assert len(shop.calls) == 3
            assert sorted(item.status for item in result.steps["call"].items) == ["failed"] * 5 + ["succeeded"] * 3
            errors = {run.error["code"] for run in engine.runs(workflow="child") if run.error}
            used = engine.run(result.run_id).summary.usage
        assert errors == {"budget_exceeded"}
        assert used.input_tokens + used.output_tokens == 3 * HELLO


class TestAnAccount:
    def test_gets_no_more_calls_a_second_than_its_service_allows(self, timed: RunIn, open_shop: Any) -> None:
        shop = open_shop(rate=20, burst=2)
        result, seconds = timed(shop, {**LOOK, **EIGHT})
        assert result.status == "succeeded"
        assert seconds >= 6 / 20

    def test_gets_no_more_calls_at_a_time_than_its_service_allows(self, run_in: RunIn, open_shop: Any) -> None:
        shop = open_shop(concurrency=2)
        shop.nap = 0.05
        assert run_in(shop, {**LOOK, **EIGHT}).status == "succeeded"
        assert shop.most_inside == 2

    def test_that_is_told_to_wait_for_long_has_its_runs_wait(
        self, settings: Settings, shop: Any, workflow: Any
    ) -> None:
        shop.troubles = [RateLimited("slow down", retry_after=600)]
        told = {**LOOK, "on_error": "continue"}
        later = {**LOOK, "id": "b", "needs": ["a"], "retry": 2}
        with WorkflowEngine(settings, registry=shop.registry) as engine:
            run_id = engine.start_workflow(workflow(told, later))
            while engine.run(run_id).steps[1].status != "waiting":
                time.sleep(0.01)
            engine.cancel(run_id)
            assert engine.wait(run_id).status == "cancelled"
            step = engine.run(run_id).steps[1]
        assert [line.message for line in step.log] == ["Waits 10 min: The shop allows no more calls until then."]
        assert len(shop.calls) == 1

    def test_has_a_write_that_waits_for_its_turn_cancelled_at_once(
        self, settings: Settings, open_shop: Any, workflow: Any
    ) -> None:
        shop = open_shop(concurrency=1)
        shop.nap = 5
        with WorkflowEngine(settings, registry=shop.registry) as engine:
            orders = [{"id": id, "uses": "shop.order"} for id in ("a", "b")]
            run_id = engine.start_workflow(workflow(*orders))
            while not shop.calls:
                time.sleep(0.01)
            engine.cancel(run_id)
            shop.gate.set()
            result = engine.wait(run_id)
        assert {id: step.status for id, step in result.steps.items()} == {"a": "succeeded", "b": "cancelled"}
        assert len(shop.orders) == 1


def test_a_service_that_is_down_is_left_alone(settings: Settings, shop: Any, workflow: Any) -> None:
    shop.troubles = [Unavailable("The shop is down.")] * 20
    look = {**LOOK, **EIGHT, "concurrency": 1, "on_error": "continue"}
    with WorkflowEngine(settings, registry=shop.registry) as engine:
        result = engine.execute_workflow(workflow(look))
        [state] = engine.breakers()
    codes = [item.error["code"] for item in result.steps["a"].items if item.error]
    assert codes == ["unavailable"] * FAILURES + ["circuit_open"] * (8 - FAILURES)
    assert len(shop.calls) == FAILURES
    assert (state.connector, state.state, state.error) == ("shop", "open", "The shop is down.")


class TestACache:
    def test_answers_the_next_run_and_says_so(self, settings: Settings, shop: Any, workflow: Any) -> None:
        look = workflow({**LOOK, "with": {"ware": "tea"}, "cache": 60})
        with WorkflowEngine(settings, registry=shop.registry) as engine:
            first, second = engine.execute_workflow(look), engine.execute_workflow(look)
        assert first.steps["a"].output == second.steps["a"].output == {"ware": "tea", "number": 1}
        assert [it.steps["a"].items[0].cached for it in (first, second)] == [False, True]
        assert shop.calls == ["tea"]

    def test_outlives_the_process(self, settings: Settings, shop: Any, workflow: Any) -> None:
        for _ in range(2):
            with WorkflowEngine(settings, registry=shop.registry) as engine:
                result = engine.execute_workflow(workflow({**LOOK, "cache": 60}))
        assert result.steps["a"].items[0].cached
        assert len(shop.calls) == 1

    def test_asks_once_what_is_asked_at_the_same_time(self, run_in: RunIn, shop: Any) -> None:
        shop.nap = 0.1
        result = run_in(shop, {**LOOK, **EIGHT, "cache": True})
        assert [output["number"] for output in result.steps["a"].output] == [1] * 8

    def test_asks_no_model_twice_and_costs_nothing_then(self, run_in: RunIn, shop: Any) -> None:
        result = run_in(shop, {**ASK, "cache": 60}, {**ASK, "id": "b", "needs": ["a"], "cache": 60})
        assert (result.steps["a"].usage.output_tokens, result.steps["b"].usage.output_tokens) == (100, 0)
        assert len(shop.calls) == 1
