from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.actions import AccountError, Message, ModelAnswer, ModelRequest, Price, Unavailable
from orchestrator.attempt import Attempt, Failed, Outcome, Succeeded
from orchestrator.clock import ManualClock
from orchestrator.errors import BudgetExceeded
from orchestrator.history import Usage
from orchestrator.policies import around
from orchestrator.policies.budget import (
    ANSWER,
    Budget,
    BudgetPolicy,
    Refusal,
    Reservation,
    bounded,
    most,
    spend,
    within,
)
from orchestrator.workflow import BudgetLimits

PRICE = Price(input=1, output=2)
CALL = ModelRequest((Message("user", "a" * 300),), "small", max_tokens=100)
"""At most 108 tokens of prompt and 100 of answer."""


def answer(read: int, written: int) -> ModelAnswer:
    return ModelAnswer("", "small", read, written, cost=PRICE.of(read, written))


class TestWhatACallCouldUse:
    def test_is_its_prompt_by_a_rule_of_thumb_and_the_longest_answer(self) -> None:
        assert most(CALL, PRICE) == Usage(108, 100, (108 + 200) / 1_000_000)

    def test_counts_what_scripts_other_than_ours_take(self) -> None:
        assert most(ModelRequest((Message("user", "日本語"),), "small", max_tokens=1), None).input_tokens == 3 + 8

    def test_counts_the_form_that_the_answer_must_have(self) -> None:
        free, bound = (ModelRequest((), "small", max_tokens=1, schema=schema) for schema in (None, {"type": "object"}))
        assert most(free, None).input_tokens < most(bound, None).input_tokens

    def test_counts_pictures(self) -> None:
        shown = ModelRequest((Message("user", "", ("https://a.example/b.png",) * 2),), "small", max_tokens=1)
        assert most(shown, None).input_tokens == 8 + 2 * 1_600

    def test_has_no_cost_where_the_price_is_not_known(self) -> None:
        assert most(CALL, None).cost is None

    def test_is_bounded_even_when_nobody_bounds_the_answer(self) -> None:
        assert bounded(ModelRequest((), "small")).max_tokens == ANSWER
        assert bounded(CALL) is CALL


class TestARefusal:
    def test_says_what_is_used_left_and_needed_and_what_to_do(self) -> None:
        budget = Budget(BudgetLimits(tokens=5000), 0.0, Usage(4000, 200))
        budget.reserve(Usage(200, 100))
        refusal = budget.reserve(Usage(400, 800))
        assert isinstance(refusal, Refusal)
        assert not refusal.error.retryable
        assert refusal.error.code == "budget_exceeded"
        assert refusal.error.message == (
            "This run may use 5,000 tokens: 4,200 tokens are used, 300 tokens may be used by calls under way, 500 "
            "tokens are left, and this call to a model could use 1,200 tokens. It was not made."
        )
        assert refusal.error.remedy == (
            "Raise 'tokens' under 'budget' in the workflow, set a smaller 'max_tokens' in the step, or use fewer or "
            "cheaper calls."
        )

    def test_speaks_of_dollars_where_those_are_what_is_short(self) -> None:
        refusal = Budget(BudgetLimits(cost=2), 0.0, Usage(cost=1.5)).reserve(Usage(cost=0.75))
        assert isinstance(refusal, Refusal)
        assert "$2.00: $1.50 are used, $0.5000 are left, and this call to a model could use $0.7500" in str(
            refusal.error
        )

    def test_meets_a_model_whose_price_is_not_known(self) -> None:
        refusal = Budget(BudgetLimits(cost=2), 0.0).reserve(Usage(10, 10))
        assert isinstance(refusal, Refusal)
        assert "what this model costs is not known" in refusal.error.message
        assert isinstance(Budget(BudgetLimits(tokens=20), 0.0).reserve(Usage(10, 10)), Reservation)

    def test_may_pass_only_if_calls_under_way_can_make_room(self) -> None:
        budget = Budget(BudgetLimits(tokens=100), 0.0, Usage(20, 0))
        budget.reserve(Usage(50, 0))
        fits, never = budget.reserve(Usage(80, 0)), budget.reserve(Usage(81, 0))
        assert isinstance(fits, Refusal)
        assert isinstance(never, Refusal)
        assert (fits.may_fit_later, never.may_fit_later) == (True, False)


class TestACall:
    def test_counts_as_what_it_used(self) -> None:
        budget = Budget(BudgetLimits(tokens=1000, cost=1), 0.0)
        spend(budget, CALL, PRICE, lambda request: answer(70, 20))
        assert budget.used == Usage(70, 20, PRICE.of(70, 20))

    def test_of_which_that_is_not_known_counts_as_all_that_it_could_use(self) -> None:
        def break_off(request: ModelRequest) -> ModelAnswer:
            raise Unavailable("It broke off.")

        budget = Budget(BudgetLimits(tokens=1000), 0.0)
        with pytest.raises(Unavailable):
            spend(budget, CALL, PRICE, break_off)
        assert budget.used == most(CALL, PRICE)
        spend(budget, CALL, PRICE, lambda request: ModelAnswer("no usage told", "small"))
        assert budget.used.output_tokens == 200

    def test_that_was_refused_counts_as_nothing(self) -> None:
        def refuse(request: ModelRequest) -> ModelAnswer:
            raise AccountError("No such key.")

        budget = Budget(BudgetLimits(tokens=1000), 0.0)
        with pytest.raises(AccountError):
            spend(budget, CALL, PRICE, refuse)
        assert budget.used == Usage()
        assert isinstance(budget.reserve(Usage(1000, 0)), Reservation)

    def test_that_does_not_fit_is_not_made(self) -> None:
        asked: list[ModelRequest] = []

        def ask(request: ModelRequest) -> ModelAnswer:
            asked.append(request)
            return answer(1, 1)

        with pytest.raises(BudgetExceeded):
            spend(Budget(BudgetLimits(tokens=207), 0.0), CALL, PRICE, ask)
        assert asked == []

    def test_waits_for_calls_under_way_that_may_leave_enough(self) -> None:
        budget = Budget(BudgetLimits(tokens=300), 0.0)
        under_way, finish = threading.Event(), threading.Event()

        def slowly(request: ModelRequest) -> ModelAnswer:
            under_way.set()
            finish.wait(5)
            return answer(50, 10)

        first = threading.Thread(target=spend, args=(budget, CALL, PRICE, slowly))
        first.start()
        under_way.wait(5)
        done: list[ModelAnswer] = []
        second = threading.Thread(target=lambda: done.append(spend(budget, CALL, PRICE, lambda _: answer(50, 10))))
        second.start()
        time.sleep(0.05)
        assert done == []
        finish.set()
        first.join()
        second.join()
        assert len(done) == 1
        assert budget.used.input_tokens + budget.used.output_tokens == 120

    def test_does_not_wait_longer_than_its_own_time(self) -> None:
        budget = Budget(BudgetLimits(tokens=300), 0.0)
        budget.reserve(Usage(200, 0))
        request = ModelRequest(CALL.messages, "small", max_tokens=100, timeout=0.05)
        with pytest.raises(BudgetExceeded, match="calls under way"):
            spend(budget, request, PRICE, lambda _: answer(1, 1))


class BudgetMachine(RuleBasedStateMachine):
    """Calls are reserved and settled in any order. No call uses more than was reserved for it."""

    @initialize(
        tokens=st.none() | st.integers(1, 10_000),
        cost=st.none() | st.floats(0.0001, 10),
        used=st.tuples(st.integers(0, 500), st.floats(0, 0.00005)),
    )
    def begin(self, tokens: int | None, cost: float | None, used: tuple[int, float]) -> None:
        self.limits = BudgetLimits(tokens=tokens, cost=cost)
        within = tokens is None or used[0] <= tokens
        self.budget = Budget(self.limits, 0.0, Usage(used[0], 0, used[1]) if within else None)
        self.under_way: list[Reservation] = []

    @rule(read=st.integers(0, 3000), written=st.integers(0, 3000), price=st.floats(0, 0.001))
    def reserve(self, read: int, written: int, price: float) -> None:
        wanted = Usage(read, written, (read + written) * price)
        got = self.budget.reserve(wanted)
        if isinstance(got, Reservation):
            self.under_way.append(got)
        elif not self.under_way:
            assert not got.may_fit_later

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), part=st.none() | st.floats(0, 1))
    def settle(self, data: st.DataObject, part: float | None) -> None:
        it = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        cost = it.most.cost or 0.0
        actual = (
            None
            if part is None
            else Usage(int(it.most.input_tokens * part), int(it.most.output_tokens * part), cost * part)
        )
        self.budget.settle(it, actual)

    @invariant()
    def what_is_used_and_reserved_stays_within(self) -> None:
        used = self.budget.used
        reserved = [it.most for it in self.under_way]
        if self.limits.tokens is not None:
            tokens = sum(usage.input_tokens + usage.output_tokens for usage in [used, *reserved])
            assert tokens <= self.limits.tokens
        if self.limits.cost is not None:
            assert sum(usage.cost or 0.0 for usage in [used, *reserved]) <= self.limits.cost + 1e-6


TestAnyInterleaving = BudgetMachine.TestCase
TestAnyInterleaving.settings = hypothesis_settings(max_examples=100, stateful_step_count=40)


@given(tokens=st.integers(1, 3000), calls=st.integers(1, 12))
@hypothesis_settings(max_examples=25)
def test_threads_together_stay_within(tokens: int, calls: int) -> None:
    budget, refused = Budget(BudgetLimits(tokens=tokens), 0.0), list[BudgetExceeded]()

    def one() -> None:
        try:
            spend(budget, CALL, PRICE, lambda request: answer(108, 100))
        except BudgetExceeded as error:
            refused.append(error)

    threads = [threading.Thread(target=one) for _ in range(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = calls - len(refused)
    assert budget.used.input_tokens + budget.used.output_tokens == 208 * made
    assert made == min(calls, tokens // 208)


class TestInAnother:
    def test_both_are_kept_and_what_is_used_counts_in_both(self) -> None:
        outer = Budget(BudgetLimits(tokens=300), 0.0)
        inner, other = (Budget(BudgetLimits(tokens=250), 0.0, outer=outer) for _ in range(2))
        first = inner.reserve(Usage(100, 50))
        assert isinstance(first, Reservation)
        refusal = other.reserve(Usage(100, 100))
        assert isinstance(refusal, Refusal)
        assert refusal.may_fit_later
        inner.settle(first, Usage(10, 10))
        assert isinstance(other.reserve(Usage(100, 100)), Reservation)
        assert (inner.used, outer.used, other.used) == (Usage(10, 10), Usage(10, 10), Usage())

    def test_room_that_one_leaves_is_heard_of_in_the_other(self) -> None:
        outer = Budget(BudgetLimits(tokens=200), 0.0)
        inner, other = (Budget(BudgetLimits(tokens=200), 0.0, outer=outer) for _ in range(2))
        held = inner.reserve(Usage(200, 0))
        assert isinstance(held, Reservation)
        threading.Timer(0.05, lambda: inner.settle(held, Usage())).start()
        assert other.reserve_within(Usage(200, 0), 10).most == Usage(200, 0)

    def test_what_is_left_bounds_another_run(self) -> None:
        budget = Budget(BudgetLimits(tokens=100, seconds=60, cost=1), 1000.0, Usage(90, 20, 0.25))
        assert budget.left(1050.0) == {"tokens": 0, "seconds": 10, "cost": 0.75}
        limits = within(BudgetLimits(tokens=50, cost=0.5), budget.left(1050.0))
        assert limits is not None
        assert (limits.tokens, limits.seconds, limits.cost) == (0, 10, 0.5)
        assert within(None, {}) is None


class TestWallTime:
    @pytest.fixture
    def under(self, attempt: Callable[..., Attempt]) -> Callable[..., Any]:
        async def run(seconds: float | None, now: float) -> tuple[Outcome, float | None]:
            budget = Budget(BudgetLimits(seconds=seconds), 1000.0)
            ends: list[float | None] = []

            async def action(inner: Attempt) -> Outcome:
                ends.append(inner.limit and inner.limit.at)
                return Succeeded(None)

            tried = attempt(budget=budget, clock=ManualClock(now))
            outcome = await around([BudgetPolicy()], tried, action, print)
            return outcome, ends[0] if ends else None

        return run

    async def test_bounds_an_attempt(self, under: Callable[..., Any]) -> None:
        assert await under(60, 1030.0) == (Succeeded(None), 1060.0)

    async def test_lets_no_attempt_begin_once_it_is_up(self, under: Callable[..., Any]) -> None:
        outcome, _ = await under(60, 1060.0)
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, BudgetExceeded)
        assert "longer than the 60 seconds that its budget allows" in outcome.error.message

    async def test_means_nothing_to_a_run_without_it(
        self, under: Callable[..., Any], attempt: Callable[..., Attempt]
    ) -> None:
        assert await under(None, 9e9) == (Succeeded(None), None)
        assert not BudgetPolicy().applies(attempt())
