"""Blocks of practice Notion, and their two ways to and from markdown.

A block is kept as Notion shows it, with its children inside it. The markdown is Notion's "enhanced markdown": one block
a line, children indented, a colour as `{color="gray"}` at the end of the line.
Source: developers.notion.com/guides/data-apis/enhanced-markdown and /reference/block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

Block = dict[str, Any]
RichText = list[dict[str, Any]]

TEXT_LIMIT = 2000  # characters of one rich text object: developers.notion.com/reference/request-limits
TEXT_TYPES = (
    "paragraph",
    "heading_1",
    "heading_2",
    "heading_3",
    "bulleted_list_item",
    "numbered_list_item",
    "to_do",
    "quote",
    "toggle",
    "callout",
    "code",
)
BLOCK_TYPES = (*TEXT_TYPES, "divider")
PLAIN = {
    "bold": False,
    "italic": False,
    "strikethrough": False,
    "underline": False,
    "code": False,
    "color": "default",
}

_INLINE = re.compile(
    r"\\(?P<escaped>[\\*~`$\[\]<>{}|^])"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<bold>.+?)\*\*(?!\*)"
    r"|~~(?P<strikethrough>.+?)~~"
    r"|\*(?P<italic>[^*\s](?:[^*]*[^*\s])?)\*"
    r"|\[(?P<label>[^\]]+)\]\((?P<href>[^)\s]+)\)"
)
_SPECIAL = re.compile(r"[\\*~`$\[\]<>{}|^]")
_COLOR = re.compile(r"\s*\{color=\"(?P<color>\w+)\"\}\s*$")
_LINE = re.compile(
    r"(?P<heading>#{1,6})\s+(?P<heading_text>.*)"
    r"|[-*+]\s+\[(?P<checked>[ xX])\]\s+(?P<to_do_text>.*)"
    r"|[-*+]\s+(?P<bullet_text>.*)"
    r"|\d+[.)]\s+(?P<number_text>.*)"
    r"|>\s?(?P<quote_text>.*)"
)
_DIVIDER = re.compile(r"(?:-{3,}|\*{3,}|_{3,})$")


def rich_text(markdown: str) -> RichText:
    """One line of markdown as Notion's rich text."""
    return [
        text_object(content[start : start + TEXT_LIMIT], annotations, href)
        for content, annotations, href in _spans(markdown, PLAIN, None)
        for start in range(0, len(content), TEXT_LIMIT)
    ]


def text_object(content: str, annotations: Mapping[str, Any] = PLAIN, href: str | None = None) -> dict[str, Any]:
    return {
        "type": "text",
        "text": {"content": content, "link": {"url": href} if href else None},
        "annotations": dict(annotations),
        "plain_text": content,
        "href": href,
    }


def plain_text(items: RichText) -> str:
    return "".join(item["plain_text"] for item in items)


def _spans(
    markdown: str, annotations: Mapping[str, Any], href: str | None
) -> Iterator[tuple[str, Mapping[str, Any], str | None]]:
    plain = ""
    position = 0
    for match in _INLINE.finditer(markdown):
        plain += markdown[position : match.start()]
        position = match.end()
        found = {name: text for name, text in match.groupdict().items() if text is not None}
        if "escaped" in found:
            plain += found["escaped"]
            continue
        if plain:
            yield plain, annotations, href
            plain = ""
        if "label" in found:
            yield from _spans(found["label"], annotations, found["href"])
            continue
        [(style, text)] = found.items()
        styled = {**annotations, style: True}
        if style == "code":
            yield text, styled, href
        else:
            yield from _spans(text, styled, href)
    plain += markdown[position:]
    if plain:
        yield plain, annotations, href


def rich_text_markdown(items: RichText) -> str:
    """Rich text as one line of markdown."""
    return "".join(_styled(item) for item in items)


def _styled(item: Mapping[str, Any]) -> str:
    style = item["annotations"]
    text = item["plain_text"] if style["code"] else _SPECIAL.sub(r"\\\g<0>", item["plain_text"])
    for name, mark in (("code", "`"), ("bold", "**"), ("italic", "*"), ("strikethrough", "~~")):
        if style[name]:
            text = f"{mark}{text}{mark}"
    return f"[{text}]({item['href']})" if item["href"] else text


def block(kind: str, **content: Any) -> Block:
    """A new block. `content` is what stands under its type."""
    return {"id": str(uuid4()), "type": kind, kind: content, "children": []}


def blocks(markdown: str) -> list[Block]:
    """The blocks that a markdown text becomes."""
    top: list[Block] = []
    open_lists: list[tuple[int, list[Block]]] = [(-1, top)]
    lines = iter(markdown.splitlines())
    for line in lines:
        if not line.strip():
            continue
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        new = _fenced(line, lines) if line.lstrip().startswith("```") else _block_of(line.strip())
        while open_lists[-1][0] >= indent:
            open_lists.pop()
        open_lists[-1][1].append(new)
        if new["type"] not in ("divider", "code") and not new["type"].startswith("heading"):
            open_lists.append((indent, new["children"]))
    return top


def _fenced(first: str, lines: Iterator[str]) -> Block:
    indent = len(first) - len(first.lstrip())
    language = first.strip().removeprefix("```").strip() or "plain text"
    code: list[str] = []
    for line in lines:
        if line.strip() == "```":
            break
        code.append(line[indent:] if not line[:indent].strip() else line)
    text = "\n".join(code)
    pieces = [text_object(text[start : start + TEXT_LIMIT]) for start in range(0, len(text), TEXT_LIMIT)]
    return block("code", rich_text=pieces, caption=[], language=language)


def _block_of(line: str) -> Block:
    if _DIVIDER.match(line):
        return block("divider")
    color = "default"
    if match := _COLOR.search(line):
        color = match["color"]
        line = line[: match.start()]
    match = _LINE.match(line)
    if match is None:
        return _text_block("paragraph", line, color)
    if match["heading"]:
        return _text_block(f"heading_{min(len(match['heading']), 3)}", match["heading_text"], color)
    if match["checked"]:
        return _text_block("to_do", match["to_do_text"], color, checked=match["checked"] != " ")
    for group, kind in (("bullet_text", "bulleted_list_item"), ("number_text", "numbered_list_item")):
        if match[group] is not None:
            return _text_block(kind, match[group], color)
    return _text_block("quote", match["quote_text"], color)


def _text_block(kind: str, line: str, color: str, **content: Any) -> Block:
    return block(kind, rich_text=rich_text(line), color=color, **content)


def markdown_of(content: list[Block], child: Callable[[Block], str], *, colors: bool = True) -> str:
    """Blocks as markdown. `child` writes the line of a child page or database."""
    return "\n".join(_lines(content, child, colors, ""))


def _lines(content: list[Block], child: Callable[[Block], str], colors: bool, indent: str) -> Iterator[str]:
    number = 0
    previous = ""
    for item in content:
        kind = item["type"]
        number = number + 1 if kind == "numbered_list_item" else 0
        list_goes_on = kind == previous and kind.endswith(("_item", "to_do"))
        if previous and not list_goes_on and not indent:
            yield ""
        previous = kind
        line = child(item) if kind.startswith("child_") else _line(item, number, colors)
        yield from (indent + part for part in line.split("\n"))
        yield from _lines(item["children"], child, colors, indent + "\t")


def _line(item: Block, number: int, colors: bool) -> str:
    kind = item["type"]
    content = item[kind]
    if kind == "divider":
        return "---"
    if kind == "code":
        return f"```{content['language']}\n{plain_text(content['rich_text'])}\n```"
    text = rich_text_markdown(content["rich_text"])
    color = content.get("color", "default")
    if colors and color != "default":
        text += f' {{color="{color}"}}'
    if kind.startswith("heading_"):
        return f"{'#' * int(kind[-1])} {text}"
    marks = {
        "bulleted_list_item": "- ",
        "toggle": "- ",
        "numbered_list_item": f"{number}. ",
        "to_do": "- [x] " if content.get("checked") else "- [ ] ",
        "quote": "> ",
        "callout": "> ",
    }
    return marks.get(kind, "") + text


def walk(content: list[Block]) -> Iterator[Block]:
    """Every block, parents before children."""
    for item in content:
        yield item
        yield from walk(item["children"])
