"""Text out of data: CSV that a spreadsheet opens without harm, and pieces of a long text."""

from __future__ import annotations

from typing import Any

import orjson

from integrations import _tables as tables
from integrations._reading import MAX_ITEMS

FORMULA = tuple("=+-@＝＋－＠\t\r\n")
"""What a spreadsheet takes for a formula, when a text begins with it (owasp.org, CSV Injection)."""


def cell(known: Any, safe: bool) -> str:
    """A value as a field of a CSV. `safe`: a text that a spreadsheet would take for a formula gets a ' before it."""
    if known is None:
        return ""
    if isinstance(known, bool):
        return "true" if known else "false"
    if isinstance(known, dict | list):
        return orjson.dumps(known).decode()
    text = str(known)
    is_formula = safe and text.startswith(FORMULA) and tables.number(text) is None
    return f"'{text}" if is_formula else text


def chunks_of(text: str, separator: str, size: int, overlap: int) -> list[str]:
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
