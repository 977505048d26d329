"""Data: read tables and lists out of text, and filter, sort, join, group, deduplicate, split and write them.

Nothing here reaches outside, so that every action is a read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import model_validator

from integrations import _tables as tables
from integrations._filtering import Operator, condition
from integrations._reading import (
    MAX_COLUMNS,
    MAX_ITEMS,
    MAX_TEXT,
    Format,
    csv_rows,
    few,
    format_of,
    json_value,
    lines_of,
    unfenced,
)
from integrations._writing import cell, chunks_of
from orchestrator.actions import Account, Call, Connector, Params, Result, ServiceError, field

data = Connector(
    "data",
    title="Data",
    icon=":material/table:",
    description="Read, filter, sort, join, group and split lists and text.",
    inside=True,
)


class Parsed(Result):
    format: Format = field("Format")
    data: Any = field("Data", description="The JSON value, or the list of rows or lines.")
    count: int = field("Number of items")
    columns: list[str] = field("Columns", default=[], description="Of a CSV.")


class Items(Result):
    items: list[Any] = field("Items")
    count: int = field("Number of items")


class Group(Result):
    key: Any = field("Value", description="What the items have in common.")
    items: list[Any] = field("Items")
    count: int = field("Number of items")
    total: int | float | None = field("Sum", default=None)


class Groups(Result):
    groups: list[Group] = field("Groups")
    count: int = field("Number of groups")


class Chunks(Result):
    chunks: list[str] = field("Pieces")
    count: int = field("Number of pieces")


class Text(Result):
    text: str = field("Text")


class Parse(Params):
    """Read JSON, CSV or lines out of a text."""

    text: str = field("Text", widget="multiline", max_length=MAX_TEXT)
    format: Literal["auto", "json", "json_lines", "csv", "lines"] = field("Format", default="auto")
    delimiter: str = field(
        "Delimiter", default="", max_length=1, description="Of a CSV. Empty: it is found.", expert=True
    )
    header: bool = field("The first row names the columns", default=True)


class _Listed(Params):
    items: list[Any] = field("Items", widget="json", max_length=MAX_ITEMS)


class Filter(_Listed):
    """Keep the items whose field is as wanted."""

    by: str = field("Field", default="", description="Such as customer.city. Empty: the item itself.")
    operator: Operator = field("Comparison", default="equals")
    value: Any = field("Value", default=None)
    ignore_case: bool = field("Capitals make no difference", default=False)


class Sort(_Listed):
    """Sort a list. Items without a value come last."""

    by: str = field("Field", default="", description="Such as customer.city. Empty: the item itself.")
    descending: bool = field("Largest first", default=False)


class Join(Params):
    """Put the rows of two tables together where a field is the same."""

    left: list[dict[str, Any]] = field("First table", widget="json", max_length=MAX_ITEMS)
    right: list[dict[str, Any]] = field("Second table", widget="json", max_length=MAX_ITEMS)
    left_field: str = field("Field of the first table")
    right_field: str = field("Field of the second table", default="", description="Empty: the same name.")
    keep: Literal["matches", "all_of_first"] = field("Keep", default="matches")
    prefix: str = field(
        "Prefix", default="right_", description="For fields of the second table that the first has too.", min_length=1
    )


class GroupBy(_Listed):
    """Put together the items whose field is the same."""

    by: str = field("Field", default="", description="Such as customer.city. Empty: the item itself.")
    total_of: str = field("Sum up", default="", description="A field with numbers.")


class Deduplicate(_Listed):
    """Leave out items that are there already."""

    fields: list[str] = field("Fields", default=[], description="That make two items the same. Empty: all of it.")
    keep: Literal["first", "last"] = field("Keep", default="first")


class Split(Params):
    """Cut a text into pieces."""

    text: str = field("Text", widget="multiline", max_length=MAX_TEXT)
    separator: str = field("Cut at", default="\n\n", description="\\n is a line break, \\t a tab.", min_length=1)
    size: int | None = field(
        "Characters a piece at most",
        default=None,
        ge=1,
        description="Empty: cut at every separator. Else pieces as long as possible, with nothing lost.",
    )
    overlap: int = field(
        "Characters of the piece before", default=0, ge=0, description="Said again at the start of each.", expert=True
    )

    @model_validator(mode="after")
    def _fits(self) -> Split:
        if self.overlap and (self.size is None or self.overlap * 2 > self.size):
            raise ValueError("The overlap may be half of the size at most.")
        return self


class ToCsv(_Listed):
    """Write a list of rows as CSV."""

    columns: list[str] = field("Columns", default=[], description="Empty: all that there are.", max_length=MAX_COLUMNS)
    delimiter: Literal[",", ";", "\t", "|"] = field("Delimiter", default=",")
    safe: bool = field(
        "Safe to open in a spreadsheet",
        default=True,
        description="A text that a spreadsheet would take for a formula gets a ' before it.",
    )


class Replace(Params):
    """Put values in the place of words, such as [NAME] in a letter that stands in a file. All else stays as it is."""

    text: str = field("Text", widget="multiline", max_length=MAX_TEXT)
    values: dict[str, Any] = field(
        "Values",
        widget="json",
        description="What stands in the text, and what comes in its place. Capitals make a difference.",
        examples=[{"[NAME]": "Ana"}],
        min_length=1,
        max_length=MAX_COLUMNS,
    )

    @model_validator(mode="after")
    def _findable(self) -> Replace:
        if "" in self.values:
            raise ValueError("Say which words each value comes in place of.")
        return self


class Render(Params):
    """Write a text with values in it, in your own words or by a template of the library."""

    text: str | None = field(
        "Text",
        default=None,
        widget="multiline",
        max_length=MAX_TEXT,
        description="Given as it is, once what stands between {{ }} is filled in. Or choose a template.",
    )
    template: str | None = field("Or a template", default=None, picker="templates")
    variables: dict[str, Any] = field(
        "Values",
        default={},
        widget="json",
        description="What the template is filled with.",
        examples=[{"name": "Ana"}],
    )

    @model_validator(mode="after")
    def _one_source(self) -> Render:
        if self.template and self.text:
            raise ValueError("Give a text or choose a template: one of them.")
        if not self.template and self.text is None:
            raise ValueError("Give a text or choose a template.")
        if self.variables and not self.template:
            raise ValueError(
                "Values fill a template: choose one, write the values into the text, or use data.replace for words "
                "in a text that comes from elsewhere."
            )
        return self


@data.action("Read data out of a text", effect="read", result=Parsed)
def parse(p: Parse, account: Account, call: Call) -> Parsed:
    text = p.text.removeprefix("\ufeff")
    format = format_of(text, p.delimiter) if p.format == "auto" else p.format
    if format == "json":
        known = json_value(unfenced(text))
        return Parsed(format=format, data=known, count=len(known) if isinstance(known, list) else 1)
    if format == "json_lines":
        rows = [json_value(line, row) for row, line in enumerate(lines_of(unfenced(text)), 1)]
        return Parsed(format=format, data=few(rows), count=len(rows))
    if format == "lines":
        lines = lines_of(text)
        return Parsed(format=format, data=few(lines), count=len(lines))
    columns, rows = csv_rows(unfenced(text), p.delimiter, p.header)
    return Parsed(format="csv", data=rows, count=len(rows), columns=columns)


@data.action("Filter a list", effect="read", result=Items)
def filter(p: Filter, account: Account, call: Call) -> Items:
    test = condition(p.operator, p.value, p.ignore_case)
    found = zip(p.items, tables.values(p.items, p.by), strict=True)
    return _items(item for item, known in found if test(known))


@data.action("Sort a list", effect="read", result=Items)
def sort(p: Sort, account: Account, call: Call) -> Items:
    found = tables.values(p.items, p.by)
    filled = [number for number, known in enumerate(found) if not tables.is_empty(known)]
    empty = [number for number, known in enumerate(found) if tables.is_empty(known)]
    keys = dict(zip(filled, tables.order(found[number] for number in filled), strict=True))
    ordered = sorted(filled, key=keys.__getitem__, reverse=p.descending)
    return _items(p.items[number] for number in (*ordered, *empty))


@data.action("Join two tables", effect="read", result=Items)
def join(p: Join, account: Account, call: Call) -> Items:
    right_field = p.right_field or p.left_field
    matches: dict[Any, list[dict[str, Any]]] = {}
    for row, known in zip(p.right, tables.values(p.right, right_field), strict=True):
        if not tables.is_empty(known):
            matches.setdefault(tables.key(known), []).append(row)
    columns = dict.fromkeys(name for row in p.right for name in row)
    taken = {name for row in p.left for name in row}
    names: dict[str, str] = {}
    for name in columns:
        if name == right_field == p.left_field:
            continue
        new = name
        while new in taken:
            new = p.prefix + new
        names[name] = new
        taken.add(new)
    joined: list[Any] = []
    for row, known in zip(p.left, tables.values(p.left, p.left_field), strict=True):
        partners = [] if tables.is_empty(known) else matches.get(tables.key(known), [])
        if not partners and p.keep == "all_of_first":
            partners = [{}]
        if len(joined) + len(partners) > MAX_ITEMS:
            raise ServiceError(
                f"Joined, these are more than {MAX_ITEMS:,} rows.", remedy="Join by a field that tells rows apart."
            )
        joined += ({**row, **{new: partner.get(name) for name, new in names.items()}} for partner in partners)
    return _items(joined)


@data.action("Group a list", effect="read", result=Groups)
def group(p: GroupBy, account: Account, call: Call) -> Groups:
    amounts = tables.values(p.items, p.total_of) if p.total_of else []
    members: dict[Any, list[int]] = {}
    found = tables.values(p.items, p.by)
    for number, known in enumerate(found):
        members.setdefault(tables.key(known), []).append(number)
    groups = [
        Group(
            key=found[numbers[0]],
            items=[p.items[number] for number in numbers],
            count=len(numbers),
            total=tables.total(((number, amounts[number]) for number in numbers), p.total_of) if p.total_of else None,
        )
        for numbers in members.values()
    ]
    return Groups(groups=groups, count=len(groups))


@data.action("Leave out what is there twice", effect="read", result=Items)
def deduplicate(p: Deduplicate, account: Account, call: Call) -> Items:
    columns = [tables.values(p.items, name) for name in p.fields or [""]]
    keys = [tuple(map(tables.key, row)) for row in zip(*columns, strict=True)]
    kept = {key: number for number, key in enumerate(keys)}
    if p.keep == "first":
        kept = {key: number for number, key in reversed(list(enumerate(keys)))}
    return _items(p.items[number] for number in sorted(kept.values()))


@data.action("Cut a text into pieces", effect="read", result=Chunks)
def split(p: Split, account: Account, call: Call) -> Chunks:
    separator = p.separator.replace("\\n", "\n").replace("\\t", "\t")
    if p.size is None:
        chunks = [piece for piece in p.text.split(separator) if piece.strip()]
    else:
        chunks = chunks_of(p.text, separator, p.size, p.overlap)
    return Chunks(chunks=few(chunks), count=len(chunks))


@data.action("Write a list as CSV", effect="read", result=Text)
def to_csv(p: ToCsv, account: Account, call: Call) -> Text:
    for number, item in enumerate(p.items, 1):
        if not isinstance(item, dict):
            raise ServiceError(f"Item {number} is no row with named fields.", remedy="Give a list of objects.")
    columns = p.columns or list(dict.fromkeys(str(name) for item in p.items for name in item))
    if len(columns) > MAX_COLUMNS:
        raise ServiceError(f"These are more than {MAX_COLUMNS:,} columns.", remedy="Say which columns to write.")
    for name in p.columns:
        tables.values(p.items, name)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=p.delimiter, lineterminator="\r\n")
    writer.writerow([cell(name, p.safe) for name in columns])
    for item in p.items:
        cells = [cell(item[name] if name in item else tables.value(item, name), p.safe) for name in columns]
        # A row of one empty field looks like an empty line otherwise.
        out.write('""\r\n') if cells == [""] else writer.writerow(cells)
        if out.tell() > MAX_TEXT:
            raise ServiceError(f"The CSV is longer than {MAX_TEXT:,} characters.", remedy="Write fewer rows.")
    return Text(text=out.getvalue())


@data.action("Replace words in a text", effect="read", result=Text)
def replace(p: Replace, account: Account, call: Call) -> Text:
    values = {word: cell(known, safe=False) for word, known in p.values.items()}
    length = len(p.text)

    def value(word: re.Match[str]) -> str:
        nonlocal length
        length += len(values[word[0]]) - len(word[0])
        if length > MAX_TEXT:
            raise ServiceError(f"The text is longer than {MAX_TEXT:,} characters.", remedy="Give shorter values.")
        return values[word[0]]

    # All at once, the longest first: a word that a value brings along is text and is not replaced again.
    return Text(text=re.sub("|".join(map(re.escape, sorted(values, key=len, reverse=True))), value, p.text))


@data.action("Fill a text in", effect="read", result=Text)
def render(p: Render, account: Account, call: Call) -> Text:
    if not p.template:
        return Text(text=p.text or "")
    return Text(text="\n\n".join(message.content for message in call.prompt(p.template, p.variables).messages))


def _items(items: Iterable[Any]) -> Items:
    known = list(items)
    return Items(items=known, count=len(known))
