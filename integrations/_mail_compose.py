"""A mail as it is sent, marked so that an earlier attempt at sending it can be found again.

Sources: RFC 5322 (headers; 3.6.4 for those of an answer), RFC 2045-2049 (MIME)
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import getaddresses
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from integrations import _run_folder
from integrations._mail_fields import MOST_ATTACHED
from integrations._mail_recipients import is_address, listed, mailbox
from integrations._mail_text import decoded
from orchestrator.actions import ServiceError, placeholder

KEY_HEADER = "X-Patchbay-Key"
"""Marks what we sent. A service may put a Message-ID of its own in place of ours; other headers it keeps."""

MOST_REFERENCES = 800
"""Characters of the names of earlier mails in an answer: the oldest are left out."""


class _AsItIs(EmailPolicy):
    """Takes what is put into a header for text. Python decodes what looks like "=?utf-8?q?...?=" and writes what it
    says: a subject from outside could add lines and recipients of its own."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        return super().header_store_parse(name, str(value).replace("=?", "= ?"))


# Long lines, since some programs take a folded Message-ID for none; and ASCII alone, which every server takes.
_POLICY = _AsItIs(linesep="\r\n", max_line_length=900, cte_type="7bit")


class Written(Protocol):
    """What was filled in for a mail."""

    @property
    def body(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def cc(self) -> Sequence[str]: ...
    @property
    def bcc(self) -> Sequence[str]: ...
    @property
    def attachments(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Answered:
    """The mail that is answered: its headers, by small name, and whether we wrote it ourselves."""

    headers: dict[str, str]
    is_own: bool = False

    @property
    def subject(self) -> str:
        subject = decoded(self.headers.get("subject", "")).strip()
        return subject if re.match(r"(?i)re\s*:", subject) else f"Re: {subject}".strip()

    @property
    def message_id(self) -> str:
        return " ".join(self.headers.get("message-id", "").split())

    @property
    def references(self) -> str:
        """What In-Reply-To names and the names before it (RFC 5322, 3.6.4)."""
        names = f"{self.headers.get('references') or self.headers.get('in-reply-to', '')} {self.message_id}".split()
        while len(" ".join(names)) > MOST_REFERENCES and len(names) > 2:
            del names[1]
        return " ".join(names)

    def writer(self) -> list[str]:
        """Where an answer goes: to whom the mail asks for, else to its writer; of a mail of our own, to its reader."""
        wanted = ("to",) if self.is_own else ("reply-to", "from")
        for name in wanted:
            if found := _listed(self.headers.get(name, "")):
                return list(found.values())
        raise ServiceError("The mail does not say whom to answer.", remedy="Fill in 'To'.")

    def others(self, but: Sequence[str]) -> list[str]:
        """All who got the mail too, without those in `but`."""
        left = {address.lower() for _, address in getaddresses(but)}
        found = _listed(self.headers.get("to", "")) | _listed(self.headers.get("cc", ""))
        return [one for address, one in found.items() if address not in left]


def _listed(header: str) -> dict[str, str]:
    """The mailboxes of a header as they are written into another, by their small address."""
    return {
        address.lower(): mailbox(decoded(name), address)
        for name, address in getaddresses([" ".join(header.splitlines())])
        if is_address(address)
    }


def compose(
    p: Written,
    key: str,
    *,
    to: Sequence[str],
    subject: str,
    cc: Sequence[str] = (),
    reply_to: Sequence[str] = (),
    answered: Answered | None = None,
    files: Sequence[tuple[str, bytes]] = (),
) -> EmailMessage:
    """The mail, without From and Date. `files` are names and contents of attachments."""
    message = EmailMessage(policy=_POLICY)
    for header, recipients in (("To", to), ("Cc", [*p.cc, *cc]), ("Bcc", p.bcc), ("Reply-To", reply_to)):
        if recipients:
            message[header] = ", ".join(recipients)
    message["Subject"] = subject
    message["Message-ID"] = message_id(key)
    message[KEY_HEADER] = digest(key)
    if answered and answered.message_id:
        message["In-Reply-To"] = answered.message_id
        message["References"] = answered.references
    message.set_content(p.body)
    if p.html:
        message.add_alternative(p.html, subtype="html")
    for name, content in files:
        kind, _, subtype = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
        if kind in {"message", "multipart"}:  # a mail that was saved would be taken apart
            kind, subtype = "application", "octet-stream"
        message.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
    return message


def letter(
    p: Written, sender: str, *, to: Sequence[str], subject: str, reply_to: Sequence[str] = (), answers: str = ""
) -> dict[str, object]:
    """A mail as a person reads it before it goes out."""
    shown: dict[str, object] = {
        "from": sender,
        "to": listed(to),
        "cc": listed(p.cc),
        "bcc": listed(p.bcc),
        "reply_to": listed(reply_to),
        "answers": answers,
        "subject": subject,
        "body": p.body,
        "html": p.html,
        "attachments": list(p.attachments),
    }
    return {name: value for name, value in shown.items() if value or name in {"to", "subject", "body"}}


def whoever_wrote_it() -> list[str]:
    """Stands in a preview for the address of an answer, which only the mail itself tells."""
    return [placeholder("whoever wrote the mail")]


def their_subject() -> str:
    return f"Re: {placeholder('the subject of the mail')}"


def attached(folder: Path, paths: Sequence[str], service: str) -> list[tuple[str, bytes]]:
    """Names and contents of the files that go with a mail. Raises `ServiceError`."""
    found: list[tuple[str, Path]] = []
    for path in paths:
        file = _run_folder.place(folder, path)
        if not file.is_file():
            raise ServiceError(
                f"The run's folder has no file '{path}' to attach.", remedy="Check the path, upper and lower case too."
            )
        found.append((path.rpartition("/")[2], file))
    total = sum(file.stat().st_size for _, file in found)
    if total > MOST_ATTACHED:
        what = "The attachment has" if len(found) == 1 else "The attachments have together"
        raise ServiceError(
            f"{what} {total / 1_000_000:.1f} MB, and {service} takes at most {MOST_ATTACHED // 1_000_000} MB.",
            remedy="Put the file where others can fetch it, such as on a drive, and send a link to it.",
        )
    return [(name, file.read_bytes()) for name, file in found]


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:32]


def message_id(key: str) -> str:
    return f"<{digest(key)}@patchbay.local>"
