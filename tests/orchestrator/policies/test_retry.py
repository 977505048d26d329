from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.attempt import Attempt, Failed, Limit, Outcome, Retrying, Succeeded
from orchestrator.errors import (
    AccountError,
    CircuitOpen,
    DeadlineExceeded,
    PatchbayError,
    RateLimited,
    ServiceError,
    StepTimeout,
    Unavailable,
)
from orchestrator.policies import around
from orchestrator.policies.retry import LONGEST, RetryPolicy, delay
from orchestrator.workflow import Retry

Build = Callable[..., Attempt]
log: list[str] = []


async def after(tried: Attempt, outcome: Outcome, rng: random.Random | None = None) -> Outcome:
    """What the policy makes of an outcome."""

    async def action(_: Attempt) -> Outcome:
        return outcome

    return await around([RetryPolicy(rng)], tried, action, log.append)


async def test_an_error_that_may_pass_is_tried_again(attempt: Build) -> None:
    outcome = await after(attempt(retry=3), Failed(Unavailable("down")))
    assert isinstance(outcome, Retrying)
    assert outcome.tried


async def test_no_more_than_so_many_attempts_are_made(attempt: Build) -> None:
    failed = Failed(Unavailable("down"))
    assert await after(attempt(failures=2, retry=3), failed) is failed


async def test_a_step_without_it_is_left_alone(attempt: Build) -> None:
    assert not RetryPolicy().applies(attempt())
    assert await after(attempt(), Succeeded(1)) == Succeeded(1)


@pytest.mark.parametrize("error", [ServiceError("no"), AccountError("no"), PatchbayError("no")])
async def test_what_trying_again_cannot_mend_is_not_tried_again(attempt: Build, error: PatchbayError) -> None:
    for retry in ({"attempts": 3}, {"attempts": 3, "on": [error.code]}):
        assert await after(attempt(retry=retry), Failed(error)) == Failed(error)


@pytest.mark.parametrize(
    ("on", "error", "again"),
    [
        (["timeout"], StepTimeout("slow"), True),
        (["timeout"], Unavailable("down"), False),
        (["unavailable"], CircuitOpen("left alone"), True),
        (["circuit_open"], Unavailable("down"), False),
        (["rate_limited", "timeout"], RateLimited("slow down"), True),
        ([], StepTimeout("slow"), False),
    ],
)
async def test_only_the_errors_that_are_wanted_are_tried_again(
    attempt: Build, on: list[str], error: PatchbayError, again: bool
) -> None:
    outcome = await after(attempt(retry={"attempts": 3, "on": on}), Failed(error))
    assert isinstance(outcome, Retrying) is again


async def test_it_gives_up_when_the_next_try_comes_after_the_end(attempt: Build) -> None:
    error = Unavailable("down", retry_after=60)
    limit = Limit(1050.0, DeadlineExceeded("too late"))
    log.clear()
    assert await after(attempt(retry=3, limit=limit), Failed(error)) == Failed(error)
    assert log == ["It is not tried again: the time for the step is up before another try."]


retries = st.builds(
    Retry,
    attempts=st.integers(2, 100),
    backoff=st.floats(0, 3600),
    max_delay=st.floats(0, 86400),
)


@given(retry=retries, failures=st.integers(0, 98), seed=st.integers())
def test_the_wait_is_any_part_of_a_delay_that_doubles_up_to_a_cap(
    attempt: Build, retry: Retry, failures: int, seed: int
) -> None:
    tried = attempt(failures=failures, retry={**retry.model_dump(), "attempts": 100})
    outcome: Any = asyncio.run(after(tried, Failed(Unavailable("down")), random.Random(seed)))
    longest = min(retry.max_delay, retry.backoff * 2**failures)
    assert delay(retry, failures) == longest
    assert -1e-6 <= outcome.until - 1000.0 <= longest + 1e-6


def test_the_wait_is_spread_over_the_whole_delay(attempt: Build) -> None:
    tried, rng = attempt(retry={"attempts": 3, "backoff": 10}), random.Random(1)
    failed = Failed(Unavailable("down"))
    outcomes: list[Any] = [asyncio.run(after(tried, failed, rng)) for _ in range(200)]
    waits = [outcome.until - 1000.0 for outcome in outcomes]
    assert min(waits) < 1
    assert max(waits) > 9


@given(retry=retries, wanted=st.floats(0, 1e9), error=st.sampled_from([RateLimited, Unavailable, CircuitOpen]))
def test_a_wait_that_the_service_asks_for_is_obeyed_up_to_a_day(
    attempt: Build, retry: Retry, wanted: float, error: type[ServiceError]
) -> None:
    tried = attempt(retry=retry.model_dump())
    outcome: Any = asyncio.run(after(tried, Failed(error("wait", retry_after=wanted))))
    waited = outcome.until - 1000.0
    asked = min(wanted, LONGEST)
    assert asked - 1e-6 <= waited <= asked + delay(retry, 0) + 1e-6
