"""Leave a service alone that fails again and again.

The circuit breaker of Michael Nygard, "Release It!" (2007, 2nd ed. 2018, ch. 5). *Closed*: calls go out. After
`FAILURES` in a row that are the service's fault it *opens*: calls fail at once, for a time that doubles whenever the
service has not recovered by its end. Then it is *half open*: one call goes out as a probe, and what comes of it closes
or opens the circuit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestrator.attempt import Attempt, Failed, Outcome, Retrying, Succeeded
from orchestrator.errors import CircuitOpen, NotYet, ServiceError, StepTimeout, Unavailable
from orchestrator.policies.base import Log, Proceed
from orchestrator.policies.target import Target, Targets

FAILURES = 5
PAUSE = 30.0
"""Seconds that it stays open the first time."""
LONGEST = 600.0
"""Seconds that it stays open at most."""
PROBING = 5.0
"""Seconds after which a call may ask again while a probe is under way."""


@dataclass(frozen=True, slots=True)
class BreakerState:
    """The breaker of an account, for people to look at. Times are seconds since 1970. `until` is when an open one
    lets a probe through; `error` is the last failure."""

    connector: str
    account: str
    state: Literal["closed", "open", "half_open"]
    since: float
    until: float | None
    error: str | None


class Breaker:
    """The state machine. `failures` counts those in a row while it is closed."""

    def __init__(self, now: float) -> None:
        self.state: Literal["closed", "open", "half_open"] = "closed"
        self.since = now
        self.until: float | None = None
        self.error: str | None = None
        self.failures = 0
        self._pause = PAUSE
        self._turn = 0
        self._probing = False

    @property
    def turn(self) -> int:
        """Changes with the state. What came of a call is told with the turn in which it went out: a late answer from
        before the circuit opened says nothing of the service as it is now."""
        return self._turn

    def ask(self, now: float) -> float:
        """0.0 when a call may go out, else the seconds after which to ask again."""
        if self.state == "open":
            assert self.until is not None
            self.until = min(self.until, now + self._pause)  # the clock may have been put back
            if now < self.until:
                return self.until - now
            self._become("half_open", now)
        if self.state == "half_open":
            if self._probing:
                return PROBING
            self._probing = True
        return 0.0

    def passed(self, turn: int, now: float) -> None:
        """The service answered."""
        if turn != self._turn:
            return
        self.failures = 0
        if self.state == "half_open":
            self._pause = PAUSE
            self._become("closed", now)

    def failed(self, turn: int, now: float, error: str) -> None:
        """The service failed."""
        if turn != self._turn:
            return
        self.failures += 1
        self.error = error
        if self.state == "half_open":
            self._pause = min(LONGEST, self._pause * 2)
        elif self.failures < FAILURES:
            return
        self._become("open", now)
        self.until = now + self._pause

    def released(self, turn: int) -> None:
        """The call says nothing of the service: it was dropped, or never reached it."""
        if turn == self._turn:
            self._probing = False

    def _become(self, state: Literal["closed", "open", "half_open"], now: float) -> None:
        self.state, self.since, self.until = state, now, None
        self._turn += 1
        self._probing = False
        self.failures = 0


class Breakers:
    """A breaker for each account that has failed in this process."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._breakers: dict[tuple[str, str], Breaker] = {}

    def states(self) -> list[BreakerState]:
        """Every breaker, for the studio. May be called from any thread."""
        return [
            BreakerState(connector, account, it.state, it.since, it.until, it.error)
            for (connector, account), it in list(self._breakers.items())
        ]

    def applies(self, attempt: Attempt) -> bool:
        return attempt.mode != "preview" or attempt.action.effect == "read"

    async def around(self, attempt: Attempt, proceed: Proceed, log: Log) -> Outcome:
        target = self._targets.of(attempt) if self._breakers else None
        breaker = self._breakers.get(target.key) if target else None
        wait = breaker.ask(attempt.clock.now()) if breaker else 0.0
        if target and breaker and wait:
            return Failed(_left_alone(target, breaker, wait))
        turn = breaker.turn if breaker else 0
        try:
            outcome = await proceed(attempt)
        except BaseException:
            if breaker:
                breaker.released(turn)
            raise
        error = outcome.error if isinstance(outcome, Failed) else None
        is_down = isinstance(error, (Unavailable, StepTimeout))
        if not (is_down or self._breakers):
            return outcome  # no account has ever failed
        target = target or self._targets.of(attempt)
        if target is None:
            return outcome
        now, breaker = attempt.clock.now(), self._breakers.get(target.key)
        if error and is_down:
            breaker = breaker or self._breakers.setdefault(target.key, Breaker(now))
            breaker.failed(turn, now, error.message)
        elif breaker:
            # A service that says no, or not yet, is there. What was only looked up or planned says nothing.
            if isinstance(error, ServiceError) or _is_an_answer(outcome):
                breaker.passed(turn, now)
            else:
                breaker.released(turn)
        return outcome


def _is_an_answer(outcome: Outcome) -> bool:
    if isinstance(outcome, Retrying):
        return isinstance(outcome.error, NotYet)
    return isinstance(outcome, Succeeded) and not outcome.reused


def _left_alone(target: Target, breaker: Breaker, wait: float) -> CircuitOpen:
    return CircuitOpen(
        f"{target.title} (account '{target.account.name}') kept failing, so it is left alone for now. "
        f"Its last error: {breaker.error}",
        remedy=f"It is tried again in {wait:.0f} seconds. Give the step a 'retry' to wait for it.",
        retry_after=wait,
    )
