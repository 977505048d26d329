"""Telegram: send messages and documents as a bot, ask questions with buttons and collect the answers.

The Bot API is plain HTTP, so httpx2 speaks it. What was sent cannot be looked up there: no request lists messages. So
where an attempt's end is not known, a person is asked; only a question whose button was pressed finds itself.

Source: core.telegram.org/bots/api
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from urllib.request import getproxies, proxy_bypass

from pydantic import AfterValidator, model_validator

from integrations import _run_folder
from integrations._fields import OptionalPath, Text, whole
from integrations._last_look import trace
from orchestrator.actions import (
    Account,
    AccountError,
    Call,
    Connector,
    EffectUnknown,
    NotYet,
    Params,
    Plan,
    RateLimited,
    Result,
    SecretStr,
    ServiceError,
    Unavailable,
    field,
    placeholder,
)

if TYPE_CHECKING:
    import httpx2

REQUEST_TIMEOUT = 30.0
"""Seconds that one request may take, unless the attempt may take less."""

MOST_CONTENT = 2_500_000
"""Characters of a document. Telegram itself takes 50 MB."""

MOST_CHOICE = 40
"""Bytes of a choice: it travels in the 64 bytes of a button's data, behind the mark of its question."""

WAITING = 100
"""Presses that Telegram hands out at once, the oldest ones of the last 24 hours."""

FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Seconds between two looks for an answer: few at first, when whoever was asked may be there, then more."""

REMEMBERED = 10_000
"""Questions whose answer one process keeps in mind."""


class TelegramAccount(Account):
    """A bot. `chat` is where it writes when a step does not say. `studio_url` is set for the practice account alone,
    whose chats are looked at in the studio."""

    token: SecretStr = field("Token of the bot", description="@BotFather gives it when it makes a bot.")
    chat: str = field(
        "Chat", default="", description="The number of the chat that it writes to when a step names none."
    )
    base_url: str = field(
        "Address of the API", default="https://api.telegram.org", expert=True, pattern=r"^https?://[^/\s]+\S*$"
    )
    studio_url: str = ""


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


def _filled(value: str) -> str:
    if not whole(value).strip():
        raise ValueError("This must not be empty: Telegram sends no empty messages.")
    return value


def _file_name(value: str) -> str:
    name = whole(value).strip()
    if not name or not name.isprintable() or len(name.encode()) > 200 or any(part in name for part in '/\\"'):
        raise ValueError("A file name is a single line of at most 200 bytes without / \\ and quotes.")
    return name


def _choices(values: list[str]) -> list[str]:
    choices = [whole(value).strip() for value in values]
    if any(not choice for choice in choices) or len(set(choices)) < len(choices):
        raise ValueError("Each choice needs words of its own.")
    long = next((choice for choice in choices if len(choice.encode()) > MOST_CHOICE), None)
    if long:
        raise ValueError(
            f"'{long}' is too long for a button: at most {MOST_CHOICE} letters, or half as many of other alphabets."
        )
    return choices


Filled = Annotated[str, AfterValidator(_filled)]
FileName = Annotated[str, AfterValidator(_file_name)]
Choices = Annotated[list[str], AfterValidator(_choices)]


class Sent(Result):
    message_id: int | str = field("Message id")
    chat: str = field("Chat id")
    text: str = field("Text")
    url: str = field("Link", description="Empty for a private chat: Telegram has no links to those.")


class Question(Sent):
    """A question that was asked. Its `id` is what its answer is collected by."""

    id: str = field("Question id")
    choices: list[str] = field("Choices")


class Answer(Result):
    choice: str = field("Answer", description="The words on the button.")
    by: str = field("By", description="Who pressed the button.")


def _chat_field() -> Any:
    return field(
        "Chat",
        default="",
        description="The number of a chat, or the @name of a channel. Empty: the account's own chat.",
        examples=["7001", "@lantern_news"],
        max_length=100,
    )


def _silent_field() -> Any:
    return field("Without a sound", default=False, expert=True)


class SendMessage(Params):
    """Send a message of plain text to a chat."""

    text: Filled = field("Text", widget="multiline", max_length=4096)
    chat: Text = _chat_field()
    silent: bool = _silent_field()


class SendDocument(Params):
    """Send a file to a chat: a text, or a file of the run's own folder."""

    name: FileName = field("File name", description="With its ending.", examples=["report.md"])
    content: Text = field("Content", default="", widget="multiline", max_length=MOST_CONTENT)
    path: OptionalPath = field(
        "Or a file of the run",
        default="",
        description="Its path in the run's own folder, in place of the content.",
        max_length=1000,
    )
    caption: Text = field("Words below it", default="", max_length=1024)
    chat: Text = _chat_field()
    silent: bool = _silent_field()

    @model_validator(mode="after")
    def _one_of_both(self) -> SendDocument:
        if bool(self.content.strip()) == bool(self.path):
            raise ValueError("Give the content or the path of a file: Telegram sends no empty documents.")
        return self


class Ask(Params):
    """Ask a question with a button for each answer. *Wait for the answer* is the step behind it."""

    text: Filled = field("Question", widget="multiline", max_length=4096)
    choices: Choices = field("Choices", min_length=1, max_length=20, examples=[["Yes", "No"]])
    chat: Text = _chat_field()


class WaitForAnswer(Params):
    """Wait until a button of a question is pressed. The first press counts, whoever it is by. Give the step a deadline
    when it is not to wait for ever. Telegram keeps a press for 24 hours: for longer Patchbay must not be switched off
    meanwhile."""

    question: str = field("Question id", description="What *Ask a question* gave as its id.", min_length=1)


@telegram.action("Send a message", effect="write", result=Sent)
def send_message(p: SendMessage, account: TelegramAccount, call: Call) -> Sent:
    chat = _chat(p.chat, account)
    body = {"chat_id": chat, "text": p.text, "disable_notification": p.silent}
    message = _bot(account).send(call, "sendMessage", json=body)
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
    return _bot(account).refused(call, "this message")


@telegram.action("Send a document", effect="write", result=Sent)
def send_document(p: SendDocument, account: TelegramAccount, call: Call) -> Sent:
    chat = _chat(p.chat, account)
    body = {"chat_id": chat, "caption": p.caption, "disable_notification": str(p.silent).lower()}
    content = _run_folder.read(call.folder(), p.path) if p.path else p.content.encode()
    file = {"document": (p.name, content, mimetypes.guess_type(p.name)[0] or "text/plain")}
    message = _bot(account).send(call, "sendDocument", data=body, files=file)
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
    return _bot(account).refused(call, "this document")


@telegram.action("Ask a question", effect="write", result=Question)
def ask(p: Ask, account: TelegramAccount, call: Call) -> Question:
    chat = _chat(p.chat, account)
    id = _question_id(call.key)
    buttons = [[{"text": choice, "callback_data": f"{id}:{choice}"}] for choice in p.choices]
    body = {"chat_id": chat, "text": p.text, "reply_markup": {"inline_keyboard": buttons}}
    message = _bot(account).send(call, "sendMessage", json=body)
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
    bot, id = _bot(account), _question_id(call.key)
    if press := bot.press(id, call.timeout):
        sent = _sent(press["message"], account).model_dump()
        return Question(**{**sent, "text": p.text}, id=id, choices=p.choices)
    return bot.refused(call, "this question", " If it is asked again, the buttons of both count.")


@telegram.action("Wait for the answer", effect="read", result=Answer)
def wait_for_answer(p: WaitForAnswer, account: TelegramAccount, call: Call) -> Answer:
    bot = _bot(account)
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
    return "@" + _bot(account).who()["username"]


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


# The way to Telegram


class _NotSent(Exception):
    """No connection was made: the request never went out."""


class _Bot:
    """A bot's connections, and what is known of it in this process. Used by many threads."""

    def __init__(self, account: TelegramAccount) -> None:
        import httpx2

        self._account = account
        # Without the environment, whose proxies would stand before the transport. It asks for them itself.
        self._http = httpx2.Client(
            base_url=account.base_url.rstrip("/") + "/",
            transport=_transport(account),
            follow_redirects=False,
            trust_env=False,
        )
        self._listening = Lock()
        self._refused: set[str] = set()
        self._presses: dict[str, dict[str, Any]] = {}

    def send(self, call: Call, method: str, **content: Any) -> dict[str, Any]:
        """Send once. What certainly did not happen is remembered, so that `refused` can tell."""
        self._refused.discard(call.key)
        try:
            return self._ask(method, call.timeout, **content)
        except RateLimited:
            self._refused.add(call.key)
            raise
        except Unavailable as error:
            if isinstance(error.__cause__, _NotSent):
                self._refused.add(call.key)
            raise

    def who(self) -> dict[str, Any]:
        """Who the bot is."""
        return self._ask("getMe", REQUEST_TIMEOUT)

    def refused(self, call: Call, what: str, more: str = "") -> None:
        """None where the last attempt certainly did not send. Raises `EffectUnknown` where nobody can tell."""
        if call.key in self._refused:
            return
        raise EffectUnknown(
            f"Telegram cannot tell whether {what} was sent: a bot cannot look at what it wrote.{more}",
            remedy="Look into the chat, then say whether it is there.",
        )

    def press(self, question: str, timeout: float) -> dict[str, Any] | None:
        """The first press of a button of that question, None as long as there is none."""
        # Telegram allows one listener to a bot.
        with self._listening:
            if question not in self._presses:
                self._listen(timeout)
            return self._presses.get(question)

    def acknowledge(self, press: dict[str, Any], text: str, timeout: float) -> None:
        """Tell whoever pressed. It is a courtesy, which Telegram takes for a while only: a refusal does not matter."""
        try:
            self._ask("answerCallbackQuery", timeout, json={"callback_query_id": press["id"], "text": text})
        except ServiceError:
            return

    def _listen(self, timeout: float) -> None:
        """Look at the presses that wait. They stay at Telegram, for other processes and for after a restart, unless
        there are so many that newer ones would not be seen: then the older half is let go of, and known here alone."""
        while True:
            wanted = {"limit": WAITING, "timeout": 0, "allowed_updates": ["callback_query"]}
            updates = self._ask("getUpdates", timeout, json=wanted)
            for update in updates:
                press = update.get("callback_query") or {}
                question = str(press.get("data", "")).partition(":")[0]
                if question:
                    self._presses.setdefault(question, press)
            while len(self._presses) > REMEMBERED:
                del self._presses[next(iter(self._presses))]
            if len(updates) < WAITING:
                return
            upto = updates[WAITING // 2]["update_id"]
            self._ask("getUpdates", timeout, json={"offset": upto, "limit": 1, "timeout": 0})

    def _ask(self, method: str, timeout: float, **content: Any) -> Any:
        account = self._account
        with _talking(account):
            answer = self._http.post(method, timeout=min(REQUEST_TIMEOUT, timeout), **content)
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("ok"), bool):
            raise Unavailable(
                f"What answers at {account.base_url} is not Telegram (status {answer.status_code}).",
                remedy=f"Check the network, and the address of the account '{account.name}'.",
            )
        if not said["ok"]:
            _raise_refusal(said, account)
        return said["result"]


@cache
def _bot(account: TelegramAccount) -> _Bot:
    with _talking(account):
        return _Bot(account)


def _transport(account: TelegramAccount) -> httpx2.BaseTransport:
    """Puts the token into the address at the last moment, so that no log and no error of httpx2 shows it."""
    import httpx2

    token = account.token.get_secret_value().strip()

    class WithToken(httpx2.BaseTransport):
        def __init__(self) -> None:
            self._wire = httpx2.HTTPTransport(proxy=_proxy(account))

        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            folder, _, method = request.url.raw_path.decode().rpartition("/")
            address = request.url.copy_with(raw_path=f"{folder}/bot{token}/{method}".encode())
            extensions = {**request.extensions, "trace": trace}
            return self._wire.handle_request(
                httpx2.Request(
                    request.method, address, headers=request.headers, stream=request.stream, extensions=extensions
                )
            )

    return WithToken()


def _proxy(account: TelegramAccount) -> str | None:
    """The proxy that this computer uses for the account's address."""
    import httpx2

    address = httpx2.URL(account.base_url)
    if account.practice or proxy_bypass(address.host):
        return None
    return getproxies().get(address.scheme)


@contextmanager
def _talking(account: TelegramAccount) -> Iterator[None]:
    import httpx2

    token = account.token.get_secret_value().strip()
    if not token or not all(letter.isascii() and (letter.isalnum() or letter in "-_:") for letter in token):
        raise _reconnect(account)  # it could not even be put into an address
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise Unavailable(
            f"Telegram cannot be reached at {account.base_url}; nothing was sent.",
            remedy="Check the network and the address, then try again.",
        ) from _NotSent(str(error))
    except httpx2.HTTPError as error:
        raise Unavailable(
            f"Telegram did not answer: {str(error) or type(error).__name__}.",
            remedy="Check the network, then try again.",
        ) from error


def _reconnect(account: TelegramAccount) -> AccountError:
    return AccountError(
        f"Telegram does not accept the token of the account '{account.name}'.", remedy=f"Reconnect '{account.name}'."
    )


def _raise_refusal(said: dict[str, Any], account: TelegramAccount) -> NoReturn:
    """Source: core.telegram.org/bots/api#making-requests and #responseparameters"""
    status, description = int(said.get("error_code", 0)), str(said.get("description", "")).rstrip(".")
    more = said.get("parameters") or {}
    if status in (401, 404):  # 404: the token has not the shape of one
        raise _reconnect(account)
    if status == 429:
        raise RateLimited(
            f"Telegram asks us to slow down: {description}.",
            remedy="Wait a little, then try again.",
            retry_after=more.get("retry_after"),
        )
    if status == 409 and "webhook" not in description:
        raise Unavailable(
            "Another program listens to this bot at the same time.", remedy="Use a bot for Patchbay alone."
        )
    if status >= 500:
        raise Unavailable(f"Telegram has a problem of its own ({status}): {description}.", remedy="Try again later.")
    raise ServiceError(f"Telegram refused ({status}): {description}.", remedy=_remedy(status, description, more))


def _remedy(status: int, description: str, more: dict[str, Any]) -> str:
    if moved := more.get("migrate_to_chat_id"):
        return f"The group has a new number: use {moved} as the chat."
    if status == 409:
        return "The answers of this bot go to another program, by a webhook. Use a bot for Patchbay alone."
    if status == 403:
        return "The person must open the bot and press Start, or the group must let it in."
    if "chat not found" in description:
        return "Check the chat. A person must have written to the bot once, and a group must have it as a member."
    return "Change what the step sends."
