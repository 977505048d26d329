"""A step's parameters, once their expressions have values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from orchestrator.actions import Action, Params
from orchestrator.errors import StepError
from orchestrator.steps import Kind

LONGEST = 400
"""Characters that an error says of one parameter."""


def validate(action: Action | Kind[Any], given: Mapping[str, Any]) -> Params:
    """The parameters as the action's model. One that is null and has a default takes its default.
    Raises `StepError`."""
    nulls = [name for name, value in given.items() if value is None]
    if nulls:
        fields = action.params.model_fields
        left_out = {name for name in nulls if name in fields and not fields[name].is_required()}
        given = {name: value for name, value in given.items() if name not in left_out}
    try:
        return action.params.model_validate(given)
    except ValidationError as error:
        details = [
            f"'{'.'.join(map(str, detail['loc'])) or 'with'}': {_words(detail['msg'])}" for detail in error.errors()
        ]
        raise StepError(
            f"The parameters do not fit {action.id}: {'; '.join(details)}.",
            remedy="Correct the step or what it is given.",
        ) from None


def _words(said: str) -> str:
    """What is wrong with one, without the words of pydantic around it. It may quote what came from outside."""
    told = said.removeprefix("Value error, ").rstrip(".")
    return told if len(told) <= LONGEST else f"{told[:LONGEST]}…"
