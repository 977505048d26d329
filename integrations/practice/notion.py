"""Practice Notion: the part of the Notion API (version 2025-09-03) that our connector calls.

A database holds data sources, a data source holds rows, and a row is a page. Shapes, status codes and error
bodies follow developers.notion.com/reference; what the real service refuses is refused here with the same code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.practice import TOKEN, with_body
from integrations.practice.notion_blocks import BLOCK_TYPES, Block, block, blocks, markdown_of, walk
from integrations.practice.notion_overview import overview
from integrations.practice.notion_pages import (
    SERVICE,
    child_block,
    child_title,
    link,
    new_page,
    now,
    page_parent,
    row_parent,
    rows_of,
    stamp,
    title_of,
)
from integrations.practice.notion_properties import (
    TITLE_ONLY,
    Invalid,
    Schema,
    matches,
    read_rich_text,
    read_values,
    shown,
    sort_key,
)
from integrations.practice.notion_sample import seed
from integrations.practice.store import Doc, Store

__all__ = ["overview", "routes", "seed"]

Body = dict[str, Any]

BOT = str(uuid5(NAMESPACE_URL, "patchbay practice notion bot"))
PAGE_LIMIT = 100  # results a page, and blocks a request


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def routes(store: Store, studio_url: str) -> list[BaseRoute]:
    notion = Notion(store, studio_url)
    endpoints: list[tuple[str, str, Callable[[Request, Body], Doc]]] = [
        ("GET", "/v1/users/me", notion.me),
        ("POST", "/v1/search", notion.search),
        ("GET", "/v1/databases/{id}", notion.database),
        ("GET", "/v1/data_sources/{id}", notion.data_source),
        ("POST", "/v1/data_sources/{id}/query", notion.query),
        ("POST", "/v1/pages", notion.create_page),
        ("GET", "/v1/pages/{id}", notion.page),
        ("PATCH", "/v1/pages/{id}", notion.update_page),
        ("GET", "/v1/pages/{id}/markdown", notion.page_markdown),
        ("PATCH", "/v1/pages/{id}/markdown", notion.insert_markdown),
        ("GET", "/v1/blocks/{id}/children", notion.children),
        ("PATCH", "/v1/blocks/{id}/children", notion.append_children),
    ]
    known = [Route(path, with_body(partial(_answer, handle)), methods=[method]) for method, path, handle in endpoints]
    every = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    return [*known, Route("/{path:path}", with_body(partial(_answer, _no_such_url)), methods=every)]


def _answer(handle: Callable[[Request, Body], Doc], request: Request, raw: bytes) -> Response:
    try:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "unauthorized", "API token is invalid.")
        if "notion-version" not in request.headers:
            raise Refused(
                400,
                "missing_version",
                "Notion-Version header failed validation: Notion-Version header should be defined, "
                "instead was `undefined`.",
            )
        return JSONResponse(handle(request, _parsed(raw)))
    except Invalid as error:
        return _refusal(400, "validation_error", str(error))
    except Refused as error:
        return _refusal(error.status, error.code, str(error))


def _parsed(raw: bytes) -> Body:
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise Refused(400, "invalid_json", "Error parsing JSON body.") from None
    if not isinstance(body, dict):
        raise Invalid("body failed validation: body should be an object.")
    return body


def _refusal(status: int, code: str, message: str) -> Response:
    body = {
        "object": "error",
        "status": status,
        "code": code,
        "message": message,
        "request_id": str(uuid4()),
    }
    return JSONResponse(body, status)


def _no_such_url(request: Request, body: Body) -> Doc:
    raise Refused(400, "invalid_request_url", "Invalid request URL.")


class Notion:
    """The endpoints. Each takes the request and its JSON body, and gives the JSON of the answer."""

    def __init__(self, store: Store, studio_url: str) -> None:
        self.store = store
        self.studio_url = studio_url

    def me(self, request: Request, body: Body) -> Doc:
        return {
            "object": "user",
            "id": BOT,
            "name": "Patchbay practice",
            "avatar_url": None,
            "type": "bot",
            "bot": {
                "owner": {"type": "workspace", "workspace": True},
                "workspace_name": "Practice workspace",
            },
        }

    def search(self, request: Request, body: Body) -> Doc:
        """Pages and data sources whose title holds the query, last edited first."""
        wanted = (body.get("filter") or {}).get("value", "")
        if wanted not in ("", "page", "data_source"):
            raise Invalid("body failed validation: body.filter.value should be `page` or `data_source`.")
        words = str(body.get("query", "")).casefold()
        found = [
            (doc["last_edited_time"], show(doc))
            for kind, show in (("page", self._show_page), ("data_source", self._show_data_source))
            if wanted in ("", kind)
            for doc in self.store.all(SERVICE, kind)
            if not doc["in_trash"] and words in title_of(doc).casefold()
        ]
        ascending = (body.get("sort") or {}).get("direction") == "ascending"
        found.sort(key=lambda pair: pair[0], reverse=not ascending)
        return _page_of([doc for _, doc in found], body)

    def database(self, request: Request, body: Body) -> Doc:
        return self._show_database(self._get("database", _id(request)))

    def data_source(self, request: Request, body: Body) -> Doc:
        return self._show_data_source(self._get("data_source", _id(request)))

    def query(self, request: Request, body: Body) -> Doc:
        source = self._get("data_source", _id(request))
        schema: Schema = source["properties"]
        in_trash = bool(body.get("in_trash") or body.get("archived"))
        rows = [(shown(row, schema), row) for row in rows_of(self.store, source["id"]) if row["in_trash"] == in_trash]
        if body.get("filter") is not None:
            rows = [(values, row) for values, row in rows if matches(body["filter"], values, row)]
        rows.reverse()
        for sort in reversed(body.get("sorts") or []):
            key, descending = sort_key(sort, schema)
            keyed = [(key(values, row), (values, row)) for values, row in rows]
            some = [pair for pair in keyed if pair[0] is not None]
            some.sort(key=lambda pair: pair[0], reverse=descending)
            rows = [pair for _, pair in some] + [pair for value, pair in keyed if value is None]
        return _page_of([self._show_page(row) for _, row in rows], body)

    def create_page(self, request: Request, body: Body) -> Doc:
        if "markdown" in body and ("children" in body or "content" in body):
            raise Invalid("body failed validation: `markdown` cannot be given together with `children`.")
        with self.store.transaction():
            parent, schema = self._parent(body.get("parent"))
            content = _read_blocks(body.get("children", body.get("content", [])), "body.children")
            if "markdown" in body:
                content = blocks(_text(body["markdown"], "body.markdown"))
            values = read_values(body.get("properties", {}), schema)
            page = new_page(parent, values, content, BOT, now())
            page |= {"icon": body.get("icon"), "cover": body.get("cover")}
            self.store.put(SERVICE, "page", page["id"], page)
            if parent["type"] == "page_id":
                self._list_child(parent["page_id"], "child_page", page["id"])
        return self._show_page(page)

    def page(self, request: Request, body: Body) -> Doc:
        return self._show_page(self._get("page", _id(request)))

    def update_page(self, request: Request, body: Body) -> Doc:
        with self.store.transaction():
            page = self._get("page", _id(request))
            page["properties"] |= read_values(body.get("properties", {}), self._schema(page))
            page["in_trash"] = bool(body.get("in_trash", body.get("archived", page["in_trash"])))
            page |= {key: body[key] for key in ("icon", "cover") if key in body}
            self._save(page)
        return self._show_page(page)

    def page_markdown(self, request: Request, body: Body) -> Doc:
        return self._show_markdown(self._get("page", _id(request)))

    def insert_markdown(self, request: Request, body: Body) -> Doc:
        """Of the ways to update a page's markdown, `insert_content` at its start or end."""
        insert = body.get("insert_content")
        if body.get("type") != "insert_content" or not isinstance(insert, dict) or "after" in insert:
            raise Invalid("body failed validation: practice Notion knows `insert_content` at start or end.")
        new = blocks(_text(insert.get("content"), "body.insert_content.content"))
        with self.store.transaction():
            page = self._get("page", _id(request))
            stamp(new, BOT, now())
            at_start = (insert.get("position") or {}).get("type") == "start"
            page["content"] = new + page["content"] if at_start else page["content"] + new
            self._save(page)
        return self._show_markdown(page)

    def children(self, request: Request, body: Body) -> Doc:
        page, parent = self._block(_id(request))
        content = page["content"] if parent is None else parent["children"]
        owner = {"type": "block_id", "block_id": parent["id"]} if parent else page_parent(page["id"])
        found = [self._show_block(item, page, owner) for item in content if self._is_there(item)]
        asked = dict(request.query_params)
        return _page_of(found, asked, "block")

    def append_children(self, request: Request, body: Body) -> Doc:
        new = _read_blocks(body.get("children"), "body.children")
        with self.store.transaction():
            page, parent = self._block(_id(request))
            content = page["content"] if parent is None else parent["children"]
            stamp(new, BOT, now())
            content.extend(new)
            self._save(page)
        owner = {"type": "block_id", "block_id": parent["id"]} if parent else page_parent(page["id"])
        return _page_of([self._show_block(item, page, owner) for item in new], {}, "block")

    def _get(self, kind: str, id: str) -> Doc:
        doc = self.store.get(SERVICE, kind, id)
        if doc is None:
            raise Refused(
                404,
                "object_not_found",
                f"Could not find {kind} with ID: {id}. "
                "Make sure the relevant pages and databases are shared with your integration.",
            )
        return doc

    def _save(self, page: Doc) -> None:
        page["last_edited_time"] = now()
        self.store.put(SERVICE, "page", page["id"], page)

    def _block(self, id: str) -> tuple[Doc, Block | None]:
        """The page that a block is on, and the block; None for the page itself."""
        if page := self.store.get(SERVICE, "page", id):
            return page, None
        for page in self.store.all(SERVICE, "page"):
            for item in walk(page["content"]):
                if item["id"] == id:
                    return page, item
        raise Refused(404, "object_not_found", f"Could not find block with ID: {id}.")

    def _parent(self, given: object) -> tuple[Doc, Schema]:
        if not isinstance(given, dict):
            raise Invalid("body failed validation: body.parent should be defined, instead was `undefined`.")
        if given.get("page_id"):
            id = _uuid(given["page_id"], "body.parent.page_id")
            self._get("page", id)
            return page_parent(id), TITLE_ONLY
        if given.get("database_id"):
            database = self._get("database", _uuid(given["database_id"], "body.parent.database_id"))
            source = self._get("data_source", database["data_source_id"])
        elif given.get("data_source_id"):
            source = self._get("data_source", _uuid(given["data_source_id"], "body.parent.data_source_id"))
        else:
            raise Invalid(
                "body failed validation: body.parent.page_id or body.parent.data_source_id should be defined."
            )
        return row_parent(source), source["properties"]

    def _list_child(self, page_id: str, kind: str, id: str) -> None:
        page = self._get("page", page_id)
        page["content"].append(child_block(kind, id))
        self._save(page)

    def _schema(self, page: Doc) -> Schema:
        if page["parent"]["type"] != "data_source_id":
            return TITLE_ONLY
        return self._get("data_source", page["parent"]["data_source_id"])["properties"]

    def _is_there(self, item: Block) -> bool:
        page = self.store.get(SERVICE, "page", item["id"]) if item["type"] == "child_page" else None
        return page is None or not page["in_trash"]

    def _show_page(self, page: Doc) -> Doc:
        return {
            "object": "page",
            "id": page["id"],
            **_written(page),
            "in_trash": page["in_trash"],
            "archived": page["in_trash"],
            "is_archived": page["in_trash"],
            "is_locked": False,
            "icon": page["icon"],
            "cover": page["cover"],
            "parent": page["parent"],
            "properties": shown(page, self._schema(page)),
            "url": f"{self.studio_url}{link('page', page['id'])}",
            "public_url": None,
        }

    def _show_markdown(self, page: Doc) -> Doc:
        def child(item: Block) -> str:
            tag = item["type"].removeprefix("child_")
            url = f"{self.studio_url}{link(tag, item['id'])}"
            return f'<{tag} url="{url}">{child_title(self.store, item)}</{tag}>'

        return {
            "object": "page_markdown",
            "id": page["id"],
            "markdown": markdown_of(page["content"], child),
            "truncated": False,
            "unknown_block_ids": [],
        }

    def _show_block(self, item: Block, page: Doc, owner: Doc) -> Doc:
        kind = item["type"]
        content = item[kind]
        written = _written({**page, **item})
        if kind == "child_page":
            child = self._get("page", item["id"])
            content = {"title": title_of(child)}
            written = _written(child)
        return {
            "object": "block",
            "id": item["id"],
            "parent": owner,
            **written,
            "has_children": bool(item["children"]) or kind == "child_page",
            "in_trash": False,
            "archived": False,
            "type": kind,
            kind: content,
        }

    def _show_data_source(self, source: Doc) -> Doc:
        database = self._get("database", source["database_id"])
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
            "archived": source["in_trash"],
            "properties": source["properties"],
            "icon": None,
            "cover": None,
            "url": f"{self.studio_url}{link('database', database['id'])}",
            "public_url": None,
        }

    def _show_database(self, database: Doc) -> Doc:
        source = self._get("data_source", database["data_source_id"])
        return {
            "object": "database",
            "id": database["id"],
            **_written(database),
            "title": database["title"],
            "description": database["description"],
            "parent": database["parent"],
            "is_inline": False,
            "in_trash": False,
            "archived": False,
            "is_locked": False,
            "data_sources": [{"id": source["id"], "name": title_of(source)}],
            "icon": None,
            "cover": None,
            "url": f"{self.studio_url}{link('database', database['id'])}",
            "public_url": None,
        }


def _id(request: Request) -> str:
    return _uuid(request.path_params["id"], "path.id")


def _uuid(text: object, where: str) -> str:
    try:
        return str(UUID(str(text)))
    except ValueError:
        raise Invalid(f'{where} failed validation: it should be a valid uuid, instead was `"{text}"`.') from None


def _text(given: object, where: str) -> str:
    if not isinstance(given, str):
        raise Invalid(f"body failed validation: {where} should be a string, instead was `{given!r}`.")
    return given


def _written(doc: Mapping[str, Any]) -> Doc:
    by = {"object": "user", "id": doc["created_by"]}
    return {
        "created_time": doc["created_time"],
        "last_edited_time": doc["last_edited_time"],
        "created_by": by,
        "last_edited_by": by,
    }


def _read_blocks(given: object, where: str) -> list[Block]:
    """Blocks as a request gives them. Raises `Invalid`."""
    if not isinstance(given, list):
        raise Invalid(f"body failed validation: {where} should be an array, instead was `{given!r}`.")
    if len(given) > PAGE_LIMIT:
        raise Invalid(f"body failed validation: {where}.length should be ≤ `{PAGE_LIMIT}`, instead was `{len(given)}`.")
    return [_read_block(item, f"{where}[{number}]") for number, item in enumerate(given)]


def _read_block(given: object, where: str) -> Block:
    kind = next((key for key in given if key in BLOCK_TYPES), None) if isinstance(given, dict) else None
    if kind is None or not isinstance(given, dict) or not isinstance(given[kind], dict):
        raise Invalid(f"body failed validation: {where} should be a block of a known type.")
    content = dict(given[kind])
    children = _read_blocks(content.pop("children", []), f"{where}.{kind}.children")
    if kind != "divider":
        content["rich_text"] = read_rich_text(f"{where}.{kind}.rich_text", content.get("rich_text"))
        defaults = {"code": {"language": "plain text", "caption": []}, "to_do": {"checked": False}}
        content = {"color": "default", **defaults.get(kind, {}), **content}
    return {**block(kind, **content), "children": children}


def _page_of(items: list[Doc], asked: Mapping[str, Any], kind: str = "page_or_data_source") -> Doc:
    """One page of a list. The cursor is the id of the first item of the next one."""
    size = str(asked.get("page_size") or PAGE_LIMIT)
    if not size.isdigit() or not 1 <= int(size) <= PAGE_LIMIT:
        raise Invalid(f"body failed validation: body.page_size should be ≤ `{PAGE_LIMIT}`, instead was `{size}`.")
    ids = [item["id"] for item in items]
    cursor = asked.get("start_cursor")
    if cursor and cursor not in ids:
        raise Invalid("The start_cursor provided is invalid: " + str(cursor))
    start = ids.index(cursor) if cursor else 0
    end = start + int(size)
    return {
        "object": "list",
        "type": kind,
        kind: {},
        "results": items[start:end],
        "has_more": end < len(items),
        "next_cursor": ids[end] if end < len(items) else None,
        "request_id": str(uuid4()),
    }
