"""Faults of the practice mail servers, those that a person switches on on the page *Practice* (`faults`): what the
commands of IMAP and SMTP, which have no requests and no status codes, make of them."""

from __future__ import annotations

from integrations.practice.faults import Fault, Faults
from integrations.practice.mail_folders import SERVICE
from integrations.practice.store import Store

ALWAYS = frozenset({"CAPABILITY", "LOGOUT"})
OF_LOGIN = frozenset({"LOGIN", "AUTHENTICATE", "AUTH", "NOOP"})
"""Commands that only a password that is not accepted spoils."""

WRITES = frozenset({"APPEND", "STORE", "COPY", "MOVE", "EXPUNGE", "CREATE", "DATA"})

REFUSED = {"limited": "[LIMIT] Too many requests", "failing": "[SERVERBUG] Internal error"}
"""What IMAP says that does nothing (RFC 5530)."""

NOT_NOW = {"limited": "451 4.7.1 Too many requests", "failing": "451 4.3.0 Internal error"}
"""The same of SMTP (RFC 5321, 4.2.2; RFC 3463)."""

INSTEAD = {
    "dropping": b"",
    "sign_in_page": b"HTTP/1.1 200 OK\r\n\r\n<html><body>Please sign in to this network</body></html>\r\n",
    "garbage": b"\x00\xff\xfe}{ no answer\r\n",
}
"""What is said in place of the answer to what was done, before the connection ends."""


class MailFaults:
    def __init__(self, store: Store) -> None:
        self._faults = Faults(store, (SERVICE,))

    def takes_no_password(self, command: str) -> bool:
        """Whether nobody is let in, and whoever is in is sent out."""
        return command not in ALWAYS and any(one.kind == "wrong_token" for one in self._faults.on()[SERVICE])

    def take(self, command: str) -> Fault | None:
        """What is to be done to this command."""
        if command in ALWAYS or command in OF_LOGIN:
            return None
        return self._faults.take(SERVICE, "POST" if command in WRITES else "GET", command)
