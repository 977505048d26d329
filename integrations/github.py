"""GitHub: repositories, issues and files.

Source: docs.github.com/en/rest, through PyGithub. GitHub has no client token that would keep a write single, so each
write carries a hash of its key where a reader does not see it: a hidden HTML comment in the text of an issue or a
comment, a trailer in the message of a commit. It is looked up in the lists themselves, which are exact, and not in
GitHub's search index, which lags behind.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator

from orchestrator.actions import (
    Account,
    AccountError,
    Call,
    Connector,
    EffectUnknown,
    Params,
    Plan,
    RateLimited,
    Result,
    SecretStr,
    ServiceError,
    Unavailable,
    field,
    placeholder,
)

if TYPE_CHECKING:
    from github import Github
    from github.ContentFile import ContentFile
    from github.GithubException import GithubException
    from github.Issue import Issue as GithubIssue
    from github.IssueComment import IssueComment
    from github.Repository import Repository as GithubRepository

LOOK_BACK = timedelta(days=30)
LOOK_AT = 1000
"""How far `find` goes back: what is older than this is not of a run that can still go on."""
COMMIT_ATTEMPTS = 4
"""GitHub answers 409 when two commits to a branch meet. Nothing was made then, so it may be tried again."""

_MARK = re.compile(r"\n*<!-- patchbay:[0-9a-f]{32} -->")
_REPOSITORY = re.compile(r"(?:https?://[^/]+/)?(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?")

T = TypeVar("T")


class GitHubAccount(Account):
    token: SecretStr = field("Personal access token", description="From github.com/settings/tokens.")
    base_url: str = field(
        "Address of the API", default="https://api.github.com", expert=True, pattern=r"^https?://[^/\s]+\S*$"
    )


github = Connector(
    "github",
    title="GitHub",
    icon=":material/code:",
    description="Repositories, issues and files on GitHub.",
    account=GitHubAccount,
    practice={"base_url": "{practice}/github", "token": "practice"},
)


def _repository_name(text: str) -> str:
    match = _REPOSITORY.fullmatch(text.strip())
    if match is None or set(match["name"].split("/")) & {".", ".."}:
        raise ValueError(f"'{text}' is no repository. Write it as owner/name, for example practice/handbook.")
    return match["name"]


def _file_path(text: str) -> str:
    parts = text.split("/")
    if text.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in text:
        raise ValueError(
            f"'{text}' is no path of a file. Write it as folder/file.md, with no '..' and no '/' at the start."
        )
    return text


RepositoryName = Annotated[str, AfterValidator(_repository_name)]
FilePath = Annotated[str, AfterValidator(_file_path)]


class Repository(Result):
    name: str = field("Name", description="owner/name")
    description: str = field("Description")
    url: str = field("Link")


class Repositories(Result):
    repositories: list[Repository] = field("Repositories")


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


class Comment(Result):
    body: str = field("Text")
    author: str = field("Author")
    created: str = field("Created", description="UTC, as 2026-11-21T09:30:00Z.")
    url: str = field("Link")


class IssueWithComments(Issue):
    comments: list[Comment] = field("Comments", description="Oldest first, 500 at most.")


class File(Result):
    path: str = field("Path")
    text: str = field("Text")
    sha: str = field("Version", description="Git's id of the content.")
    url: str = field("Link")


class CommittedFile(Result):
    path: str = field("Path")
    changed: bool = field("Changed", description="No when the file was like this already: no commit is made.")
    commit: str = field("Commit", description="Its id, empty when nothing changed.")
    url: str = field("Link")


class ListRepositories(Params):
    """List the account's repositories, or search those of all GitHub."""

    query: str = field("Search for", default="", description="Empty lists the account's own repositories.")
    limit: int = field("At most", default=50, ge=1, le=500)


class ListIssues(Params):
    """List the issues of a repository, newest first."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    state: Literal["open", "closed", "all"] = field("State", default="open")
    labels: list[str] = field("Labels", default=[], description="Only issues that bear all of them.")
    limit: int = field("At most", default=30, ge=1, le=500)


class GetIssue(Params):
    """Read an issue and its comments."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    number: int = field("Number", ge=1)


class CreateIssue(Params):
    """Open an issue in a repository."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    title: str = field("Title", min_length=1, max_length=256)
    body: str = field("Text", default="", widget="markdown", max_length=65_000)
    labels: list[str] = field("Labels", default=[])


class CommentIssue(Params):
    """Write a comment under an issue."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    number: int = field("Number", ge=1)
    body: str = field("Text", widget="markdown", min_length=1, max_length=65_000)


class ReadFile(Params):
    """Read a text file of a repository."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    path: FilePath = field("Path", examples=["docs/support.md"])
    ref: str = field("Branch, tag or commit", default="", description="Empty for the main branch.", expert=True)


class CommitFile(Params):
    """Write a text file and commit it. A file of that path is replaced."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    path: FilePath = field("Path", examples=["sops/onboarding.md"])
    content: str = field("Content", widget="multiline")
    message: str = field("Commit message", min_length=1)
    branch: str = field("Branch", default="", description="Empty for the main branch.", expert=True)


@github.action("List repositories", effect="read", result=Repositories)
def list_repositories(p: ListRepositories, account: GitHubAccount, call: Call) -> Repositories:
    with _talking(account) as client:
        return Repositories(repositories=_repositories(client, p.query, p.limit))


@github.action("List issues", effect="read", result=Issues)
def list_issues(p: ListIssues, account: GitHubAccount, call: Call) -> Issues:
    with _talking(account, p.repository) as client:
        listed = client.get_repo(p.repository).get_issues(
            state=p.state, labels=p.labels, sort="created", direction="desc"
        )
        # GitHub lists pull requests among the issues. To ask for `pull_request` would be a request an issue.
        issues = (issue for issue in listed if "/pull/" not in issue.html_url)
        return Issues(issues=[_issue(issue) for issue in _first(issues, p.limit)])


@github.action("Read an issue", effect="read", result=IssueWithComments)
def get_issue(p: GetIssue, account: GitHubAccount, call: Call) -> IssueWithComments:
    with _talking(account, f"issue {p.number} of {p.repository}") as client:
        issue = client.get_repo(p.repository).get_issue(p.number)
        comments = [_comment(comment) for comment in _first(issue.get_comments(), 500)]
        return IssueWithComments(**_issue(issue).model_dump(), comments=comments)


@github.action("Open an issue", effect="write", result=Issue)
def create_issue(p: CreateIssue, account: GitHubAccount, call: Call) -> Issue:
    with _talking(account, p.repository) as client:
        body = _marked(p.body, call.key)
        repository = client.get_repo(p.repository)
        call.sending()
        issue = repository.create_issue(p.title, body=body, labels=p.labels)
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
    with _talking(account, p.repository) as client:
        repository = client.get_repo(p.repository)
        listed = repository.get_issues(state="all", sort="created", direction="desc", since=_oldest())
        issue = _marked_one(listed, call.key, p.repository)
        return _issue(issue) if issue else None


@github.action("Comment on an issue", effect="write", result=Comment)
def comment_issue(p: CommentIssue, account: GitHubAccount, call: Call) -> Comment:
    with _talking(account, f"issue {p.number} of {p.repository}") as client:
        issue = client.get_repo(p.repository).get_issue(p.number)
        call.sending()
        comment = issue.create_comment(_marked(p.body, call.key))
        call.log(f"Commented on issue {p.number} of {p.repository}.")
        return _comment(comment)


@comment_issue.preview
def _(p: CommentIssue, account: GitHubAccount) -> Plan:
    return Plan(
        summary=f"Comment on issue {p.number} of {p.repository}.",
        request={"repository": p.repository, "number": p.number, "body": p.body},
        result=Comment(
            body=p.body,
            author=placeholder("author"),
            created=placeholder("time"),
            url=placeholder("comment link"),
        ),
    )


@comment_issue.find
def _(p: CommentIssue, account: GitHubAccount, call: Call) -> Comment | None:
    with _talking(account, f"issue {p.number} of {p.repository}") as client:
        listed = client.get_repo(p.repository).get_issue(p.number).get_comments(since=_oldest())
        comment = _marked_one(listed, call.key, f"issue {p.number} of {p.repository}")
        return _comment(comment) if comment else None


@github.action("Read a file", effect="read", result=File)
def read_file(p: ReadFile, account: GitHubAccount, call: Call) -> File:
    with _talking(account, f"{p.path} in {p.repository}") as client:
        repository = client.get_repo(p.repository)
        file = _file(repository, p.path, p.ref)
        if file is None:
            raise ServiceError(
                f"There is no file '{p.path}' in {p.repository}.",
                remedy="Check the repository, the branch and the path, upper and lower case too.",
            )
        return File(path=file.path, text=_text(repository, file), sha=file.sha, url=file.html_url)


@github.action("Commit a file", effect="write", result=CommittedFile)
def commit_file(p: CommitFile, account: GitHubAccount, call: Call) -> CommittedFile:
    from github.GithubException import GithubException

    with _talking(account, f"{p.path} in {p.repository}") as client:
        repository = client.get_repo(p.repository)
        attempt = 1
        while True:
            file = _file(repository, p.path, p.branch)
            if file is not None and file.sha == _blob_id(p.content):
                call.log(f"{p.path} in {p.repository} is like this already: nothing to commit.")
                return CommittedFile(path=p.path, changed=False, commit="", url=file.html_url)
            try:
                call.sending()
                made = _put(repository, p, file, call.key)
            except GithubException as error:
                if error.status != 409 or attempt == COMMIT_ATTEMPTS:
                    raise
                attempt += 1
                continue
            call.log(f"Committed {p.path} to {p.repository}.")
            return made


@commit_file.preview
def _(p: CommitFile, account: GitHubAccount) -> Plan:
    where = f"{p.repository}, branch {p.branch}" if p.branch else p.repository
    return Plan(
        summary=f"Commit {p.path} to {where}.",
        request={
            "repository": p.repository,
            "path": p.path,
            "branch": p.branch or "the main branch",
            "message": p.message,
            "content": p.content,
        },
        result=CommittedFile(path=p.path, changed=True, commit=placeholder("commit"), url=placeholder("file link")),
    )


@commit_file.find
def _(p: CommitFile, account: GitHubAccount, call: Call) -> CommittedFile | None:
    from github.GithubException import GithubException

    trailer = _trailer(call.key)
    with _talking(account, f"{p.path} in {p.repository}") as client:
        repository = client.get_repo(p.repository)
        on_branch = {"sha": p.branch} if p.branch else {}
        commits = repository.get_commits(path=p.path, since=_oldest(), **on_branch)
        try:
            for commit in _all_of(commits, f"the history of {p.path}"):
                if trailer in commit.commit.message.splitlines():
                    file = _file(repository, p.path, p.branch)
                    url = file.html_url if file else commit.html_url
                    return CommittedFile(path=p.path, changed=True, commit=commit.sha, url=url)
        except GithubException as error:
            if error.status not in (404, 409):  # no such branch, or a repository without any commit
                raise
    return None


@github.picker("repositories")
def repositories(account: GitHubAccount) -> list[tuple[str, str]]:
    with _talking(account) as client:
        return [(found.name, found.name) for found in _repositories(client, "", 500)]


@github.check
def check(account: GitHubAccount) -> str:
    with _talking(account) as client:
        login = client.get_user().login
        scopes = client.oauth_scopes  # None for a fine-grained token: GitHub does not say what it may do
        lacks = " · its token lacks the scope 'repo': private repositories and writing are refused"
        return login + (lacks if scopes is not None and "repo" not in scopes else "")


# One client an account is kept, so that its connections are used again. It is never let go: another thread may be
# in the middle of a request with it.
@cache
def _client(account: GitHubAccount) -> Github:
    from github import Auth, Github

    # Retrying and slowing down are the engine's: PyGithub's own would sleep inside a step, unseen.
    return Github(
        base_url=account.base_url.rstrip("/"),
        auth=Auth.Token(account.token.get_secret_value()),
        timeout=20,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        per_page=100,
        lazy=True,
    )


@contextmanager
def _talking(account: GitHubAccount, about: str = "it") -> Iterator[Github]:
    """The client of an account. What goes wrong inside becomes one of our errors, told of what it is `about`."""
    from github.GithubException import BadAttributeException, GithubException
    from requests.exceptions import RequestException

    try:
        yield _client(account)
    except GithubException as error:
        raise _refusal(error, account, about) from error
    except RequestException as error:
        raise Unavailable(
            f"GitHub cannot be reached at {account.base_url}.",
            remedy="Check the network connection, then try again.",
        ) from error
    except (
        # What PyGithub raises over an answer of another shape, or a redirect to another host.
        AssertionError,
        AttributeError,
        BadAttributeException,
        KeyError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        # Whether a write got through is open then: as when nothing answers at all.
        raise Unavailable(
            f"What answers at {account.base_url} is not GitHub.",
            remedy=f"Check the network, and the address of the account '{account.name}'.",
        ) from error


def _refusal(error: GithubException, account: GitHubAccount, about: str) -> ServiceError:
    """Source: docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api."""
    headers = error.headers or {}
    message = _said(error)
    if error.status == 401:
        return AccountError(
            f"GitHub does not accept the token of the account '{account.name}'.",
            remedy=f"Reconnect the account '{account.name}'.",
        )
    is_used_up = error.status == 403 and headers.get("x-ratelimit-remaining") == "0"
    is_secondary = error.status == 403 and ("retry-after" in headers or "rate limit" in message.lower())
    if error.status == 429 or is_used_up or is_secondary:
        return RateLimited(
            f"GitHub asks us to slow down: {message}",
            remedy="Try again in a few minutes.",
            retry_after=_wait(headers),
        )
    if error.status >= 500:
        return Unavailable(f"GitHub is failing (status {error.status}).", remedy="Try again in a few minutes.")
    if error.status == 404:
        return ServiceError(
            f"GitHub does not find {about}: {message}",
            remedy=f"Check the name, and that the account '{account.name}' may see it.",
        )
    remedies = {
        403: f"Give the token of the account '{account.name}' the right to do this.",
        409: "Somebody changed it at the same time: run the step again.",
    }
    return ServiceError(f"GitHub says: {message}", remedy=remedies.get(error.status, "Change what the step sends."))


def _said(error: GithubException) -> str:
    """GitHub's message, with what it says about single fields."""
    data: Any = error.data if isinstance(error.data, dict) else {}
    message = str(data.get("message") or f"status {error.status}")
    details = [
        str(item.get("message") or f"{item.get('field')} {item.get('code')}")
        for item in data.get("errors") or []
        if isinstance(item, dict)
    ]
    return f"{message} ({', '.join(details)})" if details else message


def _wait(headers: dict[str, str]) -> float | None:
    """Seconds until GitHub wants to be asked again, where it says so."""
    if headers.get("retry-after", "").isdigit():
        return float(headers["retry-after"])
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - datetime.now(UTC).timestamp())
    return None


def _first(items: Iterable[T], limit: int) -> Iterator[T]:
    for number, item in enumerate(items, 1):
        yield item
        if number == limit:
            return


def _all_of(items: Iterable[T], what: str) -> Iterator[T]:
    """All items, but not without end. Raises `EffectUnknown` where too many are left."""
    for number, item in enumerate(items):
        if number == LOOK_AT:
            raise EffectUnknown(
                f"There is too much in {what} to see whether this was done already.",
                remedy="Look for it on GitHub, then skip the step or run it again.",
            )
        yield item


Bodied = TypeVar("Bodied", "GithubIssue", "IssueComment")


def _marked_one(items: Iterable[Bodied], key: str, where: str) -> Bodied | None:
    mark = _mark(key)
    return next((item for item in _all_of(items, where) if mark in (item.body or "")), None)


def _oldest() -> datetime:
    return datetime.now(UTC) - LOOK_BACK


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _mark(key: str) -> str:
    return f"<!-- patchbay:{_hash(key)} -->"


def _trailer(key: str) -> str:
    return f"Patchbay-Key: {_hash(key)}"


def _marked(body: str, key: str) -> str:
    return f"{body}\n\n{_mark(key)}".lstrip("\n")


def _repositories(client: Github, query: str, limit: int) -> list[Repository]:
    found = client.search_repositories(query) if query else client.get_user().get_repos(sort="pushed")
    return [
        Repository(name=item.full_name, description=item.description or "", url=item.html_url)
        for item in _first(found, limit)
    ]


def _issue(issue: GithubIssue) -> Issue:
    return Issue(
        number=issue.number,
        title=issue.title,
        body=_MARK.sub("", issue.body or ""),
        state=issue.state,
        labels=[label.name for label in issue.labels],
        author=issue.user.login if issue.user else "",
        created=_time(issue.created_at),
        url=issue.html_url,
    )


def _comment(comment: IssueComment) -> Comment:
    return Comment(
        body=_MARK.sub("", comment.body or ""),
        author=comment.user.login if comment.user else "",
        created=_time(comment.created_at),
        url=comment.html_url,
    )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _file(repository: GithubRepository, path: str, ref: str) -> ContentFile | None:
    """A file, or None where there is none."""
    from github.GithubException import GithubException

    try:
        found = repository.get_contents(path, **({"ref": ref} if ref else {}))
    except GithubException as error:
        if error.status == 404:
            return None
        raise
    if isinstance(found, list):
        raise ServiceError(f"'{path}' is a folder.", remedy="Give the path of a file in it.")
    return found


def _text(repository: GithubRepository, file: ContentFile) -> str:
    """The text of a file. GitHub leaves the content of one above 1 MB out; its blob has it."""
    import base64

    content = repository.get_git_blob(file.sha).content if file.encoding == "none" else file.content
    try:
        return base64.b64decode(content).decode("utf-8")
    except UnicodeDecodeError:
        raise ServiceError(f"'{file.path}' is not a text file.", remedy="Choose a text file.") from None


def _blob_id(text: str) -> str:
    """The id that git would give this content."""
    content = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _put(repository: GithubRepository, p: CommitFile, file: ContentFile | None, key: str) -> CommittedFile:
    message = f"{p.message.rstrip()}\n\n{_trailer(key)}"
    on_branch = {"branch": p.branch} if p.branch else {}
    if file is None:
        made: Any = repository.create_file(p.path, message, p.content, **on_branch)
    else:
        made = repository.update_file(p.path, message, p.content, file.sha, **on_branch)
    return CommittedFile(path=p.path, changed=True, commit=made["commit"].sha, url=made["content"].html_url)
