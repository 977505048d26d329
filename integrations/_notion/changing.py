"""Pages that are changed, thrown away and restored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations._notion.connection import Client, talking
from integrations._notion.connector import NotionAccount, notion
from integrations._notion.models import (
    Changed,
    UpdatePage,
)
from integrations._notion.places import id_in, look_up, place, title_of, with_columns
from integrations._notion.properties import typed
from integrations._notion.text import plain_rich_text
from orchestrator.actions import Call, Plan, ServiceError, placeholder


@notion.action("Change a page", effect="idempotent_write", result=Changed)
def update_page(p: UpdatePage, account: NotionAccount, call: Call) -> Changed:
    if not (p.title or p.properties or p.trash != "keep"):
        raise ServiceError("There is nothing to change.", remedy="Give a new title, properties, or what to do.")
    with talking(account, call.timeout) as client:
        if renamed := _renamed(client, p):
            return renamed
        page = with_columns(client, place(client, p.page, "page", in_trash=p.trash != "keep"))
        properties = typed(client, p.properties, page)
        if p.title:
            properties[page.title_property] = {"title": plain_rich_text(p.title)}
        change: dict[str, Any] = {"properties": properties} if properties else {}
        # Notion changes nothing in a page that is in the trash: it is restored first, and thrown away last.
        steps = {
            "keep": [change],
            "restore": [{"in_trash": False}, change],
            "move": [{} if page.in_trash else change, {"in_trash": True}],
        }[p.trash]
        changed: Mapping[str, Any] = {}
        for step in filter(None, steps):
            call.sending()
            changed = client.pages.update(page.id, **step)
        call.log(f"Changed the page '{page.title}'.")
        return _changed(changed)


def _renamed(client: Client, p: UpdatePage) -> Changed | None:
    """A page that an earlier attempt renamed, so that it is not found by its old title: there is nothing left to do."""
    if not p.title or id_in(p.page) or look_up(client, p.page, "page", in_trash=p.trash != "keep"):
        return None
    page = look_up(client, p.title, "page", in_trash=p.trash == "move")
    if page is None:
        return None
    found = client.pages.retrieve(page.id)
    is_ours = found["last_edited_by"]["id"] == client.users.me()["id"]
    return _changed(found) if is_ours and found["in_trash"] == (p.trash == "move") else None


@update_page.preview
def _(p: UpdatePage, account: NotionAccount) -> Plan:
    summary, trash = {
        "keep": (f"Change the page '{p.page}'.", ""),
        "restore": (f"Restore the page '{p.page}' from the trash.", "taken out of it"),
        "move": (f"Move the page '{p.page}' to the trash.", "moved to it"),
    }[p.trash]
    return Plan(
        summary=summary,
        request={"page": p.page, "title": p.title, "properties": p.properties, "trash": trash},
        result=Changed(
            id=placeholder("page id"),
            title=p.title or placeholder("title"),
            url=placeholder("page link"),
            in_trash=p.trash == "move",
        ),
    )


def _changed(page: Mapping[str, Any]) -> Changed:
    return Changed(id=page["id"], title=title_of(page), url=page["url"], in_trash=page["in_trash"])
