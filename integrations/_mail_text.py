"""What a mail says: headers without the marks of the wire, HTML as text, HTML that can do no harm."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from html.parser import HTMLParser

SNIPPET = 190
"""Characters of the beginning of a text."""


def decoded(value: str) -> str:
    """A header without the "=?utf-8?...?=" of the wire, on one line."""
    line = " ".join(value.splitlines())
    if "=?" not in line:
        return line
    try:
        return " ".join(str(make_header(decode_header(line))).splitlines())
    except (HeaderParseError, LookupError, ValueError):
        return line


def name_and_address(value: str) -> tuple[str, str]:
    """("Ana Soto", "ana@example.com"). The header is decoded already, so its name may hold anything."""
    name, less, address = value.strip().rpartition("<")
    if not less or address.find(">") != len(address) - 1:
        return "", value.strip()
    return name.strip().removeprefix('"').removesuffix('"'), address[:-1].strip()


def text_in(content: bytes, charset: str | None) -> str:
    """The text of a part. UTF-8 comes first: services turn text into it, and leave the old charset in the header."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        pass
    try:
        return content.decode(charset or "utf-8", "replace")
    except LookupError:
        return content.decode(errors="replace")


def text_of(plain: list[str], html: list[str]) -> str:
    """The plain text of a mail, else its HTML made plain."""
    text = "\n\n".join(plain).replace("\r\n", "\n").strip()
    return text or "\n\n".join(map(made_plain, html))


def snippet_of(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SNIPPET else line[:SNIPPET].rsplit(" ", 1)[0]


class _PlainText(HTMLParser):
    """HTML as the text that a person sees."""

    _HIDDEN = frozenset({"head", "script", "style", "title"})
    _BLOCKS = frozenset({"br", "div", "h1", "h2", "h3", "h4", "hr", "li", "p", "table", "tr"})

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._HIDDEN:
            self._hidden.append(tag)
        elif tag == "body":
            self._hidden.clear()
        elif tag in self._BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        elif tag in self._BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))


def made_plain(source: str) -> str:
    """The text of an HTML page, with line breaks where a person sees them."""
    parser = _PlainText()
    parser.feed(source)
    parser.close()
    lines = [line.strip() for line in "".join(parser.pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def made_safe(source: str) -> str:
    """HTML without whatever runs, asks for input, leads to a script or is fetched when the mail is looked at: a
    picture of another server tells its sender that the mail was read. `nh3` parses as browsers do and keeps only what
    is known to be harmless."""
    import nh3

    return nh3.clean(
        source,
        tags=nh3.ALLOWED_TAGS - {"img", "map", "area"} | {"font"},
        clean_content_tags={"script", "style", "title", "noscript", "template"},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    ).strip()


def header_lines(content: bytes) -> dict[str, str]:
    """The headers of a mail by small name, as they came; of one that is there twice, the first."""
    found: dict[str, str] = {}
    for line in re.sub(r"\r?\n[ \t]+", " ", content.decode("utf-8", "replace")).split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found
