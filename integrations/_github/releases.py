"""Releases: list them, make one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations._github.client import talking
from integrations._github.connector import GitHubAccount, RefName, RepositoryName, github
from integrations._github.marks import find_marked, first, marked, time_of, unmarked
from orchestrator.actions import Call, Params, Plan, Result, field, placeholder

if TYPE_CHECKING:
    from github.GitRelease import GitRelease


class Release(Result):
    tag: str = field("Tag")
    title: str = field("Title")
    body: str = field("Text")
    draft: bool = field("Draft")
    prerelease: bool = field("Not for everybody yet")
    author: str = field("Author")
    created: str = field("Created", description="UTC, as 2026-11-21T09:30:00Z.")
    url: str = field("Link")


class Releases(Result):
    releases: list[Release] = field("Releases")


class ListReleases(Params):
    """List the releases of a repository, newest first."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    limit: int = field("At most", default=20, ge=1, le=200)


class CreateRelease(Params):
    """Release a version. GitHub makes the tag where there is none of that name."""

    repository: RepositoryName = field("Repository", picker="github.repositories")
    tag: RefName = field("Tag", min_length=1, max_length=200, examples=["v1.2.0"])
    title: str = field("Title", default="", max_length=256, description="Empty: the tag.")
    body: str = field("Text", default="", widget="markdown", max_length=120_000)
    target: RefName = field(
        "Where the tag is made",
        default="",
        picker="github.branches",
        description="Branch or commit. Empty: the main branch.",
        expert=True,
    )
    draft: bool = field("As a draft", default=False, description="Yes: only people who may write see it.")
    prerelease: bool = field("Not for everybody yet", default=False)


@github.action("List releases", effect="read", result=Releases)
def list_releases(p: ListReleases, account: GitHubAccount, call: Call) -> Releases:
    with talking(account, p.repository, call) as wire:
        return Releases(
            releases=[_release(item) for item in first(wire.repository(p.repository).get_releases(), p.limit)]
        )


@github.action("Release a version", effect="write", result=Release)
def create_release(p: CreateRelease, account: GitHubAccount, call: Call) -> Release:
    with talking(account, p.repository, call) as wire:
        call.sending()
        made = wire.repository(p.repository).create_git_release(
            p.tag,
            p.title or p.tag,
            marked(p.body, call.key),
            draft=p.draft,
            prerelease=p.prerelease,
            # GitHub refuses to call a draft or a pre-release the latest one.
            make_latest="false" if p.draft or p.prerelease else "true",
            **({"target_commitish": p.target} if p.target else {}),
        )
        call.log(f"Released {p.tag} of {p.repository}.")
        return _release(made)


@create_release.preview
def _(p: CreateRelease, account: GitHubAccount) -> Plan:
    kind = "draft of the release" if p.draft else "pre-release" if p.prerelease else "release"
    return Plan(
        summary=f"Make the {kind} {p.tag} of {p.repository}.",
        request={
            "repository": p.repository,
            "tag": p.tag,
            "target": p.target or "the main branch",
            "title": p.title or p.tag,
            "body": p.body,
            "draft": "yes" if p.draft else "no",
            **({"prerelease": "yes"} if p.prerelease else {}),
        },
        result=Release(
            tag=p.tag,
            title=p.title or p.tag,
            body=p.body,
            draft=p.draft,
            prerelease=p.prerelease,
            author=placeholder("author"),
            created=placeholder("time"),
            url=placeholder("release link"),
        ),
    )


@create_release.find
def _(p: CreateRelease, account: GitHubAccount, call: Call) -> Release | None:
    """By the mark in its text. The list has drafts too, which cannot be asked for by their tag."""
    with talking(account, p.repository, call) as wire:
        listed = wire.repository(p.repository).get_releases()
        found = find_marked(listed, call.key, f"the releases of {p.repository}")
        return _release(found) if found else None


def _release(release: GitRelease) -> Release:
    return Release(
        tag=release.tag_name,
        title=release.name or release.tag_name,
        body=unmarked(release.body),
        draft=release.draft,
        prerelease=release.prerelease,
        author=release.author.login if release.author else "",
        created=time_of(release.created_at),
        url=release.html_url,
    )
