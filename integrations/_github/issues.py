"""Issues: list, read, open, comment, label, close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from integrations._github.client import talking
from integrations._github.connector import GitHubAccount, RepositoryName, github
from integrations._github.marks import find_marked, first, marked, oldest
from integrations._github.talk import Comment, Commented, Numbered, comment_of, comment_plan, issue_at, parts_of
from orchestrator.actions import Call, Params, Plan, Result, field, placeholder

if TYPE_CHECKING:
    from github.Issue import Issue as GithubIssue

COMMENTS = 500
"""Comments that are read of an issue."""


class Issue(Result):
    number: int | str = field("Number")
    title: str = field("Title")
    body: str = field("Text")
    state: str = field("State", description="open or closed")
    labels: list[str] = field("Labels")
    author: str = field("Author")
    created: str = field("Created", description="UTC, as 2026-11-21T09:30:00Z.")
    url: str = field("Link")


class Issues(Result):
    issues: list[Issue] = field("Issues")


class IssueWithComments(Issue):
    comments: list[Comment] = field("Comments", description="Oldest first, 500 at most.")


class ListIssues(Params):
    """List the issues of a repository, newest first."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    state: Literal["open", "closed", "all"] = field("State", default="open")
    labels: list[str] = field(
        "Labels", default=[], picker="github.labels", description="Only issues that bear all of them."
    )
    limit: int = field("At most", default=30, ge=1, le=500)


class GetIssue(Numbered):
    """Read an issue and its comments."""


class CreateIssue(Params):
    """Open an issue in a repository."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    title: str = field("Title", min_length=1, max_length=256)
    body: str = field("Text", default="", widget="markdown", max_length=65_000)
    labels: list[str] = field("Labels", default=[], picker="github.labels")


class CommentIssue(Commented):
    """Write a comment under an issue."""


class CloseIssue(Numbered):
    """Close an issue."""

    reason: Literal["completed", "not_planned"] = field(
        "Because it is", default="completed", description="completed: it is done. not_planned: it will not be done."
    )


@github.action("List issues", effect="read", result=Issues)
def list_issues(p: ListIssues, account: GitHubAccount, call: Call) -> Issues:
    with talking(account, p.repository, call) as wire:
        listed = wire.repository(p.repository).get_issues(
            state=p.state, labels=p.labels, sort="created", direction="desc"
        )
        # GitHub lists pull requests among the issues. To ask for `pull_request` would be a request an issue.
        issues = (issue for issue in listed if "/pull/" not in issue.html_url)
        return Issues(issues=[_issue(issue) for issue in first(issues, p.limit)])


@github.action("Read an issue", effect="read", result=IssueWithComments)
def get_issue(p: GetIssue, account: GitHubAccount, call: Call) -> IssueWithComments:
    with talking(account, _named(p), call) as wire:
        issue = issue_at(wire, p)
        comments = [comment_of(comment) for comment in first(issue.get_comments(), COMMENTS)]
        return IssueWithComments(**_issue(issue).model_dump(), comments=comments)


@github.action("Open an issue", effect="write", result=Issue)
def create_issue(p: CreateIssue, account: GitHubAccount, call: Call) -> Issue:
    with talking(account, p.repository, call) as wire:
        call.sending()
        issue = wire.repository(p.repository).create_issue(p.title, body=marked(p.body, call.key), labels=p.labels)
        call.log(f"Opened issue {issue.number} in {p.repository}.")
        return _issue(issue)


@create_issue.preview
def _(p: CreateIssue, account: GitHubAccount) -> Plan:
    return Plan(
        summary=f"Open the issue '{p.title}' in {p.repository}.",
        request={"repository": p.repository, "title": p.title, "body": p.body, "labels": p.labels},
        result=Issue(
            number=placeholder("issue number"),
            title=p.title,
            body=p.body,
            state="open",
            labels=p.labels,
            author=placeholder("author"),
            created=placeholder("time"),
            url=placeholder("issue link"),
        ),
    )


@create_issue.find
def _(p: CreateIssue, account: GitHubAccount, call: Call) -> Issue | None:
    with talking(account, p.repository, call) as wire:
        listed = wire.repository(p.repository).get_issues(state="all", sort="created", direction="desc", since=oldest())
        issue = find_marked(listed, call.key, p.repository)
        return _issue(issue) if issue else None


@github.action("Comment on an issue", effect="write", result=Comment)
def comment_issue(p: CommentIssue, account: GitHubAccount, call: Call) -> Comment:
    with talking(account, _named(p), call) as wire:
        call.sending()
        made = comment_of(issue_at(wire, p).create_comment(marked(p.body, call.key)))
        call.log(f"Commented on issue {p.number} of {p.repository}.")
        return made


@comment_issue.preview
def _(p: CommentIssue, account: GitHubAccount) -> Plan:
    return comment_plan(p, _named(p))


@comment_issue.find
def _(p: CommentIssue, account: GitHubAccount, call: Call) -> Comment | None:
    with talking(account, _named(p), call) as wire:
        listed = issue_at(wire, p).get_comments(since=oldest())
        comment = find_marked(listed, call.key, _named(p))
        return comment_of(comment) if comment else None


@github.action("Close an issue", effect="idempotent_write", result=Issue)
def close_issue(p: CloseIssue, account: GitHubAccount, call: Call) -> Issue:
    with talking(account, _named(p), call) as wire:
        issue = issue_at(wire, p)
        call.sending()
        issue.edit(state="closed", state_reason=p.reason)
        call.log(f"Closed issue {p.number} of {p.repository}.")
        return _issue(issue)


@close_issue.preview
def _(p: CloseIssue, account: GitHubAccount) -> Plan:
    words = "completed" if p.reason == "completed" else "not planned"
    return Plan(
        summary=f"Close issue {p.number} of {p.repository} as {words}.",
        request={"repository": p.repository, "number": p.number, "reason": words},
        result=Issue(
            number=p.number,
            title=placeholder("title"),
            body=placeholder("text"),
            state="closed",
            labels=[],
            author=placeholder("author"),
            created=placeholder("time"),
            url=placeholder("issue link"),
        ),
    )


def _named(p: Numbered) -> str:
    return f"issue {p.number} of {p.repository}"


def _issue(issue: GithubIssue) -> Issue:
    return Issue(**parts_of(issue), labels=[label.name for label in issue.labels])
