"""Files: read one, commit one."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from integrations._github.client import talking
from integrations._github.connector import FilePath, GitHubAccount, RefName, RepositoryName, github
from integrations._github.marks import all_of, oldest, signed, trailer
from orchestrator.actions import Call, Params, Plan, Result, ServiceError, field, placeholder

if TYPE_CHECKING:
    from github.ContentFile import ContentFile
    from github.Repository import Repository as GithubRepository

COMMIT_ATTEMPTS = 4
"""GitHub refuses when two commits to a branch meet. Nothing was made then, so it may be tried again."""


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
    branch: RefName = field(
        "Branch", default="", picker="github.branches", description="Empty for the main branch.", expert=True
    )
    version: str = field(
        "Only if it is still this version",
        default="",
        description="The version that 'Read a file' gave. When the file has changed since, nothing is written.",
        expert=True,
    )


@github.action("Read a file", effect="read", result=File)
def read_file(p: ReadFile, account: GitHubAccount, call: Call) -> File:
    with talking(account, f"{p.path} in {p.repository}", call) as wire:
        repository = wire.repository(p.repository)
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

    with talking(account, f"{p.path} in {p.repository}", call) as wire:
        repository = wire.repository(p.repository)
        for attempt in range(1, COMMIT_ATTEMPTS + 1):
            file = _file(repository, p.path, p.branch)
            if file is not None and file.sha == blob_id(p.content):
                call.log(f"{p.path} in {p.repository} is like this already: nothing to commit.")
                return CommittedFile(path=p.path, changed=False, commit="", url=file.html_url)
            if p.version and (file is None or file.sha != p.version):
                raise _stale(p)
            call.sending()
            try:
                made = _put(repository, p, file, call.key)
            except GithubException as error:
                if error.status != 409:
                    raise
                if attempt == COMMIT_ATTEMPTS:
                    raise meet(p.repository) from error
                continue
            call.log(f"Committed {p.path} to {p.repository}.")
            return made
    raise AssertionError("the last attempt commits or raises")


@commit_file.preview
def _(p: CommitFile, account: GitHubAccount) -> Plan:
    where = f"{p.repository}, branch {p.branch}" if p.branch else p.repository
    request = {
        "repository": p.repository,
        "path": p.path,
        "branch": p.branch or "the main branch",
        "message": p.message,
        "content": p.content,
    }
    return Plan(
        summary=f"Commit {p.path} to {where}.",
        request={**request, "version": p.version} if p.version else request,
        result=CommittedFile(path=p.path, changed=True, commit=placeholder("commit"), url=placeholder("file link")),
    )


@commit_file.find
def _(p: CommitFile, account: GitHubAccount, call: Call) -> CommittedFile | None:
    with talking(account, f"{p.path} in {p.repository}", call) as wire:
        repository = wire.repository(p.repository)
        found = commit_with(repository, call.key, p.branch, path=p.path)
        if found is None:
            return None
        file = _file(repository, p.path, p.branch)
        return CommittedFile(path=p.path, changed=True, commit=found[0], url=file.html_url if file else found[1])


def commit_with(repository: GithubRepository, key: str, branch: str, **only: str) -> tuple[str, str] | None:
    """The id and the link of the commit on a branch that bears a key's trailer."""
    from github.GithubException import GithubException

    wanted = trailer(key)
    commits = repository.get_commits(since=oldest(), **({"sha": branch} if branch else {}), **only)
    try:
        for commit in all_of(commits, f"the history of {only.get('path') or branch or 'the main branch'}"):
            if wanted in commit.commit.message.splitlines():
                return commit.sha, commit.html_url
    except GithubException as error:
        if error.status not in (404, 409):  # no such branch, or a repository without any commit
            raise
    return None


def meet(repository: str) -> ServiceError:
    return ServiceError(
        f"Others commit to {repository} at the same time: in each of {COMMIT_ATTEMPTS} tries the branch had moved.",
        remedy="Run the step again when it is quieter there; nothing was committed.",
    )


def blob_id(text: str) -> str:
    """The id that git gives this content."""
    content = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _stale(p: CommitFile) -> ServiceError:
    return ServiceError(
        f"Somebody has changed '{p.path}' in {p.repository} since this run read it: nothing was written.",
        remedy="Run the workflow again from the step that reads the file.",
    )


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
    content = repository.get_git_blob(file.sha).content if file.encoding == "none" else file.content
    try:
        return base64.b64decode(content).decode("utf-8")
    except UnicodeDecodeError:
        raise ServiceError(f"'{file.path}' is not a text file.", remedy="Choose a text file.") from None


def _put(repository: GithubRepository, p: CommitFile, file: ContentFile | None, key: str) -> CommittedFile:
    message = signed(p.message, key)
    on_branch = {"branch": p.branch} if p.branch else {}
    if file is None:
        made: Any = repository.create_file(p.path, message, p.content, **on_branch)
    else:
        made = repository.update_file(p.path, message, p.content, file.sha, **on_branch)
    return CommittedFile(path=p.path, changed=True, commit=made["commit"].sha, url=made["content"].html_url)
