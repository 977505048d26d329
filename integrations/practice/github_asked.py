"""A request to practice GitHub, as an endpoint sees it, and how an endpoint refuses one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from integrations.practice.github_answers import Answers
from integrations.practice.github_git import SERVICE, Git
from integrations.practice.store import Doc, Store

Answer = Doc | list[Doc] | tuple[int, Doc | list[Doc] | None]
"""JSON with status 200, a list that is given in pages, or a status and a body."""
Endpoint = tuple[str, str, "Callable[[Asked], Answer]"]
"""Method, path, and what answers it."""

REPOSITORY = "/repos/{owner}/{name}"


class Refused(Exception):
    """An error answer. `errors` says what is wrong with each field of a body."""

    def __init__(self, status: int, message: str, errors: list[Doc] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors


class Renamed(Exception):
    """The repository is called otherwise now: it is asked for by its id."""

    def __init__(self, id: int) -> None:
        super().__init__(id)
        self.id = id


class Asked:
    """`given` is the JSON that was sent; `show` makes the JSON of the answer. `by_nobody`: without a token, and so only
    for what everybody may read."""

    def __init__(self, store: Store, studio_url: str, request: Request, given: Any, *, by_nobody: bool) -> None:
        self.store = store
        self.path = request.path_params
        self.query = request.query_params
        self.accept = request.headers.get("accept", "")
        self.given = given
        self._by_nobody = by_nobody
        # PyGithub follows the URLs in an answer, and only those of the host and folder that it was told.
        base = f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
        self.show = Answers(store, base, studio_url)

    @property
    def body(self) -> Doc:
        if not isinstance(self.given, dict):
            raise Refused(400, "Body should be a JSON object")
        return self.given

    def text(self, name: str) -> str:
        """A field that has to be there, with text in it."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value:
            raise Refused(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return value

    def optional(self, resource: str, name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
        """A field that may be missing, and is of a kind where it is not."""
        value = self.body.get(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise invalid(resource, name)
        return value

    def repository(self) -> Doc:
        name = f"{self.path['owner']}/{self.path['name']}"
        doc = self.store.get(SERVICE, "repository", name.lower())
        if doc is not None and self._by_nobody and doc.get("private", True):
            raise Refused(404, "Not Found")  # as if it were not there
        if doc is not None:
            return doc
        moved = self.store.get(SERVICE, "renamed", name.lower())
        raise Renamed(moved["id"]) if moved else Refused(404, "Not Found")

    def git(self) -> tuple[Doc, Git]:
        repository = self.repository()
        return repository, Git(self.store, repository["full_name"])

    def filled_git(self) -> tuple[Doc, Git]:
        """The Git of a repository with at least one commit."""
        repository, git = self.git()
        if not git.branches():
            raise Refused(409, "Git Repository is empty.")
        return repository, git

    def author(self) -> dict[str, str]:
        """Who commits: the account's owner."""
        user = self.show.me()
        return {"name": user["name"], "email": user["email"]}


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def wrong(resource: str, name: str, code: str, message: str | None = None) -> Refused:
    """A body with a field that will not do."""
    problem = {"resource": resource, "field": name, "code": code}
    return Refused(422, "Validation Failed", [problem | ({"message": message} if message else {})])


def invalid(resource: str, name: str) -> Refused:
    return wrong(resource, name, "invalid")
