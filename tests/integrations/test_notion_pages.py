"""Reading a page, changing it, and comments on it: through notion-client, over HTTP, against practice Notion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from notion_client import Client

from integrations.notion import (
    Append,
    CommentPage,
    CreatePage,
    ListComments,
    NotionAccount,
    QueryDataSource,
    ReadPage,
    Search,
    UpdatePage,
    append,
    comment,
    create_page,
    list_comments,
    query_data_source,
    read_page,
    search,
    update_page,
)
from orchestrator.actions import ServiceError, Unavailable
from tests.integrations.notion_wire import Wire, a_call, do, find, id_of, preview, watched


@pytest.fixture
def account(practice: Any) -> NotionAccount:
    return NotionAccount(base_url=f"{practice.url}/notion", token="practice", name="work")


@pytest.fixture
def sdk(practice: Any) -> Iterator[Client]:
    with httpx.Client() as http:
        yield Client(client=http, auth="practice", base_url=f"{practice.url}/notion", retry=False, log_level=60)


@pytest.fixture
def wire(practice: Any, server: Any) -> Iterator[Wire]:
    with watched(server[1]) as wire:
        yield wire


def rows(account: NotionAccount, data_source: str) -> dict[str, dict[str, Any]]:
    found = do(query_data_source, QueryDataSource(data_source=data_source), account).rows
    return {row.title: row.properties for row in found}


class TestReading:
    def test_gives_the_text_and_the_values_of_the_row(self, account: NotionAccount) -> None:
        markdown = "# In short\n\n- [x] **Two** orders\n  - one by [mail](https://example.test)\n\n> Good"
        asked = CreatePage(parent="Tasks", title="Read me", markdown=markdown, properties={"Status": "Done"})
        made = do(create_page, asked, account)

        page = do(read_page, ReadPage(page=made.url), account)

        assert (page.id, page.title, page.markdown) == (made.id, "Read me", markdown)
        assert page.properties["Status"] == "Done"
        assert (page.truncated, page.left_out) == (False, [])

    def test_shows_pages_inside_as_links(self, account: NotionAccount) -> None:
        page = do(read_page, ReadPage(page="Team handbook"), account)

        inside = id_of(account, "Onboarding")
        assert f"[Onboarding](http://studio.test/practice?page={inside})" in page.markdown

    def test_says_when_it_was_cut_off(self, account: NotionAccount, practice: Any) -> None:
        made = do(create_page, CreatePage(parent="Product ideas", title="Endless", markdown="x"), account)
        page = practice.store.get("notion", "page", made.id)
        page["content"] = [{**page["content"][0], "id": f"{number:032x}"} for number in range(2001)]
        practice.store.put("notion", "page", made.id, page)

        read = do(read_page, ReadPage(page=made.id), account)

        assert read.truncated
        assert read.markdown.count("x") == 2000

    def test_says_what_markdown_has_no_word_for(self, account: NotionAccount, practice: Any) -> None:
        made = do(create_page, CreatePage(parent="Product ideas", title="Odd", markdown="before"), account)
        page = practice.store.get("notion", "page", made.id)
        odd = {**page["content"][0], "id": "0" * 32, "type": "unsupported", "unsupported": {}}
        page["content"].append(odd)
        practice.store.put("notion", "page", made.id, page)

        read = do(read_page, ReadPage(page=made.id), account)

        assert (read.markdown, read.left_out) == ("before", ["unsupported"])

    def test_obeys_the_time_that_it_has(self, account: NotionAccount) -> None:
        with pytest.raises(Unavailable, match=r"did not answer the account 'work' within 0\.0\d+ seconds") as error:
            read_page.function(ReadPage(page="Team handbook"), account, a_call(timeout=0.0001))
        assert "timeout" in error.value.remedy


class TestChanging:
    def test_a_row_changes_what_is_named_and_nothing_else(self, account: NotionAccount) -> None:
        before = rows(account, "Customers")["Hafenkontor"]
        change = {"Revenue": "12.5", "Active": "yes", "Tags": ["new", "retail"], "Contact": None}

        made = do(update_page, UpdatePage(page="Hafenkontor", properties=change), account)

        after = rows(account, "Customers")["Hafenkontor"]
        assert after == {**before, "Revenue": 12.5, "Active": True, "Tags": ["new", "retail"], "Contact": None}
        assert made.url == f"http://studio.test/practice?page={made.id}"

    def test_a_title_changes(self, account: NotionAccount) -> None:
        made = do(update_page, UpdatePage(page="Hafenkontor", title="Hafenkontor GmbH"), account)

        assert made.title == "Hafenkontor GmbH"
        assert "Hafenkontor GmbH" in rows(account, "Customers")

    def test_it_goes_into_the_trash_and_comes_back_by_its_title(self, account: NotionAccount) -> None:
        gone = do(update_page, UpdatePage(page="Onboarding", trash="move"), account)
        assert gone.in_trash
        assert do(search, Search(query="Onboarding"), account).found == []

        back = do(update_page, UpdatePage(page="Onboarding", trash="restore", title="Welcome"), account)

        assert (back.id, back.in_trash, back.title) == (gone.id, False, "Welcome")

    @pytest.mark.parametrize(
        "asked",
        [
            UpdatePage(page="Onboarding", title="Welcome"),
            UpdatePage(page="Onboarding", trash="move"),
            UpdatePage(page="Onboarding", title="Welcome", trash="move"),
            UpdatePage(page="Hafenkontor", properties={"Revenue": 1}),
        ],
    )
    def test_twice_is_the_same_as_once(self, account: NotionAccount, asked: UpdatePage) -> None:
        once = do(update_page, asked, account)

        assert do(update_page, asked, account) == once

    def test_what_is_in_the_trash_has_to_be_restored_first(self, account: NotionAccount) -> None:
        gone = do(update_page, UpdatePage(page="Onboarding", trash="move"), account)

        for action, asked in (
            (append, Append(page=gone.id, markdown="x")),
            (update_page, UpdatePage(page=gone.id, title="x")),
            (comment, CommentPage(page=gone.id, text="x")),
            (create_page, CreatePage(parent=gone.id, title="x")),
        ):
            with pytest.raises(ServiceError, match="The page 'Onboarding' is in Notion's trash") as error:
                do(action, asked, account)
            assert "Restore it" in error.value.remedy

    def test_needs_something_to_change(self, account: NotionAccount) -> None:
        with pytest.raises(ServiceError, match="nothing to change"):
            do(update_page, UpdatePage(page="Onboarding"), account)

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(update_page, UpdatePage(page="Tasks", title="New", properties={"Status": "Done"}))
        assert plan.summary == "Change the page 'Tasks'."
        assert plan.request["properties"] == {"Status": "Done"}
        assert preview(update_page, UpdatePage(page="T", trash="move")).summary == "Move the page 'T' to the trash."


class TestADeletedDatabase:
    @pytest.mark.parametrize("by", ["title", "source", "database"])
    def test_is_told(self, account: NotionAccount, sdk: Client, by: str) -> None:
        source: Any = sdk.data_sources.retrieve(id_of(account, "Tasks"))
        database = source["parent"]["database_id"]
        sdk.databases.update(database, in_trash=True)
        name = {"title": "Tasks", "source": source["id"], "database": database}[by]

        for action, asked in (
            (query_data_source, QueryDataSource(data_source=name)),
            (create_page, CreatePage(parent=name, title="x")),
        ):
            said = "it was deleted or renamed" if by == "title" else "The database 'Tasks' is in Notion's trash"
            with pytest.raises(ServiceError, match=said):
                do(action, asked, account)


class TestProperties:
    def test_of_every_kind_go_out_as_notion_wants_them(self, account: NotionAccount, wire: Wire, practice: Any) -> None:
        source = practice.store.get("notion", "data_source", id_of(account, "Tasks"))
        other = id_of(account, "Onboarding")
        for kind in ("people", "relation", "files", "rich_text", "url", "phone_number"):
            source["properties"][kind] = {"id": kind, "name": kind, "type": kind, kind: {}}
        practice.store.put("notion", "data_source", source["id"], source)
        given = {
            "people": "sam@lanternworks.example",
            "relation": [f"https://www.notion.so/Onboarding-{other.replace('-', '')}"],
            "files": "https://example.test/a.pdf",
            "rich_text": "x" * 2500,
            "url": "https://example.test",
            "phone_number": "+49 40 1234",
            "Due": "2026-12-01/2026-12-05",
        }

        made = do(create_page, CreatePage(parent="Tasks", title="All", properties=given), account)

        read = do(read_page, ReadPage(page=made.id), account).properties
        assert read["people"] == ["Sam Lantern"]
        assert read["relation"] == [other]
        assert read["files"] == ["a.pdf"]
        assert read["rich_text"] == "x" * 2500
        assert read["Due"] == "2026-12-01/2026-12-05"
        do(update_page, UpdatePage(page=made.id, properties=dict.fromkeys(given)), account)
        assert not any(do(read_page, ReadPage(page=made.id), account).properties[name] for name in given)

    @pytest.mark.parametrize(
        ("properties", "message"),
        [
            ({"Due": "2026-13-01"}, "it is no date. Write a day as 2026-12-01"),
            ({"Status": "Lost"}, "no status 'Lost'. It can be: "),
        ],
    )
    def test_that_do_not_fit_are_told(self, account: NotionAccount, properties: dict[str, Any], message: str) -> None:
        with pytest.raises(ServiceError) as error:
            do(update_page, UpdatePage(page="Fix rounding of vouchers in the cart", properties=properties), account)
        assert message in str(error.value)

    def test_a_person_that_is_not_there_is_told(self, account: NotionAccount, practice: Any) -> None:
        source = practice.store.get("notion", "data_source", id_of(account, "Tasks"))
        source["properties"]["Who"] = {"id": "who", "name": "Who", "type": "people", "people": {}}
        practice.store.put("notion", "data_source", source["id"], source)

        with pytest.raises(ServiceError, match="0 people of the workspace are called 'Nobody'"):
            do(create_page, CreatePage(parent="Tasks", title="x", properties={"Who": "Nobody"}), account)


class TestComments:
    asked = CommentPage(page="Onboarding", text="Looks **good**, see [this](https://example.test)")

    def test_are_written_and_read(self, account: NotionAccount, wire: Wire) -> None:
        made = do(comment, self.asked, account)

        [read] = do(list_comments, ListComments(page="Onboarding"), account).comments
        assert read == made
        assert made.text == self.asked.text
        assert made.url.startswith(f"http://studio.test/practice?page={id_of(account, 'Onboarding')}&d=")

    def test_say_where_they_came_from(self, account: NotionAccount, sdk: Client) -> None:
        do(comment, self.asked, account)

        [item] = sdk.comments.list(block_id=id_of(account, "Onboarding"))["results"]  # pyright: ignore
        assert item["rich_text"][-1]["plain_text"].strip().startswith("Made by Patchbay · ")
        assert item["rich_text"][-1]["annotations"]["color"] == "gray"

    def test_are_found_again_by_their_key_alone(self, account: NotionAccount) -> None:
        assert find(comment, self.asked, account, key="one") is None

        made = do(comment, self.asked, account, key="one")

        assert find(comment, self.asked, account, key="one") == made
        assert find(comment, self.asked, account, key="two") is None

    def test_are_followed_up_to_a_limit(self, account: NotionAccount) -> None:
        for number in range(5):
            do(comment, CommentPage(page="Onboarding", text=f"Number {number}"), account, key=str(number))

        listed = do(list_comments, ListComments(page="Onboarding", limit=3), account)

        assert ([item.text for item in listed.comments], listed.more) == (["Number 0", "Number 1", "Number 2"], True)

    def test_may_be_long(self, account: NotionAccount, wire: Wire) -> None:
        text = " ".join(f"**{number}**" for number in range(200)) + "x" * 10_000
        made = do(comment, CommentPage(page="Onboarding", text=text), account)

        assert made.text.endswith("x" * 10_000)

    def test_are_written_where_they_may_not_be_read(self, account: NotionAccount, wire: Wire) -> None:
        wire.broken, wire.does_it, wire.status = 0, True, 200
        wire.body = b'{"object": "comment", "id": "c1"}'

        made = do(comment, self.asked, account)

        assert (made.id, made.text) == ("c1", self.asked.text)
        assert made.url == f"http://studio.test/practice?page={id_of(account, 'Onboarding')}"

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(comment, self.asked)
        assert plan.summary == "Comment on the page 'Onboarding'."
        assert plan.request["text"].startswith(self.asked.text)
