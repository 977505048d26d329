from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrator.attempt import Attempt, Failed, Limit, Outcome, Succeeded
from orchestrator.clock import SystemClock
from orchestrator.errors import DeadlineExceeded, StepTimeout
from orchestrator.policies import around
from orchestrator.policies.timeout import TimeoutPolicy

Build = Callable[..., Attempt]


async def slow(_: Attempt) -> Outcome:
    await asyncio.sleep(10)
    return Succeeded(None)


async def test_a_read_that_takes_too_long_is_ended(attempt: Build) -> None:
    outcome = await around([TimeoutPolicy()], attempt(timeout=0.01), slow, print)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, StepTimeout)
    assert "longer than 0.01 seconds" in outcome.error.message


async def test_a_read_ends_when_its_step_or_run_must_be_over(attempt: Build) -> None:
    clock = SystemClock()
    limit = Limit(clock.now() + 0.01, DeadlineExceeded("the step is over"))
    outcome = await around([TimeoutPolicy()], attempt(timeout=5, clock=clock, limit=limit), slow, print)
    assert outcome == Failed(limit.error)


def test_a_write_is_left_to_its_end_and_told_its_whole_time(attempt: Build) -> None:
    limit = Limit(1000.5, DeadlineExceeded("the step is over"))
    write = attempt("shop.order", timeout=30, limit=limit)
    assert not TimeoutPolicy().applies(write)
    assert write.timeout == 30
    assert attempt("shop.look", timeout=30, limit=limit).timeout == 0.5
