"""Which accounts a run acts as: chosen when it was started, and kept until its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RunAccounts:
    """Names of accounts by connector. What was `chosen` for the run holds for every step, also for one that names
    another; `in_use` are those that were in use when it began: who it acts as does not change in the middle."""

    chosen: Mapping[str, str] = field(default_factory=dict[str, str])
    in_use: Mapping[str, str] = field(default_factory=dict[str, str])

    def name(self, connector: str, named: str | None) -> str | None:
        """The account for a step that names `named`. None: the one in use."""
        return self.chosen.get(connector) or named or self.in_use.get(connector)

    def as_dict(self) -> dict[str, dict[str, str]]:
        """As the run's first event says it."""
        return asdict(self)

    @classmethod
    def of(cls, said: Mapping[str, Any] | None) -> RunAccounts:
        """What the run's first event says. Of a run from before this was written down, it says nothing."""
        return cls(**said) if said else cls()
