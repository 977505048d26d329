"""What mailboxes of every kind are asked for and answer: the fields that the connectors of mail share."""

from __future__ import annotations

import re
from email.utils import getaddresses
from typing import Annotated, Any

from pydantic import AfterValidator

from orchestrator.actions import Call, NotYet, Params, Result, field, safe_path

MOST_ATTACHED = 25_000_000
"""Bytes of all attachments of a mail that is sent.
Source: support.google.com/mail/answer/6584; other providers take 20 to 50 MB."""


def _whole(value: str) -> str:
    if re.search("[\ud800-\udfff]", value):
        raise ValueError("This holds half of a character, which cannot be sent: write the text anew.")
    return value


def _one_line(value: str) -> str:
    """What is put into a header: a line break in it could add headers of its own."""
    line = _whole(value).strip()
    if len(line.splitlines()) > 1:
        raise ValueError("This must be a single line: take the line breaks out.")
    return line


def _address_list(value: str) -> str:
    line = _one_line(value)
    addresses = [address for _, address in getaddresses([line])] if line else []
    if not all(is_address(address) for address in addresses):
        raise ValueError(f"'{line}' is not an e-mail address, or several with commas between them.")
    return line


def is_address(text: str) -> bool:
    return text.isascii() and re.fullmatch(r"[^\s@,;<>]+@[^\s@,;<>]+", text) is not None


Text = Annotated[str, AfterValidator(_whole)]
Line = Annotated[str, AfterValidator(_one_line)]
Addresses = Annotated[str, AfterValidator(_address_list)]
Path = Annotated[str, AfterValidator(safe_path)]


class Attachment(Result):
    name: str = field("File name", description="As the sender wrote it.")
    mime: str = field("Type", examples=["application/pdf"])
    size: int = field("Size in bytes")
    path: str = field("File of the run", default="", description="Where it was saved; empty where it was not.")


class Mail(Result):
    """One mail, with its text."""

    id: str = field("Id")
    sender: str = field("From", description="The address.", examples=["ana@example.com"])
    sender_name: str = field("Sender's name", description="The address, where no name is given.")
    to: str = field("To")
    subject: str = field("Subject")
    date: str = field("Date", description="When it came in: ISO 8601, in UTC.")
    snippet: str = field("Beginning of the text")
    text: str = field("Text", description="The plain text. Of a mail that has only HTML, that made plain.")
    unread: bool = field("Unread")
    attachments: list[Attachment] = field("Attachments")


class Details(Result):
    """What else a person may want to know of a mail."""

    cc: str = field("Copy to")
    reply_to: str = field("Reply to")
    message_id: str = field("Message-ID", description="Its name among all mails of the world.")
    html: str = field("HTML", description="Made safe: no scripts, no forms, nothing that is fetched from elsewhere.")


class Body(Params):
    """What a mail says, whoever gets it."""

    body: Text = field("Text", widget="multiline")
    html: Text = field(
        "The same as HTML",
        default="",
        widget="code",
        expert=True,
        description="For those whose program shows formatted mail. Empty: the text alone is sent.",
    )
    attachments: list[Path] = field(
        "Attachments",
        default=[],
        description="Paths of files in the run's own folder.",
        examples=[["report.md"]],
        max_length=50,
    )


def to_field(**more: Any) -> Any:
    return field("To", description="Addresses, with commas between them.", **more)


def cc_field() -> Any:
    return field("Copy to", default="", expert=True)


def bcc_field() -> Any:
    return field("Hidden copy to", default="", expert=True, description="The others do not see these addresses.")


def reply_to_field() -> Any:
    return field("Reply to", default="", expert=True, description="Where answers go, if not to the sender.")


class Letter(Body):
    """A mail of one's own."""

    to: Addresses = to_field(min_length=1)
    subject: Line = field("Subject")
    cc: Addresses = cc_field()
    bcc: Addresses = bcc_field()
    reply_to: Addresses = reply_to_field()


class Reply(Body):
    """An answer to a mail."""

    id: Line = field("Mail id", min_length=1, description="The mail that is answered.")
    to: Addresses = field(
        "To", default="", description="Empty: whoever wrote the mail, or wherever it asks answers to go."
    )
    everyone: bool = field("Also to all others who got it", default=False)
    cc: Addresses = cc_field()
    bcc: Addresses = bcc_field()


class AwaitedReply(Params):
    """An answer that is waited for."""

    id: Line = field("Mail id", min_length=1, description="That of the mail whose answer is waited for.")


FIRST_WAIT, LONGEST_WAIT = 10.0, 300.0
"""Seconds between two looks for an answer: few at first, more later."""


def not_answered(call: Call) -> NotYet:
    return NotYet("Nobody has answered the mail yet.", again_in=min(LONGEST_WAIT, FIRST_WAIT * call.attempt))


class DraftLetter(Body):
    """A mail that a person finishes and sends."""

    to: Addresses = to_field(default="")
    subject: Line = field("Subject", default="", description="Of an answer: empty takes that of the mail.")
    answers: Line = field("Answers the mail", default="", description="Its id. Empty: it is a mail of its own.")
    cc: Addresses = cc_field()
    bcc: Addresses = bcc_field()
    reply_to: Addresses = reply_to_field()
