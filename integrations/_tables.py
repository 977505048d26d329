"""Values of fields in lists, compared as people do: 9 comes before 10, also where both are text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from orchestrator.actions import ServiceError

LONGEST_NAME = 200
"""Characters of a name in an error."""

SHOWN = 20
"""Names of fields that an error lists."""


def value(item: Any, path: str) -> Any:
    """The value under a path as "customer.city", None where there is none; the item itself for an empty path."""
    for name in path.split(".") if path else ():
        if isinstance(item, dict):
            item = item.get(name)
        elif isinstance(item, list) and name.isascii() and name.isdigit() and len(name) < 9:
            item = item[int(name)] if int(name) < len(item) else None
        else:
            return None
    return item


def values(items: Sequence[Any], path: str) -> list[Any]:
    """The value of each item. A field that no item has is a mistake: raises `ServiceError`."""
    found = [value(item, path) for item in items]
    if path and items and all(one is None for one in found) and not any(_has(item, path) for item in items):
        names = list(dict.fromkeys(str(name) for item in items if isinstance(item, dict) for name in item))
        more = ", …" if len(names) > SHOWN else ""
        there = f"The fields are: {', '.join(names[:SHOWN])}{more}." if names else "The items have no fields."
        raise ServiceError(
            f"No item has a field '{path[:LONGEST_NAME]}'. {there}", remedy="Correct the name of the field."
        )
    return found


def _has(item: Any, path: str) -> bool:
    before, _, name = path.rpartition(".")
    holder = value(item, before)
    return isinstance(holder, dict) and name in holder


def is_empty(one: Any) -> bool:
    return one is None or one == [] or one == {} or (isinstance(one, str) and not one.strip())


def number(one: Any) -> int | float | None:
    """A number, or a text that is one as people write it: 12, -3.5. Not 1e5, 007 or 1,000."""
    if isinstance(one, bool):
        return None
    if isinstance(one, int | float):
        return one if math.isfinite(one) else None
    if not isinstance(one, str) or len(one) > 30:
        return None
    text = one.strip()
    digits = text.removeprefix("-")
    whole, point, part = digits.partition(".")
    is_plain = digits.isascii() and whole.isdigit() and (part.isdigit() if point else True)
    if not is_plain or (len(whole) > 1 and whole.startswith("0")):
        return None
    return float(text) if point else int(text)


def key(one: Any) -> Any:
    """What is equal has the same key: 1, 1.0 and "1" are, "01" is not. Text is compared exactly."""
    known = number(one)
    if known is not None:
        return ("number", known)
    if isinstance(one, str):
        return ("text", one)
    return ("json", orjson.dumps(one, option=orjson.OPT_SORT_KEYS))


def order(found: Iterable[Any]) -> list[Any]:
    """Keys to sort by: numbers if all are numbers, else text without regard to capitals. Raises `ServiceError` for
    lists and objects, which have no order."""
    known = list(found)
    numbers = [number(one) for one in known]
    if all(one is not None for one in numbers):
        return numbers
    for one in known:
        if isinstance(one, dict | list):
            raise ServiceError(
                "A list or an object is neither more nor less than another.", remedy="Sort by a field inside of it."
            )
    return [(str(one).casefold(), str(one)) for one in known]


def total(amounts: Iterable[tuple[int, Any]], name: str) -> int | float:
    """The sum of what `(position, value)` gives. `name` is the field in an error. Raises `ServiceError` for one
    that is no number."""
    found: list[int | float] = []
    for position, one in amounts:
        known = number(one)
        if known is None and not is_empty(one):
            raise ServiceError(
                f"'{name}' of item {position + 1} is no number: {str(one)[:100]}.",
                remedy="Correct it, or filter it out.",
            )
        found.append(known or 0)
    return sum(found) if all(isinstance(one, int) for one in found) else math.fsum(found)
