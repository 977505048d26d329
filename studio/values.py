"""How a step's input or output is shown: text to read, a table, a tree. Raw data only where nothing says it better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TEXT_LIMIT = 20_000
"""Longer text is cut in the page; the download has all of it."""

ROW_LIMIT = 50
COLUMN_LIMIT = 5

_TEXT_KEYS = ("text", "markdown", "body", "content")
_FIRST_COLUMNS = ("subject", "title", "name", "sender", "from", "path", "number", "state", "status", "date", "snippet")


@dataclass(frozen=True, slots=True)
class Shown:
    """A value, taken apart for the page. Parts that a value does not have are empty.

    `text` is prose from outside; `note` must stand with it; `rows` under `columns` is a table; `facts` are single
    values by name; `tree` is what remains, to be unfolded."""

    text: str = ""
    note: str | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    facts: tuple[tuple[str, Any], ...] = ()
    tree: Any = None
    cut: str = ""
    links: tuple[tuple[str, str], ...] = field(default=())

    @property
    def empty(self) -> bool:
        return not (self.text or self.rows or self.facts or self.tree or self.links)


def shown(value: Any) -> Shown:
    """Take a value apart."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, Sequence):
        return _list(list(value))
    return Shown() if value is None else Shown(facts=(("Value", value),))


def note_of(value: Any) -> str | None:
    """What must be said about a model's text, for example that it is a tiny practice model's. Looks into lists."""
    if isinstance(value, Mapping):
        note = value.get("note")
        return note if isinstance(note, str) and note else None
    if isinstance(value, list):
        return next((note for item in value if (note := note_of(item))), None)
    return None


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def _text(text: str) -> Shown:
    if len(text) <= TEXT_LIMIT:
        return Shown(text=text)
    return Shown(text=text[:TEXT_LIMIT], cut=f"The first {TEXT_LIMIT:,} of {len(text):,} characters.")


def _mapping(value: Mapping[str, Any]) -> Shown:
    text_key = next((key for key in _TEXT_KEYS if isinstance(value.get(key), str) and value[key].strip()), None)
    base = _text(value[text_key]) if text_key else Shown()
    rest = {str(key): item for key, item in value.items() if key not in (text_key, "note") and item not in (None, "")}
    links = tuple((key, item) for key, item in rest.items() if key.endswith("url") and isinstance(item, str))
    facts = tuple(
        (key, item)
        for key, item in rest.items()
        if not isinstance(item, dict | list) and key not in dict(links) and len(str(item)) <= 300
    )
    nested = {key: item for key, item in rest.items() if key not in dict(facts) and key not in dict(links)}
    only = next(iter(nested.values()), None)
    if len(nested) == 1 and isinstance(only, list) and not base.text:
        listed = _list(only)
        if listed.rows:
            return Shown(
                columns=listed.columns, rows=listed.rows, cut=listed.cut, facts=facts, links=links, tree=nested
            )
    return Shown(text=base.text, cut=base.cut, note=note_of(value), facts=facts, links=links, tree=nested or None)


def _worth_a_column(key: str, items: list[Any]) -> bool:
    """Ids and addresses say nothing to a reader, and a column of nested data does not fit."""
    if key == "id" or key.endswith(("_id", "url", "sha")):
        return False
    return not any(isinstance(item.get(key), dict) for item in items)


def _list(items: list[Any]) -> Shown:
    cut = f"The first {ROW_LIMIT} of {len(items):,}." if len(items) > ROW_LIMIT else ""
    head = items[:ROW_LIMIT]
    if head and all(isinstance(item, Mapping) for item in head):
        keys = [key for key in dict.fromkeys(str(key) for item in head for key in item) if _worth_a_column(key, head)]
        columns = sorted(
            keys, key=lambda key: _FIRST_COLUMNS.index(key) if key in _FIRST_COLUMNS else len(_FIRST_COLUMNS)
        )
        chosen = tuple(columns[:COLUMN_LIMIT])
        rows = tuple(tuple(item.get(column) for column in chosen) for item in head)
        return Shown(columns=chosen, rows=rows, cut=cut, tree=items, note=note_of(items))
    if head and not any(isinstance(item, dict | list) for item in head):
        return Shown(columns=("Item",), rows=tuple((item,) for item in head), cut=cut)
    return Shown(tree=items or None, cut=cut)
