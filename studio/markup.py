"""The one place where text becomes HTML or Markdown. Everything from outside is escaped or made harmless here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt

from orchestrator.actions import PLACEHOLDER_MARK
from orchestrator.preview import PLACEHOLDER

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+!|<>~$:&^])")
_TURNS = re.compile(
    r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)"  # an address into a link
    r"|(?<=:)(?=[\w/+-]+:)"  # a name into an icon or an emoji
    r"|(?<!\S)(?=(?:<->|->|<-|--|>=|<=|~=)(?!\S))",  # signs into an arrow or a dash
    re.IGNORECASE,
)
"""Where Streamlit makes something else of a text by itself, whatever is escaped."""

_ORDER = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Signs that cannot be seen and turn around what stands behind them: a text could pass for another one."""

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?")

_WORD_JOINER = "\u2060"

_TAG = re.compile(r"(<[^>]*>)")

_LINE_START = re.compile(r"^(\d*)([-=.])")
"""What begins a list or underlines a heading."""

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(
    ["table", "strikethrough"]
)
_MARKDOWN.disable("image")


def plain(text: str) -> str:
    """Text for where Streamlit reads Markdown (labels, alerts, headings), so that it shows as it is, on one line.
    Addresses in it do not become links."""
    line = _TURNS.sub(_WORD_JOINER, " ".join(_ORDER.sub("", text).split()))
    escaped = _PUNCTUATION.sub(r"\\\1", line)
    return _LINE_START.sub(r"\1\\\2", escaped)


def code(text: str) -> str:
    """Text as code in Streamlit's Markdown, on one line, whatever stands in it."""
    line = " ".join(_ORDER.sub("", text).split()).replace(":material/", f":{_WORD_JOINER}material/")
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if "`" in line else f"`{line}`"


def capital(sentence: str) -> str:
    """The sentence with a capital first letter, unless it begins with a name such as `gmail.send`."""
    first = sentence.partition(" ")[0]
    return sentence[:1].upper() + sentence[1:] if first.isalpha() else sentence


def prose(markdown: str) -> str:
    """Markdown from outside (a model, a page, an issue) as HTML: no raw HTML, no scripts, no pictures fetched."""
    return f'<div class="pb-prose">{_MARKDOWN.render(_ORDER.sub("", markdown))}</div>'


def with_chips(html: str, origins: Mapping[str, str]) -> str:
    """The HTML with each placeholder as a chip. `origins` says which service chooses its value."""

    def chip(found: re.Match[str]) -> str:
        service = origins.get(found[0])
        told = f"chosen by {service} when it is made" if service else "filled in when it is sent"
        return f'<span class="pb-chip" title="{escape(told)}">{found[0][len(PLACEHOLDER_MARK) : -1]}</span>'

    parts = _TAG.split(html)  # what stands in a tag, an address for example, is no place for a chip
    return "".join(part if _TAG.fullmatch(part) else PLACEHOLDER.sub(chip, part) for part in parts)


def literal(text: str) -> str:
    """Text from outside shown as it is, lines kept."""
    return f'<div class="pb-literal">{escape(_ORDER.sub("", text))}</div>'


def safe_url(url: str | None) -> str | None:
    """The address when a browser may be led there: http and https alone."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def cell(value: Any, limit: int = 120) -> str:
    """A value in a few words, for a table: text cut, a list or object told by its size."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "1 item" if len(value) == 1 else f"{len(value)} items"
    if isinstance(value, dict):
        return "1 field" if len(value) == 1 else f"{len(value)} fields"
    text = " ".join(_ORDER.sub("", str(value)).split())
    if _MOMENT.fullmatch(text):
        return text[:16].replace("T", " ")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], limit: int = 120) -> str:
    """A small table that scrolls sideways where it must, by keyboard too. Values are cut to `limit` characters."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    cells = ("".join(f"<td>{escape(cell(value, limit))}</td>" for value in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return (
        f'<div class="pb-table" role="region" aria-label="Table" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, Any]], limit: int = 300) -> str:
    """Names and single values, side by side. Values are cut to `limit` characters."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(cell(value, limit))}</dd>" for name, value in pairs)
    return f'<dl class="pb-facts">{rows}</dl>'
