"""Notion's blocks as markdown that `from_markdown` makes the same blocks of.

What Markdown has no word for keeps its text: a toggle becomes a list item, a callout a quote, columns stand one below
the other, colours and underlining are dropped. What has no text at all is counted in `left_out`.

Sources: developers.notion.com/reference/block and /reference/rich-text, spec.commonmark.org/0.31.2
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from integrations._notion.from_markdown import Block, children_of, rich_text
from integrations._notion.text import RichText

_LIST = {"bulleted_list_item", "numbered_list_item", "to_do", "toggle"}
_FILES = {"video", "audio", "file", "pdf", "image"}
_ADDRESSES = {"bookmark", "embed", "link_preview"}
_CONTAINERS = {"column_list", "column", "synced_block", "template", "meeting_notes", "tab"}
_SILENT = {"table_of_contents", "breadcrumb"}

_MARKS = (("bold", "**"), ("italic", "*"), ("strikethrough", "~~"))
_SPECIAL = re.compile(
    r"[*`~\[\]]"
    r"|\\(?=[!-/:-@\[-`{-~\n]|$)"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|<(?=[a-zA-Z/!?])"
    r"|&(?=#?\w+;)"
)
_LINE_START = re.compile(
    r"(?m)^(?:(?=#{1,6}(?:[ \t]|$)|[-+](?:[ \t-]|$)|=+[ \t]*$|>|\||:-)|(\d{1,9})(?=[.)](?:[ \t]|$)))"
)
_AUTOLINK = re.compile(r"https?://[^\s<>]+")
_BLANK_LINE = re.compile(r"\n(?=\n)")

LinkTo = Callable[[str], str]
"""The link of a page or database, by its id."""


def markdown_of(found: Iterable[Block], link_to: LinkTo, left_out: list[str] | None = None) -> str:
    """Blocks, with their children under "children" of their content, as one text. The kinds of those that say nothing
    in Markdown are added to `left_out`."""
    return "\n".join(_lines(list(found), link_to, [] if left_out is None else left_out))


def text_of(items: RichText) -> str:
    """The words of rich text, as a request or an answer has it."""
    return "".join(_words(item) for item in items)


def _words(item: Mapping[str, Any]) -> str:
    if item.get("type") == "equation":
        return f"${item['equation']['expression']}$"
    return item["plain_text"] if "plain_text" in item else item["text"]["content"]


def _lines(found: list[Block], link_to: LinkTo, left_out: list[str]) -> Iterator[str]:
    number = 0
    previous = ""
    for block in found:
        kind = block["type"]
        number = number + 1 if kind == "numbered_list_item" else 0
        lines = _block_lines(block, number, link_to, left_out)
        if not lines:
            continue
        if previous and not (_family(kind) == _family(previous) != ""):
            yield ""
        previous = kind
        yield from lines


def _family(kind: str) -> str:
    return "numbers" if kind == "numbered_list_item" else "bullets" if kind in _LIST else ""


def _block_lines(block: Block, number: int, link_to: LinkTo, left_out: list[str]) -> list[str]:
    kind = block["type"]
    content = block.get(kind) or {}
    if kind in _CONTAINERS:
        return list(_lines(children_of(block), link_to, left_out))
    if kind == "table":
        return _table(block)
    if kind == "code":
        own = _code(content)
    elif kind == "equation":
        own = f"$$\n{content['expression']}\n$$"
    elif kind == "divider":
        own = "---"
    elif kind in _FILES | _ADDRESSES:
        own = _address(kind, content)
    elif kind in ("child_page", "child_database"):
        own = f"[{_escaped(content['title']) or 'Untitled'}]({link_to(block['id'])})"
    elif kind == "link_to_page":
        id = content[content["type"]]
        own = f"[Link to a page]({link_to(id)})"
    elif "rich_text" in content:
        return _text_lines(block, number, link_to, left_out)
    else:
        if kind not in _SILENT:
            left_out.append(kind)
        own = ""
    below = list(_lines(children_of(block), link_to, left_out))
    return [line for line in (*own.split("\n"), *below) if own or below] if own else below


def _text_lines(block: Block, number: int, link_to: LinkTo, left_out: list[str]) -> list[str]:
    kind = block["type"]
    content = block[kind]
    below = list(_lines(children_of(block), link_to, left_out))
    if kind.startswith("heading_"):
        text = inline(content["rich_text"]).replace("\\\n", " ").replace("\n", " ")
        text = re.sub(r"(#+)$", r"\\\1", text)
        return [f"{'#' * int(kind[-1])} {text}".rstrip(), *([""] if below else []), *below]
    own = _started(inline(content["rich_text"])).split("\n")
    if kind in _LIST:
        mark = f"{number}. " if number else "- "
        box = ("[x] " if content.get("checked") else "[ ] ") if kind == "to_do" else ""
        apart = [""] if below and _first_kind(block) not in _LIST and own != [""] else []
        first = f"{mark}{box}{own[0]}".rstrip()
        return [first, *(" " * len(mark) + line if line else "" for line in (*own[1:], *apart, *below))]
    if kind in ("quote", "callout"):
        icon = (content.get("icon") or {}).get("emoji", "")
        own[0] = f"{icon} {own[0]}".strip()
        apart = [""] if below and own != [""] else []
        return [f"> {line}".rstrip() for line in (*([] if own == [""] and below else own), *apart, *below)]
    if own == [""] and not below:
        return []
    return [*([] if own == [""] else own), *([""] if below and own != [""] else []), *below]


def _first_kind(block: Block) -> str:
    return next((child["type"] for child in children_of(block)), "")


def _code(content: Mapping[str, Any]) -> str:
    text = text_of(content["rich_text"])
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    language = content.get("language") or "plain text"
    return f"{fence}{'' if language == 'plain text' else language}\n{text}\n{fence}" if text else f"{fence}\n{fence}"


def _address(kind: str, content: Mapping[str, Any]) -> str:
    url = content.get("url") or (content.get(content.get("type", "")) or {}).get("url", "")
    name = text_of(content.get("caption") or []) or content.get("name") or ""
    if not url:
        return _escaped(name)
    label = _escaped(name.replace("\n", " ")) or ("" if kind == "image" else _escaped(url))
    return f"{'!' if kind == 'image' else ''}[{label}]({_target(url)})"


def _target(url: str) -> str:
    """A link's address: as it is, or in angle brackets where it could end too soon."""
    return url if re.fullmatch(r"[^\s()<>\\&]+", url) else "<" + re.sub(r"[<>\\&\s]", _percent, url) + ">"


def _percent(match: re.Match[str]) -> str:
    return (
        match[0] if match[0] == "&" and not re.match(r"&#?\w+;", match.string[match.start() :]) else _quoted(match[0])
    )


def _quoted(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def _table(block: Block) -> list[str]:
    rows = [row["table_row"]["cells"] for row in children_of(block)]
    width = max((len(row) for row in rows), default=0)
    if not width:
        return []
    if not block["table"].get("has_column_header"):
        rows.insert(0, [[]] * width)
    lines = ["| " + " | ".join(_cell(cell) for cell in [*row, *[[]] * (width - len(row))]) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * width)
    return lines


def _cell(items: RichText) -> str:
    # A pipe ends a cell wherever it stands, so it is escaped after all other marks are set.
    text = inline(items).replace("\\\n", "<br>").replace("\n", "<br>")
    return re.sub(r"(?<!\\)((?:\\\\)*)\|", r"\1\\|", text)


def inline(items: RichText) -> str:
    """Rich text as markdown. Its words are kept under all circumstances; where Markdown cannot set its styles, as for
    half a word in some scripts, it goes without them."""
    spans = list(_spans(items))
    wanted = "".join(text for text, _, _ in spans)
    for written in (_styled(spans), _styled([(text, (), href) for text, _, href in spans])):
        if text_of(rich_text(written)) == wanted:
            return written
    return _escaped(wanted)


Span = tuple[str, tuple[str, ...], str | None]


def _spans(items: RichText) -> Iterator[Span]:
    """Neighbours of the same style as one, lines without blanks at their ends."""
    merged: list[Span] = []
    for item in items:
        style = item.get("annotations") or {}
        names = tuple(name for name in ("bold", "italic", "strikethrough", "code") if style.get(name))
        href = item.get("href") or ((item.get("text") or {}).get("link") or {}).get("url")
        href = href if href and re.match(r"(?i)https?:|mailto:", href) else None
        text = _words(item).replace("\r\n", "\n").replace("\r", "\n")
        if "code" in names:
            text = text.replace("\n", " ")
        if merged and merged[-1][1:] == (names, href):
            merged[-1] = (merged[-1][0] + text, names, href)
        elif text:
            merged.append((text, names, href))
    yield from _tidied(merged)


def _tidied(spans: list[Span]) -> list[Span]:
    texts = [re.sub(r"[ \t]*\n[ \t]*", "\n", text) for text, _, _ in spans]
    for index, (before, after) in enumerate(pairwise(texts)):
        if before.endswith("\n"):
            texts[index + 1] = after.lstrip(" \t")
        if texts[index + 1].startswith("\n"):
            texts[index] = before.rstrip(" \t")
    if texts:
        texts[0] = texts[0].lstrip(" \t\n")
        texts[-1] = texts[-1].rstrip(" \t\n")
    return [(text, names, href) for text, (_, names, href) in zip(texts, spans, strict=True) if text]


def _styled(spans: list[Span]) -> str:
    parts: list[str] = []
    open_: list[str] = []
    link: str | None = None
    for index, (text, names, href) in enumerate(spans):
        wanted = [mark for name, mark in _MARKS if name in names]
        if link != href or any(mark not in wanted for mark in open_):
            keep = 0
            while link == href and keep < len(open_) and open_[keep] in wanted:
                keep += 1
            parts += reversed(open_[keep:])
            del open_[keep:]
            if link and link != href:
                parts.append(f"]({_target(link)})")
            if href and link != href:
                parts.append("[")
            link = href
        if text == href and not names and _AUTOLINK.fullmatch(text) and _is_whole(spans, index):
            parts[-1] = f"<{text}>"
            link = None
            continue
        lead, core, tail = _edges(text, "code" in names)
        fresh = [mark for mark in wanted if mark not in open_]
        ends = index + 1 == len(spans) or spans[index + 1][1:] != (names, href)
        body = _code_span(core) if "code" in names else _escaped(core)
        parts += [_escaped(lead), *(fresh if core else ())]
        open_ += fresh if core else []
        parts.append(body if core else "")
        if tail and ends:
            parts += [*reversed(open_), _escaped(tail)]
            open_ = []
        else:
            parts.append(_escaped(tail))
    parts += reversed(open_)
    if link:
        parts.append(f"]({_target(link)})")
    return _BLANK_LINE.sub("\\\\\n", "".join(parts))


def _is_whole(spans: list[Span], index: int) -> bool:
    """Whether a span is all of its link."""
    href = spans[index][2]
    return all(span[2] != href for span in (*spans[max(index - 1, 0) : index], *spans[index + 1 : index + 2]))


def _edges(text: str, is_code: bool) -> tuple[str, str, str]:
    """The blanks before and after what can bear a style, and that itself."""
    if is_code:
        return "", text, ""
    core = text.strip()
    start = text.index(core) if core else len(text)
    return text[:start], core, text[start + len(core) :]


def _code_span(text: str) -> str:
    runs = {len(run) for run in re.findall(r"`+", text)}
    fence = "`" * next(length for length in range(1, len(runs) + 2) if length not in runs)
    pad = " " if text.startswith("`") or text.endswith("`") or (text.strip() and text[0] == text[-1] == " ") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _started(text: str) -> str:
    """Lines that cannot be taken for a heading, a list or another block."""
    return _LINE_START.sub(lambda match: f"{match[1]}\\" if match[1] else "\\", text)
