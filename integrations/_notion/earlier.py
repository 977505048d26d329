"""The page that an earlier attempt made, if there is one: looked up where it must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations._notion.connection import Client, Listing, listed
from integrations._notion.content import on_page, up_to_mark
from integrations._notion.models import Page
from integrations._notion.places import Place, title_of
from orchestrator.actions import EffectUnknown

LOOK_BACK = timedelta(days=30)
"""What is older than this is not of a run that can still go on."""
LOOK_AT = 1000
"""Rows, or blocks of a page, that are looked through."""


@dataclass(frozen=True, slots=True)
class _Child:
    id: str
    title: str
    was_edited: bool


def earlier_page(client: Client, where: Place, title: str, mark: str) -> Page | None:
    """The page in `where` that bears a mark. Raises `EffectUnknown` where there is too much to look through."""
    children = _rows_made(client, where) if where.kind == "data_source" else _pages_made(client, where)
    # Reading each page would take minutes in a busy place: one that bears another title and was never edited cannot
    # be ours.
    return _marked(
        client, (child for child in children if child.title.strip() == title.strip() or child.was_edited), mark
    )


def begun_page(client: Client, where: Place, title: str, mark: str) -> Page | None:
    """The page that was begun a moment ago and still has its title: found in a busy database too."""
    if where.kind == "page":
        return earlier_page(client, where, title, mark)
    named = {"property": where.title_property, "title": {"equals": title}}
    return _marked(client, map(_child, _rows(client, where, {"and": [_recent(), named]}).items), mark)


def _marked(client: Client, children: Iterable[_Child], mark: str) -> Page | None:
    for child in children:
        if up_to_mark(on_page(client, child.id, child.title), mark) is not None:
            page = client.pages.retrieve(child.id)
            return Page(id=page["id"], title=title_of(page), url=page["url"])
    return None


def _recent() -> dict[str, Any]:
    oldest = (datetime.now(UTC) - LOOK_BACK).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"timestamp": "created_time", "created_time": {"on_or_after": oldest}}


def _rows(client: Client, where: Place, wanted: dict[str, Any]) -> Listing:
    newest = [{"timestamp": "created_time", "direction": "descending"}]
    return listed(client.data_sources.query, LOOK_AT, data_source_id=where.id, filter=wanted, sorts=newest)


def _child(row: Mapping[str, Any]) -> _Child:
    return _Child(row["id"], title_of(row), row["created_time"] != row["last_edited_time"])


def _rows_made(client: Client, where: Place) -> Iterator[_Child]:
    """The rows that this integration made lately, newest first."""
    me = client.users.me()["id"]
    listing = _rows(client, where, _recent())
    yield from (_child(row) for row in listing.items if row["created_by"]["id"] == me)
    _ensure_all_seen(listing, where)


def _pages_made(client: Client, where: Place) -> Iterator[_Child]:
    """The pages inside a page that this integration made."""
    me = client.users.me()["id"]
    listing = listed(client.blocks.children.list, LOOK_AT, block_id=where.id)
    for block in listing.items:
        if block["type"] == "child_page" and block["created_by"]["id"] == me:
            was_edited = block["created_time"] != block["last_edited_time"]
            yield _Child(block["id"], block["child_page"]["title"], was_edited)
    _ensure_all_seen(listing, where)


def _ensure_all_seen(listing: Listing, where: Place) -> None:
    if listing.more:
        raise EffectUnknown(
            f"There is too much in '{where.title}' to see whether this page was made already.",
            remedy="Look for the page in Notion, then skip the step or run it again.",
        )
