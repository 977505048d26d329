from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.attempt import Attempt, Failed, Limit, Outcome, Succeeded
from orchestrator.clock import ManualClock
from orchestrator.errors import BudgetExceeded, DeadlineExceeded
from orchestrator.policies import around
from orchestrator.policies.deadline import DeadlinePolicy

Build = Callable[..., Attempt]


async def limit_of(tried: Attempt) -> Limit | Outcome:
    """The limit that the attempt is made under, or what came of it instead."""
    seen: list[Limit | None] = []

    async def action(inner: Attempt) -> Outcome:
        seen.append(inner.limit)
        return Succeeded(None)

    outcome = await around([DeadlinePolicy()], tried, action, print)
    return seen[0] if seen and seen[0] else outcome


def test_a_step_without_it_is_left_alone(attempt: Build) -> None:
    assert not DeadlinePolicy().applies(attempt())


async def test_it_counts_from_the_first_try(attempt: Build) -> None:
    first = await limit_of(attempt(deadline=60))
    third = await limit_of(attempt(deadline=60, since=970.0, failures=2))
    assert isinstance(first, Limit)
    assert isinstance(third, Limit)
    assert (first.at, third.at) == (1060.0, 1030.0)


@pytest.mark.parametrize("uses", ["shop.look", "shop.order"])
async def test_no_try_begins_after_it(attempt: Build, uses: str) -> None:
    outcome = await limit_of(attempt(uses, deadline=60, since=940.0, clock=ManualClock(1000.0)))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, DeadlineExceeded)
    assert not outcome.error.retryable
    assert "longer than 60 seconds" in outcome.error.message


async def test_the_earliest_of_several_limits_holds(attempt: Build) -> None:
    for at, holds in [(1010.0, 1010.0), (1100.0, 1060.0)]:
        found = await limit_of(attempt(deadline=60, limit=Limit(at, BudgetExceeded("the run is over"))))
        assert isinstance(found, Limit)
        assert found.at == holds
