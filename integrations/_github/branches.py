"""Branches: list them, make one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations._github.client import talking
from integrations._github.connector import GitHubAccount, RefName, RepositoryName, github
from integrations._github.marks import first
from orchestrator.actions import Call, EffectUnknown, Params, Plan, Result, ServiceError, field, placeholder

if TYPE_CHECKING:
    from github.Repository import Repository as GithubRepository


class Branch(Result):
    name: str = field("Name")
    commit: str = field("Commit", description="The newest one of it.")
    protected: bool = field("Protected", description="Yes: GitHub refuses some changes to it.")


class Branches(Result):
    branches: list[Branch] = field("Branches")


class NewBranch(Result):
    name: str = field("Name")
    commit: str = field("Commit", description="Where it begins.")


class ListBranches(Params):
    """List the branches of a repository."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    limit: int = field("At most", default=100, ge=1, le=1000)


class CreateBranch(Params):
    """Make a branch. It begins where another branch, a tag or a commit is."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    name: RefName = field("Name", min_length=1, max_length=200, examples=["drafts/spring"])
    source: RefName = field(
        "Begin at", default="", picker="github.branches", description="Branch, tag or commit. Empty: the main branch."
    )


@github.action("List branches", effect="read", result=Branches)
def list_branches(p: ListBranches, account: GitHubAccount, call: Call) -> Branches:
    with talking(account, p.repository, call) as wire:
        listed = first(wire.repository(p.repository).get_branches(), p.limit)
        return Branches(
            branches=[Branch(name=item.name, commit=item.commit.sha, protected=item.protected) for item in listed]
        )


@github.action("Make a branch", effect="write", result=NewBranch)
def create_branch(p: CreateBranch, account: GitHubAccount, call: Call) -> NewBranch:
    from github.GithubException import GithubException

    with talking(account, _source(p), call) as wire:
        repository = wire.repository(p.repository)
        commit = commit_at(repository, p.source)
        call.sending()
        try:
            made = repository.create_git_ref(f"refs/heads/{p.name}", commit)
        except GithubException as error:
            if error.status == 422 and "already exists" in str(error.data):
                raise ServiceError(
                    f"{p.repository} has a branch '{p.name}' already.", remedy="Choose another name in the step."
                ) from error
            raise
        if made.object.sha != commit:
            raise ValueError("The answer does not say that the branch is at the commit.")
        call.log(f"Made the branch {p.name} in {p.repository}.")
        return NewBranch(name=p.name, commit=commit)


@create_branch.preview
def _(p: CreateBranch, account: GitHubAccount) -> Plan:
    source = p.source or "the main branch"
    return Plan(
        summary=f"Make the branch {p.name} in {p.repository}, from {source}.",
        request={"repository": p.repository, "name": p.name, "source": source},
        result=NewBranch(name=p.name, commit=placeholder("commit")),
    )


@create_branch.find
def _(p: CreateBranch, account: GitHubAccount, call: Call) -> NewBranch | None:
    """A branch of that name at the commit where ours begins is as good as ours, whoever made it."""
    from github.GithubException import UnknownObjectException

    with talking(account, _source(p), call) as wire:
        repository = wire.repository(p.repository)
        try:
            there = repository.get_git_ref(f"heads/{p.name}").object.sha
        except UnknownObjectException:
            return None
        if there == commit_at(repository, p.source):
            return NewBranch(name=p.name, commit=there)
        raise EffectUnknown(
            f"{p.repository} has a branch '{p.name}' at another commit: it cannot be told whether this run made it.",
            remedy="Look at it on GitHub, then skip the step or run it again with another name.",
        )


def commit_at(repository: GithubRepository, ref: str) -> str:
    """The id of the commit that a branch, a tag or an id stands for; "" is the main branch."""
    commit = repository.get_commit(ref or repository.default_branch)
    commit.complete()  # before that, PyGithub takes the name of the branch for the id
    return commit.sha


def _source(p: CreateBranch) -> str:
    return f"{p.source} in {p.repository}" if p.source else p.repository
