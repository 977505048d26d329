"""The beginnings of data that are too large to be read each time that somebody looks at them.

Beside the hash of a large output, the journal keeps what it begins with: `{"data": …, "of": [[path, length], …]}`. Read
again, a text, list or object of which only the beginning is there knows how long it is as a whole (`whole_length`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from itertools import islice
from typing import Any

import orjson

from orchestrator.data import is_list, is_object

LIMIT = 64 * 1024
"""Bytes of JSON above which an event's data are large."""

ROOM = 32_000
"""Characters of a beginning, about."""

ITEMS = 50
"""Items of a list, at most."""
FIELDS = 100
"""Fields of an object, at most."""

LARGE_PARTS = ("inputs", "input", "output")
"""What can be large in an event's data, and is only looked at. All else is kept whole."""

_PLACE = 40
"""Characters that each value takes besides its own: it may have to be told that it is cut."""

_SMALL = 64
"""Characters of a value that has its place before larger ones are cut."""


class PartOfText(str):
    """The beginning of a text of `of` characters."""

    of: int


class PartOfList(list[Any]):
    """The beginning of a list of `of` items."""

    of: int


class PartOfObject(dict[str, Any]):
    """The beginning of an object of `of` fields."""

    of: int


Part = PartOfText | PartOfList | PartOfObject


def whole_length(value: Sized) -> int:
    """The characters of a text, items of a list or fields of an object: all that there are, also where only the
    beginning is at hand."""
    return value.of if isinstance(value, Part) else len(value)


class LargeJson(str):
    """The JSON of an event's data, with the JSON of their `beginning`."""

    beginning: str

    @classmethod
    def of(cls, text: str, data: Mapping[str, Any]) -> LargeJson:
        """`text` is that of `data`."""
        large = cls(text)
        large.beginning = orjson.dumps(beginning_of(data), option=orjson.OPT_NON_STR_KEYS).decode()
        return large


def beginning_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event's data begin with, as JSON data."""
    cutting = _Cutting()
    parts = {key: cutting.cut(value, ROOM, (key,)) if key in LARGE_PARTS else value for key, value in data.items()}
    return {"data": parts, "of": cutting.places}


def beginning(value: Any) -> Any:
    """What JSON data begin with, to be shown; the value itself, or one like it, when it is small."""
    return revived(beginning_of({"output": value}))["output"]


def revived(beginning: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an event as `beginning_of` gave them; what was cut knows how long it is."""
    lengths: dict[tuple[str | int, ...], int] = {tuple(path): length for path, length in beginning["of"]}
    data: dict[str, Any] = beginning["data"]
    return {key: _revive(value, (key,), lengths) if key in LARGE_PARTS else value for key, value in data.items()}


class _Cutting:
    """Cuts what is large. `places` are the paths of what was cut, with the length of the whole."""

    def __init__(self) -> None:
        self.places: list[tuple[tuple[str | int, ...], int]] = []
        self._left = ROOM * 3 // 2

    def cut(self, value: Any, room: int, path: tuple[str | int, ...]) -> Any:
        """The beginning of a value in `room` characters, about; all together in half as many again."""
        if isinstance(value, str):
            return self._text(value, max(room, _SMALL), path)
        if is_object(value):
            return self._object(value, room, path)
        if is_list(value):
            return self._list(value, room, path)
        self._left -= 8
        return value

    def _text(self, text: str, room: int, path: tuple[str | int, ...]) -> str:
        shown = text[:room]
        self._left -= len(shown)
        self._measure(shown, text, path)
        return shown

    def _object(self, value: dict[str, Any], room: int, path: tuple[str | int, ...]) -> dict[str, Any]:
        kept: list[str] = []
        left = room
        for key in islice(value, FIELDS):
            left -= len(str(key)) + _PLACE
            if left <= 0 or self._left <= 0:
                break
            kept.append(key)
            self._left -= len(str(key)) + 4
        found: dict[str, Any] = {}
        # Small values first: an id or a state says more than another line of a long text.
        for number, key in enumerate(sorted(kept, key=lambda key: _size(value[key], _SMALL))):
            found[key] = self.cut(value[key], left // (len(kept) - number), (*path, str(key)))
            left -= _size(found[key], room)
        shown = {key: found[key] for key in kept}
        self._measure(shown, value, path)
        return shown

    def _list(self, value: list[Any], room: int, path: tuple[str | int, ...]) -> list[Any]:
        items: list[Any] = []
        left = room
        count = min(ITEMS, room // _PLACE, len(value))
        for number, item in enumerate(islice(value, max(count, 0))):
            if self._left <= 0:
                break
            items.append(self.cut(item, left // (count - number), (*path, number)))
            left -= _size(items[-1], room)
        self._measure(items, value, path)
        return items

    def _measure(self, part: Sized, whole: Sized, path: tuple[str | int, ...]) -> None:
        self._left -= 4
        if len(part) < whole_length(whole):
            self.places.append((path, whole_length(whole)))
            self._left -= sum(len(str(name)) + 3 for name in path) + 8


def _size(value: Any, most: int) -> int:
    """Characters, about; more than `most` is not counted."""
    size = 0
    left: list[Any] = [value]
    while left and size <= most:
        part = left.pop()
        if isinstance(part, str):
            size += len(part) + 2
        elif is_object(part):
            size += 2 + sum(len(str(key)) + 4 for key in islice(part, most))
            left += islice(part.values(), most)
        elif is_list(part):
            size += 2
            left += islice(part, most)
        else:
            size += 8
    return size


def _revive(value: Any, path: tuple[str | int, ...], lengths: Mapping[tuple[str | int, ...], int]) -> Any:
    part: Any = value
    if is_object(value):
        part = {key: _revive(one, (*path, key), lengths) for key, one in value.items()}
    elif is_list(value):
        part = [_revive(one, (*path, number), lengths) for number, one in enumerate(value)]
    if path not in lengths:
        return part
    whole = PartOfText(part) if isinstance(part, str) else PartOfObject(part) if is_object(part) else PartOfList(part)
    whole.of = lengths[path]
    return whole
