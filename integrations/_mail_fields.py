"""What mailboxes of every kind are asked for and answer: the fields that the connectors of mail share."""

from __future__ import annotations

from typing import Any

from integrations._fields import Id, Line, Path, Text
from integrations._mail_recipients import Addresses, Somebody
from orchestrator.actions import Call, NotYet, Params, Result, field

MOST_ATTACHED = 25_000_000
"""Bytes of all attachments of a mail that is sent.
Source: support.google.com/mail/answer/6584; other providers take 20 to 50 MB."""


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


def to_field(description: str = "Each address on a line of its own.", **more: Any) -> Any:
    return field("To", description=description, examples=[["ana@example.com", "Bo Lee <bo@example.com>"]], **more)


def cc_field() -> Any:
    return field("Copy to", default=[], expert=True)


def bcc_field() -> Any:
    return field("Hidden copy to", default=[], expert=True, description="The others do not see these addresses.")


def reply_to_field() -> Any:
    return field("Reply to", default=[], expert=True, description="Where answers go, if not to the sender.")


class Letter(Body):
    """A mail of one's own."""

    to: Somebody = to_field()
    subject: Line = field("Subject")
    cc: Addresses = cc_field()
    bcc: Addresses = bcc_field()
    reply_to: Addresses = reply_to_field()


class Reply(Body):
    """An answer to a mail."""

    id: Id = field("Mail id", min_length=1, description="The mail that is answered.")
    to: Addresses = to_field("Empty: whoever wrote the mail, or wherever it asks answers to go.", default=[])
    everyone: bool = field("Also to all others who got it", default=False)
    cc: Addresses = cc_field()
    bcc: Addresses = bcc_field()


class AwaitedReply(Params):
    """An answer that is waited for."""

    id: Id = field("Mail id", min_length=1, description="That of the mail whose answer is waited for.")


FIRST_WAIT, LONGEST_WAIT = 10.0, 300.0
"""Seconds between two looks for an answer: few at first, more later."""


def not_answered(call: Call) -> NotYet:
    return NotYet("Nobody has answered the mail yet.", again_in=min(LONGEST_WAIT, FIRST_WAIT * call.attempt))


class DraftLetter(Body):
    """A mail that a person finishes and sends."""

    to: Addresses = to_field(default=[])
    subject: Line = field("Subject", default="", description="Of an answer: empty takes that of the mail.")
    answers: Line = field("Answers the mail", default="", description="Its id. Empty: it is a mail of its own.")
    cc: Addresses = cc_field()
    bcc: Addresses = bcc_field()
    reply_to: Addresses = reply_to_field()
