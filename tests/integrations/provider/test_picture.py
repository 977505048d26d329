from __future__ import annotations

import pytest

from integrations.provider.picture import Picture, data_url, is_picture, pictures_of
from orchestrator.actions import Message
from tests.integrations.model_server import DOT


@pytest.mark.parametrize("url", [DOT, "https://example.com/a.jpg", "https://example.com/picture?id=3"])
def test_addresses_and_data_are_pictures(url: str) -> None:
    assert is_picture(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.jpg",
        "http://example.com/a.jpg",
        "https://",
        "file:///etc/passwd",
        "data:text/html;base64,PGI+",
        "data:image/svg+xml;base64,PGI+",
        "data:image/png;base64,not base64",
        "data:image/png,abc",
    ],
)
def test_anything_else_is_none(url: str) -> None:
    assert not is_picture(url)


def test_a_message_has_its_pictures_with_their_kinds() -> None:
    first, second, third = pictures_of(Message("user", "Look", (DOT, "https://a.b/c.webp", "https://a.b/c")))
    assert (first.kind, first.data) == ("image/png", DOT.partition(",")[2])
    assert second == Picture("https://a.b/c.webp", "image/webp")
    assert third.kind == "image/jpeg"
    assert pictures_of(Message("user", "Look")) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n rest", "image/png"),
        (b"\xff\xd8\xff rest", "image/jpeg"),
        (b"GIF89a rest", "image/gif"),
        (b"RIFF\x00\n\x00\x00WEBP rest", "image/webp"),
    ],
)
def test_a_picture_is_known_by_its_content(content: bytes, kind: str) -> None:
    url = data_url(content)
    assert url is not None
    assert url.startswith(f"data:{kind};base64,")
    assert is_picture(url)


@pytest.mark.parametrize("content", [b"", b"<html>", b"GIF8", b"RIFF....WAVE", b" \x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_none(content: bytes) -> None:
    assert data_url(content) is None
