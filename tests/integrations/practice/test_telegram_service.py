"""Practice Telegram answers as the real service does: shapes, updates, refusals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


@pytest.fixture
def bot(practice: Any) -> Any:
    def asked(method: str, token: str = "practice", **body: Any) -> httpx.Response:
        return httpx.post(f"{practice.url}/telegram/bot{token}/{method}", json=body, trust_env=False)

    return asked


def result(answer: httpx.Response) -> Any:
    said = answer.json()
    assert answer.status_code == 200, said
    assert said["ok"]
    return said["result"]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    said = answer.json()
    assert (said["ok"], said["error_code"]) == (False, answer.status_code)
    return said["error_code"], said["description"]


def question(bot: Any) -> dict[str, Any]:
    keyboard = [[{"text": "Yes", "callback_data": "q:Yes"}, {"text": "No", "callback_data": "q:No"}]]
    return result(bot("sendMessage", chat_id=7001, text="Well?", reply_markup={"inline_keyboard": keyboard}))


def press(practice: Any, message: dict[str, Any], data: str = "q:Yes") -> httpx.Response:
    body = {"chat": str(message["chat"]["id"]), "message": message["message_id"], "data": data}
    return httpx.post(f"{practice.url}/telegram/press", json=body, trust_env=False)


def test_a_bot_knows_itself(bot: Any) -> None:
    assert result(bot("getMe"))["username"] == "lantern_practice_bot"
    assert result(bot("GETME"))["is_bot"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "Bad Request: message text is empty"),
        ({"text": "Hi"}, "Bad Request: chat_id is empty"),
        ({"text": "Hi", "chat_id": "12"}, "Bad Request: chat not found"),
        ({"text": "x" * 4097, "chat_id": 7001}, "Bad Request: message is too long"),
        (
            {
                "text": "Hi",
                "chat_id": 7001,
                "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]},
            },
            "Bad Request: BUTTON_DATA_INVALID",
        ),
        ({"text": "Hi", "chat_id": 7001, "reply_markup": []}, "Bad Request: object expected as reply markup"),
    ],
)
def test_what_telegram_does_not_take(bot: Any, body: dict[str, Any], said: str) -> None:
    assert refusal(bot("sendMessage", **body)) == (400, said)


def test_a_wrong_token_and_a_method_that_is_none(bot: Any) -> None:
    assert refusal(bot("getMe", token="wrong")) == (401, "Unauthorized")
    assert refusal(bot("dance")) == (404, "Not Found")


def test_a_document_without_a_file(bot: Any) -> None:
    assert refusal(bot("sendDocument", chat_id=7001))[0] == 400


def test_a_press_waits_until_an_offset_beyond_it_is_asked_for(bot: Any, practice: Any) -> None:
    asked = question(bot)
    assert result(bot("getUpdates")) == []
    press(practice, asked)
    press(practice, asked, "q:No")
    first, second = result(bot("getUpdates"))
    assert [update["callback_query"]["data"] for update in (first, second)] == ["q:Yes", "q:No"]
    assert first["callback_query"]["message"]["message_id"] == asked["message_id"]
    assert result(bot("getUpdates", limit=1)) == [first]
    assert result(bot("getUpdates", offset=second["update_id"])) == [second]
    assert result(bot("getUpdates")) == [second]
    assert result(bot("getUpdates", offset=-1)) == [second]


def test_only_the_kinds_that_are_allowed_are_handed_out(bot: Any, practice: Any) -> None:
    press(practice, question(bot))
    assert result(bot("getUpdates", allowed_updates=["message"])) == []


def test_a_press_is_answered_once(bot: Any, practice: Any) -> None:
    press(practice, question(bot))
    (update,) = result(bot("getUpdates"))
    id = update["callback_query"]["id"]
    assert result(bot("answerCallbackQuery", callback_query_id=id, text="Noted")) is True
    assert "query is too old" in refusal(bot("answerCallbackQuery", callback_query_id=id))[1]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"chat": "7001"}', b'{"chat": "7001", "message": "x", "data": ""}'])
def test_a_press_of_nothing(practice: Any, body: bytes) -> None:
    assert httpx.post(f"{practice.url}/telegram/press", content=body, trust_env=False).status_code == 400


def test_a_reset_forgets_what_was_said(bot: Any, practice: Any) -> None:
    press(practice, question(bot))
    httpx.post(f"{practice.url}/reset", trust_env=False)
    assert result(bot("getUpdates")) == []
    chats = httpx.get(f"{practice.url}/overview", trust_env=False).json()["chats"]
    assert chats[0]["messages"][0]["text"] == "/start"
    assert not any(message["buttons"] for message in chats[0]["messages"])
