"""The form of an answer: one of a few choices, or data after a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from orchestrator.actions import Message, ModelRequest, ServiceError


def choice_schema(choices: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"choice": {"type": "string", "enum": list(choices)}},
        "required": ["choice"],
        "additionalProperties": False,
    }


def schema_of(request: ModelRequest) -> Mapping[str, Any] | None:
    """The JSON Schema of the answer, also where it is a choice."""
    return choice_schema(request.choices) if request.choices else request.schema


def told(request: ModelRequest, *, schema: bool) -> tuple[Message, ...]:
    """The messages, with what the answer has to look like in words: a server may force a form without telling the
    model what the form is, or know of no forms at all. `schema` says whether a schema is told too."""
    if request.choices:
        words = "Answer with one of: " + ", ".join(request.choices)
    elif request.schema is not None and schema:
        words = f"Answer with JSON alone, after this JSON Schema:\n{json.dumps(request.schema, ensure_ascii=False)}"
    else:
        return request.messages
    *before, last = request.messages
    return (*before, replace(last, content=f"{last.content}\n\n{words}"))


def chosen(text: str, choices: tuple[str, ...], model: str) -> str:
    """The answer out of its envelope; servers that force no form answer in plain words. Raises `ServiceError`."""
    try:
        answer = json.loads(text)["choice"]
    except (ValueError, TypeError, KeyError):
        answer = text.strip().strip(".\"'")
    if answer not in choices:
        raise ServiceError(
            f"'{model}' answered '{text[:80]}', which is none of: {', '.join(choices)}.",
            remedy="Use another model, or change the prompt.",
        )
    return answer


def is_closed(schema: Mapping[str, Any]) -> bool:
    """Whether no object in it may have other properties than those that it lists."""
    return all(object.get("properties") and not object.get("additionalProperties") for object in _objects(schema))


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether OpenAI can hold a model to it strictly: each object lists its properties and requires them all.
    https://platform.openai.com/docs/guides/structured-outputs#supported-schemas"""
    return schema.get("type") == "object" and all(
        object.get("additionalProperties") is False
        and set(object.get("required", ())) == set(object.get("properties", {}))
        for object in _objects(schema)
    )


def _objects(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Every schema of an object in a schema."""
    if isinstance(schema, Mapping):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from _objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _objects(part)
