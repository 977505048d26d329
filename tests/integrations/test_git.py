"""Git by its own program: real repositories on disk, and a server that only writes down how it was asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from integrations import git as module
from integrations._git_program import Repository, reach
from integrations.git import CommitAll, GitAccount, Init, MakeBranch, MakeTag, PushTo
from orchestrator.actions import AccountError, Call, ServiceError, Unavailable
from orchestrator.preview import has_placeholder
from orchestrator.registry import Registry
from tests.integrations.loopback import answering
from tests.integrations.services import Services

KEY = "run-commit"


@dataclass
class Run:
    """A run's folder, and what is done in it."""

    folder: Path
    account: GitAccount
    timeout: float = 30

    def call(self, key: str) -> Call:
        return Call(run_id="run", step_id="step", key=key, services=Services(self.folder), timeout=self.timeout)

    def do(self, name: str, params: Any, key: str = KEY) -> Any:
        return module.git.actions[name].function(params, self.account, self.call(key))

    def find(self, name: str, params: Any, key: str = KEY) -> Any:
        find = module.git.actions[name].find_function
        assert find is not None
        return find(params, self.account, self.call(key))

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def log(self) -> list[str]:
        return asked(self.folder, "log", "--format=%s").splitlines()


def asked(folder: Path, *arguments: str) -> str:
    """What git itself says, apart from the settings of whoever runs the tests."""
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    bare = tmp_path / "remotes" / "app.git"
    bare.mkdir(parents=True)
    asked(bare, "init", "--quiet", "--bare", "--initial-branch=main")
    return bare


@pytest.fixture
def run(tmp_path: Path, remote: Path) -> Run:
    account = GitAccount(author_name="Ada", author_email="ada@example.com", allow_private=str(remote.parent))
    return Run(tmp_path / "Home" / "runs" / "run", account)


@pytest.fixture
def started(run: Run) -> Run:
    run.do("init", Init())
    run.write("a.md", "one")
    run.do("commit", CommitAll(message="Begin"), key="run-begin")
    return run


@contextmanager
def a_server(status: int, headers: dict[str, str] | None = None) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a server that lets nobody in, and the headers of what it was asked."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with answering(Handler) as url:
        yield url, seen


def test_the_connector_keeps_the_contract_of_actions() -> None:
    assert {id: action.effect for id, action in Registry([module.git]).items()} == {
        "git.init": "idempotent_write",
        "git.commit": "write",
        "git.branch": "idempotent_write",
        "git.tag": "write",
        "git.push": "idempotent_write",
    }


def test_previews_are_made_without_a_folder_or_a_network() -> None:
    account = GitAccount()
    steps = {
        "init": Init(),
        "commit": CommitAll(message="Begin"),
        "branch": MakeBranch(name="x"),
        "tag": MakeTag(name="v1"),
        "push": PushTo(remote="https://nobody.invalid/a.git"),
    }
    for name, params in steps.items():
        preview = module.git.actions[name].preview_function
        assert preview is not None
        plan = preview(params, account)
        assert plan.summary
        assert name in ("init", "branch") or has_placeholder(plan.result.commit)


class TestCommits:
    def test_hold_all_that_changed(self, run: Run) -> None:
        assert run.do("init", Init(branch="trunk")).branch == "trunk"
        run.write("src/Käse.py", "print(1)")
        run.write("b.md", "b")

        made = run.do("commit", CommitAll(message="Begin\n\nWith cheese."))

        assert (made.changed, made.branch, made.message) == (True, "trunk", "Begin\n\nWith cheese.")
        assert made.files == ["b.md", "src/Käse.py"]
        assert made.commit == asked(run.folder, "rev-parse", "HEAD")
        assert asked(run.folder, "log", "--format=%an <%ae> %cn") == "Ada <ada@example.com> Ada"
        assert asked(run.folder, "log", "--format=%(trailers:key=Patchbay-Key,valueonly)") == KEY

    def test_are_not_made_when_nothing_changed(self, started: Run) -> None:
        made = started.do("commit", CommitAll(message="Again"))

        assert (made.changed, made.message, made.files) == (False, "Begin", [])
        assert started.log() == ["Begin"]

    def test_of_an_empty_folder_are_none(self, run: Run) -> None:
        run.do("init", Init())

        assert run.do("commit", CommitAll(message="Begin")).commit == ""

    @pytest.mark.parametrize(
        ("files", "said"),
        [
            ({"b.md": "b"}, "Add b.md"),
            ({"a.md": "two", "b.md": "b", "c.md": "c"}, "Add b.md and c.md; change a.md"),
            ({"a.md": None}, "Remove a.md"),
            ({f"{n}.md": "x" for n in range(5)}, "Add 0.md, 1.md and 3 more files"),
            ({f"{'x' * 40}{n}.md": "x" for n in range(2)}, "Update 2 files"),
        ],
    )
    def test_describe_themselves_when_nothing_is_said(
        self, started: Run, files: dict[str, str | None], said: str
    ) -> None:
        for path, text in files.items():
            if text is None:
                (started.folder / path).unlink()
            else:
                started.write(path, text)

        assert started.do("commit", CommitAll()).message.splitlines()[0] == said

    def test_are_found_by_their_key_and_by_no_other(self, started: Run) -> None:
        started.write("a.md", "two")
        made = started.do("commit", CommitAll(message=f"Say Patchbay-Key: {KEY}2 in the text"), key=KEY)
        started.write("a.md", "three")
        started.do("commit", CommitAll(message="Later"), key="run-later")

        found = started.find("commit", CommitAll(message="x"), key=KEY)
        assert found == made
        for other in (KEY[:-1], KEY + "2", KEY + "-0", "x"):
            assert started.find("commit", CommitAll(message="x"), key=other) is None

    def test_are_not_found_where_there_is_no_repository(self, run: Run) -> None:
        assert run.find("commit", CommitAll(message="x")) is None

    def test_can_be_of_a_folder_inside(self, run: Run) -> None:
        run.write("app/a.py", "1")
        run.write("b.md", "b")
        run.do("init", Init(folder="app"))

        assert run.do("commit", CommitAll(folder="app", message="Begin")).files == ["a.py"]

    def test_need_a_repository(self, run: Run) -> None:
        with pytest.raises(ServiceError, match="has no repository") as error:
            run.do("commit", CommitAll(message="x"))
        assert "git.init" in error.value.remedy

    def test_never_go_into_a_repository_around_the_folder(self, run: Run, tmp_path: Path) -> None:
        asked(tmp_path, "init", "--quiet")
        run.folder.mkdir(parents=True)

        with pytest.raises(ServiceError, match="has no repository"):
            run.do("commit", CommitAll(message="x"))

    def test_run_no_hooks_and_take_no_settings_of_the_machine(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = tmp_path / "person"
        (home / "hooks").mkdir(parents=True)
        hook = home / "hooks" / "post-commit"
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        hook.chmod(0o755)
        (home / ".gitconfig").write_text(
            f"[core]\nhooksPath = {home}/hooks\n[user]\nname = Person\n[commit]\ngpgSign = true\n"
        )
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("GIT_DIR", str(home))
        run.do("init", Init())
        (run.folder / ".git" / "hooks").mkdir(exist_ok=True)
        shutil.copy(hook, run.folder / ".git" / "hooks" / "post-commit")
        run.write("a.md", "one")

        run.do("commit", CommitAll(message="Begin"))

        assert not (tmp_path / "ran").exists()
        monkeypatch.delenv("GIT_DIR")
        assert asked(run.folder, "log", "--format=%an") == "Ada"

    def test_go_on_after_a_git_that_was_killed(self, started: Run) -> None:
        started.write("a.md", "two")
        (started.folder / ".git" / "index.lock").touch()
        (started.folder / ".git" / "refs" / "heads" / "main.lock").touch()

        assert started.do("commit", CommitAll(message="Go on")).changed

    def test_of_many_steps_at_once_wait_for_each_other(self, started: Run) -> None:
        def one(number: int) -> None:
            started.write(f"{number}.md", "x")
            started.do("commit", CommitAll(message=f"Number {number}"), key=f"run-many-{number}")

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(one, range(6)))
        assert asked(started.folder, "status", "--porcelain") == ""
        assert 2 <= len(started.log()) <= 7

    def test_leave_it_open_when_the_time_is_over(self, started: Run) -> None:
        started.write("a.md", "two")
        started.timeout = 0

        with pytest.raises(Unavailable, match="took too long"):
            started.do("commit", CommitAll(message="x"))


class TestBranchesAndTags:
    def test_a_branch_is_made_once_and_gone_to(self, started: Run) -> None:
        for _ in range(2):
            assert started.do("branch", MakeBranch(name="feature/login")).branch == "feature/login"
        assert started.do("branch", MakeBranch(name="main")).branch == "main"
        assert asked(started.folder, "branch", "--format=%(refname:short)").split() == ["feature/login", "main"]

    def test_a_branch_before_the_first_commit(self, run: Run) -> None:
        run.do("init", Init())

        assert run.do("branch", MakeBranch(name="draft")).branch == "draft"

    def test_starting_again_stays_on_the_branch(self, started: Run) -> None:
        started.do("branch", MakeBranch(name="draft"))

        assert started.do("init", Init()).branch == "draft"
        assert started.log() == ["Begin"]

    def test_a_tag_names_the_last_commit_and_is_found(self, started: Run) -> None:
        made = started.do("tag", MakeTag(name="v1.0", message="The first"), key="run-tag")

        assert made.commit == asked(started.folder, "rev-parse", "HEAD")
        assert started.find("tag", MakeTag(name="v1.0"), key="run-tag") == made
        assert started.find("tag", MakeTag(name="v1.0"), key="run-ta") is None
        assert started.find("tag", MakeTag(name="v1"), key="run-tag") is None
        with pytest.raises(ServiceError, match="already exists"):
            started.do("tag", MakeTag(name="v1.0"), key="run-other")

    def test_a_tag_needs_a_commit(self, run: Run) -> None:
        run.do("init", Init())

        with pytest.raises(ServiceError, match="no commit yet"):
            run.do("tag", MakeTag(name="v1"))

    @pytest.mark.parametrize(
        "name",
        ["", "-d", "--force", "a b", "a..b", "a//b", "/a", "a/", "a.", ".a", "a/.b", "a.lock", "a.lock/b", "@", "a@{1}",
         "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a\nb", "HEAD", "x" * 201],
    )  # fmt: skip
    def test_a_name_that_git_does_not_take_is_refused_before(self, name: str) -> None:
        for params in (MakeBranch, MakeTag):
            with pytest.raises(ValidationError, match="is no name"):
                params(name=name)


class TestPush:
    def test_reaches_the_repository_once(self, started: Run, remote: Path) -> None:
        started.do("tag", MakeTag(name="v1"))
        for _ in range(2):
            made = started.do("push", PushTo(remote=str(remote)))

        assert (made.branch, made.commit) == ("main", asked(remote, "rev-parse", "refs/heads/main"))
        assert asked(remote, "tag") == "v1"
        assert asked(remote, "log", "--format=%s") == "Begin"

    def test_of_another_branch(self, started: Run, remote: Path) -> None:
        started.do("branch", MakeBranch(name="draft"))
        started.do("branch", MakeBranch(name="main"))

        started.do("push", PushTo(remote=str(remote), branch="draft"))

        assert asked(remote, "branch", "--format=%(refname:short)") == "draft"
        with pytest.raises(ServiceError, match="no branch 'none'"):
            started.do("push", PushTo(remote=str(remote), branch="none"))

    def test_never_overwrites_what_is_there(self, started: Run, remote: Path, tmp_path: Path) -> None:
        other = Run(tmp_path / "other", started.account)
        other.do("init", Init())
        other.write("b.md", "b")
        other.do("commit", CommitAll(message="Mine"))
        other.do("push", PushTo(remote=str(remote)))

        with pytest.raises(ServiceError, match="has commits on 'main' that are not here"):
            started.do("push", PushTo(remote=str(remote)))
        assert asked(remote, "log", "--format=%s") == "Mine"

    def test_goes_to_no_folder_that_is_not_allowed(self, started: Run, tmp_path: Path) -> None:
        (tmp_path / "remotes2").mkdir()
        for place in (tmp_path / "remotes2", started.folder, Path(f"{tmp_path}/remotes/../remotes2")):
            with pytest.raises(ServiceError, match="a folder of this machine"):
                started.do("push", PushTo(remote=str(place)))

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]"])
    def test_goes_to_no_private_server_that_is_not_allowed(self, started: Run, host: str) -> None:
        with pytest.raises(ServiceError, match="workflows may not reach"):
            started.do("push", PushTo(remote=f"http://{host}:1/a.git"))

    @pytest.mark.parametrize(
        "remote",
        ["", "ext::sh -c touch% /tmp/x", "file:///tmp/a", "ssh://a/b", "git@github.com:a/b.git", "--upload-pack=x",
         "https://", "a/b", "https://x.test/a b"],
    )  # fmt: skip
    def test_takes_no_other_kind_of_address(self, remote: str) -> None:
        with pytest.raises(ValidationError, match="no address of a repository"):
            PushTo(remote=remote)

    def test_takes_no_password_in_an_address(self) -> None:
        with pytest.raises(ValidationError, match="Put it into an account"):
            PushTo(remote="https://me:s3cret@github.com/a/b.git")

    def test_sends_the_token_to_the_account_s_server_and_writes_it_nowhere(self, started: Run) -> None:
        with a_server(401) as (url, seen), a_server(404) as (other, seen_there):
            started.account = GitAccount(base_url=url, token="s3cret", username="me", allow_private="127.0.0.1")

            with pytest.raises(AccountError) as error:
                started.do("push", PushTo(remote=f"{url}/a.git"))
            with pytest.raises(ServiceError):
                started.do("push", PushTo(remote=f"{other}/a.git"))

            token = b64encode(b"me:s3cret").decode()
            assert {request.get("authorization") for request in seen} == {f"Basic {token}"}
            assert seen[0]["path"] == "/a.git/info/refs?service=git-receive-pack"
            assert seen_there
            assert all("authorization" not in request for request in seen_there)
            for secret in ("s3cret", token):
                assert secret not in f"{error.value!r} {error.value.as_dict()}"
                assert not [
                    path
                    for path in started.folder.rglob("*")
                    if path.is_file() and secret.encode() in path.read_bytes()
                ]

    def test_follows_no_redirect(self, started: Run) -> None:
        with a_server(404) as (inside, seen_inside):
            with a_server(302, {"Location": f"{inside}/a.git/info/refs?service=git-receive-pack"}) as (url, seen):
                started.account = GitAccount(base_url=url, token="s3cret", allow_private=url.removeprefix("http://"))

                with pytest.raises(ServiceError):
                    started.do("push", PushTo(remote=f"{url}/a.git"))
                assert seen
            assert seen_inside == []

    def test_that_reaches_nobody_may_be_tried_again(self, started: Run) -> None:
        started.account = GitAccount(allow_private="127.0.0.1")

        for remote in ("http://127.0.0.1:9/a.git", "http://nobody.invalid/a.git"):
            with pytest.raises(Unavailable):
                started.do("push", PushTo(remote=remote))

    def test_connects_to_the_address_that_was_checked(self, started: Run) -> None:
        """The name is looked up once, by us: git is told the address, and does not ask again."""
        settings = reach("http://localhost:80/a.git", "", "", "", "localhost")
        assert settings["http.curloptResolve"].startswith("localhost:80:")
        assert "127.0.0.1" in settings["http.curloptResolve"]

        with a_server(404) as (url, seen):
            host = f"rebind.test:{url.rpartition(':')[2]}"
            with pytest.raises(ServiceError):
                Repository(started.folder, ("Ada", "ada@example.com"), 10).git(
                    "push", f"http://{host}/a.git", "main:main", settings={"http.curloptResolve": f"{host}:127.0.0.1"}
                )
            assert seen[0]["host"] == host
