"""Pictures that a model is shown together with a message."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from orchestrator.actions import Message

DATA_URL = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})")
"""The form of RFC 2397, with the kinds of picture that every provider takes."""


@dataclass(frozen=True, slots=True)
class Illustrated(Message):
    """A message with pictures: "https://…", or "data:image/png;base64,…"."""

    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """`data` is base64; None where the provider is to fetch `url` itself."""

    url: str
    kind: str
    data: str | None = None


def pictures_of(message: Message) -> list[Picture]:
    return [_parsed(url) for url in message.images] if isinstance(message, Illustrated) else []


def is_picture(url: str) -> bool:
    """Whether it is an address or a data URL that a model can be shown."""
    parts = urlsplit(url[:2000])
    return bool(DATA_URL.fullmatch(url)) or (parts.scheme == "https" and bool(parts.hostname))


def _parsed(url: str) -> Picture:
    found = DATA_URL.fullmatch(url)
    if found:
        return Picture(url, found[1], found[2])
    return Picture(url, mimetypes.guess_type(urlsplit(url).path)[0] or "image/jpeg")
