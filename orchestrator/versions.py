"""Every version of a workflow or template that was published, and those that came by an edit on disk.

The file is the truth: what runs is what stands in it. The store keeps the text of each version beside it, so that a
person can look back, compare and restore. A file that changed without being published here (an editor, git, another
tool) becomes a version as soon as it is noticed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, cast

import sqlalchemy as sa

from orchestrator.drafts import Drafts
from orchestrator.errors import NotFound, Outdated, PatchbayError
from orchestrator.library import Item, Shelf
from orchestrator.schema import VERSIONS
from orchestrator.stores.store import Store

Origin = Literal["shipped", "disk", "published", "restored", "imported"]

T = TypeVar("T", bound=Item)


@dataclass(frozen=True, slots=True)
class Version:
    """One version, without its text. `number` counts from 1; `at` is in seconds since 1970; `by` is who published it,
    "" where that is not known; `note` is what they said of it, `label` a name that it was given."""

    number: int
    hash: str
    at: float
    by: str
    note: str
    label: str
    origin: Origin


class Versions(Generic[T]):
    """The versions of the items of one shelf, and their drafts. Thread-safe. Raises `StoreError` where the store
    does."""

    def __init__(self, store: Store, shelf: Shelf[T], now: Callable[[], float] = time.time) -> None:
        self.shelf = shelf
        self.drafts = Drafts(store, shelf.kind, now)
        self._store = store
        self._now = now
        self._seen: dict[str, str] = {}
        """The hash of each file when it was last looked at."""

    def history(self, id: str) -> list[Version]:
        """Newest first; the first one is what stands in the file, unless that cannot be read. Raises `NotFound`."""
        self.notice(id)
        query = sa.select(*_COLUMNS).where(*self._this(id)).order_by(VERSIONS.c.number.desc())
        with self._store.read() as connection:
            return [Version(*row) for row in connection.execute(query)]

    def text(self, id: str, number: int) -> str:
        """The file as it was. Raises `NotFound`."""
        with self._store.read() as connection:
            query = sa.select(VERSIONS.c.content).where(*self._this(id), VERSIONS.c.number == number)
            text = connection.execute(query).scalar()
        if text is None:
            raise NotFound(f"The {self.shelf.kind} '{id}' has no version {number}.", remedy="Look at its history.")
        return text

    def publish(
        self, item: T, *, by: str, note: str = "", base: int | None = None, origin: Origin = "published"
    ) -> Version:
        """Write the item to its file, as a new version. What is already there is no new version. `base` is the version
        that the change was made to: raises `Outdated` when another one was published since; then nothing is written."""
        is_there = item.id in self.shelf.ids()
        if is_there:
            self.notice(item.id)
        with self._store.change(alone=True) as connection:
            last = self._last(connection, item.id)
            if base is not None and last is not None and last.number != base:
                raise Outdated(
                    f"{last.by or 'Somebody'} published version {last.number} of '{item.id}' in the meantime.",
                    remedy="Look at what changed, and publish again or take theirs.",
                )
            text = item.to_json()
            if is_there and last is not None and last.hash == _hash(text) and not self.shelf.is_shipped(item.id):
                return last
            self.shelf.save(item)
            return self._add(connection, item.id, text, by, note, origin)

    def restore(self, id: str, number: int, *, by: str) -> Version:
        """Publish what an earlier version said. Raises `NotFound`, or `InvalidFile` for one that cannot be read now."""
        item = self.shelf.parse(self.text(id, number))
        return self.publish(item, by=by, note=f"Version {number} again", origin="restored")

    def label(self, id: str, number: int, label: str) -> None:
        """Give a version a name, "" to take it away. Raises `NotFound`."""
        change = VERSIONS.update().where(*self._this(id), VERSIONS.c.number == number)
        with self._store.change() as connection:
            if not connection.execute(change.values(label=label.strip()[:80])).rowcount:
                raise NotFound(f"The {self.shelf.kind} '{id}' has no version {number}.")

    def notice(self, id: str) -> Version | None:
        """What stands in the file, if that is no version yet. A file that cannot be read is none. Raises `NotFound`."""
        text = self.shelf.text(id)
        if self._seen.get(id) == (hash := _hash(text)):
            return None
        try:
            self.shelf.load(id)
        except PatchbayError:
            return None
        with self._store.change(alone=True) as connection:
            last = self._last(connection, id)
            noticed = None
            if last is None or last.hash != hash:
                origin: Origin = "shipped" if self.shelf.is_shipped(id) else "disk"
                noticed = self._add(connection, id, text, "", "", origin)
        self._seen[id] = hash
        return noticed

    def notice_all(self) -> list[str]:
        """Look at every file. Gives the ids of those that changed on disk."""
        return [id for id in self.shelf.ids() if self.notice(id)]

    def _add(self, connection: sa.Connection, id: str, text: str, by: str, note: str, origin: Origin) -> Version:
        last = self._last(connection, id)
        version = Version((last.number if last else 0) + 1, _hash(text), self._now(), by, note.strip(), "", origin)
        row: dict[str, Any] = {column.name: getattr(version, column.name) for column in _COLUMNS}
        connection.execute(VERSIONS.insert().values(kind=self.shelf.kind, item=id, content=text, **row))
        self._seen[id] = version.hash
        return version

    def _last(self, connection: sa.Connection, id: str) -> Version | None:
        query = sa.select(*_COLUMNS).where(*self._this(id)).order_by(VERSIONS.c.number.desc()).limit(1)
        row = connection.execute(query).first()
        return Version(*cast("tuple[Any, ...]", row)) if row else None

    def _this(self, id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
        return VERSIONS.c.kind == self.shelf.kind, VERSIONS.c.item == id


_COLUMNS = (
    VERSIONS.c.number,
    VERSIONS.c.hash,
    VERSIONS.c.at,
    VERSIONS.c.by,
    VERSIONS.c.note,
    VERSIONS.c.label,
    VERSIONS.c.origin,
)


def _hash(text: str) -> str:
    """Identifies a text: 16 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
