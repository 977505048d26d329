"""Connections to mail servers that wait for their next use, logged in: to greet, encrypt and log in takes far longer
than what an action then asks. One belongs to a single action at a time, so several that run together have one each."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

KEEP = 60.0
"""Seconds that a connection waits. Providers let one mailbox have 10 to 15, and hang up on those that do nothing."""

MOST = 5
"""Connections that wait of one mailbox."""

Connection = TypeVar("Connection")


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Connection]):
    connection: Connection
    since: float


class Idle(Generic[Connection]):
    """Thread-safe. `is_well` asks the server whether it is still there (NOOP), `part` logs out, `hang_up` only closes.
    All may raise."""

    def __init__(
        self,
        is_well: Callable[[Connection], bool],
        part: Callable[[Connection], object],
        hang_up: Callable[[Connection], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_well = is_well
        self._part = part
        self._hang_up = hang_up
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, list[_Waiting[Connection]]] = {}
        self._sweeping = False
        atexit.register(self._end)

    def take(self, owner: Hashable) -> Connection | None:
        """One of the owner that still works, for this caller alone. None: there is none."""
        self.sweep()
        while True:
            with self._lock:
                mine = self._waiting.get(owner)
                if not mine:
                    return None
                waiting = mine.pop()  # the one that was used last is the likeliest to be there still
            with suppress(Exception):
                if self._is_well(waiting.connection):
                    return waiting.connection
            with suppress(Exception):  # one that is silent is not waited for once more
                self._hang_up(waiting.connection)

    def give(self, owner: Hashable, connection: Connection) -> None:
        """Take back one that has done its work, all of it."""
        with self._lock:
            mine = self._waiting.setdefault(owner, [])
            fits = len(mine) < MOST
            if fits:
                mine.append(_Waiting(connection, self._clock()))
            begins = fits and not self._sweeping
            self._sweeping = self._sweeping or begins
        if not fits:
            self._leave(connection)
        if begins:
            self._later()

    def sweep(self) -> None:
        """Log out of what has waited for too long."""
        before = self._clock() - KEEP
        with self._lock:
            old = [one for mine in self._waiting.values() for one in mine if one.since <= before]
            left = {owner: [one for one in mine if one.since > before] for owner, mine in self._waiting.items()}
            self._waiting = {owner: mine for owner, mine in left.items() if mine}
        for one in old:
            self._leave(one.connection)

    def _later(self) -> None:
        timer = threading.Timer(KEEP, self._sweep_again)
        timer.daemon = True
        timer.start()

    def _sweep_again(self) -> None:
        self.sweep()
        with self._lock:
            self._sweeping = bool(self._waiting)
            goes_on = self._sweeping
        if goes_on:
            self._later()

    def _end(self) -> None:
        for mine in self._waiting.values():
            for one in mine:
                with suppress(Exception):
                    self._hang_up(one.connection)

    def _leave(self, connection: Connection) -> None:
        with suppress(Exception):
            self._part(connection)
        with suppress(Exception):
            self._hang_up(connection)
