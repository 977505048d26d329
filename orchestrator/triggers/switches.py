"""Which triggers are switched on, in the store beside the runs: a row for each that ever was."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from orchestrator.history import TriggerKind
from orchestrator.records import Firing
from orchestrator.schema import FIRINGS, TRIGGERS
from orchestrator.stores.store import Store

KEPT = 30 * 86400.0
"""Seconds that it is known what a schedule or a webhook fired for. What a poll has seen is known for good."""

AT_ONCE = 400
"""Keys in one query."""

PASSING: tuple[TriggerKind, ...] = ("schedule", "webhook")


@dataclass(frozen=True, slots=True)
class Switch:
    """One row. Times are seconds since 1970, UTC."""

    workflow: str
    trigger: str
    is_on: bool = False
    definition: str = ""
    """The hash of what `next_at` and `is_marked` hold for."""
    next_at: float | None = None
    """When to look at it next. None: it is called, or off."""
    token: str | None = None
    """The end of a webhook's address."""
    is_marked: bool = False
    """A poll knows what was there before."""
    fired_at: float | None = None
    run_id: str | None = None
    said: str = ""
    """Why nothing started since it fired last."""


OFF: dict[str, Any] = {"is_on": False, "next_at": None, "definition": "", "is_marked": False, "said": ""}
"""What a row says of a trigger that is off."""


class Switches:
    """Reads and changes them. Raises `StoreError` where the store does."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Switch]:
        return self._found(sa.true())

    def due(self, now: float) -> list[Switch]:
        """Those to be looked at by now, the longest overdue first."""
        return sorted(self._found(TRIGGERS.c.next_at <= now), key=lambda switch: switch.next_at or 0)

    def get(self, workflow: str, trigger: str) -> Switch:
        found = self._found(sa.and_(*_this(workflow, trigger)))
        return found[0] if found else Switch(workflow, trigger)

    def called(self, token: str) -> Switch | None:
        """The one that a request to this address is for, when it is on."""
        return next(iter(self._found(sa.and_(TRIGGERS.c.token == token, TRIGGERS.c.is_on))), None)

    def _found(self, condition: sa.ColumnElement[bool]) -> list[Switch]:
        query = sa.select(TRIGGERS).where(condition).order_by(TRIGGERS.c.workflow, TRIGGERS.c.trigger)
        with self._store.read() as connection:
            return [Switch(**row._mapping) for row in connection.execute(query)]  # pyright: ignore[reportPrivateUsage]

    def put(self, switch: Switch) -> None:
        """Set a row as a whole, as a person says."""
        row = {column.name: getattr(switch, column.name) for column in TRIGGERS.c}
        with self._store.change(alone=True) as connection:
            connection.execute(TRIGGERS.delete().where(*_this(switch.workflow, switch.trigger)))
            connection.execute(TRIGGERS.insert().values(row))

    def take(self, switch: Switch, next_at: float) -> bool:
        """Move the next look, if nobody has moved it since `switch` was read: of two processes, one looks."""
        seen = TRIGGERS.c.next_at == switch.next_at, TRIGGERS.c.is_on
        with self._store.change() as connection:
            these = TRIGGERS.update().where(*_this(switch.workflow, switch.trigger), *seen)
            return connection.execute(these.values(next_at=next_at)).rowcount == 1

    def say(self, switch: Switch, **changed: Any) -> None:
        """Change some of a row, unless somebody switched it on or off since `switch` was read."""
        with self._store.change() as connection:
            these = TRIGGERS.update().where(*_this(switch.workflow, switch.trigger), TRIGGERS.c.is_on == switch.is_on)
            connection.execute(these.values(**changed))

    def mark(self, switch: Switch, identities: Iterable[str], at: float) -> None:
        """Keep what was there at the first look: it starts nothing."""
        keys = {Firing(switch.workflow, switch.trigger, "poll", identity).key for identity in identities}
        with self._store.change() as connection:
            if keys:
                connection.execute(_MARK, [{"key": key, "at": at} for key in sorted(keys)])
            these = TRIGGERS.update().where(*_this(switch.workflow, switch.trigger))
            connection.execute(these.values(is_marked=True, said=""))

    def known(self, firings: Collection[Firing]) -> set[str]:
        """The keys of those that were seen before."""
        keys = [firing.key for firing in firings]
        found: set[str] = set()
        with self._store.read() as connection:
            for start in range(0, len(keys), AT_ONCE):
                these = FIRINGS.c.key.in_(keys[start : start + AT_ONCE])
                found.update(connection.scalars(sa.select(FIRINGS.c.key).where(these)))
        return found

    def prune(self, now: float) -> None:
        """Forget what can come no second time."""
        with self._store.change() as connection:
            connection.execute(FIRINGS.delete().where(FIRINGS.c.at < now - KEPT, FIRINGS.c.kind.in_(PASSING)))


_MARK = sa.text(
    "INSERT INTO firings (key, kind, run_id, at) VALUES (:key, 'poll', NULL, :at) ON CONFLICT (key) DO NOTHING"
)


def new_token() -> str:
    """192 random bits, 32 characters that may stand in an address."""
    return secrets.token_urlsafe(24)


def _this(workflow: str, trigger: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return TRIGGERS.c.workflow == workflow, TRIGGERS.c.trigger == trigger
