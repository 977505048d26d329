"""End an attempt that takes too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrator.attempt import Attempt, Failed, Outcome
from orchestrator.errors import PatchbayError, StepTimeout
from orchestrator.policies.base import Log, Proceed


class _Row:
    """Alarms of one length, in the order in which they ring. `armed`: the loop has a timer for it."""

    __slots__ = ("alarms", "armed")

    def __init__(self) -> None:
        self.alarms: dict[int, tuple[float, Callable[[], None]]] = {}
        self.armed = False


class Alarms:
    """Many timers of a few lengths on one loop. Those of one length ring in the order in which they were set, so the
    loop needs a timer for the first of each length only: to set one and take it back costs a fifth."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._rows: dict[float, _Row] = {}
        self._number = 0

    def set(self, seconds: float, ring: Callable[[], None]) -> int:
        """Call `ring` after so many seconds. The number that it gives takes the alarm back (`drop`)."""
        self._number += 1
        row = self._rows.get(seconds)
        if row is None:
            row = self._rows[seconds] = _Row()
        if not row.armed:
            row.armed = True
            self.loop.call_later(seconds, self._look, seconds, row)
        row.alarms[self._number] = (self.loop.time() + seconds, ring)
        return self._number

    def drop(self, seconds: float, number: int) -> None:
        row = self._rows.get(seconds)
        if row is not None:
            row.alarms.pop(number, None)

    def _look(self, seconds: float, row: _Row) -> None:
        """Ring what is due, and look again when the next one is."""
        now = self.loop.time()
        while row.alarms:
            number, (due, ring) = next(iter(row.alarms.items()))
            if due > now:
                self.loop.call_later(due - now, self._look, seconds, row)
                return
            del row.alarms[number]
            ring()
        row.armed = False
        del self._rows[seconds]


class TimeoutPolicy:
    """Gives up a reading attempt after its `timeout`, or when the step or the run must be over (`Attempt.limit`).

    A write is not given up while it is under way: whether it happened would be unknown. Its SDK is told the limit
    and ends by itself.
    """

    def __init__(self) -> None:
        self._alarms: Alarms | None = None

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

        alarms, seconds = self._alarms_of(task.get_loop()), attempt.timeout
        number = alarms.set(seconds, give_up)
        try:
            return await proceed(attempt)
        except asyncio.CancelledError:
            if not late or task.uncancel() > cancelled:
                raise
            return Failed(_too_long(attempt))
        finally:
            alarms.drop(seconds, number)

    def _alarms_of(self, loop: asyncio.AbstractEventLoop) -> Alarms:
        if self._alarms is None or self._alarms.loop is not loop:
            self._alarms = Alarms(loop)
        return self._alarms


def _too_long(attempt: Attempt) -> PatchbayError:
    if attempt.limit and attempt.clock.now() >= attempt.limit.at:
        return attempt.limit.error
    return StepTimeout(
        f"It took longer than {attempt.own_timeout:g} seconds.",
        remedy="Try again, or give the step a longer 'timeout'.",
    )
