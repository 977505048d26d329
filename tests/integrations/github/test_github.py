"""GitHub through PyGithub, over HTTP, against practice GitHub or a server that answers one thing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from github import Github
from github.GithubException import GithubException
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from integrations.github import (
    CommentIssue,
    CommitFile,
    CreateIssue,
    GetIssue,
    GitHubAccount,
    ListIssues,
    ListRepositories,
    ReadFile,
    comment_issue,
    commit_file,
    create_issue,
    get_issue,
    github,
    list_issues,
    list_repositories,
    read_file,
    repositories,
)
from integrations.practice import create_app
from orchestrator.actions import AccountError, Action, Call, Params, RateLimited, ServiceError, Unavailable, placeholder
from orchestrator.registry import Registry
from tests.integrations.loopback import NOWHERE, Reply, replying
from tests.integrations.services import Services

HANDBOOK = "practice/handbook"
WEBSHOP = "practice/webshop"


def a_call(key: str = "run-1/step/", **more: Any) -> Call:
    return Call(run_id="run-1", step_id="step", key=key, **{"services": Services(), **more})


def do(action: Action, params: Params, account: GitHubAccount, key: str = "run-1/step/", **more: Any) -> Any:
    """`more` is of the call: its `timeout`, and the `services` that it may ask."""
    return action.function(params, account, a_call(key, **more))


def find(action: Action, params: Params, account: GitHubAccount, key: str = "run-1/step/") -> Any:
    assert action.find_function is not None
    return action.find_function(params, account, a_call(key))


def preview(action: Action, params: Params) -> Any:
    assert action.preview_function is not None
    return action.preview_function(params, GitHubAccount(base_url=NOWHERE, token="x"))


@contextmanager
def a_server(status: int, body: str, headers: Mapping[str, str] | None = None) -> Iterator[GitHubAccount]:
    """The account of a server that gives the same answer to every request."""
    with replying(Reply(body, status, headers or {})) as url:
        yield GitHubAccount(base_url=url, token="x", name="work")


def test_the_connector_keeps_the_contract_of_actions() -> None:
    registry = Registry([github])

    assert {id: action.effect for id, action in registry.items()} == {
        "github.list_repositories": "read",
        "github.create_repository": "write",
        "github.search_code": "read",
        "github.list_issues": "read",
        "github.get_issue": "read",
        "github.create_issue": "write",
        "github.comment_issue": "write",
        "github.label_issue": "idempotent_write",
        "github.close_issue": "idempotent_write",
        "github.read_file": "read",
        "github.commit_file": "write",
        "github.commit_files": "write",
        "github.list_branches": "read",
        "github.create_branch": "write",
        "github.list_pull_requests": "read",
        "github.get_pull_request": "read",
        "github.open_pull_request": "write",
        "github.comment_pull_request": "write",
        "github.list_releases": "read",
        "github.create_release": "write",
    }


class TestRepositories:
    def test_are_those_of_the_account(self, account: GitHubAccount) -> None:
        found = do(list_repositories, ListRepositories(), account).repositories

        assert [repository.name for repository in found] == [HANDBOOK, WEBSHOP]
        assert found[0].url == "http://studio.test/practice?repository=practice/handbook"

    def test_can_be_searched_for(self, account: GitHubAccount) -> None:
        found = do(list_repositories, ListRepositories(query="vouchers"), account).repositories

        assert [repository.name for repository in found] == [WEBSHOP]

    def test_can_be_picked(self, account: GitHubAccount) -> None:
        assert repositories(account) == [(HANDBOOK, HANDBOOK), (WEBSHOP, WEBSHOP)]
        assert list(github.pickers) == ["repositories", "labels", "branches"]

    @pytest.mark.parametrize(
        "written",
        [
            "practice/webshop",
            " practice/webshop ",
            "https://github.com/practice/webshop.git",
            "https://x.test/practice/webshop/",
        ],
    )
    def test_may_be_given_as_a_link(self, written: str) -> None:
        assert ListIssues(repository=written).repository == WEBSHOP

    @pytest.mark.parametrize("written", ["webshop", "../webshop", "practice/..", "a/b/c", "practice/web shop", ""])
    def test_of_a_wrong_name_are_refused_before_anything_is_sent(self, written: str) -> None:
        with pytest.raises(ValidationError, match="owner/name"):
            ListIssues(repository=written)


class TestIssues:
    def test_are_listed_newest_first(self, account: GitHubAccount) -> None:
        found = do(list_issues, ListIssues(repository=WEBSHOP), account).issues

        assert [issue.number for issue in found] == [3, 2, 1]
        assert found[2].labels == ["bug", "checkout"]

    def test_can_be_filtered_and_limited(self, account: GitHubAccount) -> None:
        def numbers(**asked: Any) -> list[int]:
            listed = do(list_issues, ListIssues(repository=WEBSHOP, **asked), account)
            return [issue.number for issue in listed.issues]

        assert numbers(labels=["bug"]) == [3, 1]
        assert numbers(labels=["bug", "checkout"]) == [1]
        assert numbers(state="closed") == [4]
        assert numbers(state="all", limit=2) == [4, 3]

    def test_are_read_over_many_pages(self, account: GitHubAccount, sdk: Github) -> None:
        repository = sdk.get_repo(HANDBOOK)
        for number in range(120):
            repository.create_issue(f"Number {number}")

        found = do(list_issues, ListIssues(repository=HANDBOOK, limit=500), account).issues

        assert [issue.number for issue in found] == list(range(122, 0, -1))

    def test_are_read_with_their_comments(self, account: GitHubAccount) -> None:
        issue = do(get_issue, GetIssue(repository=WEBSHOP, number=1), account)

        assert issue.title == "Total is a cent off when a voucher is used"
        assert [comment.author for comment in issue.comments] == ["shop"]

    def test_that_are_not_there_are_told_by_name(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match="GitHub does not find issue 99 of practice/webshop"):
            do(get_issue, GetIssue(repository=WEBSHOP, number=99), account)

    def test_of_a_repository_that_is_not_there(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match="GitHub does not find practice/none"):
            do(list_issues, ListIssues(repository="practice/none"), account)


class TestOpeningAnIssue:
    asked = CreateIssue(repository=WEBSHOP, title="Broken", body="It *broke*.", labels=["bug", "new one"])

    def test_makes_it(self, account: GitHubAccount) -> None:
        made = do(create_issue, self.asked, account)

        assert (made.number, made.title, made.body) == (5, "Broken", "It *broke*.")
        assert made.labels == ["bug", "new one"]
        assert made.url == "http://studio.test/practice?repository=practice/webshop&issue=5"
        assert do(get_issue, GetIssue(repository=WEBSHOP, number=5), account).body == "It *broke*."

    def test_is_found_again_by_its_key_alone(self, account: GitHubAccount) -> None:
        assert find(create_issue, self.asked, account, key="one") is None

        made = do(create_issue, self.asked, account, key="one")

        assert find(create_issue, self.asked, account, key="one") == made
        assert find(create_issue, self.asked, account, key="two") is None

    def test_is_found_again_when_it_was_renamed_and_closed(self, account: GitHubAccount, sdk: Github) -> None:
        made = do(create_issue, self.asked, account)
        sdk.get_repo(WEBSHOP).get_issue(made.number).edit(title="Other", state="closed")

        assert find(create_issue, self.asked, account).number == made.number

    def test_tells_github_s_reasons(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match=r"Validation Failed \(title missing_field\)"):
            do(create_issue, CreateIssue(repository=WEBSHOP, title=" "), account)

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(create_issue, self.asked)

        assert plan.summary == "Open the issue 'Broken' in practice/webshop."
        assert plan.request["body"] == "It *broke*."
        assert plan.result.number == placeholder("issue number")


class TestCommenting:
    asked = CommentIssue(repository=WEBSHOP, number=2, body="Seen.")

    def test_makes_a_comment(self, account: GitHubAccount) -> None:
        made = do(comment_issue, self.asked, account)

        issue = do(get_issue, GetIssue(repository=WEBSHOP, number=2), account)
        assert issue.comments == [made]
        assert made.body == "Seen."

    def test_is_found_again_by_its_key_alone(self, account: GitHubAccount) -> None:
        assert find(comment_issue, self.asked, account, key="one") is None

        made = do(comment_issue, self.asked, account, key="one")

        assert find(comment_issue, self.asked, account, key="one") == made
        assert find(comment_issue, self.asked, account, key="two") is None

    def test_on_an_issue_that_is_not_there(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match="does not find issue 99 of practice/webshop"):
            do(comment_issue, CommentIssue(repository=WEBSHOP, number=99, body="x"), account)

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(comment_issue, self.asked)

        assert plan.summary == "Comment on issue 2 of practice/webshop."
        assert plan.request["body"] == plan.result.body == "Seen."


class TestReadingAFile:
    def test_gives_its_text(self, account: GitHubAccount) -> None:
        file = do(read_file, ReadFile(repository=HANDBOOK, path="docs/support.md"), account)

        assert file.text.startswith("# Support\n")
        assert file.url == "http://studio.test/practice?repository=practice/handbook&path=docs/support.md"

    def test_gives_an_older_version(self, account: GitHubAccount, sdk: Github) -> None:
        commits = list(sdk.get_repo(HANDBOOK).get_commits(path="docs/support.md"))
        asked = ReadFile(repository=HANDBOOK, path="docs/support.md", ref=commits[-1].sha)

        assert "status page" not in do(read_file, asked, account).text
        assert len(commits) == 2

    def test_gives_one_that_is_too_large_for_github_s_first_answer(self, account: GitHubAccount) -> None:
        text = "äöü line\n" * 150_000
        do(commit_file, CommitFile(repository=HANDBOOK, path="large.txt", content=text, message="Large"), account)

        assert do(read_file, ReadFile(repository=HANDBOOK, path="large.txt"), account).text == text

    def test_refuses_what_is_no_text(self, account: GitHubAccount, sdk: Github) -> None:
        sdk.get_repo(HANDBOOK).create_file("logo.png", "Logo", b"\x89PNG\xff\x00")

        with pytest.raises(ServiceError, match=r"'logo.png' is not a text file"):
            do(read_file, ReadFile(repository=HANDBOOK, path="logo.png"), account)

    def test_refuses_a_folder(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match="'docs' is a folder"):
            do(read_file, ReadFile(repository=HANDBOOK, path="docs"), account)

    def test_that_is_not_there(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match=r"There is no file 'docs/none.md' in practice/handbook"):
            do(read_file, ReadFile(repository=HANDBOOK, path="docs/none.md"), account)

    def test_of_a_repository_that_is_not_there(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match="There is no file 'README' in practice/none"):
            do(read_file, ReadFile(repository="practice/none", path="README"), account)


class TestCommittingAFile:
    asked = CommitFile(repository=HANDBOOK, path="sops/größe 1.md", content="Schön\n", message="Add a procedure")

    def test_makes_a_new_one(self, account: GitHubAccount, sdk: Github) -> None:
        made = do(commit_file, self.asked, account)

        assert made.changed
        assert do(read_file, ReadFile(repository=HANDBOOK, path=self.asked.path), account).text == "Schön\n"
        assert sdk.get_repo(HANDBOOK).get_commits()[0].sha == made.commit

    def test_replaces_an_older_one(self, account: GitHubAccount) -> None:
        do(commit_file, self.asked, account, key="one")
        changed = self.asked.model_copy(update={"content": "Better\n"})

        assert do(commit_file, changed, account, key="two").changed
        assert do(read_file, ReadFile(repository=HANDBOOK, path=self.asked.path), account).text == "Better\n"

    def test_commits_nothing_where_nothing_changes(self, account: GitHubAccount, sdk: Github) -> None:
        do(commit_file, self.asked, account, key="one")
        before = sdk.get_repo(HANDBOOK).get_commits().totalCount

        again = do(commit_file, self.asked, account, key="two")

        assert (again.changed, again.commit) == (False, "")
        assert again.url
        assert sdk.get_repo(HANDBOOK).get_commits().totalCount == before

    def test_is_found_again_by_its_key_alone(self, account: GitHubAccount) -> None:
        assert find(commit_file, self.asked, account, key="one") is None

        made = do(commit_file, self.asked, account, key="one")

        assert find(commit_file, self.asked, account, key="one") == made
        assert find(commit_file, self.asked, account, key="two") is None

    def test_is_found_again_under_a_later_commit(self, account: GitHubAccount, sdk: Github) -> None:
        made = do(commit_file, self.asked, account)
        file = sdk.get_repo(HANDBOOK).get_contents(self.asked.path)
        assert not isinstance(file, list)
        sdk.get_repo(HANDBOOK).update_file(file.path, "By hand", "Other\n", file.sha)

        assert find(commit_file, self.asked, account).commit == made.commit

    def test_can_go_to_a_branch(self, account: GitHubAccount, sdk: Github) -> None:
        repository = sdk.get_repo(HANDBOOK)
        repository.create_git_ref("refs/heads/drafts", repository.get_branch("main").commit.sha)
        asked = self.asked.model_copy(update={"branch": "drafts"})

        made = do(commit_file, asked, account)

        assert repository.get_branch("drafts").commit.sha == made.commit
        assert find(commit_file, asked, account) == made
        assert find(commit_file, self.asked, account) is None

    def test_to_a_branch_that_is_not_there(self, account: GitHubAccount) -> None:
        asked = self.asked.model_copy(update={"branch": "none"})

        with pytest.raises(ServiceError, match="Branch none not found"):
            do(commit_file, asked, account)
        assert find(commit_file, asked, account) is None

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(commit_file, self.asked)

        assert plan.summary == "Commit sops/größe 1.md to practice/handbook."
        assert plan.request["content"] == "Schön\n"
        assert plan.result.commit == placeholder("commit")

    @pytest.mark.parametrize("path", ["../x.md", "/x.md", "a/../x.md", "a//x.md", "a/", ".", "", "a\0b"])
    def test_to_a_path_outside_is_refused_before_anything_is_sent(self, path: str) -> None:
        with pytest.raises(ValidationError, match="is no path of a file"):
            CommitFile(repository=HANDBOOK, path=path, content="", message="x")


class TestPracticeGitHub:
    def test_refuses_a_file_that_changed_meanwhile(self, sdk: Github) -> None:
        repository = sdk.get_repo(HANDBOOK)
        file = repository.get_contents("README.md")
        assert not isinstance(file, list)
        repository.update_file("README.md", "First", "1", file.sha)

        with pytest.raises(GithubException) as stale:
            repository.update_file("README.md", "Second", "2", file.sha)
        assert stale.value.status == 409

    def test_refuses_to_replace_a_file_without_its_sha(self, sdk: Github) -> None:
        with pytest.raises(GithubException) as missing:
            sdk.get_repo(HANDBOOK).create_file("README.md", "Again", "1")
        assert missing.value.status == 422

    def test_has_git_s_own_ids(self, sdk: Github) -> None:
        repository = sdk.get_repo(HANDBOOK)
        made = repository.create_file("hello.txt", "Hello", "hello\n")["content"]

        assert made.sha == "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object of "hello\n"
        tree = repository.get_git_tree("main", recursive=True)
        assert {entry.path: entry.sha for entry in tree.tree}["hello.txt"] == made.sha
        assert [entry.path for entry in repository.get_contents("")] == [  # type: ignore[union-attr]
            "README.md",
            "docs",
            "hello.txt",
            "sops",
        ]

    def test_refuses_a_file_in_a_file_or_in_place_of_a_folder(self, sdk: Github) -> None:
        for path in ("README.md/x.md", "docs"):
            with pytest.raises(GithubException) as error:
                sdk.get_repo(HANDBOOK).create_file(path, "x", "x")
            assert error.value.status == 422

    def test_gives_its_own_address_wherever_it_is_mounted(self, tmp_path: Path) -> None:
        services = create_app(tmp_path / "practice.db", "http://studio.test")
        app = Starlette(routes=[Mount("/practice-services", services)])

        with TestClient(app) as client:
            answer = client.get(
                "/practice-services/github/repos/practice/webshop/issues?per_page=1",
                headers={"authorization": "token practice"},
            )
        services.state.store.close()

        assert answer.json()[0]["url"] == ("http://testserver/practice-services/github/repos/practice/webshop/issues/3")
        assert (
            'practice-services/github/repos/practice/webshop/issues?per_page=1&page=2>; rel="next"'
            in (answer.headers["link"])
        )

    def test_shows_a_person_what_is_there(self, practice: Any, account: GitHubAccount) -> None:
        do(create_issue, CreateIssue(repository=WEBSHOP, title="Seen", body="By a person"), account)
        do(commit_file, CommitFile(repository=WEBSHOP, path="a.md", content="A", message="Add a"), account)

        shown = httpx.get(f"{practice.url}/overview").json()["repositories"]

        webshop = next(repository for repository in shown if repository["full_name"] == WEBSHOP)
        assert webshop["issues"][0]["body"] == "By a person"
        assert webshop["issues"][0]["url"] == "/practice?repository=practice/webshop&issue=5"
        assert webshop["commits"][0]["files"] == ["a.md"]
        assert [file["path"] for file in webshop["files"]][:2] == ["README.md", "a.md"]


class TestErrors:
    asked = ListIssues(repository=WEBSHOP)

    def test_a_wrong_token_asks_for_reconnecting(self, practice: Any) -> None:
        account = GitHubAccount(base_url=f"{practice.url}/github", token="wrong", name="work")

        with pytest.raises(AccountError, match="Reconnect the account 'work'"):
            do(list_issues, self.asked, account)

    def test_a_refused_connection_is_worth_another_try(self) -> None:
        account = GitHubAccount(base_url=NOWHERE, token="x")

        with pytest.raises(Unavailable, match="cannot be reached") as error:
            do(list_issues, self.asked, account)
        assert error.value.retryable

    @pytest.mark.parametrize(
        ("status", "message", "headers", "wait"),
        [
            (429, "Slow down", {"retry-after": "7"}, 7.0),
            (403, "You have exceeded a secondary rate limit.", {"retry-after": "60"}, 60.0),
            (403, "API rate limit exceeded", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, 0.0),
            (403, "You have exceeded a secondary rate limit.", {}, 60.0),
        ],
    )
    def test_limits_say_how_long_to_wait(self, status: int, message: str, headers: dict[str, str], wait: float) -> None:
        with (
            a_server(status, json.dumps({"message": message}), headers) as account,
            pytest.raises(RateLimited) as error,
        ):
            do(list_issues, self.asked, account)
        assert error.value.retry_after == wait

    def test_missing_rights_are_no_limit(self) -> None:
        body = json.dumps({"message": "Resource not accessible by personal access token"})

        with a_server(403, body) as account, pytest.raises(ServiceError, match="not accessible") as error:
            do(list_issues, self.asked, account)
        assert not isinstance(error.value, RateLimited)
        assert "'work'" in error.value.remedy

    @pytest.mark.parametrize("body", ["{}", "<html>Bad gateway</html>", ""])
    def test_a_failing_github_is_worth_another_try(self, body: str) -> None:
        with a_server(502, body) as account, pytest.raises(Unavailable, match="502"):
            do(list_issues, self.asked, account)

    @pytest.mark.parametrize("body", ["<html>Hello</html>", "{not json", '{"a": 1}'])
    def test_another_server_is_told_from_github(self, body: str) -> None:
        with a_server(200, body) as account, pytest.raises(Unavailable, match="is not GitHub"):
            do(get_issue, GetIssue(repository=WEBSHOP, number=1), account)

    @pytest.mark.parametrize("address", ["api.github.com", "ftp://x", "https://", ""])
    def test_an_address_that_is_none_is_refused(self, address: str) -> None:
        with pytest.raises(ValidationError, match="base_url"):
            GitHubAccount(base_url=address, token="x")

    def test_never_show_the_token(self) -> None:
        account = GitHubAccount(base_url=NOWHERE, token="ghp_secret")

        with pytest.raises(Unavailable) as error:
            do(list_issues, self.asked, account)
        assert "ghp_secret" not in f"{error.value!r} {error.value.as_dict()} {account!r}"
