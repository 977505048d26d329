"""HTTP: any request to any service, for what has no connector of its own.

Through httpx, over connections that reach public addresses only, unless an account names others
(`_guarded_transport`). What the account keeps secret goes to the account's own address and nowhere else, whatever
address a step or a redirect names. HTTP knows no way to ask whether a request was already done, so `http.send` asks a
person when that is open, unless the step says that the service keeps repeated requests single
(draft-ietf-httpapi-idempotency-key-header).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from time import time
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator, model_validator

from integrations._kept import kept
from orchestrator.actions import (
    Account,
    AccountError,
    Call,
    Connector,
    EffectUnknown,
    Params,
    Plan,
    RateLimited,
    Result,
    SecretStr,
    ServiceError,
    Unavailable,
    field,
    placeholder,
)

if TYPE_CHECKING:
    import httpx

MAX_BODY = 10_000_000
"""Bytes of an answer, unpacked."""
REDIRECTS = 5
"""Redirects that are followed."""

KEPT = frozenset(
    {"accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type", "host",
     "transfer-encoding", "user-agent"}
)  # fmt: skip
"""Headers that go with a redirect to another address. Any other may hold a secret."""

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UPWARDS = re.compile(r"[/\\](\.|%2e){1,2}(?=[/\\]|%2f|%5c|$)|(%2f|%5c)(\.|%2e){2}", re.IGNORECASE)
"""Parts of a path that lead out of it (RFC 3986, 3.3), in every spelling that a server may read so."""
_OURS = frozenset({"connection", "content-length", "host", "transfer-encoding", "upgrade"})
_TEXTUAL = re.compile(r"text/|.*[/+](json|xml|yaml|x-yaml|javascript|csv|x-www-form-urlencoded)\b", re.IGNORECASE)


def _address(text: str) -> str:
    text = text.strip()
    if not text.startswith("/"):
        try:
            parts = urlsplit(text)
            is_address = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_address, parts = False, urlsplit("")
        if not is_address:
            raise ValueError(f"'{text[:100]}' is no address. It begins with https:// or http://, or with / for a path.")
        if parts.username is not None or parts.password is not None:
            raise ValueError("An address holds no password: what is in a step can be read. Put it into an account.")
    if any(ord(letter) < 33 or ord(letter) == 127 for letter in text):
        raise ValueError("An address holds no spaces or line breaks. Put variable parts into the query.")
    if _UPWARDS.search(text.partition("?")[0].partition("#")[0]):
        # A value that is filled in, such as "../users", would lead elsewhere with the account's secret.
        raise ValueError("An address holds no '..': a part that is filled in must not lead to another place.")
    return text


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not (value.isascii() and (value.isprintable() or not value)):
            raise ValueError(f"The header '{name[:100]}' has letters that a header may not have.")
        if name.lower() in _OURS:
            raise ValueError(f"The header '{name}' is set by itself: leave it out.")
    return headers


URL = Annotated[str, AfterValidator(_address)]
Headers = Annotated[dict[str, str], AfterValidator(_headers)]
Query = dict[str, str | int | float | bool | list[str | int | float | bool]]


class HttpAccount(Account):
    base_url: str = field(
        "Address",
        default="",
        description="Such as https://api.example.com/v1. The secret is sent there and nowhere else.",
        pattern=r"^(https?://[^/\s@]+[^\s@]*)?$",
    )
    auth: Literal["none", "bearer", "basic", "header"] = field("How one signs in", default="none")
    username: str = field("User name", default="", description="For 'basic'.")
    header: str = field("Header", default="X-API-Key", description="For 'header'.", pattern=f"^{_HEADER.pattern}$")
    secret: SecretStr = field("Token, key or password", default=SecretStr(""))
    allow_private: str = field(
        "Private addresses that are allowed",
        default="",
        description="Such as nas.local, 10.0.0.5:8080. A * allows all: also this machine and what a cloud tells it.",
        administered=True,
    )

    @model_validator(mode="after")
    def _is_complete(self) -> HttpAccount:
        if self.auth != "none" and not (self.base_url and self.secret.get_secret_value()):
            raise ValueError(f"to sign in by '{self.auth}' takes an address and a secret")
        secret = self.secret.get_secret_value()
        if not (secret + self.username).isprintable() or (self.auth != "basic" and not secret.isascii()):
            raise ValueError("the secret holds letters that cannot be sent")
        return self


http = Connector(
    "http",
    title="HTTP",
    icon=":material/public:",
    description="Any request to any service.",
    account=HttpAccount,
)


class Response(Result):
    status: int | str = field("Status", description="200 is fine, 404 not found, and so on.")
    url: str = field("Address", description="Where the answer came from, after redirects.")
    headers: dict[str, str] = field("Headers", description="Names in small letters.")
    text: str = field("Text", description="Empty when the answer is no text.")
    data: Any = field("Data", default=None, description="What the JSON of the answer says.")
    truncated: bool = field("Cut off", default=False, description="Whether the answer could not be read to its end.")


class Request(Params):
    """Read from an address: GET, or HEAD for the headers alone."""

    url: URL = field("Address", examples=["https://api.example.com/orders"])
    method: Literal["GET", "HEAD"] = field("Method", default="GET")
    query: Query = field("Query", default={}, description="Goes behind the ? of the address.")
    headers: Headers = field("Headers", default={}, description="No secrets: those belong into an account.")
    expect: Literal["anything", "json"] = field("Answer must be", default="anything")
    accept_errors: bool = field(
        "Go on after an error status",
        default=False,
        description="To look at a status such as 404.",
        expert=True,
    )


class Send(Params):
    """Send something to an address: POST, PUT, PATCH or DELETE."""

    url: URL = field("Address", examples=["https://api.example.com/orders"])
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = field("Method", default="POST")
    query: Query = field("Query", default={}, description="Goes behind the ? of the address.")
    headers: Headers = field("Headers", default={}, description="No secrets: those belong into an account.")
    data: Any = field("JSON to send", default=None, widget="json")
    form: dict[str, str | int | float | bool] = field("Form to send", default={})
    text: str = field("Text to send", default="", widget="multiline")
    repeatable: bool = field(
        "Sending twice does no harm",
        default=False,
        description="Yes where the service obeys the header Idempotency-Key, or doing it again changes nothing.",
    )

    @model_validator(mode="after")
    def _one_body(self) -> Send:
        if sum((self.data is not None, bool(self.form), bool(self.text))) > 1:
            raise ValueError("A request holds JSON, a form or text: give one of them.")
        return self


@http.action("Read from an address", effect="read", result=Response, timeout=30)
def request(p: Request, account: HttpAccount, call: Call) -> Response:
    made = _made(p.method, p.url, p.query, p.headers, account)
    return _exchange(made, account, call.timeout, p)


@http.action("Send to an address", effect="write", result=Response, timeout=30)
def send(p: Send, account: HttpAccount, call: Call) -> Response:
    body: dict[str, Any] = {}
    headers = {name.lower(): value for name, value in p.headers.items()}
    if p.data is not None:
        body["content"] = orjson.dumps(p.data)
        headers.setdefault("content-type", "application/json")
    elif p.form:
        body["data"] = p.form
    elif p.text:
        body["content"] = p.text.encode()
        headers.setdefault("content-type", "text/plain; charset=utf-8")
    headers.setdefault("idempotency-key", call.key)
    answer = _exchange(_made(p.method, p.url, p.query, headers, account, **body), account, call.timeout, p)
    call.log(f"{p.method} {answer.url}: status {answer.status}.")
    return answer


@send.preview
def _(p: Send, account: HttpAccount) -> Plan:
    url = _whole(p.url, account)
    signs_in = account.auth != "none" and _origin(url) == _origin(account.base_url)
    return Plan(
        summary=f"{p.method} {url}",
        request={
            "method": p.method,
            "url": url,
            "query": p.query,
            "headers": p.headers,
            "body": p.data if p.data is not None else p.form or p.text,
            "signs in as": account.name if signs_in else "nobody",
        },
        result=Response(
            status=placeholder("status"),
            url=url,
            headers={},
            text=placeholder("answer"),
            data=placeholder("answer as data"),
        ),
    )


@send.find
def _(p: Send, account: HttpAccount, call: Call) -> Response | None:
    if p.repeatable:
        return None
    raise EffectUnknown(
        f"Whether {p.method} {_whole(p.url, account)} was done cannot be asked.",
        remedy="Look at the service itself whether it was.",
    )


@http.check
def check(account: HttpAccount) -> str:
    if not account.base_url:
        return "nobody: the account has no address, and sends no secret"
    asked = _made("GET", account.base_url, {}, {}, account)
    answer = _exchange(asked, account, 15, Request(url=account.base_url, accept_errors=True))
    if answer.status in (401, 403, 407):
        raise AccountError(
            f"{answer.url} does not let the account '{account.name}' in: status {answer.status}.",
            remedy="Check how one signs in, and the secret.",
        )
    return f"{account.base_url} answers with status {answer.status}"


@kept
def _client(account: HttpAccount) -> httpx.Client:
    """One client an account, so that connections are used again. It keeps no cookies, which runs could share."""
    import httpx

    from integrations._addresses import hosts
    from integrations._guarded_transport import GuardedTransport

    return httpx.Client(
        transport=GuardedTransport(hosts(account.allow_private)),
        trust_env=False,
        timeout=30,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"user-agent": "Patchbay"},
    )


def _made(
    method: str, url: str, query: Query, headers: Mapping[str, str], account: HttpAccount, **body: Any
) -> httpx.Request:
    import httpx

    whole = _whole(url, account)
    own = {**headers, **_signature(account)} if _origin(whole) == _origin(account.base_url) else headers
    try:
        return _client(account).build_request(method, httpx.URL(whole).copy_merge_params(query), headers=own, **body)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ServiceError(f"'{whole}' is no address: {error}.", remedy="Correct the address of the step.") from error


def _signature(account: HttpAccount) -> dict[str, str]:
    """The header that says who we are."""
    secret = account.secret.get_secret_value()
    if account.auth == "bearer":
        return {"authorization": f"Bearer {secret}"}
    if account.auth == "basic":
        return {"authorization": "Basic " + b64encode(f"{account.username}:{secret}".encode()).decode()}
    return {account.header: secret} if account.auth == "header" else {}


def _whole(url: str, account: HttpAccount) -> str:
    if not url.startswith("/"):
        return url
    if not account.base_url:
        raise ServiceError(
            f"'{url}' is a path, and the account '{account.name}' has no address before it.",
            remedy="Write the whole address, or give the account one.",
        )
    return account.base_url.rstrip("/") + url


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme.lower())


def _exchange(asked: httpx.Request, account: HttpAccount, timeout: float, p: Request | Send) -> Response:
    """Send, follow redirects, read the answer. An error that can be retried leaves open whether a write was done."""
    import httpx

    from integrations._guarded_transport import within

    where, done = f"{asked.method} {asked.url}", False
    try:
        with within(timeout):
            for _ in range(REDIRECTS + 1):
                answer = _client(account).send(asked, stream=True)
                try:
                    if answer.next_request is None:
                        return _response(answer, p)
                finally:
                    answer.close()
                if isinstance(p, Send) and not done:
                    done = _is_done(asked, answer)
                asked = _followed(answer.next_request, asked)
        raise ServiceError(f"{where} is sent on more than {REDIRECTS} times.", remedy="Check the address.")
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        # Nothing went out: that is certain, and what is certain is not for a write to be asked about.
        kind = ServiceError if isinstance(p, Send) and not done else Unavailable
        raise kind(
            f"{where} cannot be reached: {error}.", remedy="Check the address and the network, then run it again."
        ) from error
    except httpx.UnsupportedProtocol as error:
        kind = Unavailable if done else ServiceError
        raise kind(f"{where} is sent on to what is no http: {asked.url}.", remedy="Check the address.") from error
    except httpx.TimeoutException as error:
        raise Unavailable(
            f"{where} was not answered within {timeout:g} seconds.",
            remedy="Try again later, or give the step a longer 'timeout'.",
        ) from error
    except httpx.HTTPError as error:
        raise Unavailable(f"{where} was not answered: {error}.", remedy="Try again in a few minutes.") from error
    except ServiceError as error:
        if done and not error.retryable:
            raise Unavailable(
                f"{where} was taken, but the answer is somewhere else and cannot be read: {error.message}",
                remedy="Look at the service itself.",
            ) from error
        raise


def _is_done(asked: httpx.Request, answer: httpx.Response) -> bool:
    """Whether a redirect says that a write was done and its answer is elsewhere (RFC 9110, 15.4). Raises
    `ServiceError` if it says to send it to another address: that is not what was approved."""
    assert answer.next_request is not None
    old, new = asked.url, answer.next_request.url
    # Servers that only speak https answer so, before anything looks at the request.
    to_https = old.scheme != new.scheme and (old.host, old.path) == (new.host, new.path)
    if answer.status_code == 303 or (answer.status_code == 302 and not to_https):
        return True
    if answer.status_code in (307, 308) and _origin(str(old)) == _origin(str(new)):
        return False
    raise ServiceError(
        f"{old} has moved to {new.copy_with(query=None)}: nothing was done.",
        remedy="Write the new address into the step.",
    )


def _followed(following: httpx.Request, before: httpx.Request) -> httpx.Request:
    if _origin(str(following.url)) != _origin(str(before.url)):
        for name in [name for name in following.headers if name.lower() not in KEPT]:
            del following.headers[name]
    return following


def _response(answer: httpx.Response, p: Request | Send) -> Response:
    """The answer as a result. What was written stays written, however broken the answer to it is."""
    writes = isinstance(p, Send)
    content, is_whole = _content(answer, in_part=writes or answer.is_error)
    if answer.status_code >= 400 and not (isinstance(p, Request) and p.accept_errors):
        raise _refusal(answer, content)
    kind = answer.headers.get("content-type", "")
    text = _text(content, answer)
    if text is None and not writes:
        raise ServiceError(
            f"{answer.url} answers with {kind.split(';')[0] or 'data'}, which is no text.",
            remedy="Ask for an address that answers with text or JSON.",
        )
    data, is_json = _json(text or "") if is_whole else (None, False)
    if isinstance(p, Request) and p.expect == "json" and not is_json:
        start = " ".join((text or "").split())[:120]
        raise ServiceError(
            f"{answer.url} answers with {kind.split(';')[0] or 'text'} and not with JSON: {start}",
            remedy="Check the address, and whether one has to sign in there.",
        )
    return Response(
        status=answer.status_code,
        url=str(answer.url),
        headers={name: value for name, value in answer.headers.items() if name != "set-cookie"},
        text=text or "",
        data=data,
        truncated=not is_whole,
    )


def _content(answer: httpx.Response, *, in_part: bool) -> tuple[bytes, bool]:
    """The body, and whether it is the whole one. With `in_part`, as much of it as can be had."""
    import httpx

    pieces, size = [], 0
    try:
        for piece in answer.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BODY:
                if in_part:
                    break
                raise ServiceError(
                    f"{answer.url} answers with more than {MAX_BODY // 1_000_000} MB.",
                    remedy="Ask for less: a page, a range or a filter, if the service has them.",
                )
    except httpx.HTTPError:
        if not in_part:
            raise
        return b"".join(pieces), False
    return b"".join(pieces)[:MAX_BODY], size <= MAX_BODY


def _text(content: bytes, answer: httpx.Response) -> str | None:
    """The text of a body, None where it is none."""
    kind = answer.headers.get("content-type", "")
    try:
        return content.decode(answer.charset_encoding or "utf-8")
    except (UnicodeDecodeError, LookupError):
        return content.decode("utf-8", errors="replace") if _TEXTUAL.match(kind) else None


def _json(text: str) -> tuple[Any, bool]:
    """What a JSON text says, and whether it is one."""
    try:
        return orjson.loads(text), True
    except orjson.JSONDecodeError:
        return None, False


def _refusal(answer: httpx.Response, content: bytes) -> ServiceError:
    status, where = answer.status_code, f"{answer.request.method} {answer.url}"
    said = " ".join((_text(content, answer) or "").split())[:300]
    message = f"{where} is answered with status {status}{f': {said}' if said else ''}"
    if status == 429:
        return RateLimited(message, remedy="Try again in a few minutes.", retry_after=_wait(answer))
    if status >= 500 or status == 408:
        return Unavailable(message, remedy="Try again in a few minutes.", retry_after=_wait(answer))
    if status in (401, 407):
        return AccountError(message, remedy="Check the account: its address, how one signs in, and the secret.")
    remedies = {
        403: "Check what the account may do there.",
        404: "Check the address.",
        405: "Check the method of the step.",
    }
    return ServiceError(message, remedy=remedies.get(status, "Change what the step sends."))


def _wait(answer: httpx.Response) -> float | None:
    """Seconds that `Retry-After` asks for: a number or a date (RFC 9110, 10.2.3)."""
    from email.utils import parsedate_to_datetime

    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time())
    except ValueError:
        return None
