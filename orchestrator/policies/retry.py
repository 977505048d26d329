"""Try again what failed in a way that may pass, after a wait that grows."""

from __future__ import annotations

import random

from orchestrator.attempt import Attempt, Failed, Outcome, Retrying
from orchestrator.errors import PatchbayError, ServiceError
from orchestrator.policies.base import Log, Proceed
from orchestrator.workflow import Retry

LONGEST = 86400.0
"""Seconds. A service that asks for a longer wait is asked again after a day: one that asks for years is mistaken."""


class RetryPolicy:
    """Exponential backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).

    A wait that the service asked for (`Retry-After`) comes before ours and is obeyed even when it is longer than
    `max_delay`; the jitter behind it keeps those who were told the same moment from coming back all at once. Errors
    that trying again cannot mend are not retried, whatever `retry.on` says.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()

    def applies(self, attempt: Attempt) -> bool:
        return attempt.step.retry is not None

    async def around(self, attempt: Attempt, proceed: Proceed, log: Log) -> Outcome:
        outcome = await proceed(attempt)
        retry = attempt.step.retry
        if retry is None or not isinstance(outcome, Failed) or not mends(retry, outcome.error):
            return outcome
        if attempt.failures + 1 >= retry.attempts:
            return outcome
        wait = asked_for(outcome.error) + self._rng.uniform(0, delay(retry, attempt.failures))
        until = attempt.clock.now() + wait
        if attempt.limit and until >= attempt.limit.at:
            log("It is not tried again: the time for the step is up before another try.")
            return outcome
        return Retrying(outcome.error, until, outcome.usage)


def mends(retry: Retry, error: PatchbayError) -> bool:
    """Whether another attempt may help, and is wanted. A code in `retry.on` stands for the kinds of it too."""
    if not error.retryable or retry.on is None:
        return error.retryable
    return any(getattr(kind, "code", None) in retry.on for kind in type(error).__mro__)


def asked_for(error: PatchbayError) -> float:
    """The seconds that the service asked us to wait, at most `LONGEST`."""
    wanted = error.retry_after if isinstance(error, ServiceError) else None
    return min(LONGEST, max(0.0, wanted or 0.0))


def delay(retry: Retry, failures: int) -> float:
    """The longest wait of our own after so many earlier failures, in seconds."""
    return min(retry.max_delay, retry.backoff * 2.0**failures)
