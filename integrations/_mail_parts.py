"""The parts of a mail as IMAP describes them (BODYSTRUCTURE), so that only those that are wanted are fetched.

Source: RFC 9051, 7.5.2
"""

from __future__ import annotations

import binascii
import quopri
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import collapse_rfc2231_value, decode_params
from typing import Any

from integrations._mail_text import decoded


@dataclass(frozen=True, slots=True)
class Part:
    """`number` is its place in the mail, as "1.2". `size` is in bytes as it travels, `name` that of a file, else ""."""

    number: str
    mime: str
    name: str
    charset: str | None
    encoding: str
    size: int

    @property
    def is_text(self) -> bool:
        return self.mime in {"text/plain", "text/html"} and not self.name

    @property
    def content_size(self) -> int:
        """About how many bytes it has once its encoding is undone."""
        return self.size * 54 // 74 if self.encoding == "base64" else self.size  # 76 characters and a line end for 57


def parts_of(structure: Any, number: str = "") -> Iterator[Part]:
    """The parts that are no containers, from what `imapclient` makes of a BODYSTRUCTURE."""
    if structure is None:
        return
    if isinstance(structure[0], list):
        for place, child in enumerate(structure[0], 1):
            yield from parts_of(child, f"{number}.{place}" if number else str(place))
        return
    mime = f"{_text(structure[0])}/{_text(structure[1])}".lower()
    given = _parameters(structure[2])
    disposition = next((one for one in structure[8:] if _is_disposition(one)), None)
    shown = _parameters(disposition[1]) if disposition else {}
    name = shown.get("filename") or given.get("name") or ("mail.eml" if mime == "message/rfc822" else "")
    is_file = disposition is not None and _text(disposition[0]).lower() == "attachment"
    yield Part(
        number=number or "1",
        mime=mime,
        name=name or ("attachment" if is_file else ""),
        charset=given.get("charset"),
        encoding=_text(structure[5]).lower(),
        size=int(structure[6] or 0),
    )


def undone(content: bytes, encoding: str) -> bytes:
    """A part, perhaps only the beginning of it, without its transfer encoding."""
    if encoding == "base64":
        return b"".join(from_base64([content]))
    return quopri.decodestring(content) if encoding == "quoted-printable" else content


def from_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Base64 decoded piece by piece. What is no base64 in it is passed over, as programs of mail do."""
    waiting = b""
    for piece in pieces:
        waiting += piece.translate(None, b"\r\n\t ")
        whole = len(waiting) // 4 * 4
        yield _decoded(waiting[:whole])
        waiting = waiting[whole:]
    if waiting:
        yield _decoded(waiting + b"=" * (-len(waiting) % 4))


def _decoded(text: bytes) -> bytes:
    try:
        return b64decode(text)
    except binascii.Error:
        return b""


def _parameters(pairs: Any) -> dict[str, str]:
    """Parameters by small name; a value that was split or encoded (RFC 2231, RFC 2047) is put together again."""
    if not pairs:
        return {}
    texts = [_text(one) for one in pairs]
    named = list(zip(texts[::2], texts[1::2], strict=False))
    found: dict[str, str] = {}
    for name, value in decode_params([("", ""), *named])[1:]:
        whole = collapse_rfc2231_value(value) if isinstance(value, tuple) else value
        found.setdefault(name.lower(), decoded(whole.removeprefix('"').removesuffix('"')))
    return found


def _is_disposition(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and isinstance(value[0], bytes)
        and value[0].lower() in {b"attachment", b"inline"}
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)
