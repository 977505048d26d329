"""Pictures that a model is shown together with a message."""

from __future__ import annotations

import base64
import mimetypes
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from orchestrator.actions import Message

DATA_URL = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})")
"""The form of RFC 2397, with the kinds of picture that every provider takes."""


SIGNATURES = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
)
"""How such a picture begins: mimesniff.spec.whatwg.org, 6.1."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`data` is base64; None where the provider is to fetch `url` itself."""

    url: str
    kind: str
    data: str | None = None


def pictures_of(message: Message) -> list[Picture]:
    return [_parsed(url) for url in message.images]


def is_picture(url: str) -> bool:
    """Whether it is an address or a data URL that a model can be shown."""
    parts = urlsplit(url[:2000])
    return bool(DATA_URL.fullmatch(url)) or (parts.scheme == "https" and bool(parts.hostname))


def is_picture_file(name: str) -> bool:
    """Whether a file is called after a kind of picture that every provider takes."""
    return name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".webp"))


def data_url(content: bytes) -> str | None:
    """A picture as a data URL, None for what is none: what counts is the content, not the name."""
    kind = next((kind for kind, signature in SIGNATURES if signature.match(content)), None)
    return f"data:{kind};base64,{base64.b64encode(content).decode()}" if kind else None


def _parsed(url: str) -> Picture:
    found = DATA_URL.fullmatch(url)
    if found:
        return Picture(url, found[1], found[2])
    return Picture(url, mimetypes.guess_type(urlsplit(url).path)[0] or "image/jpeg")
