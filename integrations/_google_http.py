"""The way to a Google service: a client that sends a request once, and what its refusals mean.

Sources: developers.google.com/workspace/drive/api/guides/handle-errors,
developers.google.com/workspace/gmail/api/guides/handle-errors
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.client import BadStatusLine, HTTPException
from typing import Any, NoReturn
from urllib.parse import urlsplit

from integrations._google_oauth import GoogleAccount, credentials, not_accepted, refusal
from integrations._last_look import looking
from orchestrator.actions import RateLimited, ServiceError, Unavailable

REQUEST_TIMEOUT = 30.0
"""Seconds that one request may take, unless the attempt may take less."""

_TOO_MANY = {"rateLimitExceeded", "userRateLimitExceeded", "sharingRateLimitExceeded", "dailyLimitExceeded"}


@contextmanager
def connection(
    service: str, base_url: str, account: GoogleAccount, *, timeout: float, remedies: dict[int, str]
) -> Iterator[Any]:
    """A connection for `HttpRequest.execute(http=...)`, of its own, since httplib2 cannot be shared by threads.

    What goes wrong inside is raised as an error of ours. `service` is its name in errors, `timeout` is in seconds,
    `remedies` says by HTTP status what a person can do.
    """
    import httplib2
    from google.auth.exceptions import GoogleAuthError, RefreshError
    from google_auth_httplib2 import AuthorizedHttp
    from googleapiclient.errors import HttpError

    signed_in = credentials(account)
    wire = _http_class()(
        timeout=min(REQUEST_TIMEOUT, timeout),
        proxy_info=None if account.practice else httplib2.proxy_info_from_environment,
    )
    wire.follow_redirects = False  # or the token would follow them
    http = AuthorizedHttp(signed_in, wire)
    try:
        yield http
    except HttpError as error:
        if int(error.resp.status) == 401:
            raise not_accepted(service, account.name) from error
        _raise_refusal(error, service, account.name, remedies)
    except UnicodeDecodeError as error:  # Google's client takes for granted that an answer is UTF-8
        raise Unavailable(
            f"What answers at {base_url} does not speak as {service} does.",
            remedy="Check the account's address, and whether a proxy or a sign-in page is in the way.",
        ) from error
    except RefreshError as error:
        raise refusal(service, account, error) from error
    except (OSError, HTTPException, httplib2.HttpLib2Error, GoogleAuthError) as error:
        raise Unavailable(
            f"{service} cannot be reached at {base_url}: {str(error) or type(error).__name__}.",
            remedy="Check the network and the address, then try again.",
        ) from error
    finally:
        http.close()


@lru_cache(maxsize=1)
def _http_class() -> Callable[..., Any]:
    """httplib2's client, but one that sends a request once. Left alone it sends it again, a POST too, when the
    connection breaks before the answer comes: a file would be made twice."""
    import httplib2

    def once(base: type) -> type:
        class Connection(base):
            def getresponse(self) -> Any:
                try:
                    return super().getresponse()
                except BadStatusLine as error:
                    raise ConnectionAbortedError("the connection broke before the answer came") from error

        return Connection

    connections = {
        "http": once(looking(httplib2.HTTPConnectionWithTimeout)),
        "https": once(looking(httplib2.HTTPSConnectionWithTimeout)),
    }

    class Http(httplib2.Http):
        def request(self, uri: str, *args: Any, **named: Any) -> Any:
            connection = connections.get(urlsplit(uri).scheme)
            if connection is None:
                raise httplib2.RelativeURIError(f"'{uri}' is not a web address")
            return super().request(uri, *args, **{**named, "connection_type": connection})

    return Http


def _raise_refusal(error: Any, service: str, account: str, remedies: dict[int, str]) -> NoReturn:
    status, said = int(error.resp.status), str(error.reason or "").rstrip(".")
    if status == 429 or (status == 403 and _reasons(error) & _TOO_MANY):
        raise RateLimited(
            f"{service} asks us to slow down: {said}.",
            remedy="Wait a little, then try again.",
            retry_after=_retry_after(error.resp.get("retry-after")),
        ) from error
    if status >= 500:
        raise Unavailable(
            f"{service} has a problem of its own ({status}): {said}.", remedy="Try again later."
        ) from error
    usual = {
        400: "Check the values of the step.",
        403: f"Check what '{account}' may do, or reconnect it with more permissions.",
    }
    remedy = {**usual, **remedies}.get(status, "Check the step and its account.")
    raise ServiceError(f"{service} refused ({status}): {said}.", remedy=remedy) from error


def _reasons(error: Any) -> set[str]:
    """Google's own words for why, such as "rateLimitExceeded"."""
    try:
        details = json.loads(error.content)["error"]["errors"]
        return {str(detail["reason"]) for detail in details}
    except (ValueError, KeyError, TypeError):
        return set()


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
