"""What a policy is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from orchestrator.attempt import Attempt, Outcome

Proceed = Callable[[Attempt], Awaitable[Outcome]]

Log = Callable[[str], None]
"""Writes a line to the step's log."""


class Policy(Protocol):
    """A middleware around attempts. It is called on the engine's loop alone."""

    def applies(self, attempt: Attempt) -> bool:
        """Whether this policy has anything to do with the attempt."""
        ...

    async def around(self, attempt: Attempt, proceed: Proceed, log: Log, /) -> Outcome:
        """Do the attempt by `proceed`, and whatever belongs before and after it."""
        ...
