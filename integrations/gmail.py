"""Gmail: search, read, send, answer, draft and file mail, through Google's own client.

Source: developers.google.com/workspace/gmail/api/reference/rest/v1
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import model_validator

from integrations import _google_http, _mail_files, _mail_text
from integrations._gmail_mailbox import Doc, Mailbox, came_in, is_called, parts, readable, texts
from integrations._gmail_models import (
    ArchiveMessage,
    CreateDraft,
    Draft,
    FiledMessage,
    FullMessage,
    GetMessage,
    LabelMessage,
    MarkMessage,
    Messages,
    MessageSummary,
    ReplyMessage,
    SearchMessages,
    SendMessage,
    SentMessage,
    WaitForReply,
)
from integrations._google_oauth import GoogleAccount, GoogleConsent
from integrations._mail_compose import Answered, attached, compose, letter, their_subject, whoever_wrote_it
from integrations._mail_fields import Attachment, not_answered
from integrations._mail_recipients import in_a_line
from orchestrator.actions import Call, Connector, Plan, ServiceError, field, placeholder, safe_names

_ANSWERED = ("From", "To", "Cc", "Reply-To", "Subject", "Message-ID", "References", "In-Reply-To")
_REMEDIES = {404: "Check the mail's id: the mail may have been deleted.", 413: "Send fewer or smaller attachments."}


class GmailAccount(GoogleAccount):
    """A mailbox. `studio_url` is set for the practice account alone, whose mail is looked at in the studio."""

    address: str = field("Mail address", default="", description="Shown as the sender before a mail goes out.")
    base_url: str = field("Address of the API", default="https://gmail.googleapis.com", expert=True)
    studio_url: str = ""

    @model_validator(mode="after")
    def _signs_in(self) -> GmailAccount:
        if not self.is_signed_in:
            raise ValueError("sign in to Google, or give an access token")
        return self


CONSENT = GoogleConsent({"gmail.modify": "read, write, send and file mail"})

gmail = Connector(
    "gmail",
    title="Gmail",
    icon=":material/mail:",
    description="Search, read, send, answer and file mail.",
    account=GmailAccount,
    consent=CONSENT,
    practice={
        "base_url": "{practice}/gmail",
        "token": "practice",
        "address": "sam@lanternworks.example",
        "studio_url": "{studio}",
    },
)


@gmail.action("Search mail", effect="read", result=Messages)
def search_messages(p: SearchMessages, account: GmailAccount, call: Call) -> Messages:
    with _mailbox(account, call) as mailbox:
        found: list[MessageSummary] = []
        for id in mailbox.list_ids(p.limit, q=p.query):
            if message := mailbox.get_if_there(id, format="full"):
                found.append(MessageSummary(**_summary(message, account)))
    call.log(f"Found {len(found)} mail{'' if len(found) == 1 else 's'} for '{p.query}'.")
    return Messages(messages=found, count=len(found))


@gmail.action("Read a mail", effect="read", result=FullMessage)
def get_message(p: GetMessage, account: GmailAccount, call: Call) -> FullMessage:
    with _mailbox(account, call) as mailbox:
        message = mailbox.get(p.id, format="full")
        summary = _summary(message, account)
        if p.save_attachments:
            summary["attachments"] = _save_attachments(mailbox, message, account, call)
        labels = _names(mailbox, message.get("labelIds", []))
    headers = readable(message)
    found = list(parts(message.get("payload", {})))
    return FullMessage(
        **summary,
        cc=headers.get("cc", ""),
        reply_to=headers.get("reply-to", ""),
        message_id=headers.get("message-id", ""),
        html="\n".join(map(_mail_text.made_safe, texts(found, "text/html"))),
        labels=labels,
    )


@gmail.action("Wait for a reply", effect="read", result=MessageSummary)
def wait_for_reply(p: WaitForReply, account: GmailAccount, call: Call) -> MessageSummary:
    with _mailbox(account, call) as mailbox:
        answered = mailbox.get(p.id, format="minimal")
        thread = mailbox.thread(answered["threadId"])
        own = next((place for place, message in enumerate(thread) if message["id"] == p.id), -1)
        reply = next(filter(came_in, thread[own + 1 :]), None)
        if reply is None:
            raise not_answered(call)
        found = MessageSummary(**_summary(mailbox.get(reply["id"], format="full"), account))
    call.log(f"{found.sender_name} answered.")
    return found


@gmail.action("Send a mail", effect="write", result=SentMessage)
def send_message(p: SendMessage, account: GmailAccount, call: Call) -> SentMessage:
    files = _files(p.attachments, call)
    message = compose(p, call.key, to=p.to, subject=p.subject, reply_to=p.reply_to, files=files)
    with _mailbox(account, call) as mailbox:
        call.sending()
        sent = mailbox.send(message, None)
    call.log(f"Sent '{p.subject}' to {in_a_line(p.to)}.")
    return _sent(account, sent, p.to, p.subject)


@send_message.preview
def _(p: SendMessage, account: GmailAccount) -> Plan:
    return Plan(
        summary=f"Send '{p.subject}' to {in_a_line(p.to)}",
        request=letter(p, _who(account), to=p.to, subject=p.subject, reply_to=p.reply_to),
        result=_sent(account, _UNKNOWN, p.to, p.subject),
    )


@send_message.find
def _(p: SendMessage, account: GmailAccount, call: Call) -> SentMessage | None:
    with _mailbox(account, call) as mailbox:
        sent = mailbox.find_own(call.key, "SENT")
    return _sent(account, sent, p.to, p.subject) if sent else None


@gmail.action("Answer a mail", effect="write", result=SentMessage)
def reply_message(p: ReplyMessage, account: GmailAccount, call: Call) -> SentMessage:
    files = _files(p.attachments, call)
    with _mailbox(account, call) as mailbox:
        thread, answered = _answered(mailbox, p.id)
        to = p.to or answered.writer()
        others = answered.others([*to, mailbox.address(), account.address]) if p.everyone else []
        message = compose(p, call.key, to=to, subject=answered.subject, cc=others, answered=answered, files=files)
        call.sending()
        sent = mailbox.send(message, thread)
    call.log(f"Sent '{answered.subject}' to {in_a_line([*to, *others])}.")
    return _sent(account, sent, to, answered.subject)


@reply_message.preview
def _(p: ReplyMessage, account: GmailAccount) -> Plan:
    to, subject = p.to or whoever_wrote_it(), their_subject()
    return Plan(
        summary=f"Answer the mail {p.id}" + (f" to {in_a_line(p.to)}" if p.to else ""),
        request=letter(p, _who(account), to=to, subject=subject, answers=p.id)
        | ({"also_to": "all others who got the mail"} if p.everyone else {}),
        result=_sent(account, _UNKNOWN, to, subject),
    )


@reply_message.find
def _(p: ReplyMessage, account: GmailAccount, call: Call) -> SentMessage | None:
    with _mailbox(account, call) as mailbox:
        sent = mailbox.find_own(call.key, "SENT")
        if sent is None:
            return None
        headers = readable(mailbox.get(sent["id"], format="metadata", metadataHeaders=["To", "Subject"]))
    return _sent(account, sent, [headers.get("to", "")], headers.get("subject", ""))


@gmail.action("Write a draft", effect="write", result=Draft)
def create_draft(p: CreateDraft, account: GmailAccount, call: Call) -> Draft:
    files = _files(p.attachments, call)
    with _mailbox(account, call) as mailbox:
        thread, answered = _answered(mailbox, p.answers) if p.answers else (None, None)
        to = p.to or (answered.writer() if answered else [])
        subject = p.subject or (answered.subject if answered else "")
        message = compose(p, call.key, to=to, subject=subject, reply_to=p.reply_to, answered=answered, files=files)
        call.sending()
        draft = mailbox.create_draft(message, thread)
    call.log(f"Wrote the draft '{subject}'.")
    return _draft(account, draft["message"], draft["id"], to, subject)


@create_draft.preview
def _(p: CreateDraft, account: GmailAccount) -> Plan:
    to = p.to or (whoever_wrote_it() if p.answers else [])
    subject = p.subject or (their_subject() if p.answers else "")
    written = letter(p, _who(account), to=to, subject=subject, reply_to=p.reply_to, answers=p.answers)
    return Plan(
        summary=f"Write the draft '{subject}'",
        request={"draft": "It is not sent: it waits among the drafts.", **written},
        result=_draft(account, _UNKNOWN, placeholder("draft id"), to, subject),
    )


@create_draft.find
def _(p: CreateDraft, account: GmailAccount, call: Call) -> Draft | None:
    with _mailbox(account, call) as mailbox:
        written = mailbox.find_own(call.key, "DRAFT")
        if written is None:
            return None
        headers = readable(mailbox.get(written["id"], format="metadata", metadataHeaders=["To", "Subject"]))
        draft = mailbox.find_draft(written["id"])
    return _draft(account, written, draft, [headers.get("to", "")], headers.get("subject", ""))


@gmail.action("Label a mail", effect="idempotent_write", result=FiledMessage)
def label_message(p: LabelMessage, account: GmailAccount, call: Call) -> FiledMessage:
    with _mailbox(account, call) as mailbox:
        known = mailbox.labels()
        add = [_label(mailbox, known, name, p.create, call)["id"] for name in p.add if name]
        remove = [label["id"] for label in known if any(is_called(label, name) for name in p.remove)]
        return _file(mailbox, account, call, p.id, add, remove)


@label_message.preview
def _(p: LabelMessage, account: GmailAccount) -> Plan:
    changes = [f"put on {', '.join(p.add)}"] * bool(p.add) + [f"take off {', '.join(p.remove)}"] * bool(p.remove)
    return Plan(
        summary=f"Label the mail {p.id}: {', '.join(changes)}",
        request={"mail": p.id, "put_on": p.add, "take_off": p.remove}
        | ({"make_missing_labels": "yes"} if p.create else {}),
        result=FiledMessage(id=p.id, labels=p.add, url=_url(account, p.id)),
    )


@gmail.action("Archive a mail", effect="idempotent_write", result=FiledMessage)
def archive_message(p: ArchiveMessage, account: GmailAccount, call: Call) -> FiledMessage:
    with _mailbox(account, call) as mailbox:
        return _file(mailbox, account, call, p.id, [], ["INBOX"])


@archive_message.preview
def _(p: ArchiveMessage, account: GmailAccount) -> Plan:
    return Plan(
        summary=f"Archive the mail {p.id}",
        request={"mail": p.id, "archive": "It leaves the inbox and stays in all mail."},
        result=FiledMessage(id=p.id, labels=[], url=_url(account, p.id)),
    )


@gmail.action("Mark a mail as read or unread", effect="idempotent_write", result=FiledMessage)
def mark_message(p: MarkMessage, account: GmailAccount, call: Call) -> FiledMessage:
    add, remove = ([], ["UNREAD"]) if p.state == "read" else (["UNREAD"], [])
    with _mailbox(account, call) as mailbox:
        return _file(mailbox, account, call, p.id, add, remove)


@mark_message.preview
def _(p: MarkMessage, account: GmailAccount) -> Plan:
    return Plan(
        summary=f"Mark the mail {p.id} as {p.state}",
        request={"mail": p.id, "mark_as": p.state},
        result=FiledMessage(id=p.id, labels=["UNREAD"] * (p.state == "unread"), url=_url(account, p.id)),
    )


@gmail.picker("labels")
def labels(account: GmailAccount) -> list[tuple[str, str]]:
    with _mailbox(account) as mailbox:
        return [(label["name"], label["name"]) for label in mailbox.labels()]


@gmail.check
def check(account: GmailAccount) -> str:
    with _mailbox(account) as mailbox:
        CONSENT.check(account, mailbox.http)
        return mailbox.address()


# What Gmail answers, made ours

_UNKNOWN = {"id": placeholder("mail id"), "threadId": placeholder("thread id")}
"""What stands in a preview for the mail that Gmail will make."""


def _who(account: GmailAccount) -> str:
    return account.address or f"the account '{account.name}'"


def _url(account: GmailAccount, id: str, place: str = "all") -> str:
    if account.practice:
        return f"{account.studio_url}/practice?mail={id}"
    return f"https://mail.google.com/mail/u/0/#{place}/{id}"


def _sent(account: GmailAccount, message: Doc, to: Sequence[str], subject: str) -> SentMessage:
    id, url = message["id"], _url(account, message["id"])
    return SentMessage(id=id, thread_id=message["threadId"], to=", ".join(to), subject=subject, url=url)


def _draft(account: GmailAccount, message: Doc, draft: str, to: Sequence[str], subject: str) -> Draft:
    sent = _sent(account, message, to, subject).model_dump()
    return Draft(**{**sent, "draft_id": draft, "url": _url(account, message["id"], "drafts")})


def _summary(message: Doc, account: GmailAccount) -> dict[str, Any]:
    """The fields of a `MessageSummary`, from a Message in the format "full"."""
    headers = readable(message)
    name, address = _mail_text.name_and_address(headers.get("from", ""))
    found = list(parts(message.get("payload", {})))
    return {
        "id": message["id"],
        "thread_id": message["threadId"],
        "sender": address,
        "sender_name": name or address,
        "to": headers.get("to", ""),
        "subject": headers.get("subject", ""),
        "date": datetime.fromtimestamp(int(message["internalDate"]) / 1000, UTC).isoformat(timespec="seconds"),
        "snippet": html.unescape(message.get("snippet", "")),
        "text": _mail_text.text_of(texts(found, "text/plain"), texts(found, "text/html")),
        "unread": "UNREAD" in message.get("labelIds", []),
        "attachments": [
            Attachment(name=part["filename"], mime=part["mimeType"], size=part.get("body", {}).get("size", 0))
            for part in _named_parts(message)
        ],
        "url": _url(account, message["id"]),
    }


def _named_parts(message: Doc) -> list[Doc]:
    return [part for part in parts(message.get("payload", {})) if part.get("filename")]


# The parts of an action


def _files(paths: list[str], call: Call) -> list[tuple[str, bytes]]:
    return attached(call.folder(), paths, "Gmail") if paths else []


def _answered(mailbox: Mailbox, id: str) -> tuple[str, Answered]:
    """The conversation that a mail belongs to, and what its answer takes from it."""
    message, headers = mailbox.headers(id, *_ANSWERED)
    labels = message.get("labelIds", [])
    return message["threadId"], Answered(headers, is_own="SENT" in labels and "INBOX" not in labels)


def _save_attachments(mailbox: Mailbox, message: Doc, account: GmailAccount, call: Call) -> list[Attachment]:
    found = _named_parts(message)
    names = safe_names((part["filename"], part["mimeType"]) for part in found)
    saved: list[Attachment] = []
    for part, name in zip(found, names, strict=True):
        path = f"attachments/{message['id']}/{name}"
        timeout = min(_google_http.REQUEST_TIMEOUT, call.timeout)
        content = mailbox.attachment(message["id"], part, timeout=timeout, proxied=not account.practice)
        size = _mail_files.save(call.folder(), path, content)
        saved.append(Attachment(name=part["filename"], mime=part["mimeType"], size=size, path=path))
    if saved:
        call.log(f"Saved {', '.join(one.path for one in saved)}.")
    return saved


def _label(mailbox: Mailbox, known: list[Doc], name: str, create: bool, call: Call) -> Doc:
    """The label of that name, made where it is missing and that is asked for."""
    there = next((label for label in known if is_called(label, name)), None)
    if there is None and not create:
        raise ServiceError(
            f"The mailbox has no label '{name}'.",
            remedy="Check its name, or let the step make labels that do not exist.",
        )
    if there is None:
        call.sending()
        there = mailbox.create_label(name)
        known.append(there)
        call.log(f"Made the label '{name}'.")
    return there


def _file(
    mailbox: Mailbox, account: GmailAccount, call: Call, id: str, add: list[str], remove: list[str]
) -> FiledMessage:
    """Change the labels of a mail; where nothing is to be changed, tell those that it has."""
    if add or remove:
        call.sending()
        message = mailbox.modify(id, add, remove)
    else:
        message = mailbox.get(id, format="minimal")
    return FiledMessage(id=id, labels=_names(mailbox, message.get("labelIds", [])), url=_url(account, id))


def _names(mailbox: Mailbox, ids: list[str]) -> list[str]:
    """The names of labels. Those of Gmail's own are their ids; for a person's own the mailbox is asked."""
    if all(id.isupper() for id in ids):
        return ids
    names = {label["id"]: label["name"] for label in mailbox.labels()}
    return [names.get(id, id) for id in ids]


@contextmanager
def _mailbox(account: GmailAccount, call: Call | None = None) -> Iterator[Mailbox]:
    """The account's mailbox. What goes wrong inside is raised as an error of ours."""
    with _google_http.connection(
        "Gmail",
        account.base_url,
        account,
        timeout=call.timeout if call else _google_http.REQUEST_TIMEOUT,
        remedies=_REMEDIES,
    ) as http:
        yield Mailbox(account.base_url, http)
