from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from orchestrator.attempt import Attempt, Failed, Outcome, Succeeded
from orchestrator.clock import ManualClock
from orchestrator.errors import CircuitOpen, InvalidTemplate, PatchbayError, ServiceError, StepTimeout, Unavailable
from orchestrator.policies import around
from orchestrator.policies.breaker import FAILURES, LONGEST, PAUSE, PROBING, Breaker, Breakers
from orchestrator.policies.target import Targets

Build = Callable[..., Attempt]
DOWN = Failed(Unavailable("The shop is down."))


async def call(breakers: Breakers, tried: Attempt, outcome: Outcome) -> Outcome:
    async def action(_: Attempt) -> Outcome:
        return outcome

    return await around([breakers], tried, action, print)


@pytest.fixture
def breakers(targets: Targets) -> Breakers:
    return Breakers(targets)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1000.0)


async def broken(breakers: Breakers, tried: Attempt) -> None:
    for _ in range(FAILURES):
        assert await call(breakers, tried, DOWN) is DOWN


async def test_calls_fail_at_once_after_so_many_failures_in_a_row(
    breakers: Breakers, attempt: Build, clock: ManualClock
) -> None:
    tried = attempt(clock=clock)
    await broken(breakers, tried)
    refused = await call(breakers, tried, Succeeded("never asked"))
    assert isinstance(refused, Failed)
    assert isinstance(refused.error, CircuitOpen)
    assert (refused.error.retryable, refused.error.retry_after) == (True, PAUSE)
    assert "The shop (account 'none') kept failing" in refused.error.message
    assert "The shop is down." in refused.error.message


async def test_it_is_seen_from_outside(breakers: Breakers, attempt: Build, clock: ManualClock) -> None:
    assert breakers.states() == []
    await broken(breakers, attempt(clock=clock))
    [state] = breakers.states()
    assert (state.connector, state.account, state.state) == ("shop", "none", "open")
    assert (state.since, state.until, state.error) == (1000.0, 1000.0 + PAUSE, "The shop is down.")


async def test_another_account_is_not_concerned(breakers: Breakers, attempt: Build, clock: ManualClock) -> None:
    await broken(breakers, attempt(clock=clock))
    asked = await call(breakers, attempt("chat.ask", model="oracle:small", clock=clock), Succeeded(1))
    assert asked == Succeeded(1)


async def test_an_action_that_asks_a_model_concerns_the_model_s_account(
    breakers: Breakers, attempt: Build, clock: ManualClock
) -> None:
    await broken(breakers, attempt("chat.ask", params={"model": "oracle:small"}, clock=clock))
    assert [state.connector for state in breakers.states()] == ["oracle"]
    other = attempt("chat.ask", params={"model": "dear"}, clock=clock)
    assert await call(breakers, other, Succeeded(1)) == Succeeded(1)


@pytest.mark.parametrize(
    ("error", "opens"),
    [
        (Unavailable("down"), True),
        (StepTimeout("slow"), True),
        (ServiceError("not found"), False),
        (InvalidTemplate("a mistake of ours"), False),
    ],
)
async def test_only_the_service_s_own_failures_count(
    breakers: Breakers, attempt: Build, clock: ManualClock, error: PatchbayError, opens: bool
) -> None:
    for _ in range(2 * FAILURES):
        await call(breakers, attempt(clock=clock), Failed(error))
    assert [state.state for state in breakers.states()] == (["open"] if opens else [])


async def test_an_answer_in_between_starts_the_count_anew(
    breakers: Breakers, attempt: Build, clock: ManualClock
) -> None:
    for outcome in [DOWN, DOWN, DOWN, DOWN, Failed(ServiceError("no such ware")), DOWN, DOWN, DOWN, DOWN]:
        assert await call(breakers, attempt(clock=clock), outcome) is outcome
    assert [state.state for state in breakers.states()] == ["closed"]


async def test_what_went_out_before_the_first_failure_counts_when_it_comes_back(
    breakers: Breakers, attempt: Build, clock: ManualClock
) -> None:
    back = asyncio.Event()

    async def long(_: Attempt) -> Outcome:
        await back.wait()
        return Succeeded(1)

    early = asyncio.ensure_future(around([breakers], attempt(clock=clock), long, print))
    await asyncio.sleep(0)
    for _ in range(FAILURES - 1):
        await call(breakers, attempt(clock=clock), DOWN)
    back.set()
    await early
    await call(breakers, attempt(clock=clock), DOWN)
    assert [state.state for state in breakers.states()] == ["closed"]


async def test_one_probe_goes_out_when_the_time_is_up(breakers: Breakers, attempt: Build, clock: ManualClock) -> None:
    tried, answer = attempt(clock=clock), asyncio.Event()
    await broken(breakers, tried)
    clock.advance(PAUSE)

    async def probe(_: Attempt) -> Outcome:
        await answer.wait()
        return Succeeded(1)

    first = asyncio.ensure_future(around([breakers], tried, probe, print))
    await asyncio.sleep(0)
    assert [state.state for state in breakers.states()] == ["half_open"]
    second: Any = await call(breakers, tried, Succeeded("never asked"))
    assert second.error.retry_after == PROBING
    answer.set()
    assert await first == Succeeded(1)
    assert [state.state for state in breakers.states()] == ["closed"]


def test_each_probe_that_fails_doubles_the_pause_up_to_a_longest() -> None:
    breaker, now, pauses = Breaker(1000.0), 1000.0, list[float]()
    for _ in range(FAILURES):
        breaker.failed(breaker.turn, now, "down")
    for _ in range(7):
        pauses.append(breaker.ask(now))
        now += pauses[-1]
        assert breaker.ask(now) == 0.0
        breaker.failed(breaker.turn, now, "down")
    assert pauses == [30, 60, 120, 240, 480, 600, 600]


async def test_a_probe_that_is_dropped_makes_room_for_another(
    breakers: Breakers, attempt: Build, clock: ManualClock
) -> None:
    tried = attempt(clock=clock)
    await broken(breakers, tried)
    clock.advance(PAUSE)

    async def for_ever(_: Attempt) -> Outcome:
        await asyncio.Event().wait()
        return Succeeded(None)

    probe = asyncio.ensure_future(around([breakers], tried, for_ever, print))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert await call(breakers, tried, Succeeded(2)) == Succeeded(2)


def test_a_preview_that_sends_nothing_is_not_stopped(breakers: Breakers, attempt: Build) -> None:
    assert not breakers.applies(attempt("shop.order", mode="preview"))
    assert breakers.applies(attempt("shop.look", mode="preview"))


def test_a_clock_that_is_put_back_does_not_keep_it_open_for_ever() -> None:
    breaker = Breaker(1_000_000.0)
    for _ in range(FAILURES):
        breaker.failed(breaker.turn, 1_000_000.0, "down")
    assert breaker.ask(10.0) == PAUSE
    assert breaker.ask(10.0 + PAUSE) == 0.0


class BreakerMachine(RuleBasedStateMachine):
    """Calls go out, end in any order and at any time. The model knows what the words of the module's docstring say."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.breaker = Breaker(self.now)
        self.out: list[int] = []
        self.in_a_row = 0
        self.opens = 0
        self.open_until: float | None = None
        self.probe: int | None = None

    @rule(seconds=st.floats(0, 2 * LONGEST))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.open_until is not None)
    @rule()
    def the_pause_ends(self) -> None:
        assert self.open_until is not None
        self.now = max(self.now, self.open_until)

    @rule()
    def the_service_is_down(self) -> None:
        """A call is left under way, and as many fail as open the circuit."""
        self.a_call_asks()
        for _ in range(FAILURES):
            out = len(self.out)
            self.a_call_asks()
            if len(self.out) > out:
                self.end(out, "failed")

    @rule()
    def a_call_asks(self) -> None:
        was = self.breaker.state
        wait = self.breaker.ask(self.now)
        if was == "closed":
            assert wait == 0.0
        elif was == "open":
            assert self.open_until is not None
            assert (wait > 0) == (self.now < self.open_until)
        else:
            assert wait == (PROBING if self.probe is not None else 0.0)
        if wait == 0.0:
            self.out.append(self.breaker.turn)
            if self.breaker.state == "half_open":
                assert self.probe is None, "only one probe at a time"
                self.probe = self.breaker.turn

    @precondition(lambda self: self.out)
    @rule(data=st.data(), ends=st.sampled_from(["passed", "failed", "released"]))
    def a_call_ends(self, data: st.DataObject, ends: str) -> None:
        self.end(data.draw(st.integers(0, len(self.out) - 1)), ends)

    def end(self, which: int, ends: str) -> None:
        turn = self.out.pop(which)
        late, was = turn != self.breaker.turn, self.breaker.state
        before = (was, self.breaker.since, self.breaker.failures)
        if ends == "failed":
            self.breaker.failed(turn, self.now, "down")
        elif ends == "passed":
            self.breaker.passed(turn, self.now)
        else:
            self.breaker.released(turn)
        if late:
            assert before == (self.breaker.state, self.breaker.since, self.breaker.failures)
            return
        if was == "half_open":
            self.probe = None
        if ends == "passed":
            self.in_a_row = self.opens = 0
            assert self.breaker.state == "closed"
        elif ends == "failed":
            self.in_a_row += 1
            if was == "half_open" or self.in_a_row == FAILURES:
                self.open_until = self.now + min(LONGEST, PAUSE * 2**self.opens)
                self.opens, self.in_a_row = self.opens + 1, 0
                assert self.breaker.state == "open"
                assert self.breaker.until == self.open_until

    @invariant()
    def it_is_open_only_for_a_time(self) -> None:
        assert (self.breaker.state == "open") == (self.breaker.until is not None)
        if self.breaker.until is not None:
            assert self.breaker.until - self.breaker.since <= LONGEST + 1e-6


TestAnySequence = BreakerMachine.TestCase
TestAnySequence.settings = hypothesis_settings(max_examples=100, stateful_step_count=40)
