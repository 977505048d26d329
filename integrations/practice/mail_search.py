"""The part of Gmail's search language that practice Gmail understands.

Source: support.google.com/mail/answer/7190, "Refine searches in Gmail".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Mail = dict[str, Any]
Test = Callable[[Mail], bool]

_TOKEN = re.compile(r'-?(?:\w+:)?"[^"]*"?|-?(?:\w+:)?[({]|[)}]|[^\s(){}"]+')
_WORD = re.compile(r"\w+")
_AGE = re.compile(r"(\d{1,3})([dmy])")
_DAYS = {"d": 1, "m": 30, "y": 365}
_EVERYWHERE = re.compile(r"\bin:(anywhere|trash|spam)\b", re.IGNORECASE)


def search(query: str, mails: list[Mail], now: datetime, *, spam_and_trash: bool = False) -> list[Mail]:
    """The mails that `query` is true of, in their order. Mails in spam and trash only when asked for.

    A mail has: from, to, cc, bcc, subject, text, message_id, attachments, labels (ids and names), date (a datetime).
    """
    everywhere = spam_and_trash or _EVERYWHERE.search(query)
    test = _Query(_TOKEN.findall(query), now).whole()
    return [mail for mail in mails if (everywhere or not {"SPAM", "TRASH"} & set(mail["labels"])) and test(mail)]


class _Query:
    """A recursive descent over the tokens: words stand for "all of these", OR and {} for "any of these"."""

    def __init__(self, tokens: list[str], now: datetime) -> None:
        self._tokens = tokens
        self._at = 0
        self._now = now

    def whole(self) -> Test:
        tests: list[Test] = []
        while self._at < len(self._tokens):  # more than one turn only where a closing bracket is too many
            tests += self._group("")
        return _all(tests)

    def _group(self, operator: str) -> list[Test]:
        """The terms up to a closing bracket or the end."""
        tests: list[Test] = []
        while self._at < len(self._tokens):
            token = self._next()
            if token in {")", "}"}:
                break
            if token == "OR" and tests and self._at < len(self._tokens):
                tests[-1] = _any([tests[-1], self._term(self._next(), operator)])
            elif token not in {"OR", "AND"}:
                tests.append(self._term(token, operator))
        return tests

    def _term(self, token: str, operator: str) -> Test:
        if len(token) > 1 and token.startswith("-"):
            test = self._term(token[1:], operator)
            return lambda mail: not test(mail)
        name, colon, value = token.partition(":")
        if colon and name.lower() in _OPERATORS:
            operator, token = name.lower(), value
        if token == "(":
            return _all(self._group(operator))
        if token == "{":
            return _any(self._group(operator))
        return self._test(operator, token.strip('"'))

    def _test(self, operator: str, value: str) -> Test:
        return _OPERATORS[operator](value, self._now)

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]


def _all(tests: list[Test]) -> Test:
    return lambda mail: all(test(mail) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda mail: any(test(mail) for test in tests)


def _words(text: str) -> str:
    """The words of a text, so that one text contains the words of another where it contains them as a string."""
    return " " + " ".join(_WORD.findall(text.casefold())) + " "


def _in(*names: str) -> Callable[[str, datetime], Test]:
    """Whole words, next to each other, in one of the named fields."""

    def operator(value: str, now: datetime) -> Test:
        wanted = _words(value)
        return lambda mail: not wanted.strip() or any(wanted in _words(mail[name]) for name in names)

    return operator


def _file(value: str, now: datetime) -> Test:
    return lambda mail: any(_words(value) in _words(file["name"]) for file in mail["attachments"])


def _anywhere(value: str, now: datetime) -> Test:
    return _any([_in("subject", "text", "from", "to", "cc")(value, now), _file(value, now)])


def _is(value: str, now: datetime) -> Test:
    if value.lower() == "read":
        return lambda mail: "UNREAD" not in mail["labels"]
    return _label(value, now)


def _place(value: str, now: datetime) -> Test:
    if value.lower() == "anywhere":
        return lambda mail: True
    return _label(value, now)


def _label(value: str, now: datetime) -> Test:
    wanted = value.casefold().replace(" ", "-")
    return lambda mail: any(label.casefold().replace(" ", "-") == wanted for label in mail["labels"])


def _has(value: str, now: datetime) -> Test:
    return lambda mail: value.lower() == "attachment" and bool(mail["attachments"])


def _message_id(value: str, now: datetime) -> Test:
    return lambda mail: mail["message_id"].strip("<>") == value.strip("<>")


def _moment(value: str) -> datetime | None:
    """A day (2026/11/30, 2026-11-30, 11/30/2026) or seconds since 1970."""
    if value.isdecimal() and len(value) < 12:
        return datetime.fromtimestamp(int(value), UTC)
    for format in ("%Y/%m/%d", "%Y-%m-%d", "%m/%d/%Y"):
        try:
            return datetime.strptime(value, format).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _before(value: str, now: datetime) -> Test:
    moment = _moment(value)
    return lambda mail: moment is not None and mail["date"] < moment


def _after(value: str, now: datetime) -> Test:
    moment = _moment(value)
    return lambda mail: moment is not None and mail["date"] >= moment


def _age(value: str, now: datetime) -> datetime | None:
    found = _AGE.fullmatch(value.lower())
    return now - timedelta(days=int(found[1]) * _DAYS[found[2]]) if found else None


def _newer(value: str, now: datetime) -> Test:
    moment = _age(value, now)
    return lambda mail: moment is not None and mail["date"] >= moment


def _older(value: str, now: datetime) -> Test:
    moment = _age(value, now)
    return lambda mail: moment is not None and mail["date"] < moment


_OPERATORS: dict[str, Callable[[str, datetime], Test]] = {
    "": _anywhere,
    "from": _in("from"),
    "to": _in("to", "cc", "bcc"),
    "cc": _in("cc"),
    "bcc": _in("bcc"),
    "subject": _in("subject"),
    "is": _is,
    "in": _place,
    "label": _label,
    "has": _has,
    "filename": _file,
    "rfc822msgid": _message_id,
    "newer_than": _newer,
    "older_than": _older,
    "after": _after,
    "newer": _after,
    "before": _before,
    "older": _before,
}
"""What stands before the colon. Any other is no operator but a part of a word, as in "12:30"."""
