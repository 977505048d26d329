"""Clients that are kept, one for each account."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

Made = TypeVar("Made")


def kept(make: Callable[[Any], Made]) -> Callable[[Any], Made]:
    """What `make` gives for an account, made once whoever asks first: `functools.cache` makes one for each of several
    threads that ask together, and drops all but one with their connections open. Nothing is let go of: another thread
    may be in the middle of a request with it."""
    known: dict[Any, Made] = {}
    lock = threading.Lock()

    def of(account: Any) -> Made:
        found = known.get(account)
        if found is None:
            with lock:
                found = known.get(account)
                if found is None:
                    found = known[account] = make(account)
        return found

    return of
