"""The sample of practice Notion: the workspace of a small team.

Times are counted back from now, so that it never looks old.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from integrations.practice.notion_blocks import blocks, text_object
from integrations.practice.notion_pages import (
    SERVICE,
    child_block,
    new_page,
    page_parent,
    row_parent,
    timestamp,
)
from integrations.practice.notion_properties import TITLE_ONLY, Schema, read_values, schema_of
from integrations.practice.notion_users import PERSON
from integrations.practice.store import Doc, Store

SAMPLE = Path(__file__).parent / "seed" / "notion.json"


def seed(store: Store) -> None:
    """A team's workspace. Times are counted back from now, so that the sample never looks old."""
    sample = json.loads(SAMPLE.read_text("utf-8"))
    now = datetime.now(UTC)
    for given in sample["pages"]:
        _seed_page(store, given, {"type": "workspace", "workspace": True}, TITLE_ONLY, now)
    for given in sample["databases"]:
        _seed_database(store, given, now)


def _seed_page(store: Store, given: Doc, parent: Doc, schema: Schema, now: datetime) -> None:
    made = timestamp(now - timedelta(days=given["days_ago"]))
    title = next(name for name, column in schema.items() if column["type"] == "title")
    values = {title: {"title": [{"text": {"content": given["title"]}}]}}
    for name, value in given.get("properties", {}).items():
        values[name] = {schema[name]["type"]: _seed_value(schema[name]["type"], value, now)}
    content = blocks("\n\n".join(given.get("markdown", [])))
    page = new_page(parent, read_values(values, schema), content, PERSON, made)
    page["id"] = str(uuid5(NAMESPACE_URL, f"patchbay practice notion page {given['title']}"))
    if icon := given.get("icon"):
        page["icon"] = {"type": "emoji", "emoji": icon}
    for child in given.get("pages", []):
        _seed_page(store, child, page_parent(page["id"]), TITLE_ONLY, now)
        child_id = str(uuid5(NAMESPACE_URL, f"patchbay practice notion page {child['title']}"))
        page["content"].append(child_block("child_page", child_id))
    store.put(SERVICE, "page", page["id"], page)


def _seed_database(store: Store, given: Doc, now: datetime) -> None:
    made = timestamp(now - timedelta(days=given["days_ago"]))
    written = {"created_time": made, "last_edited_time": made, "created_by": PERSON, "in_trash": False}
    id = str(uuid5(NAMESPACE_URL, f"patchbay practice notion database {given['title']}"))
    source_id = str(uuid5(NAMESPACE_URL, f"patchbay practice notion data source {given['title']}"))
    schema = schema_of(given["columns"])
    database = {
        "id": id,
        "title": [text_object(given["title"])],
        "description": [text_object(given["description"])],
        "parent": {"type": "workspace", "workspace": True},
        "data_source_id": source_id,
        **written,
    }
    source = {"id": source_id, "database_id": id, "title": database["title"], "properties": schema, **written}
    store.put(SERVICE, "database", id, database)
    store.put(SERVICE, "data_source", source_id, source)
    for row in given["rows"]:
        _seed_page(store, row, row_parent(source), schema, now)


def _seed_value(kind: str, value: Any, now: datetime) -> Any:
    """A value as a request gives it. A date is a number of days from now."""
    if kind == "rich_text":
        return [{"text": {"content": value}}]
    if kind in ("select", "status"):
        return {"name": value}
    if kind == "multi_select":
        return [{"name": name} for name in value]
    if kind == "date":
        return {"start": (now + timedelta(days=value)).date().isoformat()}
    return value
