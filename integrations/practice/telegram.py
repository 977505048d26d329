"""Practice Telegram: the parts of the Bot API that our connector calls, over two sample chats.

Shapes, status codes and errors follow core.telegram.org/bots/api. The person in the chats is whoever looks at the page
*Practice*: `POST /telegram/press` presses a button for them, and the bot gets the update that the real service sends.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.practice import TOKEN, is_from_elsewhere, with_body
from integrations.practice.store import Doc, Store

SERVICE = "telegram"
_SAMPLES = Path(__file__).parent / "seed" / "telegram.json"

KEPT = 24 * 3600
"""Seconds that an update waits for the bot. Source: core.telegram.org/bots/api#getting-updates"""


class Refused(Exception):
    """An answer in the shape of Telegram's errors. Source: core.telegram.org/bots/api#making-requests"""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description

    def response(self) -> Response:
        return JSONResponse({"ok": False, "error_code": self.code, "description": self.description}, self.code)


def routes(store: Store, studio_url: str) -> list[BaseRoute]:
    """The methods, as `/bot<token>/<method>`, and the finger of the person."""

    def method(request: Request, body: bytes) -> Response:
        handle = _METHODS.get(request.path_params["method"].lower())
        try:
            if request.path_params["token"] != TOKEN:
                raise Refused(401, "Unauthorized")
            if handle is None:
                raise Refused(404, "Not Found")
            return JSONResponse({"ok": True, "result": handle(store, _content(request, body))})
        except Refused as refusal:
            return refusal.response()

    def finger(request: Request, body: bytes) -> Response:
        if is_from_elsewhere(request):
            return JSONResponse({"error": "Another web site may not press buttons here."}, 403)
        try:
            pressed = json.loads(body)
            press(store, str(pressed["chat"]), int(pressed["message"]), str(pressed["data"]))
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": "A press names a chat, a message and the data of a button."}, 400)
        except Refused as refusal:
            return refusal.response()
        return JSONResponse({"pressed": True})

    return [
        Route("/press", with_body(finger), methods=["POST"]),
        Route("/bot{token}/{method}", with_body(method), methods=["GET", "POST"]),
    ]


def get_me(store: Store, p: Doc) -> Doc:
    """.../bots/api#getme"""
    return _bot(store)


def send_message(store: Store, p: Doc) -> Doc:
    """.../bots/api#sendmessage"""
    text = p.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Refused(400, "Bad Request: message text is empty")
    if len(text) > 4096:
        raise Refused(400, "Bad Request: message is too long")
    return _say(store, p, {"text": text})


def send_document(store: Store, p: Doc) -> Doc:
    """.../bots/api#senddocument"""
    file = p.get("document")
    if not isinstance(file, tuple):
        raise Refused(400, "Bad Request: there is no document in the request")
    name, mime, content = file
    if not content:
        raise Refused(400, "Bad Request: file must be non-empty")
    if len(p.get("caption", "")) > 1024:
        raise Refused(400, "Bad Request: message caption is too long")
    id = sha256(content).hexdigest()
    store.put(SERVICE, "document", id, {"text": content.decode(errors="replace")})
    document = {
        "file_name": name,
        "mime_type": mime,
        "file_id": id,
        "file_unique_id": id[:16],
        "file_size": len(content),
    }
    return _say(store, p, {"document": document, **({"caption": p["caption"]} if p.get("caption") else {})})


def get_updates(store: Store, p: Doc) -> list[Doc]:
    """.../bots/api#getupdates: those from `offset` on; the ones before it are forgotten. Without long polling."""
    limit, offset = _whole_number(p, "limit", 100), _whole_number(p, "offset", 0)
    with store.transaction():
        waiting = [update for update in store.all(SERVICE, "update") if update["at"] > time.time() - KEPT]
        if offset < 0:
            offset = waiting[offset:][0]["update"]["update_id"] if waiting else 0
        for update in store.all(SERVICE, "update"):
            if update["update"]["update_id"] < offset:
                store.delete(SERVICE, "update", str(update["update"]["update_id"]))
    allowed = p.get("allowed_updates") or ["callback_query"]
    found = [one["update"] for one in waiting if one["update"]["update_id"] >= offset]
    return [update for update in found if any(kind in update for kind in allowed)][: min(max(limit, 1), 100)]


def answer_callback_query(store: Store, p: Doc) -> bool:
    """.../bots/api#answercallbackquery"""
    press = store.get(SERVICE, "press", str(p.get("callback_query_id", "")))
    if press is None or press["noted"] is not None:
        raise Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    if len(p.get("text", "")) > 200:
        raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
    store.put(SERVICE, "press", press["id"], {**press, "noted": p.get("text", "")})
    return True


_METHODS: dict[str, Callable[[Store, Doc], Any]] = {
    "getme": get_me,
    "sendmessage": send_message,
    "senddocument": send_document,
    "getupdates": get_updates,
    "answercallbackquery": answer_callback_query,
}


def press(store: Store, chat: str, number: int, data: str) -> None:
    """The person presses a button of a message."""
    with store.transaction():
        message = store.get(SERVICE, "message", f"{chat}/{number}")
        if message is None or data not in [button["callback_data"] for button in _buttons(message)]:
            raise Refused(404, "Not Found: there is no such button")
        id = store.next_id(SERVICE, "update")
        query = {
            "id": str(4_200_000_000 + id),
            "from": _person(store),
            "message": message,
            "chat_instance": str(message["chat"]["id"]),
            "data": data,
        }
        update = {"update_id": 870_000_000 + id, "callback_query": query}
        store.put(SERVICE, "update", str(update["update_id"]), {"update": update, "at": time.time()})
        pressed = {"id": query["id"], "chat": chat, "message": number, "data": data, "noted": None}
        store.put(SERVICE, "press", query["id"], pressed)


def overview(store: Store) -> Doc:
    """The chats as a person would see them: {"chats": [...]}, their messages in the order they came. Of each button:
    its words, its data, and whether it was pressed; `noted` is what the bot said of the latest press."""
    presses = store.all(SERVICE, "press")

    def shown(message: Doc) -> Doc:
        of_it = [
            press
            for press in presses
            if (press["chat"], press["message"]) == (str(message["chat"]["id"]), message["message_id"])
        ]
        document = message.get("document")
        return {
            "id": message["message_id"],
            "from": message["from"]["first_name"],
            "is_bot": message["from"]["is_bot"],
            "date": datetime.fromtimestamp(message["date"], UTC).isoformat(),
            "text": message.get("text") or message.get("caption") or "",
            "document": document
            and {
                "name": document["file_name"],
                "size": document["file_size"],
                "text": (store.get(SERVICE, "document", document["file_id"]) or {"text": ""})["text"],
            },
            "buttons": [
                {
                    "text": button["text"],
                    "data": button["callback_data"],
                    "pressed": any(press["data"] == button["callback_data"] for press in of_it),
                }
                for button in _buttons(message)
            ],
            "noted": next((press["noted"] for press in reversed(of_it) if press["noted"]), ""),
        }

    messages = store.all(SERVICE, "message")
    return {
        "chats": [
            {
                "id": str(chat["id"]),
                "title": chat.get("title") or f"{chat['first_name']} {chat['last_name']}",
                "kind": chat["type"],
                "messages": [shown(message) for message in messages if message["chat"]["id"] == chat["id"]],
            }
            for chat in store.all(SERVICE, "chat")
        ]
    }


def seed(store: Store) -> None:
    """The bot, the person, the chats and what was said in them, dated back from now."""
    samples = json.loads(_SAMPLES.read_text(encoding="utf-8"))
    store.put(SERVICE, "user", "bot", samples["bot"])
    store.put(SERVICE, "user", "person", samples["person"])
    for chat in samples["chats"]:
        store.put(SERVICE, "chat", str(chat["id"]), chat)
    for sample in samples["messages"]:
        chat = store.get(SERVICE, "chat", str(sample["chat"])) or {}
        date = int(time.time()) - 3600 * sample["hours_ago"]
        _keep(store, chat, samples[sample["from"]], {"text": sample["text"]}, date)


def _say(store: Store, p: Doc, content: Doc) -> Doc:
    """The bot puts a message into a chat. Returns a Message: .../bots/api#message"""
    chat = _chat(store, p.get("chat_id"))
    if "reply_markup" in p:
        content = {**content, "reply_markup": _keyboard(p["reply_markup"])}
    return _keep(store, chat, _bot(store), content, int(time.time()))


def _keep(store: Store, chat: Doc, sender: Doc, content: Doc, date: int) -> Doc:
    with store.transaction():
        number = store.next_id(SERVICE, "message")
        message = {"message_id": number, "from": sender, "chat": chat, "date": date, **content}
        store.put(SERVICE, "message", f"{chat['id']}/{number}", message)
    return message


def _chat(store: Store, id: object) -> Doc:
    if id in (None, ""):
        raise Refused(400, "Bad Request: chat_id is empty")
    names = {f"@{chat['username']}": chat for chat in store.all(SERVICE, "chat") if "username" in chat}
    chat = names.get(str(id)) or store.get(SERVICE, "chat", str(id))
    if chat is None:
        raise Refused(400, "Bad Request: chat not found")
    return chat


def _keyboard(markup: object) -> Doc:
    """.../bots/api#inlinekeyboardmarkup"""
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Refused(400, "Bad Request: object expected as reply markup")
    for button in (button for row in rows for button in row):
        if not isinstance(button, dict) or not button.get("text"):
            raise Refused(400, "Bad Request: inline keyboard button text must be non-empty")
        if not 1 <= len(str(button.get("callback_data", "")).encode()) <= 64:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    return {"inline_keyboard": rows}


def _buttons(message: Doc) -> list[Doc]:
    return [button for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]


def _bot(store: Store) -> Doc:
    return store.get(SERVICE, "user", "bot") or {}


def _person(store: Store) -> Doc:
    return store.get(SERVICE, "user", "person") or {}


def _whole_number(p: Doc, name: str, default: int) -> int:
    value = str(p.get(name, default))
    if not re.fullmatch(r"-?\d{1,12}", value):
        raise Refused(400, f"Bad Request: {name} must be a number")
    return int(value)


def _content(request: Request, body: bytes) -> Doc:
    """The parameters of a method, in the ways that the Bot API takes them. A file is (name, type, content)."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        try:
            content = json.loads(body or b"{}")
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise Refused(400, "Bad Request: can't parse JSON object")
        return content
    content = dict(request.query_params)
    if kind.startswith("multipart/form-data"):
        form = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        for part in form.iter_parts():
            name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True) or b""
            file = part.get_filename()
            content[str(name)] = (file, part.get_content_type(), value) if file else value.decode(errors="replace")
    return content
