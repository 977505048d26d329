"""The way to Telegram: a bot's requests and the presses of its buttons.

Source: core.telegram.org/bots/api
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.request import getproxies, proxy_bypass

from integrations._last_look import trace
from integrations._telegram_models import TelegramAccount
from orchestrator.actions import AccountError, Call, EffectUnknown, RateLimited, ServiceError, Unavailable

if TYPE_CHECKING:
    import httpx2

REQUEST_TIMEOUT = 30.0
"""Seconds that one request may take, unless the attempt may take less."""

WAITING = 100
"""Presses that Telegram hands out at once, the oldest ones of the last 24 hours."""

REMEMBERED = 10_000
"""Questions whose answer one process keeps in mind."""


class _NotSent(Exception):
    """No connection was made: the request never went out."""


class Bot:
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
def bot_of(account: TelegramAccount) -> Bot:
    with _talking(account):
        return Bot(account)


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
