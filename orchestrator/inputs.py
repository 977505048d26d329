"""What a run is given, made to fit what its workflow asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from orchestrator.data import DEPTH, flaw, short
from orchestrator.errors import InvalidInput
from orchestrator.expressions import nearest
from orchestrator.workflow import Input, Workflow

ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "string": TypeAdapter(str),
    "number": TypeAdapter(float),
    "integer": TypeAdapter(int),
    "boolean": TypeAdapter(bool),
    "list": TypeAdapter(list[Any]),
    "object": TypeAdapter(dict[str, Any]),
}


WORDS = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "list": "a list",
    "object": "an object",
}


def coerce(name: str, declared: Input, value: Any) -> Any:
    """`value` as the type that the input declares; text is read as JSON for a list or object. Raises `InvalidInput`."""
    adapter = ADAPTERS[declared.type]
    try:
        if isinstance(value, str) and declared.type in ("list", "object"):
            value = adapter.validate_json(value)
        else:
            value = adapter.validate_python(value)
    except ValidationError:
        raise InvalidInput(
            f"Input '{name}' must be {WORDS[declared.type]} and is {short(value)}.", remedy="Correct the value."
        ) from None
    if declared.choices and value not in declared.choices:
        choices = ", ".join(str(choice) for choice in declared.choices)
        raise InvalidInput(f"Input '{name}' cannot be {short(value)}.", remedy=f"Choose one of: {choices}.")
    return value


def resolve(workflow: Workflow, given: Mapping[str, Any]) -> dict[str, Any]:
    """All inputs of a run, defaults filled in. Raises `InvalidInput` for one that is missing, unknown or mistyped."""
    for name in given:
        if name not in workflow.inputs:
            raise InvalidInput(
                f"Workflow '{workflow.id}' has no input '{name}'{nearest(name, list(workflow.inputs))}.",
                remedy="Correct the name.",
            )
    values: dict[str, Any] = {}
    for name, declared in workflow.inputs.items():
        if name in given and given[name] is not None:
            values[name] = coerce(name, declared, given[name])
            if wrong := flaw(values[name], name):
                raise InvalidInput(
                    f"Input {wrong}.",
                    remedy=f"Give text, numbers, lists and objects, at most {DEPTH} levels deep.",
                )
        elif declared.required:
            label = declared.title or name
            raise InvalidInput(
                f"Workflow '{workflow.id}' needs the input '{name}' ({label}).", remedy=f"Give a value for '{name}'."
            )
        else:
            values[name] = declared.default
    return values
