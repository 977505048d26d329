"""What practice Notion keeps: pages with their blocks, and where they hang."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from integrations.practice.notion_blocks import Block, block, plain_text, walk
from integrations.practice.notion_properties import plain
from integrations.practice.store import Doc, Store

SERVICE = "notion"


def now() -> str:
    return timestamp(datetime.now(UTC))


def timestamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def link(kind: str, id: str) -> str:
    return f"/practice?{kind}={id}"


def page_parent(id: str) -> Doc:
    return {"type": "page_id", "page_id": id}


def row_parent(source: Doc) -> Doc:
    return {
        "type": "data_source_id",
        "data_source_id": source["id"],
        "database_id": source["database_id"],
    }


def child_block(kind: str, id: str) -> Block:
    return {**block(kind), "id": id}


def stamp(content: list[Block], author: str, at: str) -> None:
    for item in walk(content):
        item |= {"created_time": at, "last_edited_time": at, "created_by": author}


def new_page(parent: Doc, values: Doc, content: list[Block], author: str, at: str) -> Doc:
    stamp(content, author, at)
    return {
        "id": str(uuid4()),
        "parent": parent,
        "properties": values,
        "content": content,
        "in_trash": False,
        "icon": None,
        "cover": None,
        "created_by": author,
        "created_time": at,
        "last_edited_time": at,
    }


def title_of(doc: Doc) -> str:
    if "title" in doc:
        return plain_text(doc["title"])
    titles = (plain(value) for value in doc["properties"].values() if value["type"] == "title")
    return next(titles, "")


def child_title(store: Store, item: Block) -> str:
    doc = store.get(SERVICE, item["type"].removeprefix("child_"), item["id"])
    return title_of(doc) if doc else ""


def rows_of(store: Store, source_id: str) -> list[Doc]:
    return [page for page in store.all(SERVICE, "page") if page["parent"].get("data_source_id") == source_id]


def comments_on(store: Store, page_id: str) -> list[Doc]:
    """Oldest first."""
    return [comment for comment in store.all(SERVICE, "comment") if comment["parent"].get("page_id") == page_id]
