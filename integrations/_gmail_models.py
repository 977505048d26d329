"""What the actions of Gmail are given, and what they give."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from integrations._fields import LONGEST_SEARCH, Id, Line, Text
from integrations._mail_fields import AwaitedReply, Details, DraftLetter, Letter, Mail, Reply
from orchestrator.actions import Params, Result, field


class MessageSummary(Mail):
    """One mail, with its text."""

    thread_id: str = field("Thread id")
    url: str = field("Link")


class Messages(Result):
    messages: list[MessageSummary] = field("Mails", description="Newest first.")
    count: int = field("How many")


class FullMessage(Details, MessageSummary):
    """One mail, with its text and all that a person may want to know of it."""

    labels: list[str] = field("Labels", examples=[["INBOX", "UNREAD"]])


class SentMessage(Result):
    id: str = field("Id")
    thread_id: str = field("Thread id")
    to: str = field("To")
    subject: str = field("Subject")
    url: str = field("Link")


class Draft(SentMessage):
    """A mail that waits to be sent by a person."""

    draft_id: str = field("Draft id", description="Empty once the draft was sent.")


class FiledMessage(Result):
    """A mail after its labels were changed."""

    id: str = field("Id")
    labels: list[str] = field("Labels", examples=[["INBOX", "Invoices"]])
    url: str = field("Link")


class SearchMessages(Params):
    """Find mail with a Gmail search. Each mail comes with its text."""

    query: Text = field(
        "Search",
        default="is:unread",
        description="As in Gmail's own search box. Empty means all mail.",
        max_length=LONGEST_SEARCH,
        examples=["is:unread newer_than:7d", "from:ana@example.com has:attachment"],
    )
    limit: int = field("At most", default=10, ge=1, le=50, description="How many mails, the newest first.")


def _id_field() -> Any:
    return field("Mail id", min_length=1, examples=["18c2f0a1b2c3d4e5"])


class GetMessage(Params):
    """Read one mail, and save its attachments if asked."""

    id: Id = _id_field()
    save_attachments: bool = field(
        "Save the attachments", default=False, description="As files in the run's own folder, below 'attachments'."
    )


class SendMessage(Letter):
    """Send a mail."""


class ReplyMessage(Reply):
    """Answer a mail, in its conversation."""


class WaitForReply(AwaitedReply):
    """Wait until somebody answers a mail, and take the first answer. Give the step a deadline when it is not to wait
    for ever."""


class CreateDraft(DraftLetter):
    """Write a mail, or the answer to one, as a draft that a person looks over and sends."""


class LabelMessage(Params):
    """Put labels on a mail, or take them off."""

    id: Id = _id_field()
    add: list[Line] = field("Put on", default=[], picker="gmail.labels", examples=[["Invoices"]])
    remove: list[Line] = field("Take off", default=[], picker="gmail.labels", examples=[["INBOX"]])
    create: bool = field("Make labels that do not exist", default=False)

    @model_validator(mode="after")
    def _something(self) -> LabelMessage:
        if not any(self.add + self.remove):
            raise ValueError("Name a label to put on or to take off.")
        return self


class ArchiveMessage(Params):
    """Take a mail out of the inbox. It stays in *All mail*."""

    id: Id = _id_field()


class MarkMessage(Params):
    """Mark a mail as read or unread."""

    id: Id = _id_field()
    state: Literal["read", "unread"] = field("As", default="read")
