"""GitHub: repositories, issues, files, branches, pull requests and releases.

Source: docs.github.com/en/rest, through PyGithub. The actions lie in `integrations/_github/`.
"""

from __future__ import annotations

from datetime import datetime

from integrations._github.branches import CreateBranch, ListBranches, create_branch, list_branches
from integrations._github.client import talking
from integrations._github.commits import CommitFiles, NewFile, commit_files
from integrations._github.connector import GitHubAccount, github
from integrations._github.files import CommitFile, ReadFile, commit_file, read_file
from integrations._github.issues import (
    CloseIssue,
    CommentIssue,
    CreateIssue,
    GetIssue,
    ListIssues,
    close_issue,
    comment_issue,
    create_issue,
    get_issue,
    list_issues,
)
from integrations._github.labels import LabelIssue, label_issue
from integrations._github.pulls import (
    CommentPullRequest,
    GetPullRequest,
    ListPullRequests,
    OpenPullRequest,
    comment_pull_request,
    get_pull_request,
    list_pull_requests,
    open_pull_request,
)
from integrations._github.reader import repository_at
from integrations._github.releases import CreateRelease, ListReleases, create_release, list_releases
from integrations._github.repositories import (
    CreateRepository,
    ListRepositories,
    SearchCode,
    branches,
    create_repository,
    labels,
    list_repositories,
    repositories,
    search_code,
)
from orchestrator.actions import Standing

__all__ = [
    "CloseIssue",
    "CommentIssue",
    "CommentPullRequest",
    "CommitFile",
    "CommitFiles",
    "CreateBranch",
    "CreateIssue",
    "CreateRelease",
    "CreateRepository",
    "GetIssue",
    "GetPullRequest",
    "GitHubAccount",
    "LabelIssue",
    "ListBranches",
    "ListIssues",
    "ListPullRequests",
    "ListReleases",
    "ListRepositories",
    "NewFile",
    "OpenPullRequest",
    "ReadFile",
    "SearchCode",
    "branches",
    "close_issue",
    "comment_issue",
    "comment_pull_request",
    "commit_file",
    "commit_files",
    "create_branch",
    "create_issue",
    "create_release",
    "create_repository",
    "get_issue",
    "get_pull_request",
    "github",
    "label_issue",
    "labels",
    "list_branches",
    "list_issues",
    "list_pull_requests",
    "list_releases",
    "list_repositories",
    "open_pull_request",
    "read_file",
    "repositories",
    "repository_at",
    "search_code",
]


@github.check
def check(account: GitHubAccount) -> Standing:
    with talking(account) as wire:
        user = wire.user()
        login = user.login
        scopes = wire.oauth_scopes  # None for a fine-grained token: GitHub does not say what it may do
        lacks = " · its token lacks the scope 'repo': private repositories and writing are refused"
        who = login + (lacks if scopes is not None and "repo" not in scopes else "")
        return Standing(who, expires=_end(str(user.raw_headers.get("github-authentication-token-expiration", ""))))


def _end(header: str) -> float | None:
    """When a token ends, as GitHub says it: "2027-01-31 10:00:00 UTC", or with an offset. In seconds since 1970.

    Source: docs.github.com/en/authentication/keeping-your-account-and-data-secure/token-expiration-and-revocation"""
    try:
        return datetime.strptime(header.replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z").timestamp()
    except ValueError:
        return None
