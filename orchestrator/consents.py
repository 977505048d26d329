"""Connecting an account in the browser: what was begun, and what came of it when the browser came back.

What is begun lives in the memory of this process, for ten minutes: it holds the secret of the client and the verifier
of PKCE (RFC 7636). The `state` that goes around with the browser is random and serves once (RFC 6749, section 10.12).
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator import masking
from orchestrator.account_fields import secret_fields
from orchestrator.accounts import Accounts
from orchestrator.actions import Connector, Consent
from orchestrator.errors import AccountError, InvalidInput, NotFound, PatchbayError, ServiceError
from orchestrator.settings import account_values

CALLBACK = "/api/consent"
"""Where the browser comes back to, on the studio's own server."""

LASTS = 600.0
"""Seconds that a person may take on the page of the service."""

MOST = 100
"""Consents that may be under way at once; the oldest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Begun:
    """`link` is where the person is asked; `state` tells this consent from others."""

    link: str
    state: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a consent. `said` is a sentence for the person; `works` says whether the account does."""

    connector: str
    name: str
    works: bool
    said: str


@dataclass(frozen=True, slots=True)
class _Pending:
    connector: Connector
    consent: Consent
    name: str
    client: Mapping[str, str]
    redirect: str
    verifier: str
    is_new: bool
    default: bool
    until: float


class Consents:
    """Thread-safe."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._lock = threading.Lock()
        self._pending: dict[str, _Pending] = {}
        self._ended: dict[str, Ended] = {}
        self._secrets: set[str] = set()

    def begin(
        self,
        connector_id: str,
        name: str,
        values: Mapping[str, Any],
        redirect: str,
        *,
        is_new: bool = True,
        default: bool = False,
    ) -> Begun:
        """Where to send a person to connect an account, or, not `is_new`, to reconnect the one of that name. `values`
        are the fields that say who asks (`Consent.client`); those that are left out are what the account has, or what
        the environment says. `redirect` is the address that the browser comes back to. Raises `InvalidInput` or
        `NotFound`."""
        connector = self._accounts.registry.connector(connector_id)
        consent = connector.consent
        if consent is None:
            raise NotFound(f"{connector.title} is not connected in the browser.", remedy="Fill in the form.")
        before: Mapping[str, Any] = {}
        if is_new:
            self._accounts.ensure_free(connector_id, name)
        else:
            before = self._accounts.kept(connector_id, name)
        given = {field: str(value).strip() for field, value in values.items() if str(value).strip()}
        fields = [*consent.client, consent.address]
        known = {**account_values(consent.id, fields), **before, **given}
        client = {field: str(known[field]) for field in fields if known.get(field)}
        self._hide(connector, client)
        for field in consent.client:
            if field not in client:
                title = connector.account.model_fields[field].title
                raise InvalidInput(f"'{title}' is missing.", remedy="Fill it in.")
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        pending = _Pending(
            connector, consent, name, client, redirect, verifier, is_new, default, time.monotonic() + LASTS
        )
        with self._lock:
            self._pending[state] = pending
            for kept in (self._pending, self._ended):
                while len(kept) > MOST:
                    del kept[next(iter(kept))]
        return Begun(consent.link(client, redirect, state, verifier), state)

    def end(self, state: str, code: str, error: str) -> Ended:
        """The browser came back with a `code`, or with an `error` of the service. Connects the account and tests it.
        Raises `NotFound` for a state that was not begun here, or is over."""
        with self._lock:
            pending = self._pending.pop(state, None)
        if pending is None or pending.until < time.monotonic():
            raise NotFound(
                "This sign-in is over, or was not begun here.", remedy="Begin again on the page Accounts of the studio."
            )
        try:
            ended = self._connect(pending, code, error)
        except PatchbayError as problem:
            ended = Ended(pending.connector.id, pending.name, False, str(problem))
        with self._lock:
            self._ended[state] = ended
        return ended

    def can_take_back(self, connector_id: str, name: str) -> bool:
        """Whether what a person allowed for an account can be taken back at the service, and nothing else ends by that:
        the service does it for all that the same client was allowed."""
        return not self._why_not(connector_id, name)

    def remove(self, connector_id: str, name: str) -> None:
        """Forget an account, and take back at the service what was allowed. Raises `NotFound`, `InvalidInput` where it
        cannot be taken back (`can_take_back`), and then nothing is done; and `ServiceError` where the service could not
        be told: the account is forgotten all the same."""
        values = self._accounts.kept(connector_id, name)
        if why := self._why_not(connector_id, name):
            raise InvalidInput(why, remedy="Remove the account without that.")
        consent = self._accounts.registry.connector(connector_id).consent
        assert consent is not None
        failure: ServiceError | None = None
        try:
            consent.take_back(values)
        except ServiceError as error:
            failure = error
        self._accounts.remove(connector_id, name)
        if failure is not None:
            message = f"'{name}' is removed here, but {consent.title} still allows it. {failure.message}"
            raise ServiceError(message, remedy=failure.remedy) from failure

    def _why_not(self, connector_id: str, name: str) -> str:
        """Why access cannot be taken back; "" where it can."""
        registry, values = self._accounts.registry, self._accounts.kept(connector_id, name)
        consent = registry.connector(connector_id).consent
        if consent is None or not consent.holds(values):
            return f"'{name}' was not allowed in the browser: there is nothing to take back."
        for entry in self._accounts.list():
            other = registry.connector(entry.connector)
            if entry.source != "saved" or (entry.connector, entry.name) == (connector_id, name):
                continue
            if other.consent is None or other.consent.id != consent.id:
                continue
            theirs = self._accounts.kept(entry.connector, entry.name)
            same = all(theirs.get(field) == values.get(field) for field in consent.client)
            if not theirs or (same and other.consent.holds(theirs)):
                return (
                    f"The {other.title} account '{entry.name}' may be of the same consent, and its access ends with it."
                )
        return ""

    def ended(self, state: str) -> Ended | None:
        """What came of it. None: nothing yet."""
        return self._ended.get(state)

    def _connect(self, pending: _Pending, code: str, error: str) -> Ended:
        connector, name, title = pending.connector, pending.name, pending.consent.title
        if error or not code:
            said = "you did not allow it" if error == "access_denied" else f"it said: {error or 'nothing'}"
            raise AccountError(f"{title} gave no access: {said}.", remedy="Nothing was changed. Begin again.")
        grant = pending.consent.grant(pending.client, pending.redirect, code, pending.verifier)
        if pending.is_new:
            self._accounts.add(connector.id, name, grant.values, default=pending.default, expires_at=grant.expires)
        else:
            before = self._accounts.kept(connector.id, name)
            values = {**before, **grant.values}
            self._accounts.change(connector.id, name, values, expires_at=grant.expires)
        if connector.check_function is None:
            return Ended(connector.id, name, True, f"'{name}' is connected.")
        try:
            said = self._accounts.test(connector.id, name)
        except PatchbayError as problem:
            return Ended(connector.id, name, False, f"'{name}' is saved, but its test failed: {problem}")
        return Ended(connector.id, name, True, f"'{name}' works: {said}")

    def _hide(self, connector: Connector, client: Mapping[str, str]) -> None:
        """Before it is kept anywhere, it is sent: an answer may repeat it."""
        self._secrets |= {client[field] for field in secret_fields(connector) if field in client}
        masking.know(self, self._secrets)
