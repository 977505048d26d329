"""Files of a repository on GitHub, read for an import: from an address that a person pastes, with an account or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.github import (
    CreateIssue,
    GitHubAccount,
    ListRepositories,
    create_issue,
    list_repositories,
    repository_at,
)
from integrations.practice.github_git import SERVICE, Git
from orchestrator.actions import AccountError, RateLimited, RepositoryFiles, ServiceError, Unavailable, Wanted
from tests.integrations.conftest import Practice
from tests.integrations.github.test_github import HANDBOOK, a_server, do
from tests.integrations.loopback import NOWHERE

WANTED = Wanted((".json", ".yaml"), largest=1000, most=5)
ANN = {"name": "Ann", "email": "ann@practice.example"}


@pytest.fixture
def nobody(practice: Practice) -> GitHubAccount:
    return GitHubAccount(name="none", base_url=f"{practice.url}/github", token="")


def commit(practice: Practice, files: Mapping[str, str | bytes], branch: str = "main") -> None:
    git = Git(practice.store, HANDBOOK)
    if branch != "main":
        git.set_branch(branch, git.branches()["main"])
    contents = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    git.write(branch, contents, "Add workflows", ANN, datetime.now(UTC))


def publish(practice: Practice) -> None:
    """Let everybody read the handbook."""
    doc = practice.store.get(SERVICE, "repository", HANDBOOK)
    practice.store.put(SERVICE, "repository", HANDBOOK, {**(doc or {}), "private": False})


def read(address: str, account: GitHubAccount, wanted: Wanted = WANTED) -> RepositoryFiles:
    repository = repository_at(address, account)
    assert repository is not None
    return repository.read(wanted)


def paths(found: RepositoryFiles) -> list[str]:
    return [file.path for file in found.files]


class TestAnAddress:
    @pytest.mark.parametrize(
        ("address", "title"),
        [
            ("practice/handbook", "practice/handbook"),
            (" https://github.com/practice/handbook ", "practice/handbook"),
            ("https://www.github.com/practice/handbook.git", "practice/handbook"),
            ("github.com/practice/handbook", "practice/handbook"),
            ("http://github.com/practice/handbook/", "practice/handbook"),
            ("https://github.com/practice/handbook?tab=readme#top", "practice/handbook"),
            ("https://github.com/practice/handbook/tree/main", "practice/handbook, main"),
            ("https://github.com/practice/handbook/tree/main/two%20words", "practice/handbook, main/two words"),
            ("practice/handbook/tree/drafts/spring/mail/", "practice/handbook, drafts/spring/mail"),
        ],
    )
    def test_names_a_repository_and_perhaps_a_folder(self, address: str, title: str) -> None:
        repository = repository_at(address, GitHubAccount(token=""))
        assert repository is not None
        assert repository.title == title

    @pytest.mark.parametrize(
        "address",
        [
            *("", "handbook", "a b/c", "folder/bundle.json", "folder/flow.yml", "../handbook", "practice/.."),
            *("https://github.com/practice", "https://github.com/practice/handbook/blob/main/x.json"),
            *("https://github.com/practice/handbook/issues", "https://github.com/a/b/tree/main/../../../user"),
            *("https://example.com/practice/handbook", "http://127.0.0.1:9/practice/handbook"),
            *("http://localhost/practice/handbook", "10.0.0.1/practice/handbook", "example.com/practice/handbook"),
            *("http://169.254.169.254/latest/meta-data", "https://github.com@10.0.0.1/practice/handbook"),
            *("https://github.com:80@10.0.0.1/a/b", "file:///etc/passwd", "ssh://git@github.com/a/b"),
        ],
    )
    def test_of_anything_else_names_none(self, address: str) -> None:
        assert repository_at(address, GitHubAccount(token="")) is None

    @pytest.mark.parametrize(
        ("base_url", "host"),
        [
            ("https://git.corp.example/api/v3", "git.corp.example"),
            ("https://api.corp.ghe.com", "corp.ghe.com"),
            ("https://api.github.com", "github.com"),
        ],
    )
    def test_is_of_the_github_that_the_account_is_at(self, base_url: str, host: str) -> None:
        account = GitHubAccount(base_url=base_url, token="x")
        named = {
            one
            for one in ("git.corp.example", "corp.ghe.com", "github.com")
            if repository_at(f"https://{one}/a/b", account)
        }
        assert named == {host}


class TestReading:
    def test_gives_the_files_asked_for_of_all_folders(self, practice: Practice, account: GitHubAccount) -> None:
        commit(practice, {"a.json": "{}", "flows/b.yaml": "é: 1", "flows/deep/C.JSON": "\ufeff[]", "flows/d.md": "no"})
        found = read(HANDBOOK, account)
        assert [(file.path, file.text) for file in found.files] == [
            ("a.json", "{}"),
            ("flows/b.yaml", "é: 1"),
            ("flows/deep/C.JSON", "[]"),
        ]
        assert found.left_out == ()
        assert "repository=practice/handbook" in found.url

    def test_of_a_folder_of_a_branch_gives_what_is_in_it(self, practice: Practice, account: GitHubAccount) -> None:
        commit(practice, {"a.json": "{}", "flows/b.json": "{}", "flows/more/c.json": "{}"}, "drafts/spring")
        found = read(f"https://github.com/{HANDBOOK}/tree/drafts/spring/flows", account)
        assert paths(found) == ["flows/b.json", "flows/more/c.json"]
        assert paths(read(f"{HANDBOOK}/tree/drafts/spring", account)) == ["a.json", "flows/b.json", "flows/more/c.json"]
        assert paths(read(HANDBOOK, account)) == []

    def test_leaves_out_what_is_hidden_or_of_somebody_elses_package(
        self, practice: Practice, account: GitHubAccount
    ) -> None:
        commit(
            practice,
            {".github/workflows/ci.yaml": "on: push", ".x.json": "{}", "web/node_modules/p/package.json": "{}"},
        )
        assert paths(read(HANDBOOK, account)) == []

    def test_says_what_is_too_large_too_much_or_no_text(self, practice: Practice, account: GitHubAccount) -> None:
        many = {f"flows/{number}.json": "{}" for number in range(9)}
        commit(practice, {"large.json": "x" * 1001, "odd.json": b"\xff\xfe\x00", **many})
        found = read(HANDBOOK, account)
        assert len(found.files) == WANTED.most - 1
        assert found.left_out == (
            "Only 5 of 10 files were looked at. Name a folder to see the others, as in owner/name/tree/main/workflows.",
            "large.json is larger than 1 kB.",
            "odd.json is no text.",
        )

    def test_of_a_repository_without_a_commit_gives_nothing(self, practice: Practice, account: GitHubAccount) -> None:
        doc = practice.store.get(SERVICE, "repository", HANDBOOK)
        empty = {**(doc or {}), "id": 99, "full_name": "practice/empty"}
        practice.store.put(SERVICE, "repository", "practice/empty", empty)
        found = read("practice/empty", account)
        assert (found.files, found.left_out) == ((), ("There is nothing in the repository yet.",))

    def test_finds_one_that_was_renamed(self, practice: Practice, account: GitHubAccount) -> None:
        commit(practice, {"a.json": "{}"})
        assert paths(read("practice/manual", account)) == ["a.json"]

    @pytest.mark.parametrize(
        ("address", "said"),
        [
            ("practice/nothing", "does not find practice/nothing"),
            (f"{HANDBOOK}/tree/nothing", "no branch or tag 'nothing'"),
            (f"{HANDBOOK}/tree/main/nothing/here", "no folder 'nothing'"),
        ],
    )
    def test_says_what_is_not_there(self, account: GitHubAccount, address: str, said: str) -> None:
        with pytest.raises(ServiceError, match=said):
            read(address, account)


class TestWithoutAnAccount:
    def test_reads_what_is_public(self, practice: Practice, nobody: GitHubAccount) -> None:
        publish(practice)
        commit(practice, {"a.json": "{}"})
        assert paths(read(HANDBOOK, nobody)) == ["a.json"]

    def test_a_private_one_is_as_if_it_were_not_there(self, nobody: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match="does not show practice/handbook to everybody") as error:
            read(HANDBOOK, nobody)
        assert "connect an account" in error.value.remedy
        assert not isinstance(error.value, AccountError)

    def test_nothing_else_is_to_be_had(self, practice: Practice, nobody: GitHubAccount) -> None:
        publish(practice)
        for action, params in (
            (list_repositories, ListRepositories()),
            (create_issue, CreateIssue(repository=HANDBOOK, title="x")),
        ):
            with pytest.raises(ServiceError, match="to everybody: Requires authentication"):
                do(action, params, nobody)

    def test_is_told_when_github_wants_a_pause(self) -> None:
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-limit": "60"}
        with a_server(403, '{"message": "API rate limit exceeded"}', headers) as account:
            nobody = account.model_copy(update={"token": GitHubAccount(token="").token})
            with pytest.raises(RateLimited, match="who has no account") as error:
                read(HANDBOOK, nobody)
            assert "Choose an account" in error.value.remedy

    def test_says_that_nothing_answers(self) -> None:
        with pytest.raises(Unavailable, match="asked without an account"):
            read(HANDBOOK, GitHubAccount(name="none", base_url=NOWHERE, token=""))


@pytest.fixture
def counted(practice: Practice, server: tuple[str, list[ASGIApp]]) -> Iterator[None]:
    """GitHub says with each answer that three more requests are allowed."""
    apps = server[1]
    app = apps[-1]

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = [(b"x-ratelimit-limit", b"60"), (b"x-ratelimit-remaining", b"3")]
                message = {**message, "headers": [*message["headers"], *told]}
            await send(message)

        await app(scope, receive, sending)

    apps.append(answering)
    yield
    apps.remove(answering)


@pytest.mark.usefixtures("counted")
class TestWhatGitHubStillAllows:
    def test_is_enough(self, practice: Practice, account: GitHubAccount) -> None:
        commit(practice, {f"{number}.json": "{}" for number in range(3)})
        assert len(read(HANDBOOK, account).files) == 3

    def test_is_not_used_up_for_nothing(self, practice: Practice, nobody: GitHubAccount) -> None:
        publish(practice)
        commit(practice, {f"{number}.json": "{}" for number in range(4)})
        with pytest.raises(RateLimited, match="4 files would have to be read, and GitHub allows 3 more") as error:
            read(HANDBOOK, nobody)
        assert "Choose an account" in error.value.remedy
