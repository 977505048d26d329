from __future__ import annotations

import random
from typing import Any

import pytest

from orchestrator.attempt import Attempt, Failed, Outcome, Retrying, Succeeded
from orchestrator.clock import ManualClock
from orchestrator.errors import PatchbayError, RateLimited, ServiceError, StepTimeout, Unavailable
from orchestrator.policies import around
from orchestrator.policies.retry import RetryPolicy, delay
from orchestrator.policies.timeout import TimeoutPolicy
from orchestrator.workflow import Retry, Step


def attempt(board: Any, failures: int = 0, uses: str = "echo", **step: Any) -> Attempt:
    return Attempt(
        run_id="r",
        fence=1,
        step=Step.model_validate({"id": "a", "uses": f"board.{uses}", **step}),
        item="",
        number=failures + 1,
        failures=failures,
        key="r-a",
        action=board.connector.actions[uses],
        params={},
        model=None,
        may_have_happened=False,
        mode="run",
        plan=None,
        clock=ManualClock(1000.0),
    )


async def run(policy: Any, tried: Attempt, outcome: Outcome) -> Outcome:
    async def action(_: Attempt) -> Outcome:
        return outcome

    return await around([policy], tried, action)


class TestRetry:
    async def test_waits_a_random_part_of_a_delay_that_doubles(self, board: Any) -> None:
        for failures, longest in [(0, 1.0), (1, 2.0), (2, 4.0)]:
            tried = attempt(board, failures, retry={"attempts": 9, "backoff": 1})
            outcome = await run(RetryPolicy(random.Random(1)), tried, Failed(Unavailable("down")))
            assert isinstance(outcome, Retrying)
            assert 1000.0 <= outcome.until <= 1000.0 + longest

    def test_the_delay_is_capped(self) -> None:
        assert delay(Retry(attempts=99, backoff=1, max_delay=60), 50) == 60

    async def test_obeys_a_longer_wait_that_the_service_asks_for(self, board: Any) -> None:
        tried = attempt(board, retry=3)
        outcome = await run(RetryPolicy(), tried, Failed(RateLimited("slow down", retry_after=30)))
        assert isinstance(outcome, Retrying)
        assert outcome.until >= 1030

    @pytest.mark.parametrize("error", [ServiceError("no"), PatchbayError("no")])
    async def test_leaves_alone_what_trying_again_cannot_mend(self, board: Any, error: PatchbayError) -> None:
        assert await run(RetryPolicy(), attempt(board, retry=3), Failed(error)) == Failed(error)

    async def test_gives_up_after_the_last_attempt(self, board: Any) -> None:
        failed = Failed(Unavailable("down"))
        assert await run(RetryPolicy(), attempt(board, failures=2, retry=3), failed) is failed

    async def test_does_nothing_to_a_step_without_it(self, board: Any) -> None:
        assert not RetryPolicy().applies(attempt(board))
        assert await run(RetryPolicy(), attempt(board), Succeeded(1)) == Succeeded(1)


class TestTimeout:
    async def test_ends_a_read_that_takes_too_long(self, board: Any) -> None:
        import asyncio

        async def slow(_: Attempt) -> Outcome:
            await asyncio.sleep(10)
            return Succeeded(None)

        outcome = await around([TimeoutPolicy()], attempt(board, timeout=0.01), slow)
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, StepTimeout)
        assert "longer than 0.01 seconds" in outcome.error.message

    def test_leaves_a_write_to_its_end(self, board: Any) -> None:
        assert not TimeoutPolicy().applies(attempt(board, uses="post", timeout=1))
