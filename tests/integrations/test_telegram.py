"""Telegram over HTTP, against practice Telegram or a server that answers one thing."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from integrations._telegram_bot import WAITING
from integrations._telegram_models import (
    Answer,
    Ask,
    Question,
    SendDocument,
    SendMessage,
    Sent,
    TelegramAccount,
    WaitForAnswer,
)
from integrations.telegram import ask, send_document, send_message, telegram, wait_for_answer
from orchestrator.actions import (
    AccountError,
    Action,
    Call,
    EffectUnknown,
    NotYet,
    RateLimited,
    ServiceError,
    Unavailable,
    placeholder,
)
from orchestrator.registry import Registry
from tests.integrations.loopback import NOWHERE, Reply, answering, closed_port, replying
from tests.integrations.services import Services

KEY = "run-1/say"


def new_call(key: str = KEY, timeout: float = 10.0, attempt: int = 1) -> Call:
    return Call(run_id="run-1", step_id="say", key=key, services=Services(), timeout=timeout, attempt=attempt)


def account_at(url: str, token: str = "practice", name: str = "practice") -> TelegramAccount:
    return TelegramAccount(
        name=name, practice=True, base_url=url, token=token, chat="7001", studio_url="http://studio.test"
    )


@pytest.fixture
def account(practice: Any, request: pytest.FixtureRequest) -> TelegramAccount:
    """Of a name of its own, since what a process knows of a bot is kept by account."""
    return account_at(f"{practice.url}/telegram", name=request.node.name)


def say(account: TelegramAccount, key: str = KEY, **values: Any) -> Sent:
    return send_message.function(SendMessage(**{"text": "Hello", **values}), account, new_call(key))


def question(account: TelegramAccount, key: str = KEY, **values: Any) -> Question:
    return ask.function(Ask(**{"text": "Ship it?", "choices": ["Yes", "No"], **values}), account, new_call(key))


def answer_to(account: TelegramAccount, id: str, attempt: int = 1) -> Answer:
    return wait_for_answer.function(WaitForAnswer(question=id), account, new_call(attempt=attempt))


def is_answered(account: TelegramAccount, id: str) -> bool:
    try:
        answer_to(account, id)
    except NotYet:
        return False
    return True


def find(action: Action, params: Any, account: TelegramAccount, key: str = KEY) -> Any:
    assert action.find_function is not None
    return action.find_function(params, account, new_call(key))


def press(practice: Any, asked: Question, choice: str) -> httpx.Response:
    body = {"chat": asked.chat, "message": asked.message_id, "data": f"{asked.id}:{choice}"}
    return httpx.post(f"{practice.url}/telegram/press", json=body, trust_env=False)


def chat(practice: Any, id: str = "7001") -> list[dict[str, Any]]:
    """The messages of a chat, as the page Practice gets them."""
    overview = httpx.get(f"{practice.url}/overview", trust_env=False).json()
    return next(one["messages"] for one in overview["chats"] if one["id"] == id)


class TestTheContract:
    def test_the_registry_takes_the_connector(self) -> None:
        names = {"send_message", "send_document", "ask", "wait_for_answer"}
        assert set(Registry([telegram])) == {f"telegram.{name}" for name in names}

    def test_the_practice_account_is_made_of_the_practice_fields(self) -> None:
        assert telegram.practice is not None
        address = {"practice": "http://127.0.0.1:1", "studio": "http://studio.test"}
        values = {name: text.format(**address) for name, text in telegram.practice.items()}
        assert TelegramAccount(practice=True, **values).chat == "7001"

    def test_an_account_does_not_show_its_token(self) -> None:
        account = TelegramAccount(token="hush")
        assert "hush" not in f"{account!r} {account} {account.model_dump_json()}"

    @pytest.mark.parametrize(
        ("action", "params", "shown"),
        [
            (send_message, SendMessage(text="Hello"), {"chat": "7001", "text": "Hello"}),
            (
                send_document,
                SendDocument(name="a.md", content="# A", chat="12"),
                {"chat": "12", "name": "a.md", "content": "# A"},
            ),
            (
                ask,
                Ask(text="Ship it?", choices=["Yes", "No"]),
                {"chat": "7001", "text": "Ship it?", "choices": ["Yes", "No"]},
            ),
        ],
    )
    def test_a_preview_shows_what_is_sent_and_asks_nobody(
        self, action: Action, params: Any, shown: dict[str, Any]
    ) -> None:
        assert action.preview_function is not None
        plan = action.preview_function(params, account_at(NOWHERE))
        assert plan.request == shown
        assert isinstance(plan.result, action.result)
        assert plan.result.message_id == placeholder("message id")


class TestSend:
    def test_a_message_stands_in_the_chat(self, account: TelegramAccount, practice: Any) -> None:
        sent = say(account, text="Größe ✓\nsecond line")
        assert sent.url == "http://studio.test/practice?chat=7001"
        last = chat(practice)[-1]
        assert (last["id"], last["text"], last["is_bot"]) == (sent.message_id, "Größe ✓\nsecond line", True)

    def test_another_chat_can_be_named(self, account: TelegramAccount, practice: Any) -> None:
        assert say(account, chat="-1007002").chat == "-1007002"
        assert chat(practice, "-1007002")[-1]["text"] == "Hello"

    def test_a_document_arrives_whole(self, account: TelegramAccount, practice: Any) -> None:
        content = "# Bericht\r\n\nÄ → ✓\n"
        params = SendDocument(name="Übersicht 名.md", content=content, caption="The report")
        send_document.function(params, account, new_call())
        last = chat(practice)[-1]
        assert (last["document"]["name"], last["document"]["text"]) == ("Übersicht 名.md", content)
        assert last["text"] == "The report"

    def test_a_public_chat_has_links(self) -> None:
        message = {"message_id": 5, "chat": {"id": -100123, "type": "supergroup", "title": "Team"}, "text": "Hello"}
        with replying(Reply({"ok": True, "result": message})) as url:
            account = TelegramAccount(base_url=url, token="1:a", chat="1")
            assert say(account).url == "https://t.me/c/123/5"

    @pytest.mark.parametrize("text", ["", "  \n", "\ud83d", "x" * 4097])
    def test_what_telegram_does_not_take_is_refused_before(self, text: str) -> None:
        with pytest.raises(ValidationError):
            SendMessage(text=text)

    @pytest.mark.parametrize("name", ["", "a/b.md", "..\\b", "a\nb", 'a"b', "x" * 300, "a\0b"])
    def test_a_name_that_is_none_is_refused(self, name: str) -> None:
        with pytest.raises(ValidationError):
            SendDocument(name=name, content="x")

    def test_without_any_chat_it_says_what_to_do(self) -> None:
        with pytest.raises(ServiceError, match="No chat is given") as caught:
            say(TelegramAccount(token="1:a"))
        assert "number of a chat" in caught.value.remedy


class TestAsking:
    def test_the_answer_is_the_button_that_the_person_presses(self, account: TelegramAccount, practice: Any) -> None:
        asked = question(account)
        assert not is_answered(account, asked.id)
        assert press(practice, asked, "Yes").status_code == 200
        assert answer_to(account, asked.id) == Answer(choice="Yes", by="Sam Rivera")
        assert chat(practice)[-1]["noted"] == "Noted: Yes"

    @pytest.mark.parametrize(("attempt", "wait"), [(1, 2), (2, 4), (20, 40), (30, 60), (100_000, 60)])
    def test_it_is_looked_for_often_at_first_and_each_minute_later(
        self, account: TelegramAccount, attempt: int, wait: float
    ) -> None:
        with pytest.raises(NotYet, match="Nobody has answered yet") as not_yet:
            answer_to(account, question(account).id, attempt)
        assert not_yet.value.again_in == wait

    def test_the_first_press_counts(self, account: TelegramAccount, practice: Any) -> None:
        asked = question(account)
        press(practice, asked, "No")
        press(practice, asked, "Yes")
        assert answer_to(account, asked.id).choice == "No"

    def test_looking_again_gives_the_same(self, account: TelegramAccount, practice: Any) -> None:
        asked = question(account)
        press(practice, asked, "Yes")
        assert answer_to(account, asked.id) == answer_to(account, asked.id)

    def test_an_answer_is_still_there_for_another_process(self, account: TelegramAccount, practice: Any) -> None:
        asked = question(account)
        press(practice, asked, "Yes")
        assert is_answered(account, asked.id)
        restarted = account.model_copy(update={"name": "after a restart"})
        assert answer_to(restarted, asked.id).choice == "Yes"

    def test_two_questions_are_told_apart(self, account: TelegramAccount, practice: Any) -> None:
        first, second = question(account, "run-1/a"), question(account, "run-2/a", chat="-1007002")
        press(practice, second, "No")
        assert not is_answered(account, first.id)
        assert answer_to(account, second.id).choice == "No"

    def test_more_presses_than_telegram_hands_out_at_once(self, account: TelegramAccount, practice: Any) -> None:
        first, last = question(account, "first"), question(account, "last")
        for _ in range(WAITING + 20):
            press(practice, first, "Yes")
        press(practice, last, "No")
        assert answer_to(account, last.id).choice == "No"
        assert answer_to(account, first.id).choice == "Yes"

    def test_a_choice_may_hold_any_sign(self, account: TelegramAccount, practice: Any) -> None:
        asked = question(account, choices=["a:b", "日本語の答え"])
        press(practice, asked, "a:b")
        assert answer_to(account, asked.id).choice == "a:b"

    @pytest.mark.parametrize("choices", [[], ["Yes", "Yes"], [""], ["x" * 41], ["ü" * 21]])
    def test_choices_that_cannot_be_buttons_are_refused(self, choices: list[str]) -> None:
        with pytest.raises(ValidationError):
            Ask(text="Ship it?", choices=choices)

    def test_a_press_from_another_web_site_is_refused(self, account: TelegramAccount, practice: Any) -> None:
        asked = question(account)
        body = {"chat": asked.chat, "message": asked.message_id, "data": f"{asked.id}:Yes"}
        origin = {"Origin": "https://evil.example"}
        answer = httpx.post(f"{practice.url}/telegram/press", json=body, headers=origin, trust_env=False)
        assert answer.status_code == 403
        assert not is_answered(account, asked.id)

    def test_a_button_that_is_not_there_cannot_be_pressed(self, account: TelegramAccount, practice: Any) -> None:
        assert press(practice, question(account), "Maybe").status_code == 404


class TestAnEndThatIsNotKnown:
    """A bot cannot look at what it wrote."""

    @pytest.mark.parametrize(
        ("action", "params"),
        [
            (send_message, SendMessage(text="Hello")),
            (send_document, SendDocument(name="a.md", content="A")),
            (ask, Ask(text="Ship it?", choices=["Yes"])),
        ],
    )
    def test_after_a_connection_that_broke_a_person_is_asked(
        self, action: Action, params: Any, practice: Any, request: pytest.FixtureRequest
    ) -> None:
        with dropping(f"{practice.url}/telegram") as url:
            account = account_at(url, name=request.node.name)
            before = len(chat(practice))
            with pytest.raises(Unavailable):
                action.function(params, account, new_call())
            assert len(chat(practice)) == before + 1
            with pytest.raises(EffectUnknown, match="cannot tell") as caught:
                find(action, params, account)
        assert "Look into the chat" in caught.value.remedy

    def test_a_question_whose_button_was_pressed_finds_itself(self, account: TelegramAccount, practice: Any) -> None:
        asked = question(account)
        press(practice, asked, "Yes")
        assert find(ask, Ask(text="Ship it?", choices=["Yes", "No"]), account) == asked

    def test_a_question_that_was_asked_twice_takes_a_press_on_either(
        self, account: TelegramAccount, practice: Any
    ) -> None:
        first, again = question(account), question(account)
        assert first.id == again.id
        press(practice, first, "Yes")
        assert answer_to(account, again.id).choice == "Yes"

    def test_where_no_connection_was_made_nothing_was_sent(self) -> None:
        account = account_at(f"http://127.0.0.1:{closed_port()}")
        with pytest.raises(Unavailable, match="nothing was sent") as caught:
            say(account)
        assert caught.value.retryable
        assert find(send_message, SendMessage(text="Hello"), account) is None

    def test_after_a_limit_nothing_was_sent(self) -> None:
        limit = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 7}}
        with replying(Reply(limit, 429)) as url:
            with pytest.raises(RateLimited) as caught:
                say(account_at(url))
            assert caught.value.retry_after == 7
            assert find(send_message, SendMessage(text="Hello"), account_at(url)) is None

    def test_what_was_certain_of_one_attempt_is_not_of_the_next(self) -> None:
        replies = [Reply({"ok": False, "error_code": 429, "description": "Slow"}, 429), Reply("", 502)]
        with replying(lambda path, query: replies.pop(0)) as url:
            account = account_at(url)
            with pytest.raises(RateLimited):
                say(account)
            with pytest.raises(Unavailable):
                say(account)
            with pytest.raises(EffectUnknown):
                find(send_message, SendMessage(text="Hello"), account)


class TestErrors:
    def test_a_wrong_token_asks_to_reconnect_the_account(self, practice: Any) -> None:
        with pytest.raises(AccountError) as caught:
            say(account_at(f"{practice.url}/telegram", token="wrong"))
        assert caught.value.remedy == "Reconnect 'practice'."
        assert "wrong" not in str(caught.value)

    @pytest.mark.parametrize("token", ["", " ", "two\nlines", "schlüssel", "a/../b", "a?b"])
    def test_what_cannot_be_a_token_asks_to_reconnect_too(self, token: str) -> None:
        with pytest.raises(AccountError):
            say(account_at(NOWHERE, token=token))

    @pytest.mark.parametrize("url", ["telegram.example", "ftp://telegram.example", ""])
    def test_what_is_no_address_is_refused(self, url: str) -> None:
        with pytest.raises(ValidationError):
            account_at(url)

    def test_an_address_that_leads_nowhere_is_told(self) -> None:
        with pytest.raises(Unavailable, match="cannot be reached"):
            say(account_at("http://[x"))

    def test_the_account_can_be_tested(self, account: TelegramAccount, practice: Any) -> None:
        assert telegram.check_function is not None
        assert telegram.check_function(account) == "@lantern_practice_bot"
        with pytest.raises(AccountError):
            telegram.check_function(account_at(f"{practice.url}/telegram", token="wrong"))

    def test_no_answer_in_time_can_be_tried_again(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            account = account_at(f"http://127.0.0.1:{silent.getsockname()[1]}")
            with pytest.raises(Unavailable, match="did not answer"):
                send_message.function(SendMessage(text="Hello"), account, new_call(timeout=0.2))

    def test_a_chat_that_is_not_there(self, account: TelegramAccount) -> None:
        with pytest.raises(ServiceError, match="chat not found") as caught:
            say(account, chat="99")
        assert "must have written to the bot" in caught.value.remedy
        assert not caught.value.retryable

    @pytest.mark.parametrize(
        ("status", "description", "more", "remedy"),
        [
            (403, "Forbidden: bot was blocked by the user", {}, "press Start"),
            (400, "Bad Request: group chat was upgraded", {"migrate_to_chat_id": -100777}, "-100777"),
            (400, "Bad Request: message is too long", {}, "Change what the step sends"),
            (409, "Conflict: can't use getUpdates method while webhook is active", {}, "Use a bot for Patchbay"),
        ],
    )
    def test_a_refusal_says_what_to_do(self, status: int, description: str, more: dict[str, Any], remedy: str) -> None:
        said = {"ok": False, "error_code": status, "description": description, "parameters": more}
        with replying(Reply(said, status)) as url, pytest.raises(ServiceError) as caught:
            say(account_at(url))
        assert remedy in caught.value.remedy
        assert not caught.value.retryable

    def test_another_listener_can_be_tried_again(self) -> None:
        said = {"ok": False, "error_code": 409, "description": "Conflict: terminated by other getUpdates request"}
        with replying(Reply(said, 409)) as url, pytest.raises(Unavailable, match="Another program listens"):
            answer_to(account_at(url), "pb1")

    @pytest.mark.parametrize("status", [200, 302, 404, 502])
    def test_html_in_place_of_an_answer_is_an_error_of_ours(self, status: int) -> None:
        with replying(Reply("<html>Please sign in</html>", status)) as url, pytest.raises(Unavailable):
            say(account_at(url))

    def test_no_log_and_no_error_shows_the_token(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG), replying(Reply({"ok": False, "error_code": 500}, 500)) as url:
            with pytest.raises(Unavailable) as caught:
                say(account_at(url, token="42:hush-hush"))
            with pytest.raises(Unavailable) as unreached:
                say(account_at(NOWHERE, token="42:hush-hush"))
        assert caplog.records
        assert "hush" not in caplog.text
        for error in (caught.value, unreached.value):
            assert "hush" not in f"{error} {error.__cause__!r} {error.__context__!r}"


# Servers that answer one thing


@contextmanager
def dropping(target: str) -> Iterator[str]:
    """A way to `target` that hangs up once a message was sent. Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind = {"Content-Type": self.headers["Content-Type"]}
            answer = httpx.post(target + self.path, content=body, headers=kind, trust_env=False).raise_for_status()
            self.close_connection = True
            if "/send" not in self.path:
                self.send_response(answer.status_code)
                self.end_headers()
                self.wfile.write(answer.content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with answering(Handler) as url:
        yield url
