from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.accounts import Accounts
from orchestrator.actions import Connector
from orchestrator.attempt import Attempt, Failed, Limit, Outcome, Retrying, Succeeded
from orchestrator.clock import ManualClock
from orchestrator.errors import DeadlineExceeded, RateLimited
from orchestrator.library import Library
from orchestrator.policies import around
from orchestrator.policies.rate_limit import TICK, Bucket, Gate, RateLimitPolicy
from orchestrator.policies.target import Targets

Build = Callable[..., Attempt]


@given(
    rate=st.floats(0.01, 1000),
    burst=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=50),
    start=st.sampled_from([0.0, 1_700_000_000.0]),
)
def test_never_more_than_the_burst_and_the_rate_allow(rate: float, burst: int, gaps: list[float], start: float) -> None:
    now, taken = start, 0
    least = 0.0
    bucket = Bucket(rate, burst, now)
    for gap in gaps:
        now += gap
        # The calls of a window are those taken by its end less those by its begin: the fullest begins at the least.
        least = min(least, taken - rate * (now - start))
        while bucket.wait(now) == 0.0:
            bucket.take()
            taken += 1
        assert taken - rate * (now - start) - least <= burst + rate * TICK + 1e-3


@given(rate=st.floats(0.01, 1000), burst=st.integers(1, 50))
def test_whoever_waits_as_long_as_told_gets_a_turn(rate: float, burst: int) -> None:
    now = 1_700_000_000.0
    bucket = Bucket(rate, burst, now)
    for _ in range(burst + 20):
        now += bucket.wait(now)
        assert bucket.wait(now) == 0.0
        bucket.take()


def test_a_clock_that_is_put_back_gives_and_takes_nothing() -> None:
    bucket = Bucket(1, 1, 1000.0)
    bucket.take()
    assert bucket.wait(500.0) == 1.0
    assert bucket.wait(501.0) == 0.0


class Door:
    """Attempts at one account, and what is inside of it."""

    def __init__(self, shop: Any, attempt: Build, tmp_path: Any, settings: Any) -> None:
        self.shop = shop
        self.attempt = attempt
        self.clock = ManualClock(1000.0)
        self.policy = RateLimitPolicy(Targets(Accounts(shop.registry, settings, lambda: ""), Library(tmp_path)))
        self.served: list[tuple[str, float]] = []
        self.holds: dict[str, asyncio.Event] = {}
        self.logs: list[str] = []

    def come(self, name: str, *, outcome: Outcome | None = None, hold: bool = False, **step: Any) -> Any:
        if hold:
            self.holds[name] = asyncio.Event()

        async def action(_: Attempt) -> Outcome:
            self.served.append((name, self.clock.now() - 1000.0))
            if hold:
                await self.holds[name].wait()
            return outcome or Succeeded(name)

        tried = self.attempt(step.pop("uses", "shop.look"), shop=self.shop, clock=self.clock, **step)
        return asyncio.ensure_future(around([self.policy], tried, action, self.logs.append))

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        """Time in small steps, so that what is woken can act at the time it was woken at."""
        await self.settle()
        end = self.clock.now() + seconds
        while (due := self.clock.next_due) is not None and due <= end:
            self.clock.advance(max(0.0, due - self.clock.now()))
            await self.settle()
        self.clock.advance(end - self.clock.now())

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.served]


@pytest.fixture
def door(open_shop: Any, attempt: Build, tmp_path: Any, settings: Any) -> Callable[..., Door]:
    return lambda **limits: Door(open_shop(**limits), attempt, tmp_path, settings)


class TestCallsASecond:
    async def test_go_out_in_the_order_of_asking(self, door: Callable[..., Door]) -> None:
        it = door(rate=2, burst=2)
        calls = [it.come(f"c{n}") for n in range(6)]
        await it.pass_time(10)
        await asyncio.gather(*calls)
        assert it.served == [("c0", 0.0), ("c1", 0.0), ("c2", 0.5), ("c3", 1.0), ("c4", 1.5), ("c5", 2.0)]

    async def test_are_logged_once_when_they_wait_for_long(self, door: Callable[..., Door]) -> None:
        it = door(rate=0.25)
        calls = [it.come("first"), it.come("second")]
        await it.pass_time(0.9)
        assert it.logs == []
        await it.pass_time(10)
        await asyncio.gather(*calls)
        assert it.logs == ["Waits about 4 s: The shop allows a call every 4 s."]

    async def test_are_not_logged_when_they_wait_for_a_moment(self, door: Callable[..., Door]) -> None:
        it = door(rate=2)
        calls = [it.come("first"), it.come("second")]
        await it.pass_time(10)
        await asyncio.gather(*calls)
        assert it.logs == []

    async def test_are_not_kept_up_by_those_that_were_cancelled(self, door: Callable[..., Door]) -> None:
        it = door(rate=1)
        calls = [it.come(f"c{n}") for n in range(4)]
        await it.settle()
        calls[1].cancel()
        calls[2].cancel()
        await it.pass_time(1)
        await asyncio.gather(*calls, return_exceptions=True)
        assert it.served == [("c0", 0.0), ("c3", 1.0)]

    async def test_do_not_wait_beyond_the_end_of_their_step(self, door: Callable[..., Door]) -> None:
        it = door(rate=0.01)
        limit = Limit(1005.0, DeadlineExceeded("the step is over"))
        calls = [it.come("first"), it.come("second", limit=limit)]
        await it.pass_time(6)
        assert await calls[1] == Failed(limit.error)
        assert it.names == ["first"]


class TestCallsAtATime:
    async def test_are_bounded_and_take_turns(self, door: Callable[..., Door]) -> None:
        it = door(concurrency=2)
        calls = [it.come(f"c{n}", hold=True) for n in range(4)]
        await it.settle()
        assert it.names == ["c0", "c1"]
        it.holds["c1"].set()
        await it.settle()
        assert it.names == ["c0", "c1", "c2"]
        for held in it.holds.values():
            held.set()
        await asyncio.gather(*calls)
        assert it.names == ["c0", "c1", "c2", "c3"]

    async def test_are_logged_when_they_wait_for_long(self, door: Callable[..., Door]) -> None:
        it = door(concurrency=1)
        calls = [it.come("first", hold=True), it.come("second")]
        await it.pass_time(5)
        it.holds["first"].set()
        await asyncio.gather(*calls)
        assert it.logs == ["Waits for its turn: The shop allows 1 call at a time."]

    async def test_give_their_place_back_however_they_end(self, door: Callable[..., Door]) -> None:
        it = door(concurrency=1)
        held = it.come("held", hold=True)
        waiting, last = it.come("waiting"), it.come("last")
        await it.settle()
        waiting.cancel()
        held.cancel()
        await asyncio.gather(held, waiting, return_exceptions=True)
        assert await last == Succeeded("last")

    async def test_of_one_that_is_cancelled_as_it_is_let_in_goes_to_the_next(self) -> None:
        gate = Gate(Connector("shop", title="The shop", concurrency=1), ManualClock())
        assert gate.try_enter()
        waiting = asyncio.ensure_future(gate.enter(None))
        await asyncio.sleep(0)
        gate.leave()
        waiting.cancel()  # its turn has come, and it has not run since
        await asyncio.gather(waiting, return_exceptions=True)
        assert gate.try_enter()


class TestAServiceThatSaysTooManyRequests:
    async def test_is_left_alone_by_all_until_then(self, door: Callable[..., Door]) -> None:
        it = door()
        told = Failed(RateLimited("slow down", retry_after=1.5))
        assert await it.come("told", outcome=told) is told
        calls = [it.come("a"), it.come("b", uses="shop.order")]
        await it.pass_time(1.4)
        assert it.names == ["told"]
        await it.pass_time(0.2)
        await asyncio.gather(*calls)
        assert it.served[1:] == [("a", 1.5), ("b", 1.5)]

    async def test_for_long_turns_the_wait_into_a_row(self, door: Callable[..., Door]) -> None:
        it = door()
        await it.come("told", outcome=Failed(RateLimited("slow down", retry_after=600)))
        outcome = await it.come("a")
        assert isinstance(outcome, Retrying)
        assert (outcome.until, outcome.tried) == (1600.0, False)
        assert isinstance(outcome.error, RateLimited)
        assert it.logs == ["Waits 10 min: The shop allows no more calls until then."]

    async def test_for_long_sends_away_those_who_wait_for_their_turn(self, door: Callable[..., Door]) -> None:
        it = door(concurrency=1)
        told = it.come("told", outcome=Failed(RateLimited("slow down", retry_after=60)), hold=True)
        waiting = it.come("waiting")
        await it.settle()
        it.holds["told"].set()
        await told
        outcome = await waiting
        assert isinstance(outcome, Retrying)
        assert it.names == ["told"]

    async def test_beyond_the_end_of_a_step_fails_it(self, door: Callable[..., Door]) -> None:
        it = door()
        await it.come("told", outcome=Failed(RateLimited("slow down", retry_after=600)))
        limit = Limit(1100.0, DeadlineExceeded("the step is over"))
        assert await it.come("a", limit=limit) == Failed(limit.error)

    async def test_does_not_keep_back_another_account(self, door: Callable[..., Door]) -> None:
        it = door()
        await it.come("told", outcome=Failed(RateLimited("slow down", retry_after=600)))
        assert await it.come("model", uses="chat.ask", params={"model": "oracle"}) == Succeeded("model")


async def test_a_preview_that_sends_nothing_does_not_wait(door: Callable[..., Door], attempt: Build) -> None:
    assert not door(rate=1).policy.applies(attempt("shop.order", mode="preview"))
