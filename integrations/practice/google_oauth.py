"""Practice sign-in of Google: the page that asks for consent, the tokens that come of it, and taking them back.

It knows one client, `CLIENT_ID` with `CLIENT_SECRET`, whose consent screen is in "testing": what was allowed ends
after seven days. Codes and tokens are kept as their hashes.

Sources: developers.google.com/identity/protocols/oauth2/web-server (authorize, token, revoke, and their errors),
developers.google.com/identity/protocols/oauth2#expiration (testing), RFC 7636 (PKCE),
developers.google.com/identity/openid-connect/openid-connect#obtaininguserprofileinformation (userinfo)
"""

from __future__ import annotations

import html
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.practice import TOKEN, is_from_elsewhere, with_body
from integrations.practice.store import Doc, Store

SERVICE = "google_oauth"
CLIENT_ID, CLIENT_SECRET = "practice.apps.googleusercontent.com", "GOCSPX-practice"
ADDRESS = "sam@lanternworks.example"

CODE, ACCESS, REFRESH = 600, 3599, 7 * 86400 - 1
"""Seconds that a code, an access token and, in "testing", a refresh token last."""

SCOPES = {
    "https://www.googleapis.com/auth/gmail.modify": "Read, compose and send emails from your Gmail account",
    "https://www.googleapis.com/auth/drive": "See, edit, create and delete all of your Google Drive files",
}
GMAIL, DRIVE = SCOPES

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Practice sign-in</title><style>body{{font:16px system-ui;max-width:26rem;margin:3rem auto;padding:0 1rem}}
button{{font:inherit;padding:.5rem 1.2rem;margin-right:.5rem}}label{{display:block;margin:.7rem 0}}</style>
<p>Practice sign-in, in place of Google's</p>{body}</html>"""


def routes(store: Store, studio_url: str) -> list[BaseRoute]:
    def post(path: str, handle: Callable[[Store, Doc], Doc]) -> BaseRoute:
        def endpoint(request: Request, body: bytes) -> Response:
            form = dict(parse_qsl(body.decode("utf-8", "replace"))) or dict(request.query_params)
            try:
                return JSONResponse(handle(store, form), headers={"Cache-Control": "no-store"})
            except _Refused as refused:
                said = {"error": refused.code, "error_description": refused.words}
                return JSONResponse(said, refused.status)

        return Route(path, with_body(endpoint), methods=["POST"])

    def userinfo(request: Request) -> Response:
        if _access(store, request.headers.get("authorization", "").removeprefix("Bearer ")) is None:
            return JSONResponse({"error": "invalid_request", "error_description": "Invalid Credentials"}, 401)
        return JSONResponse({"sub": "1084", "email": ADDRESS, "email_verified": True})

    return [
        Route("/o/oauth2/v2/auth", lambda request: _ask(request), methods=["GET"]),
        Route("/o/oauth2/v2/auth", with_body(lambda request, body: _answer(store, request, body)), methods=["POST"]),
        post("/token", _token),
        post("/revoke", _revoke),
        post("/tokeninfo", _tokeninfo),
        Route("/v1/userinfo", userinfo, methods=["GET"]),
    ]


def seed(store: Store) -> None:
    """There is nothing to begin with."""


def overview(store: Store) -> dict[str, object]:
    return {}


def refusal(store: Store, header: str | None, scope: str) -> int | None:
    """The status with which a service answers the header Authorization: None for the practice token or an access token
    for that scope, 403 for one that is for others, 401 for anything else."""
    if header == f"Bearer {TOKEN}":
        return None
    known = _access(store, header.removeprefix("Bearer ")) if header else None
    return 401 if known is None else None if scope in known["scope"].split() else 403


class _Refused(Exception):
    def __init__(self, code: str, words: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.words, self.status = code, words, status


# --- the page


def _ask(request: Request) -> Response:
    asked = request.query_params
    if refused := _mistake(asked):
        return refused
    boxes = "".join(
        f'<label><input type="checkbox" name="scope" value="{html.escape(name)}" checked> '
        f"{html.escape(SCOPES[name])}</label>"
        for name in asked["scope"].split()
    )
    body = (
        f"<h1>Patchbay wants access to your account</h1><p>{ADDRESS}</p><form method=post>{boxes}"
        "<p><button name=answer value=allow>Allow</button><button name=answer value=cancel>Cancel</button></form>"
    )
    return HTMLResponse(_PAGE.format(body=body))


def _mistake(asked: QueryParams) -> Response | None:
    """Google tells a person about what cannot be told to the program that asks."""
    if asked.get("client_id") != CLIENT_ID:
        return _error(401, "invalid_client", "The OAuth client was not found.")
    back = urlsplit(asked.get("redirect_uri", ""))
    if back.scheme not in ("http", "https") or not back.hostname or back.fragment:
        return _error(400, "redirect_uri_mismatch", "The redirect URI of this request is not one of the client's.")
    if back.scheme == "http" and back.hostname not in ("127.0.0.1", "localhost", "::1"):
        return _error(400, "redirect_uri_mismatch", "A redirect URI without https is one of this machine.")
    unknown = [name for name in asked.get("scope", "").split() if name not in SCOPES]
    if unknown or not asked.get("scope"):
        return _error(400, "invalid_scope", f"Some requested scopes were invalid: {unknown}")
    if asked.get("response_type") != "code" or asked.get("code_challenge_method", "S256") != "S256":
        return _error(400, "invalid_request", "Only response_type=code and code_challenge_method=S256 are known here.")
    return None


def _error(status: int, code: str, words: str) -> Response:
    text = f"<h1>Access blocked: Authorization Error</h1><p>{html.escape(words)}</p><p>Error {status}: {code}</p>"
    return HTMLResponse(_PAGE.format(body=text), status)


def _answer(store: Store, request: Request, body: bytes) -> Response:
    asked = request.query_params
    if refused := _mistake(asked):
        return refused
    if is_from_elsewhere(request):
        return _error(403, "access_denied", "Another web site may not press this button.")
    said = parse_qsl(body.decode("utf-8", "replace"))
    granted = [value for name, value in said if name == "scope" and value in asked["scope"].split()]
    if dict(said).get("answer") != "allow" or not granted:
        return _back(asked, {"error": "access_denied"})
    code = f"4/0A{secrets.token_urlsafe(32)}"
    _keep(store, "code", code, CODE, asked=dict(asked), scope=" ".join(granted))
    return _back(asked, {"code": code, "scope": " ".join(granted)})


def _back(asked: QueryParams, said: dict[str, str]) -> Response:
    state = {"state": asked["state"]} if "state" in asked else {}
    mark = "&" if urlsplit(asked["redirect_uri"]).query else "?"
    return RedirectResponse(f"{asked['redirect_uri']}{mark}{urlencode({**state, **said})}", 303)


# --- tokens


def _token(store: Store, form: Doc) -> Doc:
    if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
        raise _Refused("invalid_client", "The provided client secret is invalid.", 401)
    if form.get("grant_type") == "refresh_token":
        known = _known(store, "refresh", str(form.get("refresh_token", "")))
        if known is None:
            raise _Refused("invalid_grant", "Token has been expired or revoked.")
        return _new_access(store, known["scope"], known["id"])
    if form.get("grant_type") != "authorization_code":
        raise _Refused("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
    with store.transaction():
        known = _known(store, "code", str(form.get("code", "")))
        if known is None:
            raise _Refused("invalid_grant", "Malformed auth code.")
        store.delete(SERVICE, "code", known["id"])  # it can be tried once
    asked = known["asked"]
    if form.get("redirect_uri") != asked["redirect_uri"]:
        raise _Refused("redirect_uri_mismatch", "Bad Request")
    if "code_challenge" in asked and _challenge(str(form.get("code_verifier", ""))) != asked["code_challenge"]:
        raise _Refused("invalid_grant", "Invalid code verifier.")
    if asked.get("access_type") != "offline":
        return _new_access(store, known["scope"], "")
    refresh = f"1//0{secrets.token_urlsafe(48)}"
    id = _keep(store, "refresh", refresh, REFRESH, scope=known["scope"])
    return {
        **_new_access(store, known["scope"], id),
        "refresh_token": refresh,
        "refresh_token_expires_in": REFRESH,
    }


def _new_access(store: Store, scope: str, refresh: str) -> Doc:
    token = f"ya29.{secrets.token_urlsafe(64)}"
    _keep(store, "access", token, ACCESS, scope=scope, refresh=refresh)
    return {"access_token": token, "expires_in": ACCESS, "scope": scope, "token_type": "Bearer"}


def _revoke(store: Store, form: Doc) -> Doc:
    """Takes back an access or a refresh token, and all that belongs to it."""
    token = str(form.get("token", ""))
    known = _access(store, token)
    id = known["refresh"] if known else _hash(token)
    if store.get(SERVICE, "refresh", id) is None and known is None:
        raise _Refused("invalid_token", "Token expired or revoked")
    store.delete(SERVICE, "refresh", id)
    store.delete(SERVICE, "access", _hash(token))
    for one in store.all(SERVICE, "access"):
        if id and one["refresh"] == id:
            store.delete(SERVICE, "access", one["id"])
    return {}


def _tokeninfo(store: Store, form: Doc) -> Doc:
    known = _access(store, str(form.get("access_token", "")))
    if known is None:
        raise _Refused("invalid_token", "Invalid Value")
    ends = int(known["until"])
    return {
        "azp": CLIENT_ID,
        "aud": CLIENT_ID,
        "scope": known["scope"],
        "exp": str(ends),
        "expires_in": str(max(0, ends - int(time.time()))),
        "access_type": "offline" if known["refresh"] else "online",
    }


def _access(store: Store, token: str) -> Doc | None:
    return _known(store, "access", token)


def _keep(store: Store, kind: str, secret: str, lasts: int, **doc: object) -> str:
    id = _hash(secret)
    store.put(SERVICE, kind, id, {**doc, "id": id, "until": time.time() + lasts})
    return id


def _known(store: Store, kind: str, secret: str) -> Doc | None:
    doc = store.get(SERVICE, kind, _hash(secret))
    return doc if doc is not None and doc["until"] > time.time() else None


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
