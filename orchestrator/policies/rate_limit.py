"""Keep to what a service allows one account: so many calls a second, so many at a time.

Calls a second by a token bucket (J. Turner, "New Directions in Communications", IEEE Communications Magazine 24(10),
1986), calls at a time by a semaphore, both served in the order of asking. What a connector declares holds for all runs
of this process together. A service that says "too many requests, come back in 30 seconds" closes the account until
then, for all who want it and not only for the one who was told.
"""

from __future__ import annotations

import asyncio
from collections import deque

from orchestrator.actions import Connector
from orchestrator.attempt import Attempt, Failed, Outcome, Retrying
from orchestrator.clock import Clock, Timer
from orchestrator.errors import RateLimited
from orchestrator.policies.base import Log, Proceed
from orchestrator.policies.retry import asked_for
from orchestrator.policies.target import Target, Targets

PATIENCE = 2.0
"""Seconds. Until a pause of the account that lasts longer is over, the step waits as a row and not as a task."""

SILENCE = 1.0
"""Seconds that a step waits for its turn before its log says so."""


TICK = 1e-6
"""Seconds. A shorter wait is none: seconds since 1970 are known no finer."""


class Bucket:
    """`rate` tokens a second flow in, at most `burst` are kept; a call takes one."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = float(burst)
        self._at = now

    def wait(self, now: float) -> float:
        """The seconds until there is a token. A clock that was put back gives none and takes none."""
        self._tokens = min(float(self.burst), self._tokens + max(0.0, now - self._at) * self.rate)
        self._at = now
        wait = (1.0 - self._tokens) / self.rate
        return wait if wait > TICK else 0.0

    def take(self) -> None:
        """Take the token that `wait` found. What `TICK` lent is missing from the next."""
        self._tokens -= 1.0


class Gate:
    """The way in to one account. `enter` waits for a turn, `leave` gives it back."""

    def __init__(self, connector: Connector, clock: Clock) -> None:
        now = clock.now()
        self._clock = clock
        self._bucket = Bucket(connector.rate, connector.burst, now) if connector.rate else None
        self._places = connector.concurrency
        self._inside = 0
        self._queue: deque[asyncio.Future[bool]] = deque()
        self._timer: Timer | None = None
        self._paused_until = now
        self._pause = 0.0

    def pause(self, seconds: float) -> None:
        """Let nobody in for so long. Whoever waits is sent away when that is longer than `PATIENCE`."""
        now = self._clock.now()
        if now + seconds > self._paused_until:
            self._paused_until, self._pause = now + seconds, seconds
        if self.paused() > PATIENCE:
            for waiting in self._queue:
                if not waiting.done():
                    waiting.set_result(False)
            self._queue.clear()

    def paused(self) -> float:
        """The seconds that the account is still closed."""
        now = self._clock.now()
        self._paused_until = min(self._paused_until, now + self._pause)  # the clock may have been put back
        return max(0.0, self._paused_until - now)

    def expected(self) -> float:
        """About how many seconds one who asks now will wait, as far as that depends on the time."""
        now = self._clock.now()
        behind = len(self._queue) / self._bucket.rate if self._bucket else 0.0
        return max(self.paused(), (self._bucket.wait(now) if self._bucket else 0.0) + behind)

    def try_enter(self) -> bool:
        """Go in at once, or not at all."""
        if self._queue or self._closed():
            return False
        self._admit()
        return True

    async def enter(self, until: float | None) -> bool:
        """Wait for a turn, and take it. False when there was none by `until`, or the account was closed meanwhile."""
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        over = self._clock.call_at(until, lambda: None if turn.done() else turn.set_result(False)) if until else None
        self._serve()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.leave()
            raise
        finally:
            if over:
                over.cancel()

    def leave(self) -> None:
        """Give the place back."""
        self._inside -= 1
        self._serve()

    def _closed(self) -> float:
        """The seconds until the next may go in; infinite while all places are taken."""
        if self._places is not None and self._inside >= self._places:
            return float("inf")
        return max(self.paused(), self._bucket.wait(self._clock.now()) if self._bucket else 0.0)

    def _admit(self) -> None:
        self._inside += 1
        if self._bucket:
            self._bucket.take()

    def _serve(self) -> None:
        """Let in, in their order, as many as may go; look again when time alone lets the next one in."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            if self._queue[0].done():
                self._queue.popleft()
                continue
            wait = self._closed()
            if wait:
                if wait != float("inf"):
                    self._timer = self._clock.call_at(self._clock.now() + wait, self._serve)
                return
            self._admit()
            self._queue.popleft().set_result(True)


class RateLimitPolicy:
    """A gate for each account that declares limits, or that was told to wait."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._gates: dict[tuple[str, str], Gate] = {}

    def applies(self, attempt: Attempt) -> bool:
        return attempt.mode != "preview" or attempt.action.effect == "read"

    async def around(self, attempt: Attempt, proceed: Proceed, log: Log) -> Outcome:
        connector = attempt.action.connector
        if not (self._gates or connector.rate or connector.concurrency) and not self._targets.asks_a_model(attempt):
            outcome = await proceed(attempt)  # nobody was told to wait, and nobody's limits are known
            if (wait := _told(outcome)) and (told := self._targets.of(attempt)):
                self._gates.setdefault(told.key, Gate(told.connector, attempt.clock)).pause(wait)
            return outcome
        target = self._targets.of(attempt)
        if target is None:
            return await proceed(attempt)
        gate = self._gates.get(target.key)
        if gate is None and (target.connector.rate or target.connector.concurrency):
            gate = self._gates[target.key] = Gate(target.connector, attempt.clock)
        if gate is None:
            outcome = await proceed(attempt)
            if wait := _told(outcome):
                self._gates.setdefault(target.key, Gate(target.connector, attempt.clock)).pause(wait)
            return outcome
        if not gate.try_enter():
            instead = await self._wait(gate, target, attempt, log)
            if instead:
                return instead
        try:
            outcome = await proceed(attempt)
            if wait := _told(outcome):
                gate.pause(wait)  # before the next one takes the place
            return outcome
        finally:
            gate.leave()

    async def _wait(self, gate: Gate, target: Target, attempt: Attempt, log: Log) -> Outcome | None:
        """None once the attempt is inside; else what comes of it instead."""
        clock, limit = attempt.clock, attempt.limit
        while True:
            paused = gate.paused()
            if paused > PATIENCE:
                until = clock.now() + paused
                if limit and until >= limit.at:
                    return Failed(limit.error)
                error = RateLimited(
                    f"{target.title} (account '{target.account.name}') allows no more calls for now.",
                    remedy="Nothing is to be done: the step goes on by itself.",
                    retry_after=paused,
                )
                log(f"Waits {_shown(paused)}: {target.title} allows no more calls until then.")
                return Retrying(error, until, tried=False)
            reason = _reason(gate.expected(), target)
            notice = clock.call_at(clock.now() + SILENCE, lambda: log(reason))  # noqa: B023
            try:
                if await gate.enter(limit.at if limit else None):
                    return None
            finally:
                notice.cancel()
            if limit and clock.now() >= limit.at:
                return Failed(limit.error)


def _told(outcome: Outcome) -> float:
    """The seconds for which the service wants no more calls."""
    error = outcome.error if isinstance(outcome, Failed) else None
    return asked_for(error) if isinstance(error, RateLimited) else 0.0


def _reason(seconds: float, target: Target) -> str:
    rate, places = target.connector.rate, target.connector.concurrency
    if seconds > 0 and rate:
        each = f"{rate:g} calls a second" if rate > 1 else f"a call every {1 / rate:g} s"
        return f"Waits about {_shown(seconds)}: {target.title} allows {each}."
    if seconds > 0:
        return f"Waits {_shown(seconds)}: {target.title} allows no more calls until then."
    return f"Waits for its turn: {target.title} allows {places} {'call' if places == 1 else 'calls'} at a time."


def _shown(seconds: float) -> str:
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{round(seconds / 3600)} h"
