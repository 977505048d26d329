"""One attempt at an action: what it is given, and what can come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.actions import Action
from orchestrator.clock import Clock
from orchestrator.errors import PatchbayError
from orchestrator.history import Mode, Usage
from orchestrator.journal import EffectRow
from orchestrator.preview import PlannedEffect
from orchestrator.run_accounts import RunAccounts
from orchestrator.workflow import Step

if TYPE_CHECKING:
    from orchestrator.policies.budget import Budget


@dataclass(frozen=True, slots=True)
class Limit:
    """When an attempt must be over, whatever its own `timeout` says (seconds since 1970), and what is said then."""

    at: float
    error: PatchbayError


class Attempt(NamedTuple):
    """`failures` counts the attempts at this item that failed before. `key` names the effect, the same in each.

    A tuple, since one is made for each item: a frozen dataclass of so many fields takes three times as long.
    """

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
    """What was approved: of a run that was previewed, or of a step that asks."""
    clock: Clock
    since: float | None = None
    """When the first attempt at this item began, seconds since 1970. None: with this one."""
    budget: Budget | None = None
    """What the run may still use, in a workflow that has a `budget`."""
    limit: Limit | None = None
    owned: Callable[[], bool] = lambda: True
    """Whether this process still holds the lease of the run, by its own clock."""
    accounts: RunAccounts = RunAccounts()
    """Which accounts the run acts as."""

    @property
    def account(self) -> str | None:
        """The name of the account that the action acts as. None: the one in use."""
        return self.accounts.name(self.action.connector.id, self.step.account)

    @property
    def own_timeout(self) -> float:
        """Seconds that the step or the action gives one attempt."""
        return self.step.timeout or self.action.timeout

    @property
    def timeout(self) -> float:
        """Seconds that it may take from now on. A write that goes out at all gets its whole time."""
        if self.limit is None or self.action.effect != "read":
            return self.own_timeout
        return max(0.0, min(self.own_timeout, self.limit.at - self.clock.now()))

    def within(self, limit: Limit) -> Attempt:
        """The same attempt under one limit more; the earliest holds."""
        return self if self.limit and self.limit.at <= limit.at else self._replace(limit=limit)


class Succeeded(NamedTuple):
    """`output` is JSON data. `reused` says that an earlier attempt's effect was found and nothing was sent, `cached`
    that the result is that of an earlier, equal step. `effect` is what the ledger is to say of a write from now on."""

    output: Any
    usage: Usage | None = None
    reused: bool = False
    effect: EffectRow | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """`usage` is what models were asked for before it failed."""

    error: PatchbayError
    effect: EffectRow | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Retrying:
    """Another attempt comes at `until`, seconds since 1970. Not `tried`: it only waits, for its turn or for what has
    not happened yet, and counts as no failure."""

    error: PatchbayError
    until: float
    usage: Usage | None = None
    tried: bool = True


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
    """A write that must be asked about: its step says so, or the preview of the run could not show it."""

    plan: PlannedEffect


@dataclass(frozen=True, slots=True)
class Unknown:
    """An earlier attempt may have sent it, and the service cannot tell: a person must."""

    plan: PlannedEffect
    error: PatchbayError


Outcome = Succeeded | Failed | Retrying | Planned | Opened | Unapproved | Unknown
