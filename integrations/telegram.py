"""Telegram: send messages and documents as a bot, ask questions with buttons and collect the answers.

The Bot API is plain HTTP, so httpx2 speaks it. What was sent cannot be looked up there: no request lists messages. So
where an attempt's end is not known, a person is asked; only a question whose button was pressed finds itself.

Source: core.telegram.org/bots/api
"""

from __future__ import annotations

import mimetypes
from hashlib import sha256
from typing import Any

from integrations import _run_folder
from integrations._telegram_bot import bot_of
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
from orchestrator.actions import Call, Connector, NotYet, Plan, ServiceError, placeholder

FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Seconds between two looks for an answer: few at first, when whoever was asked may be there, then more."""


telegram = Connector(
    "telegram",
    title="Telegram",
    icon=":material/chat:",
    description="Send messages and documents, ask questions with buttons.",
    account=TelegramAccount,
    practice={
        "base_url": "{practice}/telegram",
        "token": "practice",
        "chat": "7001",
        "studio_url": "{studio}",
    },
    rate=30,  # core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
    burst=30,
)


@telegram.action("Send a message", effect="write", result=Sent)
def send_message(p: SendMessage, account: TelegramAccount, call: Call) -> Sent:
    chat = _chat(p.chat, account)
    body = {"chat_id": chat, "text": p.text, "disable_notification": p.silent}
    message = bot_of(account).send(call, "sendMessage", json=body)
    call.log(f"Sent a message to {_title(message)}.")
    return _sent(message, account)


@send_message.preview
def _(p: SendMessage, account: TelegramAccount) -> Plan:
    chat = _chat(p.chat, account)
    return Plan(
        summary=f"Send a Telegram message to the chat {chat}.",
        request={"chat": chat, "text": p.text},
        result=_planned(p.text, chat),
    )


@send_message.find
def _(p: SendMessage, account: TelegramAccount, call: Call) -> Sent | None:
    return bot_of(account).refused(call, "this message")


@telegram.action("Send a document", effect="write", result=Sent)
def send_document(p: SendDocument, account: TelegramAccount, call: Call) -> Sent:
    chat = _chat(p.chat, account)
    body = {"chat_id": chat, "caption": p.caption, "disable_notification": str(p.silent).lower()}
    content = _run_folder.read(call.folder(), p.path) if p.path else p.content.encode()
    file = {"document": (p.name, content, mimetypes.guess_type(p.name)[0] or "text/plain")}
    message = bot_of(account).send(call, "sendDocument", data=body, files=file)
    call.log(f"Sent '{p.name}' to {_title(message)}.")
    return _sent(message, account)


@send_document.preview
def _(p: SendDocument, account: TelegramAccount) -> Plan:
    chat = _chat(p.chat, account)
    request = {"chat": chat, "name": p.name, "caption": p.caption, "content": p.content, "path": p.path}
    return Plan(
        summary=f"Send the document '{p.name}' to the Telegram chat {chat}.",
        request={name: value for name, value in request.items() if value},
        result=_planned(p.caption, chat),
    )


@send_document.find
def _(p: SendDocument, account: TelegramAccount, call: Call) -> Sent | None:
    return bot_of(account).refused(call, "this document")


@telegram.action("Ask a question", effect="write", result=Question)
def ask(p: Ask, account: TelegramAccount, call: Call) -> Question:
    chat = _chat(p.chat, account)
    id = _question_id(call.key)
    buttons = [[{"text": choice, "callback_data": f"{id}:{choice}"}] for choice in p.choices]
    body = {"chat_id": chat, "text": p.text, "reply_markup": {"inline_keyboard": buttons}}
    message = bot_of(account).send(call, "sendMessage", json=body)
    call.log(f"Asked {_title(message)}.")
    return Question(**_sent(message, account).model_dump(), id=id, choices=p.choices)


@ask.preview
def _(p: Ask, account: TelegramAccount) -> Plan:
    chat = _chat(p.chat, account)
    return Plan(
        summary=f"Ask a question in the Telegram chat {chat}.",
        request={"chat": chat, "text": p.text, "choices": p.choices},
        result=Question(**_planned(p.text, chat).model_dump(), id=placeholder("question id"), choices=p.choices),
    )


@ask.find
def _(p: Ask, account: TelegramAccount, call: Call) -> Question | None:
    bot, id = bot_of(account), _question_id(call.key)
    if press := bot.press(id, call.timeout):
        sent = _sent(press["message"], account).model_dump()
        return Question(**{**sent, "text": p.text}, id=id, choices=p.choices)
    return bot.refused(call, "this question", " If it is asked again, the buttons of both count.")


@telegram.action("Wait for the answer", effect="read", result=Answer)
def wait_for_answer(p: WaitForAnswer, account: TelegramAccount, call: Call) -> Answer:
    bot = bot_of(account)
    press = bot.press(p.question, call.timeout)
    if press is None:
        raise NotYet("Nobody has answered yet.", again_in=min(LONGEST_WAIT, FIRST_WAIT * call.attempt))
    choice = str(press["data"]).partition(":")[2]
    who = press["from"]
    by = " ".join(part for part in (who.get("first_name"), who.get("last_name")) if part) or str(who["id"])
    bot.acknowledge(press, f"Noted: {choice}", call.timeout)
    call.log(f"{by} answered '{choice}'.")
    return Answer(choice=choice, by=by)


@telegram.check
def check(account: TelegramAccount) -> str:
    return "@" + bot_of(account).who()["username"]


def _chat(chat: str, account: TelegramAccount) -> str:
    found = chat.strip() or account.chat.strip()
    if not found:
        raise ServiceError(
            f"No chat is given, and the account '{account.name}' has none of its own.",
            remedy="Give the number of a chat. The person must have written to the bot once, or added it to the group.",
        )
    return found


def _question_id(key: str) -> str:
    """The mark of a question, the same for each attempt at it."""
    return f"pb{sha256(key.encode()).hexdigest()[:20]}"


def _sent(message: dict[str, Any], account: TelegramAccount) -> Sent:
    chat = message.get("chat", {})
    text = message.get("text") or message.get("caption") or ""
    return Sent(message_id=message["message_id"], chat=str(chat["id"]), text=text, url=_url(message, account))


def _url(message: dict[str, Any], account: TelegramAccount) -> str:
    """Source: core.telegram.org/api/links#message-links"""
    chat, number = message["chat"], message["message_id"]
    if account.practice:
        return f"{account.studio_url}/practice?chat={chat['id']}"
    if chat.get("type") in ("channel", "supergroup"):
        if name := chat.get("username"):
            return f"https://t.me/{name}/{number}"
        return f"https://t.me/c/{str(chat['id']).removeprefix('-100')}/{number}"
    return ""


def _title(message: dict[str, Any]) -> str:
    chat = message.get("chat", {})
    name = " ".join(part for part in (chat.get("first_name"), chat.get("last_name")) if part)
    return str(chat.get("title") or name or chat.get("id"))


def _planned(text: str, chat: str) -> Sent:
    return Sent(message_id=placeholder("message id"), chat=chat, text=text, url=placeholder("message link"))
