"""How a step's input or output is shown: text to read, a table, a tree. Raw data only where nothing says it better.

What is shown is small, however large the value is: its beginning, with how much there is in all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

import orjson

from orchestrator.beginnings import Part, PartOfObject, PartOfText, beginning, whole_length

TEXT_LIMIT = 20_000
"""Longer text is cut in the page; the download has all of it."""

TREE_TEXT = 2_000
"""Characters of one text in a tree."""

ROW_LIMIT = 50
COLUMN_LIMIT = 5

CUTS_TOLD = 3
"""Places."""

_TEXT_KEYS = ("text", "markdown", "body", "content")
_CODE = {
    **dict.fromkeys(("txt", "log", "csv", "tsv", "ini"), ""),
    **dict.fromkeys(("html", "htm", "svg", "xml"), "markup"),
    **{kind: kind for kind in ("json", "yaml", "toml", "css", "sql", "java", "c", "cpp", "go", "php")},
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "sh": "bash",
    "yml": "yaml",
    "rs": "rust",
}
"""The language of a file's text that is no Markdown, by the ending of its name."""

_FIRST_COLUMNS = ("subject", "title", "name", "sender", "from", "path", "number", "state", "status", "date", "snippet")


@dataclass(frozen=True, slots=True)
class Shown:
    """A value, taken apart for the page. Parts that a value does not have are empty.

    `text` is prose from outside, or code where `language` says in which ("": in none); `note` must stand with it;
    `rows` under `columns` is a table; `facts` are single values by name; `tree` is what remains, to be unfolded. `cut`
    says how much of it is shown."""

    text: str = ""
    language: str | None = None
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
    start = beginning(list(value) if isinstance(value, tuple) else value)
    parts = _taken_apart(start)
    return parts if parts.cut else replace(parts, cut=_cut_inside(start))


def _taken_apart(value: Any) -> Shown:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list):
        return _list(value)
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


def _text(text: str, name: str = "") -> Shown:
    """`name` is that of its file, if any."""
    data = _json_in(text)
    if data is not None:
        return Shown(tree=data)
    language = _CODE.get(PurePosixPath(name).suffix[1:].lower())
    if language is None and text.lstrip()[:1] == "<":
        language = "markup"
    part = text[:TEXT_LIMIT]
    whole = whole_length(text)
    cut = f"The first {len(part):,} of {whole:,} characters." if len(part) < whole else ""
    return Shown(text=part, language=language, cut=cut)


def _json_in(text: str) -> Any:
    """What a text says that is JSON of a list or an object. None: it is none, or not all of it is here."""
    if text.lstrip()[:1] not in ("{", "[") or isinstance(text, PartOfText):
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _mapping(value: Mapping[str, Any]) -> Shown:
    text_key = next((key for key in _TEXT_KEYS if isinstance(value.get(key), str) and value[key].strip()), None)
    base = _text(value[text_key], str(value.get("path") or value.get("name") or "")) if text_key else Shown()
    if base.tree is not None:  # JSON in a text: a tree as all else
        value, text_key, base = {**value, str(text_key): base.tree}, None, Shown()
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
                columns=listed.columns, rows=listed.rows, cut=listed.cut, facts=facts, links=links, tree=told(nested)
            )
    cut = base.cut
    if not cut and isinstance(value, PartOfObject):
        cut = f"The first {len(value):,} of {whole_length(value):,} fields."
    tree = told(nested) if nested else None
    return Shown(base.text, base.language, note_of(value), facts=facts, links=links, tree=tree, cut=cut)


def _worth_a_column(key: str, items: list[Any]) -> bool:
    """Ids and addresses say nothing to a reader, and a column of nested data does not fit."""
    if key == "id" or key.endswith(("_id", "url", "sha")):
        return False
    return not any(isinstance(item.get(key), dict) for item in items)


def _list(items: list[Any]) -> Shown:
    head = items[:ROW_LIMIT]
    whole = whole_length(items)
    cut = f"The first {len(head):,} of {whole:,}." if len(head) < whole else ""
    if head and all(isinstance(item, Mapping) for item in head):
        keys = [key for key in dict.fromkeys(str(key) for item in head for key in item) if _worth_a_column(key, head)]
        columns = sorted(
            keys, key=lambda key: _FIRST_COLUMNS.index(key) if key in _FIRST_COLUMNS else len(_FIRST_COLUMNS)
        )
        chosen = tuple(columns[:COLUMN_LIMIT])
        rows = tuple(tuple(item.get(column) for column in chosen) for item in head)
        return Shown(columns=chosen, rows=rows, cut=cut, tree=told(items), note=note_of(items))
    if head and not any(isinstance(item, dict | list) for item in head):
        return Shown(columns=("Item",), rows=tuple((item,) for item in head), cut=cut)
    return Shown(tree=told(items) if items else None, cut=cut)


def told(value: Any) -> Any:
    """A beginning as data for a tree, which say how much is left out."""
    if isinstance(value, str):
        left = whole_length(value) - min(len(value), TREE_TEXT)
        return f"{value[:TREE_TEXT]}… ({left:,} characters more)" if left else value
    left = whole_length(value) - len(value) if isinstance(value, Part) else 0
    if isinstance(value, Mapping):
        found = {str(key): told(part) for key, part in value.items()}
        return {**found, "…": f"{left:,} fields more"} if left else found
    if isinstance(value, list):
        return [*map(told, value), *([f"… {left:,} more"] if left else [])]
    return value


def is_cut(value: Any) -> bool:
    """Whether a value is not here as a whole, however deep something is left out."""
    return any(True for _ in _cuts(value, ""))


def _in_tree(part: Part) -> int:
    """How much of it a tree shows."""
    return min(len(part), TREE_TEXT) if isinstance(part, str) else len(part)


def _cut_inside(value: Any) -> str:
    """Which parts of a value are cut, and how much of each is left out."""
    found = [
        f"{path}: the first {_in_tree(part):,} of {part.of:,}" for path, part in islice(_cuts(value, ""), CUTS_TOLD + 1)
    ]
    more = " There are more." if len(found) > CUTS_TOLD else ""
    return f"Cut, {'; '.join(found[:CUTS_TOLD])}.{more}" if found else ""


def _cuts(value: Any, path: str) -> Iterator[tuple[str, Part]]:
    """What is cut, with the way to it: "messages[0].text"."""
    if isinstance(value, Part):
        yield path, value
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _cuts(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _cuts(part, f"{path}[{number}]")
