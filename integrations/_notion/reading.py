"""What is read of Notion: pages, rows of databases, and the lists to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations._notion.connection import listed, talking
from integrations._notion.connector import NotionAccount, notion
from integrations._notion.content import (
    read,
)
from integrations._notion.models import (
    Found,
    PageText,
    QueryDataSource,
    ReadPage,
    Row,
    Rows,
    Search,
    SearchResult,
)
from integrations._notion.places import LOOK_AT, Place, place, title_of
from integrations._notion.properties import plain
from integrations._notion.to_markdown import markdown_of
from orchestrator.actions import Call


@notion.action("Search", effect="read", result=SearchResult)
def search(p: Search, account: NotionAccount, call: Call) -> SearchResult:
    asked: dict[str, Any] = {"query": p.query} if p.query else {}
    if p.kind != "any":
        asked["filter"] = {"property": "object", "value": p.kind}
    newest = {"timestamp": "last_edited_time", "direction": "descending"}
    with talking(account, call.timeout) as client:
        listing = listed(client.search, p.limit, sort=newest, **asked)
        found = [
            Found(
                id=item["id"],
                kind=item["object"],
                title=title_of(item),
                url=item["url"],
                edited=item["last_edited_time"],
            )
            for item in listing.items
        ]
        return SearchResult(found=found, more=listing.more)


@notion.action("Read a page", effect="read", result=PageText)
def read_page(p: ReadPage, account: NotionAccount, call: Call) -> PageText:
    with talking(account, call.timeout) as client:
        found = place(client, p.page, "page")
        reading = read(client, found.id)
        left_out: list[str] = []
        markdown = markdown_of(reading.blocks, lambda id: _link(found, id), left_out)
        row = _row(client.pages.retrieve(found.id))
    if reading.cut:
        call.log(f"The page '{found.title}' is longer than what was read of it.")
    return PageText(
        **row.model_dump(), markdown=markdown, truncated=reading.cut, left_out=list(dict.fromkeys(left_out))
    )


@notion.action("Read rows of a database", effect="read", result=Rows)
def query_data_source(p: QueryDataSource, account: NotionAccount, call: Call) -> Rows:
    sorts = p.sort or [{"timestamp": "created_time", "direction": "descending"}]
    asked: dict[str, Any] = {"sorts": sorts} if p.filter is None else {"sorts": sorts, "filter": p.filter}
    with talking(account, call.timeout) as client:
        source = place(client, p.data_source, "data_source")
        listing = listed(client.data_sources.query, p.limit, data_source_id=source.id, result_type="page", **asked)
        return Rows(rows=[_row(page) for page in listing.items], more=listing.more)


@notion.picker("databases")
def databases(account: NotionAccount) -> list[tuple[str, str]]:
    with talking(account) as client:
        listing = listed(client.search, LOOK_AT, filter={"property": "object", "value": "data_source"})
        return [(source["id"], title_of(source)) for source in listing.items]


@notion.picker("pages")
def pages(account: NotionAccount) -> list[tuple[str, str]]:
    """Pages, but no rows of databases: there can be thousands, and they are found by title or link."""
    with talking(account) as client:
        listing = listed(client.search, LOOK_AT, filter={"property": "object", "value": "page"})
        return [(page["id"], title_of(page)) for page in listing.items if page["parent"]["type"] != "data_source_id"]


def _row(page: Mapping[str, Any]) -> Row:
    properties = {name: plain(value) for name, value in page["properties"].items()}
    return Row(id=page["id"], title=title_of(page), url=page["url"], properties=properties)


def _link(page: Place, id: str) -> str:
    """The link of another page of the same workspace, by its id."""
    if page.id in page.url:
        return page.url.replace(page.id, id)
    return f"https://www.notion.so/{id.replace('-', '')}"
