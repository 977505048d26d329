"""What happened, for people to read: a run, its steps, its effects, folded from the journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestrator.errors import NotYet
from orchestrator.preview import PlannedEffect
from orchestrator.run_accounts import RunAccounts

RunStatus = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
StepStatus = Literal["pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled", "planned", "open"]
"""In a preview a write is *planned*, and what depends on what only the service can choose is *open*."""

Mode = Literal["run", "preview", "approved"]
"""A preview sends nothing; once approved, it sends what was shown."""

TriggerKind = Literal["schedule", "webhook", "poll"]
"""What starts a run by itself."""

FINAL: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})
ACTIVE: frozenset[str] = frozenset({"queued", "running", "waiting"})


@dataclass(frozen=True, slots=True)
class Usage:
    """What models were asked for. `cost` is in US dollars, None when no price was known."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """Both together. The cost is None when no price was known."""
        costs = [usage.cost for usage in (self, other) if usage.cost is not None]
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            sum(costs) if costs else None,
        )


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of the list of runs. Times are seconds since 1970, UTC."""

    id: str
    workflow_id: str
    workflow_name: str
    status: RunStatus
    created_at: float
    started_at: float | None
    finished_at: float | None
    error: dict[str, Any] | None
    origin: str | None
    """The run that this one goes on from, if any."""
    parent: str | None = None
    """The run that began this one and waits for it, if any."""
    mode: Mode = "run"
    usage: Usage = Usage()
    """What models were asked for; nothing before the run is over."""
    trigger: TriggerKind | None = None
    """What started it by itself, if anything did."""
    trigger_id: str | None = None
    """The name of that trigger in the workflow."""


Began = Literal["by hand", "schedule", "webhook", "poll", "called", "again", "preview"]
"""How a run began: by a person, by a trigger, by another workflow that waits for it, from an earlier run; or only to
look."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are asked for; what is None, or "", excludes none. `since` is in seconds since 1970, `cost` the least
    in US dollars; `text` stands somewhere in what the run was given, gave, or failed with."""

    status: tuple[str, ...] | None = None
    workflow: str | None = None
    since: float | None = None
    cost: float | None = None
    began: Began | None = None
    text: str = ""


EVERY_RUN = RunFilter()


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    started_at: float
    finished_at: float | None
    error: dict[str, Any] | None
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item of a `for_each`, or the step itself (item "")."""

    item: str
    status: StepStatus
    input: dict[str, Any] | None
    output: Any
    error: dict[str, Any] | None
    attempts: tuple[Attempt, ...]
    started_at: float | None
    finished_at: float | None
    usage: Usage
    reused: bool = False
    """The result was taken from an earlier attempt or run: nothing was done again."""
    cached: bool = False
    """The result is that of an earlier, equal step."""
    pinned: bool = False
    """The result was typed in."""
    until: float | None = None
    """While it waits for a time: when it goes on, seconds since 1970."""

    def waits_for(self, moment: Callable[[float], str]) -> str:
        """As "Nobody has answered yet. It looks again at 14:02."; "" when it does not wait for a time. `moment` says a
        time, as "at 14:02"."""
        if self.until is None:
            return ""
        when = moment(self.until)
        if self.error is None:
            return f"It goes on {when}."
        again = "looks" if self.error["code"] == NotYet.code else "tries"
        return f"{self.error['message']} It {again} again {when}."


@dataclass(frozen=True, slots=True)
class LogLine:
    at: float
    step: str
    item: str
    message: str


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of a run. With a `for_each` it has one item an element, and `output` is the list of their outputs. A step
    inside a body has one for each item and round that it stands in; `owner` is the step around it."""

    id: str
    name: str
    uses: str
    status: StepStatus
    needs: tuple[str, ...]
    output: Any
    error: dict[str, Any] | None
    reason: str | None
    """Why it was skipped."""
    items: tuple[ItemView, ...]
    log: tuple[LogLine, ...]
    started_at: float | None
    finished_at: float | None
    usage: Usage
    is_loop: bool = False
    owner: str = ""

    @property
    def duration_ms(self) -> float | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at) * 1000

    @property
    def attempts(self) -> int:
        return max((len(item.attempts) for item in self.items), default=0)


@dataclass(frozen=True, slots=True)
class Question:
    """What a waiting run asks. `kind` is "approve" (a step asks), "input", "preview" (may all that was planned
    happen?), "effect" (may this write happen, which the preview could not show?) or "unknown" (did this write happen?
    "send" it again, it was "sent", or "stop"). `show` is what the decision is about; `until` is when it goes on without
    an answer, seconds since 1970."""

    run_id: str
    step: str
    item: str
    kind: str
    message: str
    who: str
    show: Any
    type: str | None
    choices: list[Any] | None
    until: float | None


@dataclass(frozen=True, slots=True)
class EffectView:
    """A write: what it did outside, and whether that is known."""

    action: str
    account: str
    step: str
    item: str
    summary: str
    link: str | None
    status: Literal["sent", "confirmed", "failed"]
    at: float


@dataclass(frozen=True, slots=True)
class RunView:
    """A whole run."""

    summary: RunSummary
    workflow: dict[str, Any]
    inputs: dict[str, Any]
    output: dict[str, Any] | None
    steps: tuple[StepView, ...]
    effects: tuple[EffectView, ...] = ()
    questions: tuple[Question, ...] = ()
    mode: Mode = "run"
    plans: tuple[PlannedEffect, ...] = ()
    """The writes of a preview, in the order in which they were planned."""
    plan_hash: str | None = None
    """What an approval of these plans must name."""
    usage: Usage = field(default_factory=Usage)
    accounts: RunAccounts = field(default_factory=RunAccounts)
    """Which accounts it acts as."""

    @property
    def status(self) -> RunStatus:
        return self.summary.status
