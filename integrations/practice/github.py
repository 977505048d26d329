"""Practice GitHub: the part of the REST API (version 2022-11-28) that our connector calls.

Shapes, status codes and error bodies follow docs.github.com/en/rest; the git objects have their real ids.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.practice import TOKEN, with_body
from integrations.practice.github_answers import Answers
from integrations.practice.github_git import SERVICE, Git, object_id
from integrations.practice.github_overview import overview
from integrations.practice.github_sample import LOGIN, seed
from integrations.practice.store import Doc, Store

__all__ = ["overview", "routes", "seed"]

Body = dict[str, Any]
Answer = Doc | list[Doc] | tuple[int, Doc]


class Refused(Exception):
    """An error answer. `errors` says what is wrong with each field of a body."""

    def __init__(self, status: int, message: str, errors: list[Doc] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors


def routes(store: Store, studio_url: str) -> list[BaseRoute]:
    repository = "/repos/{owner}/{name}"
    endpoints: list[tuple[str, str, Callable[[GitHub, Body], Answer]]] = [
        ("GET", "/user", GitHub.user),
        ("GET", "/user/repos", GitHub.repositories),
        ("GET", "/search/repositories", GitHub.search_repositories),
        ("GET", repository, GitHub.repository),
        ("GET", repository + "/issues", GitHub.issues),
        ("POST", repository + "/issues", GitHub.create_issue),
        ("GET", repository + "/issues/{number:int}", GitHub.issue),
        ("PATCH", repository + "/issues/{number:int}", GitHub.update_issue),
        ("GET", repository + "/issues/{number:int}/comments", GitHub.comments),
        ("POST", repository + "/issues/{number:int}/comments", GitHub.create_comment),
        ("GET", repository + "/labels", GitHub.labels),
        ("GET", repository + "/contents", GitHub.contents),
        ("GET", repository + "/contents/{path:path}", GitHub.contents),
        ("PUT", repository + "/contents/{path:path}", GitHub.put_contents),
        ("GET", repository + "/branches", GitHub.branches),
        ("GET", repository + "/branches/{branch:path}", GitHub.branch),
        ("GET", repository + "/commits", GitHub.commits),
        ("GET", repository + "/commits/{ref:path}", GitHub.commit),
        ("GET", repository + "/git/ref/{ref:path}", GitHub.ref),
        ("GET", repository + "/git/refs/{ref:path}", GitHub.ref),
        ("POST", repository + "/git/refs", GitHub.create_ref),
        ("GET", repository + "/git/commits/{sha}", GitHub.git_commit),
        ("GET", repository + "/git/trees/{sha:path}", GitHub.tree),
        ("GET", repository + "/git/blobs/{sha}", GitHub.blob),
    ]
    known = [
        Route(path, with_body(partial(_answer, store, studio_url, handle)), methods=[method])
        for method, path, handle in endpoints
    ]
    every = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    other = with_body(partial(_answer, store, studio_url, GitHub.nothing))
    return [*known, Route("/{path:path}", other, methods=every)]


def _answer(
    store: Store,
    studio_url: str,
    handle: Callable[[GitHub, Body], Answer],
    request: Request,
    raw: bytes,
) -> Response:
    try:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or token != TOKEN:
            raise Refused(401, "Bad credentials")
        answer = handle(GitHub(store, studio_url, request), _parsed(raw))
        if isinstance(answer, list):
            return _page_of(answer, request)
        status, doc = answer if isinstance(answer, tuple) else (200, answer)
        return JSONResponse(doc, status)
    except Refused as error:
        body: Doc = {"message": str(error)}
        if error.errors:
            body["errors"] = error.errors
        body |= {"documentation_url": "https://docs.github.com/rest", "status": str(error.status)}
        return JSONResponse(body, error.status)


def _parsed(raw: bytes) -> Body:
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "Body should be a JSON object")
    return body


def _page_of(items: list[Doc], request: Request) -> Response:
    """One page of a list, with links to its neighbours.

    Source: docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api.
    """
    query = dict(request.query_params)
    size = min(_number(query.get("per_page", "30"), 30), 100)
    page = _number(query.get("page", "1"), 1)
    last = max(1, -(-len(items) // size))
    address = str(request.url.replace(query=""))

    def link(number: int, name: str) -> str:
        return f'<{address}?{urlencode({**query, "page": number})}>; rel="{name}"'

    links = []
    if page > 1:
        links += [link(1, "first"), link(page - 1, "prev")]
    if page < last:
        links += [link(page + 1, "next"), link(last, "last")]
    headers = {"link": ", ".join(links)} if links else {}
    return JSONResponse(items[(page - 1) * size : page * size], headers=headers)


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdigit() and int(text) > 0 else otherwise


class GitHub:
    """The endpoints, for one request. Each takes the JSON body and gives the JSON of the answer."""

    def __init__(self, store: Store, studio_url: str, request: Request) -> None:
        self.store = store
        self.path = request.path_params
        self.query = request.query_params
        # PyGithub follows the URLs in an answer, and only those of the host and folder that it was told.
        base = f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
        self.show = Answers(store, base, studio_url)

    def nothing(self, body: Body) -> Answer:
        raise Refused(404, "Not Found")

    def user(self, body: Body) -> Answer:
        return self.show.user(LOGIN)

    def repositories(self, body: Body) -> Answer:
        return [self.show.repository(doc) for doc in self.store.all(SERVICE, "repository")]

    def search_repositories(self, body: Body) -> Answer:
        words = self.query.get("q", "").casefold().split()
        if not words:
            raise Refused(422, "Validation Failed", [_wrong("Search", "q", "missing")])
        found = [
            self.show.repository(doc)
            for doc in self.store.all(SERVICE, "repository")
            if all(word in f"{doc['full_name']} {doc['description']}".casefold() for word in words)
        ]
        return {"total_count": len(found), "incomplete_results": False, "items": found}

    def repository(self, body: Body) -> Answer:
        return self.show.repository(self._repository())

    def issues(self, body: Body) -> Answer:
        repository = self._repository()
        state = self.query.get("state", "open")
        labels = [label for label in self.query.get("labels", "").split(",") if label]
        since = self.query.get("since", "")
        found = [
            issue
            for issue in self._issues(repository)
            if state in ("all", issue["state"]) and set(labels) <= set(issue["labels"]) and issue["updated_at"] >= since
        ]
        order = {"updated": "updated_at", "comments": "comments"}.get(self.query.get("sort", ""), "number")
        found.sort(key=lambda issue: issue[order], reverse=self.query.get("direction") != "asc")
        return [self.show.issue(repository, issue) for issue in found]

    def create_issue(self, body: Body) -> Answer:
        title = body.get("title")
        if not isinstance(title, str) or not title.strip():
            raise Refused(422, "Validation Failed", [_wrong("Issue", "title", "missing_field")])
        with self.store.transaction():
            repository = self._repository()
            number = max((issue["number"] for issue in self._issues(repository)), default=0) + 1
            now = _now()
            issue = {
                "repository": repository["full_name"],
                "number": number,
                "title": title,
                "body": body.get("body"),
                "state": "open",
                "labels": self._known_labels(repository, body.get("labels") or []),
                "author": LOGIN,
                "comments": 0,
                "created_at": now,
                "updated_at": now,
                "closed_at": None,
            }
            self._save_issue(issue)
        return 201, self.show.issue(repository, issue)

    def issue(self, body: Body) -> Answer:
        repository = self._repository()
        return self.show.issue(repository, self._issue(repository))

    def update_issue(self, body: Body) -> Answer:
        if body.get("state") not in (None, "open", "closed"):
            raise Refused(422, "Validation Failed", [_wrong("Issue", "state", "invalid")])
        for name in ("title", "body"):
            if not isinstance(body.get(name) or "", str):
                raise Refused(422, "Validation Failed", [_wrong("Issue", name, "invalid")])
        with self.store.transaction():
            repository = self._repository()
            issue = self._issue(repository)
            issue |= {key: body[key] for key in ("title", "body", "state") if body.get(key) is not None}
            if "labels" in body:
                issue["labels"] = self._known_labels(repository, body["labels"])
            issue["updated_at"] = _now()
            issue["closed_at"] = issue["updated_at"] if issue["state"] == "closed" else None
            self._save_issue(issue)
        return self.show.issue(repository, issue)

    def comments(self, body: Body) -> Answer:
        repository = self._repository()
        issue = self._issue(repository)
        since = self.query.get("since", "")
        return [
            self.show.comment(repository, comment)
            for comment in self.store.all(SERVICE, "comment")
            if (comment["repository"], comment["issue"]) == (issue["repository"], issue["number"])
            and comment["updated_at"] >= since
        ]

    def create_comment(self, body: Body) -> Answer:
        repository = self._repository()
        text = body.get("body")
        if not isinstance(text, str) or not text.strip():
            raise Refused(422, "Validation Failed", [_wrong("IssueComment", "body", "missing_field")])
        with self.store.transaction():
            issue = self._issue(repository)
            comment = {
                "id": self.store.next_id(SERVICE, "comment"),
                "repository": repository["full_name"],
                "issue": issue["number"],
                "body": text,
                "author": LOGIN,
                "created_at": _now(),
                "updated_at": _now(),
            }
            self.store.put(SERVICE, "comment", str(comment["id"]), comment)
            issue |= {"comments": issue["comments"] + 1, "updated_at": _now()}
            self._save_issue(issue)
        return 201, self.show.comment(repository, comment)

    def labels(self, body: Body) -> Answer:
        repository = self._repository()
        return [self.show.label(repository, name) for name in repository["labels"]]

    def contents(self, body: Body) -> Answer:
        repository, git = self._git()
        ref = self.query.get("ref") or repository["default_branch"]
        path = self.path.get("path", "").strip("/")
        commit = git.commit(ref)
        if commit is None:
            raise Refused(404, f"No commit found for the ref {ref}" if git.branches() else "This repository is empty.")
        if path in commit["files"]:
            return self.show.file(repository, git, path, commit["files"][path], ref, whole=True)
        tree = _entries(git, commit["tree"], path)
        if tree is None:
            raise Refused(404, "Not Found")
        prefix = f"{path}/" if path else ""
        return [
            self.show.file(repository, git, prefix + entry["path"], entry["sha"], ref)
            if entry["type"] == "blob"
            else self.show.folder(repository, prefix + entry["path"], entry["sha"], ref)
            for entry in tree
        ]

    def put_contents(self, body: Body) -> Answer:
        """Make or change a file. The sha of the file that is replaced must be given, and still be right."""
        repository, git = self._git()
        path = self.path["path"]
        message, content = _string(body, "message"), _content(body)
        if not path or any(part in ("", ".", "..", ".git") for part in path.split("/")):
            raise Refused(422, "path contains a malformed path component")
        branch = body.get("branch") or repository["default_branch"]
        with self.store.transaction():
            if git.branches() and branch not in git.branches():
                raise Refused(404, f"Branch {branch} not found")
            newest = git.commit(branch)
            files = newest["files"] if newest else {}
            if any(path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in files):
                raise Refused(422, "path is a folder, or lies in a file")
            known = files.get(path)
            if known and not body.get("sha"):
                raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
            if body.get("sha") and body["sha"] != known:
                raise Refused(409, f"{path} does not match {body['sha']}")
            user = self.show.user(LOGIN)
            author = {"name": user["name"], "email": user["email"]}
            commit = git.write(branch, {path: content}, message, author, datetime.now(UTC))
        answer = {
            "content": self.show.file(repository, git, path, object_id("blob", content), branch),
            "commit": self.show.git_commit(repository, commit),
        }
        return 200 if known else 201, answer

    def branches(self, body: Body) -> Answer:
        repository, git = self._git()
        return [self.show.branch(repository, git, name) for name in git.branches()]

    def branch(self, body: Body) -> Answer:
        repository, git = self._git()
        if self.path["branch"] not in git.branches():
            raise Refused(404, "Branch not found")
        return self.show.branch(repository, git, self.path["branch"])

    def commits(self, body: Body) -> Answer:
        repository, git = self._git()
        ref = self.query.get("sha") or repository["default_branch"]
        if git.commit(ref) is None:
            raise Refused(404, "Not Found") if git.branches() else Refused(409, "Git Repository is empty.")
        path = self.query.get("path", "").strip("/")
        since, until = self.query.get("since", ""), self.query.get("until", "9")
        return [
            self.show.commit(repository, git, commit)
            for commit in git.history(ref)
            if since <= commit["author"]["date"] <= until
            and (not path or any(changed == path or changed.startswith(f"{path}/") for changed in git.changed(commit)))
        ]

    def commit(self, body: Body) -> Answer:
        repository, git = self._git()
        commit = git.commit(self.path["ref"])
        if commit is None:
            raise Refused(422, f"No commit found for SHA: {self.path['ref']}")
        before = git.commit(commit["parents"][0])["files"] if commit["parents"] else {}  # type: ignore[index]
        after = commit["files"]
        files = [
            {
                "filename": path,
                "sha": after.get(path) or before.get(path),
                "status": "added" if path not in before else "modified" if path in after else "removed",
            }
            for path in git.changed(commit)
        ]
        return {**self.show.commit(repository, git, commit), "files": files}

    def ref(self, body: Body) -> Answer:
        repository, git = self._git()
        name = self.path["ref"].removeprefix("heads/")
        if name not in git.branches():
            raise Refused(404, "Not Found")
        return self.show.ref(repository, name, git.branches()[name])

    def create_ref(self, body: Body) -> Answer:
        repository, git = self._git()
        ref, sha = _string(body, "ref"), _string(body, "sha")
        name = ref.removeprefix("refs/heads/")
        if name == ref or not name:
            raise Refused(422, "Reference name must start with 'refs/heads/'.")
        with self.store.transaction():
            if git.commit(sha) is None:
                raise Refused(422, "Object does not exist")
            if name in git.branches():
                raise Refused(422, "Reference already exists")
            git.set_branch(name, sha)
        return 201, self.show.ref(repository, name, sha)

    def git_commit(self, body: Body) -> Answer:
        repository, git = self._git()
        commit = git.commit(self.path["sha"])
        if commit is None:
            raise Refused(404, "Not Found")
        return self.show.git_commit(repository, commit)

    def tree(self, body: Body) -> Answer:
        repository, git = self._git()
        commit = git.commit(self.path["sha"])
        id = commit["tree"] if commit else self.path["sha"]
        if git.tree(id) is None:
            raise Refused(404, "Not Found")
        entries = _walk(git, id) if self.query.get("recursive") else git.tree(id)
        url = self.show.api(repository, "git/trees", id)
        return {"sha": id, "url": url, "tree": entries, "truncated": False}

    def blob(self, body: Body) -> Answer:
        repository, git = self._git()
        id = self.path["sha"]
        content = git.blob(id)
        if content is None:
            raise Refused(404, "Not Found")
        return {
            "sha": id,
            "url": self.show.api(repository, "git/blobs", id),
            "size": len(content),
            "encoding": "base64",
            "content": base64.encodebytes(content).decode(),
        }

    def _repository(self) -> Doc:
        doc = self.store.get(SERVICE, "repository", f"{self.path['owner']}/{self.path['name']}".lower())
        if doc is None:
            raise Refused(404, "Not Found")
        return doc

    def _git(self) -> tuple[Doc, Git]:
        repository = self._repository()
        return repository, Git(self.store, repository["full_name"])

    def _issues(self, repository: Doc) -> list[Doc]:
        return [issue for issue in self.store.all(SERVICE, "issue") if issue["repository"] == repository["full_name"]]

    def _issue(self, repository: Doc) -> Doc:
        id = f"{repository['full_name']}#{self.path['number']}"
        issue = self.store.get(SERVICE, "issue", id)
        if issue is None:
            raise Refused(404, "Not Found")
        return issue

    def _save_issue(self, issue: Doc) -> None:
        self.store.put(SERVICE, "issue", f"{issue['repository']}#{issue['number']}", issue)

    def _known_labels(self, repository: Doc, given: object) -> list[str]:
        """The names of labels. Like the real service, an unknown one is made."""
        if not isinstance(given, list):
            raise Refused(422, "Validation Failed", [_wrong("Issue", "labels", "invalid")])
        names: list[str] = [item.get("name") if isinstance(item, dict) else item for item in given]
        if not all(isinstance(name, str) and name for name in names):
            raise Refused(422, "Validation Failed", [_wrong("Label", "name", "invalid")])
        new = {name: "ededed" for name in names if name not in repository["labels"]}
        if new:
            repository["labels"] |= new
            self.store.put(SERVICE, "repository", repository["full_name"].lower(), repository)
        return names


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _wrong(resource: str, name: str, code: str) -> Doc:
    return {"resource": resource, "field": name, "code": code}


def _string(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
    return value


def _content(body: Mapping[str, Any]) -> bytes:
    if not isinstance(body.get("content"), str):
        raise Refused(422, 'Invalid request.\n\n"content" wasn\'t supplied.')
    try:
        return base64.b64decode(body["content"], validate=True)
    except binascii.Error:
        raise Refused(422, "content is not valid Base64") from None


def _entries(git: Git, tree: str, path: str) -> list[Doc] | None:
    """What is in a folder of a tree, or None where there is no such folder."""
    for name in path.split("/") if path else []:
        inside = next((e for e in git.tree(tree) or [] if e["path"] == name and e["type"] == "tree"), None)
        if inside is None:
            return None
        tree = inside["sha"]
    return git.tree(tree)


def _walk(git: Git, tree: str, prefix: str = "") -> list[Doc]:
    found: list[Doc] = []
    for entry in git.tree(tree) or []:
        found.append({**entry, "path": prefix + entry["path"]})
        if entry["type"] == "tree":
            found += _walk(git, entry["sha"], f"{prefix}{entry['path']}/")
    return found
