"""`branch`: choose one of several ways. A step goes that way by `needs: ["ID.way"]`."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from orchestrator.actions import Params, Result, field
from orchestrator.data import is_object
from orchestrator.errors import StepError
from orchestrator.steps.kind import Done, ImmediateKind, Stopped
from orchestrator.workflow import Step

YES, NO = "yes", "no"


class Choice(Params):
    """Go one of several ways: by a condition (ways `yes` and `no`), or by a value and the way of each case.

    A step that `needs` "ID.way" is skipped when another way was taken.
    """

    condition: Any = field("Condition", default=None, description="True takes the way 'yes', anything else 'no'.")
    value: Any = field(
        "Value", default=None, expert=True, description="The value that decides, instead of a condition."
    )
    cases: dict[str, str] | None = field(
        "Cases", default=None, expert=True, description="The way to take for each value."
    )
    default: str | None = field("Otherwise", default=None, expert=True, description="The way when no case fits.")

    @model_validator(mode="after")
    def _one_way_to_decide(self) -> Choice:
        if self.cases is None and "condition" not in self.model_fields_set:
            raise PydanticCustomError("no_condition", "Give a condition, or a value and its cases")
        if self.cases is not None and "condition" in self.model_fields_set:
            raise PydanticCustomError("two_conditions", "Give a condition or cases, not both")
        return self


class Way(Result):
    way: str = field("The way that was taken")


class Branch(ImmediateKind[Choice]):
    id = "branch"
    title = "Branch"
    params = Choice
    result = Way

    def begin(self, params: Choice, now: float) -> Done | Stopped:
        if params.cases is None:
            return Done({"way": YES if params.condition else NO})
        way = params.cases.get(_text(params.value), params.default)
        if way is None:
            known = ", ".join(params.cases)
            return Stopped(
                StepError(f"No case fits {params.value!r}; there is {known}.", remedy="Add the case or a default.")
            )
        return Done({"way": way})


def ways_of(branch: Step) -> list[str]:
    """The ways that a step which `uses: branch` can go."""
    cases = branch.with_.get("cases")
    if not is_object(cases):
        return [YES, NO]
    ways = [*cases.values(), branch.with_.get("default")]
    return list(dict.fromkeys(way for way in ways if isinstance(way, str)))


def _text(value: Any) -> str:
    """A value as JSON spells it in a key: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)
