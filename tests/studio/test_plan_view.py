"""A write is shown as its service will show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.actions import Action, placeholder
from orchestrator.workflow_engine import WorkflowEngine
from studio.plan_view import LARGEST_DIFF, OTHER, doing, origins, present_content, shape_of, write_view, writes
from tests.studio.views import item, plan, run, step

MAIL = {"from": "me@a.example", "to": "b@a.example, c@a.example", "subject": "Hello", "body": "Dear all,\n\nbye"}
PAGE = {"parent": "Inbox", "title": "Weekly", "properties": {}, "markdown": "# Hi\n\nMade here"}
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


def test_an_answer_and_a_draft_are_shown_as_mails() -> None:
    answer = {**MAIL, "answers": "18c2", "also_to": "all others who got the mail", "html": "<b>Dear all</b>"}
    draft = {**MAIL, "draft": "It is not sent: it waits among the drafts."}

    assert dict(write_view(answer, run()).facts)["Answers the mail"] == "18c2"
    assert dict(write_view(answer, run()).facts)["Also to"] == "all others who got the mail"
    assert (write_view(answer, run()).rest, write_view(draft, run()).rest) == (None, None)
    assert doing([plan(answer), plan(draft)]) == "Send 1 mail, write 1 draft"


@pytest.mark.parametrize(
    ("request_", "deed", "facts"),
    [
        (
            {"mail": "18c2", "put_on": ["Bills", "2026"], "take_off": [], "make_missing_labels": "yes"},
            "Label 1 mail",
            (("Mail", "18c2"), ("Put on", "Bills, 2026"), ("Make labels that do not exist", "yes")),
        ),
        (
            {"mail": "18c2", "archive": "It leaves."},
            "Archive 1 mail",
            (("Mail", "18c2"), ("What happens", "It leaves.")),
        ),
        ({"mail": "18c2", "mark_as": "read"}, "Mark 1 mail", (("Mail", "18c2"), ("As", "read"))),
        (
            {"mail": "INBOX/1/2/a@b.example", "folder": "Bills"},
            "File 1 mail",
            (("Mail", "INBOX/1/2/a@b.example"), ("Into the folder", "Bills")),
        ),
    ],
)
def test_filing_of_mail_is_shown_in_words(
    request_: dict[str, Any], deed: str, facts: tuple[tuple[str, str], ...]
) -> None:
    view = write_view(request_, run())

    assert (view.facts, view.rest) == (facts, None)
    assert doing([plan(request_)]) == deed


def test_a_page_has_its_place_its_title_and_its_text_as_it_is_read() -> None:
    view = write_view(PAGE, run())

    assert (view.facts, view.title, view.form) == ((("Where", "Inbox"),), "Weekly", "prose")
    assert view.body == "# Hi\n\nMade here"


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


def test_many_of_a_kind_are_named_as_such() -> None:
    branch = plan({"repository": "a/b", "name": "x", "source": "the main branch"})
    repository = plan({"name": "x", "organization": "the account itself", "private": "no"})

    assert doing([branch]) == "Make 1 branch"
    assert doing([branch, branch, repository, repository]) == "Make 2 branches, make 2 repositories"


@pytest.mark.parametrize(
    ("request_", "deed", "facts", "body"),
    [
        (
            {"repository": "a/b", "title": "Spring", "body": "Look.", "branch": "x", "base": "main", "draft": "no"},
            "Open 1 pull request",
            {"Repository": "a/b", "Branch": "x", "Into": "main", "As a draft": "no"},
            "Look.",
        ),
        (
            {"repository": "a/b", "tag": "v1", "target": "main", "draft": "no", "title": "First", "body": "New."},
            "Make 1 release",
            {"Repository": "a/b", "Tag": "v1", "Of": "main", "As a draft": "no"},
            "New.",
        ),
        (
            {"repository": "a/b", "number": 3, "add": ["bug"], "remove": []},
            "Label 1 issue",
            {"Repository": "a/b", "Number": "3", "Put on": "bug"},
            "",
        ),
        (
            {"repository": "a/b", "number": 3, "reason": "not planned"},
            "Close 1 issue",
            {"Repository": "a/b", "Number": "3", "Because it is": "not planned"},
            "",
        ),
    ],
)
def test_what_github_is_asked_for_looks_like_what_it_is(
    request_: dict[str, Any], deed: str, facts: dict[str, str], body: str
) -> None:
    view = write_view(request_, run())

    assert doing([plan(request_)]) == deed
    assert (dict(view.facts), view.title, view.body) == (facts, request_.get("title", ""), body)


def test_a_commit_shows_each_file_by_what_changes_where_the_run_has_read_it() -> None:
    files = [{"path": "docs/x.md", "content": "one\ntwo\n"}, {"path": "new.md", "content": "a\nb\n"}]
    request = {
        "repository": "a/b",
        "branch": "the main branch",
        "message": "Tidy up",
        "files": files,
        "remove": ["old.md"],
    }

    view = write_view(request, run(TestAFile.READ))

    assert doing([plan(request)]) == "Make 1 commit"
    assert dict(view.facts)["Taken away"] == "old.md"
    assert (view.form, view.rest) == ("diff", None)
    assert view.body == "=== docs/x.md, what changes\n@@ -1 +1,2 @@\n one\n+two\n\n=== new.md, as it will be\n+a\n+b"


def test_a_question_is_no_write() -> None:
    found = run()
    asks = plan({"message": "Sure?"}, action="approve")
    sends = plan(MAIL)

    assert writes(type(found)(found.summary, {}, {}, None, (), plans=(asks, sends))) == [sends]


def test_a_placeholder_names_the_service_that_fills_it(engine: WorkflowEngine) -> None:
    page = plan(
        PAGE,
        action="notion.create_page",
        result={"id": placeholder("page id"), "more": [f"see {placeholder('page link')}"]},
    )
    issue = plan(ISSUE, action="github.create_issue", result={"url": placeholder("issue link")})

    assert origins([page, issue], engine.registry) == {
        placeholder("page id"): "Notion",
        placeholder("page link"): "Notion",
        placeholder("issue link"): "GitHub",
    }


AS_A_TABLE = {"files.from_answer", "git.commit", "git.init", "git.push", "http.send"}
"""Writes without a look of their own: their plan is shown as a table of what is sent."""

IN_OTHER_WORDS: dict[str, dict[str, Any]] = {
    "email.archive_message": {"id": "INBOX/1/2/a"},
    "email.mark_message": {"id": "INBOX/1/2/a"},
    "email.move_message": {"id": "INBOX/1/2/a", "folder": "Bills"},
    "email.reply_message": {"id": "INBOX/1/2/a", "body": "Yes."},
    "gmail.archive_message": {"id": "18c2"},
    "gmail.label_message": {"id": "18c2", "add": ["Bills"]},
    "gmail.mark_message": {"id": "18c2"},
    "gmail.reply_message": {"id": "18c2", "body": "Yes."},
}
"""Writes whose plan does not repeat the names of their parameters, and parameters to see it by."""


def test_what_the_shipped_connectors_plan_has_a_shape_of_its_own(engine: WorkflowEngine) -> None:
    """Every write of a shipped connector is recognised by its parameters, which its plan repeats."""

    def planned(action: Action) -> Mapping[str, Any]:
        if action.id not in IN_OTHER_WORDS or action.preview_function is None:
            return dict.fromkeys(action.params.model_fields)
        given = action.params.model_validate(IN_OTHER_WORDS[action.id])
        return action.preview_function(given, engine.accounts.get(action.connector.id)).request

    unknown = {
        action.id
        for connector in engine.registry.connectors.values()
        for action in connector.actions.values()
        if action.effect != "read" and shape_of(planned(action)) is OTHER
    }
    assert unknown == AS_A_TABLE
