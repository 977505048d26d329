"""Signing in to Google, over HTTP: consent, tokens fetched anew, rights that are missing, access taken back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from integrations.drive import drive
from integrations.gmail import GmailAccount, gmail
from integrations.practice.google_oauth import CLIENT_ID, CLIENT_SECRET, SCOPES, SERVICE
from orchestrator.account_entries import AccountEntry
from orchestrator.consents import Begun
from orchestrator.errors import AccountError, InvalidInput, NotFound, ServiceError, Unavailable
from orchestrator.masking import mask
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.integrations.conftest import Practice

BACK = "http://127.0.0.1:8501/api/consent"
CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@pytest.fixture
def engine(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkflowEngine]:
    monkeypatch.setenv("PATCHBAY_GOOGLE_OAUTH_BASE_URL", f"{practice.url}/google_oauth")
    for name in ("gmail", "drive"):
        monkeypatch.setenv(f"PATCHBAY_{name.upper()}_BASE_URL", f"{practice.url}/{name}")
    settings = Settings.load(home=tmp_path / "home")
    with WorkflowEngine(settings, registry=Registry([gmail, drive]), practice_url=practice.url) as engine:
        yield engine


def answer(link: str, **form: object) -> dict[str, str]:
    """Look at Google's page and answer it, as a browser does; what the browser comes back with."""
    assert httpx2.get(link).status_code == 200
    scopes = parse_qs(urlsplit(link).query)["scope"][0].split()
    reply = httpx2.post(link, data={"scope": scopes, "answer": "allow", **form}, headers={"origin": _origin(link)})
    assert reply.status_code == 303
    return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["location"]).query).items()}


def _origin(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}"


def begin(engine: WorkflowEngine, connector: str = "gmail", **more: object) -> Begun:
    return engine.consents.begin(connector, "work", {**CLIENT, **more}, BACK)


def end(engine: WorkflowEngine, begun: Begun, **form: object) -> str:
    back = answer(begun.link, **form)
    assert back["state"] == begun.state
    return engine.consents.end(back["state"], back.get("code", ""), back.get("error", "")).said


def entry(engine: WorkflowEngine) -> AccountEntry:
    return next(entry for entry in engine.accounts.list() if entry.source == "saved")


def tokens_kept(practice: Practice) -> list[str]:
    return [token["id"] for token in practice.store.all(SERVICE, "access")]


class TestConsent:
    @pytest.mark.parametrize("connector", ["gmail", "drive"])
    def test_connects_an_account_that_works_and_ends_in_a_week(self, engine: WorkflowEngine, connector: str) -> None:
        assert end(engine, begin(engine, connector)) == "'work' works: sam@lanternworks.example"

        assert (entry(engine).connector, entry(engine).works) == (connector, True)
        assert 6.9 * 86400 < (entry(engine).expires_at or 0) - time.time() < 7 * 86400

    def test_asks_as_google_wants_it(self, engine: WorkflowEngine) -> None:
        asked = parse_qs(urlsplit(begin(engine).link).query)
        assert asked["redirect_uri"] == [BACK]
        assert (asked["access_type"], asked["prompt"], asked["code_challenge_method"]) == (
            ["offline"],
            ["consent"],
            ["S256"],
        )
        assert CLIENT_SECRET not in begin(engine).link

    def test_asks_at_google_itself_unless_told_otherwise(
        self, engine: WorkflowEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("PATCHBAY_GOOGLE_OAUTH_BASE_URL")
        assert begin(engine).link.startswith("https://accounts.google.com/o/oauth2/v2/auth?")

    def test_takes_the_client_from_the_environment(
        self, engine: WorkflowEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(InvalidInput, match="'Client id' is missing"):
            engine.consents.begin("gmail", "work", {}, BACK)
        monkeypatch.setenv("PATCHBAY_GOOGLE_CLIENT_ID", CLIENT_ID)
        monkeypatch.setenv("PATCHBAY_GOOGLE_CLIENT_SECRET", CLIENT_SECRET)
        assert "works" in end(engine, engine.consents.begin("gmail", "work", {}, BACK))

    def test_can_be_refused(self, engine: WorkflowEngine) -> None:
        assert "you did not allow it" in end(engine, begin(engine), answer="cancel")
        assert [entry.source for entry in engine.accounts.list()] == ["practice", "practice"]

    def test_with_a_wrong_secret_says_what_to_copy(self, engine: WorkflowEngine) -> None:
        said = end(engine, begin(engine, client_secret="GOCSPX-another-one"))
        assert "does not know this client id with this client secret" in said

    def test_serves_once_and_only_who_began(self, engine: WorkflowEngine) -> None:
        begun = begin(engine)
        back = answer(begun.link)
        with pytest.raises(NotFound, match="not begun here"):
            engine.consents.end("another-state", back["code"], "")
        assert engine.consents.end(begun.state, back["code"], "").works
        with pytest.raises(NotFound, match="is over"):
            engine.consents.end(begun.state, back["code"], "")
        assert engine.consents.ended(begun.state) is not None

    def test_a_code_that_was_stolen_is_of_no_use_without_the_verifier(self, engine: WorkflowEngine) -> None:
        stolen = answer(begin(engine).link)["code"]
        other = engine.consents.begin("gmail", "other", CLIENT, BACK)
        ended = engine.consents.end(other.state, stolen, "")
        assert (ended.works, ended.said) == (False, "Google does not know this code any more. Begin again.")

    def test_a_name_that_is_taken_is_told_before_anybody_is_sent_away(self, engine: WorkflowEngine) -> None:
        end(engine, begin(engine))
        with pytest.raises(InvalidInput, match="already an account 'work'"):
            begin(engine)

    def test_where_something_else_answers_says_so(
        self, engine: WorkflowEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATCHBAY_GOOGLE_OAUTH_BASE_URL", "http://127.0.0.1:9")
        ended = engine.consents.end(begin(engine).state, "code", "")
        assert "cannot be reached at http://127.0.0.1:9/token" in ended.said


class TestAnAccount:
    @pytest.fixture
    def work(self, engine: WorkflowEngine) -> GmailAccount:
        end(engine, begin(engine))
        account = engine.accounts.get("gmail", "work")
        assert isinstance(account, GmailAccount)
        return account

    def test_fetches_an_access_token_once_and_anew_when_it_has_ended(
        self, engine: WorkflowEngine, practice: Practice, work: GmailAccount
    ) -> None:
        before = tokens_kept(practice)
        for _ in range(3):
            engine.accounts.test("gmail", "work")
        assert tokens_kept(practice) == before
        for token in practice.store.all(SERVICE, "access"):
            practice.store.put(SERVICE, "access", token["id"], {**token, "until": 0})

        assert engine.accounts.test("gmail", "work") == "sam@lanternworks.example"
        assert len(tokens_kept(practice)) == len(before) + 1

    def test_fetches_one_token_for_many_steps_at_once(
        self, engine: WorkflowEngine, practice: Practice, work: GmailAccount
    ) -> None:
        before = len(tokens_kept(practice))
        fresh = work.model_copy(update={"name": "at once"})  # nobody has fetched a token for it
        assert gmail.check_function is not None
        with ThreadPoolExecutor(8) as threads:
            assert len(set(threads.map(gmail.check_function, [fresh] * 16))) == 1
        assert len(tokens_kept(practice)) == before + 1

    def test_whose_access_was_taken_back_is_to_be_reconnected(
        self, engine: WorkflowEngine, practice: Practice, work: GmailAccount
    ) -> None:
        token = work.refresh_token.get_secret_value()
        assert httpx2.post(f"{practice.url}/google_oauth/revoke", data={"token": token}).status_code == 200
        read = {"id": "mail", "uses": "gmail.search_messages"}
        result = engine.execute_workflow(Workflow.model_validate({"id": "read", "steps": [read]}))

        assert result.error is not None
        assert result.error["message"].startswith("Google does not let the account 'work' in any more")
        assert result.error["remedy"] == "Reconnect 'work'."
        assert entry(engine).state(time.time()) == "failed"

        again = engine.consents.begin("gmail", "work", {}, BACK, is_new=False)
        assert end(engine, again) == "'work' works: sam@lanternworks.example"
        assert entry(engine).state(time.time()) == "works"

    def test_that_lacks_a_right_is_told_by_its_test(
        self, engine: WorkflowEngine, practice: Practice, work: GmailAccount
    ) -> None:
        for kind in ("refresh", "access"):
            for token in practice.store.all(SERVICE, kind):
                practice.store.put(SERVICE, kind, token["id"], {**token, "scope": list(SCOPES)[1]})
        with pytest.raises(AccountError, match="was not allowed to let Patchbay read, write, send and file mail"):
            engine.accounts.test("gmail", "work")

    def test_whose_sign_in_fails_can_be_tried_again(self, work: GmailAccount, practice: Practice) -> None:
        elsewhere = work.model_copy(update={"oauth_base_url": f"{practice.url}/nowhere"})
        assert gmail.check_function is not None
        with pytest.raises(Unavailable, match="sign-in"):
            gmail.check_function(elsewhere)

    def test_keeps_its_access_token_secret(self, engine: WorkflowEngine, work: GmailAccount) -> None:
        from integrations._google_oauth import credentials

        engine.accounts.test("gmail", "work")
        token = credentials(work).token
        assert token not in mask(f"<{token}>")
        assert work.refresh_token.get_secret_value() not in repr(work) + mask(work.refresh_token.get_secret_value())


class TestThePracticeSignIn:
    @pytest.fixture
    def asked(self, engine: WorkflowEngine) -> str:
        return begin(engine).link

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ((CLIENT_ID, "nobody"), 401, "invalid_client"),
            (("http%3A%2F%2F127.0.0.1", "http%3A%2F%2Fshop.example"), 400, "redirect_uri_mismatch"),
            (("gmail.modify", "gmail.everything"), 400, "invalid_scope"),
            (("S256", "plain"), 400, "invalid_request"),
        ],
    )
    def test_tells_a_person_what_is_wrong_with_the_request(
        self, asked: str, change: tuple[str, str], status: int, code: str
    ) -> None:
        reply = httpx2.get(asked.replace(*change))
        assert (reply.status_code, code in reply.text) == (status, True)

    def test_is_not_pressed_by_another_site(self, asked: str) -> None:
        reply = httpx2.post(asked, data={"answer": "allow"}, headers={"origin": "http://shop.example"})
        assert reply.status_code == 403

    def test_says_what_a_token_is_for_and_whose_it_is(self, practice: Practice, asked: str) -> None:
        base = f"{practice.url}/google_oauth"
        no_pkce = asked.replace("code_challenge=", "unused=")
        form = {**CLIENT, "grant_type": "authorization_code", "redirect_uri": BACK, "code": answer(no_pkce)["code"]}
        token = httpx2.post(f"{base}/token", data=form).json()["access_token"]

        info = httpx2.post(f"{base}/tokeninfo", data={"access_token": token}).json()
        assert (info["aud"], info["scope"]) == (CLIENT_ID, "https://www.googleapis.com/auth/gmail.modify")
        who = httpx2.get(f"{base}/v1/userinfo", headers={"authorization": f"Bearer {token}"})
        assert who.json()["email"] == "sam@lanternworks.example"
        assert httpx2.get(f"{base}/v1/userinfo").status_code == 401
        wrong = httpx2.get(f"{practice.url}/drive/drive/v3/files", headers={"authorization": f"Bearer {token}"})
        assert (wrong.status_code, "insufficient authentication scopes" in wrong.text) == (403, True)
        assert httpx2.post(f"{base}/revoke", data={"token": token}).status_code == 200
        gone = httpx2.post(f"{base}/tokeninfo", data={"access_token": token})
        assert (gone.status_code, gone.json()["error_description"]) == (400, "Invalid Value")

    @pytest.mark.parametrize(
        ("form", "code"),
        [
            ({"grant_type": "refresh_token", "refresh_token": "1//0unknown"}, "invalid_grant"),
            ({"grant_type": "authorization_code", "code": "4/unknown"}, "invalid_grant"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"grant_type": "refresh_token", "client_secret": "wrong"}, "invalid_client"),
        ],
    )
    def test_refuses_as_google_does(self, practice: Practice, form: dict[str, str], code: str) -> None:
        reply = httpx2.post(f"{practice.url}/google_oauth/token", data={**CLIENT, **form})
        assert (reply.status_code, reply.json()["error"]) == (401 if code == "invalid_client" else 400, code)


class TestTakingBack:
    """Who removes an account may also end at Google what was allowed."""

    def test_google_is_told_and_the_token_is_worth_nothing(self, engine: WorkflowEngine) -> None:
        end(engine, begin(engine))
        values = engine.accounts.kept("gmail", "work")
        assert engine.consents.can_take_back("gmail", "work")
        engine.consents.remove("gmail", "work")
        assert saved(engine) == []
        engine.accounts.add("gmail", "again", values)
        with pytest.raises(AccountError, match="access was taken back"):
            engine.accounts.test("gmail", "again")

    def test_what_has_ended_before_is_no_error(self, engine: WorkflowEngine) -> None:
        there = {"oauth_base_url": f"{engine.practice_url}/google_oauth"}
        engine.accounts.add("gmail", "work", {**CLIENT, **there, "refresh_token": "1//long-gone"})
        engine.consents.remove("gmail", "work")
        assert saved(engine) == []

    def test_not_while_another_account_lives_by_it(self, engine: WorkflowEngine) -> None:
        """Google ends all that a client was allowed by a person, Drive with Gmail."""
        end(engine, begin(engine))
        end(engine, begin(engine, "drive"))
        assert not engine.consents.can_take_back("gmail", "work")
        with pytest.raises(InvalidInput, match="Drive account 'work'"):
            engine.consents.remove("gmail", "work")
        assert engine.accounts.test("gmail", "work")
        engine.accounts.remove("drive", "work")
        assert engine.consents.can_take_back("gmail", "work")

    def test_another_client_is_another_matter(self, engine: WorkflowEngine) -> None:
        end(engine, begin(engine))
        other = {"client_id": "other", "client_secret": "GOCSPX-other", "refresh_token": "1//other"}
        engine.accounts.add("drive", "work", other)
        assert engine.consents.can_take_back("gmail", "work")

    def test_where_google_cannot_be_told_the_account_is_gone_and_a_person_knows(self, engine: WorkflowEngine) -> None:
        nowhere = {"oauth_base_url": "http://127.0.0.1:9"}
        engine.accounts.add("gmail", "work", {**CLIENT, **nowhere, "refresh_token": "1//secret-token"})
        with pytest.raises(ServiceError) as raised:
            engine.consents.remove("gmail", "work")
        said = str(raised.value)
        assert "removed here, but Google still allows it" in said
        assert "myaccount.google.com/permissions" in said
        assert "secret-token" not in said
        assert saved(engine) == []

    def test_a_bare_token_is_nothing_that_was_allowed_here(self, engine: WorkflowEngine) -> None:
        engine.accounts.add("gmail", "work", {"token": "ya29.only"})
        assert not engine.consents.can_take_back("gmail", "work")
        with pytest.raises(InvalidInput, match="nothing to take back"):
            engine.consents.remove("gmail", "work")
        assert saved(engine) == ["work"]

    def test_one_that_is_not_there_is_told(self, engine: WorkflowEngine) -> None:
        with pytest.raises(NotFound):
            engine.consents.remove("gmail", "work")


def saved(engine: WorkflowEngine) -> list[str]:
    return [entry.name for entry in engine.accounts.list() if entry.source == "saved"]
