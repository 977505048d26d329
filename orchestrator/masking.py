"""Secrets never show: wherever one appears in a text, however it is written there, three dots stand for it.

`know` tells this process which secrets there are. `mask` cleans a text, `mask_json` the JSON of an event. A text in
which none appears, which is nearly every text, costs one search for all of them at once.

A secret is found as it is, inside other text too; percent-encoded (a URL, a form); as HTML; as JSON or Python quotes
it, also JSON inside JSON; and in base64, wherever in the encoded bytes it begins: three bytes become four characters,
so there are three ways to write it (as malware scanners look for base64, such as YARA by its `base64` modifier).
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
import weakref
from collections.abc import Iterable, Iterator
from os.path import commonprefix
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

from orchestrator.data import is_list, is_object

MASK = "•••"

SHORTEST = 6
"""Characters. What is shorter is no secret worth the name, and hiding it everywhere would spoil ordinary text."""

PART = 16
"""Characters from which on a part of a secret that consists of several (a key file, "id:token") is one itself."""

BEGINNING = 4
"""Characters from which on the beginning of a secret tells something of it."""

_NESTED = 2
"""Levels of quoting, such as JSON inside JSON, that are looked into."""

_SEPARATORS = re.compile(r"\\n|[^A-Za-z0-9+/=_-]+")
_RANDOM = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).*")


class Masker:
    """Hides some secrets. `longest` is the number of characters of the longest way to write one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        self.longest = max(map(len, forms), default=0)
        self._plain = _pattern(forms)
        self._json = _pattern({_escaped(form) for form in forms})
        self._by_first: dict[str, list[str]] = {}
        for form in forms:
            self._by_first.setdefault(form[0], []).append(form)

    def mask(self, text: str) -> str:
        return self._plain.sub(MASK, text) if self._plain else text

    def mask_json(self, text: str) -> str:
        """The JSON text itself when there is nothing to hide in it, else that of the same value without secrets."""
        if self._json is None or self._json.search(text) is None:
            return text
        return orjson.dumps(self._clean(orjson.loads(text))).decode()

    def mask_unfinished(self, text: str) -> str:
        """As `mask`, for a text that goes on: what may be the beginning of a secret is left out at its end."""
        masked = self.mask(text)
        for start in range(max(0, len(masked) - self.longest), len(masked) - BEGINNING + 1):
            if any(form.startswith(masked[start:]) for form in self._by_first.get(masked[start], ())):
                return masked[:start]
        return masked

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.mask(value)
        if is_object(value):
            return {self.mask(key): self._clean(part) for key, part in value.items()}
        if is_list(value):
            return [self._clean(part) for part in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if self.mask(str(value)) == str(value) else MASK
        return value


def _pattern(forms: set[str]) -> re.Pattern[str] | None:
    return re.compile(_tree(list(forms))) if forms else None


def _tree(forms: list[str]) -> str:
    """A pattern for all of them that reads what several begin with once. Of two that begin at the same place, it finds
    the longer one."""
    head = commonprefix(forms)  # noqa: RUF071 (of text, not of paths)
    tails = {form[len(head) :] for form in forms}
    branches: dict[str, list[str]] = {}
    for tail in tails - {""}:
        branches.setdefault(tail[0], []).append(tail)
    if not branches:
        return re.escape(head)
    return f"{re.escape(head)}(?:{'|'.join(map(_tree, branches.values()))}){'?' if '' in tails else ''}"


def _forms(secret: str) -> Iterator[str]:
    """The ways to write a secret."""
    secret = secret.strip()
    if len(secret) < SHORTEST:
        return
    written = {secret, *_percent(secret), html.escape(secret), html.escape(secret, quote=False), *_base64(secret)}
    for part in _SEPARATORS.split(secret):
        if PART <= len(part) < len(secret) and _RANDOM.fullmatch(part):
            written |= {part, *_percent(part)}
    for form in written:
        yield from _quoted(form)


def _percent(text: str) -> Iterator[str]:
    for encoded in (quote(text), quote(text, safe=""), quote_plus(text)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)


def _base64(text: str) -> Iterator[str]:
    """What base64 makes of the text at each of the three places, without the characters that its neighbours share."""
    content = text.encode(errors="surrogatepass")
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + content).decode()
        whole = len(content) + before
        first, last = (before * 8 + 5) // 6, whole * 8 // 6
        core = encoded[first:last]
        if len(core) >= SHORTEST:
            for alphabet in {core, core.replace("+", "-").replace("/", "_")}:
                yield alphabet
                yield quote(alphabet, safe="")


def _quoted(text: str) -> Iterator[str]:
    """The text itself, and as it stands in JSON and in Python's way to show a value, also inside one another."""
    forms = {text}
    for _ in range(_NESTED + 1):
        yield from forms
        forms = {
            quoted
            for form in forms
            for quoted in (
                json.dumps(form)[1:-1],
                json.dumps(form, ensure_ascii=False)[1:-1],
                form.replace("/", "\\/"),
                repr(form)[1:-1],
                repr(f"{form}'\"")[1:-4],  # where there are quotes of both kinds around
            )
        }


def _escaped(form: str) -> str:
    """The text as orjson writes it inside a string. It writes no half of a surrogate pair, so none has to be found."""
    try:
        return orjson.dumps(form).decode()[1:-1]
    except TypeError:
        return form


_known: weakref.WeakKeyDictionary[object, frozenset[str]] = weakref.WeakKeyDictionary()
_masker = Masker()
_lock = threading.Lock()


def know(owner: object, secrets: Iterable[str]) -> None:
    """Hide these secrets in this process, besides those of other owners, for as long as `owner` lives."""
    global _masker
    with _lock:
        given = frozenset(secrets)
        if _known.get(owner) != given:
            _known[owner] = given
            _masker = Masker({secret for secrets in _known.values() for secret in secrets})


def mask(text: str) -> str:
    """The text without the secrets that this process knows."""
    return _masker.mask(text)


def mask_json(text: str) -> str:
    """JSON text without the secrets that this process knows: the very same object when there are none in it."""
    return _masker.mask_json(text)


def mask_unfinished(text: str) -> str:
    """As `mask`, for a text that goes on."""
    return _masker.mask_unfinished(text)


def longest() -> int:
    """Characters of the longest way to write a secret that this process knows."""
    return _masker.longest
