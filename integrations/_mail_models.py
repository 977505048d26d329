"""What the actions of e-mail by IMAP are given, and what they give."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from integrations._fields import LONGEST_SEARCH, Id, Line
from integrations._mail_fields import AwaitedReply, Details, DraftLetter, Letter, Mail, Reply
from orchestrator.actions import Params, Result, field

_AGE = re.compile(r"(\d{1,4})\s*d(ays?)?", re.IGNORECASE)


def _day(value: str) -> str:
    text = value.strip()
    if text:
        day_of(text, date.today())
    return text


def day_of(text: str, today: date) -> date:
    """The day that "2026-11-30" or "7d", seven days ago, means. Raises `ValueError`."""
    if age := _AGE.fullmatch(text):
        return today - timedelta(days=int(age[1]))
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"'{text}' is no day: write it as 2026-11-30, or as 7d for the last seven days.") from None


Day = Annotated[str, AfterValidator(_day)]


class FoundMail(Mail):
    """One mail, with its text."""

    folder: str = field("Folder")


class Mails(Result):
    messages: list[FoundMail] = field("Mails", description="Newest first.")
    count: int = field("How many")


class WholeMail(Details, FoundMail):
    """One mail, with its text and all that a person may want to know of it."""

    flags: list[str] = field("Flags", examples=[["\\Seen", "\\Flagged"]])


class SentMail(Result):
    id: str = field("Id", description="That of the copy in the folder of sent mail.")
    to: str = field("To")
    subject: str = field("Subject")
    message_id: str = field("Message-ID")


class FiledMail(Result):
    id: str = field("Id", description="A mail has another one after it was moved.")
    folder: str = field("Folder")


def _folder_field(title: str, **more: Any) -> Any:
    return field(title, picker="email.folders", examples=["INBOX", "Invoices"], **more)


def _id_field() -> Any:
    return field("Mail id", min_length=1, description="As a search gave it.")


class SearchMessages(Params):
    """Find mail in a folder. Each mail comes with its text."""

    folder: Id = _folder_field("Folder", default="INBOX", min_length=1)
    unread: bool = field("Only unread mail", default=True)
    words: Line = field(
        "With the words", default="", description="All of them, anywhere in the mail.", max_length=LONGEST_SEARCH
    )
    sender: Line = field("From", default="", examples=["ana@example.com"], max_length=LONGEST_SEARCH)
    subject: Line = field("With these words in the subject", default="", max_length=LONGEST_SEARCH)
    since: Day = field("Since", default="", examples=["7d", "2026-11-30"], description="A day, or how many days back.")
    limit: int = field("At most", default=10, ge=1, le=50, description="How many mails, the newest first.")


class GetMessage(Params):
    """Read one mail, and save its attachments if asked."""

    id: Id = _id_field()
    save_attachments: bool = field(
        "Save the attachments", default=False, description="As files in the run's own folder, below 'attachments'."
    )


class SendMessage(Letter):
    """Send a mail. A copy is kept in the folder of sent mail."""


class ReplyMessage(Reply):
    """Answer a mail, in its conversation."""


class WaitForReply(AwaitedReply):
    """Wait until somebody answers a mail, and take the first answer. Give the step a deadline when it is not to wait
    for ever."""

    folder: Id = _folder_field("Folder", default="INBOX", min_length=1, description="Where the answer comes in.")


class CreateDraft(DraftLetter):
    """Write a mail, or the answer to one, as a draft that a person looks over and sends."""


class MoveMessage(Params):
    """Put a mail into a folder."""

    id: Id = _id_field()
    folder: Id = _folder_field("Into the folder", min_length=1)
    create: bool = field("Make the folder if there is none", default=False)
    keep: bool = field("Leave it where it is, too", default=False, expert=True)


class ArchiveMessage(Params):
    """Put a mail into the archive."""

    id: Id = _id_field()


class MarkMessage(Params):
    """Mark a mail."""

    id: Id = _id_field()
    state: Literal["read", "unread", "starred", "not starred"] = field("As", default="read")
