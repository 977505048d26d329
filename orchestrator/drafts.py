"""What is being edited and is not published yet: one draft of an item, kept in the store as it is typed.

A draft has a revision, which is never the same again. Whoever saves names the revision that they saw: a second person
at the same draft is told, and neither's work is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from orchestrator.errors import Outdated
from orchestrator.schema import DRAFTS
from orchestrator.stores.store import Store


@dataclass(frozen=True, slots=True)
class Draft:
    """`content` is text as it was typed, right or wrong. `base` is the version that the editing began from. `by` saved
    it last, at `at`, in seconds since 1970."""

    content: str
    base: int
    revision: int
    by: str
    at: float


class DraftChanged(Outdated):
    """Somebody else has changed the draft since; `draft` is theirs."""

    def __init__(self, draft: Draft | None) -> None:
        who = f"{draft.by or 'Somebody'} changed" if draft else "Somebody published or dropped"
        super().__init__(f"{who} this draft in the meantime.", remedy="Look at what differs, and choose.")
        self.draft = draft


class Drafts:
    """The drafts of one kind of item. Thread-safe. Raises `StoreError` where the store does."""

    def __init__(self, store: Store, kind: str, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._kind = kind
        self._now = now

    def get(self, id: str) -> Draft | None:
        with self._store.read() as connection:
            return self._get(connection, id)

    def ids(self) -> list[str]:
        """What has a draft."""
        query = sa.select(DRAFTS.c.item).where(DRAFTS.c.kind == self._kind).order_by(DRAFTS.c.item)
        with self._store.read() as connection:
            return list(connection.scalars(query))

    def save(self, id: str, content: str, *, base: int, after: int, by: str) -> Draft:
        """Keep what was typed. `after` is the revision that it was typed in, 0 for a draft that begins. Raises
        `DraftChanged`; then nothing was kept."""
        with self._store.change(alone=True) as connection:
            known = self._get(connection, id)
            if (known.revision if known else 0) != after:
                raise DraftChanged(known)
            now = self._now()
            draft = Draft(content, base, max(after + 1, int(now * 1000)), by, now)
            row: dict[str, Any] = {column.name: getattr(draft, column.name) for column in _COLUMNS}
            connection.execute(DRAFTS.delete().where(*self._this(id)))
            connection.execute(DRAFTS.insert().values(kind=self._kind, item=id, **row))
            return draft

    def drop(self, id: str, *, after: int) -> None:
        """Forget it: it was published, or nobody wants it. Raises `DraftChanged`."""
        with self._store.change(alone=True) as connection:
            known = self._get(connection, id)
            if known is None:
                return
            if known.revision != after:
                raise DraftChanged(known)
            connection.execute(DRAFTS.delete().where(*self._this(id)))

    def _get(self, connection: sa.Connection, id: str) -> Draft | None:
        row = connection.execute(sa.select(*_COLUMNS).where(*self._this(id))).first()
        return Draft(*cast("tuple[Any, ...]", row)) if row else None

    def _this(self, id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
        return DRAFTS.c.kind == self._kind, DRAFTS.c.item == id


_COLUMNS = (DRAFTS.c.content, DRAFTS.c.base, DRAFTS.c.revision, DRAFTS.c.by, DRAFTS.c.at)
