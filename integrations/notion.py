"""Notion: search, read rows, make pages and add to them.

Source: developers.notion.com/reference, API version 2025-09-03, through notion-client. Page content goes out as
Notion's own markdown.

Notion has no client token that would keep a write single. So each write ends in one small grey line, "Made by
Patchbay · 3f9a…", whose last word is a hash of the effect's key. It goes out in the same request as the content, so
neither is ever there without the other; it survives edits to the title or the text above it; it tells a reader where
the page came from. It is looked up where it must be, in the rows of the data source or on the parent page, not in
Notion's search index, which lags behind.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from orchestrator.actions import (
    Account,
    AccountError,
    Call,
    Connector,
    EffectUnknown,
    Params,
    Plan,
    RateLimited,
    Result,
    SecretStr,
    ServiceError,
    Unavailable,
    field,
    placeholder,
)

if TYPE_CHECKING:
    from notion_client import Client

PAGE_SIZE = 100
TEXT_LIMIT = 2000
"""Characters that one rich text object may hold."""
LOOK_BACK = timedelta(days=30)
LOOK_AT = 1000
"""How far `find` goes back: what is older than this is not of a run that can still go on."""

_SHARE = "Share it with the integration: in Notion, open the page or database, then ··· and Connections."
_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)


class NotionAccount(Account):
    token: SecretStr = field("Integration token", description="From notion.so/profile/integrations.")
    base_url: str = field(
        "Address of the API", default="https://api.notion.com", expert=True, pattern=r"^https?://[^/\s]+\S*$"
    )


notion = Connector(
    "notion",
    title="Notion",
    icon=":material/article:",
    description="Pages and databases of a Notion workspace.",
    account=NotionAccount,
    practice={"base_url": "{practice}/notion", "token": "practice"},
)


class Found(Result):
    id: str = field("Id")
    kind: Literal["page", "data_source"] = field("Kind")
    title: str = field("Title")
    url: str = field("Link")
    edited: str = field("Last edited", description="UTC, as 2026-11-21T09:30:00.000Z.")


class SearchResult(Result):
    found: list[Found] = field("Found", description="Last edited first.")


class Row(Result):
    id: str = field("Id")
    title: str = field("Title")
    url: str = field("Link")
    properties: dict[str, Any] = field("Properties", description="Plain values by column.")


class Rows(Result):
    rows: list[Row] = field("Rows")


class Page(Result):
    id: str = field("Id")
    title: str = field("Title")
    url: str = field("Link")


class Search(Params):
    """Find pages and databases whose title holds some words."""

    query: str = field("Words in the title", default="", description="Empty finds everything.")
    kind: Literal["any", "page", "data_source"] = field("What to find", default="any")
    limit: int = field("At most", default=20, ge=1, le=500)


class QueryDataSource(Params):
    """Read rows of a database, filtered and sorted."""

    data_source: str = field("Database", picker="notion.databases", description="Its title, its link or its id.")
    filter: dict[str, Any] | None = field(
        "Filter",
        default=None,
        widget="json",
        description="As in Notion's API.",
        examples=[{"property": "Status", "status": {"does_not_equal": "Done"}}],
    )
    sort: list[dict[str, Any]] = field(
        "Sort",
        default=[],
        widget="json",
        description="As in Notion's API. Newest first when empty.",
        examples=[[{"property": "Due", "direction": "ascending"}]],
    )
    limit: int = field("At most", default=50, ge=1, le=1000)


class CreatePage(Params):
    """Make a page: a row of a database, or a page inside a page."""

    parent: str = field(
        "Where",
        picker="notion.databases",
        description="Title, link or id of a database or page.",
        examples=["Inbox summaries"],
        min_length=1,
    )
    title: str = field("Title", min_length=1, max_length=TEXT_LIMIT)
    markdown: str = field("Content", default="", widget="markdown")
    properties: dict[str, Any] = field(
        "Properties",
        default={},
        widget="json",
        description="Values by column, for a row of a database.",
        examples=[{"Status": "Done", "Due": "2026-12-01", "Tags": ["mail"]}],
    )


class Append(Params):
    """Add content at the end of a page."""

    page: str = field("Page", picker="notion.pages", description="Its title, its link or its id.", min_length=1)
    markdown: str = field("Content", widget="markdown", min_length=1)


@notion.action("Search", effect="read", result=SearchResult)
def search(p: Search, account: NotionAccount, call: Call) -> SearchResult:
    with _talking(account) as client:
        found = _searched(client, p.query, None if p.kind == "any" else p.kind, p.limit)
    return SearchResult(found=found)


@notion.action("Read rows of a database", effect="read", result=Rows)
def query_data_source(p: QueryDataSource, account: NotionAccount, call: Call) -> Rows:
    sorts = p.sort or [{"timestamp": "created_time", "direction": "descending"}]
    asked: dict[str, Any] = {"sorts": sorts} if p.filter is None else {"sorts": sorts, "filter": p.filter}
    with _talking(account) as client:
        place = _place(client, p.data_source, pages=False)
        rows = _listed(client.data_sources.query, p.limit, data_source_id=place.id, **asked)
        return Rows(rows=[_row(page) for page in rows])


@notion.action("Create a page", effect="write", result=Page)
def create_page(p: CreatePage, account: NotionAccount, call: Call) -> Page:
    with _talking(account) as client:
        place = _place(client, p.parent)
        properties = {**_typed(p.properties, place), place.title_property: {"title": _rich_text(p.title)}}
        call.sending()
        page = client.pages.create(
            parent=place.parent, properties=properties, markdown=_marked(p.markdown, _mark(call.key))
        )
        call.log(f"Made the page '{p.title}' in '{place.title}'.")
        return _page(page)


@create_page.preview
def _(p: CreatePage, account: NotionAccount) -> Plan:
    return Plan(
        summary=f"Create the page '{p.title}' in '{p.parent}'.",
        request={
            "parent": p.parent,
            "title": p.title,
            "properties": p.properties,
            "markdown": _marked(p.markdown, placeholder("mark")),
        },
        result=Page(id=placeholder("page id"), title=p.title, url=placeholder("page link")),
    )


@create_page.find
def _(p: CreatePage, account: NotionAccount, call: Call) -> Page | None:
    mark = _mark(call.key)
    with _talking(account) as client:
        place = _place(client, p.parent)
        children = _rows_made(client, place) if place.kind == "data_source" else _pages_made(client, place)
        for child in children:
            # Reading each page would take minutes in a busy place: one that bears another title and was never
            # edited cannot be ours.
            if child.title.strip() == p.title.strip() or child.was_edited:
                content = client.pages.retrieve_markdown(child.id)["markdown"]
                if mark in content:
                    return _page(client.pages.retrieve(child.id))
    return None


@notion.action("Add to a page", effect="write", result=Page)
def append(p: Append, account: NotionAccount, call: Call) -> Page:
    with _talking(account) as client:
        place = _place(client, p.page, data_sources=False)
        content = {"content": _marked(p.markdown, _mark(call.key)), "position": {"type": "end"}}
        call.sending()
        client.pages.update_markdown(place.id, type="insert_content", insert_content=content)
        call.log(f"Added to the page '{place.title}'.")
        return Page(id=place.id, title=place.title, url=place.url)


@append.preview
def _(p: Append, account: NotionAccount) -> Plan:
    return Plan(
        summary=f"Add to the page '{p.page}'.",
        request={"page": p.page, "markdown": _marked(p.markdown, placeholder("mark"))},
        result=Page(id=placeholder("page id"), title=placeholder("title"), url=placeholder("page link")),
    )


@append.find
def _(p: Append, account: NotionAccount, call: Call) -> Page | None:
    with _talking(account) as client:
        place = _place(client, p.page, data_sources=False)
        content = client.pages.retrieve_markdown(place.id)
        if _mark(call.key) in content["markdown"]:
            return Page(id=place.id, title=place.title, url=place.url)
        if content["truncated"]:
            raise EffectUnknown(
                f"The page '{place.title}' is too long to see whether this was added already.",
                remedy="Look at the end of the page, then skip the step or run it again.",
            )
    return None


@notion.picker("databases")
def databases(account: NotionAccount) -> list[tuple[str, str]]:
    with _talking(account) as client:
        return [(found.id, found.title) for found in _searched(client, "", "data_source", LOOK_AT)]


@notion.picker("pages")
def pages(account: NotionAccount) -> list[tuple[str, str]]:
    """Pages, but no rows of databases: there can be thousands, and they are found by title or link."""
    with _talking(account) as client:
        listed = _listed(client.search, LOOK_AT, filter={"property": "object", "value": "page"})
        return [(page["id"], _title(page)) for page in listed if page["parent"]["type"] != "data_source_id"]


@notion.check
def check(account: NotionAccount) -> str:
    with _talking(account) as client:
        me: Any = client.users.me()
        return " · ".join(name for name in (me["name"], me["bot"].get("workspace_name")) if name)


# One client an account is kept, so that its connections are used again. It is never let go: another thread may be
# in the middle of a request with it.
@cache
def _client(account: NotionAccount) -> Client:
    from notion_client import Client

    return Client(
        auth=account.token.get_secret_value(),
        base_url=account.base_url.rstrip("/"),
        timeout_ms=20_000,
        retry=False,
        logger=logging.getLogger("patchbay.notion"),
        log_level=logging.CRITICAL,
    )


@contextmanager
def _talking(account: NotionAccount) -> Iterator[Client]:
    """The client of an account. What goes wrong inside becomes one of our errors."""
    import httpx
    from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

    try:
        yield _client(account)
    except HTTPResponseError as error:
        raise _refusal(error, account) from error
    except (InvalidPathParameterError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ServiceError(f"Notion cannot be asked: {error}", remedy="Check the address and the id.") from error
    except (RequestTimeoutError, httpx.TransportError) as error:
        raise Unavailable(
            f"Notion cannot be reached at {account.base_url}.",
            remedy="Check the network connection, then try again.",
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        # Whether a write got through is open then: as when nothing answers at all.
        raise Unavailable(
            f"What answers at {account.base_url} is not Notion.",
            remedy=f"Check the network, and the address of the account '{account.name}'.",
        ) from error


def _refusal(error: Any, account: NotionAccount) -> ServiceError:
    status: int = error.status
    if status == 401:
        return AccountError(
            f"Notion does not accept the token of the account '{account.name}'.",
            remedy=f"Reconnect the account '{account.name}'.",
        )
    if status == 429:
        after = error.headers.get("retry-after", "")
        return RateLimited(
            "Notion asks us to slow down.",
            remedy="Try again in a minute.",
            retry_after=float(after) if after.isdigit() else None,
        )
    if status >= 500:
        return Unavailable(f"Notion is failing (status {status}).", remedy="Try again in a few minutes.")
    if status in (403, 404):
        return ServiceError(f"Notion says: {error}", remedy=_SHARE)
    return ServiceError(f"Notion says: {error}", remedy="Change what the step sends.")


@dataclass(frozen=True, slots=True)
class _Place:
    """A page, or a data source with its schema."""

    kind: Literal["page", "data_source"]
    id: str
    title: str
    url: str
    schema: Mapping[str, Any]

    @property
    def parent(self) -> dict[str, str]:
        return {"type": f"{self.kind}_id", f"{self.kind}_id": self.id}

    @property
    def title_property(self) -> str:
        titles = (name for name, column in self.schema.items() if column["type"] == "title")
        return next(titles, "title")


def _place(client: Client, text: str, *, pages: bool = True, data_sources: bool = True) -> _Place:
    """What a title, a link or an id stands for."""
    id = _id_in(text)
    if id is None:
        return _by_title(client, text.strip(), pages=pages, data_sources=data_sources)
    if data_sources:
        if source := _there(client.data_sources.retrieve, id):
            return _source_place(source)
        if database := _there(client.databases.retrieve, id):
            return _only_source(client, database)
    if pages and (page := _there(client.pages.retrieve, id)):
        return _Place("page", page["id"], _title(page), page["url"], {})
    raise ServiceError(
        f"There is no {_wanted(pages, data_sources)} '{text}' in Notion, or it is not shared.", remedy=_SHARE
    )


def _wanted(pages: bool, data_sources: bool) -> str:
    return "page or database" if pages and data_sources else "page" if pages else "database"


def _by_title(client: Client, title: str, *, pages: bool, data_sources: bool) -> _Place:
    """A database goes before pages of the same title: pages are many, and made by the day."""
    asked: list[Literal["page", "data_source"]] = []
    if data_sources:
        asked.append("data_source")
    if pages:
        asked.append("page")
    for kind in asked:
        found = [item for item in _searched(client, title, kind, LOOK_AT) if item.title.casefold() == title.casefold()]
        word = "page" if kind == "page" else "database"
        if len(found) > 1:
            raise ServiceError(
                f"There are {len(found)} {word}s called '{title}' in Notion.",
                remedy="Give the link of the one that is meant: " + ", ".join(item.url for item in found[:5]),
            )
        if found and kind == "data_source":
            return _source_place(client.data_sources.retrieve(found[0].id))
        if found:
            return _Place("page", found[0].id, found[0].title, found[0].url, {})
    raise ServiceError(
        f"There is no {_wanted(pages, data_sources)} called '{title}' in Notion, or it is not shared.",
        remedy=f"Check the title. {_SHARE}",
    )


def _id_in(text: str) -> str | None:
    """The id that a text is or, as a link, holds. The path of a link goes before what stands after the '?'."""
    text = text.strip()
    if "://" not in text:
        return str(UUID(text)) if _ID.fullmatch(text) else None
    path, _, query = text.partition("?")
    found = _ID.findall(path) or _ID.findall(query)
    if not found:
        raise ServiceError(
            f"The link '{text}' leads to no page or database.",
            remedy="In Notion, open it, then Share and Copy link.",
        )
    return str(UUID(found[-1] if _ID.search(path) else found[0]))


def _there(retrieve: Callable[[str], Any], id: str) -> dict[str, Any] | None:
    """What has this id, or None where Notion says that it is another kind of thing, or nothing."""
    from notion_client.errors import HTTPResponseError

    try:
        return retrieve(id)
    except HTTPResponseError as error:
        if error.status in (400, 404):
            return None
        raise


def _source_place(source: Mapping[str, Any]) -> _Place:
    return _Place("data_source", source["id"], _title(source), source["url"], source["properties"])


def _only_source(client: Client, database: Mapping[str, Any]) -> _Place:
    sources = database["data_sources"]
    if len(sources) != 1:
        names = ", ".join(f"'{source['name']}'" for source in sources)
        raise ServiceError(
            f"The database '{_title(database)}' has {len(sources)} data sources: {names}.",
            remedy="Give the title of the one that is meant.",
        )
    return _source_place(client.data_sources.retrieve(sources[0]["id"]))


def _listed(list_: Callable[..., Any], limit: int, **asked: Any) -> Iterator[dict[str, Any]]:
    """The first `limit` results of a list, page after page."""
    cursor = None
    while limit > 0:
        answer = list_(**asked, page_size=min(limit, PAGE_SIZE), start_cursor=cursor)
        yield from answer["results"]
        limit -= len(answer["results"])
        cursor = answer["next_cursor"]
        if not answer["has_more"]:
            return


def _searched(client: Client, query: str, kind: Literal["page", "data_source"] | None, limit: int) -> list[Found]:
    asked: dict[str, Any] = {"query": query} if query else {}
    if kind:
        asked["filter"] = {"property": "object", "value": kind}
    sort = {"timestamp": "last_edited_time", "direction": "descending"}
    return [
        Found(
            id=item["id"],
            kind=item["object"],
            title=_title(item),
            url=item["url"],
            edited=item["last_edited_time"],
        )
        for item in _listed(client.search, limit, sort=sort, **asked)
    ]


@dataclass(frozen=True, slots=True)
class _Child:
    id: str
    title: str
    was_edited: bool


def _rows_made(client: Client, place: _Place) -> Iterator[_Child]:
    """The rows that this integration made lately, newest first."""
    me = client.users.me()["id"]
    oldest = (datetime.now(UTC) - LOOK_BACK).strftime("%Y-%m-%dT%H:%M:%SZ")
    recent = {"timestamp": "created_time", "created_time": {"on_or_after": oldest}}
    newest = [{"timestamp": "created_time", "direction": "descending"}]
    seen = 0
    for row in _listed(client.data_sources.query, LOOK_AT, data_source_id=place.id, filter=recent, sorts=newest):
        seen += 1
        if row["created_by"]["id"] == me:
            yield _Child(row["id"], _title(row), row["created_time"] != row["last_edited_time"])
    _ensure_all_seen(seen, place)


def _pages_made(client: Client, place: _Place) -> Iterator[_Child]:
    """The pages inside a page that this integration made."""
    me = client.users.me()["id"]
    seen = 0
    for block in _listed(client.blocks.children.list, LOOK_AT, block_id=place.id):
        seen += 1
        if block["type"] == "child_page" and block["created_by"]["id"] == me:
            was_edited = block["created_time"] != block["last_edited_time"]
            yield _Child(block["id"], block["child_page"]["title"], was_edited)
    _ensure_all_seen(seen, place)


def _ensure_all_seen(seen: int, place: _Place) -> None:
    if seen >= LOOK_AT:
        raise EffectUnknown(
            f"There is too much in '{place.title}' to see whether this page was made already.",
            remedy="Look for the page in Notion, then skip the step or run it again.",
        )


def _mark(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _marked(markdown: str, mark: str) -> str:
    return f'{markdown.rstrip()}\n\nMade by Patchbay · {mark} {{color="gray"}}'.lstrip("\n")


def _page(page: Mapping[str, Any]) -> Page:
    return Page(id=page["id"], title=_title(page), url=page["url"])


def _row(page: Mapping[str, Any]) -> Row:
    properties = {name: _plain(value) for name, value in page["properties"].items()}
    return Row(id=page["id"], title=_title(page), url=page["url"], properties=properties)


def _title(item: Mapping[str, Any]) -> str:
    """The title of a page, database or data source."""
    if "title" in item:
        return _text(item["title"])
    titles = (value["title"] for value in item["properties"].values() if value["type"] == "title")
    return _text(next(titles, []))


def _text(items: list[dict[str, Any]]) -> str:
    return "".join(item["plain_text"] for item in items)


def _plain(value: Mapping[str, Any]) -> Any:
    """A property's value as text, number, yes or no, list of these, or None.

    A date is its start, or start and end with '/' between. People and related pages are names and ids.
    """
    kind = value["type"]
    content = value[kind]
    if content is None:
        return None
    match kind:
        case "title" | "rich_text":
            return _text(content)
        case "select" | "status":
            return content["name"]
        case "multi_select":
            return [option["name"] for option in content]
        case "date":
            return f"{content['start']}/{content['end']}" if content.get("end") else content["start"]
        case "people":
            return [person.get("name", person["id"]) for person in content]
        case "created_by" | "last_edited_by":
            return content.get("name", content["id"])
        case "files":
            return [file["name"] for file in content]
        case "relation":
            return [related["id"] for related in content]
        case "formula" | "rollup" if content["type"] == "array":
            return [_plain(item) for item in content["array"]]
        case "formula" | "rollup":
            return _plain(content) if content["type"] == "date" else content[content["type"]]
        case "unique_id":
            return f"{content['prefix']}-{content['number']}" if content.get("prefix") else content["number"]
        case _:
            return content


def _typed(properties: Mapping[str, Any], place: _Place) -> dict[str, Any]:
    """Plain values as Notion wants them, by the schema of the data source."""
    if properties and place.kind == "page":
        raise ServiceError(
            f"'{place.title}' is a page, and a page inside a page has no properties.",
            remedy="Choose a database, or leave the properties empty.",
        )
    typed = {}
    for name, value in properties.items():
        if name not in place.schema:
            raise ServiceError(
                f"The database '{place.title}' has no column '{name}'.",
                remedy="Its columns are: " + ", ".join(place.schema) + ".",
            )
        kind = place.schema[name]["type"]
        if kind not in _TYPED:
            raise ServiceError(
                f"The column '{name}' of '{place.title}' cannot be set from here: it is of the kind '{kind}'.",
                remedy="Leave it out of the properties.",
            )
        if value is not None:
            typed[name] = {kind: value if isinstance(value, dict) else _TYPED[kind](value)}
    return typed


def _rich_text(value: Any) -> list[dict[str, Any]]:
    text = str(value)
    return [{"text": {"content": text[start : start + TEXT_LIMIT]}} for start in range(0, len(text), TEXT_LIMIT)]


def _number(value: Any) -> float | int:
    if isinstance(value, int | float):
        return value
    try:
        return float(value)
    except ValueError:
        raise ServiceError(f"'{value}' is no number.", remedy="Give a number, with a point for decimals.") from None


def _date(value: Any) -> dict[str, str]:
    """A day or moment, or two of them with '/' between."""
    start, slash, end = str(value).partition("/")
    return {"start": start, "end": end} if slash else {"start": start}


def _items(value: Any) -> list[Any]:
    """A list as it is; a text as what stands between its commas."""
    if isinstance(value, list):
        return value
    return [part.strip() for part in str(value).split(",") if part.strip()]


_TYPED: dict[str, Callable[[Any], Any]] = {
    "title": _rich_text,
    "rich_text": _rich_text,
    "number": _number,
    "select": lambda value: {"name": str(value)},
    "status": lambda value: {"name": str(value)},
    "multi_select": lambda value: [{"name": str(item)} for item in _items(value)],
    "date": _date,
    "checkbox": lambda value: value if isinstance(value, bool) else str(value).lower() in ("true", "yes", "1"),
    "url": str,
    "email": str,
    "phone_number": str,
    "relation": lambda value: [{"id": str(item)} for item in _items(value)],
    "people": lambda value: [{"id": str(item)} for item in _items(value)],
}
