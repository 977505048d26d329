"""JSON data: as the type checker should see them, what is none, and how a value is shown in a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard, cast

import orjson
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

DEPTH = 128
"""Lists and objects in each other, at most. orjson takes 254; the rest is for what the journal puts around a value."""

_ROOM = 254 - DEPTH

_NUMBER = re.compile(r"([0-9]{1,18})")


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """A JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """A JSON list."""
    return isinstance(value, list)


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts names as people count: "Step 2" before "Step 10", large letters as small ones."""
    # Before each number stands a text, if only an empty one: a number never meets a text.
    return [(int(part), "") if number % 2 else (0, part.lower()) for number, part in enumerate(_NUMBER.split(name))]


def short(value: Any) -> str:
    """A value for a message, in 60 characters at most."""
    try:
        text = repr(value)
    except RecursionError:
        return "nested too deep to be shown"
    return text if len(text) <= 60 else text[:59] + "…"


def flaw(value: Any, name: str) -> str | None:
    """Why the journal cannot keep a value that is called `name`: which part of it, and what is wrong with that, as in
    "'x.rows[3]' is nested more than 128 levels deep". None: it can."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
        if text.count(b"[") + text.count(b"{") > DEPTH:  # only then can it be too deep: how deep is dear to tell
            deeper = value
            for _ in range(_ROOM):
                deeper = [deeper]
            orjson.dumps(deeper, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return found_flaw(value, name)
    return None


def found_flaw(value: Any, name: str) -> str:
    """The same of a value that is known to have one; also of what is still to be turned into data, like models. Without
    a `name`, parts are called as they are in it."""
    left: list[tuple[str, Any, int]] = [(name, value, 1)]
    while left:
        place, found, depth = left.pop()
        parts = _parts(found)
        if parts is None:
            if wrong := _leaf_flaw(found):
                return f"{_called(place)} {wrong}"
        elif depth > DEPTH:
            return f"{_called(name)} is nested more than {DEPTH} levels deep"
        else:
            left += reversed([(_below(place, key), part, depth + 1) for key, part in parts])
    return f"{_called(name)} holds more than text, numbers, lists and objects"


def _called(place: str) -> str:
    return f"'{place}'" if place else "it"


def _below(place: str, key: Any) -> str:
    if isinstance(key, int):
        return f"{place}[{key}]"
    name = key if isinstance(key, str) else short(key)
    return f"{place}.{name}" if place else name


def _parts(value: Any) -> Iterable[tuple[Any, Any]] | None:
    """What a container holds, by key or number. None: it is none."""
    if isinstance(value, BaseModel):
        return [(info.alias or field, getattr(value, field)) for field, info in type(value).model_fields.items()]
    if isinstance(value, Mapping):
        return cast("Mapping[Any, Any]", value).items()
    if isinstance(value, list | tuple | set | frozenset):
        return enumerate(cast("Iterable[Any]", value))
    return None


def _leaf_flaw(value: Any) -> str | None:
    try:
        orjson.dumps(to_jsonable_python(value))
    except (TypeError, ValueError):  # also what pydantic and UTF-8 say
        if isinstance(value, str):
            return "is a text with half a character in it"
        if isinstance(value, int):
            return "is a whole number of more than 19 digits"
        if isinstance(value, bytes | bytearray | memoryview):
            return "is raw bytes, not text"
        return f"is neither text, number, list nor object (its type is '{type(value).__name__}')"
    return None
