"""Practice Gmail's writes: what is sent, drafted, labelled and filed.

Sources: developers.google.com/workspace/gmail/api/reference/rest/v1 and .../gmail/api/guides (uploads, labels)
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import getaddresses
from typing import cast

from starlette.requests import Request

from integrations.practice import mail_box, mail_message
from integrations.practice.gmail_wire import GoogleError, bad_request, found_mail, json_of, names_in, not_found
from integrations.practice.store import Doc, Store

MOST_JSON = 10_000_000
"""Bytes of a request that is JSON. A mail that makes it larger has to be uploaded."""
MOST_UPLOADED = 36_700_160
"""Bytes of a mail that is uploaded: `maxSize` in Google's description of the API."""

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_BY_HAND = {"SENT", "DRAFT"}
"""Labels that nobody may put on a mail: .../gmail/api/guides/labels"""


def uploaded(request: Request, body: bytes) -> tuple[Doc, bytes]:
    """What is said of a mail, and the mail, of an upload: .../gmail/api/guides/uploads"""
    if len(body) > MOST_UPLOADED:
        raise _too_large()
    content_type = request.headers.get("content-type", "")
    match request.query_params.get("uploadType"):
        case "media":
            return {}, body
        case "multipart":
            # Split by hand: a parser of mail would take the mail inside apart as well.
            found = re.search(r'boundary="?([^";]+)', content_type)
            pieces = body.split(b"--" + found[1].encode()) if found else []
            if len(pieces) != 4:
                raise bad_request("Bad content. Expected two parts: metadata and media.")
            described, media = (_END_OF_HEAD.split(piece, 1)[-1] for piece in pieces[1:3])
            return json_of(described), media.removesuffix(b"\n").removesuffix(b"\r")
        case other:
            raise bad_request(f"Invalid upload type: {other}")


def send_message(store: Store, body: Doc, media: bytes | None = None) -> Doc:
    """users.messages.send: .../rest/v1/users.messages/send"""
    content, message = _mail_in(body, media)
    recipients = _addresses(message)
    if not recipients:
        raise bad_request("Recipient address required")
    if not all(re.fullmatch(r"[^\s@]+@[^\s@]+", address) for address in recipients):
        raise bad_request("Invalid To header")
    to_self = mail_box.profile(store)["address"] in recipients
    made = _kept(store, content, ["SENT"] + (["INBOX", "UNREAD"] if to_self else []), body.get("threadId"))
    return {name: made[name] for name in ("id", "threadId", "labelIds")}


def create_draft(store: Store, body: Doc, media: bytes | None = None) -> Doc:
    """users.drafts.create: .../rest/v1/users.drafts/create"""
    described = body.get("message", {})
    if not isinstance(described, dict):
        raise bad_request("Invalid value at 'draft.message'")
    content, _ = _mail_in(described, media)
    with store.transaction():
        made = _kept(store, content, ["DRAFT"], described.get("threadId"))
        draft = mail_box.note_draft(store, made)
    return {"id": draft, "message": {name: made[name] for name in ("id", "threadId", "labelIds")}}


def create_label(store: Store, body: Doc) -> Doc:
    """users.labels.create: .../rest/v1/users.labels/create"""
    name = body.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 225:
        raise bad_request("Invalid label name")
    with store.transaction():
        taken = [*mail_box.SYSTEM_LABELS, *(label["name"] for label in mail_box.profile(store)["labels"])]
        if name.casefold() in {one.casefold() for one in taken}:
            raise GoogleError(409, "ABORTED", "aborted", "Label name exists or conflicts")
        label = mail_box.create_label(store, name)
    seen = {key: body[key] for key in ("labelListVisibility", "messageListVisibility") if key in body}
    return {**label, **seen}


def modify_message(store: Store, request: Request, body: Doc) -> Doc:
    """users.messages.modify: .../rest/v1/users.messages/modify"""
    add, remove = names_in(body, "addLabelIds"), names_in(body, "removeLabelIds")
    if not add and not remove:
        raise bad_request("No label add or removes specified")
    known = {*mail_box.SYSTEM_LABELS, *(label["id"] for label in mail_box.profile(store)["labels"])}
    for label in [*add, *remove]:
        if label not in known or label in _BY_HAND:
            raise bad_request(f"Invalid label: {label}")
    with store.transaction():
        mail = found_mail(store, request.path_params["id"])
        kept = [label for label in mail["labelIds"] if label not in remove]
        mail = mail_box.relabel(store, mail, kept + add)
    return {name: mail[name] for name in ("id", "threadId", "labelIds")}


def _too_large() -> GoogleError:
    return GoogleError(413, "FAILED_PRECONDITION", "uploadTooLarge", "Request Entity Too Large")


def _mail_in(body: Doc, media: bytes | None) -> tuple[bytes, EmailMessage]:
    """The bytes of a mail, that were uploaded or stand in the JSON, and the mail that they are."""
    if media is not None:
        return media, mail_message.parse(media)
    text = body.get("raw")
    if not text or not isinstance(text, str):
        raise bad_request("'raw' RFC822 payload message string or uploading message via /upload/* URL required")
    if len(text) > MOST_JSON:
        raise _too_large()
    try:
        content = mail_message.decode(text)
    except ValueError:
        raise bad_request("Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed") from None
    return content, mail_message.parse(content)


def _kept(store: Store, content: bytes, labels: list[str], thread: object) -> Doc:
    now = datetime.now(UTC)
    with store.transaction():
        if thread is not None and not any(mail["threadId"] == thread for mail in mail_box.mails(store)):
            raise not_found()
        return mail_box.deliver(store, mail_box.completed(store, content, now), labels, now, cast(str | None, thread))


def _addresses(message: EmailMessage) -> list[str]:
    values = [value for name in ("To", "Cc", "Bcc") for value in message.get_all(name, [])]
    return [address.lower() for _, address in getaddresses(values) if address]
