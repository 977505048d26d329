"""Signing in to Google: consent in the browser, and access tokens that are fetched anew before they end.

Sources: developers.google.com/identity/protocols/oauth2/web-server,
developers.google.com/identity/protocols/oauth2/native-app, developers.google.com/identity/protocols/oauth2#expiration
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from orchestrator.actions import Account, AccountError, Grant, SecretStr, ServiceError, Unavailable, field, hide

TIMEOUT = 20.0
"""Seconds that the exchange of a code may take."""

SCOPES = "https://www.googleapis.com/auth/"
"""How the names of all scopes begin."""


class GoogleAccount(Account):
    """How one is let in at Google: by what a person allowed in the browser (a refresh token, with the client that it
    was given to), or by an access token alone, which ends after an hour."""

    client_id: str = field("Client id", default="", examples=["1234-abcd.apps.googleusercontent.com"], expert=True)
    client_secret: SecretStr = field("Client secret", default=SecretStr(""), expert=True)
    refresh_token: SecretStr = field(
        "Refresh token", default=SecretStr(""), description="Google gives it when you allow access.", expert=True
    )
    token: SecretStr = field(
        "Access token", default=SecretStr(""), description="In place of all these. It ends after an hour.", expert=True
    )
    oauth_base_url: str = field(
        "Address of the sign-in",
        default="",
        description="Empty: Google's own.",
        expert=True,
        pattern=r"^(https?://\S+)?$",
    )

    @property
    def is_signed_in(self) -> bool:
        """Whether it says how one is let in at all."""
        whole = self.client_id and self.client_secret.get_secret_value() and self.refresh_token.get_secret_value()
        return bool(self.token.get_secret_value() or whole)


@dataclass(frozen=True)
class _Places:
    """Google keeps the parts of its sign-in on two hosts; another server has both under one address."""

    page: str
    token: str
    info: str
    revoke: str

    @classmethod
    def of(cls, base_url: str) -> _Places:
        base = base_url.rstrip("/")
        return cls(
            page=f"{base or 'https://accounts.google.com'}/o/oauth2/v2/auth",
            token=f"{base or 'https://oauth2.googleapis.com'}/token",
            info=f"{base or 'https://oauth2.googleapis.com'}/tokeninfo",
            revoke=f"{base or 'https://oauth2.googleapis.com'}/revoke",
        )


@dataclass(frozen=True)
class GoogleConsent:
    """Asks for `scopes`: their names, and what each allows in plain words."""

    scopes: Mapping[str, str]
    id: str = "google"
    title: str = "Google"
    help: str = (
        "Google wants to know which program asks. Make one there once: console.cloud.google.com, APIs & Services, "
        "Credentials, Create credentials, OAuth client ID, kind Web application. Give it the address below as its "
        "redirect URI, and copy what it shows you."
    )
    client: tuple[str, ...] = ("client_id", "client_secret")
    address: str = "oauth_base_url"

    def link(self, client: Mapping[str, str], redirect: str, state: str, verifier: str) -> str:
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": client["client_id"],
            "redirect_uri": redirect,
            "response_type": "code",
            "scope": " ".join(SCOPES + name for name in self.scopes),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "access_type": "offline",  # or there is no refresh token
            "prompt": "consent",  # or there is none the second time
        }
        return f"{_Places.of(client.get('oauth_base_url', '')).page}?{urlencode(asked)}"

    def grant(self, client: Mapping[str, str], redirect: str, code: str, verifier: str) -> Grant:
        import httpx2

        place = _Places.of(client.get("oauth_base_url", "")).token
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client["client_id"],
            "client_secret": client["client_secret"],
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        try:
            reply = httpx2.post(place, data=form, timeout=TIMEOUT, follow_redirects=False)
            said = reply.json()
        except httpx2.HTTPError as error:
            raise Unavailable(
                f"Google's sign-in cannot be reached at {place}: {str(error) or type(error).__name__}.",
                remedy="Check the network, then begin again.",
            ) from error
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise Unavailable(f"What answers at {place} is not Google's sign-in.", remedy="Check the address.")
        if reply.status_code != 200 or "access_token" not in said:
            raise _refused(said)
        if "refresh_token" not in said:
            raise AccountError(
                "Google gave access for an hour only.",
                remedy="Begin again, and if it stays, remove Patchbay at myaccount.google.com/permissions before.",
            )
        self.check_scopes(str(said.get("scope", "")).split())
        lasts = said.get("refresh_token_expires_in")  # seven days while the client's consent screen is in "testing"
        expires = time.time() + float(lasts) if lasts else None
        return Grant({**client, "refresh_token": said["refresh_token"]}, expires)

    def holds(self, values: Mapping[str, str]) -> bool:
        return bool(values.get("refresh_token"))

    def take_back(self, values: Mapping[str, str]) -> None:
        """Source: developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke"""
        import httpx2

        by_hand = "Take it back by hand: remove Patchbay at myaccount.google.com/permissions."
        place = _Places.of(values.get("oauth_base_url", "")).revoke
        try:
            reply = httpx2.post(place, data={"token": values["refresh_token"]}, timeout=TIMEOUT, follow_redirects=False)
        except httpx2.HTTPError as error:
            raise Unavailable(
                f"Google's sign-in cannot be reached at {place}: {str(error) or type(error).__name__}.", remedy=by_hand
            ) from error
        if reply.status_code == 200:
            return
        try:
            code = str(reply.json()["error"])
        except (ValueError, LookupError, TypeError):
            code = f"status {reply.status_code}"
        if code != "invalid_token":  # else it has ended before
            raise ServiceError(f"Google did not take it back: {code}.", remedy=by_hand)

    def check_scopes(self, granted: list[str]) -> None:
        """Raises `AccountError` that says what is missing: on Google's page each right can be left out."""
        missing = [what for name, what in self.scopes.items() if SCOPES + name not in granted]
        if missing:
            raise AccountError(
                f"Google was not allowed to let Patchbay {' and '.join(missing)}.",
                remedy="Connect it again, and tick every box on Google's page.",
            )

    def check(self, account: GoogleAccount, http: Any) -> None:
        """Raises `AccountError` where the account lacks a right. `http` is a connection of it. Nothing is asked about
        an access token that somebody brought along: it may be of another server.

        Source: developers.google.com/identity/protocols/oauth2/openid-connect#validatinganidtoken (tokeninfo)"""
        if not account.refresh_token.get_secret_value():
            return
        import httpx2
        from google_auth_httplib2 import Request

        if not http.credentials.valid:
            http.credentials.refresh(Request(http.http))
        place = _Places.of(account.oauth_base_url).info
        try:
            said = httpx2.post(place, data={"access_token": http.credentials.token}, timeout=TIMEOUT)
            granted = str(said.json()["scope"]).split() if said.status_code == 200 else None
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"Google's sign-in cannot be asked at {place}.", remedy="Try again later.") from error
        if granted is not None:
            self.check_scopes(granted)


def credentials(account: GoogleAccount) -> Any:
    """Google's own credentials of the account, kept, so that an access token serves for its hour."""
    token = account.token.get_secret_value().strip()
    if account.refresh_token.get_secret_value():
        return _kept(account)
    if not (token and token.isascii() and token.isprintable()):
        raise not_accepted("Google", account.name)  # it could not even be put into a request
    from google.oauth2.credentials import Credentials

    return Credentials(token)


@lru_cache(maxsize=256)
def _kept(account: GoogleAccount) -> Any:
    return _credentials_class()(
        None,
        refresh_token=account.refresh_token.get_secret_value(),
        token_uri=_Places.of(account.oauth_base_url).token,
        client_id=account.client_id,
        client_secret=account.client_secret.get_secret_value(),
    )


@cache
def _credentials_class() -> Callable[..., Any]:
    """Google's own, whose access tokens are kept secret too."""
    from google.oauth2.credentials import Credentials

    class Hidden(Credentials):
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            self._refreshing = Lock()

        def refresh(self, request: Any) -> None:
            before = self.token
            with self._refreshing:
                if self.token == before:  # else another thread has just fetched one
                    super().refresh(request)
                    hide(self, str(self.token))

    return Hidden


def refusal(service: str, account: GoogleAccount, error: Any) -> ServiceError:
    """What it means that no access token could be had. `error` is google-auth's RefreshError."""
    if not account.refresh_token.get_secret_value():
        return not_accepted(service, account.name)  # a 401, since a bare token cannot be refreshed
    said = error.args[1] if len(error.args) > 1 else None
    if error.retryable or not isinstance(said, Mapping):
        place = _Places.of(account.oauth_base_url).token
        return Unavailable(f"Google's sign-in at {place} fails at the moment.", remedy="Try again later.")
    return _refused(said, account.name)


def not_accepted(service: str, account: str) -> AccountError:
    return AccountError(
        f"{service} does not accept the token of the account '{account}'.", remedy=f"Reconnect '{account}'."
    )


def _refused(said: Mapping[str, Any], account: str | None = None) -> AccountError:
    """Source: developers.google.com/identity/protocols/oauth2/web-server#authorization-errors"""
    code, words = str(said.get("error")), str(said.get("error_description") or "").rstrip(".")
    if code == "invalid_grant" and account:
        return AccountError(
            f"Google does not let the account '{account}' in any more: access was taken back, or has expired.",
            remedy=f"Reconnect '{account}'.",
        )
    known = {
        "invalid_grant": ("Google does not know this code any more", "Begin again."),
        "invalid_client": ("Google does not know this client id with this client secret", "Copy both again."),
        "unauthorized_client": ("Google does not let this client ask", "Make one of the kind Web application."),
        "redirect_uri_mismatch": ("The client at Google has another redirect URI", "Add ours there."),
    }
    what, remedy = known.get(code, (f"Google refused: {code}{f' ({words})' if words else ''}", "Begin again."))
    return AccountError(f"{what}.", remedy=remedy)
