"""The search language of Drive's `files.list`, over the files of the practice account.

Source: developers.google.com/workspace/drive/api/guides/ref-search-terms. The terms are those that our
connector uses, and a few more: `name`, `fullText`, `mimeType`, `trashed`, `in parents`, `appProperties has`, with
`and`, `or`, `not` and brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

File = dict[str, Any]
Test = Callable[[File], bool]

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>[A-Za-z]+)|(?P<sign>!=|[=(){}]))")


class InvalidQuery(Exception):
    """The query is not one of Drive's."""


def parse(query: str) -> Test:
    """Whether a file is wanted. A file has `name`, `mimeType`, `text`, `trashed`, `parents` and `appProperties`.
    Raises `InvalidQuery`."""
    parser = _Parser(query)
    test = parser.any_of()
    if parser.tokens:
        raise InvalidQuery
    return test


def is_ranked(query: str) -> bool:
    """Whether it asks for words in the text: then Drive puts the best first, and refuses to sort."""
    return "fullText" in _Parser(query).tokens


class _Parser:
    def __init__(self, query: str) -> None:
        self.tokens: list[str] = []
        at, end = 0, len(query.rstrip())
        while at < end:
            found = _TOKEN.match(query, at)
            if found is None:
                raise InvalidQuery
            self.tokens.append(found[0].strip())
            at = found.end()

    def any_of(self) -> Test:
        tests = [self.all_of()]
        while self._took("or"):
            tests.append(self.all_of())
        return lambda file: any(test(file) for test in tests)

    def all_of(self) -> Test:
        tests = [self.one()]
        while self._took("and"):
            tests.append(self.one())
        return lambda file: all(test(file) for test in tests)

    def one(self) -> Test:
        if self._took("not"):
            test = self.one()
            return lambda file: not test(file)
        if self._took("("):
            test = self.any_of()
            self._expect(")")
            return test
        first = self._next()
        if first.startswith("'"):
            folder = _text(first)
            self._expect("in")
            self._expect("parents")
            return lambda file: folder in file["parents"]
        match first, self._next():
            case "name", "contains":
                words = self._words()
                return lambda file: _begins(words, file["name"])
            case "fullText", "contains":
                words = self._words()
                return lambda file: all(word in f"{file['name']}\n{file['text']}".casefold() for word in words)
            case ("name" | "mimeType") as name, ("=" | "!=") as sign:
                wanted = _text(self._next())
                return lambda file: (file[name] == wanted) is (sign == "=")
            case "trashed", ("=" | "!=") as sign:
                wanted_state = self._next()
                if wanted_state not in ("true", "false"):
                    raise InvalidQuery
                return lambda file: (file["trashed"] is (wanted_state == "true")) is (sign == "=")
            case "appProperties", "has":
                key, value = self._property()
                return lambda file: file["appProperties"].get(key) == value
        raise InvalidQuery

    def _property(self) -> tuple[str, str]:
        values: list[str] = []
        for sign, name in (("{", "key"), ("and", "value")):
            self._expect(sign)
            self._expect(name)
            self._expect("=")
            values.append(_text(self._next()))
        self._expect("}")
        return values[0], values[1]

    def _words(self) -> list[str]:
        return _text(self._next()).casefold().split()

    def _took(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            del self.tokens[0]
            return True
        return False

    def _next(self) -> str:
        if not self.tokens:
            raise InvalidQuery
        return self.tokens.pop(0)

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise InvalidQuery


def _text(token: str) -> str:
    if not token.startswith("'"):
        raise InvalidQuery
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def _begins(words: list[str], name: str) -> bool:
    """In names, Drive finds words by how they begin."""
    parts = re.findall(r"\w+", name.casefold())
    return all(any(part.startswith(word) for part in parts) or word == name.casefold() for word in words)
