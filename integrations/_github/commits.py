"""Many files as one commit, through GitHub's Git data API (docs.github.com/en/rest/git): the tree, the commit, and
last the branch, which is the one step that others see. Whatever fails before it has changed nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import model_validator

from integrations._github.client import said, talking
from integrations._github.connector import FilePath, GitHubAccount, RefName, RepositoryName, github
from integrations._github.files import COMMIT_ATTEMPTS, blob_id, commit_with, meet
from integrations._github.marks import signed
from orchestrator.actions import Call, Params, Plan, Result, ServiceError, field, placeholder

if TYPE_CHECKING:
    from github.GitCommit import GitCommit
    from github.GitTree import GitTree
    from github.InputGitTreeElement import InputGitTreeElement
    from github.Repository import Repository as GithubRepository

MOST_TEXT = 10_000_000
"""Characters of a commit: they go to GitHub in one request. What is larger is pushed with git."""

PLAIN, PROGRAM = "100644", "100755"
"""Git's modes of files."""


class NewFile(Params):
    """A file of a commit."""

    path: FilePath = field("Path", examples=["src/app.py"])
    content: str = field("Content", widget="multiline")


class CommittedFiles(Result):
    changed: bool = field("Changed", description="No when all was like this already: no commit is made.")
    commit: str = field("Commit", description="Its id, empty when nothing changed.")
    branch: str = field("Branch")
    paths: list[str] = field("Files", description="That the commit adds, changes or removes.")
    url: str = field("Link")


class CommitFiles(Params):
    """Write several text files and commit them together, as one commit. Files of the same paths are replaced."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    files: list[NewFile] = field("Files", default=[], max_length=1000)
    remove: list[FilePath] = field(
        "Remove", default=[], max_length=1000, description="Paths of files that the commit takes away."
    )
    message: str = field("Commit message", min_length=1)
    branch: RefName = field(
        "Branch", default="", picker="github.branches", description="Empty for the main branch. It has to be there."
    )
    base: str = field(
        "Only if the branch is still at this commit",
        default="",
        pattern=r"^([0-9a-f]{40})?$",
        description="When somebody has committed to it since, nothing is written.",
        expert=True,
    )

    @model_validator(mode="after")
    def _makes_a_commit(self) -> Self:
        paths = [file.path for file in self.files] + self.remove
        if not paths:
            raise ValueError("Name a file to write or to remove.")
        if twice := next((path for path in paths if paths.count(path) > 1), None):
            raise ValueError(f"'{twice}' is named twice.")
        if sum(len(file.content) for file in self.files) > MOST_TEXT:
            raise ValueError(f"The files are larger than {MOST_TEXT:,} characters together: push them with git.")
        return self


class Outdated(Exception):
    """The branch moved between its reading and its writing."""


@github.action("Commit files", effect="write", result=CommittedFiles, timeout=120)
def commit_files(p: CommitFiles, account: GitHubAccount, call: Call) -> CommittedFiles:
    with talking(account, _place(p), call) as wire:
        repository = wire.repository(p.repository)
        branch = p.branch or repository.default_branch
        for _ in range(COMMIT_ATTEMPTS):
            try:
                return _commit(repository, p, branch, call)
            except Outdated:
                continue
        raise meet(p.repository)


@commit_files.preview
def _(p: CommitFiles, account: GitHubAccount) -> Plan:
    paths = [file.path for file in p.files] + p.remove
    where = f"{p.repository}, branch {p.branch}" if p.branch else p.repository
    count = "1 file" if len(paths) == 1 else f"{len(paths)} files"
    request = {
        "repository": p.repository,
        "branch": p.branch or "the main branch",
        "message": p.message,
        "files": [{"path": file.path, "content": file.content} for file in p.files],
        "remove": p.remove,
    }
    return Plan(
        summary=f"Commit {count} to {where}.",
        request={**request, "base": p.base} if p.base else request,
        result=CommittedFiles(
            changed=True,
            commit=placeholder("commit"),
            branch=p.branch or placeholder("branch"),
            paths=paths,
            url=placeholder("commit link"),
        ),
    )


@commit_files.find
def _(p: CommitFiles, account: GitHubAccount, call: Call) -> CommittedFiles | None:
    with talking(account, _place(p), call) as wire:
        repository = wire.repository(p.repository)
        branch = p.branch or repository.default_branch
        found = commit_with(repository, call.key, branch)
        if found is None:
            return None
        commit = repository.get_commit(found[0])
        paths = sorted(file.filename for file in commit.files)
        return CommittedFiles(changed=True, commit=found[0], branch=branch, paths=paths, url=found[1])


def _commit(repository: GithubRepository, p: CommitFiles, branch: str, call: Call) -> CommittedFiles:
    """One try. Raises `Outdated` where somebody else committed meanwhile."""
    from github.GithubException import GithubException

    ref = repository.get_git_ref(f"heads/{branch}")
    head = repository.get_git_commit(ref.object.sha)
    if p.base and head.sha != p.base:
        raise ServiceError(
            f"Somebody has committed to '{branch}' of {p.repository} since {p.base[:7]}: nothing was written.",
            remedy="Run the workflow again from the step that reads the files.",
        )
    changes = _changes(repository.get_git_tree(head.tree.sha, recursive=True), p)
    if not changes:
        call.log(f"The files in {p.repository} are like this already: nothing to commit.")
        return CommittedFiles(changed=False, commit="", branch=branch, paths=[], url=head.html_url)
    made = _stored(repository, head, list(changes.values()), signed(p.message, call.key))
    call.sending()
    try:
        ref.edit(made.sha, force=False)
    except GithubException as error:
        if error.status == 409 or (error.status == 422 and "fast forward" in said(error)):
            raise Outdated from error
        raise
    if ref.object.sha != made.sha:
        raise ValueError("The answer does not say that the branch is at the commit.")
    call.log(f"Committed {len(changes)} files to {p.repository}.")
    return CommittedFiles(changed=True, commit=made.sha, branch=branch, paths=sorted(changes), url=made.html_url)


def _changes(tree: GitTree, p: CommitFiles) -> dict[str, InputGitTreeElement]:
    """What has to change, by path. A program stays one; what is like this already, or gone already, is left out."""
    from github.InputGitTreeElement import InputGitTreeElement

    known = {entry.path: entry for entry in tree.tree if entry.type != "tree"}
    whole = not tree.raw_data["truncated"]
    changes: dict[str, InputGitTreeElement] = {}
    for file in p.files:
        there = known.get(file.path)
        if there is None or there.sha != blob_id(file.content):
            mode = PROGRAM if there and there.mode == PROGRAM else PLAIN
            changes[file.path] = InputGitTreeElement(file.path, mode, "blob", content=file.content)
    for path in p.remove:
        if path in known or not whole:
            changes[path] = InputGitTreeElement(path, PLAIN, "blob", sha=None)
    return changes


def _stored(
    repository: GithubRepository, head: GitCommit, changes: list[InputGitTreeElement], message: str
) -> GitCommit:
    """The commit in GitHub's store, on no branch yet."""
    tree = repository.create_git_tree(changes, head.tree)
    if not isinstance(tree.sha, str):
        raise ValueError("The answer is no tree.")
    return repository.create_git_commit(message, tree, [head])


def _place(p: CommitFiles) -> str:
    return f"branch {p.branch} of {p.repository}" if p.branch else p.repository
