"""A file of the open internet: what a person asks to import by its address. Private addresses are refused as for steps
(`_guarded_transport`), also behind a redirect; nothing of ours goes along."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from orchestrator.actions import ServiceError, Unavailable

REDIRECTS = 5
TIMEOUT = 20.0
"""Seconds for all of it."""

_ON_GITHUB = re.compile(r"https://github\.com/([^/]+/[^/]+)/(blob|raw)/(.+)")


def download(url: str, limit: int, allowed: str = "") -> bytes:
    """What stands there, at most `limit` bytes. The page of a file on GitHub stands for the file. `allowed` are private
    addresses that may be reached, as in "nas.local, 10.0.0.5:8080". Raises `ServiceError`."""
    import httpx

    from integrations._addresses import hosts
    from integrations._guarded_transport import GuardedTransport, within

    address = _ON_GITHUB.sub(r"https://raw.githubusercontent.com/\1/\3", url.strip())
    _ensure_address(address)
    try:
        with (
            within(TIMEOUT),
            httpx.Client(
                transport=GuardedTransport(hosts(allowed)),
                trust_env=False,
                follow_redirects=True,
                max_redirects=REDIRECTS,
                headers={"user-agent": "Patchbay", "accept-encoding": "identity"},
            ) as client,
            client.stream("GET", address) as answer,
        ):
            if answer.status_code != 200:
                remedy = "Check the address, and that one need not sign in there."
                raise ServiceError(f"{address} is answered with status {answer.status_code}.", remedy=remedy)
            return _body(answer.iter_bytes(), address, limit)
    except httpx.TooManyRedirects:
        message = f"{address} is sent on to other addresses more than {REDIRECTS} times."
        raise ServiceError(message, remedy="Check the address.") from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
        remedy = "Check the address."
        raise ServiceError(f"{address} cannot be asked for: {error}.", remedy=remedy) from None
    except httpx.TimeoutException:
        message = f"{address} was not answered within {TIMEOUT:g} seconds."
        raise Unavailable(message, remedy="Try again, or save the file and import that.") from None
    except httpx.HTTPError as error:
        message = f"{address} cannot be reached: {error}."
        raise Unavailable(message, remedy="Check the address and the network.") from None


def _ensure_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        right, parts = False, urlsplit("")
    if not right:
        raise ServiceError(f"'{address[:100]}' is no address.", remedy="It begins with https:// and holds no password.")
    if parts.hostname == "github.com" and "/tree/" in parts.path:
        remedy = "Open the file in it, and import the address of that."
        raise ServiceError("This is a folder on GitHub, and not a file.", remedy=remedy)


def _body(pieces: Iterable[bytes], address: str, limit: int) -> bytes:
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size > limit:
            remedy = "A bundle is small: is this the right address?"
            raise ServiceError(f"{address} is larger than {limit // 1_000_000} MB.", remedy=remedy)
    return b"".join(found)
