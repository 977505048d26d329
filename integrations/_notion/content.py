"""What stands on a page: read with all that is inside, and written in as many requests as Notion's limits ask for.

A text that is longer than one request goes out in portions, each of which is there as a whole or not at all. Which
ones are there can be seen on the page: so an attempt that was broken off is gone on with, and nothing is doubled.

Sources: developers.notion.com/reference/patch-block-children, /reference/get-block-children, /reference/request-limits
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations._notion.connection import Client, listed
from integrations._notion.from_markdown import Block, blocks, children_of
from integrations._notion.to_markdown import text_of
from orchestrator.actions import Call, EffectUnknown, ServiceError, placeholder

MAX_BLOCKS = 2000
"""Blocks that are written by one step, and read of one page."""
LOOK_AT = 3000
"""Blocks of a page that are looked through for a mark."""
_REQUEST_BLOCKS = 1000
_REQUEST_BYTES = 400_000
_ARRAY = 100
_LEVELS = 2
"""Levels of children that one request may carry below its own blocks."""

_SIGNATURE = "Made by Patchbay · "


def mark_of(key: str) -> str:
    """What an effect is recognised by at Notion."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def signature(mark: str) -> str:
    """The words that are put below what was made, so that it can be recognised."""
    return f"{_SIGNATURE}{mark}"


def with_signature(markdown: str) -> str:
    """A text as a preview shows it."""
    return f"{markdown.rstrip()}\n\n{signature(placeholder('mark'))}".lstrip("\n")


def signed(mark: str) -> Block:
    """The small grey line below what was made."""
    text = {"type": "text", "text": {"content": signature(mark)}}
    return {"type": "paragraph", "paragraph": {"rich_text": [text], "color": "gray"}}


def is_signature(block: Mapping[str, Any], mark: str = "") -> bool:
    """Whether a block of a page is such a line: of one mark, or of any."""
    if block["type"] != "paragraph":
        return False
    text = text_of(block["paragraph"]["rich_text"])
    return text == signature(mark) if mark else text.startswith(_SIGNATURE) and len(text) == len(_SIGNATURE) + 16


@dataclass
class Reading:
    """What is read of a page. `left`: how many blocks may yet be read. `cut`: there are more."""

    blocks: list[Block] = field(default_factory=list[Block])
    left: int = MAX_BLOCKS
    cut: bool = False


def read(client: Client, page_id: str) -> Reading:
    """The blocks of a page, with those inside them, but without the lines that say who made it."""
    reading = Reading()
    reading.blocks = [block for block in _read(client, page_id, reading) if not is_signature(block)]
    return reading


def _read(client: Client, id: str, reading: Reading) -> list[Block]:
    if reading.left <= 0:
        reading.cut = True
        return []
    listing = listed(client.blocks.children.list, reading.left, block_id=id)
    reading.left -= len(listing.items)
    reading.cut = reading.cut or listing.more
    for block in listing.items:
        # A page or database inside is a thing of its own.
        if block["has_children"] and not block["type"].startswith("child_"):
            block[block["type"]]["children"] = _read(client, block["id"], reading)
    return listing.items


@dataclass(frozen=True, slots=True)
class Portion:
    """Blocks that go into a block or page by one request. `after`: the block that they follow, None for the end."""

    parent: str
    blocks: list[Block]
    after: str | None

    def send(self, client: Client, call: Call) -> list[Block]:
        """The blocks as Notion made them."""
        position = {"type": "after_block", "after_block": {"id": self.after}} if self.after else {"type": "end"}
        call.sending()
        made = client.blocks.children.append(self.parent, children=self.blocks, position=position)["results"]
        made = made[: len(self.blocks)]
        if not _are(made, self.blocks):
            raise ValueError("Notion shows other blocks than were sent.")
        return made


Portions = Generator[Portion, list[Block], None]
"""What is yet to be sent. Takes the blocks that each portion became."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be written: all its blocks, and those that the first request carries. The line that says where they
    came from is one more."""

    all: list[Block]
    first: list[Block]

    @classmethod
    def of(cls, markdown: str) -> Content:
        """Raises `ServiceError` for a text with more blocks than one step may write."""
        found = blocks(markdown)
        if _count(found) > MAX_BLOCKS:
            raise ServiceError(
                f"The content has {_count(found)} paragraphs, list items and other blocks; one step writes at most "
                f"{MAX_BLOCKS}.",
                remedy="Divide it between several steps.",
            )
        return cls(found, first_portion(found, _ARRAY - 1))

    @property
    def is_single(self) -> bool:
        return is_all(self.first, self.all)


def first_portion(wanted: list[Block], room: int = _ARRAY) -> list[Block]:
    """As many of the blocks as one request takes, from the first one on, each with as much as possible inside."""
    budget = _Budget(_REQUEST_BLOCKS - 1, _REQUEST_BYTES)
    return list(budget.fill(wanted[:room], _LEVELS, at_least=1))


def is_all(portion: list[Block], wanted: list[Block]) -> bool:
    return _count(portion) == _count(wanted)


def rest(client: Client, page_id: str, content: Content, there: list[Block]) -> Portions:
    """What is not yet on a page, where `there` are the blocks of the content that are to be seen."""
    return _portions(client, page_id, content.all, content.first, there, follows=True)


def send_all(client: Client, call: Call, portions: Portions) -> None:
    try:
        portion = next(portions)
        while True:
            portion = portions.send(portion.send(client, call))
    except StopIteration:
        return


def _portions(
    client: Client, parent: str, wanted: list[Block], portion: list[Block], there: list[Block], *, follows: bool
) -> Portions:
    """The portions of one block or page. The first one is given: it went out with what holds it. `follows`: those
    after it are put behind it, and not at the end."""
    start = 0
    last: str | None = None
    while True:
        made = there[start : start + len(portion)]
        if not made and portion:
            made = yield Portion(parent, portion, last if follows else None)
        elif not _are(made, portion):
            raise ServiceError(
                "Somebody changed the page while it was written in several parts.",
                remedy="Look at the page and complete it by hand, or delete what was written and run the step again.",
            )
        for block, sent, seen in zip(wanted[start:], portion, made, strict=False):
            if not is_all([sent], [block]):
                inside = listed(client.blocks.children.list, LOOK_AT, block_id=seen["id"]).items
                yield from _portions(client, seen["id"], children_of(block), children_of(sent), inside, follows=False)
        last = made[-1]["id"] if made else last
        start += len(portion)
        if start >= len(wanted):
            return
        portion = first_portion(wanted[start:])


def on_page(client: Client, id: str, title: str) -> list[Block]:
    """The blocks of a page, without what is inside them."""
    listing = listed(client.blocks.children.list, LOOK_AT, block_id=id)
    if listing.more:
        raise EffectUnknown(
            f"The page '{title}' is too long to see whether this was added already.",
            remedy="Look at the end of the page. If it is not there, add it to another, shorter page.",
        )
    return listing.items


def up_to_mark(found: list[Block], mark: str) -> list[Block] | None:
    """What stands on a page above a mark; None without one."""
    end = next((number for number, block in enumerate(found) if is_signature(block, mark)), None)
    return None if end is None else found[:end]


def before_mark(found: list[Block], mark: str, content: Content) -> list[Block] | None:
    """What of the content stands above its mark on a page, however many portions went out; None without a mark."""
    above = up_to_mark(found, mark)
    if above is None:
        return None
    ends = [end for end in _ends(content) if end <= len(above)]
    fitting = [end for end in ends if _are(above[len(above) - end :], content.all[:end])]
    if len(fitting) != 1:
        raise EffectUnknown(
            "The page was changed since this was added, so that it cannot be seen how much of it is there.",
            remedy="Look at the page, complete it by hand, and skip the step.",
        )
    return above[len(above) - fitting[0] :]


def _ends(content: Content) -> Iterator[int]:
    """How many blocks are there after each portion."""
    end = len(content.first)
    yield end
    while end < len(content.all):
        end += len(first_portion(content.all[end:]))
        yield end


@dataclass
class _Budget:
    """What a request has room for."""

    blocks: int
    bytes: int

    def fill(self, wanted: list[Block], levels: int, at_least: int) -> Iterator[Block]:
        """Blocks from the first one on, cut down to what there is room for, with `levels` of others inside them."""
        for number, block in enumerate(wanted):
            kind = block["type"]
            bare = {"type": kind, kind: {name: value for name, value in block[kind].items() if name != "children"}}
            size = len(json.dumps(bare, ensure_ascii=False).encode())
            is_table = kind == "table"  # which is refused without its first row
            has_room = self.blocks > is_table and self.bytes >= size and (levels or not is_table)
            if number >= at_least and not has_room:
                return
            self.blocks -= 1
            self.bytes -= size
            inside = self.fill(children_of(block)[:_ARRAY], levels - 1, int(is_table)) if levels else ()
            if children := list(inside):
                bare[kind]["children"] = children
            yield bare


def _count(found: list[Block]) -> int:
    return sum(1 + _count(children_of(block)) for block in found)


def _are(seen: list[Block], sent: list[Block]) -> bool:
    """Whether blocks of a page are those that were sent."""
    return len(seen) == len(sent) and all(_print(one) == _print(other) for one, other in zip(seen, sent, strict=True))


def _print(block: Block) -> tuple[str, str]:
    content = block[block["type"]]
    if block["type"] == "table_row":
        return "table_row", "|".join(text_of(cell) for cell in content["cells"])
    return block["type"], text_of(content.get("rich_text", []))
