"""Practice GitHub: releases."""

from __future__ import annotations

from integrations.practice.github_asked import REPOSITORY, Answer, Asked, Endpoint, invalid, now, wrong
from integrations.practice.github_git import SERVICE
from integrations.practice.github_sample import LOGIN
from integrations.practice.store import Doc


def releases(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/releases/releases#list-releases."""
    repository = asked.repository()
    return [asked.show.release(repository, release) for release in reversed(_of(asked, repository))]


def create_release(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/releases/releases#create-a-release. It makes the tag where there is none."""
    tag = asked.body.get("tag_name")
    if not isinstance(tag, str) or not tag.strip():
        raise wrong("Release", "tag_name", "missing_field")
    if any(letter in tag for letter in " ~^:?*[\\"):
        raise wrong("Release", "tag_name", "custom", "tag_name is not well-formed")
    draft = asked.optional("Release", "draft", bool, False)
    prerelease = asked.optional("Release", "prerelease", bool, False)
    latest = asked.optional("Release", "make_latest", str, "true")
    if latest not in ("true", "false", "legacy"):
        raise invalid("Release", "make_latest")
    if latest == "true" and "make_latest" in asked.body and (draft or prerelease):
        raise wrong("Release", "make_latest", "custom", "Latest release cannot be draft or prerelease.")
    with asked.store.transaction():
        repository, git = asked.git()
        target = asked.optional("Release", "target_commitish", str) or repository["default_branch"]
        if any(release["tag"] == tag and not release["draft"] for release in _of(asked, repository)):
            raise wrong("Release", "tag_name", "already_exists")
        commit = git.commit(target)
        if commit is None:
            raise invalid("Release", "target_commitish")
        if not draft and f"tags/{tag}" not in git.refs():
            git.set_ref(f"tags/{tag}", commit["sha"])
        release = {
            "id": asked.store.next_id(SERVICE, "release"),
            "repository": repository["full_name"],
            "tag": tag,
            "target": target,
            "name": asked.optional("Release", "name", str),
            "body": asked.optional("Release", "body", str),
            "draft": draft,
            "prerelease": prerelease,
            "author": LOGIN,
            "created_at": now(),
            "published_at": None if draft else now(),
        }
        asked.store.put(SERVICE, "release", str(release["id"]), release)
    return 201, asked.show.release(repository, release)


def _of(asked: Asked, repository: Doc) -> list[Doc]:
    known = asked.store.all(SERVICE, "release")
    return [release for release in known if release["repository"] == repository["full_name"]]


RELEASES: tuple[Endpoint, ...] = (
    ("GET", REPOSITORY + "/releases", releases),
    ("POST", REPOSITORY + "/releases", create_release),
)
