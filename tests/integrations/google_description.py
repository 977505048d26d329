"""Requests checked against the description of an API that Google ships with its client: method, path, parameters, body.

Source: developers.google.com/discovery/v1/reference/apis
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from fnmatch import fnmatch
from typing import Any
from urllib.parse import parse_qs

from googleapiclient.discovery_cache import get_static_doc
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Doc = dict[str, Any]
_TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "number": (int, float)}


@dataclass(frozen=True)
class Asked:
    """A request as it came in. `path` begins behind the address of the API."""

    method: str
    path: str
    query: dict[str, list[str]]
    content_type: str
    body: bytes


class Recorder:
    """Writes down what is asked of an app. `prefix` is where the API is served."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app, self._prefix = app, prefix
        self.asked: list[Asked] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        if request.url.path.startswith(self._prefix):
            path = request.url.path.removeprefix(self._prefix)
            head = request.headers.get("content-type", "")
            self.asked.append(Asked(request.method, path, parse_qs(request.url.query), head, body))
        given = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def again() -> Message:
            return next(given, None) or await receive()

        await self._app(scope, again, send)


class Description:
    def __init__(self, api: str, version: str, said_by_us: frozenset[str] = frozenset()) -> None:
        """`said_by_us`: what the description calls "output only" and Google's own guides send, such as "body.name"."""
        self._doc: Doc = json.loads(get_static_doc(api, version))
        self._said_by_us = said_by_us

    def check(self, asked: Asked) -> str:
        """The id of the method that was asked for. Raises `AssertionError` for what the description does not allow."""
        method, is_upload = self._method_of(asked)
        allowed = {**self._doc["parameters"], **method.get("parameters", {})}
        for name, values in asked.query.items():
            if is_upload and name == "uploadType":
                continue
            assert name in allowed, f"{method['id']} has no parameter '{name}'"
            assert allowed[name].get("location") == "query", f"'{name}' does not belong into the query"
            assert len(values) == 1 or allowed[name].get("repeated"), f"'{name}' is given more than once"
            for value in values:
                self._check_text(value, allowed[name], name)
        self._check_body(asked, method, is_upload)
        return method["id"]

    def _method_of(self, asked: Asked) -> tuple[Doc, bool]:
        for method in self._methods(self._doc):
            upload = method.get("mediaUpload", {}).get("protocols", {}).get("simple", {}).get("path")
            for path, is_upload in ((f"/{self._doc['servicePath']}{method['path']}", False), (upload, True)):
                pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path or ""))
                if path and method["httpMethod"] == asked.method and re.fullmatch(pattern, asked.path):
                    return method, is_upload
        raise AssertionError(f"There is no {asked.method} {asked.path}")

    def _methods(self, resource: Doc) -> Iterator[Doc]:
        yield from resource.get("methods", {}).values()
        for below in resource.get("resources", {}).values():
            yield from self._methods(below)

    def _check_text(self, value: str, declared: Doc, name: str) -> None:
        if declared["type"] == "integer":
            assert re.fullmatch(r"-?\d+", value), f"'{name}' is a number"
        if declared["type"] == "boolean":
            assert value in {"true", "false"}, f"'{name}' is true or false"
        assert value in declared.get("enum", [value]), f"'{name}' cannot be '{value}'"

    def _check_body(self, asked: Asked, method: Doc, is_upload: bool) -> None:
        if "request" not in method:
            assert not asked.body, f"{method['id']} takes no body"
            return
        described = asked.body
        if is_upload:
            head = f"Content-Type: {asked.content_type}\r\n\r\n".encode()
            parts = list(BytesParser(policy=HTTP).parsebytes(head + asked.body).iter_parts())
            described_as, sent_as = (part.get_content_type() for part in parts)
            assert described_as == "application/json"
            assert any(fnmatch(sent_as, kind) for kind in method["mediaUpload"]["accept"]), sent_as
            assert len(asked.body) <= int(method["mediaUpload"]["maxSize"])
            described = parts[0].get_payload(decode=True)
        else:
            assert asked.content_type.startswith("application/json")
        self._check_value(json.loads(described), method["request"], "body")

    def _check_value(self, value: Any, declared: Doc, where: str) -> None:
        if "$ref" in declared:
            declared = self._doc["schemas"][declared["$ref"]]
        assert isinstance(value, _TYPES[declared["type"]]), f"{where} is no {declared['type']}"
        assert not isinstance(value, bool) or declared["type"] == "boolean", where
        if "enum" in declared:
            assert value in declared["enum"], f"{where} cannot be {value!r}"
        if isinstance(value, list):
            for one in value:
                self._check_value(one, declared["items"], where)
        if isinstance(value, dict) and "additionalProperties" in declared:
            for name, one in value.items():
                self._check_value(one, declared["additionalProperties"], f"{where}.{name}")
        elif isinstance(value, dict):
            for name, one in value.items():
                assert name in declared["properties"], f"{where} has no '{name}'"
                is_ours = not declared["properties"][name].get("readOnly") or f"{where}.{name}" in self._said_by_us
                assert is_ours, f"{where}: '{name}' is not ours to say"
                self._check_value(one, declared["properties"][name], f"{where}.{name}")


def google_error(message: str, reason: str) -> dict[str, Any]:
    """The body of a refusal of one of Google's services."""
    return {"error": {"message": message, "errors": [{"message": message, "reason": reason}]}}
