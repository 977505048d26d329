"""Mail as Gmail shows it: the tree of parts of an RFC 822 message, its text and its attachments.

Source: developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages#Message
"""

from __future__ import annotations

import html
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, cast

Part = dict[str, Any]


def _header(name: str, value: str) -> str:
    """A header as text, however broken: Python's own parser of headers fails on some that are sent every day."""
    text = value.encode(errors="surrogateescape").decode(errors="replace")
    try:
        return str(make_header(decode_header(text))) if "=?" in text else text
    except (HeaderParseError, LookupError, ValueError):
        return text


_POLICY = policy.default.clone(header_factory=_header)


def parse(raw: bytes) -> EmailMessage:
    """A mail from its bytes. Its headers are plain text."""
    return cast(EmailMessage, BytesParser(policy=_POLICY).parsebytes(raw))


def encode(data: bytes) -> str:
    """Bytes as Gmail puts them into JSON: base64 with "-" and "_"."""
    return urlsafe_b64encode(data).decode()


def decode(text: str) -> bytes:
    """Undo `encode`, with or without the padding. Raises `ValueError`."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def payload(message: EmailMessage, mail: str, part_id: str = "") -> Part:
    """A MessagePart. The content of an attachment is left out and named by an `attachmentId`."""
    part: Part = {
        "partId": part_id,
        "mimeType": message.get_content_type(),
        "filename": message.get_filename() or "",
        "headers": headers(message),
    }
    if message.is_multipart():
        children = cast(list[EmailMessage], message.get_payload())
        prefix = f"{part_id}." if part_id else ""
        part["body"] = {"size": 0}
        part["parts"] = [payload(child, mail, f"{prefix}{n}") for n, child in enumerate(children)]
        return part
    data = content(message)
    if part["filename"] or message.get_content_maintype() not in {"text", "multipart"}:
        part["body"] = {"attachmentId": encode(f"{mail}:{part_id}".encode()), "size": len(data)}
    else:
        part["body"] = {"size": len(data), "data": encode(data)}
    return part


def headers(message: EmailMessage) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in message.items()]


def content(message: EmailMessage) -> bytes:
    """What a part holds, undone of its transfer encoding; text in UTF-8, whatever it was sent in."""
    data = cast(bytes, message.get_payload(decode=True) or b"")
    if message.get_content_maintype() != "text" or message.get_filename():
        return data
    try:
        return data.decode(message.get_content_charset("utf-8"), "replace").encode()
    except LookupError:
        return data


def attachments(part: Part) -> list[Part]:
    """The parts below `part` that are attachments, itself included."""
    own = [part] if "attachmentId" in part["body"] else []
    return own + [found for child in part.get("parts", []) for found in attachments(child)]


def find_attachment(message: EmailMessage, mail: str, attachment: str) -> bytes | None:
    """The content of the attachment of that `attachmentId`."""
    for part in attachments(payload(message, mail)):
        if part["body"]["attachmentId"] == attachment:
            found = message
            for number in filter(None, part["partId"].split(".")):
                found = cast(list[EmailMessage], found.get_payload())[int(number)]
            return content(found)
    return None


def text_of(message: EmailMessage) -> str:
    """The text that a person reads first; HTML only where there is nothing plainer."""
    bodies: dict[str, str] = {}
    for part in cast(Iterator[EmailMessage], message.walk()):
        if not part.get_filename():
            text = content(part).decode(errors="replace").replace("\r\n", "\n")
            bodies.setdefault(part.get_content_type(), text)
    if "text/plain" in bodies:
        return bodies["text/plain"].strip()
    plain = re.sub(r"(?s)<(style|script).*?</\1>|<[^>]*>", " ", bodies.get("text/html", ""))
    return html.unescape(plain).strip()


def snippet(text: str) -> str:
    """The beginning on one line, escaped as HTML, as Gmail does."""
    line = " ".join(text.split())
    return html.escape(line if len(line) <= 190 else line[:190].rsplit(" ", 1)[0])
