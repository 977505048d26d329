"""A write is shown as its service will show it."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.workflow_engine import WorkflowEngine
from studio.plan_view import LARGEST_DIFF, doing, origins, present_content, shape_of, write_view, writes
from tests.studio.views import item, plan, run, step

MAIL = {"from": "me@a.example", "to": "b@a.example, c@a.example", "subject": "Hello", "body": "Dear all,\n\nbye"}
PAGE = {"parent": "Inbox", "title": "Weekly", "properties": {}, "markdown": '# Hi\n\nMade here {color="gray"}'}
APPENDED = {"page": "Log", "markdown": "one more"}
FILE = {
    "repository": "a/b",
    "path": "docs/x.md",
    "branch": "the main branch",
    "message": "Say more",
    "content": "one\ntwo\n",
}
ISSUE = {"repository": "a/b", "title": "It breaks", "body": "Badly.", "labels": ["bug", "urgent"]}
COMMENT = {"repository": "a/b", "number": 7, "body": "Me too."}


def test_a_mail_has_its_addresses_its_subject_and_its_text() -> None:
    view = write_view({**MAIL, "attachments": [{"name": "a.pdf"}, "b.txt"]}, run())

    assert view.facts == (
        ("From", "me@a.example"),
        ("To", "b@a.example, c@a.example"),
        ("Subject", "Hello"),
        ("Attachments", "a.pdf, b.txt"),
    )
    assert (view.body, view.form, view.rest) == ("Dear all,\n\nbye", "letter", None)


def test_a_page_has_its_place_its_title_and_its_text_as_it_is_read() -> None:
    view = write_view(PAGE, run())

    assert (view.facts, view.title, view.form) == ((("Where", "Inbox"),), "Weekly", "prose")
    assert view.body == "# Hi\n\nMade here", "what colours a block is no text"


def test_an_issue_has_its_labels() -> None:
    view = write_view(ISSUE, run())

    assert view.facts == (("Repository", "a/b"), ("Labels", "bug, urgent"))
    assert (view.title, view.body, view.form) == ("It breaks", "Badly.", "prose")


def test_what_nobody_foresaw_is_shown_whole() -> None:
    view = write_view({"amount": 5, "lines": [1, 2], "nothing": ""}, run())

    assert view.rest == {"amount": 5, "lines": [1, 2]}
    assert (view.facts, view.title, view.body) == ((), "", "")


def test_nothing_that_will_be_sent_is_left_out() -> None:
    for request in (MAIL, PAGE, APPENDED, FILE, ISSUE, COMMENT):
        view = write_view({**request, "secretly": "bcc@evil.example"}, run())
        assert (view.rest or {})["secretly"] == "bcc@evil.example"


class TestAFile:
    READ = step(
        "read", items=(item(given={"repository": "a/b", "path": "docs/x.md", "ref": ""}, output={"text": "one\n"}),)
    )

    def test_is_shown_whole_where_nobody_knows_what_stands_there_now(self) -> None:
        view = write_view(FILE, run())

        assert (view.body, view.form, view.path) == ("one\ntwo\n", "file", "docs/x.md")
        assert dict(view.facts)["Message"] == "Say more"

    def test_that_the_run_has_read_is_shown_by_what_changes(self) -> None:
        view = write_view(FILE, run(self.READ))

        assert view.form == "diff"
        assert view.body == "@@ -1 +1,2 @@\n one\n+two"

    def test_that_does_not_change_says_so_by_an_empty_difference(self) -> None:
        view = write_view({**FILE, "content": "one\n"}, run(self.READ))
        assert (view.form, view.body) == ("diff", "")

    @pytest.mark.parametrize("other", [{"repository": "a/c"}, {"path": "docs/y.md"}, {"branch": "next"}])
    def test_is_not_compared_with_another(self, other: dict[str, Any]) -> None:
        assert present_content(run(self.READ), {**FILE, **other}) is None

    def test_that_is_too_large_to_compare_is_shown_whole(self) -> None:
        assert write_view({**FILE, "content": "x" * LARGEST_DIFF}, run(self.READ)).form == "file"


def test_what_writes_do_is_counted() -> None:
    plans = [plan(request) for request in (MAIL, PAGE, PAGE, APPENDED, FILE, ISSUE, COMMENT, {"amount": 5})]

    assert doing(plans) == (
        "Send 1 mail, create 2 pages, add to 1 page, commit 1 file, open 1 issue, write 1 comment, make 1 change"
    )
    assert doing([]) == ""


def test_a_question_is_no_write() -> None:
    found = run()
    asks = plan({"message": "Sure?"}, action="approve")
    sends = plan(MAIL)

    assert writes(type(found)(found.summary, {}, {}, None, (), plans=(asks, sends))) == [sends]


def test_a_placeholder_names_the_service_that_fills_it(engine: WorkflowEngine) -> None:
    page = plan(PAGE, action="notion.create_page", result={"id": "‹page id›", "more": ["see ‹page link›"]})
    issue = plan(ISSUE, action="github.create_issue", result={"url": "‹issue link›"})

    assert origins([page, issue], engine.registry) == {
        "‹page id›": "Notion",
        "‹page link›": "Notion",
        "‹issue link›": "GitHub",
    }


AS_A_TABLE = {"files.from_answer", "git.commit", "git.init", "git.push", "http.send"}
"""Writes without a look of their own: their plan is shown as a table of what is sent."""


def test_what_the_shipped_connectors_plan_has_a_shape_of_its_own(engine: WorkflowEngine) -> None:
    """Every write of a shipped connector is recognised by its parameters, which its plan repeats."""
    unknown = {
        action.id
        for connector in engine.registry.connectors.values()
        for action in connector.actions.values()
        if action.effect != "read" and not shape_of(dict.fromkeys(action.params.model_fields)).body
    }
    assert unknown == AS_A_TABLE
