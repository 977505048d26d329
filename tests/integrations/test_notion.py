"""Notion through notion-client, over HTTP, against practice Notion or a server that answers one thing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from notion_client import Client

from integrations.notion import (
    Append,
    CreatePage,
    NotionAccount,
    QueryDataSource,
    Search,
    append,
    create_page,
    databases,
    notion,
    pages,
    query_data_source,
    search,
)
from orchestrator.actions import ServiceError, placeholder
from orchestrator.errors import EffectUnknown
from orchestrator.registry import Registry
from tests.integrations.notion_wire import do, find, id_of, markdown_of, preview

NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture
def account(practice: Any) -> NotionAccount:
    return NotionAccount(base_url=f"{practice.url}/notion", token="practice")


@pytest.fixture
def sdk(practice: Any) -> Iterator[Client]:
    with httpx.Client() as http:
        yield Client(client=http, auth="practice", base_url=f"{practice.url}/notion", retry=False, log_level=60)


def test_the_connector_keeps_the_contract_of_actions() -> None:
    registry = Registry([notion])

    assert {id: action.effect for id, action in registry.items()} == {
        "notion.search": "read",
        "notion.query_data_source": "read",
        "notion.create_page": "write",
        "notion.read_page": "read",
        "notion.append": "write",
        "notion.update_page": "idempotent_write",
        "notion.comment": "write",
        "notion.list_comments": "read",
    }


class TestSearching:
    def test_finds_words_in_titles(self, account: NotionAccount) -> None:
        found = do(search, Search(query="inbox"), account).found

        assert [(item.kind, item.title) for item in found] == [
            ("page", "Inbox, last Monday"),
            ("page", "Inbox, last Friday"),
            ("data_source", "Inbox summaries"),
        ]
        assert found[0].url == f"http://studio.test/practice?page={found[0].id}"

    def test_can_be_limited_in_kind_and_number(self, account: NotionAccount) -> None:
        assert len(do(search, Search(limit=3), account).found) == 3
        found = do(search, Search(kind="data_source"), account).found
        assert {item.title for item in found} == {"Inbox summaries", "Tasks", "Customers"}

    def test_follows_all_pages_of_results(self, account: NotionAccount, sdk: Client) -> None:
        parent = {"page_id": id_of(account, "Product ideas")}
        for number in range(110):
            title = [{"text": {"content": f"N {number}"}}]
            sdk.pages.create(parent=parent, properties={"title": {"title": title}})

        found = do(search, Search(query="n ", kind="page", limit=500), account).found

        assert len([item for item in found if item.title.startswith("N ")]) == 110

    def test_fills_the_pickers(self, account: NotionAccount) -> None:
        assert sorted(label for _, label in databases(account)) == ["Customers", "Inbox summaries", "Tasks"]
        labels = [label for _, label in pages(account)]
        assert "Team handbook" in labels
        assert "Onboarding" in labels
        assert "Hafenkontor" not in labels  # a row of a database
        assert list(notion.pickers) == ["databases", "pages"]


class TestReadingRows:
    def test_gives_plain_values(self, account: NotionAccount) -> None:
        rows = do(query_data_source, QueryDataSource(data_source="Customers"), account).rows

        row = next(row for row in rows if row.title == "Bergschule Sonnspitz")
        since = (datetime.now(UTC) - timedelta(days=170)).date().isoformat()
        assert row.properties == {
            "Company": "Bergschule Sonnspitz",
            "Plan": "Standard",
            "Revenue": 9150.5,
            "Active": True,
            "Contact": "office@bergschule.example",
            "Phone": None,
            "Website": "https://bergschule.example",
            "Since": since,
            "Tags": ["schools", "abroad"],
        }

    def test_is_newest_first_when_nothing_else_is_said(self, account: NotionAccount) -> None:
        rows = do(query_data_source, QueryDataSource(data_source="Inbox summaries"), account).rows

        assert [row.title for row in rows] == ["Inbox, last Monday", "Inbox, last Friday"]

    @pytest.mark.parametrize(
        ("condition", "titles"),
        [
            ({"property": "Plan", "select": {"equals": "Standard"}}, {"Bergschule Sonnspitz", "Hafenkontor"}),
            ({"property": "Revenue", "number": {"greater_than": 9000}}, {"Bergschule Sonnspitz", "Nordwind Outdoor"}),
            ({"property": "Revenue", "number": {"is_empty": True}}, {"Kleine Werkstatt"}),
            ({"property": "Active", "checkbox": {"equals": False}}, {"Hafenkontor"}),
            ({"property": "Tags", "multi_select": {"contains": "retail"}}, {"Nordwind Outdoor"}),
            ({"property": "Since", "date": {"past_month": {}}}, {"Kleine Werkstatt"}),
            ({"property": "Company", "title": {"starts_with": "k"}}, {"Kleine Werkstatt"}),
            ({"timestamp": "created_time", "created_time": {"past_month": {}}}, {"Kleine Werkstatt"}),
            (
                {
                    "and": [
                        {"property": "Plan", "select": {"does_not_equal": "Trial"}},
                        {
                            "or": [
                                {"property": "Tags", "multi_select": {"contains": "abroad"}},
                                {"property": "Contact", "email": {"contains": "POST@"}},
                            ]
                        },
                    ]
                },
                {"Bergschule Sonnspitz", "Hafenkontor"},
            ),
        ],
    )
    def test_can_be_filtered(self, account: NotionAccount, condition: dict[str, Any], titles: set[str]) -> None:
        asked = QueryDataSource(data_source="Customers", filter=condition)

        assert {row.title for row in do(query_data_source, asked, account).rows} == titles

    def test_can_be_sorted_with_empty_values_last(self, account: NotionAccount) -> None:
        sort = [{"property": "Due", "direction": "ascending"}]
        rows = do(query_data_source, QueryDataSource(data_source="Tasks", sort=sort), account).rows

        dues = [row.properties["Due"] for row in rows]
        assert dues[:-1] == sorted(dues[:-1])
        assert dues[-1] is None

    def test_sorts_options_in_their_own_order(self, account: NotionAccount) -> None:
        sort = [
            {"property": "Priority", "direction": "ascending"},
            {"property": "Due", "direction": "descending"},
        ]
        rows = do(query_data_source, QueryDataSource(data_source="Tasks", sort=sort, limit=4), account).rows

        assert [row.properties["Priority"] for row in rows] == ["High", "High", "High", "Medium"]
        assert rows[0].title == "Fix rounding of vouchers in the cart"

    def test_tells_what_notion_says_of_a_wrong_filter(self, account: NotionAccount) -> None:
        asked = QueryDataSource(data_source="Tasks", filter={"property": "Colour", "select": {"equals": "x"}})

        with pytest.raises(ServiceError, match="Could not find property with name or id: Colour"):
            do(query_data_source, asked, account)


class TestNamingAPlace:
    def test_by_title_in_any_case(self, account: NotionAccount) -> None:
        assert do(query_data_source, QueryDataSource(data_source="tasks"), account).rows

    def test_by_id_or_link(self, account: NotionAccount, sdk: Client) -> None:
        source = sdk.data_sources.retrieve(id_of(account, "Tasks"))
        database_id = source["parent"]["database_id"]
        for written in (
            source["id"],
            source["id"].replace("-", ""),
            database_id,
            source["url"],
            f"https://www.notion.so/team/{database_id.replace('-', '')}?v={'0' * 32}",
            f"https://www.notion.so/team/All-tasks-{database_id.replace('-', '')}",
        ):
            rows = do(query_data_source, QueryDataSource(data_source=written), account).rows
            assert len(rows) == 6, written

    def test_that_is_not_there(self, account: NotionAccount) -> None:
        with pytest.raises(ServiceError, match="There is no page or database called 'Nowhere'") as error:
            do(create_page, CreatePage(parent="Nowhere", title="x"), account)
        assert "Connections" in error.value.remedy

        unknown = "00000000-0000-0000-0000-000000000000"
        with pytest.raises(ServiceError, match=f"There is no database '{unknown}'"):
            do(query_data_source, QueryDataSource(data_source=unknown), account)

    def test_by_a_title_that_two_bear(self, account: NotionAccount) -> None:
        for key in ("one", "two"):
            do(create_page, CreatePage(parent="Product ideas", title="Twin"), account, key=key)

        with pytest.raises(ServiceError, match="There are 2 pages called 'Twin'") as error:
            do(append, Append(page="Twin", markdown="x"), account)
        assert error.value.remedy.count("http://studio.test/practice?page=") == 2

    def test_by_a_link_that_leads_to_no_page(self, account: NotionAccount) -> None:
        with pytest.raises(ServiceError, match="leads to no page"):
            do(append, Append(page="https://www.notion.so/login", markdown="x"), account)


class TestMakingAPage:
    asked = CreatePage(
        parent="Inbox summaries",
        title="Inbox, today",
        markdown="# In short\n\n- **Two** orders\n- One [link](https://example.test)\n\n```py\nx = 1\n```",
        properties={"Mails": "12", "Urgency": "Today", "Topics": "Orders, Press"},
    )

    def test_in_a_database_makes_a_row(self, account: NotionAccount, sdk: Client) -> None:
        made = do(create_page, self.asked, account)

        assert made.url == f"http://studio.test/practice?page={made.id}"
        row = do(query_data_source, QueryDataSource(data_source="Inbox summaries", limit=1), account).rows[0]
        assert (row.id, row.title) == (made.id, "Inbox, today")
        assert row.properties["Mails"] == 12
        assert row.properties["Topics"] == ["Orders", "Press"]
        assert markdown_of(account, made.id) == self.asked.markdown.replace("```py", "```python")

    def test_ends_in_one_modest_line_that_says_where_it_came_from(self, account: NotionAccount, sdk: Client) -> None:
        made = do(create_page, self.asked, account)

        last = sdk.blocks.children.list(made.id)["results"][-1]
        [text] = last["paragraph"]["rich_text"]
        assert text["plain_text"].startswith("Made by Patchbay · ")
        assert last["paragraph"]["color"] == "gray"

    def test_in_a_page_makes_a_page_inside(self, account: NotionAccount, sdk: Client) -> None:
        made = do(create_page, CreatePage(parent="Team handbook", title="Holidays", markdown="Soon"), account)

        parent = sdk.pages.retrieve(made.id)["parent"]
        assert parent == {"type": "page_id", "page_id": id_of(account, "Team handbook")}
        assert "Holidays" in markdown_of(account, parent["page_id"])

    @pytest.mark.parametrize("parent", ["Inbox summaries", "Team handbook"])
    def test_is_found_again_by_its_key_alone(self, account: NotionAccount, parent: str) -> None:
        asked = CreatePage(parent=parent, title="Once", markdown="Text")
        assert find(create_page, asked, account, key="one") is None

        made = do(create_page, asked, account, key="one")

        assert find(create_page, asked, account, key="one") == made
        assert find(create_page, asked, account, key="two") is None

    @pytest.mark.parametrize("parent", ["Inbox summaries", "Team handbook"])
    def test_is_found_again_when_it_was_renamed(self, account: NotionAccount, sdk: Client, parent: str) -> None:
        asked = CreatePage(parent=parent, title="Once", markdown="Text")
        made = do(create_page, asked, account)
        sdk.pages.update(made.id, properties={"title": {"title": [{"text": {"content": "Other"}}]}})

        assert find(create_page, asked, account).id == made.id

    def test_cannot_be_told_in_a_place_with_too_many_pages(self, account: NotionAccount, practice: Any) -> None:
        made = do(create_page, CreatePage(parent="Inbox summaries", title="Many"), account)
        row = practice.store.get("notion", "page", made.id)
        with practice.store.transaction():
            for number in range(1000):
                practice.store.put("notion", "page", f"copy-{number}", {**row, "id": f"copy-{number}"})

        asked = CreatePage(parent="Inbox summaries", title="Never made")
        with pytest.raises(EffectUnknown, match="too much in 'Inbox summaries'"):
            find(create_page, asked, account)

    def test_names_the_columns_when_one_is_wrong(self, account: NotionAccount) -> None:
        asked = CreatePage(parent="Tasks", title="x", properties={"Colour": "red"})

        with pytest.raises(ServiceError, match="no column 'Colour'") as error:
            do(create_page, asked, account)
        assert "Status, Due, Priority" in error.value.remedy

    @pytest.mark.parametrize(
        ("parent", "properties", "message"),
        [
            ("Inbox summaries", {"Mails": "many"}, "'Mails' cannot be 'many': it is no number"),
            ("Inbox summaries", {"Made": "2026-01-01"}, "cannot be set"),
            ("Tasks", {"Due": "soon"}, "'Due' cannot be 'soon': it is no date"),
            ("Tasks", {"Status": "Lost"}, "'Status' has no status 'Lost'"),
            ("Team handbook", {"Status": "Done"}, "has no properties"),
        ],
    )
    def test_refuses_wrong_properties(
        self, account: NotionAccount, parent: str, properties: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ServiceError, match=message):
            do(create_page, CreatePage(parent=parent, title="x", properties=properties), account)

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(create_page, self.asked)

        assert plan.summary == "Create the page 'Inbox, today' in 'Inbox summaries'."
        assert plan.request["markdown"].startswith(self.asked.markdown)
        assert f"Made by Patchbay · {placeholder('mark')}" in plan.request["markdown"]
        assert plan.result.url == placeholder("page link")


class TestAddingToAPage:
    asked = Append(page="Weekly planning", markdown="## Later\n\n- [ ] One more")

    def test_puts_it_at_the_end(self, account: NotionAccount, sdk: Client) -> None:
        before = markdown_of(account, id_of(account, "Weekly planning"))

        made = do(append, self.asked, account)

        after = markdown_of(account, made.id)
        assert after.startswith(before)
        assert after[len(before) :].strip() == "## Later\n\n- [ ] One more"

    def test_is_found_again_by_its_key_alone(self, account: NotionAccount) -> None:
        assert find(append, self.asked, account, key="one") is None

        made = do(append, self.asked, account, key="one")

        assert find(append, self.asked, account, key="one") == made
        assert find(append, self.asked, account, key="two") is None

    def test_needs_a_page_and_no_database(self, account: NotionAccount) -> None:
        with pytest.raises(ServiceError, match="There is no page called 'Tasks'"):
            do(append, Append(page="Tasks", markdown="x"), account)

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(append, self.asked)

        assert plan.summary == "Add to the page 'Weekly planning'."
        assert plan.request["markdown"].startswith("## Later")
