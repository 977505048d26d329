"""GitHub's API as PyGithub speaks it, for one attempt at one action.

PyGithub keeps one connection object for all threads and writes each request into it before it sends it: two threads
that meet there send one of the two requests twice. It also asks again without the query where a repository was
renamed, and takes no time limit for a single call. So every attempt has a `Wire` of its own, which gives PyGithub a
fresh connection for each request; what they share is the account's pool of open sockets.
"""

from __future__ import annotations

import atexit
import http.cookiejar
import os
from collections.abc import ItemsView
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests
from github import Auth, Consts
from github.AuthenticatedUser import AuthenticatedUser
from github.GithubObject import GithubObject
from github.PaginatedList import PaginatedList
from github.Repository import Repository
from github.Requester import Requester
from requests.utils import get_environ_proxies

from integrations._github.connector import GitHubAccount
from integrations._kept import kept
from integrations._last_look import looking_adapter

SOCKETS = 64
"""Open connections that an account keeps for later: more than the actions that run at the same time."""
CONNECT_TIMEOUT = 10.0
"""Seconds until an address that does not answer at all is given up."""
CHUNK = 65_536


class Moved(Exception):
    """An answer that sends on to another address. Nothing was read or written."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class NoTimeLeft(Exception):
    """The attempt's time is over."""


class NotGitHub(Exception):
    """An answer that is no JSON."""


class Wire(Requester):
    """The requester that PyGithub's objects are made with. `seconds` is how long the attempt may take in all."""

    def __init__(self, account: GitHubAccount, seconds: float) -> None:
        base_url = account.base_url.rstrip("/")
        # Retrying and slowing down are the engine's: PyGithub's own would sleep inside a step, unseen.
        super().__init__(
            auth=None if account.is_nobody else Auth.Token(account.token.get_secret_value()),
            base_url=base_url,
            timeout=max(1, round(seconds)),
            user_agent=Consts.DEFAULT_USER_AGENT,
            per_page=100,
            verify=True,
            retry=None,
            pool_size=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(base_url))
        self._pool = _pool(account)
        self._deadline = monotonic() + seconds

    def requestJson(self, verb: str, url: str, *args: Any, **kwargs: Any) -> tuple[int, dict[str, Any], str]:  # noqa: N802
        parameters, headers, body, elsewhere = (*args, None, None, None, None)[:4]
        if elsewhere is not None:
            raise Moved(url)
        connection = _Connection(self._pool, self._origin, self._deadline)
        status, answered, text = super().requestJson(verb, url, parameters, headers, body, connection)  # type: ignore[arg-type]
        if text and text.lstrip()[:1] not in ("{", "[") and status < 500:
            raise NotGitHub(text[:100])
        return status, answered, text

    def repository(self, name: str) -> Repository:
        """A repository that is not asked for before something of it is needed."""
        return Repository(self, url=f"/repos/{name}")

    def user(self) -> AuthenticatedUser:
        return AuthenticatedUser(self, url="/user")

    def search(self, kind: type[GithubObject], what: str, query: str, headers: dict[str, str] | None = None) -> Any:
        return PaginatedList(kind, self, f"/search/{what}", {"q": query}, headers=headers)


class _Connection:
    """One request, in the shape that PyGithub expects of a connection."""

    def __init__(self, pool: requests.Session, origin: str, deadline: float) -> None:
        self.host = origin
        self._pool = pool
        self._deadline = deadline
        self._request: tuple[str, str, Any, dict[str, str]] = ("", "", None, {})

    def request(self, verb: str, url: str, input: Any, headers: dict[str, str], stream: bool = False) -> None:
        self._request = verb, url, input, headers

    def getresponse(self) -> _Answer:
        verb, url, body, headers = self._request
        left = self._left()
        answer = self._pool.request(
            verb,
            f"{self.host}{url}",
            data=body,
            headers=headers,
            timeout=(min(left, CONNECT_TIMEOUT), left),
            allow_redirects=False,
            stream=True,
        )
        with answer:
            if answer.is_redirect:
                raise Moved(answer.headers["location"])
            return _Answer(answer.status_code, answer.headers, self._read(answer))

    def _read(self, answer: requests.Response) -> str:
        """The body. A server that sends a byte now and then does not keep us longer than the time that is left."""
        parts: list[bytes] = []
        while part := answer.raw.read1(CHUNK, decode_content=True):
            parts.append(part)
            self._left()
        return b"".join(parts).decode("utf-8")

    def _left(self) -> float:
        left = self._deadline - monotonic()
        if left <= 0:
            raise NoTimeLeft
        return left


class _Answer:
    """An answer, in the shape that PyGithub expects."""

    def __init__(self, status: int, headers: Any, text: str) -> None:
        self.status = status
        self._headers = headers
        self._text = text

    def getheaders(self) -> ItemsView[str, str]:
        return self._headers.items()

    def read(self) -> str:
        return self._text


@kept
def _pool(account: GitHubAccount) -> requests.Session:
    """One pool an account, so that its connections are used again."""
    session = requests.Session()
    # What requests would look up again for every request: the proxies and certificates that the environment names.
    session.proxies.update(get_environ_proxies(account.base_url))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.trust_env = False  # neither does it look for a password in the user's .netrc
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, looking_adapter()(pool_connections=1, pool_maxsize=SOCKETS, max_retries=0))
    atexit.register(session.close)
    return session
