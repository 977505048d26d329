"""Practice GitHub: the account, its repositories, and what is searched for in them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from integrations.practice.github_asked import REPOSITORY, Answer, Asked, Endpoint, Refused, invalid, now, wrong
from integrations.practice.github_git import SERVICE, Git
from integrations.practice.github_sample import LABELS, LOGIN, ORGANIZATION
from integrations.practice.store import Doc

AROUND = 60
"""Characters that a search shows on each side of what it found."""


def user(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/users/users#get-the-authenticated-user."""
    return asked.show.me()


def repositories(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/repos/repos#list-repositories-for-the-authenticated-user."""
    return [asked.show.repository(doc) for doc in asked.store.all(SERVICE, "repository")]


def search_repositories(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/search/search#search-repositories."""
    words = _words(asked)
    found = [
        asked.show.repository(doc) | {"score": 1.0}
        for doc in asked.store.all(SERVICE, "repository")
        if all(word in f"{doc['full_name']} {doc['description']}".casefold() for word in words)
    ]
    return _found(found)


def search_code(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/search/search#search-code. Main branches only, as on the real service."""
    words = _words(asked)
    only = {word.removeprefix("repo:") for word in words if word.startswith("repo:")}
    folders = [word.removeprefix("path:") for word in words if word.startswith("path:")]
    plain = [word for word in words if not word.startswith(("repo:", "path:"))]
    if not plain:
        raise wrong("Search", "q", "missing")
    found: list[Doc] = []
    for doc in asked.store.all(SERVICE, "repository"):
        if only and doc["full_name"].casefold() not in only:
            continue
        git = Git(asked.store, doc["full_name"])
        commit = git.commit(doc["default_branch"])
        for path, id in sorted(commit["files"].items()) if commit else ():
            text = (git.blob(id) or b"").decode("utf-8", "replace")
            if all(word in f"{path} {text}".casefold() for word in plain) and all(
                path.casefold().startswith(folder.strip("/")) for folder in folders
            ):
                hit = asked.show.hit(doc, path, id, doc["default_branch"])
                if "text-match" in asked.accept:
                    hit["text_matches"] = _matches(hit["url"], text, plain)
                found.append(hit)
    return _found(found)


def repository(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/repos/repos#get-a-repository."""
    return asked.show.whole_repository(asked.repository())


def repository_by_id(asked: Asked) -> Answer:
    """Where the answer to an old name of a repository leads."""
    known = asked.store.all(SERVICE, "repository")
    doc = next((doc for doc in known if doc["id"] == asked.path["id"]), None)
    if doc is None:
        raise Refused(404, "Not Found")
    return asked.show.whole_repository(doc)


def create_for_user(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/repos/repos#create-a-repository-for-the-authenticated-user."""
    return _create(asked, LOGIN)


def create_for_organization(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/repos/repos#create-an-organization-repository."""
    if asked.path["org"].lower() != ORGANIZATION:
        raise Refused(404, "Not Found")
    return _create(asked, ORGANIZATION)


def _create(asked: Asked, owner: str) -> Answer:
    name = asked.optional("Repository", "name", str)
    if not name:
        raise wrong("Repository", "name", "missing_field")
    if not re.fullmatch(r"[\w.-]{1,100}", name):
        raise invalid("Repository", "name")
    description = asked.optional("Repository", "description", str)
    private = asked.optional("Repository", "private", bool, False)
    begins = asked.optional("Repository", "auto_init", bool, False)
    full_name = f"{owner}/{name}"
    with asked.store.transaction():
        if asked.store.get(SERVICE, "repository", full_name.lower()):
            taken = {"resource": "Repository", "code": "custom", "field": "name"}
            message = "name already exists on this account"
            raise Refused(422, "Repository creation failed.", [taken | {"message": message}])
        doc: Doc = {
            "id": asked.store.next_id(SERVICE, "repository"),
            "full_name": full_name,
            "description": description,
            "private": private,
            "default_branch": "main",
            "labels": dict(LABELS),
            "created_at": now(),
        }
        asked.store.put(SERVICE, "repository", full_name.lower(), doc)
        if begins:
            text = f"# {name}\n" + (f"{description}\n" if description else "")
            git = Git(asked.store, full_name)
            git.write("main", {"README.md": text.encode()}, "Initial commit", asked.author(), datetime.now(UTC))
    return 201, asked.show.whole_repository(doc)


def _words(asked: Asked) -> list[str]:
    words = asked.query.get("q", "").casefold().split()
    if not words:
        raise wrong("Search", "q", "missing")
    return words


def _found(items: list[Doc]) -> Answer:
    return {"total_count": len(items), "incomplete_results": False, "items": items}


def _matches(url: str, text: str, words: list[str]) -> list[Doc]:
    """Where the words stand. Source: docs.github.com/en/rest/search/search#text-match-metadata."""
    matches: list[Doc] = []
    for word in words:
        at = text.casefold().find(word)
        if at < 0:
            continue
        start = max(0, at - AROUND)
        fragment = text[start : at + len(word) + AROUND]
        spot = {"text": text[at : at + len(word)], "indices": [at - start, at - start + len(word)]}
        matches.append(
            {
                "object_url": url,
                "object_type": "FileContent",
                "property": "content",
                "fragment": fragment,
                "matches": [spot],
            }
        )
    return matches


REPOSITORIES: tuple[Endpoint, ...] = (
    ("GET", "/user", user),
    ("GET", "/user/repos", repositories),
    ("POST", "/user/repos", create_for_user),
    ("POST", "/orgs/{org}/repos", create_for_organization),
    ("GET", "/search/repositories", search_repositories),
    ("GET", "/search/code", search_code),
    ("GET", REPOSITORY, repository),
    ("GET", "/repositories/{id:int}", repository_by_id),
)
