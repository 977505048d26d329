"""A clock for tests in which a run waits a while for what the test does."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.clock import SystemClock, Timer

SOON = 0.05
"""Seconds."""


class Impatient(SystemClock):
    """The machine's clock, but nobody waits long for its timers: they ring within `SOON`."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        return super().call_at(min(when, self.now() + SOON), callback)
