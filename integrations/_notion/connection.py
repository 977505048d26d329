"""The way to Notion: an account's client, how long it may take, and what its refusals mean.

Sources: developers.notion.com/reference/status-codes, /reference/request-limits
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations._kept import kept
from integrations._last_look import trace
from integrations._notion.connector import NotionAccount
from orchestrator.actions import (
    AccountError,
    RateLimited,
    ServiceError,
    Unavailable,
)

Client = Any
"""notion-client's `Client`, whose types cannot tell it from the asynchronous one."""

API_VERSION = "2026-03-11"
PAGE_SIZE = 100
"""Results of one request."""
REQUEST_TIMEOUT = 20.0
"""Seconds that Notion may take where no step says it: for a list to choose from, or the test of an account."""

SHARE = "Share it with the integration: in Notion, open the page or database, then ··· and Connections."

_until: ContextVar[float] = ContextVar("until")
"""When all must be answered, by the monotonic clock. The client is shared by the threads of an account, this is not."""


@contextmanager
def talking(account: NotionAccount, timeout: float = REQUEST_TIMEOUT) -> Iterator[Client]:
    """The client of an account, for `timeout` seconds. What goes wrong inside becomes one of our errors."""
    import httpx
    from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

    token = account.token.get_secret_value()
    if not (token.isascii() and token.isprintable()):
        raise _not_accepted(account)  # it could not even be put into a request
    limit = _until.set(time.monotonic() + timeout)
    try:
        yield _client(account)
    except HTTPResponseError as error:
        raise _refusal(error, account) from error
    except (InvalidPathParameterError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ServiceError(f"Notion cannot be asked: {error}", remedy="Check the address and the id.") from error
    except RequestTimeoutError as error:
        raise Unavailable(
            f"Notion did not answer the account '{account.name}' within {timeout:g} seconds.",
            remedy="Try again, or give the step a longer 'timeout'.",
        ) from error
    except httpx.RequestError as error:
        raise Unavailable(
            f"Notion cannot be reached at {account.base_url}.",
            remedy="Check the network connection, then try again.",
        ) from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # Whether a write got through is open then: as when nothing answers at all.
        raise _not_notion(account) from error
    finally:
        _until.reset(limit)


@kept
def _client(account: NotionAccount) -> Client:
    """One client an account, so that its connections are used again."""
    import httpx
    from notion_client import Client

    def hold_to_the_limit(request: httpx.Request) -> None:
        left = _until.get() - time.monotonic()
        if left <= 0:
            raise httpx.ReadTimeout("There is no time left.", request=request)
        request.extensions["timeout"] = httpx.Timeout(left).as_dict()
        request.extensions["trace"] = trace

    return Client(
        client=httpx.Client(event_hooks={"request": [hold_to_the_limit]}),
        auth=account.token.get_secret_value(),
        base_url=account.base_url.rstrip("/"),
        notion_version=API_VERSION,
        retry=False,
        logger=logging.getLogger("patchbay.notion"),
        log_level=logging.CRITICAL,
    )


def _refusal(error: Any, account: NotionAccount) -> ServiceError:
    from notion_client.errors import UnknownHTTPResponseError

    status: int = error.status
    said = str(error).rstrip(".")
    if status == 401:
        return _not_accepted(account)
    if status in (429, 529):
        return RateLimited(
            f"Notion asks the account '{account.name}' to slow down.",
            remedy="Try again in a minute.",
            retry_after=_retry_after(error.headers.get("retry-after")),
        )
    if status >= 500:
        return Unavailable(f"Notion is failing (status {status}).", remedy="Try again in a few minutes.")
    if isinstance(error, UnknownHTTPResponseError):
        return _not_notion(account)
    if status == 409:
        return Unavailable(
            f"Notion could not save it, since somebody changed the same thing at that moment: {said}.",
            remedy="Try again.",
        )
    if status == 403:
        return ServiceError(
            f"Notion does not let the account '{account.name}' do this: {said}.",
            remedy=f"{SHARE} What the integration may do at all (read, insert, update, comment) is set at "
            "notion.so/profile/integrations.",
        )
    if status == 404:
        return ServiceError(
            f"Notion does not show this to the account '{account.name}': {said}.",
            remedy=f"Look whether it was deleted. {SHARE}",
        )
    return ServiceError(
        f"Notion refuses what the account '{account.name}' sends: {said}.", remedy="Change what the step sends."
    )


def _not_accepted(account: NotionAccount) -> AccountError:
    return AccountError(
        f"Notion does not accept the token of the account '{account.name}'.",
        remedy=f"Reconnect the account '{account.name}'.",
    )


def _not_notion(account: NotionAccount) -> Unavailable:
    return Unavailable(
        f"What answers at {account.base_url} is not Notion.",
        remedy=f"Check the network, and the address of the account '{account.name}'.",
    )


def _retry_after(value: str | None) -> float | None:
    """Seconds, from the header Retry-After: a number of them or a date."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Listing:
    """The first results of a list. `more`: there are others behind them."""

    items: list[dict[str, Any]]
    more: bool


def listed(list_: Callable[..., Any], limit: int, **asked: Any) -> Listing:
    """The first `limit` results of a list, page after page."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = list_(**asked, page_size=min(limit - len(items), PAGE_SIZE), start_cursor=cursor)
        items += answer["results"]
        cursor = answer["next_cursor"]
        if not answer["has_more"] or len(items) >= limit or not answer["results"]:
            return Listing(items[:limit], answer["has_more"] or len(items) > limit)
