"""Try again what failed in a way that may pass, after a wait that grows."""

from __future__ import annotations

import random

from orchestrator.attempt import Attempt, Failed, Outcome, Retrying
from orchestrator.errors import RateLimited
from orchestrator.policies.base import Proceed
from orchestrator.workflow import Retry


class RetryPolicy:
    """Exponential backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).

    A wait that the service asked for (`Retry-After`) is obeyed when it is longer. Errors that trying again cannot
    mend are not retried.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()

    def applies(self, attempt: Attempt) -> bool:
        return attempt.step.retry is not None

    async def around(self, attempt: Attempt, proceed: Proceed) -> Outcome:
        outcome = await proceed(attempt)
        retry = attempt.step.retry
        if retry is None or not isinstance(outcome, Failed) or not outcome.error.retryable:
            return outcome
        if attempt.failures + 1 >= retry.attempts:
            return outcome
        wait = self._rng.uniform(0, delay(retry, attempt.failures))
        if isinstance(outcome.error, RateLimited) and outcome.error.retry_after:
            wait = max(wait, outcome.error.retry_after)
        return Retrying(outcome.error, attempt.clock.now() + wait)


def delay(retry: Retry, failures: int) -> float:
    """The longest wait after so many earlier failures, in seconds."""
    return min(retry.max_delay, retry.backoff * 2.0**failures)
