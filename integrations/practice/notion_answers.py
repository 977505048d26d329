"""How practice Notion shows its pages, blocks, databases and comments.

Sources: developers.notion.com/reference/page, /block, /data-source, /database, /comment-object and /user
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.practice.notion_blocks import Block
from integrations.practice.notion_pages import SERVICE, child_title, link, page_parent, title_of
from integrations.practice.notion_properties import TITLE_ONLY, Schema, shown
from integrations.practice.store import Doc, Store


class Answers:
    """Documents of the store as the API shows them. Links lead to the studio."""

    def __init__(self, store: Store, studio_url: str) -> None:
        self.store = store
        self.studio_url = studio_url

    def schema(self, page: Mapping[str, Any]) -> Schema:
        source = self.store.get(SERVICE, "data_source", page["parent"].get("data_source_id", ""))
        return source["properties"] if source else TITLE_ONLY

    def page(self, page: Doc) -> Doc:
        return {
            "object": "page",
            "id": page["id"],
            **_written(page),
            "in_trash": page["in_trash"],
            "is_archived": False,
            "is_locked": False,
            "icon": page["icon"],
            "cover": page["cover"],
            "parent": page["parent"],
            "properties": shown(page, self.schema(page)),
            "url": f"{self.studio_url}{link('page', page['id'])}",
            "public_url": None,
        }

    def block(self, item: Block, page: Doc, owner: Doc) -> Doc:
        kind = item["type"]
        content = item[kind]
        written = _written({**page, **item})
        if kind == "child_page":
            content = {"title": child_title(self.store, item)}
            written = _written(self.store.get(SERVICE, "page", item["id"]) or page)
        return {
            "object": "block",
            "id": item["id"],
            "parent": owner,
            **written,
            "has_children": bool(item["children"]) or kind == "child_page",
            "in_trash": False,
            "type": kind,
            kind: content,
        }

    def owner(self, page: Doc, parent: Block | None) -> Doc:
        return {"type": "block_id", "block_id": parent["id"]} if parent else page_parent(page["id"])

    def data_source(self, source: Doc) -> Doc:
        database = self.store.get(SERVICE, "database", source["database_id"]) or {}
        return {
            "object": "data_source",
            "id": source["id"],
            **_written(source),
            "title": source["title"],
            "description": [],
            "parent": {"type": "database_id", "database_id": database["id"]},
            "database_parent": database["parent"],
            "is_inline": False,
            "in_trash": source["in_trash"],
            "properties": source["properties"],
            "icon": None,
            "cover": None,
            "url": f"{self.studio_url}{link('database', database['id'])}",
            "public_url": None,
        }

    def database(self, database: Doc) -> Doc:
        source = self.store.get(SERVICE, "data_source", database["data_source_id"]) or {}
        return {
            "object": "database",
            "id": database["id"],
            **_written(database),
            "title": database["title"],
            "description": database["description"],
            "parent": database["parent"],
            "is_inline": False,
            "in_trash": database["in_trash"],
            "is_locked": False,
            "data_sources": [{"id": source["id"], "name": title_of(source)}],
            "icon": None,
            "cover": None,
            "url": f"{self.studio_url}{link('database', database['id'])}",
            "public_url": None,
        }

    def comment(self, comment: Doc) -> Doc:
        return {
            "object": "comment",
            "id": comment["id"],
            "parent": comment["parent"],
            "discussion_id": comment["discussion_id"],
            "created_time": comment["created_time"],
            "last_edited_time": comment["created_time"],
            "created_by": {"object": "user", "id": comment["created_by"]},
            "rich_text": comment["rich_text"],
            "display_name": {"type": "integration", "resolved_name": "Patchbay practice"},
        }


def _written(doc: Mapping[str, Any]) -> Doc:
    by = {"object": "user", "id": doc["created_by"]}
    return {
        "created_time": doc["created_time"],
        "last_edited_time": doc["last_edited_time"],
        "created_by": by,
        "last_edited_by": {"object": "user", "id": doc.get("edited_by", doc["created_by"])},
    }
