"""End an attempt that takes too long."""

from __future__ import annotations

import asyncio

from orchestrator.attempt import Attempt, Failed, Outcome
from orchestrator.errors import PatchbayError, StepTimeout
from orchestrator.policies.base import Log, Proceed


class TimeoutPolicy:
    """Gives up a reading attempt after its `timeout`, or when the step or the run must be over (`Attempt.limit`).

    A write is not given up while it is under way: whether it happened would be unknown. Its SDK is told the limit
    and ends by itself.
    """

    def applies(self, attempt: Attempt) -> bool:
        return attempt.action.effect == "read"

    async def around(self, attempt: Attempt, proceed: Proceed, log: Log) -> Outcome:
        task = asyncio.current_task()
        assert task is not None
        cancelled, late = task.cancelling(), False

        def give_up() -> None:
            nonlocal late
            late = True
            task.cancel()

        timer = task.get_loop().call_later(attempt.timeout, give_up)
        try:
            return await proceed(attempt)
        except asyncio.CancelledError:
            if not late or task.uncancel() > cancelled:
                raise
            return Failed(_too_long(attempt))
        finally:
            timer.cancel()


def _too_long(attempt: Attempt) -> PatchbayError:
    if attempt.limit and attempt.clock.now() >= attempt.limit.at:
        return attempt.limit.error
    return StepTimeout(
        f"It took longer than {attempt.own_timeout:g} seconds.",
        remedy="Try again, or give the step a longer 'timeout'.",
    )
