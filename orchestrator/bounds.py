"""How much one evaluation of an expression may do. Expressions run on the engine's loop: none may hold it up.

Whatever repeats or grows pays for it: an iteration of a loop the nodes of its body, an operation what it reads and
makes. What is made is bounded before or while it is made, and no single operation takes long on what is bounded. So the
sum of `STEPS` bounds time without a clock: an expression that has a value has it every time, however busy the machine.
Data that an expression is given may be of any size; what it makes of them may not.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, cast

STEPS = 5_000_000
"""What one evaluation may spend. A step takes 0.1 to 0.2 µs."""

TEXT = 10_000_000
"""Characters of a text."""

ITEMS = 1_000_000
"""Values in a list or object, counted through all levels; 16 characters of text count as one more."""

RANGE = 100_000
"""Numbers of a `range()`."""

BITS = 10_000
"""Of a whole number."""

WIDTH = 1_000
"""Columns that a number or text is padded to by a format."""

Container = list[Any] | tuple[Any, ...] | dict[Any, Any]

_WIDTHS = re.compile(r"%%|%[-#0 +]*+(\*|\d{4,}|\d*\.(?:\*|\d{4,}))")
"""The widths in a `%` format that are too large or come from outside."""


class TooMuch(Exception):
    """An expression asked for more than it may."""


class Meter(threading.local):
    """What is left of the evaluation that this thread is at. `known` are the weights of the containers it has met,
    with a reference, so that no other takes its `id`."""

    def __init__(self) -> None:
        self.left = STEPS
        self.known: dict[int, tuple[Any, int]] = {}

    def start(self) -> None:
        self.left = STEPS
        if self.known:
            self.known = {}


METER = Meter()


def spend(steps: int) -> None:
    left = METER.left - steps
    METER.left = left
    if left < 0:
        raise TooMuch("it takes too many steps")


def counted(values: Iterable[Any], steps: int = 1) -> Iterator[Any]:
    """The same values, each of which costs `steps`."""
    for value in values:
        spend(steps)
        yield value


def weigh(value: Any) -> int:
    """The values in a value, counted as often as they would be written out: a list that holds a list twice is more
    than twice as heavy. Takes each container once, so it is quick even where the weight is astronomic."""
    if isinstance(value, str):
        return 1 + (len(value) >> 4)
    if isinstance(value, range):
        return 1 + len(value)
    if not isinstance(value, list | tuple | dict):
        return 1
    container = cast(Container, value)
    known = METER.known.get(id(container))
    if known is not None:
        return known[1]
    spend(1 + len(container))
    parts = [*container, *container.values()] if isinstance(container, dict) else container
    weight = 1 + sum(map(weigh, parts))
    METER.known[id(container)] = (container, weight)
    return weight


def weighed(value: Any) -> Any:
    """A list or object that was just made."""
    limit_items(weigh(value))
    return value


def limit_items(weight: int) -> None:
    if weight > ITEMS:
        raise TooMuch(f"it makes a list or object of more than {ITEMS:,} values")


def limit_text(length: int) -> None:
    """What a text that is about to be made costs."""
    if length > TEXT:
        raise TooMuch(f"it makes a text of more than {TEXT:,} characters")
    spend(1 + (length >> 4))


def limit_number(value: Any, limit: int) -> None:
    if isinstance(value, int) and abs(value) > limit:
        raise TooMuch(f"a width, count or precision in it is more than {limit:,}")


def limit_bits(bits: int) -> None:
    if bits > BITS:
        raise TooMuch(f"it makes a number of more than {BITS * 3 // 10:,} digits")


def read(value: Any) -> Any:
    """A value that is compared or copied. Python does that in C, several values a step."""
    if isinstance(value, int):
        limit_bits(value.bit_length())
    elif isinstance(value, str):
        spend(len(value) >> 4)
    else:
        spend(weigh(value) >> 3)
    return value


def count(*bounds: int) -> range:
    """`range()`."""
    numbers = range(*bounds)
    if numbers and abs(numbers[-1] - numbers[0]) // abs(numbers.step) >= RANGE:
        raise TooMuch(f"range() may give {RANGE:,} numbers at most")
    return numbers


# --- operators


def add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        limit_text(len(left) + len(right))
    elif isinstance(left, list | tuple):
        return weighed(left + right)
    return left + right


def multiply(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        limit_bits(left.bit_length() + right.bit_length())
    elif isinstance(left, int):
        return _copies(right, left)
    elif isinstance(right, int):
        return _copies(left, right)
    return left * right


def _copies(value: Any, number: int) -> Any:
    if isinstance(value, str):
        limit_text(len(value) * max(0, number))
    elif isinstance(value, list | tuple):
        items = cast(Sequence[Any], value)
        limit_items(weigh(items) * number)
        spend(len(items) * max(0, number))
    return cast(Any, value) * number


def power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        limit_bits(left.bit_length() * abs(right))
    return left**right


def divide_whole(left: Any, right: Any) -> Any:
    read(left)
    return left // read(right)


def remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        return percent(left, *right) if isinstance(right, tuple) else percent(left, right)
    read(left)
    return left % read(right)


def percent(pattern: Any, *values: Any) -> str:
    """`'%05.2f' % value`, also the filter `format`."""
    pattern = str(pattern)
    limit_text(len(pattern) + 16 * sum(map(weigh, values)))
    if any(found[1] for found in _WIDTHS.finditer(pattern)):
        raise TooMuch(f"a format may pad to fewer than {WIDTH:,} columns")
    return pattern % values


def concat(parts: Iterable[str]) -> str:
    """The pieces of a text as they come."""
    pieces: list[str] = []
    length = 0
    for piece in parts:
        length += len(piece)
        if length > TEXT:
            break
        pieces.append(piece)
    limit_text(length)
    return "".join(pieces)


def shown(value: Any) -> str:
    limit_text(16 * weigh(value))
    return str(value)


def joined(values: list[Any]) -> str:
    """The operator `~`."""
    return concat(map(shown, values))


# --- methods and filters of text


def replace(text: Any, old: Any, new: Any, limit: int | None = None) -> str:
    text, old, new = str(text), str(old), str(new)
    found = text.count(old)
    places = found if limit is None or limit < 0 else min(found, limit)
    limit_text(len(text) + places * max(0, len(new) - len(old)))
    return text.replace(old, new, -1 if limit is None else limit)


def join(separator: str, parts: Collection[str]) -> str:
    limit_text(len(separator) * len(parts) + 16 * weigh(parts))
    return separator.join(parts)


def split(text: str, separator: str | None = None, limit: int = -1) -> list[str]:
    spend(len(text) if separator is None else text.count(separator) * 4)
    return text.split(separator, limit)


def split_right(text: str, separator: str | None = None, limit: int = -1) -> list[str]:
    spend(len(text) if separator is None else text.count(separator) * 4)
    return text.rsplit(separator, limit)


def split_lines(text: str, keep_ends: bool = False) -> list[str]:
    spend(len(text))
    return text.splitlines(keep_ends)


def centre(text: str, width: int, fill: str = " ") -> str:
    limit_number(width, WIDTH)
    return text.center(width, fill)


def pad_right(text: str, width: int, fill: str = " ") -> str:
    limit_number(width, WIDTH)
    return text.ljust(width, fill)


def pad_left(text: str, width: int, fill: str = " ") -> str:
    limit_number(width, WIDTH)
    return text.rjust(width, fill)


def pad_zeros(text: str, width: int) -> str:
    limit_number(width, WIDTH)
    return text.zfill(width)
