"""The accounts that people connected, in the store beside the runs: workers on many machines see the same ones.

A row holds the values of one account, encrypted as a whole by the vault; in the clear are its connector, its name and
what came of its last test. Each change is one transaction in which no other process changes accounts, so that a process
that is killed leaves all of it or nothing, and two rotations at once come one after another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from orchestrator.errors import InvalidInput, NotFound, VaultError
from orchestrator.schema import ACCOUNTS
from orchestrator.stores.store import Store
from orchestrator.vault import Vault


@dataclass(frozen=True, slots=True)
class SavedAccount:
    """`sealed` are its values, encrypted. `tested_at` is in seconds since 1970; `works` and `said` came of the test.
    `expires_at` is when its key ends, where that is known, in seconds since 1970."""

    connector: str
    name: str
    is_default: bool
    sealed: str
    tested_at: float | None = None
    works: bool | None = None
    said: str = ""
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many accounts were encrypted anew, which ones could not be opened, and whether the old key is to be taken
    out of a setting by hand."""

    done: int
    locked: tuple[tuple[str, str], ...]
    key_is_given: bool


class SavedAccounts:
    """Reads and changes them. Raises `StoreError` where the store does."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self.vault = vault

    def list(self) -> tuple[SavedAccount, ...]:
        with self._store.read() as connection:
            return _all(connection)

    def values(self, account: SavedAccount) -> dict[str, Any]:
        """What was typed in, by field. Raises `VaultError` when no key fits."""
        return self.vault.open(account.sealed)

    def add(
        self, connector: str, name: str, values: Mapping[str, Any], *, default: bool, expires_at: float | None = None
    ) -> None:
        """Raises `InvalidInput` when there is one of that name. The first of a connector is its default."""
        with self._store.change(alone=True) as connection:
            others = [account for account in _all(connection) if account.connector == connector]
            if any(account.name == name for account in others):
                raise _taken(name)
            is_default = default or not others
            row = {"connector": connector, "name": name, "is_default": is_default, "expires_at": expires_at}
            connection.execute(ACCOUNTS.insert().values(**row, sealed=self.vault.seal(dict(values))))
            if is_default:
                _make_default(connection, connector, name)

    def change(self, connector: str, name: str, values: Mapping[str, Any], *, expires_at: float | None = None) -> None:
        """Replace its values. Raises `NotFound`."""
        with self._store.change(alone=True) as connection:
            sealed = self.vault.seal(dict(values))
            untested = {"tested_at": None, "works": None, "said": ""}
            _update(connection, connector, name, {"sealed": sealed, "expires_at": expires_at, **untested})

    def rename(self, connector: str, name: str, to: str) -> None:
        """Raises `NotFound`, or `InvalidInput` when there is one of that name."""
        with self._store.change(alone=True) as connection:
            if any((account.connector, account.name) == (connector, to) for account in _all(connection)):
                raise _taken(to)
            _update(connection, connector, name, {"name": to})

    def make_default(self, connector: str, name: str) -> None:
        """Raises `NotFound`."""
        with self._store.change(alone=True) as connection:
            _update(connection, connector, name, {"is_default": True})
            _make_default(connection, connector, name)

    def remove(self, connector: str, name: str) -> None:
        """The first of those that are left is the default then. Raises `NotFound`."""
        with self._store.change(alone=True) as connection:
            gone = connection.execute(ACCOUNTS.delete().where(*_this(connector, name)))
            if not gone.rowcount:
                raise _unknown(name)
            left = [account for account in _all(connection) if account.connector == connector]
            if left and not any(account.is_default for account in left):
                _make_default(connection, connector, left[0].name)

    def tested(
        self, connector: str, name: str, at: float, works: bool, said: str, expires_at: float | None = None
    ) -> None:
        """Keep what came of a test, and when the key ends where it told that. Raises `NotFound`."""
        ends = {} if expires_at is None else {"expires_at": expires_at}
        with self._store.change(alone=True) as connection:
            _update(connection, connector, name, {"tested_at": at, "works": works, "said": said, **ends})

    def rotate(self) -> Rotation:
        """Encrypt all anew under a new key. An account that no key opens stays as it is. Wherever this is interrupted,
        the keys that are kept open everything that is stored. Raises `VaultError` when there is no key."""
        locked: list[tuple[str, str]] = []
        done = 0
        with self._store.change(alone=True) as connection:
            accounts = _all(connection)
            if not accounts:
                return Rotation(0, (), not self.vault.keys.can_change)
            first = self.vault.begin_rotation()
            for account in accounts:
                try:
                    sealed = self.vault.reseal(account.sealed)
                except VaultError:
                    locked.append((account.connector, account.name))
                    continue
                _update(connection, account.connector, account.name, {"sealed": sealed})
                done += 1
        with self._store.change(alone=True):
            self.vault.end_rotation(first)
        return Rotation(done, tuple(locked), not self.vault.keys.can_change)


def _all(connection: sa.Connection) -> tuple[SavedAccount, ...]:
    rows = connection.execute(sa.select(ACCOUNTS).order_by(ACCOUNTS.c.connector, ACCOUNTS.c.name))
    return tuple(SavedAccount(**row._mapping) for row in rows)  # pyright: ignore[reportPrivateUsage]


def _this(connector: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return ACCOUNTS.c.connector == connector, ACCOUNTS.c.name == name


def _update(connection: sa.Connection, connector: str, name: str, values: Mapping[str, Any]) -> None:
    changed = connection.execute(ACCOUNTS.update().where(*_this(connector, name)).values(dict(values)))
    if not changed.rowcount:
        raise _unknown(name)


def _make_default(connection: sa.Connection, connector: str, name: str) -> None:
    those = ACCOUNTS.update().where(ACCOUNTS.c.connector == connector)
    connection.execute(those.values(is_default=ACCOUNTS.c.name == name))


def _taken(name: str) -> InvalidInput:
    return InvalidInput(f"There is already an account '{name}'.", remedy="Choose another name, or remove that one.")


def _unknown(name: str) -> NotFound:
    return NotFound(f"There is no account '{name}'.", remedy="Look at the list of accounts: it may have been removed.")
