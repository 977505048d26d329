"""Data in a model's answer, held against a JSON Schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

FENCE = re.compile(r"^```\w*\s*\n(.*)\n\s*```$", re.DOTALL)
"""How models like to wrap what is not prose."""


class Misfit(Exception):
    """The answer is not as the schema says. The message says what is wrong with it."""


def read(text: str, schema: Mapping[str, Any]) -> Any:
    """The data in an answer: JSON, alone or wrapped in Markdown or words. Raises `Misfit`."""
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable

    data = _parsed(text)
    try:
        error = best_match(_validator(schema).iter_errors(data))
    except Unresolvable as error:
        raise Misfit(f"the schema refers to '{error.ref}', which is not in it") from None
    if error is not None:
        place = f"{error.json_path.removeprefix('$').removeprefix('.')}: " if error.path else ""
        raise Misfit(f"{place}{error.message[:300]}")
    return data


def problem(schema: Mapping[str, Any]) -> str | None:
    """What is wrong with a schema itself, None for nothing."""
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for

    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        place = f"{error.json_path.removeprefix('$').removeprefix('.')}: " if error.path else ""
        return f"{place}{error.message[:300]}"
    return None


def _validator(schema: Mapping[str, Any]) -> Any:
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    # With a registry of its own it fetches no schema that this one refers to from anywhere.
    return validator_for(schema, default=Draft202012Validator)(schema, registry=Registry())


def _parsed(text: str) -> Any:
    text = text.strip()
    fenced = FENCE.match(text)
    text = fenced[1] if fenced else text
    begin = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=0)
    end = max(text.rfind("}"), text.rfind("]")) + 1 or len(text)
    for part in (text, text[begin:end]):
        try:
            return json.loads(part, parse_constant=_no_number)
        except ValueError:
            continue
    raise Misfit("it is not JSON")


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
