"""Practice GitHub over bare HTTP: it refuses what the real one refuses, in the real one's words and shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from tests.integrations.schemas.github_contract import Exchange, described, problems

HANDBOOK = "/repos/practice/handbook"
WEBSHOP = "/repos/practice/webshop"
NOWHERE = "0" * 40


@pytest.fixture
def ask(server: tuple[str, list[ASGIApp]], sample: Path) -> Iterator[Callable[..., httpx.Response]]:
    """`(method, path, body)`, by whom the practice token belongs to."""
    with (
        described(server, sample) as practice,
        httpx.Client(base_url=f"{practice.url}/github", trust_env=False) as client,
    ):

        def ask(method: str, path: str, body: Any = None, token: str = "practice") -> httpx.Response:
            return client.request(method, path, json=body, headers={"authorization": f"Bearer {token}"})

        yield ask


def head(ask: Callable[..., httpx.Response]) -> str:
    return ask("GET", f"{HANDBOOK}/git/ref/heads/main").json()["object"]["sha"]


def test_a_wrong_token_is_refused_everywhere(ask: Callable[..., httpx.Response]) -> None:
    for method, path in [("GET", "/user"), ("POST", f"{HANDBOOK}/pulls"), ("GET", f"{HANDBOOK}/releases")]:
        answer = ask(method, path, {} if method == "POST" else None, token="stolen")
        assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/user/repos", {}, 422, "missing_field"),
        ("/user/repos", {"name": "a b"}, 422, "invalid"),
        ("/user/repos", {"name": "a", "private": "yes"}, 422, "invalid"),
        ("/orgs/nobody/repos", {"name": "a"}, 404, "Not Found"),
        (f"{HANDBOOK}/issues", [], 400, "Body should be a JSON object"),
        (f"{HANDBOOK}/issues", {"title": "x", "labels": "bug"}, 422, "invalid"),
        (f"{HANDBOOK}/issues/1/labels", {"labels": [7]}, 422, "invalid"),
        (f"{HANDBOOK}/git/refs", {"ref": "refs/heads/a", "sha": "main"}, 422, "exactly 40 characters"),
        (f"{HANDBOOK}/git/refs", {"ref": "refs/heads/a", "sha": NOWHERE}, 422, "Object does not exist"),
        (f"{HANDBOOK}/git/refs", {"ref": "heads/a", "sha": NOWHERE}, 422, "must start with"),
        (f"{HANDBOOK}/git/trees", {"tree": []}, 422, "Invalid tree info"),
        (f"{HANDBOOK}/git/trees", {"tree": [{"path": "../a", "mode": "100644", "content": ""}]}, 422, "malformed"),
        (f"{HANDBOOK}/git/trees", {"tree": [{"path": "a", "mode": "777", "content": ""}]}, 422, "tree.mode"),
        (f"{HANDBOOK}/git/trees", {"tree": [{"path": "none", "mode": "100644", "sha": None}]}, 422, "BadObjectState"),
        (f"{HANDBOOK}/git/trees", {"tree": [{"path": "a", "mode": "100644", "sha": NOWHERE}]}, 422, "not a valid blob"),
        (f"{HANDBOOK}/git/commits", {"message": "x", "tree": NOWHERE}, 422, "Tree SHA does not exist"),
        (f"{HANDBOOK}/git/blobs", {"encoding": "utf-8"}, 422, "content"),
        (f"{HANDBOOK}/pulls", {"head": "a", "base": "main"}, 422, "missing_field"),
        (f"{HANDBOOK}/releases", {"tag_name": ""}, 422, "missing_field"),
        (f"{HANDBOOK}/releases", {"tag_name": "a b"}, 422, "custom"),
        (f"{HANDBOOK}/releases", {"tag_name": "v1", "target_commitish": "none"}, 422, "invalid"),
        (f"{HANDBOOK}/releases", {"tag_name": "v1", "draft": True, "make_latest": "true"}, 422, "make_latest"),
    ],
)
def test_a_body_that_will_not_do_is_refused(
    ask: Callable[..., httpx.Response], path: str, body: Any, status: int, said: str
) -> None:
    answer = ask("POST", path, body)

    assert answer.status_code == status
    assert said in answer.text


def test_a_branch_is_moved_forward_only(ask: Callable[..., httpx.Response]) -> None:
    start = head(ask)
    tree = ask("GET", f"{HANDBOOK}/git/commits/{start}").json()["tree"]["sha"]
    commits = [
        ask("POST", f"{HANDBOOK}/git/commits", {"message": text, "tree": tree, "parents": [start]}).json()["sha"]
        for text in ("one", "two")
    ]

    def move(sha: str, **more: bool) -> httpx.Response:
        return ask("PATCH", f"{HANDBOOK}/git/refs/heads/main", {"sha": sha, **more})

    assert move(commits[0]).status_code == 200
    refused = move(commits[1])
    assert (refused.status_code, refused.json()["message"]) == (422, "Update is not a fast forward")
    assert head(ask) == commits[0]
    assert move(commits[1], force=True).status_code == 200
    assert head(ask) == commits[1]


def test_a_tree_of_several_files_has_git_s_own_id(ask: Callable[..., httpx.Response]) -> None:
    entries = [
        {"path": "a.txt", "mode": "100644", "type": "blob", "content": "hello\n"},
        {"path": "bin/run", "mode": "100755", "type": "blob", "content": "hello\n"},
    ]

    made = ask("POST", f"{HANDBOOK}/git/trees", {"tree": entries}).json()

    assert made["sha"] == "5d37ab5da5c02cd82df0763082a77a3832cdc69f"  # git write-tree of the same


def test_a_repository_without_a_commit_has_no_history(ask: Callable[..., httpx.Response]) -> None:
    assert ask("POST", "/user/repos", {"name": "empty"}).status_code == 201
    for path in ("commits", "git/ref/heads/main", "git/trees/main"):
        answer = ask("GET", f"/repos/patchbay-practice/empty/{path}")
        assert (answer.status_code, answer.json()["message"]) == (409, "Git Repository is empty.")


def test_an_old_name_leads_to_the_repository(ask: Callable[..., httpx.Response]) -> None:
    answer = ask("GET", "/repos/practice/manual/issues?state=closed")

    assert answer.status_code == 301
    assert answer.headers["location"] == answer.json()["url"]
    assert answer.headers["location"].endswith("/repositories/1/issues?state=closed")
    assert ask("POST", "/repos/practice/manual/issues", {"title": "x"}).status_code == 307
    assert ask("GET", "/repositories/1").json()["full_name"] == "practice/handbook"


def test_long_lists_come_in_pages(ask: Callable[..., httpx.Response]) -> None:
    for number in range(5):
        ask("POST", f"{WEBSHOP}/releases", {"tag_name": f"v{number}"})

    page = ask("GET", f"{WEBSHOP}/releases?per_page=2&page=2")

    assert [release["tag_name"] for release in page.json()] == ["v2", "v1"]
    assert 'page=3>; rel="next"' in page.headers["link"]


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        (Exchange("GET", "/nowhere", "", b"", 200, b"{}"), "is not described"),
        (Exchange("GET", "/user", "", b"", 200, b"{}"), "is not valid under any"),
        (Exchange("GET", "/user", "", b"", 204, b"{}"), "status 204 is not described"),
        (Exchange("GET", "/user/repos", "sort=size", b"", 200, b"[]"), "query sort"),
        (Exchange("GET", "/user/repos", "sorted=full_name", b"", 200, b"[]"), "query sorted is not described"),
        (Exchange("POST", "/user/repos", "", b'{"name": "a", "secret": 1}', 201, b"{}"), "request secret is not"),
        (Exchange("POST", "/user/repos", "", b"{}", 201, b"{}"), "request .: 'name' is a required property"),
    ],
)
def test_the_description_is_held_against_what_differs_from_it(exchange: Exchange, said: str) -> None:
    assert any(said in problem for problem in problems(exchange))
