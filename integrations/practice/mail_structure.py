"""A mail as IMAP describes and cuts it: BODYSTRUCTURE, its sections, and the search in it.

Sources: RFC 9051, 7.5.2 (FETCH), 6.4.5 (sections), 6.4.4 (SEARCH)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from email.message import EmailMessage
from typing import Any, cast

from integrations.practice import mail_message
from integrations.practice.mail_folders import Entry

Tokens = list[Any]
"""Words of a command: bytes, and lists for what stands in brackets."""


def quoted(value: str | bytes | None) -> bytes:
    """A string as it is written in an answer: NIL, in quotes, or as a literal."""
    if value is None:
        return b"NIL"
    content = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    if re.search(rb'[\r\n\x80-\xff\x00"\\]', content):
        return b"{%d}\r\n%b" % (len(content), content)
    return b'"' + content + b'"'


def structure(message: EmailMessage) -> bytes:
    """The BODYSTRUCTURE of a mail or of a part of it."""
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        children = cast(list[EmailMessage], message.get_payload())
        parts = b"".join(structure(child) for child in children)
        pairs = _pairs(message.get_params(failobj=[])[1:])
        return b"(%b %b %b %b NIL)" % (parts, quoted(message.get_content_subtype()), pairs, _disposition(message))
    body = body_of(message)
    fields = [
        quoted(message.get_content_maintype()),
        quoted(message.get_content_subtype()),
        _pairs(_parameters(message, "content-type")),
        quoted(message.get("content-id")),
        b"NIL",
        quoted(message.get("content-transfer-encoding", "7bit")),
        b"%d" % len(body),
    ]
    if message.get_content_maintype() == "text":
        fields.append(b"%d" % body.count(b"\n"))
    return b"(%b NIL %b NIL)" % (b" ".join(fields), _disposition(message))


def body_of(message: EmailMessage) -> bytes:
    """The body of a part as it came, in its transfer encoding."""
    if message.is_multipart():
        return b"".join(part.as_bytes() for part in cast(list[EmailMessage], message.get_payload()))
    is_encoded = str(message.get("content-transfer-encoding", "")).strip().lower() in {"base64", "quoted-printable"}
    return str(message.get_payload()).encode() if is_encoded else cast(bytes, message.get_payload(decode=True))


def section(raw: bytes, name: str, fields: list[str]) -> bytes:
    """What stands in `BODY[name]`: "", "HEADER", "HEADER.FIELDS", "TEXT", or the number of a part."""
    head, gap, body = re.split(rb"(\r?\n\r?\n)", raw, maxsplit=1) if re.search(rb"\r?\n\r?\n", raw) else (raw, b"", b"")
    if name == "":
        return raw
    if name == "HEADER":
        return head + gap
    if name == "TEXT":
        return body
    if name == "HEADER.FIELDS":
        lines = re.findall(rb"(?:^|(?<=\n))[^\s:]+:.*(?:\r?\n[ \t].*)*", head)
        wanted = {field.lower().encode() for field in fields}
        kept = [line.rstrip(b"\r") for line in lines if line.partition(b":")[0].lower() in wanted]
        return b"".join(line + b"\r\n" for line in kept) + b"\r\n"
    part = _part(mail_message.parse(raw), name)
    return body_of(part) if part is not None else b""


def _part(message: EmailMessage, number: str) -> EmailMessage | None:
    for step in map(int, number.split(".")):
        if not message.is_multipart():
            return message if step == 1 else None
        children = cast(list[EmailMessage], message.get_payload())
        if not 1 <= step <= len(children):
            return None
        message = children[step - 1]
    return message


def _parameters(message: EmailMessage, header: str) -> list[tuple[str, str]]:
    """The parameters of a header as they were written: an old program sees `filename*=utf-8''%C3%A4` too."""
    pieces = re.findall(r';\s*([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', " ".join(str(message[header] or "").split()))
    return [(name, value.strip().strip('"')) for name, value in pieces]


def _pairs(pairs: list[tuple[str, str]]) -> bytes:
    if not pairs:
        return b"NIL"
    return b"(" + b" ".join(quoted(name) + b" " + quoted(value) for name, value in pairs) + b")"


def _disposition(message: EmailMessage) -> bytes:
    kind = message.get_content_disposition()
    if kind is None:
        return b"NIL"
    return b"(%b %b)" % (quoted(kind), _pairs(_parameters(message, "content-disposition")))


Test = Callable[[Entry, Callable[[], EmailMessage]], bool]
"""Whether a mail fits. It is parsed only where a key asks for what stands in it."""


def matcher(words: Tokens) -> Test:
    """Whether a mail fits all of the keys of a SEARCH. Raises `ValueError` for one that is not practised."""
    keys = iter(words)
    tests = list(_keys(keys))
    return lambda entry, message: all(test(entry, message) for test in tests)


def _keys(words: Iterator[Any]) -> Iterator[Test]:
    for word in words:
        yield _key(word, words)


def _key(word: Any, words: Iterator[Any]) -> Test:
    if isinstance(word, list):
        return matcher(word)
    name = word.decode("ascii", "replace").upper()
    match name:
        case "ALL":
            return lambda entry, message: True
        case "SEEN" | "FLAGGED" | "DELETED" | "DRAFT" | "ANSWERED":
            return lambda entry, message: f"\\{name.title()}" in entry.flags
        case "UNSEEN" | "UNFLAGGED" | "UNDELETED" | "UNDRAFT" | "UNANSWERED":
            return lambda entry, message: f"\\{name[2:].title()}" not in entry.flags
        case "FROM" | "TO" | "CC" | "BCC" | "SUBJECT":
            wanted = _text(_next(words))
            return lambda entry, message: wanted in str(message().get(name, "")).casefold()
        case "HEADER":
            header, value = _text(_next(words)), _text(_next(words))
            return lambda entry, message: header in message() and value in str(message()[header]).casefold()
        case "TEXT" | "BODY":
            wanted = _text(_next(words))
            heads = name == "TEXT"
            return lambda entry, message: (
                wanted in entry.mail["text"].casefold()
                or (heads and any(wanted in str(value).casefold() for value in message().values()))
            )
        case "SINCE" | "BEFORE" | "ON":
            day = datetime.strptime(_next(words).decode(), "%d-%b-%Y").date()
            return lambda entry, message: {
                "SINCE": _day(entry) >= day,
                "BEFORE": _day(entry) < day,
                "ON": _day(entry) == day,
            }[name]
        case "UID":
            uids = numbers(_next(words).decode(), 2**32)
            return lambda entry, message: uids(entry.uid)
        case "NOT":
            test = _key(_next(words), words)
            return lambda entry, message: not test(entry, message)
        case "OR":
            one, other = _key(_next(words), words), _key(_next(words), words)
            return lambda entry, message: one(entry, message) or other(entry, message)
    raise ValueError(f"SEARCH {name} is not practised here")


def _next(words: Iterator[Any]) -> Any:
    word = next(words, None)
    if word is None:
        raise ValueError("A key of the search has no value")
    return word


def numbers(text: str, last: int) -> Callable[[int], bool]:
    """A sequence set, as "1,3:5,7:*". Raises `ValueError`."""
    ranges: list[tuple[int, int]] = []
    for piece in text.split(","):
        start, _, end = piece.partition(":")
        pair = sorted(last if one == "*" else int(one) for one in (start, end or start))
        ranges.append((pair[0], pair[1]))
    return lambda number: any(low <= number <= high for low, high in ranges)


def _text(word: bytes) -> str:
    return word.decode("utf-8", "replace").casefold()


def _day(entry: Entry) -> date:
    return datetime.fromtimestamp(entry.mail["internalDate"] / 1000, UTC).date()
