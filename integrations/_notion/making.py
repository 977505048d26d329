"""Pages that are made, and what is added to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations._notion.connection import Client, talking
from integrations._notion.connector import NotionAccount, notion
from integrations._notion.content import (
    Content,
    before_mark,
    is_signature,
    mark_of,
    on_page,
    rest,
    send_all,
    signed,
    up_to_mark,
    with_signature,
)
from integrations._notion.earlier import begun_page, earlier_page
from integrations._notion.from_markdown import Block
from integrations._notion.models import (
    Added,
    Append,
    CreatePage,
    Page,
)
from integrations._notion.places import Place, place, title_of
from integrations._notion.properties import typed
from integrations._notion.text import plain_rich_text
from orchestrator.actions import Call, Plan, placeholder


@notion.action("Create a page", effect="write", result=Page)
def create_page(p: CreatePage, account: NotionAccount, call: Call) -> Page:
    content = Content.of(p.markdown)
    mark = mark_of(call.key)
    with talking(account, call.timeout) as client:
        where = place(client, p.parent, "page", "data_source")
        page = None if content.is_single else begun_page(client, where, p.title, mark)
        if page is None:
            properties = typed(client, p.properties, where)
            properties[where.title_property] = {"title": plain_rich_text(p.title)}
            children = [*content.first, signed(mark)]
            call.sending()
            page = _page(client.pages.create(parent=where.parent, properties=properties, children=children))
        if not content.is_single:
            there = up_to_mark(on_page(client, page.id, page.title), mark) or []
            send_all(client, call, rest(client, page.id, content, there))
        call.log(f"Made the page '{p.title}' in '{where.title}'.")
        return page


@create_page.preview
def _(p: CreatePage, account: NotionAccount) -> Plan:
    return Plan(
        summary=f"Create the page '{p.title}' in '{p.parent}'.",
        request={
            "parent": p.parent,
            "title": p.title,
            "properties": p.properties,
            "markdown": with_signature(p.markdown),
        },
        result=Page(id=placeholder("page id"), title=p.title, url=placeholder("page link")),
    )


@create_page.find
def _(p: CreatePage, account: NotionAccount, call: Call) -> Page | None:
    content = Content.of(p.markdown)
    mark = mark_of(call.key)
    with talking(account, call.timeout) as client:
        where = place(client, p.parent, "page", "data_source")
        page = earlier_page(client, where, p.title, mark)
        if page is None or content.is_single:
            return page
        there = up_to_mark(on_page(client, page.id, page.title), mark) or []
        # What is begun and not complete is gone on with by the action itself.
        return page if next(rest(client, page.id, content, there), None) is None else None


@notion.action("Add to a page", effect="write", result=Added)
def append(p: Append, account: NotionAccount, call: Call) -> Added:
    content = Content.of(p.markdown)
    mark = mark_of(call.key)
    with talking(account, call.timeout) as client:
        page = place(client, p.page, "page")
        there = None if content.is_single else before_mark(on_page(client, page.id, page.title), mark, content)
        if there is None:
            there = _append_first(client, call, page, [*content.first, signed(mark)])
        if not content.is_single:
            send_all(client, call, rest(client, page.id, content, there))
            there = before_mark(on_page(client, page.id, page.title), mark, content) or there
        call.log(f"Added to the page '{page.title}'.")
        return _added(page, there)


def _append_first(client: Client, call: Call, page: Place, sent: list[Block]) -> list[Block]:
    """What the first request made, without the line below it."""
    call.sending()
    made = client.blocks.children.append(page.id, children=sent, position={"type": "end"})["results"]
    if not is_signature(made[len(sent) - 1]):
        raise ValueError("Notion shows other blocks than were sent.")
    return made[: len(sent) - 1]


@append.preview
def _(p: Append, account: NotionAccount) -> Plan:
    link = placeholder("link")
    return Plan(
        summary=f"Add to the page '{p.page}'.",
        request={"page": p.page, "markdown": with_signature(p.markdown)},
        result=Added(
            id=placeholder("page id"), title=placeholder("title"), url=link, blocks=[placeholder("block ids")]
        ),
    )


@append.find
def _(p: Append, account: NotionAccount, call: Call) -> Added | None:
    content = Content.of(p.markdown)
    mark = mark_of(call.key)
    with talking(account, call.timeout) as client:
        page = place(client, p.page, "page")
        found = on_page(client, page.id, page.title)
        if content.is_single:
            above = up_to_mark(found, mark)
            return None if above is None else _added(page, above[max(0, len(above) - len(content.all)) :])
        there = before_mark(found, mark, content)
        if there is None or next(rest(client, page.id, content, there), None) is not None:
            return None
        return _added(page, there)


def _page(page: Mapping[str, Any]) -> Page:
    return Page(id=page["id"], title=title_of(page), url=page["url"])


def _added(page: Place, blocks: list[Block]) -> Added:
    ids = [block["id"] for block in blocks]
    anchor = f"#{ids[0].replace('-', '')}" if ids else ""
    return Added(id=page.id, title=page.title, url=page.url + anchor, blocks=ids)
