"""What a built-in step kind is: a step that the engine does itself, without a connector."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from orchestrator.actions import Connector, Params, Plan, Result
from orchestrator.errors import StepError
from orchestrator.workflow import Step

FLOW = Connector("flow", title="Flow", icon=":material/account_tree:", description="Decide, wait and ask.")
"""Where the palette shows built-in steps."""

P = TypeVar("P", bound=Params)


@dataclass(frozen=True, slots=True)
class Done:
    """The step is over. `output` is JSON data."""

    output: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stopped:
    """The step failed."""

    error: StepError


@dataclass(frozen=True, slots=True)
class Waiting:
    """The step waits: until a time (seconds since 1970), for an answer, or for whichever comes first.
    `question` is what is asked; None when nobody is."""

    until: float | None
    question: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said to a waiting step."""

    value: Any
    by: str
    at: float


class Kind(ABC, Generic[P]):
    """A step kind, described like an action, so that forms, validation and the reference treat both alike."""

    id: ClassVar[str]
    title: ClassVar[str]
    params: type[P]
    result: ClassVar[type[Result]]
    effect: ClassVar[Literal["read"]] = "read"
    connector: ClassVar[Connector] = FLOW

    @property
    def description(self) -> str:
        return inspect.getdoc(self.params) or self.title


class ImmediateKind(Kind[P]):
    """A step kind whose outcome is known as it begins. Its methods are pure: the time is given to them."""

    @abstractmethod
    def begin(self, params: P, now: float) -> Done | Stopped | Waiting:
        """What comes of the step when it starts."""


class WaitingKind(ImmediateKind[P]):
    """A step kind that may wait. Its run costs a row while it does."""

    @abstractmethod
    def stand_in(self, params: P) -> Plan:
        """What a preview shows of it, and supposes that comes of it."""

    @abstractmethod
    def due(self, params: P, now: float) -> Done | Stopped:
        """What comes of it when the time that it waited for is there."""

    @abstractmethod
    def answered(self, params: P, answer: Answer) -> Done | Stopped:
        """What comes of it when somebody answers. Raises `InvalidInput` for an answer that does not fit."""


@dataclass(frozen=True, slots=True)
class Round:
    """One run of a body: which one, what it gave, and which one is next; None ends the step. `score` is how good
    the round was, `transition` how a state was left."""

    body: str
    output: Any
    next: str | None
    score: float | None = None
    transition: str | None = None
    role: str | None = None


def check_limit(params: Mapping[str, Any], most: int) -> None:
    """Raises `StepError` for a limit of rounds that is none."""
    limit: Any = params.get("limit")
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= most:
        raise StepError(f"'limit' must be a whole number from 1 to {most:,} and is {limit!r}.", remedy="Correct it.")


class BodyKind(Kind[P]):
    """A step kind that runs the steps inside it, once."""


class RoundsKind(BodyKind[P]):
    """A step kind that runs bodies one after the other. Pure: what it looks at is what the rounds gave."""

    late: ClassVar[frozenset[str]] = frozenset()
    """Parameters that are looked at after each round, with the outputs of the body in sight."""

    @abstractmethod
    def first(self, step: Step, params: dict[str, Any]) -> str:
        """The body to begin with. Raises `StepError` for parameters that make no sense."""

    @abstractmethod
    def after(
        self,
        step: Step,
        params: dict[str, Any],
        before: Sequence[Round],
        body: str,
        output: Any,
        scope: Mapping[str, Any],
    ) -> Round:
        """What a round that just ended was, and what is next. Raises `PatchbayError`: then the step fails."""

    @abstractmethod
    def gives(self, rounds: Sequence[Round]) -> dict[str, Any]:
        """The output of the step when it is over."""
