"""What the endpoints of practice Gmail share: errors in Google's shape, and what requests are checked for."""

from __future__ import annotations

import json
import re

from starlette.responses import JSONResponse, Response

from integrations.practice import mail_box
from integrations.practice.store import Doc, Store


class GoogleError(Exception):
    """An answer in the shape of Google's errors, in both of its vocabularies."""

    def __init__(self, code: int, status: str, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.status, self.reason, self.message = code, status, reason, message

    def response(self) -> Response:
        detail = {"message": self.message, "domain": "global", "reason": self.reason}
        error = {"code": self.code, "message": self.message, "errors": [detail], "status": self.status}
        headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if self.code == 401 else {}
        return JSONResponse({"error": error}, self.code, headers)


def bad_request(message: str) -> GoogleError:
    return GoogleError(400, "INVALID_ARGUMENT", "invalidArgument", message)


def not_found() -> GoogleError:
    return GoogleError(404, "NOT_FOUND", "notFound", "Requested entity was not found.")


def json_of(body: bytes) -> Doc:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise GoogleError(400, "INVALID_ARGUMENT", "parseError", "Invalid JSON payload received.")
    return parsed


def names_in(body: Doc, field: str) -> list[str]:
    names = body.get(field, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise bad_request(f"Invalid value at '{field}' (TYPE_STRING)")
    return names


def found_mail(store: Store, id: str) -> Doc:
    """The mail of that id. Raises `GoogleError`."""
    if not re.fullmatch(r"[0-9a-f]{1,16}", id):
        raise bad_request("Invalid id value")
    mail = mail_box.mail(store, id)
    if mail is None:
        raise not_found()
    return mail


def page_start(ids: list[str], token: str | None) -> int:
    """Where the page begins that comes after the mail which `token` names."""
    if not token:
        return 0
    last = f"{int(token):016x}" if re.fullmatch(r"\d{1,20}", token) else ""
    if last not in ids:
        raise bad_request("Invalid pageToken")
    return ids.index(last) + 1
