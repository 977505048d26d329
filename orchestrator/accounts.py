"""Who a connector acts as, and which model answers."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from orchestrator import masking
from orchestrator.account_entries import ENVIRONMENT, NONE, PRACTICE, AccountEntry, ensure_name
from orchestrator.account_fields import (
    all_fields,
    ensure_own,
    own_fields,
    secret_fields,
    setting_of,
    simple_fields,
    title_of,
)
from orchestrator.actions import Account, Connector, ModelInfo, Standing
from orchestrator.environment_accounts import EnvironmentAccounts
from orchestrator.errors import (
    AccountError,
    InvalidInput,
    InvalidSettings,
    NotFound,
    PatchbayError,
    ServiceError,
    VaultError,
)
from orchestrator.expressions import nearest
from orchestrator.registry import Registry
from orchestrator.saved_accounts import Rotation, SavedAccount, SavedAccounts
from orchestrator.settings import Settings

PRACTICE_MODEL = "embedded"
"""The provider that needs no account."""


class Accounts:
    """The accounts of each connector. A step names one; for a step that does not, it is the default one of those that
    were connected, else what the environment says, else the practice account, else one without fields for a connector
    that needs none.

    What was connected is read again by `refresh`, and by whatever changes it here: to ask for an account costs no
    look into the store. Thread-safe.
    """

    def __init__(
        self,
        registry: Registry,
        settings: Settings,
        practice_url: Callable[[], str],
        saved: SavedAccounts | None = None,
    ) -> None:
        """Without `saved`, no account can be connected."""
        self.registry = registry
        self.settings = settings
        self._practice_url = practice_url
        self._saved = saved
        self._lock = threading.RLock()
        self._rows: tuple[SavedAccount, ...] = ()
        self._values: dict[str, dict[str, Any] | VaultError] = {}
        """What was typed in, by what it is encrypted as; or why it cannot be opened."""
        self._known: dict[tuple[str, str | None], Account] = {}
        self._same: dict[Account, Account] = {}
        """One object for equal accounts, so that a client that is kept for one goes on serving."""
        self._secrets: set[str] = set()
        self._environment = EnvironmentAccounts(registry.connectors.values())
        for connector in registry.connectors.values():
            self._hide(connector, self._environment.said(connector))
        for setting in (settings.master_key, settings.database_url):
            if setting is not None:
                self._secrets |= _parts_of_setting(setting.get_secret_value())
        masking.know(self, self._secrets)
        self.refresh()

    def refresh(self) -> None:
        """Take notice of what was connected, changed or removed, here or by another process, and of a server on this
        machine that came or went."""
        with self._lock:
            self._known = {key: account for key, account in self._known.items() if account.name != NONE}
        if self._saved is None:
            return
        rows = self._saved.list()
        with self._lock:
            if [*map(_essence, rows)] != [*map(_essence, self._rows)] or any(
                isinstance(known, VaultError) for known in self._values.values()
            ):
                self._values = {row.sealed: self._opened(row) for row in rows}
                self._known = {}
                masking.know(self, self._secrets)
            self._rows = rows

    # --- who acts

    def get(self, connector_id: str, name: str | None = None) -> Account:
        """The account of that name, or the one that is taken when none is named. Raises `AccountError` when there is
        none, `VaultError` when it cannot be opened, `InvalidSettings` for a wrong environment variable."""
        account = self._known.get((connector_id, name))
        if account is None:
            with self._lock:
                made = self._make(self.registry.connector(connector_id), name)
                account = self._known[connector_id, name] = self._same.setdefault(made, made)
        return account

    def has(self, connector_id: str) -> bool:
        try:
            self.get(connector_id)
        except (AccountError, VaultError):
            return False
        return True

    def nobody(self, connector_id: str) -> Account:
        """Who a service is asked as for what all the world may see. Raises `InvalidSettings`."""
        return self._environment.nobody(self.registry.connector(connector_id))

    def is_live(self, connector_id: str, name: str | None = None) -> bool:
        """Whether the connector acts in somebody's name: not on practice, and not without any account."""
        account = self.get(connector_id, name)
        return not account.practice and bool(all_fields(self.registry.connector(connector_id)))

    # --- which model answers

    def model(self, name: str | None) -> tuple[Connector, str]:
        """The provider and the provider's name of a model: "provider:name", "provider", or None for the default.
        Raises `NotFound`."""
        providers = self.registry.providers()
        wanted = name or self.settings.model or self._default_provider()
        provider, _, model = wanted.partition(":")
        if provider not in providers:
            raise NotFound(
                f"There is no model provider '{provider}'{nearest(provider, list(providers))}.",
                remedy="Name a model as 'provider:name', such as 'embedded' or 'openai:gpt-5-mini'.",
            )
        return providers[provider], model

    def models(self) -> list[tuple[str, ModelInfo]]:
        """Every model that can be used now, as ("provider:name", its description). A provider that does not
        answer is left out."""
        found: list[tuple[str, ModelInfo]] = []
        for id, connector in self.registry.providers().items():
            if not self.has(id) or connector.models_function is None:
                continue
            try:
                found += [(f"{id}:{info.id}", info) for info in connector.models_function(self.get(id))]
            except PatchbayError:
                continue
        return found

    def _default_provider(self) -> str:
        """One that was connected stands before a server that merely runs on this machine."""
        others = [id for id in self.registry.providers() if id != PRACTICE_MODEL and self.has(id)]
        connected = [id for id in others if all_fields(self.registry.connector(id))]
        return next(iter([*connected, *others]), PRACTICE_MODEL)

    # --- what people do with them

    def list(self) -> list[AccountEntry]:
        """All accounts, those of a connector together, the one that is in use first."""
        self.refresh()
        found: list[AccountEntry] = []
        for connector in self.registry.connectors.values():
            if all_fields(connector):
                found += sorted(self._entries(connector), key=lambda entry: not entry.in_use)
        return found

    def shown(self, connector_id: str, name: str) -> dict[str, Any]:
        """What was typed in for an account, without its secrets. Nothing for one that is locked. Raises `NotFound`."""
        values = self._values[self._row(connector_id, name).sealed]
        secret = secret_fields(self.registry.connector(connector_id))
        return {} if isinstance(values, VaultError) else {key: one for key, one in values.items() if key not in secret}

    def add(
        self,
        connector_id: str,
        name: str,
        values: Mapping[str, Any],
        *,
        default: bool = False,
        expires_at: float | None = None,
    ) -> None:
        """Connect an account. `values` are its fields; one that is left out has its default. `expires_at` is when its
        key ends, where that is known, in seconds since 1970. Raises `InvalidInput` for a name or value that does not
        fit, `StoreError` or `VaultError`."""
        connector = self.registry.connector(connector_id)
        if not own_fields(connector):
            raise InvalidInput(f"{connector.title} needs no account.", remedy="Use it as it is.")
        ensure_name(name)
        ensure_own(connector, values)
        self._validated(connector, name, values)
        self._store().add(connector_id, name, values, default=default, expires_at=expires_at)
        self.refresh()

    def ensure_free(self, connector_id: str, name: str) -> None:
        """Raises `InvalidInput` when an account cannot be added under that name."""
        ensure_name(name)
        self.refresh()
        if any((row.connector, row.name) == (connector_id, name) for row in self._rows):
            raise InvalidInput(f"There is already an account '{name}'.", remedy="Choose another name, or reconnect it.")

    def kept(self, connector_id: str, name: str) -> dict[str, Any]:
        """All that was typed in for an account, its secrets too: never to be shown. Nothing for one that is locked.
        Raises `NotFound`."""
        values = self._values[self._row(connector_id, name).sealed]
        return {} if isinstance(values, VaultError) else dict(values)

    def change(
        self, connector_id: str, name: str, values: Mapping[str, Any], *, expires_at: float | None = None
    ) -> None:
        """Give an account other values; a secret that is left out stays as it is. Raises as `add`, and `NotFound`."""
        connector, old = self.registry.connector(connector_id), self._values[self._row(connector_id, name).sealed]
        secret = secret_fields(connector)
        stay = {} if isinstance(old, VaultError) else {key: one for key, one in old.items() if key in secret}
        merged = {**stay, **values}
        ensure_own(connector, values)
        self._validated(connector, name, merged)
        self._store().change(connector_id, name, merged, expires_at=expires_at)
        self.refresh()

    def rename(self, connector_id: str, name: str, to: str) -> None:
        """Raises `InvalidInput` for a name that cannot be taken, `NotFound`."""
        ensure_name(to)
        self._store().rename(connector_id, name, to)
        self.refresh()

    def make_default(self, connector_id: str, name: str) -> None:
        """Take it where a step names none. Raises `NotFound`."""
        self._store().make_default(connector_id, name)
        self.refresh()

    def remove(self, connector_id: str, name: str) -> None:
        """Forget it, for good. Raises `NotFound`."""
        self._store().remove(connector_id, name)
        self.refresh()

    def test(self, connector_id: str, name: str | None = None) -> str:
        """Make the cheapest real call and give what the service says of who one is. Raises `NotFound` for a connector
        that has no such call, else what is wrong with the account."""
        connector = self.registry.connector(connector_id)
        if connector.check_function is None:
            raise NotFound(f"{connector.title} cannot be tested.", remedy="Run a workflow that uses it.")
        account = self.get(connector_id, name)
        try:
            found = connector.check_function(account)
        except PatchbayError as error:
            self._note(connector_id, account.name, False, str(error))
            raise
        except Exception as error:
            unknown = ServiceError(
                f"The test of {connector.title} failed in a way it does not know: {type(error).__name__}: {error}",
                remedy="Try again. If it stays, report it with the log.",
            )
            self._note(connector_id, account.name, False, str(unknown))
            raise unknown from error
        standing = found if isinstance(found, Standing) else Standing(found)
        said = masking.mask(standing.who)
        self._note(connector_id, account.name, True, said, standing.expires)
        return said

    def failed(self, connector_id: str, name: str, error: AccountError) -> None:
        """The service does not let the account in any more, a run was told: the list says so too."""
        row = next((row for row in self._rows if (row.connector, row.name) == (connector_id, name)), None)
        if row is not None and not (row.works is False and row.said == str(error)):
            self._note(connector_id, name, False, str(error))
            self.refresh()

    def rotate(self) -> Rotation:
        """Encrypt all accounts under a new key. Raises `StoreError` or `VaultError`."""
        rotation = self._store().rotate()
        self.refresh()
        return rotation

    # ---

    def _store(self) -> SavedAccounts:
        if self._saved is None:
            raise VaultError("Accounts cannot be connected here.", remedy="Start Patchbay with a store.")
        return self._saved

    def _note(self, connector_id: str, name: str, works: bool, said: str, expires_at: float | None = None) -> None:
        if self._saved and any((row.connector, row.name) == (connector_id, name) for row in self._rows):
            self._saved.tested(connector_id, name, time.time(), works, said, expires_at)

    def _entries(self, connector: Connector) -> Iterator[AccountEntry]:
        rows = self._rows_of(connector.id)
        for row in rows:
            opened = self._values[row.sealed]
            yield AccountEntry(
                connector.id,
                row.name,
                "saved",
                row is rows[0],
                opened.message if isinstance(opened, VaultError) else "",
                row.tested_at,
                row.works,
                row.said,
                row.expires_at,
            )
        if self._environment.has(connector):
            problem = ""
            try:
                self._environment.get(connector)
            except InvalidSettings as error:
                problem = str(error)
            yield AccountEntry(connector.id, ENVIRONMENT, "environment", not rows, problem)
        if connector.practice is not None:
            in_use = not rows and not self._environment.has(connector)
            yield AccountEntry(connector.id, PRACTICE, "practice", in_use)

    def _rows_of(self, connector_id: str) -> list[SavedAccount]:
        """Those that were connected, the default one first."""
        rows = [row for row in self._rows if row.connector == connector_id]
        return sorted(rows, key=lambda row: not row.is_default)

    def _row(self, connector_id: str, name: str) -> SavedAccount:
        self.refresh()
        for row in self._rows:
            if (row.connector, row.name) == (connector_id, name):
                return row
        raise NotFound(f"There is no account '{name}'.", remedy="Look at the list of accounts.")

    def _make(self, connector: Connector, name: str | None) -> Account:
        rows = self._rows_of(connector.id)
        for row in rows:
            if name in (None, row.name):
                return self._of_row(connector, row)
        if name in (None, ENVIRONMENT) and self._environment.has(connector):
            return self._environment.get(connector)
        if name in (None, PRACTICE) and connector.practice is not None:
            address = {"practice": self._practice_url(), "studio": self.settings.studio_url}
            values = {field: text.format(**address) for field, text in connector.practice.items()}
            return connector.account.model_validate({"name": PRACTICE, "practice": True, **values})
        if name in (None, NONE) and (account := self._environment.without(connector)):
            return account
        if name is not None:
            raise AccountError(
                f"There is no {connector.title} account '{name}'"
                f"{nearest(name, [entry.name for entry in self._entries(connector)])}.",
                remedy="Connect it on the page Accounts, or let the step name another.",
            )
        names = " or ".join(setting_of(connector, field) for field in simple_fields(connector))
        raise AccountError(
            f"No {connector.title} account is connected.", remedy=f"Connect one on the page Accounts, or set {names}."
        )

    def _of_row(self, connector: Connector, row: SavedAccount) -> Account:
        values = self._values[row.sealed]
        if isinstance(values, VaultError):
            raise VaultError(f"{connector.title} account '{row.name}': {values.message}", remedy=values.remedy)
        try:
            return self._validated(connector, row.name, values)
        except InvalidInput as error:  # its fields are others since the connector was changed
            raise AccountError(
                f"The {connector.title} account '{row.name}' lacks something: {error.message}",
                remedy="Connect it again on the page Accounts.",
            ) from None

    def _validated(self, connector: Connector, name: str, values: Mapping[str, Any]) -> Account:
        """Raises `InvalidInput` in a sentence, which repeats no value: it may be a secret."""
        address, fixed = self._environment.address(connector), self._environment.administered(connector)
        given = {**address, **values, **fixed, "name": name, "practice": False}
        try:
            return connector.account.model_validate(given)
        except ValidationError as error:
            detail = error.errors(include_input=False, include_url=False, include_context=False)[0]
            field = str(detail["loc"][0]) if detail["loc"] else ""
            title = title_of(connector, field) if field else "account"
            if detail["type"] == "missing":
                raise InvalidInput(f"'{title}' is missing.", remedy="Fill it in.") from None
            if detail["type"] == "extra_forbidden":
                known = ", ".join(all_fields(connector))
                raise InvalidInput(
                    f"A {connector.title} account has no '{field}'.", remedy=f"It has: {known}."
                ) from None
            reason = detail["msg"].removeprefix("Value error, ").rstrip(".")
            raise InvalidInput(f"'{title}' is not right: {reason}.", remedy="Correct it.") from None

    def _opened(self, row: SavedAccount) -> dict[str, Any] | VaultError:
        known = self._values.get(row.sealed)
        if known is None or isinstance(known, VaultError):
            assert self._saved is not None
            try:
                known = self._saved.values(row)
            except VaultError as error:
                return error
            if connector := self.registry.connectors.get(row.connector):
                self._hide(connector, known)
        return known

    def _hide(self, connector: Connector, values: Mapping[str, Any]) -> None:
        """Whatever becomes of the account: its secrets stay hidden as long as this process lives. What lets everybody
        into the practice account is none."""
        public = set((connector.practice or {}).values())
        self._secrets |= {str(values[field]) for field in secret_fields(connector) if values.get(field)} - public


def _parts_of_setting(text: str) -> set[str]:
    """What is secret in a key or keys, or in the address of a database: its password."""
    if "://" in text:
        found = re.match(r"[^/]+://[^:/@]*:([^@]+)@", text)
        return {found[1]} if found else set()
    return {part.strip() for part in text.split(",")}


def _essence(row: SavedAccount) -> tuple[str, str, bool, str]:
    return row.connector, row.name, row.is_default, row.sealed
