"""Sending by SMTP, all or nothing: a mail goes to everybody that it is for, or to nobody.

Sources: RFC 5321 (SMTP), RFC 4954 (AUTH), RFC 1870 (SIZE)
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from integrations._last_look import looking
from integrations._mail_connecting import Login, connecting, login_refused
from integrations._mail_idle import Idle
from integrations._mail_servers import Server
from orchestrator.actions import ServiceError, Unavailable

HELLO = "[127.0.0.1]"
"""How we greet. Left alone, Python looks the name of this computer up, which can take half a minute."""


ASKED = 5.0
"""Seconds in which a server says that it is still there."""


class Unsure(Unavailable):
    """The connection broke while the mail went out: it may have been sent, or not."""


class Outbox:
    """A connection that is logged in."""

    def __init__(self, smtp: smtplib.SMTP, server: Server) -> None:
        self._smtp, self._server = smtp, server

    def ensure_fits(self, size: int) -> None:
        """Raises `ServiceError` where the server says that it takes no mail of so many bytes."""
        most = self._smtp.esmtp_features.get("size", "")
        if most.isdecimal() and 0 < int(most) < size:
            raise ServiceError(
                f"The mail has {size / 1_000_000:.1f} MB as it is sent, and {self._server.host} takes at most "
                f"{int(most) / 1_000_000:.1f} MB.",
                remedy="Put the attachment where others can fetch it, and send a link to it.",
            )

    def send(self, sender: str, recipients: Sequence[str], content: bytes) -> None:
        """Raises `Unsure` where it may have been sent; with any other error it was not."""
        with connecting("SMTP", self._server):
            try:
                self._ensure(self._smtp.mail(sender, [f"size={len(content)}"] * self._smtp.has_extn("size")), sender)
                for recipient in recipients:
                    self._ensure(self._smtp.rcpt(recipient), recipient)
                self._ensure(self._smtp.docmd("DATA"), sender, wanted=354)
            except smtplib.SMTPServerDisconnected as error:
                raise Unavailable(f"The mail server {self._server} hung up.", remedy="Try again later.") from error
        try:
            self._smtp.send(_lines(content))
            answer = self._smtp.getreply()
            if answer[0] < 200:  # no answer of SMTP: somebody else speaks
                raise smtplib.SMTPServerDisconnected
        except (OSError, smtplib.SMTPException) as error:
            raise Unsure(
                f"The mail server {self._server} did not say whether it took the mail.",
                remedy="It is looked for before it is sent again.",
            ) from error
        self._ensure(answer, sender)

    def _ensure(self, answer: tuple[int, bytes], about: str, wanted: int = 250) -> None:
        code, said = answer
        if code != wanted and not (wanted == 250 and code == 251):
            _refuse(code, said, self._server, about)


def _is_well(smtp: smtplib.SMTP) -> bool:
    assert smtp.sock is not None
    smtp.sock.settimeout(ASKED)
    return smtp.noop()[0] == 250


_idle: Idle[smtplib.SMTP] = Idle(_is_well, part=smtplib.SMTP.quit, hang_up=smtplib.SMTP.close)


@contextmanager
def opened(server: Server, login: Login, timeout: float) -> Iterator[Outbox]:
    """A connection to send by. `timeout` is in seconds, for one answer."""
    waited = _idle.take((server, login))
    with connecting("SMTP", server):
        smtp = waited or _connected(server, timeout)
    try:
        with connecting("SMTP", server):
            if waited is None:
                _log_in(smtp, server, login)
            assert smtp.sock is not None
            smtp.sock.settimeout(timeout)
        yield Outbox(smtp, server)
    except BaseException:
        smtp.close()  # a server that is silent is not waited for once more
        raise
    _idle.give((server, login), smtp)


def _connected(server: Server, timeout: float) -> smtplib.SMTP:
    try:
        if server.security == "ssl":
            context = ssl.create_default_context()
            return looking(smtplib.SMTP_SSL)(server.host, server.port, HELLO, timeout=timeout, context=context)
        return looking(smtplib.SMTP)(server.host, server.port, HELLO, timeout=timeout)
    except smtplib.SMTPConnectError as error:
        _refuse(error.smtp_code, error.smtp_error, server, "the connection")
    except smtplib.SMTPServerDisconnected as error:
        raise Unavailable(f"The mail server {server} hung up.", remedy="Check the port and the security.") from error


def _log_in(smtp: smtplib.SMTP, server: Server, login: Login) -> None:
    try:
        if server.security == "starttls":
            smtp.starttls(context=ssl.create_default_context())
        smtp.login(login.user, login.password)
    except smtplib.SMTPAuthenticationError as error:
        raise login_refused(_words(error.smtp_error, error.smtp_code), server, login) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ServiceError(
            f"{server} offers no {'encryption' if 'STARTTLS' in str(error) else 'login'} on this port.",
            remedy="Check the port and the security of the server for sending.",
        ) from error
    except smtplib.SMTPServerDisconnected as error:
        raise Unavailable(f"The mail server {server} hung up.", remedy="Try again later.") from error
    except smtplib.SMTPResponseException as error:
        _refuse(error.smtp_code, error.smtp_error, server, "the login")
    except UnicodeEncodeError:
        raise ServiceError(
            f"The mail server {server} takes no such letters in a password.",
            remedy="Use a password of plain letters and digits.",
        ) from None


def _refuse(code: int, said: bytes | str, server: Server, about: str) -> NoReturn:
    """Raise what an answer means. 4xx is for now, 5xx for good (RFC 5321, 4.2.1)."""
    words = _words(said, code)
    if code < 200:
        raise Unavailable(f"What answers at {server} does not speak SMTP: {words[:100]}.", remedy="Check the network.")
    if 400 <= code < 500:
        raise Unavailable(f"{server.host} does not take the mail now ({about}): {words}.", remedy="Try again later.")
    remedy = "Check the address." if "@" in about else "Check the account."
    if code == 552 or "quota" in words.lower() or "too large" in words.lower():
        remedy = "A mailbox is full, or the mail is too large: send less, or later."
    raise ServiceError(f"{server.host} refused the mail ({about}): {words}.", remedy=remedy)


def _words(said: bytes | str, code: int) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}".rstrip(". ")[:300]


def _lines(content: bytes) -> bytes:
    """A mail as DATA wants it: a dot at the beginning of a line is doubled, and a line with one dot ends it."""
    text = b"\r\n".join(content.replace(b"\r\n", b"\n").split(b"\n"))
    stuffed = text.replace(b"\r\n.", b"\r\n..")
    stuffed = b"." + stuffed if stuffed.startswith(b".") else stuffed
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")
