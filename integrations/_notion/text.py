"""Text as Notion takes it: pieces of one style each, none longer than it may be.

Source: developers.notion.com/reference/rich-text and /reference/request-limits
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

RichText = list[dict[str, Any]]

TEXT_LIMIT = 2000
"""Characters that one rich text object, or a link, may hold, counted as JavaScript does (an emoji is two)."""
ITEMS_LIMIT = 100
"""Rich text objects of one block."""
BLOCK_LIMIT = 100_000
"""Characters of one block, so that a request with it stays below the 500 KB that Notion takes."""

_STYLES = {"strong": "bold", "em": "italic", "s": "strikethrough"}
_URL = re.compile(r"""https?://[^\s<>"`]+[^\s<>"`.,;:!?'*_)\]}]""")
_HOST = re.compile(r"[\w.:-]+")
_BLANKS = " \t\n"

Span = tuple[str, frozenset[str], str | None]
"""A text, its styles, and where it links to."""


def plain_rich_text(text: str) -> RichText:
    """A text as it is, without styles or links."""
    return [_item(part) for part in _cut(text)]


def is_address(url: str, starts: tuple[str, ...] = ("http://", "https://", "mailto:")) -> bool:
    """Whether Notion takes it as an address. One that it does not take makes it refuse all of a request."""
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme == "mailto" or bool(_HOST.fullmatch(parts.hostname or "") and parts.port != 0)
    except ValueError:
        return False
    return is_whole and url.lower().startswith(starts) and _length(url) <= TEXT_LIMIT


def spans_of(
    nodes: Iterable[SyntaxTreeNode], style: frozenset[str] = frozenset(), href: str | None = None
) -> Iterator[Span]:
    """What the parser found in a line, with the style and the link that holds for each piece."""
    for node in nodes:
        match node.type:
            case "text":
                yield from _linked(node.content, style, href)
            case "code_inline":
                yield node.content, style | {"code"}, href
            case "softbreak" | "hardbreak":
                yield "\n", style, href
            case "strong" | "em" | "s":
                yield from spans_of(node.children, style | {_STYLES[node.type]}, href)
            case "link":
                url = str(node.attrs["href"])
                leads = is_address(url)
                yield from spans_of(node.children, style, url if leads else href)
                if url and not leads:
                    yield f" ({url})", style, href
            case "image":
                url = str(node.attrs["src"])
                yield node.content or url, style, url if is_address(url) else href
            case _:
                yield node.content, style, href


def _linked(text: str, style: frozenset[str], href: str | None) -> Iterator[Span]:
    """A text in which a bare address is a link to itself."""
    position = 0
    for match in _URL.finditer(text) if href is None else ():
        if not is_address(match[0]):
            continue
        yield text[position : match.start()], style, None
        yield match[0], style, match[0]
        position = match.end()
    yield text[position:], style, href


def stripped(spans: Iterable[Span]) -> list[Span]:
    """Without the blanks at the start and the end."""
    found = [span for span in spans if span[0]]
    while found and not found[0][0].strip(_BLANKS):
        del found[0]
    while found and not found[-1][0].strip(_BLANKS):
        del found[-1]
    if found:
        found[0] = (found[0][0].lstrip(_BLANKS), *found[0][1:])
        found[-1] = (found[-1][0].rstrip(_BLANKS), *found[-1][1:])
    return found


def chunks(spans: Iterable[Span]) -> RichText:
    """Spans as rich text, neighbours of the same style as one, none longer than Notion takes."""
    merged: list[Span] = []
    for text, style, href in spans:
        if merged and merged[-1][1:] == (style, href):
            merged[-1] = (merged[-1][0] + text, style, href)
        elif text:
            merged.append((text, style, href))
    return [_item(part, style, href) for text, style, href in merged for part in _cut(text)]


def _item(text: str, style: frozenset[str] = frozenset(), href: str | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {"content": text}
    if href:
        content["link"] = {"url": href}
    item: dict[str, Any] = {"type": "text", "text": content}
    if style:
        item["annotations"] = dict.fromkeys(sorted(style), True)
    return item


def _length(text: str) -> int:
    """How long JavaScript says that a text is."""
    return len(text) + sum(character > "\uffff" for character in text)


def _cut(text: str) -> Iterator[str]:
    start = length = 0
    for position, character in enumerate(text):
        width = 2 if character > "\uffff" else 1
        if length + width > TEXT_LIMIT:
            yield text[start:position]
            start, length = position, 0
        length += width
    if start < len(text):
        yield text[start:]


def parts_of(items: RichText) -> list[RichText]:
    """Rich text in as many parts as it needs blocks, at least one."""
    parts: list[RichText] = [[]]
    length = 0
    for item in items:
        size = _length(item["text"]["content"])
        if len(parts[-1]) == ITEMS_LIMIT or length + size > BLOCK_LIMIT:
            parts.append([])
            length = 0
        parts[-1].append(item)
        length += size
    return parts
