"""Accounts: connect one by a form, see how it is, test, change, rename and remove it."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.workflow_engine import WorkflowEngine, set_current
from studio.account_view import service_cards
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


@pytest.mark.parametrize(("port", "told"), [(None, ""), (9, "still allows it")])
def test_what_was_allowed_at_google_is_taken_back_where_one_wishes(
    open_page: Open, engine: WorkflowEngine, port: int | None, told: str
) -> None:
    there = {"oauth_base_url": f"http://127.0.0.1:{port}" if port else f"{engine.practice_url}/google_oauth"}
    client = {"client_id": "1234.apps.googleusercontent.com", "client_secret": "GOCSPX-x", "refresh_token": "1//x"}
    engine.accounts.add("gmail", "work", {**client, **there})
    at = open_page("accounts")
    at.button(key="remove:gmail:work").click().run()
    at.checkbox(key="remove-take-back").check()
    at.button(key="remove-really").click().run()

    assert [told in error.value for error in at.error] == [True] * bool(told)
    assert engine.accounts.get("gmail").practice


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


class TestAnAccountThatIsConnectedInTheBrowser:
    @pytest.fixture
    def asked(self, open_page: Open, engine: WorkflowEngine, monkeypatch: pytest.MonkeyPatch) -> AppTest:
        monkeypatch.setenv("PATCHBAY_GOOGLE_OAUTH_BASE_URL", OFFLINE)
        at = open_page("accounts", add="gmail")
        at.text_input(key="consent:gmail::client_id").set_value("client.example")
        at.text_input(key="consent:gmail::client_secret").set_value(TOKEN)
        return at.button(key="continue").click().run()

    def test_is_asked_for_at_the_service_with_our_address_to_come_back_to(
        self, open_page: Open, engine: WorkflowEngine, asked: AppTest
    ) -> None:
        assert f"{engine.settings.studio_url}/api/consent" in open_page("accounts", add="gmail").code[0].value
        assert "allow what it lists" in said(asked)
        assert TOKEN not in said(asked)

    def test_can_be_begun_again(self, asked: AppTest) -> None:
        assert asked.button(key="begin-again").click().run().button(key="continue").label == "Continue with Google"

    def test_what_is_missing_is_told(self, open_page: Open) -> None:
        at = open_page("accounts", add="gmail").button(key="continue").click().run()
        assert "is empty" in at.warning[0].value

    def test_a_refusal_is_told_with_the_way_on(self, open_page: Open, engine: WorkflowEngine, asked: AppTest) -> None:
        begun = asked.session_state["consent:gmail:"]
        engine.consents.end(begun.state, "", "access_denied")
        at = open_page("accounts", consent=begun.state)
        assert "you did not allow it" in at.error[0].value
        assert "Begin again" in link_labels(at)

    def test_an_old_link_is_told(self, open_page: Open) -> None:
        assert "is over" in open_page("accounts", consent="long-ago").warning[0].value


class TestAnAccountThatNeedsCare:
    @pytest.fixture(autouse=True)
    def ends_soon(self, engine: WorkflowEngine, connected: None) -> None:
        engine.accounts.change("github", "work", {"token": TOKEN}, expires_at=time.time() + 86400 * 1.5)

    def test_is_told_in_the_list_with_the_way_out(self, open_page: Open) -> None:
        at = open_page("accounts")
        assert "Ends soon" in said(at)
        assert "Its key ends tomorrow" in said(at)
        assert "Reconnect" in link_labels(at)

    def test_is_told_on_home(self, open_page: Open) -> None:
        assert "Accounts that need care" in [one.value for one in open_page("home").subheader]

    def test_keeps_its_last_day_when_something_else_is_changed(self, open_page: Open, engine: WorkflowEngine) -> None:
        at = open_page("accounts", change="github", name="work")
        at.text_input(key="account:github:work:base_url").set_value(OFFLINE)
        at.button(key="connect").click().run()
        (entry, _) = [one for one in engine.accounts.list() if one.connector == "github"]
        assert entry.expires_at is not None


class TestARun:
    @pytest.fixture(autouse=True)
    def workflow(self, save: Save, engine: WorkflowEngine) -> None:
        save("issues", name="Look", steps=[{"id": "all", "uses": "github.list_repositories"}])

    def test_without_an_account_there_is_nothing_to_choose(self, open_page: Open) -> None:
        assert [box.label for box in open_page("workflows", id="issues").selectbox] == []

    @pytest.mark.usefixtures("connected")
    def test_can_be_practice_or_live_and_its_page_says_which(self, open_page: Open, engine: WorkflowEngine) -> None:
        at = open_page("workflows", id="issues")
        choice = at.selectbox(key="account:issues:github")
        assert (choice.label, choice.options) == ("GitHub", ["Live, as 'work'", "Practice"])
        choice.set_value("practice")
        at.button(key="run").click().run()

        (run,) = engine.runs()
        engine.wait(run.id)
        assert engine.run(run.id).accounts.chosen == {"github": "practice"}
        assert "GitHub: **Practice**" in said(open_page("runs", id=run.id))


def test_services_stand_by_their_names_those_with_an_account_first(engine: WorkflowEngine) -> None:
    engine.accounts.add("notion", "work", {"token": "a-very-private-token"})
    first, *others = [card.title for card in service_cards(engine, 0.0)]
    assert first == "Notion"
    assert others == sorted(others, key=str.casefold)
