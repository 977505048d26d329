"""The page or database that a person means: by its title, its link or its id.

A database holds data sources; what has columns and rows is a data source.
Source: developers.notion.com/reference/database, /reference/data-source, /reference/post-search
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from integrations._notion.connection import SHARE, Client, listed
from orchestrator.actions import ServiceError

LOOK_AT = 1000
"""How many pages and databases are looked through for a title."""

Kind = Literal["page", "data_source"]

LONGEST_SHOWN = 200
"""Characters of a name in an error."""

_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)
_WORDS: dict[Kind, str] = {"page": "page", "data_source": "database"}


@dataclass(frozen=True, slots=True)
class Place:
    """A page, or a data source with its columns. `source` is the id of the data source that a page is a row of."""

    kind: Kind
    id: str
    title: str
    url: str
    in_trash: bool = False
    schema: Mapping[str, Any] | None = None
    source: str | None = None

    @property
    def parent(self) -> dict[str, str]:
        return {"type": f"{self.kind}_id", f"{self.kind}_id": self.id}

    @property
    def title_property(self) -> str:
        titles = (name for name, column in (self.schema or {}).items() if column["type"] == "title")
        return next(titles, "title")


def place(client: Client, text: str, *kinds: Kind, in_trash: bool = False) -> Place:
    """What a title, a link or an id stands for, if it is of one of `kinds`. What is in the trash is refused, unless
    it may be there."""
    found = look_up(client, text, *kinds, in_trash=in_trash)
    if found is None:
        wanted = " or ".join(_WORDS[kind] for kind in kinds)
        called = "" if id_in(text) else "called "
        name = text.strip()[:LONGEST_SHOWN]
        raise ServiceError(
            f"There is no {wanted} {called}'{name}' in Notion: it was deleted or renamed, or it is not shared.",
            remedy=f"Check what the step names. {SHARE}",
        )
    if found.in_trash and not in_trash:
        word = _WORDS[found.kind]
        raise ServiceError(
            f"The {word} '{found.title}' is in Notion's trash.",
            remedy=f"Restore it in Notion's trash, or choose another {word}.",
        )
    return found


def look_up(client: Client, text: str, *kinds: Kind, in_trash: bool = False) -> Place | None:
    """As `place`, but None for what is not there."""
    id = id_in(text)
    if id is not None:
        return _by_id(client, id, kinds)
    found = _by_title(client, text.strip(), kinds, {})
    return found or (_by_title(client, text.strip(), kinds, {"in_trash": True}) if in_trash else None)


def with_columns(client: Client, page: Place) -> Place:
    """A page, with the columns of the database that it is a row of."""
    if page.source is None:
        return page
    schema = client.data_sources.retrieve(page.source)["properties"]
    return Place("page", page.id, page.title, page.url, page.in_trash, schema, page.source)


def id_in(text: str) -> str | None:
    """The id that a text is or, as a link, holds; None for a title. The path of a link goes before what stands after
    the '?'."""
    text = text.strip()
    if "://" not in text:
        return str(UUID(text)) if _ID.fullmatch(text) else None
    path, _, query = text.partition("#")[0].partition("?")
    found = _ID.findall(path) or _ID.findall(query)
    if not found:
        raise ServiceError(
            f"The link '{text}' leads to no page or database.",
            remedy="In Notion, open it, then Share and Copy link.",
        )
    return str(UUID(found[-1] if _ID.search(path) else found[0]))


def title_of(item: Mapping[str, Any]) -> str:
    """The title of a page, database or data source."""
    if "title" in item:
        return plain_text(item["title"])
    titles = (value["title"] for value in item["properties"].values() if value["type"] == "title")
    return plain_text(next(titles, []))


def plain_text(items: list[dict[str, Any]]) -> str:
    return "".join(item["plain_text"] for item in items)


def _by_id(client: Client, id: str, kinds: tuple[Kind, ...]) -> Place | None:
    if "data_source" in kinds:
        if source := _there(client.data_sources.retrieve, id):
            return _source_place(source)
        if database := _there(client.databases.retrieve, id):
            return _only_source(client, database)
    if "page" in kinds and (page := _there(client.pages.retrieve, id)):
        return _page_place(page)
    return None


def _by_title(client: Client, title: str, kinds: tuple[Kind, ...], trash: dict[str, bool]) -> Place | None:
    """A database goes before pages of the same title: pages are many, and made by the day."""
    newest = {"timestamp": "last_edited_time", "direction": "descending"}
    for kind in sorted(kinds):
        asked: dict[str, Any] = {"filter": {"property": "object", "value": kind, **trash}}
        if title:
            asked["query"] = title
        items = listed(client.search, LOOK_AT, sort=newest, **asked).items
        found = [item for item in items if title_of(item).casefold() == title.casefold()]
        if len(found) > 1:
            raise ServiceError(
                f"There are {len(found)} {_WORDS[kind]}s called '{title}' in Notion.",
                remedy="Give the link of the one that is meant: " + ", ".join(item["url"] for item in found[:5]),
            )
        if found:
            return _source_place(found[0]) if kind == "data_source" else _page_place(found[0])
    return None


def _there(retrieve: Callable[[str], Any], id: str) -> dict[str, Any] | None:
    """What has this id, or None where Notion says that it is another kind of thing, or nothing."""
    from notion_client.errors import APIResponseError

    try:
        return retrieve(id)
    except APIResponseError as error:
        if error.status in (400, 404):
            return None
        raise


def _page_place(page: Mapping[str, Any]) -> Place:
    source = page["parent"].get("data_source_id")
    return Place("page", page["id"], title_of(page), page["url"], _is_in_trash(page), source=source)


def _source_place(source: Mapping[str, Any]) -> Place:
    in_trash = _is_in_trash(source)
    return Place("data_source", source["id"], title_of(source), source["url"], in_trash, source["properties"])


def _is_in_trash(item: Mapping[str, Any]) -> bool:
    return bool(item.get("in_trash", item.get("archived", False)))


def _only_source(client: Client, database: Mapping[str, Any]) -> Place:
    sources = database["data_sources"]
    if _is_in_trash(database):
        return Place("data_source", database["id"], title_of(database), database["url"], in_trash=True)
    if len(sources) != 1:
        names = ", ".join(f"'{source['name']}'" for source in sources)
        raise ServiceError(
            f"The database '{title_of(database)}' has {len(sources)} data sources: {names}.",
            remedy="Give the title of the one that is meant.",
        )
    return _source_place(client.data_sources.retrieve(sources[0]["id"]))
