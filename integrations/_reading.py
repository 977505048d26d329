"""Data out of text: JSON after RFC 8259, CSV after RFC 4180, lines."""

from __future__ import annotations

import csv
import io
from typing import Any, Literal

import orjson

from orchestrator.actions import ServiceError

MAX_TEXT = 10_000_000
"""Characters of a text."""
MAX_ITEMS = 100_000
"""Items of a list."""
MAX_COLUMNS = 1_000

DELIMITERS = (",", ";", "\t", "|")

# Python's own limit of 131,072 characters a field is below one long mail.
csv.field_size_limit(MAX_TEXT)

Format = Literal["json", "json_lines", "csv", "lines"]


def format_of(text: str, delimiter: str) -> Format:
    """What a text looks like. What begins like JSON is JSON, so that a broken one is told and not taken for lines."""
    bare = unfenced(text).strip("\r\n")
    lines = lines_of(bare)
    if bare.lstrip().startswith(("{", "[")):
        is_many = len(lines) > 1 and all(_is_json(line) for line in lines[:20])
        return "json_lines" if is_many and not _is_json(bare) else "json"
    return "csv" if delimiter or (len(lines) > 1 and _delimiter(bare)) else "lines"


def unfenced(text: str) -> str:
    """The text inside a code fence, in which models like to answer."""
    bare = text.strip()
    fence = bare[:3]
    if fence not in ("```", "~~~"):
        return text
    body, _, last = bare.partition("\n")[2].rpartition("\n")
    return body if last.startswith(fence) and not last.strip(fence[0]) else text


def lines_of(text: str) -> list[str]:
    """The lines that are not empty. JSON may hold what `str.splitlines` takes for the end of a line."""
    return [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]


def json_value(text: str, row: int | None = None) -> Any:
    try:
        known = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = f"line {row or error.lineno}, column {error.colno}"
        raise ServiceError(
            f"The text is not valid JSON: {error.msg}, {place}.",
            remedy="Correct it there, or choose another format.",
        ) from None
    return few(known) if isinstance(known, list) else known


def csv_rows(text: str, delimiter: str, header: bool) -> tuple[list[str], list[dict[str, str]]]:
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


def few(items: list[Any]) -> list[Any]:
    if len(items) > MAX_ITEMS:
        raise ServiceError(f"These are more than {MAX_ITEMS:,} items.", remedy="Give a smaller text.")
    return items


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


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
