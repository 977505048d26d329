"""What issues and pull requests have in common: a number, who wrote what and when, and the talk below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations._github.connector import RepositoryName
from integrations._github.marks import time_of, unmarked
from orchestrator.actions import Params, Plan, Result, field, placeholder

if TYPE_CHECKING:
    from github.Issue import Issue as GithubIssue
    from github.IssueComment import IssueComment
    from github.PullRequest import PullRequest as GithubPullRequest

    from integrations._github.wire import Wire


class Numbered(Params):
    """One of them."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    number: int = field("Number", ge=1)


class Commented(Numbered):
    """What is written under it."""

    body: str = field("Text", widget="markdown", min_length=1, max_length=65_000)


class Comment(Result):
    body: str = field("Text")
    author: str = field("Author")
    created: str = field("Created", description="UTC, as 2026-11-21T09:30:00Z.")
    url: str = field("Link")


def parts_of(item: GithubIssue | GithubPullRequest) -> dict[str, Any]:
    """What both say of themselves, by the names of our fields."""
    return {
        "number": item.number,
        "title": item.title,
        "body": unmarked(item.body),
        "state": item.state,
        "author": item.user.login if item.user else "",
        "created": time_of(item.created_at),
        "url": item.html_url,
    }


def comment_of(comment: IssueComment) -> Comment:
    return Comment(
        body=unmarked(comment.body),
        author=comment.user.login if comment.user else "",
        created=time_of(comment.created_at),
        url=comment.html_url,
    )


def comment_plan(p: Commented, under: str) -> Plan:
    return Plan(
        summary=f"Comment on {under}.",
        request={"repository": p.repository, "number": p.number, "body": p.body},
        result=Comment(
            body=p.body,
            author=placeholder("author"),
            created=placeholder("time"),
            url=placeholder("comment link"),
        ),
    )


def issue_at(wire: Wire, p: Numbered) -> GithubIssue:
    """The issue of that number. The talk below a pull request is that of the issue of its number."""
    return wire.repository(p.repository).get_issue(p.number)
