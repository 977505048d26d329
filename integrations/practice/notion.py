"""Practice Notion: the part of the Notion API (version 2026-03-11) that our connector calls.

A database holds data sources, a data source holds rows, and a row is a page. Shapes, status codes and error
bodies follow developers.notion.com/reference; what the real service refuses is refused here with the same code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.practice import TOKEN, with_body
from integrations.practice.notion_answers import Answers
from integrations.practice.notion_blocks import Block, Invalid, read_blocks, read_rich_text, refuse, walk
from integrations.practice.notion_overview import overview
from integrations.practice.notion_pages import (
    SERVICE,
    child_block,
    comments_on,
    new_page,
    now,
    page_parent,
    row_parent,
    rows_of,
    stamp,
    title_of,
)
from integrations.practice.notion_properties import TITLE_ONLY, Schema, matches, read_values, shown, sort_key
from integrations.practice.notion_sample import seed
from integrations.practice.notion_users import BOT, USERS
from integrations.practice.store import Doc, Store

__all__ = ["overview", "routes", "seed"]

Body = dict[str, Any]

PAGE_LIMIT = 100
"""Results a page."""


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def routes(store: Store, studio_url: str) -> list[BaseRoute]:
    notion = Notion(store, studio_url)
    endpoints: list[tuple[str, str, Callable[[Request, Body], Doc]]] = [
        ("GET", "/v1/users/me", notion.me),
        ("GET", "/v1/users", notion.users),
        ("POST", "/v1/search", notion.search),
        ("GET", "/v1/databases/{id}", notion.database),
        ("PATCH", "/v1/databases/{id}", notion.update_database),
        ("GET", "/v1/data_sources/{id}", notion.data_source),
        ("POST", "/v1/data_sources/{id}/query", notion.query),
        ("POST", "/v1/pages", notion.create_page),
        ("GET", "/v1/pages/{id}", notion.page),
        ("PATCH", "/v1/pages/{id}", notion.update_page),
        ("GET", "/v1/blocks/{id}/children", notion.children),
        ("PATCH", "/v1/blocks/{id}/children", notion.append_children),
        ("GET", "/v1/comments", notion.comments),
        ("POST", "/v1/comments", notion.create_comment),
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
        self.answers = Answers(store, studio_url)

    def me(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/get-self"""
        return next(user for user in USERS if user["id"] == BOT)

    def users(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/get-users"""
        return _page_of(USERS, dict(request.query_params), "user")

    def search(self, request: Request, body: Body) -> Doc:
        """Pages and data sources whose title holds the query, last edited first.

        developers.notion.com/reference/post-search
        """
        asked = body.get("filter") or {}
        wanted = asked.get("value", "")
        if wanted not in ("", "page", "data_source"):
            raise refuse("body.filter.value", "should be `page` or `data_source`")
        words = str(body.get("query", "")).casefold()
        found = [
            (doc["last_edited_time"], show(doc))
            for kind, show in (("page", self.answers.page), ("data_source", self.answers.data_source))
            if wanted in ("", kind)
            for doc in self.store.all(SERVICE, kind)
            if doc["in_trash"] == bool(asked.get("in_trash")) and words in title_of(doc).casefold()
        ]
        ascending = (body.get("sort") or {}).get("direction") == "ascending"
        found.sort(key=lambda pair: pair[0], reverse=not ascending)
        return _page_of([doc for _, doc in found], body)

    def database(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/database-retrieve"""
        return self.answers.database(self._get("database", _id(request)))

    def update_database(self, request: Request, body: Body) -> Doc:
        """Of what can be changed, only the trash: developers.notion.com/reference/database-update"""
        if set(body) != {"in_trash"}:
            raise Invalid("body failed validation: practice Notion knows `in_trash`.")
        with self.store.transaction():
            database = self._get("database", _id(request))
            source = self._get("data_source", database["data_source_id"])
            for kind, doc in (("database", database), ("data_source", source)):
                self.store.put(SERVICE, kind, doc["id"], doc | {"in_trash": body["in_trash"]})
        return self.answers.database(self._get("database", database["id"]))

    def data_source(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/retrieve-a-data-source"""
        return self.answers.data_source(self._get("data_source", _id(request)))

    def query(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/query-a-data-source"""
        source = self._get("data_source", _id(request))
        if source["in_trash"]:
            raise _not_found("data_source", source["id"])
        schema: Schema = source["properties"]
        in_trash = bool(body.get("in_trash"))
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
        return _page_of([self.answers.page(row) for _, row in rows], body)

    def create_page(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/post-page"""
        _ensure_known(body, "parent", "properties", "children", "icon", "cover")
        with self.store.transaction():
            parent, schema = self._parent(body.get("parent"))
            content = read_blocks(body.get("children", []), "body.children")
            values = read_values(body.get("properties", {}), schema)
            page = new_page(parent, values, content, BOT, now())
            page |= {"icon": body.get("icon"), "cover": body.get("cover")}
            self.store.put(SERVICE, "page", page["id"], page)
            if parent["type"] == "page_id":
                self._list_child(parent["page_id"], "child_page", page["id"])
        return self.answers.page(page)

    def page(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/retrieve-a-page"""
        return self.answers.page(self._get("page", _id(request)))

    def update_page(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/patch-page"""
        _ensure_known(body, "properties", "in_trash", "icon", "cover")
        with self.store.transaction():
            page = self._get("page", _id(request))
            in_trash = body.get("in_trash", page["in_trash"])
            if page["in_trash"] and in_trash:
                _ensure_known(body, "in_trash", said=_ARCHIVED)
            page["properties"] |= read_values(body.get("properties", {}), self.answers.schema(page))
            page["in_trash"] = bool(in_trash)
            page |= {key: body[key] for key in ("icon", "cover") if key in body}
            self._save(page)
        return self.answers.page(page)

    def children(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/get-block-children"""
        page, parent = self._block(_id(request))
        content = page["content"] if parent is None else parent["children"]
        owner = self.answers.owner(page, parent)
        found = [self.answers.block(item, page, owner) for item in content if self._is_there(item)]
        return _page_of(found, dict(request.query_params), "block")

    def append_children(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/patch-block-children"""
        _ensure_known(body, "children", "position")
        new = read_blocks(body.get("children"), "body.children")
        with self.store.transaction():
            page, parent = self._block(_id(request))
            if page["in_trash"]:
                raise Invalid(_ARCHIVED)
            content = page["content"] if parent is None else parent["children"]
            stamp(new, BOT, now())
            place = _place(body.get("position") or {"type": "end"}, content)
            content[place:place] = new
            self._save(page)
        owner = self.answers.owner(page, parent)
        return _page_of([self.answers.block(item, page, owner) for item in new], {}, "block")

    def comments(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/list-comments"""
        page = self._get("page", _uuid(request.query_params.get("block_id"), "query.block_id"))
        found = [self.answers.comment(comment) for comment in comments_on(self.store, page["id"])]
        return _page_of(found, dict(request.query_params), "comment")

    def create_comment(self, request: Request, body: Body) -> Doc:
        """developers.notion.com/reference/create-a-comment"""
        _ensure_known(body, "parent", "rich_text")
        parent = body.get("parent")
        if not isinstance(parent, dict) or "page_id" not in parent:
            raise refuse("body.parent.page_id", "should be defined")
        page = self._get("page", _uuid(parent["page_id"], "body.parent.page_id"))
        if page["in_trash"]:
            raise Invalid(_ARCHIVED)
        comment = {
            "id": str(uuid4()),
            "parent": page_parent(page["id"]),
            "discussion_id": str(uuid4()),
            "created_time": now(),
            "created_by": BOT,
            "rich_text": read_rich_text("body.rich_text", body.get("rich_text")),
        }
        self.store.put(SERVICE, "comment", comment["id"], comment)
        return self.answers.comment(comment)

    def _get(self, kind: str, id: str) -> Doc:
        doc = self.store.get(SERVICE, kind, id)
        if doc is None:
            raise _not_found(kind, id)
        return doc

    def _save(self, page: Doc) -> None:
        page |= {"last_edited_time": now(), "edited_by": BOT}
        self.store.put(SERVICE, "page", page["id"], page)

    def _block(self, id: str) -> tuple[Doc, Block | None]:
        """The page that a block is on, and the block; None for the page itself."""
        if page := self.store.get(SERVICE, "page", id):
            return page, None
        for page in self.store.all(SERVICE, "page"):
            for item in walk(page["content"]):
                if item["id"] == id:
                    return page, item
        raise _not_found("block", id)

    def _parent(self, given: object) -> tuple[Doc, Schema]:
        if not isinstance(given, dict):
            raise refuse("body.parent", "should be defined, instead was `undefined`")
        if given.get("page_id"):
            page = self._get("page", _uuid(given["page_id"], "body.parent.page_id"))
            if page["in_trash"]:
                raise Invalid(_ARCHIVED)
            return page_parent(page["id"]), TITLE_ONLY
        if given.get("database_id"):
            database = self._get("database", _uuid(given["database_id"], "body.parent.database_id"))
            source = self._get("data_source", database["data_source_id"])
        elif given.get("data_source_id"):
            source = self._get("data_source", _uuid(given["data_source_id"], "body.parent.data_source_id"))
        else:
            raise refuse("body.parent.page_id or body.parent.data_source_id", "should be defined")
        if source["in_trash"]:
            raise _not_found("data_source", source["id"])
        return row_parent(source), source["properties"]

    def _list_child(self, page_id: str, kind: str, id: str) -> None:
        page = self._get("page", page_id)
        page["content"].append(child_block(kind, id))
        self._save(page)

    def _is_there(self, item: Block) -> bool:
        page = self.store.get(SERVICE, "page", item["id"]) if item["type"] == "child_page" else None
        return page is None or not page["in_trash"]


_ARCHIVED = "Can't edit block that is archived. You must unarchive the block before editing."


def _not_found(kind: str, id: str) -> Refused:
    return Refused(
        404,
        "object_not_found",
        f"Could not find {kind} with ID: {id}. "
        "Make sure the relevant pages and databases are shared with your integration.",
    )


def _ensure_known(body: Body, *names: str, said: str = "") -> None:
    if unknown := sorted(set(body) - set(names)):
        raise Invalid(said) if said else refuse(f"body.{unknown[0]}", "should be not present")


def _place(position: Mapping[str, Any], content: list[Block]) -> int:
    """Where new blocks go among those that are there."""
    match position.get("type"):
        case "start":
            return 0
        case "end":
            return len(content)
        case "after_block":
            after = (position.get("after_block") or {}).get("id")
            places = (number + 1 for number, item in enumerate(content) if item["id"] == after)
            if place := next(places, None):
                return place
            raise _not_found("block", str(after))
        case _:
            raise refuse("body.position.type", "should be `start`, `end` or `after_block`")


def _id(request: Request) -> str:
    return _uuid(request.path_params["id"], "path.id")


def _uuid(text: object, where: str) -> str:
    try:
        return str(UUID(str(text)))
    except ValueError:
        raise Invalid(f'{where} failed validation: it should be a valid uuid, instead was `"{text}"`.') from None


def _page_of(items: list[Doc], asked: Mapping[str, Any], kind: str = "page_or_data_source") -> Doc:
    """One page of a list. The cursor is the id of the first item of the next one."""
    size = str(asked.get("page_size") or PAGE_LIMIT)
    if not size.isdigit() or not 1 <= int(size) <= PAGE_LIMIT:
        raise refuse("body.page_size", f"should be ≤ `{PAGE_LIMIT}`, instead was `{size}`")
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
