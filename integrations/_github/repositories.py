"""Repositories: list and search them, make one, search the code in them; what forms choose from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import model_validator

from integrations._github.client import talking
from integrations._github.connector import GitHubAccount, RepositoryName, github
from integrations._github.marks import first, oldest, time_of
from orchestrator.actions import Call, EffectUnknown, Params, Plan, Result, field, placeholder

if TYPE_CHECKING:
    from github.Branch import Branch
    from github.Label import Label
    from github.Repository import Repository as GithubRepository

    from integrations._github.wire import Wire

_ELSEWHERE = re.compile(r"(?<!\S)-?(repo|org|user|enterprise):\S*", re.IGNORECASE)
"""Words that say where to search (docs.github.com/en/search-github/searching-on-github/searching-code)."""

LOOKED_INTO = 10
"""Repositories, those pushed to last, whose labels and branches a form offers."""


class Repository(Result):
    name: str = field("Name", description="owner/name")
    description: str = field("Description")
    url: str = field("Link")


class Repositories(Result):
    repositories: list[Repository] = field("Repositories")


class NewRepository(Repository):
    private: bool = field("Private")
    default_branch: str = field("Main branch")
    created: str = field("Created", description="UTC, as 2026-11-21T09:30:00Z.")


class CodeHit(Result):
    repository: str = field("Repository")
    path: str = field("Path")
    fragments: list[str] = field("Lines", description="The places where it was found.")
    url: str = field("Link")


class CodeHits(Result):
    files: list[CodeHit] = field("Files")


class ListRepositories(Params):
    """List the account's repositories, or search those of all GitHub."""

    query: str = field("Search for", default="", description="Empty lists the account's own repositories.")
    limit: int = field("At most", default=50, ge=1, le=500)


class CreateRepository(Params):
    """Make a repository. It begins with a README, so that files can be committed to it at once."""

    name: str = field(
        "Name",
        pattern=r"^[\w.-]{1,100}$",
        description="Letters, digits, '-', '_' and '.', without the owner.",
        examples=["spring-campaign"],
    )
    description: str = field(
        "Description",
        default="",
        max_length=350,
        description="With one, a repository whose making was interrupted can be told from another of its name.",
    )
    private: bool = field("Private", default=True, description="No: everybody in the world may read it.")
    organization: str = field(
        "Organisation", default="", description="Empty: the account itself owns it.", pattern=r"^[\w-]*$"
    )


class SearchCode(Params):
    """Search the code of repositories. GitHub searches main branches, and allows ten searches a minute."""

    query: str = field("Search for", min_length=1, max_length=256, examples=["refund language:python"])
    repository: RepositoryName | None = field(
        "Repository", default=None, picker="github.repositories", description="Empty: all that the account may see."
    )
    limit: int = field("At most", default=20, ge=1, le=200)

    @model_validator(mode="after")
    def _in_the_repository(self) -> SearchCode:
        """GitHub adds up what several of these name: words from outside are not to reach further."""
        if self.repository and (found := _ELSEWHERE.search(self.query)):
            raise ValueError(f"The search is in {self.repository}: leave '{found[0].strip()}' out of the words.")
        return self


@github.action("List or search repositories", effect="read", result=Repositories)
def list_repositories(p: ListRepositories, account: GitHubAccount, call: Call) -> Repositories:
    with talking(account, call=call) as wire:
        found = [_repository(item) for item in first(_found(wire, p.query), p.limit)]
        return Repositories(repositories=found)


@github.action("Make a repository", effect="write", result=NewRepository)
def create_repository(p: CreateRepository, account: GitHubAccount, call: Call) -> NewRepository:
    from github.Organization import Organization

    with talking(account, f"the organisation {p.organization}", call) as wire:
        owner = Organization(wire, url=f"/orgs/{p.organization}") if p.organization else wire.user()
        call.sending()
        made = owner.create_repo(p.name, description=p.description, private=p.private, auto_init=True)
        call.log(f"Made the repository {made.full_name}.")
        return _new(made)


@create_repository.preview
def _(p: CreateRepository, account: GitHubAccount) -> Plan:
    owner = p.organization or placeholder("owner")
    kind = "private" if p.private else "public"
    return Plan(
        summary=f"Make the {kind} repository {p.organization}/{p.name}."
        if p.organization
        else f"Make the {kind} repository {p.name}.",
        request={
            "name": p.name,
            "organization": p.organization or "the account itself",
            "description": p.description,
            "private": "yes: only who is invited sees it" if p.private else "no: everybody in the world may read it",
        },
        result=NewRepository(
            name=f"{owner}/{p.name}",
            description=p.description,
            url=placeholder("repository link"),
            private=p.private,
            default_branch=placeholder("main branch"),
            created=placeholder("time"),
        ),
    )


@create_repository.find
def _(p: CreateRepository, account: GitHubAccount, call: Call) -> NewRepository | None:
    """A repository cannot carry a mark. One of the same name, description and visibility, made lately, is ours; where
    one of that name is there and cannot be told from ours, a person decides."""
    from github.GithubException import UnknownObjectException

    with talking(account, p.name, call) as wire:
        owner = p.organization or wire.user().login
        try:
            found = wire.repository(f"{owner}/{p.name}")
            made = _new(found)
        except UnknownObjectException:
            return None
        asked = (p.description.strip(), p.private)
        if p.description.strip() and asked == (made.description.strip(), made.private) and _is_new(found.created_at):
            return made
        raise EffectUnknown(
            f"There is a repository {made.name}, and it cannot be told whether this run made it.",
            remedy="Look at it on GitHub, then skip the step or run it again with another name.",
        )


@github.action("Search code", effect="read", result=CodeHits)
def search_code(p: SearchCode, account: GitHubAccount, call: Call) -> CodeHits:
    from github.Consts import highLightSearchPreview
    from github.ContentFile import ContentFileSearchResult

    with talking(account, p.repository or "it", call) as wire:
        query = f"{p.query} repo:{p.repository}" if p.repository else p.query
        found = wire.search(ContentFileSearchResult, "code", query, {"Accept": highLightSearchPreview})
        return CodeHits(
            files=[
                CodeHit(
                    repository=file.repository.full_name,
                    path=file.path,
                    fragments=[match["fragment"] for match in file.text_matches or []],
                    url=file.html_url,
                )
                for file in first(found, p.limit)
            ]
        )


@github.picker("repositories")
def repositories(account: GitHubAccount) -> list[tuple[str, str]]:
    with talking(account) as wire:
        return [(item.full_name, item.full_name) for item in first(_found(wire, ""), 500)]


@github.picker("labels")
def labels(account: GitHubAccount) -> list[tuple[str, str]]:
    """Of the repositories that were pushed to last, each label once, with where it is."""
    with talking(account) as wire:
        return _by_name(wire, lambda repository: repository.get_labels())


@github.picker("branches")
def branches(account: GitHubAccount) -> list[tuple[str, str]]:
    """Of the repositories that were pushed to last, each branch once, with where it is."""
    with talking(account) as wire:
        return _by_name(wire, lambda repository: repository.get_branches())


def _found(wire: Wire, query: str) -> Iterable[GithubRepository]:
    from github.Repository import RepositorySearchResult

    return wire.search(RepositorySearchResult, "repositories", query) if query else wire.user().get_repos(sort="pushed")


def _by_name(wire: Wire, listed: Callable[[GithubRepository], Iterable[Label | Branch]]) -> list[tuple[str, str]]:
    """Names in the repositories that were pushed to last. Those that the account may not look into are left out."""
    from github.GithubException import GithubException, RateLimitExceededException

    places: dict[str, list[str]] = {}
    for repository in first(_found(wire, ""), LOOKED_INTO):
        try:
            names = [item.name for item in first(listed(repository), 100)]
        except GithubException as error:
            if isinstance(error, RateLimitExceededException) or error.status not in (403, 404):
                raise
            continue
        for name in names:
            places.setdefault(name, []).append(repository.full_name)
    return [(name, f"{name} ({', '.join(where)})") for name, where in sorted(places.items())]


def _repository(item: GithubRepository) -> Repository:
    return Repository(name=item.full_name, description=item.description or "", url=item.html_url)


def _new(made: GithubRepository) -> NewRepository:
    return NewRepository(
        name=made.full_name,
        description=made.description or "",
        url=made.html_url,
        private=made.private,
        default_branch=made.default_branch,
        created=time_of(made.created_at),
    )


def _is_new(created: datetime) -> bool:
    return created >= oldest()
