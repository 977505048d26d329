"""Every error that Patchbay raises on purpose.

Each tells what happened (`message`), where (`where`) and what to do (`remedy`).

    PatchbayError
    ├── InvalidWorkflow         mistakes in a workflow, all of them, found before it runs
    ├── InvalidInput            what a run was given does not fit the workflow's inputs
    ├── InvalidFile             a file cannot be read as what it should be
    ├── NotFound                no workflow, template, run or action of that name
    ├── InvalidTemplate         a prompt template cannot be rendered
    │   └── MissingVariables
    ├── InvalidSettings         a setting or environment variable is wrong
    ├── VaultError              what is encrypted cannot be opened, or its key cannot be read or kept
    ├── Unsigned                a request to a webhook is not signed as it must be
    ├── StoreError              the journal cannot do what is asked of it
    │   ├── NewerStore          written by a newer Patchbay
    │   └── LeaseLost           another process owns the run now
    └── StepError               while a step ran
        ├── NotYet              what a step waits for has not happened: it looks again later
        ├── ExpressionError     a `{{ }}` has no value
        ├── StepTimeout         a try took longer than its `timeout`
        ├── DeadlineExceeded    all tries together took longer than the step's `deadline`
        ├── BudgetExceeded      the run has used up its `budget`, or a call could go beyond it
        ├── SubworkflowFailed   the run of a workflow that it started did not succeed
        ├── NotApproved         differs from what was shown and approved
        ├── EffectUnknown       a write may or may not have happened, and the service cannot tell
        └── ServiceError        a service said no
            ├── AccountError    ... to who we are: reconnect the account
            ├── RateLimited     ... for now: too many requests
            └── Unavailable     ... or nothing at all: down, unreachable or failing
                └── CircuitOpen it failed so often that it is left alone for a while
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from orchestrator.masking import mask


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a workflow or a run. Unknown parts are None."""

    workflow: str | None = None
    step: str | None = None
    item: str | None = None
    key: str | None = None
    attempt: int | None = None
    file: str | None = None

    def __str__(self) -> str:
        parts = [
            self.file,
            f"workflow '{self.workflow}'" if self.workflow and not self.file else None,
            f"step '{self.step}'" if self.step else None,
            f"item {self.item}" if self.item else None,
            f"key '{self.key}'" if self.key else None,
            f"attempt {self.attempt}" if self.attempt and self.attempt > 1 else None,
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a workflow file: what, where, what to do."""

    code: str
    message: str
    where: Where = field(default_factory=Where)
    remedy: str = ""

    def __str__(self) -> str:
        place = str(self.where)
        return " ".join(part for part in (f"{place}:" if place else "", self.message, self.remedy) if part)


class PatchbayError(Exception):
    """An error a person can act on. `code` is stable and machine-readable. Secrets in its words are hidden."""

    code: ClassVar[str] = "error"
    retryable: bool = False

    def __init__(self, message: str, *, remedy: str = "", where: Where | None = None) -> None:
        self.message = mask(message)
        self.remedy = mask(remedy)
        super().__init__(self.message)
        self.where = where or Where()

    def at(self, **where: Any) -> PatchbayError:
        """The same error, placed. What is known already is kept."""
        known = {name: value for name, value in where.items() if getattr(self.where, name) is None}
        self.where = replace(self.where, **known)
        return self

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def as_dict(self) -> dict[str, Any]:
        """The error as it is journalled: code, message, remedy, retryable, where."""
        return {
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "retryable": self.retryable,
            "where": str(self.where),
        }


class InvalidWorkflow(PatchbayError):
    """`problems` holds every mistake that was found."""

    code = "invalid_workflow"

    def __init__(self, problems: Sequence[Problem], *, where: Where | None = None) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(f"{head}: " + " | ".join(str(problem) for problem in self.problems), where=where)


class InvalidInput(PatchbayError):
    code = "invalid_input"


class InvalidFile(PatchbayError):
    code = "invalid_file"


class NotFound(PatchbayError):
    code = "not_found"


class Outdated(PatchbayError):
    """Somebody else changed it in the meantime. Nothing was written."""

    code = "outdated"


class InvalidTemplate(PatchbayError):
    code = "invalid_template"


class MissingVariables(InvalidTemplate):
    code = "missing_variables"


class InvalidSettings(PatchbayError):
    code = "invalid_settings"


class VaultError(PatchbayError):
    code = "vault"


class Unsigned(PatchbayError):
    """A request to a webhook that is not signed as it must be."""

    code = "unsigned"


class StoreError(PatchbayError):
    code = "store"


class NewerStore(StoreError):
    code = "newer_store"


class LeaseLost(StoreError):
    code = "lease_lost"


class StepError(PatchbayError):
    code = "step"


SOONEST, LATEST = 1.0, 86400.0
"""Seconds after which a step that waits may look again."""


class NotYet(StepError):
    """What a reading action waits for has not happened. It is no failure: the run waits, and the action looks again in
    `again_in` seconds."""

    code = "not_yet"

    def __init__(self, message: str, *, again_in: float, remedy: str = "", where: Where | None = None) -> None:
        super().__init__(message, remedy=remedy, where=where)
        self.again_in = min(LATEST, max(SOONEST, again_in))


class ExpressionError(StepError):
    code = "expression"


class StepTimeout(StepError):
    code = "timeout"
    retryable = True


class DeadlineExceeded(StepError):
    code = "deadline_exceeded"


class BudgetExceeded(StepError):
    code = "budget_exceeded"


class SubworkflowFailed(StepError):
    code = "subworkflow_failed"


class NotApproved(StepError):
    code = "not_approved"


class EffectUnknown(StepError):
    code = "effect_unknown"


class ServiceError(StepError):
    """A service refused. Trying again does not help. `retry_after` is the number of seconds it asked us to wait,
    where it said so."""

    code = "service"

    def __init__(
        self, message: str, *, remedy: str = "", where: Where | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, remedy=remedy, where=where)
        self.retry_after = retry_after


class AccountError(ServiceError):
    code = "account"


class RateLimited(ServiceError):
    code = "rate_limited"
    retryable = True


class Unavailable(ServiceError):
    code = "unavailable"
    retryable = True


class CircuitOpen(Unavailable):
    code = "circuit_open"


def _tree(kind: type[PatchbayError]) -> list[type[PatchbayError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _tree(child))]


CODES: dict[str, bool] = {kind.code: kind.retryable for kind in _tree(PatchbayError)}
"""Every code, and whether trying again can mend an error of it."""
