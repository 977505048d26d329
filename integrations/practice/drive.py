"""Practice Drive: the parts of the Drive API (v3) that our connector calls, over sample documents.

Shapes, status codes and errors follow developers.google.com/workspace/drive/api/reference/rest/v3, errors also
developers.google.com/workspace/drive/api/guides/handle-errors. Nobody gets a mail when a file is shared.
"""

from __future__ import annotations

import csv
import io
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.practice import google_oauth, with_body
from integrations.practice.drive_query import InvalidQuery, is_ranked, parse
from integrations.practice.gmail import GoogleError
from integrations.practice.store import Doc, Store

SERVICE = "drive"
ROOT = "0APracticeMyDriveRoot"
_SAMPLES = Path(__file__).parent / "seed" / "drive.json"

_GOOGLE = "application/vnd.google-apps."
FOLDER = f"{_GOOGLE}folder"
_EXPORTS = {
    f"{_GOOGLE}document": {"text/markdown", "text/plain"},
    f"{_GOOGLE}spreadsheet": {"text/csv"},
    f"{_GOOGLE}presentation": {"text/plain"},
}
_ROLES = ("reader", "commenter", "writer", "fileOrganizer", "organizer", "owner")
_USUAL = "kind,id,name,mimeType"
"""The fields of a file that the API gives where none are asked for."""


def routes(store: Store, studio_url: str) -> list[BaseRoute]:
    """The endpoints, below `/drive/v3` and `/upload/drive/v3`."""

    def route(method: str, path: str, handle: Callable[[Drive], Any]) -> BaseRoute:
        def endpoint(request: Request, body: bytes) -> Response:
            try:
                _authorise(store, request)
                answer = handle(Drive(store, studio_url, request, body))
            except GoogleError as error:
                return error.response()
            return answer if isinstance(answer, Response) else JSONResponse(answer)

        return Route(path, with_body(endpoint), methods=[method])

    files = "/drive/v3/files"
    return [
        route("GET", "/drive/v3/about", Drive.about),
        route("GET", files, Drive.list_files),
        route("POST", files, Drive.create_file),
        route("POST", f"/upload{files}", Drive.upload_file),
        route("GET", files + "/{id}", Drive.get_file),
        route("GET", files + "/{id}/export", Drive.export_file),
        route("GET", files + "/{id}/permissions", Drive.list_permissions),
        route("POST", files + "/{id}/permissions", Drive.create_permission),
        route("PATCH", files + "/{id}/permissions/{permission}", Drive.update_permission),
    ]


class Drive:
    """One request."""

    def __init__(self, store: Store, studio_url: str, request: Request, body: bytes) -> None:
        self.store, self.studio_url, self.body = store, studio_url, body
        self.query, self.path, self.headers = request.query_params, request.path_params, request.headers

    def about(self) -> Doc:
        """about.get: .../rest/v3/about/get. `fields` is required there."""
        if "fields" not in self.query:
            raise _refused(400, "required", "The 'fields' parameter is required for this method.")
        return {"kind": "drive#about", "user": _user(self.store)}

    def list_files(self) -> Doc:
        """files.list: .../rest/v3/files/list"""
        query, order = self.query.get("q", ""), self.query.get("orderBy", "")
        try:
            wanted = parse(query) if query.strip() else lambda file: True
        except (InvalidQuery, RecursionError):
            raise _refused(400, "invalid", "Invalid Value") from None
        if order and is_ranked(query):
            raise _refused(
                403,
                "forbidden",
                "Sorting is not supported for queries with fullText terms. Results are always in descending "
                "relevance order.",
            )
        size = self.query.get("pageSize", "100")
        if not re.fullmatch(r"\d{1,4}", size) or not 1 <= int(size) <= 1000:
            raise _refused(
                400, "invalidParameter", f"Invalid value '{size}'. Values must be within the range: [1, 1000]"
            )
        found = [file for file in _files(self.store) if file["id"] != ROOT and wanted(_aliased(self.store, file))]
        start = self._start([file["id"] for file in found])
        found = _sorted(found, order)
        page = found[start : start + int(size)]
        answer: Doc = {"kind": "drive#fileList", "incompleteSearch": False}
        answer["files"] = [self._shown(file) for file in page]
        if start + len(page) < len(found):
            answer["nextPageToken"] = f"~!!~{start + len(page)}"
        return _masked(answer, self.query.get("fields", f"kind,incompleteSearch,nextPageToken,files({_USUAL})"))

    def create_file(self) -> Doc:
        """files.create without content: .../rest/v3/files/create"""
        return self._made(_json(self.body), b"", "application/octet-stream")

    def upload_file(self) -> Doc:
        """files.create with content: developers.google.com/workspace/drive/api/guides/manage-uploads"""
        if self.query.get("uploadType") != "multipart":
            raise _refused(400, "badRequest", "Only uploadType=multipart is practised here.")
        head = f"Content-Type: {self.headers.get('content-type', '')}\r\n\r\n".encode()
        parts = list(BytesParser(policy=HTTP).parsebytes(head + self.body).iter_parts())
        if len(parts) != 2:
            raise _refused(400, "badContent", "Bad content. Expected two parts: metadata and media.")
        described, media = (part.get_payload(decode=True) or b"" for part in parts)
        return self._made(_json(described), media, parts[1].get_content_type())

    def get_file(self) -> Doc | Response:
        """files.get: .../rest/v3/files/get"""
        file = self._file()
        if self.query.get("alt") != "media":
            return _masked(self._shown(file), self.query.get("fields", _USUAL))
        if file["mimeType"].startswith(_GOOGLE):
            message = "Only files with binary content can be downloaded. Use Export with Docs Editors files."
            raise _refused(403, "fileNotDownloadable", message)
        return Response(_content(file), media_type=file["mimeType"])

    def export_file(self) -> Response:
        """files.export: .../rest/v3/files/export"""
        file, wanted = self._file(), self.query.get("mimeType", "")
        if file["mimeType"] not in _EXPORTS:
            raise _refused(403, "fileNotExportable", "Export only supports Docs Editors files.")
        if wanted not in _EXPORTS[file["mimeType"]]:
            raise _refused(400, "badRequest", "The requested conversion is not supported.")
        return Response(file["text"].encode(), media_type=wanted)

    def list_permissions(self) -> Doc:
        """permissions.list: .../rest/v3/permissions/list"""
        answer = {"kind": "drive#permissionList", "permissions": self._file()["permissions"]}
        return _masked(answer, self.query.get("fields", "kind,permissions(kind,id,type,role)"))

    def create_permission(self) -> Doc:
        """permissions.create: .../rest/v3/permissions/create"""
        body = _json(self.body)
        address, role = body.get("emailAddress"), body.get("role")
        if body.get("type") != "user":
            raise _refused(400, "invalid", "The permission type field is required.")
        if role not in _ROLES[:3]:
            raise _refused(400, "invalid", "The specified role is invalid or not supported.")
        if not isinstance(address, str) or not re.fullmatch(r"[^\s@]+@[^\s@]+", address):
            raise _refused(400, "invalidSharingRequest", "The specified emailAddress is invalid or not applicable.")
        if "emailMessage" in self.query and self.query.get("sendNotificationEmail") == "false":
            raise _refused(400, "invalid", "An email message needs a notification email.")
        permission = {
            "kind": "drive#permission",
            "id": str(int(sha256(address.lower().encode()).hexdigest()[:15], 16)),
            "type": "user",
            "role": role,
            "emailAddress": address,
        }
        with self.store.transaction():
            file = self._file()
            others = [one for one in file["permissions"] if one["id"] != permission["id"]]
            self.store.put(SERVICE, "file", file["id"], {**file, "permissions": [*others, permission]})
        return _masked(permission, self.query.get("fields", "kind,id,type,role"))

    def update_permission(self) -> Doc:
        """permissions.update: .../rest/v3/permissions/update"""
        role = _json(self.body).get("role")
        if role not in _ROLES[:3]:
            raise _refused(400, "invalid", "The specified role is invalid or not supported.")
        with self.store.transaction():
            file = self._file()
            changed = next((one for one in file["permissions"] if one["id"] == self.path["permission"]), None)
            if changed is None:
                raise _refused(404, "notFound", f"Permission not found: {self.path['permission']}.")
            if changed["role"] == "owner":
                raise _refused(403, "forbidden", "The owner of a file cannot be removed.")
            changed["role"] = role
            self.store.put(SERVICE, "file", file["id"], file)
        return _masked(changed, self.query.get("fields", "kind,id,type,role"))

    def _made(self, body: Doc, content: bytes, content_type: str) -> Doc:
        name, mime = body.get("name", "Untitled"), body.get("mimeType") or content_type
        properties = body.get("appProperties", {})
        if not isinstance(name, str) or not isinstance(mime, str) or not isinstance(properties, dict):
            raise _refused(400, "invalid", "Invalid Value")
        if any(len(f"{key}{value}".encode()) > 124 for key, value in properties.items()):
            raise _refused(403, "propertyLengthExceeded", "The property is longer than 124 bytes.")
        if mime.startswith(_GOOGLE) and mime != FOLDER and mime not in _EXPORTS:
            raise _refused(400, "badRequest", "Bad Request")
        with self.store.transaction():
            (parent,) = body.get("parents") or [ROOT]
            if _find(self.store, parent)["mimeType"] != FOLDER:
                raise _refused(403, "parentNotAFolder", "The specified parent is not a folder.")
            number = self.store.next_id(SERVICE, "file")
            file = _keep(self.store, f"made {number}", name, mime, content, _find(self.store, parent)["id"], properties)
        return _masked(self._shown(file), self.query.get("fields", _USUAL))

    def _file(self) -> Doc:
        return _find(self.store, self.path["id"])

    def _shown(self, file: Doc) -> Doc:
        """A File: .../rest/v3/files#File"""
        shown: Doc = {
            "kind": "drive#file",
            **{name: file[name] for name in ("id", "name", "mimeType", "parents", "trashed", "modifiedTime")},
            "appProperties": file["appProperties"],
            "webViewLink": f"{self.studio_url}/practice?file={file['id']}",
        }
        if file["mimeType"] != FOLDER:
            shown["size"] = str(len(_content(file)))
        return shown

    def _start(self, ids: list[str]) -> int:
        token = self.query.get("pageToken", "")
        if not token:
            return 0
        found = re.fullmatch(r"~!!~(\d{1,9})", token)
        if not found or int(found[1]) > len(ids):
            raise _refused(400, "invalid", "Invalid Value")
        return int(found[1])


def overview(store: Store) -> Doc:
    """The drive as a person would see it: {"files": [...]}, folders first, each with its text."""
    files = {file["id"]: file for file in _files(store)}

    def place(file: Doc) -> str:
        parent = files.get(next(iter(file["parents"]), ""))
        return f"{place(parent)}/{parent['name']}".strip("/") if parent else ""

    return {
        "files": [
            {
                "id": file["id"],
                "name": file["name"],
                "mime": file["mimeType"],
                "is_folder": file["mimeType"] == FOLDER,
                "folder": place(file),
                "modified": file["modifiedTime"],
                "text": file["text"],
                "size": len(_content(file)),
                "shared": [
                    {"address": one["emailAddress"], "role": one["role"]}
                    for one in file["permissions"]
                    if one["role"] != "owner"
                ],
            }
            for file in sorted(files.values(), key=lambda one: (place(one), one["mimeType"] != FOLDER, one["name"]))
            if file["id"] != ROOT
        ]
    }


def seed(store: Store) -> None:
    """The sample files, dated back from now."""
    samples = json.loads(_SAMPLES.read_text(encoding="utf-8"))
    store.put(SERVICE, "user", "me", samples["user"])
    now = datetime.now(UTC).replace(microsecond=0)
    _keep(store, ROOT, "My Drive", FOLDER, b"", None, {}, now, id=ROOT)
    ids = {"": ROOT}
    for sample in samples["files"]:
        text = "\n".join(sample.get("text", []))
        if "rows" in sample:
            table = io.StringIO(newline="")
            csv.writer(table).writerows(sample["rows"])
            text = table.getvalue()
        path = f"{sample.get('folder', '')}/{sample['name']}".strip("/")
        modified = now - timedelta(days=sample["days_ago"])
        parent = ids[sample.get("folder", "")]
        ids[path] = _keep(store, path, sample["name"], sample["mime"], text.encode(), parent, {}, modified)["id"]


def _keep(
    store: Store,
    unique: str,
    name: str,
    mime: str,
    content: bytes,
    parent: str | None,
    properties: Doc,
    modified: datetime | None = None,
    *,
    id: str = "",
) -> Doc:
    user = _user(store)
    try:
        kept = {"text": content.decode()}
    except UnicodeDecodeError:
        kept = {"text": "", "base64": b64encode(content).decode()}
    file = {
        "id": id or f"1{sha256(f'drive {unique}'.encode()).hexdigest()[:32]}",
        "name": name,
        "mimeType": mime,
        **kept,
        "parents": [parent] if parent else [],
        "appProperties": properties,
        "trashed": False,
        "modifiedTime": f"{modified or datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
        "permissions": [
            {
                "kind": "drive#permission",
                "id": "00000000000000000001",
                "type": "user",
                "role": "owner",
                "emailAddress": user["emailAddress"],
            }
        ],
    }
    store.put(SERVICE, "file", file["id"], file)
    return file


def _authorise(store: Store, request: Request) -> None:
    given = request.headers.get("authorization")
    status = google_oauth.refusal(store, given, google_oauth.DRIVE)
    if status == 403:
        raise _refused(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
    if status:
        reason, what = ("authError", "Invalid Credentials") if given else ("required", "Login Required.")
        raise GoogleError(401, "UNAUTHENTICATED", reason, what)


def _refused(code: int, reason: str, message: str) -> GoogleError:
    status = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}[code]
    return GoogleError(code, status, reason, message)


def _json(body: bytes) -> Doc:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise _refused(400, "parseError", "Parse Error")
    return parsed


def _user(store: Store) -> Doc:
    user = store.get(SERVICE, "user", "me")
    assert user is not None, "the drive is seeded before it is served"
    return user


def _files(store: Store) -> list[Doc]:
    return store.all(SERVICE, "file")


def _find(store: Store, id: str) -> Doc:
    file = store.get(SERVICE, "file", ROOT if id == "root" else str(id))
    if file is None:
        raise _refused(404, "notFound", f"File not found: {id}.")
    return file


def _content(file: Doc) -> bytes:
    return b64decode(file["base64"]) if "base64" in file else file["text"].encode()


def _aliased(store: Store, file: Doc) -> Doc:
    """The drive itself may be called "root" in a query."""
    return {**file, "parents": [*file["parents"], "root"]} if ROOT in file["parents"] else file


def _sorted(files: list[Doc], order: str) -> list[Doc]:
    """Source: .../rest/v3/files/list, `orderBy`. Without one, the newest are first."""
    for key in reversed((order or "modifiedTime desc").split(",")):
        name, _, direction = key.strip().partition(" ")
        if name not in ("name", "modifiedTime") or direction not in ("", "desc"):
            raise _refused(400, "invalid", f"Invalid value for orderBy: {key}")
        files = sorted(files, key=lambda file: file[name], reverse=direction == "desc")
    return files


def _masked(answer: Doc, fields: str) -> Doc:
    """What `fields` leaves of an answer. Source: developers.google.com/workspace/drive/api/guides/fields-parameter"""
    if fields == "*":
        return answer
    wanted = re.findall(r"([\w/]+)(?:\(([^()]*)\))?", fields)
    masked: Doc = {}
    for name, inner in wanted:
        value = answer.get(name)
        if value is None:
            continue
        if inner:
            of_each: list[Any] = value if isinstance(value, list) else [value]
            kept = [_masked(one, inner) for one in of_each]
            masked[name] = kept if isinstance(value, list) else kept[0]
        else:
            masked[name] = value
    return masked
