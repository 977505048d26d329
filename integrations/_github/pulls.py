"""Pull requests: open, list, read with what they change, comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from integrations._github.client import talking
from integrations._github.connector import GitHubAccount, RefName, RepositoryName, github
from integrations._github.marks import find_marked, first, marked, oldest
from integrations._github.talk import Comment, Commented, Numbered, comment_of, comment_plan, issue_at, parts_of
from orchestrator.actions import Call, Params, Plan, Result, field, placeholder

if TYPE_CHECKING:
    from github.PullRequest import PullRequest as GithubPullRequest

CHANGED_FILES = 300
"""Files of a pull request that are read."""


class PullRequest(Result):
    number: int | str = field("Number")
    title: str = field("Title")
    body: str = field("Text")
    state: str = field("State", description="open or closed")
    draft: bool = field("Draft")
    branch: str = field("Branch", description="That is to be merged.")
    base: str = field("Into", description="The branch that it is to be merged into.")
    author: str = field("Author")
    created: str = field("Created", description="UTC, as 2026-11-21T09:30:00Z.")
    url: str = field("Link")


class PullRequests(Result):
    pull_requests: list[PullRequest] = field("Pull requests")


class ChangedFile(Result):
    path: str = field("Path")
    status: str = field("What happens to it", description="added, modified, removed or renamed")
    added: int = field("Lines added")
    removed: int = field("Lines removed")
    diff: str = field("Changes", description="As a unified diff; empty for a file that is no text, or too large.")


class PullRequestWithDiff(PullRequest):
    merged: bool = field("Merged")
    files: list[ChangedFile] = field("Files", description="300 at most.")
    diff: str = field("All changes", description="Of the files above, one after the other.")


class ListPullRequests(Params):
    """List the pull requests of a repository, newest first."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    state: Literal["open", "closed", "all"] = field("State", default="open")
    base: RefName = field("Into the branch", default="", picker="github.branches", description="Empty: into any.")
    limit: int = field("At most", default=30, ge=1, le=500)


class GetPullRequest(Numbered):
    """Read a pull request and what it changes."""


class OpenPullRequest(Params):
    """Ask for a branch to be merged into another."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    title: str = field("Title", min_length=1, max_length=256)
    body: str = field("Text", default="", widget="markdown", max_length=65_000)
    branch: str = field(
        "Branch",
        min_length=1,
        max_length=300,
        picker="github.branches",
        description="That is to be merged. One of a copy of the repository: owner:branch.",
    )
    base: RefName = field("Into", default="", picker="github.branches", description="Empty: the main branch.")
    draft: bool = field("As a draft", default=False, description="Yes: nobody is asked to look at it yet.")


class CommentPullRequest(Commented):
    """Write a comment under a pull request."""


@github.action("List pull requests", effect="read", result=PullRequests)
def list_pull_requests(p: ListPullRequests, account: GitHubAccount, call: Call) -> PullRequests:
    with talking(account, p.repository, call) as wire:
        listed = wire.repository(p.repository).get_pulls(
            state=p.state, sort="created", direction="desc", **({"base": p.base} if p.base else {})
        )
        return PullRequests(pull_requests=[_pull(item) for item in first(listed, p.limit)])


@github.action("Read a pull request", effect="read", result=PullRequestWithDiff)
def get_pull_request(p: GetPullRequest, account: GitHubAccount, call: Call) -> PullRequestWithDiff:
    with talking(account, _named(p), call) as wire:
        pull = wire.repository(p.repository).get_pull(p.number)
        files = [
            ChangedFile(
                path=file.filename,
                status=file.status,
                added=file.additions,
                removed=file.deletions,
                diff=file.patch or "",
            )
            for file in first(pull.get_files(), CHANGED_FILES)
        ]
        diff = "\n".join(f"--- {file.path} ({file.status})\n{file.diff}" for file in files)
        return PullRequestWithDiff(**_pull(pull).model_dump(), merged=pull.merged, files=files, diff=diff)


@github.action("Open a pull request", effect="write", result=PullRequest)
def open_pull_request(p: OpenPullRequest, account: GitHubAccount, call: Call) -> PullRequest:
    with talking(account, p.repository, call) as wire:
        repository = wire.repository(p.repository)
        base = p.base or repository.default_branch
        call.sending()
        pull = repository.create_pull(base, p.branch, title=p.title, body=marked(p.body, call.key), draft=p.draft)
        call.log(f"Opened pull request {pull.number} in {p.repository}.")
        return _pull(pull)


@open_pull_request.preview
def _(p: OpenPullRequest, account: GitHubAccount) -> Plan:
    base = p.base or "the main branch"
    return Plan(
        summary=f"Open the pull request '{p.title}' in {p.repository}: {p.branch} into {base}.",
        request={
            "repository": p.repository,
            "title": p.title,
            "body": p.body,
            "branch": p.branch,
            "base": base,
            "draft": "yes" if p.draft else "no",
        },
        result=PullRequest(
            number=placeholder("pull request number"),
            title=p.title,
            body=p.body,
            state="open",
            draft=p.draft,
            branch=p.branch,
            base=p.base or placeholder("main branch"),
            author=placeholder("author"),
            created=placeholder("time"),
            url=placeholder("pull request link"),
        ),
    )


@open_pull_request.find
def _(p: OpenPullRequest, account: GitHubAccount, call: Call) -> PullRequest | None:
    with talking(account, p.repository, call) as wire:
        listed = wire.repository(p.repository).get_pulls(state="all", sort="created", direction="desc")
        recent = _since(listed)
        found = find_marked(recent, call.key, f"the pull requests of {p.repository}")
        return _pull(found) if found else None


@github.action("Comment on a pull request", effect="write", result=Comment)
def comment_pull_request(p: CommentPullRequest, account: GitHubAccount, call: Call) -> Comment:
    with talking(account, _named(p), call) as wire:
        call.sending()
        made = comment_of(issue_at(wire, p).create_comment(marked(p.body, call.key)))
        call.log(f"Commented on pull request {p.number} of {p.repository}.")
        return made


@comment_pull_request.preview
def _(p: CommentPullRequest, account: GitHubAccount) -> Plan:
    return comment_plan(p, _named(p))


@comment_pull_request.find
def _(p: CommentPullRequest, account: GitHubAccount, call: Call) -> Comment | None:
    with talking(account, _named(p), call) as wire:
        comment = find_marked(issue_at(wire, p).get_comments(since=oldest()), call.key, _named(p))
        return comment_of(comment) if comment else None


def _since(pulls: Iterable[GithubPullRequest]) -> Iterator[GithubPullRequest]:
    """Those, newest first, that are of a run that can still go on. GitHub has no filter by time here."""
    start = oldest()
    return takewhile(lambda pull: pull.created_at >= start, pulls)


def _named(p: Numbered) -> str:
    return f"pull request {p.number} of {p.repository}"


def _pull(pull: GithubPullRequest) -> PullRequest:
    return PullRequest(**parts_of(pull), draft=bool(pull.draft), branch=pull.head.ref, base=pull.base.ref)
