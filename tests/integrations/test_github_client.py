"""What the GitHub connector does with time limits, threads, redirects, missing rights and answers of others."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations.github import (
    CloseIssue,
    CommentPullRequest,
    CommitFile,
    CommitFiles,
    CreateBranch,
    CreateIssue,
    CreateRelease,
    CreateRepository,
    GetIssue,
    GitHubAccount,
    LabelIssue,
    ListIssues,
    NewFile,
    OpenPullRequest,
    ReadFile,
    branches,
    check,
    close_issue,
    comment_pull_request,
    commit_file,
    commit_files,
    create_branch,
    create_issue,
    create_release,
    create_repository,
    get_issue,
    label_issue,
    list_issues,
    open_pull_request,
    read_file,
)
from orchestrator.actions import AccountError, RateLimited, ServiceError, Unavailable
from tests.integrations.conftest import Practice
from tests.integrations.github.test_github import HANDBOOK, WEBSHOP, a_server, do
from tests.integrations.loopback import answering
from tests.integrations.schemas.github_contract import described

READ = ListIssues(repository=WEBSHOP)
WRITE = CreateIssue(repository=WEBSHOP, title="x")


@pytest.fixture
def practice(server: tuple[str, list[ASGIApp]], sample: Path) -> Iterator[Practice]:
    with described(server, sample) as practice:
        yield practice


@pytest.fixture
def account(practice: Any) -> GitHubAccount:
    return GitHubAccount(base_url=f"{practice.url}/github", token="practice", name="work")


class Numbers(BaseHTTPRequestHandler):
    """Answers the issue that is asked for, by its number, and counts connections."""

    protocol_version = "HTTP/1.1"
    lock = Lock()
    connections = 0

    def setup(self) -> None:
        super().setup()
        with self.lock:
            type(self).connections += 1

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        body = "[]" if path.endswith("/comments") else issue(int(path.rpartition("/")[2]), self.base())
        self.answer(body.encode())

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.answer(issue(int(sent["title"]), self.base()).encode(), 201)

    def base(self) -> str:
        return f"http://{self.headers['host']}"

    def answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class Trickling(Numbers):
    """Sends a byte now and then, so that no single wait is long."""

    def answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        for byte in body:
            try:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)


class Silent(Numbers):
    def do_GET(self) -> None:
        time.sleep(6)
        self.close_connection = True


def issue(number: int, base: str) -> str:
    url = f"{base}/repos/a/b/issues/{number}"
    page = "http://x.test"
    when = "2026-01-01T00:00:00Z"
    doc = {"number": number, "title": str(number), "body": "", "state": "open", "labels": [], "url": url}
    return json.dumps({**doc, "html_url": page, "user": None, "created_at": when, "comments_url": f"{url}/comments"})


@contextmanager
def serving(handler: type[Numbers]) -> Iterator[GitHubAccount]:
    handler.connections = 0
    with answering(handler) as url:
        yield GitHubAccount(base_url=url, token="x", name="work")


@contextmanager
def on_the_way(
    server: tuple[str, list[ASGIApp]], status: int, body: str, chosen: Callable[[Scope], bool]
) -> Iterator[None]:
    """Some requests to the practice services never get there, and are answered like this."""
    _, apps = server
    inner = apps[-1]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if not chosen(scope):
            await inner(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

    apps.append(answer)
    try:
        yield
    finally:
        apps.remove(answer)


class TestManyThreads:
    def test_get_each_its_own_answer_over_connections_that_are_used_again(self) -> None:
        def read(number: int) -> int:
            return do(get_issue, GetIssue(repository="a/b", number=number), account).number

        with serving(Numbers) as account, ThreadPoolExecutor(16) as threads:
            numbers = list(range(1, 201))
            assert list(threads.map(read, numbers)) == numbers
            assert Numbers.connections <= 16

    def test_send_each_its_own_write(self) -> None:
        def write(number: int) -> int:
            return do(create_issue, CreateIssue(repository="a/b", title=str(number)), account).number

        with serving(Numbers) as account, ThreadPoolExecutor(16) as threads:
            numbers = list(range(1, 101))
            assert list(threads.map(write, numbers)) == numbers


class TestTheStepsTimeLimit:
    @pytest.mark.parametrize("handler", [Silent, Trickling])
    def test_ends_a_request(self, handler: type[Numbers]) -> None:
        with serving(handler) as account:
            began = time.monotonic()
            with pytest.raises(Unavailable, match=r"'work'") as error:
                do(get_issue, GetIssue(repository="a/b", number=1), account, timeout=0.4)
            assert time.monotonic() - began < 4
        assert error.value.retryable

    def test_leaves_one_that_is_fast_enough_alone(self, account: GitHubAccount) -> None:
        assert do(list_issues, READ, account, timeout=5).issues


class TestARenamedRepository:
    def test_is_told_by_its_new_name_and_nothing_is_read_or_written(self, account: GitHubAccount) -> None:
        for action, asked in [
            (list_issues, ListIssues(repository="practice/manual", state="closed")),
            (read_file, ReadFile(repository="practice/manual", path="README.md")),
            (create_issue, CreateIssue(repository="practice/manual", title="x")),
            (label_issue, LabelIssue(repository="practice/manual", number=1, add=["x"])),
            (commit_file, CommitFile(repository="practice/manual", path="x", content="x", message="x")),
        ]:
            with pytest.raises(
                ServiceError, match=r"renamed or moved.* practice/manual is in practice/handbook"
            ) as error:
                do(action, asked, account)
            assert not error.value.retryable
            assert "'work'" in error.value.remedy
        titles = [found.title for found in do(list_issues, ListIssues(repository=HANDBOOK), account).issues]
        assert "x" not in titles


class TestARedirect:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize(("action", "asked"), [(list_issues, READ), (create_issue, WRITE)])
    def test_to_another_address_is_not_followed(self, status: int, action: Any, asked: Any) -> None:
        with serving(Numbers) as other:
            headers = {"location": f"{other.base_url}/repositories/7/issues"}
            with a_server(status, "", headers) as account, pytest.raises(Unavailable, match="it is not GitHub"):
                do(action, asked, account)
            assert Numbers.connections == 0, "the token stays at home"

    def test_without_end_is_told(self) -> None:
        with (
            a_server(301, "", {"location": "/repositories/7"}) as account,
            pytest.raises(ServiceError, match="is in another repository now"),
        ):
            do(list_issues, READ, account)


class TestAMissingRight:
    @pytest.mark.parametrize(
        ("headers", "right"),
        [
            ({"x-accepted-oauth-scopes": "repo"}, "the right 'repo'"),
            ({"x-accepted-github-permissions": "issues=write"}, "the right 'issues=write'"),
            ({"x-accepted-oauth-scopes": ""}, "the right to do this"),
            ({}, "the right to do this"),
        ],
    )
    def test_is_named(self, headers: dict[str, str], right: str) -> None:
        body = json.dumps({"message": "Resource not accessible by personal access token"})

        with a_server(403, body, headers) as account, pytest.raises(ServiceError, match="account 'work'") as error:
            do(create_issue, WRITE, account)
        assert error.value.remedy == f"Give the token of the account 'work' {right}, at github.com/settings/tokens."

    def test_that_single_sign_on_gives_is_told(self) -> None:
        headers = {"x-github-sso": "required; url=https://github.com/orgs/a/sso"}
        body = json.dumps({"message": "Resource protected by organization SAML enforcement."})

        with a_server(403, body, headers) as account, pytest.raises(ServiceError, match="single sign-on") as error:
            do(list_issues, READ, account)
        assert "https://github.com/orgs/a/sso" in error.value.remedy

    def test_is_not_what_an_archived_repository_lacks(self) -> None:
        body = json.dumps({"message": "Repository was archived so is read-only."})

        with a_server(403, body) as account, pytest.raises(ServiceError, match="archived") as error:
            do(create_issue, WRITE, account)
        assert "Unarchive" in error.value.remedy

    def test_is_seen_when_an_account_is_tested(self, account: GitHubAccount) -> None:
        user = json.dumps({"login": "sam", "url": "x"})

        assert check(account).who == "patchbay-practice"
        with a_server(200, user, {"x-oauth-scopes": "gist, read:user"}) as other:
            assert "lacks the scope 'repo'" in check(other).who
        with a_server(200, user) as fine_grained:
            assert check(fine_grained).who == "sam"

    def test_to_one_repository_leaves_the_lists_of_a_form_the_others(
        self, server: tuple[str, list[ASGIApp]], account: GitHubAccount
    ) -> None:
        def is_the_handbook(scope: Scope) -> bool:
            return HANDBOOK in scope["path"]

        with on_the_way(server, 403, '{"message": "Resource protected"}', is_the_handbook):
            assert branches(account) == [("main", "main (practice/webshop)")]
        with (
            on_the_way(server, 403, '{"message": "API rate limit exceeded"}', is_the_handbook),
            pytest.raises(RateLimited),
        ):
            branches(account)


class TestLimits:
    def test_that_are_used_up_say_until_when(self) -> None:
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 600)}
        body = json.dumps({"message": "API rate limit exceeded for user ID 1."})

        for status in (403, 429):
            with a_server(status, body, headers) as account, pytest.raises(RateLimited, match="'work'") as error:
                do(create_issue, WRITE, account)
            assert error.value.retry_after == pytest.approx(600, abs=5)
            assert "in 10 min" in error.value.remedy


class TestAnotherServer:
    @pytest.mark.parametrize("status", [200, 201, 403, 404])
    @pytest.mark.parametrize(("action", "asked"), [(list_issues, READ), (create_issue, WRITE)])
    def test_that_answers_a_page_is_told_from_github(self, status: int, action: Any, asked: Any) -> None:
        with (
            a_server(status, "<html>Sign in</html>", {"content-type": "text/html"}) as account,
            pytest.raises(Unavailable, match="is not GitHub") as error,
        ):
            do(action, asked, account)
        assert "'work'" in error.value.remedy

    def test_that_wants_another_token_is_told(self) -> None:
        with a_server(401, '{"message": "Requires authentication"}') as account, pytest.raises(AccountError):
            do(list_issues, READ, account)


class TestAnAnswerOfAnotherShape:
    """A status of 200 alone is no success: what a write answers is looked at."""

    @pytest.mark.parametrize(
        "body", ['{"ok": true}', '[{"name": "other"}, 1]', '{"object": {"sha": "1"}, "state": "open"}']
    )
    @pytest.mark.parametrize(
        ("action", "asked"),
        [
            (close_issue, CloseIssue(repository=HANDBOOK, number=1)),
            (comment_pull_request, CommentPullRequest(repository=HANDBOOK, number=1, body="x")),
            (commit_file, CommitFile(repository=HANDBOOK, path="x", content="x", message="x")),
            (commit_files, CommitFiles(repository=HANDBOOK, files=[NewFile(path="x", content="x")], message="x")),
            (create_branch, CreateBranch(repository=HANDBOOK, name="x")),
            (create_issue, CreateIssue(repository=HANDBOOK, title="x")),
            (create_release, CreateRelease(repository=HANDBOOK, tag="v1")),
            (create_repository, CreateRepository(name="x")),
            (label_issue, LabelIssue(repository=HANDBOOK, number=1, add=["x"])),
            (label_issue, LabelIssue(repository=HANDBOOK, number=1, remove=["question"])),
            (open_pull_request, OpenPullRequest(repository=HANDBOOK, title="x", branch="spring")),
        ],
        ids=lambda value: getattr(value, "name", None),
    )
    def test_is_not_believed(
        self, server: tuple[str, list[ASGIApp]], account: GitHubAccount, action: Any, asked: Any, body: str
    ) -> None:
        methods = {commit_files: ("PATCH",), commit_file: ("PUT",), close_issue: ("PATCH",)}.get(action)

        def is_the_last(scope: Scope) -> bool:
            return scope["method"] in methods if methods else scope["method"] != "GET"

        with on_the_way(server, 200, body, is_the_last), pytest.raises(Unavailable, match="is not GitHub"):
            do(action, asked, account)
