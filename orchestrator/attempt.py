"""One attempt at an action: what it is given, and what can come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.actions import Action
from orchestrator.clock import Clock
from orchestrator.errors import PatchbayError
from orchestrator.history import Mode, Usage
from orchestrator.journal import EffectRow
from orchestrator.preview import PlannedEffect
from orchestrator.workflow import Step


@dataclass(frozen=True, slots=True)
class Attempt:
    """`failures` counts the attempts at this item that failed before. `key` names the effect, the same in each."""

    run_id: str
    fence: int
    step: Step
    item: str
    number: int
    failures: int
    key: str
    action: Action
    params: dict[str, Any]
    model: str | None
    may_have_happened: bool
    """An earlier attempt may have reached the service: look before sending."""
    mode: Mode
    plan: PlannedEffect | None
    """What was approved, in a run that was previewed."""
    clock: Clock

    @property
    def timeout(self) -> float:
        return self.step.timeout or self.action.timeout


@dataclass(frozen=True, slots=True)
class Succeeded:
    """`output` is JSON data. `reused` says that an earlier attempt's effect was found and nothing was sent.
    `effect` is what the ledger is to say of a write from now on."""

    output: Any
    usage: Usage | None = None
    reused: bool = False
    effect: EffectRow | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    error: PatchbayError
    effect: EffectRow | None = None


@dataclass(frozen=True, slots=True)
class Retrying:
    """Another attempt comes at `until`, seconds since 1970."""

    error: PatchbayError
    until: float


@dataclass(frozen=True, slots=True)
class Planned:
    """In a preview: the write that would go out."""

    plan: PlannedEffect


@dataclass(frozen=True, slots=True)
class Opened:
    """In a preview: it cannot be known yet what this step would do."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unapproved:
    """After a preview: a write that the preview could not show, and that must be asked about."""

    plan: PlannedEffect


Outcome = Succeeded | Failed | Retrying | Planned | Opened | Unapproved
