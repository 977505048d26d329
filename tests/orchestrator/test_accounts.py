"""Accounts: who a connector acts as, connected by people, in the environment or for practice, on each kind of store."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import model_validator

from orchestrator.account_entries import AccountEntry
from orchestrator.account_fields import own_fields
from orchestrator.accounts import Accounts
from orchestrator.actions import Account, Call, Connector, Params, Result, SecretStr, ServiceError, Standing, field
from orchestrator.errors import AccountError, InvalidInput, InvalidSettings, NotFound, VaultError
from orchestrator.registry import Registry
from orchestrator.saved_accounts import SavedAccounts
from orchestrator.settings import ROOT, Settings
from orchestrator.stores import open_store
from orchestrator.stores.store import Store
from orchestrator.vault import Vault, keys_of
from orchestrator.workflow_engine import WorkflowEngine

TOKEN = "token-of-a-post-office"


class PostAccount(Account):
    token: SecretStr = field("Token")
    base_url: str = field("Address", default="https://post.example", expert=True, pattern="^https?://")
    sender: str = field("Sender", default="")
    may_reach: str = field("Streets that are allowed", default="", administered=True)


class Nothing(Params):
    """Ask who one is."""


class Me(Result):
    name: str = field("Account")


def the_post(practice: bool = True) -> Connector:
    post = Connector(
        "post",
        title="Post",
        account=PostAccount,
        practice={"token": "practice", "base_url": "http://practice.example"} if practice else None,
    )

    @post.action("Who am I", effect="read", result=Me)
    def me(p: Nothing, account: PostAccount, call: Call) -> Me:
        if account.token.get_secret_value() == "taken-back":
            raise AccountError(f"The post does not know '{account.name}'.", remedy=f"Reconnect '{account.name}'.")
        return Me(name=account.name)

    @post.check
    def check(account: PostAccount) -> str | Standing:
        if account.base_url == "http://ends.example":
            return Standing("sam", expires=1_800_000_000.0)
        if account.base_url == "http://broken.example":
            raise ServiceError(f"The post does not know {account.token.get_secret_value()}.", remedy="Ask it.")
        if account.base_url == "http://strange.example":
            raise ZeroDivisionError(account.token.get_secret_value())
        return f"{account.sender or 'nobody'} at {account.base_url}"

    return post


@pytest.fixture
def registry() -> Registry:
    return Registry([the_post(), Connector("free", title="Free")])


@pytest.fixture
def store_of_accounts(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def accounts(registry: Registry, settings: Settings, store_of_accounts: Store) -> Accounts:
    return others(registry, settings, store_of_accounts)


def others(registry: Registry, settings: Settings, store: Store) -> Accounts:
    """What another process sees."""
    return Accounts(registry, settings, lambda: "", SavedAccounts(store, Vault(keys_of(settings))))


def lines(accounts: Accounts) -> list[tuple[str, bool]]:
    return [(entry.name, entry.in_use) for entry in accounts.list()]


def entry_of(accounts: Accounts, name: str) -> AccountEntry:
    return next(entry for entry in accounts.list() if entry.name == name)


class TestWhoActs:
    def test_practice_is_used_when_nothing_else_is_there(self, accounts: Accounts) -> None:
        assert accounts.get("post").practice
        assert not accounts.is_live("post")
        assert lines(accounts) == [("practice", True)]

    def test_the_first_account_is_the_default_and_a_step_can_name_any(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN})
        accounts.add("post", "home", {"token": TOKEN, "sender": "me"})

        assert accounts.get("post").name == "work"
        assert accounts.get("post", "home") == PostAccount(name="home", token=TOKEN, sender="me")  # type: ignore[arg-type]
        assert accounts.get("post", "practice").practice
        assert accounts.is_live("post")
        assert not accounts.is_live("post", "practice")
        assert lines(accounts) == [("work", True), ("home", False), ("practice", False)]

    def test_another_can_be_made_the_default(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN})
        accounts.add("post", "home", {"token": TOKEN}, default=True)
        assert accounts.get("post").name == "home"
        accounts.make_default("post", "work")
        assert accounts.get("post").name == "work"

    def test_when_the_default_is_removed_another_takes_its_place_and_at_last_practice(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN})
        accounts.add("post", "home", {"token": TOKEN})
        accounts.remove("post", "work")
        assert accounts.get("post").name == "home"
        accounts.remove("post", "home")
        assert accounts.get("post").practice

    def test_a_renamed_account_keeps_its_values_and_its_place(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN, "sender": "me"})
        accounts.rename("post", "work", "büro 2")

        assert accounts.get("post") == PostAccount(name="büro 2", token=TOKEN, sender="me")  # type: ignore[arg-type]

    def test_a_changed_account_keeps_the_secrets_that_are_not_typed_again(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN, "sender": "me"})
        accounts.change("post", "work", {"sender": "you"})
        assert accounts.get("post") == PostAccount(name="work", token=TOKEN, sender="you")  # type: ignore[arg-type]
        accounts.change("post", "work", {"token": "another-token"})
        assert accounts.get("post") == PostAccount(name="work", token="another-token")  # type: ignore[arg-type]

    def test_a_connector_without_fields_needs_none(self, accounts: Accounts) -> None:
        assert accounts.get("free") == Account(name="none")
        assert not accounts.is_live("free")

    def test_one_that_nobody_connected_is_told(self, settings: Settings) -> None:
        accounts = Accounts(Registry([the_post(practice=False)]), settings, lambda: "")
        with pytest.raises(AccountError, match="No Post account") as error:
            accounts.get("post")
        assert "PATCHBAY_POST_TOKEN" in error.value.remedy
        assert not accounts.has("post")

    def test_an_unknown_name_is_told_with_the_nearest(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN})
        with pytest.raises(AccountError, match="no Post account 'wrk'; the nearest is 'work'"):
            accounts.get("post", "wrk")

    def test_equal_accounts_are_one_object_so_that_clients_are_kept(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN})
        before = accounts.get("post")
        accounts.add("post", "home", {"token": TOKEN})
        assert accounts.get("post") is before


class TestTheEnvironment:
    @pytest.fixture
    def accounts(self, registry: Registry, settings: Settings, store_of_accounts: Store) -> Any:
        return lambda: others(registry, settings, store_of_accounts)

    def test_makes_an_account(self, accounts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATCHBAY_POST_TOKEN", TOKEN)
        assert accounts().get("post") == PostAccount(name="environment", token=TOKEN)  # type: ignore[arg-type]
        assert lines(accounts()) == [("environment", True), ("practice", False)]

    def test_stands_behind_what_was_connected(self, accounts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATCHBAY_POST_TOKEN", TOKEN)
        known = accounts()
        known.add("post", "work", {"token": "another-token"})
        assert known.get("post").name == "work"
        assert known.get("post", "environment").token.get_secret_value() == TOKEN

    def test_says_what_is_wrong_with_it(self, accounts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATCHBAY_POST_SENDER", "me")
        with pytest.raises(InvalidSettings, match="PATCHBAY_POST_TOKEN is missing"):
            accounts().get("post")
        assert "PATCHBAY_POST_TOKEN" in entry_of(accounts(), "environment").problem

    def test_alone_says_what_is_for_whoever_runs_it_to_say(
        self, accounts: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(InvalidInput, match="set PATCHBAY_POST_MAY_REACH"):
            accounts().add("post", "work", {"token": TOKEN, "may_reach": "*"})
        accounts().add("post", "work", {"token": TOKEN})
        assert accounts().get("post", "work").may_reach == ""
        with pytest.raises(InvalidInput, match="set PATCHBAY_POST_MAY_REACH"):
            accounts().change("post", "work", {"may_reach": "*"})
        monkeypatch.setenv("PATCHBAY_POST_MAY_REACH", "high street")
        assert accounts().get("post", "work").may_reach == "high street"
        assert [entry.name for entry in accounts().list()] == ["work", "practice"]
        assert "may_reach" not in own_fields(the_post())

    def test_points_every_account_to_another_server(self, accounts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATCHBAY_POST_BASE_URL", "http://proxy.example")
        known = accounts()
        assert known.get("post").base_url == "http://practice.example"
        known.add("post", "work", {"token": TOKEN})
        known.add("post", "own", {"token": TOKEN, "base_url": "http://own.example"})
        assert known.get("post", "work").base_url == "http://proxy.example"
        assert known.get("post", "own").base_url == "http://own.example"


class TestWhatPeopleType:
    @pytest.mark.parametrize(
        "name", ["", " ", "practice", "environment", "x" * 65, "a\nb", " work", "‹work›", "{{ x }}"]
    )
    def test_a_name_that_cannot_be_is_refused(self, accounts: Accounts, name: str) -> None:
        with pytest.raises(InvalidInput):
            accounts.add("post", name, {"token": TOKEN})

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({}, "'Token' is missing"),
            ({"token": TOKEN, "base_url": "hunter2-hunter2"}, "'Address' is not right"),
            ({"token": TOKEN, "tokn": "hunter2-hunter2"}, "no 'tokn'"),
            ({"token": ["hunter2-hunter2"]}, "'Token' is not right"),
        ],
    )
    def test_a_value_that_does_not_fit_is_told_and_not_repeated(
        self, accounts: Accounts, values: dict[str, Any], said: str
    ) -> None:
        with pytest.raises(InvalidInput, match=said) as error:
            accounts.add("post", "work", values)
        assert "hunter2" not in str(error.value)
        assert lines(accounts) == [("practice", True)]

    def test_a_name_that_is_taken_is_refused(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN})
        accounts.add("post", "home", {"token": TOKEN})
        with pytest.raises(InvalidInput, match="already"):
            accounts.add("post", "work", {"token": TOKEN})
        with pytest.raises(InvalidInput, match="already"):
            accounts.rename("post", "home", "work")

    def test_an_account_that_is_not_there_cannot_be_changed(self, accounts: Accounts) -> None:
        for change in (
            lambda: accounts.change("post", "gone", {}),
            lambda: accounts.rename("post", "gone", "there"),
            lambda: accounts.make_default("post", "gone"),
            lambda: accounts.remove("post", "gone"),
        ):
            with pytest.raises(NotFound, match="gone"):
                change()

    def test_what_is_shown_of_an_account_is_without_its_secrets(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN, "sender": "me"})
        assert accounts.shown("post", "work") == {"sender": "me"}
        assert TOKEN not in repr(accounts.list()) + repr(accounts.get("post"))


class TestATest:
    def test_says_who_one_is_and_is_kept(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN, "sender": "me"})
        assert accounts.test("post", "work") == "me at https://post.example"

        entry = entry_of(accounts, "work")
        assert (entry.works, entry.said) == (True, "me at https://post.example")
        assert time.time() - (entry.tested_at or 0) < 60

    @pytest.mark.parametrize("address", ["http://broken.example", "http://strange.example"])
    def test_that_fails_says_why_without_the_secret(self, accounts: Accounts, address: str) -> None:
        accounts.add("post", "work", {"token": TOKEN, "base_url": address})
        with pytest.raises(ServiceError) as error:
            accounts.test("post", "work")

        entry = entry_of(accounts, "work")
        assert entry.works is False
        assert TOKEN not in f"{error.value}{entry}"
        assert "•••" in entry.said

    def test_is_forgotten_when_the_account_is_changed(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN})
        accounts.test("post", "work")
        accounts.change("post", "work", {"token": "another-token"})
        assert entry_of(accounts, "work").tested_at is None

    def test_tells_when_the_key_ends_and_a_new_key_does_not(self, accounts: Accounts) -> None:
        accounts.add("post", "work", {"token": TOKEN, "base_url": "http://ends.example"})
        assert accounts.test("post", "work") == "sam"
        assert entry_of(accounts, "work").expires_at == 1_800_000_000.0
        accounts.change("post", "work", {"token": "another-token"})
        assert entry_of(accounts, "work").expires_at is None

    def test_of_a_connector_that_has_none_says_so(self, accounts: Accounts) -> None:
        with pytest.raises(NotFound, match="cannot be tested"):
            accounts.test("free")


DAY = 86400.0


@pytest.mark.parametrize(
    ("entry", "state", "needs_care"),
    [
        (AccountEntry("post", "work", "saved", True), "untested", False),
        (AccountEntry("post", "work", "saved", True, works=True, expires_at=9 * DAY), "works", False),
        (AccountEntry("post", "work", "saved", True, works=True, expires_at=2 * DAY), "ends_soon", True),
        (AccountEntry("post", "work", "saved", True, works=True, expires_at=0.0), "ended", True),
        (AccountEntry("post", "work", "saved", True, works=False, expires_at=9 * DAY), "failed", True),
        (AccountEntry("post", "work", "saved", True, problem="The key is gone."), "locked", True),
    ],
)
def test_how_an_account_stands(entry: AccountEntry, state: str, needs_care: bool) -> None:
    assert (entry.state(0.0), entry.needs_care(0.0)) == (state, needs_care)


class TestAServerOnThisMachine:
    """It needs no account, and is there or not."""

    def test_that_stops_is_not_believed_in_any_more_and_one_that_starts_is_found(
        self, settings: Settings, store_of_accounts: Store
    ) -> None:
        runs = {"now": False}

        class Found(Account):
            @model_validator(mode="after")
            def _runs(self) -> Found:
                if not runs["now"]:
                    raise AccountError("It does not run.")
                return self

        accounts = others(Registry([Connector("local", title="Local", account=Found)]), settings, store_of_accounts)
        assert not accounts.has("local")
        for there in (True, False, True):
            runs["now"] = there
            accounts.refresh()
            assert accounts.has("local") is there


class TestManyProcesses:
    def test_see_what_one_of_them_connected(
        self, accounts: Accounts, registry: Registry, settings: Settings, store_of_accounts: Store
    ) -> None:
        other = others(registry, settings, store_of_accounts)
        accounts.add("post", "work", {"token": TOKEN})
        assert other.get("post").practice
        other.refresh()
        assert other.get("post").name == "work"
        accounts.rotate()
        other.refresh()
        assert other.get("post") == accounts.get("post")

    def test_without_the_key_see_that_they_are_locked_and_lose_nothing(
        self, accounts: Accounts, registry: Registry, settings: Settings, store_of_accounts: Store, tmp_path: Path
    ) -> None:
        accounts.add("post", "work", {"token": TOKEN})
        elsewhere = settings.model_copy(update={"home": tmp_path / "elsewhere"})
        other = others(registry, elsewhere, store_of_accounts)

        with pytest.raises(VaultError, match=r"Post account 'work'.*locked"):
            other.get("post")
        assert not other.has("post")
        assert "locked" in entry_of(other, "work").problem
        assert other.shown("post", "work") == {}
        with pytest.raises(VaultError, match="locked"):
            other.rotate()
        assert accounts.get("post").name == "work"

        other.change("post", "work", {"token": "another-token"})
        assert other.get("post") == PostAccount(name="work", token="another-token")  # type: ignore[arg-type]

    def test_find_their_accounts_again_when_the_key_comes_back(
        self, accounts: Accounts, registry: Registry, settings: Settings, store_of_accounts: Store
    ) -> None:
        accounts.add("post", "work", {"token": TOKEN})
        key = settings.home / "master.key"
        kept = key.read_bytes()
        key.unlink()
        other = others(registry, settings, store_of_accounts)
        assert entry_of(other, "work").problem
        key.write_bytes(kept)
        other.refresh()
        assert other.get("post").name == "work"


ROTATE_FOR_EVER = """
import os, sys
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from orchestrator.saved_accounts import SavedAccounts
from orchestrator.vault import Vault, keys_of

def rotate():
    settings = Settings.load()
    saved = SavedAccounts(open_store(settings), Vault(keys_of(settings)))
    saved.rotate()
    print(os.getpid(), flush=True)
    while True:
        saved.rotate()

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        rotate()
    os.waitpid(pid, 0)
    print("killed", flush=True)
"""
"""For each line that it is told, a process that rotates. What it needs is loaded once: that takes the longest."""


def test_a_rotation_that_is_killed_leaves_every_account_open(settings: Settings, store_of_accounts: Store) -> None:
    saved = SavedAccounts(store_of_accounts, Vault(keys_of(settings)))
    for number in range(20):
        saved.add("post", str(number), {"token": f"{TOKEN}-{number}"}, default=False)
    before = {account.sealed for account in saved.list()}
    url = settings.database_url
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATCHBAY_HOME": str(settings.home),
        "PATCHBAY_DATABASE_URL": url.get_secret_value() if url else "",
    }
    chance = random.Random(7)
    with subprocess.Popen(
        [sys.executable, "-c", ROTATE_FOR_EVER], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(6):
            process.stdin.write("\n")
            process.stdin.flush()
            rotating = int(process.stdout.readline())
            time.sleep(chance.uniform(0, 0.05))
            os.kill(rotating, signal.SIGKILL)
            assert process.stdout.readline() == "killed\n"

            after = SavedAccounts(store_of_accounts, Vault(keys_of(settings)))
            found = {account.name: after.values(account) for account in after.list()}
            assert found == {str(number): {"token": f"{TOKEN}-{number}"} for number in range(20)}
    assert not before & {account.sealed for account in saved.list()}
    assert saved.rotate().done == 20
    assert len((settings.home / "master.key").read_text().split()) == 1


class TestARun:
    @pytest.fixture
    def engine(self, settings: Settings, registry: Registry) -> Iterator[WorkflowEngine]:
        with WorkflowEngine(settings, registry=registry) as engine:
            yield engine

    def test_that_names_an_account_which_is_not_there_does_not_start(
        self, engine: WorkflowEngine, workflow: Any
    ) -> None:
        with pytest.raises(InvalidInput, match="no Post account 'work'") as error:
            engine.start_workflow(workflow({"id": "me", "uses": "post.me", "account": "work"}))
        assert (error.value.where.step, error.value.where.key) == ("me", "account")
        assert engine.runs() == []

    def test_that_is_not_let_in_any_more_lets_the_list_say_so(self, engine: WorkflowEngine, workflow: Any) -> None:
        engine.accounts.add("post", "work", {"token": "taken-back"})
        assert engine.execute_workflow(workflow({"id": "me", "uses": "post.me"})).status == "failed"
        entry = entry_of(engine.accounts, "work")
        assert (entry.works, entry.said) == (False, "The post does not know 'work'. Reconnect 'work'.")

    def test_takes_the_default_one_that_was_connected_meanwhile_by_another_process(
        self, engine: WorkflowEngine, workflow: Any, registry: Registry, settings: Settings, store_of_accounts: Store
    ) -> None:
        me = workflow({"id": "me", "uses": "post.me"})
        assert engine.execute_workflow(me).steps["me"].output == {"name": "practice"}
        others(registry, settings, store_of_accounts).add("post", "work", {"token": TOKEN})
        assert engine.execute_workflow(me).steps["me"].output == {"name": "work"}


def test_accounts_of_an_older_patchbay_are_kept(tmp_path: Path, registry: Registry) -> None:
    settings = Settings.load(home=tmp_path / "home")
    before = open_store(settings)
    others(registry, settings, before).add("post", "work", {"token": TOKEN})
    before.close()
    with contextlib.closing(sqlite3.connect(settings.database)) as database:
        database.execute("ALTER TABLE accounts DROP COLUMN expires_at")
        database.execute("UPDATE schema_version SET version = 2")
        database.commit()

    after = open_store(settings)
    accounts = others(registry, settings, after)
    assert (accounts.get("post").name, entry_of(accounts, "work").expires_at) == ("work", None)
    after.close()
