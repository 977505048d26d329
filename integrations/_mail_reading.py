"""A mail of an IMAP mailbox as an action tells it, and its attachments as files of the run."""

from __future__ import annotations

from email.utils import getaddresses
from hashlib import sha256
from typing import Any, NoReturn

from integrations import _mail_files, _mail_text
from integrations._mail_compose import Answered
from integrations._mail_fields import Attachment
from integrations._mail_imap import Fetched, Mailbox, MailId
from orchestrator.actions import Call, ServiceError, safe_names


def read(mailbox: Mailbox, text: str) -> Fetched:
    """The mail of that id. Raises `ServiceError`."""
    id = MailId.of(text)
    found = mailbox.fetch([there(mailbox.locate(id), id)])
    return found[0] if found else gone(id)


def there(uid: int | None, id: MailId) -> int:
    return gone(id) if uid is None else uid


def gone(id: MailId) -> NoReturn:
    raise ServiceError(
        f"The mail is no more in the folder '{id.folder}'.", remedy="It was moved or deleted: search for it again."
    )


def answered(mailbox: Mailbox, id: str, address: str) -> Answered:
    """What an answer takes from a mail. `address` is our own."""
    mail = read(mailbox, id)
    senders = {one.lower() for _, one in getaddresses([mail.headers.get("from", "")])}
    readers = {one.lower() for _, one in getaddresses([mail.headers.get("to", "")])}
    mine = address.lower()
    return Answered(mail.headers, is_own=mine in senders and mine not in readers)


def to_and_subject(mail: Fetched) -> tuple[list[str], str]:
    return [_mail_text.decoded(mail.headers.get("to", ""))], _mail_text.decoded(mail.headers.get("subject", ""))


def summary(mail: Fetched, contents: dict[str, bytes]) -> dict[str, Any]:
    """The fields of a `FoundMail`. `contents` are those of its texts, by the number of the part."""
    name, address = _mail_text.name_and_address(_mail_text.decoded(mail.headers.get("from", "")))
    text = _mail_text.text_of(texts(mail, contents, "text/plain"), texts(mail, contents, "text/html"))
    (to,), subject = to_and_subject(mail)
    return {
        "id": str(mail.id),
        "folder": mail.id.folder,
        "sender": address,
        "sender_name": name or address,
        "to": to,
        "subject": subject,
        "date": mail.date.isoformat(timespec="seconds"),
        "snippet": _mail_text.snippet_of(text),
        "text": text,
        "unread": "\\Seen" not in mail.flags,
        "attachments": [
            Attachment(name=part.name, mime=part.mime, size=part.content_size) for part in mail.parts if part.name
        ],
    }


def texts(mail: Fetched, contents: dict[str, bytes], mime: str) -> list[str]:
    """Its texts of that type."""
    return [
        _mail_text.text_in(contents[part.number], part.charset)
        for part in mail.parts
        if part.number in contents and part.mime == mime
    ]


def save_attachments(mailbox: Mailbox, mail: Fetched, call: Call) -> list[Attachment]:
    found = [part for part in mail.parts if part.name]
    names = safe_names((part.name, part.mime) for part in found)
    below = f"attachments/{sha256(str(mail.id).encode()).hexdigest()[:12]}"
    saved: list[Attachment] = []
    for part, name in zip(found, names, strict=True):
        path = f"{below}/{name}"
        size = _mail_files.save(call.folder(), path, mailbox.content(mail.id.uid, part))
        saved.append(Attachment(name=part.name, mime=part.mime, size=size, path=path))
    if saved:
        call.log(f"Saved {', '.join(one.path for one in saved)}.")
    return saved
