"""Practice Notion refuses what Notion refuses, and shows what it keeps: asked through notion-client, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from notion_client import Client
from notion_client.errors import APIResponseError

from integrations.notion import CommentPage, CreatePage, NotionAccount, Search, comment, create_page, search
from tests.integrations.notion_wire import do, id_of

UNKNOWN = "0" * 32


@pytest.fixture
def account(practice: Any) -> NotionAccount:
    return NotionAccount(base_url=f"{practice.url}/notion", token="practice")


@pytest.fixture
def sdk(practice: Any) -> Iterator[Any]:
    with httpx.Client() as http:
        yield Client(client=http, auth="practice", base_url=f"{practice.url}/notion", retry=False, log_level=60)


def refusal(function: Any, *given: Any, **asked: Any) -> tuple[int, str]:
    with pytest.raises(APIResponseError) as error:
        function(*given, **asked)
    return error.value.status, error.value.code.value


def paragraph(content: str = "x", **more: Any) -> dict[str, Any]:
    return {"paragraph": {"rich_text": [{"text": {"content": content, **more}}]}}


def bullet(*children: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"rich_text": [{"text": {"content": "x"}}]}
    return {"bulleted_list_item": {**content, "children": list(children)} if children else content}


def row(*cells: str) -> dict[str, Any]:
    return {"table_row": {"cells": [[{"text": {"content": cell}}] for cell in cells]}}


class TestRefusing:
    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"properties": {}}, (400, "validation_error")),
            ({"parent": {"page_id": "no-uuid"}}, (400, "validation_error")),
            ({"parent": {"page_id": UNKNOWN}}, (404, "object_not_found")),
            ({"properties": {"Colour": {}}}, (400, "validation_error")),
            ({"properties": {"Due": {"number": 1}}}, (400, "validation_error")),
            ({"properties": {"Task": {"title": [{"text": {"content": "x" * 2001}}]}}}, (400, "validation_error")),
            ({"properties": {"Status": {"status": {"name": "Lost"}}}}, (400, "validation_error")),
        ],
    )
    def test_a_page(self, sdk: Any, account: NotionAccount, asked: dict[str, Any], code: tuple[int, str]) -> None:
        if asked.get("properties"):
            asked = {"parent": {"data_source_id": id_of(account, "Tasks")}, **asked}

        assert refusal(sdk.pages.create, **asked) == code

    @pytest.mark.parametrize(
        "children",
        [
            [{"poem": {}}],
            [paragraph()] * 101,
            [paragraph("x" * 2001)],
            [paragraph("😀" * 1001)],
            [paragraph(link={"url": "/somewhere"})],
            [{"paragraph": {"rich_text": [{"text": {"content": "x"}}] * 101}}],
            [{"paragraph": {"rich_text": [], "text": "x"}}],
            [bullet(bullet(bullet(bullet())))],
            [bullet(*[bullet(*[bullet()] * 12)] * 90)],
            [{"code": {"rich_text": [], "language": "klingon"}}],
            [{"table": {"table_width": 2, "children": []}}],
            [{"table": {"table_width": 2, "children": [row("only one")]}}],
            [{"image": {"external": {"url": "picture.png"}}}],
        ],
    )
    def test_blocks(self, sdk: Any, account: NotionAccount, children: list[dict[str, Any]]) -> None:
        page = id_of(account, "Product ideas")
        before = sdk.blocks.children.list(page)["results"]

        assert refusal(sdk.blocks.children.append, page, children=children) == (400, "validation_error")
        assert sdk.blocks.children.list(page)["results"] == before

    def test_what_the_version_of_the_api_has_done_away_with(self, sdk: Any, account: NotionAccount) -> None:
        page = id_of(account, "Product ideas")

        after = sdk.blocks.children.list(page)["results"][0]["id"]
        assert refusal(sdk.blocks.children.append, page, children=[paragraph()], after=after)[0] == 400
        assert refusal(sdk.pages.update, page, archived=True)[0] == 400

    def test_any_change_of_a_page_in_the_trash(self, sdk: Any, account: NotionAccount) -> None:
        page = id_of(account, "Onboarding")
        sdk.pages.update(page, in_trash=True)

        text = [{"text": {"content": "x"}}]
        assert refusal(sdk.blocks.children.append, page, children=[paragraph()])[0] == 400
        assert refusal(sdk.pages.update, page, properties={"title": {"title": text}})[0] == 400
        assert refusal(sdk.pages.create, parent={"page_id": page}, properties={})[0] == 400
        assert refusal(sdk.comments.create, parent={"page_id": page}, rich_text=text)[0] == 400
        assert sdk.pages.update(page, in_trash=False)["in_trash"] is False

    def test_a_database_in_the_trash(self, sdk: Any, account: NotionAccount) -> None:
        source = sdk.data_sources.retrieve(id_of(account, "Tasks"))
        sdk.databases.update(source["parent"]["database_id"], in_trash=True)

        assert sdk.data_sources.retrieve(source["id"])["in_trash"] is True
        assert refusal(sdk.data_sources.query, source["id"]) == (404, "object_not_found")
        assert refusal(sdk.pages.create, parent={"data_source_id": source["id"]}, properties={})[0] == 404


class TestKeeping:
    def test_takes_blocks_and_gives_them_back(self, sdk: Any, account: NotionAccount) -> None:
        page_id = id_of(account, "Product ideas")
        item = {"to_do": {"rich_text": [{"text": {"content": "Done"}}], "checked": True}}
        nested = {"toggle": {"rich_text": [{"text": {"content": "More"}}], "children": [item]}}

        [made] = sdk.blocks.children.append(page_id, children=[nested])["results"]

        assert made["has_children"]
        [child] = sdk.blocks.children.list(made["id"])["results"]
        assert child["to_do"]["checked"]
        assert child["parent"] == {"type": "block_id", "block_id": made["id"]}

    @pytest.mark.parametrize("where", ["start", "after", "end"])
    def test_puts_blocks_where_they_are_wanted(self, sdk: Any, account: NotionAccount, where: str) -> None:
        page = id_of(account, "Product ideas")
        before = [block["id"] for block in sdk.blocks.children.list(page)["results"]]
        after = {"type": "after_block", "after_block": {"id": before[1]}}
        position = after if where == "after" else {"type": where}

        [made] = sdk.blocks.children.append(page, children=[paragraph()], position=position)["results"]

        place = {"start": 0, "after": 2, "end": len(before)}[where]
        now = [block["id"] for block in sdk.blocks.children.list(page)["results"]]
        assert now == [*before[:place], made["id"], *before[place:]]

    def test_lists_by_cursor(self, sdk: Any, account: NotionAccount) -> None:
        tasks = id_of(account, "Tasks")

        first = sdk.data_sources.query(tasks, page_size=4)
        second = sdk.data_sources.query(tasks, page_size=4, start_cursor=first["next_cursor"])

        assert (len(first["results"]), first["has_more"]) == (4, True)
        assert (len(second["results"]), second["has_more"], second["next_cursor"]) == (2, False, None)

    def test_takes_a_page_away(self, sdk: Any, account: NotionAccount) -> None:
        sdk.pages.update(id_of(account, "Onboarding"), in_trash=True)

        assert do(search, Search(query="Onboarding"), account).found == []

    def test_shows_a_person_what_is_there(self, practice: Any, account: NotionAccount) -> None:
        markdown = "# In short\n\n- **Two** orders\n\n| A |\n| --- |\n| 1 |"
        asked = CreatePage(
            parent="Inbox summaries", title="Inbox, today", markdown=markdown, properties={"Topics": "Orders, Press"}
        )
        made = do(create_page, asked, account)
        do(comment, CommentPage(page=made.id, text="Well done"), account)

        shown = httpx.get(f"{practice.url}/overview").json()

        page = shown["pages"][0]
        assert (page["title"], page["database"]) == ("Inbox, today", "Inbox summaries")
        assert page["properties"]["Topics"] == "Orders, Press"
        assert page["url"] == f"/practice?page={made.id}"
        assert page["markdown"].startswith(markdown)
        assert page["comments"][0]["body"].startswith("Well done\\\n")
        assert page["comments"][0]["author"] == "Patchbay practice"
        inbox = shown["databases"][0]
        assert (inbox["title"], inbox["rows"][0]["title"]) == ("Inbox summaries", "Inbox, today")
