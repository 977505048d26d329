"""Blocks of practice Notion: read from requests, refused where Notion refuses them, and shown in answers.

A block is kept as {"id", "type", type: content, "children": [block, ...]}.
Sources: developers.notion.com/reference/block, /reference/rich-text, /reference/request-limits
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

from integrations._notion.from_markdown import LANGUAGES, MAX_DEPTH
from integrations._notion.from_markdown import blocks as blocks_of_markdown
from integrations._notion.to_markdown import markdown_of as markdown_of_blocks

Block = dict[str, Any]
RichText = list[dict[str, Any]]

TEXT_LIMIT = 2000
"""Characters of one rich text object and of a link, as JavaScript counts them."""
ARRAY_LIMIT = 100
REQUEST_LIMIT = 1000
"""Blocks of one request."""
LEVELS = 2
"""Levels of children below the blocks of a request."""

HEADINGS = ("heading_1", "heading_2", "heading_3", "heading_4")
TEXT_TYPES: dict[str, dict[str, Any]] = {
    "paragraph": {},
    **{heading: {"is_toggleable": False} for heading in HEADINGS},
    "bulleted_list_item": {},
    "numbered_list_item": {},
    "to_do": {"checked": False},
    "quote": {},
    "toggle": {},
    "callout": {"icon": None},
    "code": {"language": "plain text", "caption": []},
}
"""Blocks of text, with what their content has besides text, colour and children."""
PLAIN = {
    "bold": False,
    "italic": False,
    "strikethrough": False,
    "underline": False,
    "code": False,
    "color": "default",
}


class Invalid(Exception):
    """What the real service answers with 400 `validation_error`."""


def refuse(where: str, should: str) -> Invalid:
    return Invalid(f"body failed validation: {where} {should}.")


def text_object(content: str, annotations: Mapping[str, Any] = PLAIN, href: str | None = None) -> dict[str, Any]:
    return {
        "type": "text",
        "text": {"content": content, "link": {"url": href} if href else None},
        "annotations": {**PLAIN, **annotations},
        "plain_text": content,
        "href": href,
    }


def plain_text(items: RichText) -> str:
    return "".join(item["plain_text"] for item in items)


def read_rich_text(where: str, content: object) -> RichText:
    """Rich text as a request gives it. Raises `Invalid`."""
    if not isinstance(content, list):
        raise refuse(where, f"should be an array, instead was `{content!r}`")
    if len(content) > ARRAY_LIMIT:
        raise refuse(f"{where}.length", f"should be ≤ `{ARRAY_LIMIT}`, instead was `{len(content)}`")
    return [_text(f"{where}[{number}]", item) for number, item in enumerate(content)]


def _text(where: str, item: object) -> dict[str, Any]:
    text = item.get("text") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(text, dict) or not isinstance(text.get("content"), str):
        raise refuse(f"{where}.text.content", "should be defined")
    length = len(text["content"].encode("utf-16-le")) // 2
    if length > TEXT_LIMIT:
        raise refuse(f"{where}.text.content.length", f"should be ≤ `{TEXT_LIMIT}`, instead was `{length}`")
    href = (text.get("link") or {}).get("url")
    if href is not None and not str(href).lower().startswith(("http://", "https://", "mailto:")):
        raise Invalid("Invalid URL for link.")
    annotations = item.get("annotations") or {}
    if unknown := set(annotations) - set(PLAIN):
        raise refuse(f"{where}.annotations.{unknown.pop()}", "should be not present")
    return text_object(text["content"], annotations, href)


def read_blocks(given: object, where: str, levels: int = LEVELS) -> list[Block]:
    """Blocks as a request gives them. Raises `Invalid`."""
    if not isinstance(given, list):
        raise refuse(where, f"should be an array, instead was `{given!r}`")
    if len(given) > ARRAY_LIMIT:
        raise refuse(f"{where}.length", f"should be ≤ `{ARRAY_LIMIT}`, instead was `{len(given)}`")
    made = [_read_block(item, f"{where}[{number}]", levels) for number, item in enumerate(given)]
    if levels == LEVELS and (total := sum(1 for _ in walk(made))) > REQUEST_LIMIT:
        raise refuse(where, f"should hold ≤ `{REQUEST_LIMIT}` blocks, instead held `{total}`")
    return made


def _read_block(given: object, where: str, levels: int) -> Block:
    kinds = [*TEXT_TYPES, *_READERS, "divider", "table"]
    kind = next((key for key in given if key in kinds), None) if isinstance(given, dict) else None
    if kind is None or not isinstance(given, dict) or not isinstance(given[kind], dict):
        raise refuse(where, "should be a block of a known type")
    content = dict(given[kind])
    inside = content.pop("children", None)
    if inside is not None and levels == 0:
        raise refuse(f"{where}.{kind}.children", "should be not present")
    children = read_blocks(inside, f"{where}.{kind}.children", levels - 1) if inside is not None else []
    if kind == "table":
        content = _table(content, children, f"{where}.table")
    elif kind in _READERS:
        content = _READERS[kind](content, f"{where}.{kind}")
    elif kind != "divider":
        content = _text_content(kind, content, f"{where}.{kind}")
    return {**block(kind, **content), "children": children}


def _text_content(kind: str, content: dict[str, Any], where: str) -> dict[str, Any]:
    known = {"rich_text": [], "color": "default", **TEXT_TYPES[kind]}
    if unknown := set(content) - set(known):
        raise refuse(f"{where}.{unknown.pop()}", "should be not present")
    if kind == "code" and content.get("language") not in LANGUAGES:
        raise refuse(f"{where}.language", f"should be a known language, instead was `{content.get('language')!r}`")
    text = {"rich_text": read_rich_text(f"{where}.rich_text", content.get("rich_text"))}
    if "caption" in content:
        text["caption"] = read_rich_text(f"{where}.caption", content["caption"])
    shown = {**known, **content, **text}
    return {name: value for name, value in shown.items() if (kind, name) != ("code", "color")}


def _table(content: dict[str, Any], rows: list[Block], where: str) -> dict[str, Any]:
    width = content.get("table_width")
    if not isinstance(width, int) or width < 1:
        raise refuse(f"{where}.table_width", "should be ≥ `1`")
    if not rows:
        raise refuse(f"{where}.children.length", "should be ≥ `1`, instead was `0`")
    if any(row["type"] != "table_row" or len(row["table_row"]["cells"]) != width for row in rows):
        raise Invalid(
            "Content creation Failed. Number of cells in table row must match the table width of the parent table."
        )
    return {"table_width": width, "has_column_header": False, "has_row_header": False, **content}


def _table_row(content: dict[str, Any], where: str) -> dict[str, Any]:
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise refuse(f"{where}.cells", "should be defined")
    return {"cells": [read_rich_text(f"{where}.cells[{number}]", cell) for number, cell in enumerate(cells)]}


def _image(content: dict[str, Any], where: str) -> dict[str, Any]:
    url = (content.get("external") or {}).get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise refuse(f"{where}.external.url", "should be a valid URL")
    caption = read_rich_text(f"{where}.caption", content.get("caption", []))
    return {"caption": caption, "type": "external", "external": {"url": url}}


def _equation(content: dict[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(content.get("expression"), str):
        raise refuse(f"{where}.expression", "should be a string")
    return {"expression": content["expression"]}


def _bookmark(content: dict[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(content.get("url"), str):
        raise refuse(f"{where}.url", "should be a string")
    return {"url": content["url"], "caption": read_rich_text(f"{where}.caption", content.get("caption", []))}


_READERS: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
    "table_row": _table_row,
    "image": _image,
    "equation": _equation,
    "bookmark": _bookmark,
}


def block(kind: str, **content: Any) -> Block:
    """A new block. `content` is what stands under its type."""
    return {"id": str(uuid4()), "type": kind, kind: content, "children": []}


def blocks(markdown: str) -> list[Block]:
    """The blocks of a sample that is written as Markdown."""
    return [_read_block(item, "sample", MAX_DEPTH) for item in blocks_of_markdown(markdown)]


def markdown_of(content: list[Block], title_of: Callable[[Block], str], link_to: Callable[[str], str]) -> str:
    """Blocks as Markdown, for a person to look at. `title_of` and `link_to` are those of pages inside."""

    def whole(item: Block) -> Block:
        kind = item["type"]
        inside = [whole(child) for child in item["children"]]
        own = {"title": title_of(item)} if kind.startswith("child_") else item[kind]
        return {**item, kind: {**own, "children": inside}}

    return markdown_of_blocks([whole(item) for item in content], link_to)


def walk(content: list[Block]) -> Iterator[Block]:
    """Every block, parents before children."""
    for item in content:
        yield item
        yield from walk(item["children"])
