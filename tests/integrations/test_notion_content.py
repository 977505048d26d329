"""Content that is longer or deeper than one request of Notion may be: written in parts, once, and in its order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.notion import Append, CreatePage, NotionAccount, append, create_page
from orchestrator.actions import Action, EffectUnknown, Params, RateLimited, ServiceError, Unavailable
from tests.integrations.notion_wire import Wire, do, find, id_of, markdown_of, watched

PAGE = "Product ideas"


@pytest.fixture
def account(practice: Any) -> NotionAccount:
    return NotionAccount(base_url=f"{practice.url}/notion", token="practice")


@pytest.fixture
def wire(practice: Any, server: Any) -> Iterator[Wire]:
    with watched(server[1]) as wire:
        yield wire


def paragraphs(count: int) -> str:
    return "\n\n".join(f"Paragraph {number}" for number in range(count))


def nested(depth: int, width: int = 2) -> str:
    def lines(level: int) -> Iterator[str]:
        for number in range(width):
            yield "  " * level + f"- Level {level} item {number}"
            if level + 1 < depth:
                yield from lines(level + 1)

    return "\n".join(lines(0))


def table(rows: int) -> str:
    return "\n".join(["| A | B |", "| --- | --- |", *(f"| {number} | x |" for number in range(rows))])


def long_list(children: int) -> str:
    return "\n".join(["- Top", *(f"  - Child {number}" for number in range(children)), "- Last"])


LONG = {
    "paragraphs": paragraphs(220),
    "nested": nested(5),
    "table": table(201),
    "children": long_list(201),
    "table in a list": "- Item\n  - Inner\n\n    " + table(3).replace("\n", "\n    "),
    "all": "\n\n".join([paragraphs(101), nested(4, width=1), table(101)]),
}
every_kind = pytest.mark.parametrize("markdown", LONG.values(), ids=LONG)


class TestLongContent:
    @every_kind
    def test_of_a_new_page_is_all_there_in_its_order(self, account: NotionAccount, wire: Wire, markdown: str) -> None:
        made = do(create_page, CreatePage(parent=PAGE, title="Long", markdown=markdown), account)

        assert markdown_of(account, made.id) == markdown
        assert len(wire.writes) > 1

    @every_kind
    def test_that_is_added_is_all_there_behind_the_rest(
        self, account: NotionAccount, wire: Wire, markdown: str
    ) -> None:
        before = markdown_of(account, id_of(account, PAGE))

        made = do(append, Append(page=PAGE, markdown=markdown), account)

        assert markdown_of(account, made.id) == f"{before}\n\n{markdown}"
        assert made.url.endswith("#" + made.blocks[0].replace("-", ""))

    def test_ends_in_the_line_that_says_where_it_came_from(self, account: NotionAccount, practice: Any) -> None:
        made = do(create_page, CreatePage(parent=PAGE, title="Long", markdown=paragraphs(250)), account)

        content = practice.store.get("notion", "page", made.id)["content"]
        assert len(content) == 251
        assert content[-1]["paragraph"]["rich_text"][0]["plain_text"].startswith("Made by Patchbay · ")

    def test_goes_into_a_busy_database_too(self, account: NotionAccount, practice: Any) -> None:
        row = practice.store.get("notion", "page", id_of(account, "Inbox, last Monday"))
        with practice.store.transaction():
            for number in range(1001):
                practice.store.put("notion", "page", f"copy-{number}", {**row, "id": f"copy-{number}"})

        asked = CreatePage(parent="Inbox summaries", title="Long", markdown=paragraphs(120))
        made = do(create_page, asked, account)

        assert do(create_page, asked, account) == made
        assert markdown_of(account, made.id) == asked.markdown

    def test_of_one_request_is_one_request(self, account: NotionAccount, wire: Wire) -> None:
        do(create_page, CreatePage(parent=PAGE, title="Short", markdown=paragraphs(99)), account)
        do(append, Append(page=PAGE, markdown=nested(3)), account)

        assert [sent.endpoint for sent in wire.writes] == ["POST /v1/pages", "PATCH /v1/blocks/{id}/children"]

    def test_in_long_paragraphs_stays_below_what_a_request_may_weigh(self, account: NotionAccount, wire: Wire) -> None:
        markdown = "\n\n".join("長" * 4000 for _ in range(60))

        made = do(create_page, CreatePage(parent=PAGE, title="Heavy", markdown=markdown), account)

        assert markdown_of(account, made.id) == markdown
        assert max(len(str(sent.body).encode()) for sent in wire.writes) < 500_000

    @pytest.mark.parametrize("text", ["x" * 5001, "😀" * 1500, "word " * 900 + "end"])
    def test_of_one_block_is_kept_whole(self, account: NotionAccount, text: str) -> None:
        for markdown in (text, f"```\n{text}\n```", f"- {text}"):
            made = do(append, Append(page="Weekly planning", markdown=markdown), account, key=markdown[:5] + text[:9])
            assert markdown_of(account, made.id).endswith(markdown)

    def test_that_one_step_cannot_write_is_refused_before_anything_is_sent(
        self, account: NotionAccount, wire: Wire
    ) -> None:
        with pytest.raises(ServiceError, match="has 2001 paragraphs") as error:
            do(create_page, CreatePage(parent=PAGE, title="Long", markdown=paragraphs(2001)), account)
        with pytest.raises(ServiceError, match="more than 20 deep"):
            do(append, Append(page=PAGE, markdown=nested(21, width=1)), account)

        assert "several steps" in error.value.remedy
        assert wire.writes == []


def until_done(action: Action, params: Params, account: NotionAccount) -> Any:
    """What the engine does after an attempt whose end is unknown: it looks, and tries again where nothing is found."""
    for _ in range(3):
        if result := find(action, params, account):
            return result
        try:
            return do(action, params, account)
        except Unavailable:
            continue
    raise AssertionError("it was never done")


class TestAnAttemptThatIsBrokenOff:
    @pytest.mark.parametrize("does_it", [False, True], ids=["before", "after"])
    @pytest.mark.parametrize("broken", range(4))
    def test_is_gone_on_with_and_nothing_is_doubled(
        self, account: NotionAccount, wire: Wire, broken: int, does_it: bool
    ) -> None:
        asked = CreatePage(parent="Inbox summaries", title="Long", markdown=LONG["all"])
        wire.broken, wire.does_it = broken, does_it

        made = until_done(create_page, asked, account)

        assert markdown_of(account, made.id) == asked.markdown
        assert len([sent for sent in wire.sent if sent.endpoint == "POST /v1/pages"]) == (
            2 if broken == 0 and not does_it else 1
        )
        assert find(create_page, asked, account) == made

    @pytest.mark.parametrize("does_it", [False, True], ids=["before", "after"])
    @pytest.mark.parametrize("broken", range(4))
    def test_at_adding_is_gone_on_with_too(
        self, account: NotionAccount, wire: Wire, broken: int, does_it: bool
    ) -> None:
        before = markdown_of(account, id_of(account, PAGE))
        asked = Append(page=PAGE, markdown=LONG["all"])
        wire.broken, wire.does_it = broken, does_it

        made = until_done(append, asked, account)

        assert markdown_of(account, made.id) == f"{before}\n\n{asked.markdown}"
        assert find(append, asked, account) == made

    @pytest.mark.parametrize("broken", [1, 2])
    def test_by_a_limit_is_gone_on_with_though_nobody_looks_for_it(
        self, account: NotionAccount, wire: Wire, broken: int
    ) -> None:
        """A refusal is certain, so that the engine tries again at once."""
        row = CreatePage(parent="Inbox summaries", title="Long", markdown=LONG["all"])
        wire.status, wire.broken = 429, broken
        with pytest.raises(RateLimited):
            do(create_page, row, account)
        made = do(create_page, row, account)
        assert markdown_of(account, made.id) == row.markdown

        before = markdown_of(account, id_of(account, PAGE))
        more = Append(page=PAGE, markdown=LONG["all"])
        wire.broken = len(wire.writes) + broken
        with pytest.raises(RateLimited):
            do(append, more, account)
        added = do(append, more, account)
        assert markdown_of(account, added.id) == f"{before}\n\n{more.markdown}"

    def test_is_left_alone_where_somebody_changed_the_page_since(
        self, account: NotionAccount, wire: Wire, practice: Any
    ) -> None:
        asked = CreatePage(parent=PAGE, title="Long", markdown=paragraphs(250))
        wire.broken = 2
        with pytest.raises(Unavailable):
            do(create_page, asked, account)
        page = practice.store.get("notion", "page", id_of(account, "Long"))
        del page["content"][3]
        practice.store.put("notion", "page", page["id"], page)

        with pytest.raises(ServiceError, match="Somebody changed the page") as error:
            do(create_page, asked, account)
        assert "by hand" in error.value.remedy

    def test_cannot_be_told_where_what_was_added_was_changed(self, account: NotionAccount, practice: Any) -> None:
        asked = Append(page=PAGE, markdown=paragraphs(150))
        made = do(append, asked, account)
        page = practice.store.get("notion", "page", made.id)
        del page["content"][-20]
        practice.store.put("notion", "page", made.id, page)

        with pytest.raises(EffectUnknown, match="was changed since"):
            find(append, asked, account)

    def test_of_one_request_is_found_whatever_was_changed_since(self, account: NotionAccount, practice: Any) -> None:
        asked = Append(page=PAGE, markdown=paragraphs(5))
        made = do(append, asked, account)
        page = practice.store.get("notion", "page", made.id)
        page["content"][-2]["paragraph"]["rich_text"] = []
        practice.store.put("notion", "page", made.id, page)

        assert find(append, asked, account) == made
