"""Whom a mail goes to: nobody but those that whoever made the step meant.

What an expression gives comes from outside: "spy@example.com, Bo" as the name before <ana@example.com> adds nobody. So
an entry of a list is one address, with or without a name. A text is one too, or plain addresses with commas between
them, as people type them. Source: RFC 5322, 3.4
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.errors import HeaderParseError
from email.headerregistry import Address
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from integrations._fields import one_line

LONGEST_ADDRESS = 254
"""Characters. Source: RFC 5321, erratum 1690"""

LONGEST_NAME = 200
"""Characters. Python 3.11 loses the quotes of a name that it has to break over two lines."""

LONGEST_ENTRY = 2_000
"""Characters of an address with its name. More is not looked into: that can take for ever."""

MOST_NAMED = 3
"""Recipients that a line of text names; of more it says how many there are."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9._-]+")
_NAMED = re.compile(r"(.*?)\s*<\s*([^<>]*?)\s*>")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SEVERAL = re.compile(r"[<>]|[,;].*@|@.*[,;]")


def is_address(text: str) -> bool:
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def mailbox(name: str, address: str) -> str:
    """As it is written into a header."""
    line = "".join(character for character in name if character.isprintable()).strip()[:LONGEST_NAME]
    try:
        return str(Address(display_name=line, addr_spec=address))
    except (HeaderParseError, ValueError):  # the parser of addresses is stricter than the mail that is out there
        return address


def recipient(text: str) -> str:
    """One address, with or without a name, as it is written into a header. Raises `ValueError`."""
    line = one_line(text)
    name, address = _taken_apart(line) if len(line) <= LONGEST_ENTRY else ("", "")
    if not is_address(address) or (name and not _QUOTED.fullmatch(name) and _SEVERAL.search(name)):
        shown = line if len(line) <= LONGEST_ADDRESS else f"{line[:LONGEST_ADDRESS]}…"
        raise ValueError(
            f"'{shown}' is not one e-mail address: write each on a line of its own, as ana@example.com or "
            "Ana Soto <ana@example.com>."
        )
    return mailbox(_unquoted(name), address)


def _taken_apart(line: str) -> tuple[str, str]:
    """The name as it is written, "" for none, and the address."""
    named = _NAMED.fullmatch(line)
    return (named[1], named[2]) if named else ("", line)


def _unquoted(name: str) -> str:
    quoted = _QUOTED.fullmatch(name)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else name


def _entries(value: Any) -> Any:
    """What was given as the list that it stands for. An expression in a list may give a list."""
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",")]
        return [part for part in (parts if all(map(is_address, filter(None, parts))) else [value]) if part.strip()]
    if isinstance(value, list):
        inner = [part for one in value for part in (one if isinstance(one, list) else [one])]
        return [part for part in inner if not (isinstance(part, str) and not part.strip())]
    return value


def _somebody(value: list[str]) -> list[str]:
    if not value:
        raise ValueError("This names nobody: fill in at least one address.")
    return value


Addresses = Annotated[list[Annotated[str, AfterValidator(recipient)]], BeforeValidator(_entries)]
Somebody = Annotated[Addresses, AfterValidator(_somebody)]


def listed(recipients: Sequence[str]) -> str | list[str]:
    """Recipients for a person to look over: each by its address, with the name that it was given behind it."""
    shown = [_shown(*_taken_apart(one)) for one in recipients]
    return shown[0] if len(shown) == 1 else shown


def _shown(name: str, address: str) -> str:
    return f"{address} ({_unquoted(name)})" if name else address


def in_a_line(recipients: Sequence[str]) -> str:
    """Such as "ana@example.com, bo@example.com and 4 more"."""
    addresses = [_taken_apart(one)[1] for one in recipients]
    more = len(addresses) - MOST_NAMED
    return ", ".join(addresses[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
