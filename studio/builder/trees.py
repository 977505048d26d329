"""Values as trees of names: what can be used of them in an expression, as far as there is room to show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from orchestrator.data import is_list, is_object
from studio.builder.fields import resolved

DEEP = 6
"""Levels of a value that are shown, at most."""

DECLARED = 3
"""Levels of what an action declares that are shown."""

CROWDED = 30
"""Where a tree has room for no more, a level less of what an action declares is shown."""

WIDE = 40
"""Names on one level that are shown."""

LISTED = 5
"""Items of a list that are shown."""

NOTHING = object()
"""The value of a name that is known only by its kind."""

KINDS_OF_SCHEMAS = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "yes or no",
    "array": "list",
    "list": "list",
    "object": "object",
}


@dataclass(frozen=True, slots=True)
class Variable:
    """A name to use. `path` is what stands in `{{ }}`; `kind` is "text", "number", "yes or no", "list", "object" or "";
    `value` is `NOTHING` where no run has given one."""

    path: str
    name: str
    kind: str
    value: Any = NOTHING
    parts: tuple[Variable, ...] = ()


def tree(path: str, name: str, value: Any, room: int) -> Variable:
    """The names in a value, as deep as there is room for."""
    deep = 1
    while deep < DEEP and _size(value, deep + 1) <= room:
        deep += 1
    return _known(path, name, value, deep)


def declared_tree(path: str, name: str, model: type[BaseModel], room: int, *, is_list: bool) -> Variable:
    """The names that a model declares; `is_list`: of one in a list of them."""
    schema = _schema(model)
    defs = schema.get("$defs", {})
    whole: Mapping[str, Any] = {"type": "array", "items": schema} if is_list else schema
    return _declared(path, name, whole, defs, DECLARED if room > CROWDED else DECLARED - 1)


def _size(value: Any, deep: int) -> int:
    return 1 + sum(_size(part, deep - 1) for _, _, part in _parts("", value)) if deep else 1


def _known(path: str, name: str, value: Any, deep: int) -> Variable:
    parts = tuple(_known(below, key, part, deep - 1) for below, key, part in _parts(path, value)) if deep else ()
    return Variable(path, name, _kind(value), value, parts)


def _parts(path: str, value: Any) -> list[tuple[str, str, Any]]:
    """What stands in a value: path, name and value of each part that is shown."""
    if is_object(value):
        return [(_below(path, key), key, part) for key, part in list(value.items())[:WIDE]]
    if is_list(value):
        return [(f"{path}[{number}]", f"[{number}]", part) for number, part in enumerate(value[:LISTED])]
    return []


def _declared(path: str, name: str, schema: Mapping[str, Any], defs: Mapping[str, Any], deep: int) -> Variable:
    own = resolved(schema, defs)
    parts: list[Variable] = []
    if deep and own.get("type") == "object":
        properties = list(own.get("properties", {}).items())[:WIDE]
        parts = [_declared(_below(path, key), key, part, defs, deep - 1) for key, part in properties]
    elif deep and own.get("type") == "array":
        parts = [_declared(f"{path}[0]", "[0]", own.get("items", {}), defs, deep)]
    return Variable(path, name, KINDS_OF_SCHEMAS.get(str(own.get("type")), ""), parts=tuple(parts))


@cache
def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    """Made once: it takes milliseconds, and is asked for with each key that somebody presses."""
    return model.model_json_schema(by_alias=True, mode="serialization")


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]"


def _kind(value: Any) -> str:
    for type_, kind in ((bool, "yes or no"), (str, "text"), (int | float, "number"), (list, "list"), (dict, "object")):
        if isinstance(value, type_):
            return kind
    return ""
