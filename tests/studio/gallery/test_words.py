"""A workflow in words, and the accounts that it acts as."""

from __future__ import annotations

from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.gallery.shelf import exhibit, exhibits, matching
from studio.gallery.words import account_needs, lines


def test_each_step_is_told_with_when_and_how_often(engine: WorkflowEngine) -> None:
    content = {
        "id": "w",
        "steps": [
            {"id": "mail", "name": "Find it", "uses": "gmail.search_messages"},
            {
                "id": "each",
                "uses": "group",
                "for_each": "{{ steps.mail.messages }}",
                "steps": [{"id": "file", "uses": "gmail.archive_message", "with": {"id": "1"}, "if": "{{ true }}"}],
            },
        ],
    }
    told = lines(Workflow.model_validate(content), engine.registry)
    assert [(line.depth, line.name, line.how) for line in told] == [
        (0, "Find it", "reads"),
        (0, "each", "for each item"),
        (1, "file", "only under a condition, writes"),
    ]
    assert told[0].what.startswith("Gmail: ")


def test_an_account_is_told_as_practice_until_one_is_connected(engine: WorkflowEngine) -> None:
    found = exhibit("sort_issues", engine)
    assert [(need.connector, need.standing) for need in account_needs(found.contents, engine)] == [
        ("github", "practice"),
        ("telegram", "practice"),
    ]
    engine.accounts.add("github", "work", {"token": "a-very-private-token"}, default=True)
    assert [(need.standing, need.name) for need in account_needs(found.contents, engine)] == [
        ("connected", "work"),
        ("practice", "practice"),
    ]


def test_the_gallery_is_searched_by_words_and_purpose(engine: WorkflowEngine) -> None:
    found = exhibits(engine)
    assert [one.id for one in matching(found, "PULL request", None)] == ["explain_code"]
    assert {one.bundle.purpose for one in matching(found, "", "Mail")} == {"Mail"}
    assert matching(found, "telegram", "Mail") == []
    assert matching(found, "", None) == found
