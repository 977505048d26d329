"""Talking to GitHub: what goes wrong becomes one of our errors, with the account and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from integrations._github.connector import GitHubAccount
from orchestrator.actions import AccountError, Call, RateLimited, ServiceError, Unavailable

if TYPE_CHECKING:
    from github.GithubException import GithubException

    from integrations._github.wire import Wire

CHECK_SECONDS = 20.0
"""How long a list for a form, or the test of an account, may take."""
SECONDARY_WAIT = 60.0
"""Seconds to wait where GitHub slows us down and does not say for how long. Source: docs.github.com/en/rest/
using-the-rest-api/rate-limits-for-the-rest-api, "Exceeding the rate limit"."""

_BY_ID = re.compile(r"/repositories/\d+")


@contextmanager
def talking(
    account: GitHubAccount, about: str = "it", call: Call | None = None, seconds: float = CHECK_SECONDS
) -> Iterator[Wire]:
    """GitHub for as long as a call may take, or for so many seconds where there is none. What goes wrong inside is told
    of what it is `about`."""
    from github.GithubException import BadAttributeException, GithubException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    from integrations._github.wire import Moved, NotGitHub, NoTimeLeft, Wire

    seconds = call.timeout if call else seconds
    wire = Wire(account, seconds)
    try:
        yield wire
    except GithubException as error:
        raise refusal(error, account, about) from error
    except Moved as error:
        raise _moved(wire, error.location, account, about) from error
    except NoTimeLeft as error:
        raise Unavailable(
            f"GitHub did not finish within {seconds:g} seconds, asked {_by(account)}.",
            remedy="Try again, or give the step a longer 'timeout'.",
        ) from error
    except (RequestException, HTTPError) as error:
        raise Unavailable(
            f"GitHub cannot be reached at {account.base_url}, asked {_by(account)}.",
            remedy="Check the network connection, then try again.",
        ) from error
    except (
        # What PyGithub raises over an answer of another shape, or an address of another host in it.
        AssertionError,
        AttributeError,
        BadAttributeException,
        KeyError,
        NotGitHub,
        TypeError,
        ValueError,
    ) as error:
        # Whether a write got through is open then: as when nothing answers at all.
        raise Unavailable(
            f"What answers at {account.base_url} is not GitHub.",
            remedy=f"Check the network, and the address that is asked {_by(account)}.",
        ) from error


def refusal(error: GithubException, account: GitHubAccount, about: str) -> ServiceError:
    """GitHub's no. Source: docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    message = said(error)
    if account.is_nobody and (refused := _refused_to_nobody(error.status, about, message, headers)):
        return refused
    if error.status == 401:
        return AccountError(
            f"GitHub does not accept the token of the account '{account.name}'.",
            remedy=f"Reconnect the account '{account.name}'.",
        )
    if _is_too_much(error.status, message, headers):
        wait = _wait(headers)
        return RateLimited(
            f"GitHub asks the account '{account.name}' to slow down: {message}",
            remedy=f"Try again in {max(1, round(wait / 60))} min: the limit counts all that this account does.",
            retry_after=wait,
        )
    if error.status >= 500:
        return Unavailable(f"GitHub is failing (status {error.status}).", remedy="Try again in a few minutes.")
    if error.status == 404:
        return ServiceError(
            f"GitHub does not find {about}: {message}",
            remedy=f"Check the name, and that the account '{account.name}' may see it.",
        )
    if error.status == 403:
        return _forbidden(message, headers, account)
    if error.status == 409 and "is empty" in message:
        remedy = "Commit a first file to it with 'Commit a file', then run the step again."
    elif error.status == 409:
        remedy = "Somebody changed it at the same time: run the step again."
    else:
        remedy = "Change what the step sends."
    return ServiceError(f"GitHub says: {message}", remedy=remedy)


def _is_too_much(status: int, message: str, headers: dict[str, str]) -> bool:
    is_used_up = status == 403 and headers.get("x-ratelimit-remaining") == "0"
    is_secondary = status == 403 and ("retry-after" in headers or "rate limit" in message.lower())
    return status == 429 or is_used_up or is_secondary


def _refused_to_nobody(status: int, about: str, message: str, headers: dict[str, str]) -> ServiceError | None:
    """The no that an account may help against."""
    if _is_too_much(status, message, headers):
        wait = _wait(headers)
        return RateLimited(
            f"GitHub lets who has no account ask only so often: {message}",
            remedy=f"Choose an account that is connected, or try again in {max(1, round(wait / 60))} min.",
            retry_after=wait,
        )
    if status in (401, 403, 404):
        return ServiceError(
            f"GitHub does not show {about} to everybody: {message}",
            remedy="Check the name. If it is private, connect an account that may see it, and choose that.",
        )
    return None


def _by(account: GitHubAccount) -> str:
    return "without an account" if account.is_nobody else f"with the account '{account.name}'"


def _forbidden(message: str, headers: dict[str, str], account: GitHubAccount) -> ServiceError:
    """A right is missing. Classic tokens have scopes, fine-grained ones permissions, organisations single sign-on."""
    sign_on = headers.get("x-github-sso", "").partition("url=")[2]
    if sign_on:
        return ServiceError(
            f"The organisation lets the account '{account.name}' in only after single sign-on: {message}",
            remedy=f"Open {sign_on} and authorise the token of the account '{account.name}'.",
        )
    if "archived" in message.lower():
        return ServiceError(f"GitHub says: {message}", remedy="Unarchive the repository, or choose another one.")
    wanted = headers.get("x-accepted-github-permissions") or headers.get("x-accepted-oauth-scopes")
    right = f"the right '{wanted.strip()}'" if wanted else "the right to do this"
    return ServiceError(
        f"GitHub says to the account '{account.name}': {message}",
        remedy=f"Give the token of the account '{account.name}' {right}, at github.com/settings/tokens.",
    )


def said(error: GithubException) -> str:
    """GitHub's message, with what it says about single fields."""
    data: Any = error.data if isinstance(error.data, dict) else {}
    message = str(data.get("message") or f"status {error.status}")
    details = [
        str(item.get("message") or f"{item.get('field')} {item.get('code')}")
        for item in data.get("errors") or []
        if isinstance(item, dict)
    ]
    return f"{message} ({', '.join(details)})" if details else message


def _wait(headers: dict[str, str]) -> float:
    """Seconds until GitHub wants to be asked again."""
    if headers.get("retry-after", "").isdigit():
        return float(headers["retry-after"])
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - datetime.now(UTC).timestamp())
    return SECONDARY_WAIT


def _moved(wire: Wire, location: str, account: GitHubAccount, about: str) -> ServiceError:
    """A repository of another name now, or an address that sends on to elsewhere, where our token does not go.

    Source: docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api, "Follow redirects".
    """
    if path := by_id(location, account):
        return ServiceError(
            f"The repository was renamed or moved since the step was made: {about} is in {_name(wire, path)} now.",
            remedy=f"Choose the new name in the step; the account '{account.name}' was used.",
        )
    target = urlsplit(location).netloc or "another page"
    return Unavailable(
        f"What answers at {account.base_url} sends us on to {target}: it is not GitHub.",
        remedy=f"Check the network, and the address that is asked {_by(account)}.",
    )


def by_id(location: str, account: GitHubAccount) -> str | None:
    """Where the answer to an old name of a repository leads; None for an address that is not of this GitHub."""
    target = urlsplit(location)
    found = _BY_ID.search(target.path)
    return found[0] if found and target.netloc in ("", urlsplit(account.base_url).netloc) else None


def _name(wire: Wire, path: str) -> str:
    """What a repository is called, "another repository" where GitHub does not tell."""
    from github.GithubException import GithubException
    from requests.exceptions import RequestException

    from integrations._github.wire import Moved, NotGitHub, NoTimeLeft

    try:
        _, answer = wire.requestJsonAndCheck("GET", path)
    except (GithubException, RequestException, Moved, NoTimeLeft, NotGitHub):
        return "another repository"
    return str(answer.get("full_name") or "another repository")
