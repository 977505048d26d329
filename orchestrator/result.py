"""What comes of a run, for whoever started it from a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from orchestrator.history import RunStatus, RunView, StepView


@dataclass(frozen=True)
class RunResult:
    """`outputs` are those of the workflow; `error` says what, where and what to do when it failed."""

    run_id: str
    status: RunStatus
    outputs: dict[str, Any]
    error: dict[str, Any] | None
    tell: Callable[[], RunView] = field(repr=False, compare=False)
    """Tells the whole run, from what was read of it when it was over."""

    @cached_property
    def steps(self) -> dict[str, StepView]:
        """The steps by id. They are told when first asked for: of a thousand items that takes as long as running
        them."""
        return {step.id: step for step in self.tell().steps}
