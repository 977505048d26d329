"""Data: read tables and lists out of text, and filter, sort, join, group, deduplicate, split and write them.

Nothing here reaches outside, so that every action is a read. CSV after RFC 4180, JSON after RFC 8259.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any, Literal

import orjson
from pydantic import model_validator

from integrations import _tables as tables
from orchestrator.actions import Account, Call, Connector, Params, Result, ServiceError, field

MAX_TEXT = 10_000_000
"""Characters of a text."""
MAX_ITEMS = 100_000
"""Items of a list."""
MAX_COLUMNS = 1_000

DELIMITERS = (",", ";", "\t", "|")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula, when a text begins with it (owasp.org, CSV Injection)."""

# Python's own limit of 131,072 characters a field is below one long mail.
csv.field_size_limit(MAX_TEXT)

data = Connector(
    "data",
    title="Data",
    icon=":material/table:",
    description="Read, filter, sort, join, group and split lists and text.",
)

Format = Literal["json", "json_lines", "csv", "lines"]


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


Operator = Literal[
    "equals",
    "not_equals",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "more_than",
    "at_least",
    "less_than",
    "at_most",
    "one_of",
    "empty",
    "not_empty",
]


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


@data.action("Read data out of a text", effect="read", result=Parsed)
def parse(p: Parse, account: Account, call: Call) -> Parsed:
    text = p.text.removeprefix("\ufeff")
    format = _format(text, p.delimiter) if p.format == "auto" else p.format
    if format == "json":
        known = _json(_unfenced(text))
        return Parsed(format=format, data=known, count=len(known) if isinstance(known, list) else 1)
    if format == "json_lines":
        rows = [_json(line, row) for row, line in enumerate(_lines(_unfenced(text)), 1)]
        return Parsed(format=format, data=_few(rows), count=len(rows))
    if format == "lines":
        lines = _lines(text)
        return Parsed(format=format, data=_few(lines), count=len(lines))
    columns, rows = _csv(_unfenced(text), p.delimiter, p.header)
    return Parsed(format="csv", data=rows, count=len(rows), columns=columns)


@data.action("Filter a list", effect="read", result=Items)
def filter(p: Filter, account: Account, call: Call) -> Items:
    test = _test(p)
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
            total=_sum(((number, amounts[number]) for number in numbers), p.total_of) if p.total_of else None,
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
        chunks = _chunks(p.text, separator, p.size, p.overlap)
    return Chunks(chunks=_few(chunks), count=len(chunks))


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
    writer.writerow([_cell(name, p.safe) for name in columns])
    for item in p.items:
        cells = [_cell(item[name] if name in item else tables.value(item, name), p.safe) for name in columns]
        # A row of one empty field looks like an empty line otherwise.
        out.write('""\r\n') if cells == [""] else writer.writerow(cells)
        if out.tell() > MAX_TEXT:
            raise ServiceError(f"The CSV is longer than {MAX_TEXT:,} characters.", remedy="Write fewer rows.")
    return Text(text=out.getvalue())


def _items(items: Iterable[Any]) -> Items:
    known = list(items)
    return Items(items=known, count=len(known))


def _few(items: list[Any]) -> list[Any]:
    if len(items) > MAX_ITEMS:
        raise ServiceError(f"These are more than {MAX_ITEMS:,} items.", remedy="Give a smaller text.")
    return items


def _format(text: str, delimiter: str) -> Format:
    """What a text looks like. What begins like JSON is JSON, so that a broken one is told and not taken for lines."""
    bare = _unfenced(text).strip("\r\n")
    lines = _lines(bare)
    if bare.lstrip().startswith(("{", "[")):
        is_many = len(lines) > 1 and all(_is_json(line) for line in lines[:20])
        return "json_lines" if is_many and not _is_json(bare) else "json"
    return "csv" if delimiter or (len(lines) > 1 and _delimiter(bare)) else "lines"


def _unfenced(text: str) -> str:
    """The text inside a code fence, in which models like to answer."""
    bare = text.strip()
    fence = bare[:3]
    if fence not in ("```", "~~~"):
        return text
    body, _, last = bare.partition("\n")[2].rpartition("\n")
    return body if last.startswith(fence) and not last.strip(fence[0]) else text


def _lines(text: str) -> list[str]:
    """The lines that are not empty. JSON may hold what `str.splitlines` takes for the end of a line."""
    return [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _json(text: str, row: int | None = None) -> Any:
    try:
        known = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = f"line {row or error.lineno}, column {error.colno}"
        raise ServiceError(
            f"The text is not valid JSON: {error.msg}, {place}.",
            remedy="Correct it there, or choose another format.",
        ) from None
    return _few(known) if isinstance(known, list) else known


def _delimiter(text: str) -> str | None:
    """The delimiter that the first lines hold equally often, None where there is none."""
    best, most = None, 1
    for delimiter in DELIMITERS:
        try:
            rows = [row for _, row in zip(range(20), csv.reader(io.StringIO(text), delimiter=delimiter), strict=False)]
        except csv.Error:
            continue
        widths = {len(row) for row in rows if row}
        if len(widths) == 1 and (width := widths.pop()) > most:
            best, most = delimiter, width
    return best


def _csv(text: str, delimiter: str, header: bool) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(text) or ",", strict=True)
    columns: list[str] = []
    rows: list[dict[str, str]] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not columns:
                columns = _columns(cells if header else [""] * len(cells))
                if header:
                    continue
            if len(cells) > len(columns):
                raise ServiceError(
                    f"Line {reader.line_num} has {len(cells)} fields, and there are {len(columns)} columns.",
                    remedy='Put text that holds the delimiter between "…", or name the right delimiter.',
                )
            if len(rows) == MAX_ITEMS:
                raise ServiceError(f"The CSV has more than {MAX_ITEMS:,} rows.", remedy="Give a smaller one.")
            # Programs leave empty fields at the end of a row out.
            rows.append(dict(zip(columns, cells + [""] * (len(columns) - len(cells)), strict=True)))
    except csv.Error as error:
        raise ServiceError(
            f"The CSV cannot be read, line {reader.line_num}: {error}.", remedy="Correct it there."
        ) from None
    return columns, rows


def _columns(names: list[str]) -> list[str]:
    """Names of columns, each only once and none empty."""
    if len(names) > MAX_COLUMNS:
        raise ServiceError(f"The CSV has more than {MAX_COLUMNS:,} columns.", remedy="Name the right delimiter.")
    found: dict[str, None] = {}
    for number, name in enumerate(names, 1):
        wanted = name.strip() or f"column_{number}"
        new, again = wanted, 2
        while new in found:
            new, again = f"{wanted}_{again}", again + 1
        found[new] = None
    return list(found)


def _test(p: Filter) -> Callable[[Any], bool]:
    """Whether a value is as wanted."""

    def folded(one: Any) -> Any:
        return one.casefold() if p.ignore_case and isinstance(one, str) else one

    def same(one: Any) -> Any:
        return tables.key(folded(one))

    def holds(known: Any) -> bool:
        if isinstance(known, list):
            return same(p.value) in map(same, known)
        return known is not None and str(folded(p.value)) in str(folded(known))

    def text(known: Any) -> str:
        return "" if known is None else str(folded(known))

    def compared(known: Any) -> int | None:
        """Whether it is less (-1), the same or more (1), None for an empty one, which is neither."""
        if tables.is_empty(known):
            return None
        mine, wanted = tables.order([folded(known), folded(p.value)])
        if isinstance(mine, tuple) and (tables.number(p.value) is not None):
            raise ServiceError(
                f"'{str(known)[:100]}' is no number, so it is neither more nor less than {p.value}.",
                remedy="Filter those out before, or compare with a text.",
            )
        return (mine > wanted) - (mine < wanted)

    if p.operator not in ("empty", "not_empty", "equals", "not_equals") and tables.is_empty(p.value):
        raise ServiceError(f"'{p.operator}' needs a value to compare with.", remedy="Give the step a value.")
    if p.operator == "one_of" and not isinstance(p.value, list):
        raise ServiceError("'one_of' needs a list of values.", remedy='Write it as ["a", "b"].')
    wanted = {same(one) for one in p.value} if p.operator == "one_of" else {same(p.value)}
    return {
        "equals": lambda known: same(known) in wanted,
        "one_of": lambda known: same(known) in wanted,
        "not_equals": lambda known: same(known) not in wanted,
        "contains": holds,
        "not_contains": lambda known: not holds(known),
        "starts_with": lambda known: text(known).startswith(str(folded(p.value))),
        "ends_with": lambda known: text(known).endswith(str(folded(p.value))),
        "more_than": lambda known: compared(known) == 1,
        "at_least": lambda known: compared(known) in (0, 1),
        "less_than": lambda known: compared(known) == -1,
        "at_most": lambda known: compared(known) in (0, -1),
        "empty": tables.is_empty,
        "not_empty": lambda known: not tables.is_empty(known),
    }[p.operator]


def _sum(amounts: Iterable[tuple[int, Any]], name: str) -> int | float:
    from math import fsum

    found: list[int | float] = []
    for position, one in amounts:
        known = tables.number(one)
        if known is None and not tables.is_empty(one):
            raise ServiceError(
                f"'{name}' of item {position + 1} is no number: {str(one)[:100]}.",
                remedy="Correct it, or filter it out.",
            )
        found.append(known or 0)
    return sum(found) if all(isinstance(one, int) for one in found) else fsum(found)


def _chunks(text: str, separator: str, size: int, overlap: int) -> list[str]:
    """Pieces of at most `size` characters that together are the text. Cut at the last separator that fits, else at the
    last space, else anywhere; each begins with the last `overlap` characters of what was before."""
    chunks: list[str] = []
    start = 0
    while start < len(text):
        back = min(overlap, start)
        end = start + size - back
        if end < len(text):
            for mark in (separator, " "):
                found = text.rfind(mark, start, end)
                if found >= start and found + len(mark) <= end:
                    end = found + len(mark)
                    break
        chunks.append(text[start - back : end])
        if len(chunks) > MAX_ITEMS:
            break
        start = min(end, len(text))
    return chunks


def _cell(known: Any, safe: bool) -> str:
    if known is None:
        return ""
    if isinstance(known, bool):
        return "true" if known else "false"
    if isinstance(known, dict | list):
        return orjson.dumps(known).decode()
    text = str(known)
    is_formula = safe and text.startswith(FORMULA) and tables.number(text) is None
    return f"'{text}" if is_formula else text
