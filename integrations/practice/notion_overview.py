"""Practice Notion as a person sees it, for the studio's page *Practice*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations._notion.to_markdown import inline
from integrations.practice.notion_blocks import Block, markdown_of, plain_text
from integrations.practice.notion_pages import SERVICE, child_title, comments_on, link, title_of
from integrations.practice.notion_properties import Schema, plain, shown
from integrations.practice.notion_users import USERS
from integrations.practice.store import Doc, Store


def overview(store: Store) -> Doc:
    """A person's view: all pages and all databases with their rows, newest first. Links lead into the studio."""
    sources = {source["id"]: source for source in store.all(SERVICE, "data_source")}
    docs = [page for page in store.all(SERVICE, "page") if not page["in_trash"]]
    docs.sort(key=lambda page: page["created_time"], reverse=True)
    pages = [_page_view(store, page, sources) for page in docs]
    databases = [_database_view(database, sources, docs) for database in store.all(SERVICE, "database")]
    databases.sort(key=lambda view: max((row["created"] for row in view["rows"]), default=""), reverse=True)
    return {"pages": pages, "databases": databases}


def _page_view(store: Store, page: Doc, sources: Mapping[str, Doc]) -> Doc:
    source = sources.get(page["parent"].get("data_source_id", ""))
    parent = source or store.get(SERVICE, "page", page["parent"].get("page_id", ""))

    def title(item: Block) -> str:
        return child_title(store, item)

    return {
        "id": page["id"],
        "title": title_of(page),
        "parent": title_of(parent) if parent else None,
        "database": title_of(source) if source else None,
        "properties": _texts(page, source["properties"]) if source else {},
        "markdown": markdown_of(page["content"], title, lambda id: link("page", id)),
        "comments": [_comment_view(comment) for comment in comments_on(store, page["id"])],
        "url": link("page", page["id"]),
        "created": page["created_time"],
        "edited": page["last_edited_time"],
    }


def _comment_view(comment: Doc) -> Doc:
    author = next((user["name"] for user in USERS if user["id"] == comment["created_by"]), "")
    return {"author": author, "created": comment["created_time"], "body": inline(comment["rich_text"])}


def _database_view(database: Doc, sources: Mapping[str, Doc], pages: list[Doc]) -> Doc:
    source = sources[database["data_source_id"]]
    rows = [page for page in pages if page["parent"].get("data_source_id") == source["id"]]
    return {
        "id": database["id"],
        "title": title_of(database),
        "description": plain_text(database["description"]),
        "columns": list(source["properties"]),
        "rows": [
            {
                "id": row["id"],
                "title": title_of(row),
                "url": link("page", row["id"]),
                "created": row["created_time"],
                "values": _texts(row, source["properties"], with_title=True),
            }
            for row in rows
        ],
    }


def _texts(page: Doc, schema: Schema, *, with_title: bool = False) -> dict[str, str]:
    values = shown(page, schema)
    return {name: _readable(plain(value)) for name, value in values.items() if with_title or value["type"] != "title"}


def _readable(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)
