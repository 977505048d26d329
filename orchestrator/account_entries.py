"""The list of accounts: the names that accounts have, and how each stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from orchestrator.errors import InvalidInput

PRACTICE, ENVIRONMENT, NONE = "practice", "environment", "none"
"""The names of the accounts that nobody has to connect: the practice one, what the environment variables say, and that
of a connector that needs none."""

SOON = 3 * 86400.0
"""Seconds before the end of a key from which on somebody is warned."""

AccountState = Literal["works", "untested", "ends_soon", "ended", "failed", "locked"]

_NAME = re.compile(r"[^\s\x00-\x1f‹›{}](?:[^\x00-\x1f‹›{}]{0,62}[^\s\x00-\x1f‹›{}])?")


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """One line of the list of accounts. `in_use`: it is taken when a step names none. `problem` says why it cannot be
    used, `said` what came of its last test (`works`), `tested_at` when that was and `expires_at` when its key ends,
    where that is known, both in seconds since 1970."""

    connector: str
    name: str
    source: Literal["saved", "environment", "practice"]
    in_use: bool
    problem: str = ""
    tested_at: float | None = None
    works: bool | None = None
    said: str = ""
    expires_at: float | None = None

    def state(self, now: float) -> AccountState:
        """How it stands. "locked": it cannot be used as it is kept."""
        left = None if self.expires_at is None else self.expires_at - now
        if self.problem:
            return "locked"
        if left is not None and left <= 0:
            return "ended"
        if self.works is False:
            return "failed"
        if left is not None and left < SOON:
            return "ends_soon"
        return "works" if self.works else "untested"

    def needs_care(self, now: float) -> bool:
        return self.state(now) not in ("works", "untested")


def ensure_name(name: str) -> None:
    """Raises `InvalidInput` for what an account that is connected cannot be called."""
    if name in (PRACTICE, ENVIRONMENT, NONE):
        raise InvalidInput(f"'{name}' has a meaning of its own.", remedy="Choose another name, such as 'work'.")
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "An account needs a name of at most 64 characters.", remedy="Choose a short one, such as 'work'."
        )
