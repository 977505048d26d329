"""An attachment at Gmail as it comes in, so that a big one needs no memory.

Google's own client reads a whole answer before it hands it on, so this one request is made by httpx2.

Source: developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages.attachments/get
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator
from typing import Any

from orchestrator.actions import Unavailable

_PIECE = 1_000_000
_DATA = re.compile(rb'"data"\s*:\s*"')


def content_of(url: str, credentials: Any, *, timeout: float, proxied: bool) -> Iterator[bytes]:
    """The content that the attachment at `url` has. Raises the `HttpError` of Google's client, or an `OSError`."""
    import httplib2
    import httpx2
    from googleapiclient.errors import HttpError

    headers: dict[str, str] = {}
    credentials.apply(headers)
    try:
        with httpx2.stream(
            "GET", url, headers=headers, timeout=timeout, trust_env=proxied, follow_redirects=False
        ) as answer:
            if answer.status_code != 200:
                head = {"status": answer.status_code, **{name.lower(): value for name, value in answer.headers.items()}}
                raise HttpError(httplib2.Response(head), answer.read(), uri=url)
            yield from data_in(answer.iter_bytes(_PIECE))
    except httpx2.HTTPError as error:
        raise ConnectionError(str(error) or type(error).__name__) from error


def data_in(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What the member "data" of a JSON object holds in base64, decoded piece by piece."""
    waiting, is_inside = b"", False
    for piece in pieces:
        waiting += piece
        if not is_inside:
            found = _DATA.search(waiting)
            if not found:
                continue
            waiting, is_inside = waiting[found.end() :], True
        content, end, _ = waiting.partition(b'"')
        whole = len(content) if end else len(content) // 4 * 4
        yield _decoded(content[:whole])
        if end:
            return
        waiting = content[whole:]
    raise Unavailable("Gmail broke off in the middle of an attachment.", remedy="Try again.")


def _decoded(text: bytes) -> bytes:
    try:
        return urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except ValueError:
        raise Unavailable("Gmail sent an attachment that cannot be read.", remedy="Try again.") from None
