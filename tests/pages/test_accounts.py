"""Accounts: connect one by a form, see how it is, test, change, rename and remove it."""

from __future__ import annotations

import pytest

from orchestrator.workflow_engine import WorkflowEngine, set_current
from tests.pages.conftest import OFFLINE, Open, Save, link_labels, said

TOKEN = "ghp_of_a_person_1234567890"


@pytest.fixture
def connected(engine: WorkflowEngine) -> None:
    """A GitHub account at an address where practice GitHub answers."""
    address = f"{engine.practice_url}/github"
    engine.accounts.add("github", "work", {"token": "practice", "base_url": address})


def test_without_an_account_practice_is_in_use(open_page: Open) -> None:
    text = said(open_page("accounts"))

    assert "practice" in text
    assert "leaves this computer" in text


def test_an_account_is_connected_by_a_form_that_never_shows_its_secret(open_page: Open, engine: WorkflowEngine) -> None:
    at = open_page("accounts", add="github")
    at.text_input(key="account:github::token").set_value(TOKEN)
    at.text_input(key="account:github::base_url").set_value(OFFLINE)
    at.button(key="connect").click().run()

    assert engine.accounts.get("github").name == "work"
    assert TOKEN not in said(open_page("accounts"))
    change = open_page("accounts", change="github", name="work")
    assert TOKEN not in repr([field.value for field in change.text_input]) + said(change)
    assert change.text_input(key="account:github:work:base_url").value == OFFLINE


def test_what_is_missing_is_told(open_page: Open, engine: WorkflowEngine) -> None:
    at = open_page("accounts", add="github")
    at.button(key="connect").click().run()

    assert "is empty" in at.warning[0].value
    assert engine.accounts.get("github").practice


@pytest.mark.usefixtures("connected")
def test_a_test_says_who_one_is(open_page: Open) -> None:
    at = open_page("accounts")
    at.button(key="test:github:work").click().run()

    assert "It works" in said(open_page("accounts")).replace("\\", "")
    assert "patchbay-" in said(open_page("accounts"))


@pytest.mark.usefixtures("connected")
def test_where_it_is_used_is_told(open_page: Open, save: Save) -> None:
    save("issues", name="Look at issues", steps=[{"id": "all", "uses": "github.list_repositories"}])
    assert "Look at issues" in link_labels(open_page("accounts"))


@pytest.mark.usefixtures("connected")
def test_another_is_made_the_one_in_use(open_page: Open, engine: WorkflowEngine) -> None:
    engine.accounts.add("github", "home", {"token": TOKEN})
    at = open_page("accounts")
    at.button(key="default:github:home").click().run()

    assert engine.accounts.get("github").name == "home"


@pytest.mark.usefixtures("connected")
def test_it_is_renamed(open_page: Open, engine: WorkflowEngine) -> None:
    at = open_page("accounts")
    at.text_input(key="name:github:work").set_value("office").run()
    at.button(key="rename:github:work").click().run()

    assert engine.accounts.get("github").name == "office"


@pytest.mark.usefixtures("connected")
def test_it_is_removed_once_that_was_confirmed(open_page: Open, engine: WorkflowEngine) -> None:
    at = open_page("accounts")
    at.button(key="remove:github:work").click().run()
    assert engine.accounts.get("github").name == "work"
    at.button(key="remove-really").click().run()

    assert engine.accounts.get("github").practice


@pytest.mark.usefixtures("connected")
def test_a_lost_key_is_told_with_the_way_out(open_page: Open, engine: WorkflowEngine) -> None:
    (engine.settings.home / "master.key").unlink()
    with WorkflowEngine(engine.settings, practice_url=engine.practice_url) as restarted:
        set_current(restarted)
        at = open_page("accounts")

    (warning,) = at.warning
    assert "connect them again" in warning.value
    assert "locked" in said(at)
