"""What a built-in step kind is: a step that the engine does itself, without a connector."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from orchestrator.actions import Connector, Params, Plan, Result
from orchestrator.errors import StepError

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
    """A step kind. Its methods are pure: the time is given to them.

    It is described like an action, so that forms, validation and the reference treat both alike.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    params: type[P]
    result: ClassVar[type[Result]]
    effect: ClassVar[Literal["read"]] = "read"
    connector: ClassVar[Connector] = FLOW

    @property
    def description(self) -> str:
        return inspect.getdoc(self.params) or self.title

    @abstractmethod
    def begin(self, params: P, now: float) -> Done | Stopped | Waiting:
        """What comes of the step when it starts."""


class WaitingKind(Kind[P]):
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
