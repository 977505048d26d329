"""Why a mail server cannot be reached, or does not let one in: one sentence, and what to do."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from integrations._mail_servers import Server, app_password
from orchestrator.actions import AccountError, ServiceError, Unavailable

_SAID = re.compile(r"""(?:[\w ]+(?:error|failed): )?(?:NO |BAD )?\[?b?['"](.*)['"]\]?""", re.DOTALL)


_NOT_NOW = ("[unavailable]", "[serverbug]", "[inuse]", "[limit]", "try again", "too many")
"""Part of what is said to a login that may well be right (RFC 5530)."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in. `account` is the name of the account, for errors."""

    account: str
    user: str
    password: str = field(repr=False)


@contextmanager
def connecting(protocol: str, server: Server) -> Iterator[None]:
    """Raises what goes wrong on the way to a server as an error of ours."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise ServiceError(
            f"The certificate of {server.host} is not to be trusted: {error.verify_message.rstrip('.')}.",
            remedy="Check the name of the server. If it is right, whoever runs it has to mend its certificate.",
        ) from error
    except ssl.SSLError as error:
        raise ServiceError(
            f"{server} does not speak {protocol} over an encrypted connection in this way.",
            remedy="Check the port and the security: 'ssl' mostly goes with 993 and 465, 'starttls' with 143 and 587.",
        ) from error
    except socket.gaierror as error:
        raise Unavailable(
            f"The mail server '{server.host}' is not found.", remedy="Check its name, and the network."
        ) from error
    except TimeoutError as error:
        raise Unavailable(
            f"The mail server {server} does not answer in time.", remedy="Check the port, or try again later."
        ) from error
    except OSError as error:
        raise Unavailable(
            f"The mail server {server} cannot be reached: {error.strerror or error}.",
            remedy="Check the server and the port, and the network.",
        ) from error


def in_words(error: Exception) -> str:
    """What a server said, without what Python's library puts around it."""
    text = str(error)
    if found := _SAID.fullmatch(text):
        text = found[1]
    return " ".join(text.split()).rstrip(".")[:300]


def login_refused(said: str, server: Server, login: Login) -> AccountError | Unavailable:
    """Why a login failed."""
    small = said.lower()
    if any(hint in small for hint in _NOT_NOW):
        return Unavailable(f"The mail server {server} lets nobody in now: {said}.", remedy="Wait a little.")
    where = app_password(server)
    if "basicauth" in small or "basic authentication" in small:
        return AccountError(
            f"{server.host} takes no passwords any more: {said}.",
            remedy="Ask who runs the mailbox to allow passwords for programs, or use a mailbox that does.",
        )
    wants_own = where or any(hint in small for hint in ("application-specific", "app password", "webalert", "5.7.9"))
    if wants_own:
        return AccountError(
            f"{server.host} does not let '{login.account}' in as {login.user}: {said}.",
            remedy="It wants a password made for this program, not that of the web page: make one at "
            f"{where or 'the security settings of your provider'}, and reconnect '{login.account}' with it.",
        )
    return AccountError(
        f"{server.host} does not accept the user or the password of '{login.account}': {said}.",
        remedy=f"Reconnect '{login.account}'. Some providers want a password made for this one program.",
    )
