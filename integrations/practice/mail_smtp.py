"""A small SMTP server over the practice mailbox. What goes to its owner lies in the inbox; all else goes nowhere.

Sources: RFC 5321 (SMTP), 6409 (submission), 4954 (AUTH), 3463 (codes)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from integrations.practice import TOKEN, mail_box
from integrations.practice.mail_faults import INSTEAD, NOT_NOW, MailFaults
from integrations.practice.store import Store

LARGEST = 35_000_000
"""Bytes of a mail."""


def protocol(
    store: Store, loop: asyncio.AbstractEventLoop, keep: Callable[[asyncio.Transport], None]
) -> asyncio.Protocol:
    """The server's side of one connection, which is handed to `keep` once it is there."""
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

    logging.getLogger("mail.log").setLevel(logging.ERROR)  # it warns of what its own code does at every login

    faults = MailFaults(store)

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        address = mail_box.profile(store)["address"].encode()
        fits = isinstance(given, LoginPassword) and (given.login.lower(), given.password) == (address, TOKEN.encode())
        fits = fits and not faults.takes_no_password("AUTH")
        return AuthResult(success=fits, handled=False, auth_data=given.login if fits else None)

    class Kept(SMTP):
        def connection_made(self, transport: Any) -> None:
            keep(transport)
            super().connection_made(transport)

    return Kept(
        _Receiver(store, faults),
        data_size_limit=LARGEST,
        hostname="mail.practice.example",
        ident="Practice mail",
        auth_require_tls=False,
        authenticator=authenticate,
        loop=loop,
    )


class _Receiver:
    """What is done with a mail. The names are those that aiosmtpd calls."""

    def __init__(self, store: Store, faults: MailFaults) -> None:
        self._store = store
        self._faults = faults

    async def handle_NOOP(self, server: Any, session: Any, envelope: Any, arg: Any) -> str:  # noqa: N802
        if self._faults.takes_no_password("NOOP") and session.authenticated:
            return "421 4.7.0 The password is not accepted any more"
        return "250 2.0.0 OK"

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        if address.lower() != mail_box.profile(self._store)["address"]:
            return "553 5.7.1 Sender address is not yours"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address.lower().endswith("@nowhere.invalid"):
            return "550 5.1.2 There is no such domain"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        fault = self._faults.take("DATA")
        if fault and fault.kind in NOT_NOW:
            return NOT_NOW[fault.kind]
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        mine = mail_box.profile(self._store)["address"]
        if any(address.lower() == mine for address in envelope.rcpt_tos):
            now = datetime.now(UTC)
            content = mail_box.completed(self._store, envelope.content, now)
            mail_box.deliver(self._store, content, ["INBOX", "UNREAD"], now)
        if fault and fault.kind != "slow":
            # SMTP cannot say that it did what it says it did not: it goes silent, as one that fails in between does.
            server.transport.write(INSTEAD.get(fault.kind, b""))
            server.transport.close()
        return "250 2.0.0 OK: taken"
