"""How a write is found again. GitHub has no client token that would keep a write single, so each write carries a hash
of its key where a reader does not see it: a hidden HTML comment in a text, a trailer in the message of a commit. It
is looked up in the lists themselves, which are exact, and not in GitHub's search index, which lags behind.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from orchestrator.actions import EffectUnknown

LOOK_BACK = timedelta(days=30)
LOOK_AT = 1000
"""How far `find` goes back: what is older than this is not of a run that can still go on."""

_MARK = re.compile(r"\n*<!-- patchbay:[0-9a-f]{32} -->")

T = TypeVar("T")


class Bodied(Protocol):
    @property
    def body(self) -> str: ...


B = TypeVar("B", bound=Bodied)


def marked(body: str, key: str) -> str:
    return f"{body}\n\n{mark(key)}".lstrip("\n")


def unmarked(body: str | None) -> str:
    return _MARK.sub("", body or "")


def mark(key: str) -> str:
    return f"<!-- patchbay:{_hash(key)} -->"


def trailer(key: str) -> str:
    """Source: git-scm.com/docs/git-interpret-trailers."""
    return f"Patchbay-Key: {_hash(key)}"


def signed(message: str, key: str) -> str:
    """The message of a commit with its trailer."""
    return f"{message.rstrip()}\n\n{trailer(key)}"


def find_marked(items: Iterable[B], key: str, where: str) -> B | None:
    wanted = mark(key)
    return next((item for item in all_of(items, where) if wanted in (item.body or "")), None)


def all_of(items: Iterable[T], what: str) -> Iterator[T]:
    """All items, but not without end. Raises `EffectUnknown` where too many are left."""
    for number, item in enumerate(items):
        if number == LOOK_AT:
            raise EffectUnknown(
                f"There is too much in {what} to see whether this was done already.",
                remedy="Look for it on GitHub, then skip the step or run it again.",
            )
        yield item


def first(items: Iterable[T], limit: int) -> Iterator[T]:
    for number, item in enumerate(items, 1):
        yield item
        if number == limit:
            return


def oldest() -> datetime:
    return datetime.now(UTC) - LOOK_BACK


def time_of(moment: datetime | None) -> str:
    """UTC, as 2026-11-21T09:30:00Z; "" where there is none."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]
