"""Drive at Google, through Google's own client.

Source: developers.google.com/workspace/drive/api/reference/rest/v3
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from typing import Any

from integrations import _google_http
from integrations.drive import (
    CONSENT,
    DOCUMENT,
    FOLDER,
    MOST_BYTES,
    SHOWN,
    CreateFolder,
    DriveAccount,
    DriveFile,
    FileText,
    ReadFile,
    SearchFiles,
    Share,
    ShareFile,
    UploadFile,
    converted,
    decoded,
    id_of,
    is_text,
    mime_of,
    no_text,
    too_large,
)
from orchestrator.actions import Unavailable

SHORTCUT = "application/vnd.google-apps.shortcut"

KEY = "patchbay_key"
"""The app property that marks what we made. Source: developers.google.com/workspace/drive/api/guides/properties"""

EXPORTS = {
    DOCUMENT: "text/markdown",
    "application/vnd.google-apps.spreadsheet": "text/csv",
    "application/vnd.google-apps.presentation": "text/plain",
    "application/vnd.google-apps.script": "application/vnd.google-apps.script+json",
}
"""As what a document of Google's own kinds is read.
Source: developers.google.com/workspace/drive/api/guides/ref-export-formats"""

_FIELDS = "id,name,mimeType,size,modifiedTime,webViewLink"
_ROLES = ("reader", "commenter", "writer", "fileOrganizer", "organizer", "owner")
_PAGE = 100
_REMEDIES = {
    403: "Check what the account may do with this file or folder.",
    404: "Check the file or folder, and that the account may see it.",
}


class GoogleDrive:
    """A `Drive` at Google. Each call of the API is one request."""

    def __init__(self, account: DriveAccount, http: Any) -> None:
        self._account = account
        self._base_url = account.base_url
        service = _service(account.base_url)
        self._files = service.files()
        self._permissions = service.permissions()
        self._about = service.about()
        self._http = http

    @classmethod
    @contextmanager
    def opened(cls, account: DriveAccount, timeout: float) -> Iterator[GoogleDrive]:
        """`timeout` is in seconds, for a request. What goes wrong inside is raised as an error of ours."""
        with _google_http.connection(
            "Google Drive",
            account.base_url,
            account,
            timeout=timeout,
            remedies=_REMEDIES,
        ) as http:
            yield cls(account, http)

    def search(self, p: SearchFiles) -> list[DriveFile]:
        terms = ["trashed = false"]
        if p.text.strip():
            words = _quoted(p.text.strip())
            terms.append(f"(name contains {words} or fullText contains {words})")
        if p.folder.strip():
            terms.append(f"{_quoted(id_of(p.folder))} in parents")
        # Drive refuses to sort what it has ranked by its text.
        order = None if p.text.strip() else "modifiedTime desc"
        return [_file(found) for found in self._list(" and ".join(terms), p.limit, order)]

    def read(self, p: ReadFile) -> FileText:
        wanted = f"{_FIELDS},shortcutDetails(targetId)"
        found = self._do(self._files.get(fileId=id_of(p.file), fields=wanted, supportsAllDrives=True))
        if found["mimeType"] == SHORTCUT:
            target = found["shortcutDetails"]["targetId"]
            found = self._do(self._files.get(fileId=target, fields=wanted, supportsAllDrives=True))
        file = _file(found)
        if file.is_folder:
            raise no_text(file.name, "it is a folder")
        export = EXPORTS.get(file.mime)
        if not export and not is_text(file.mime):
            raise no_text(file.name, f"it is of the type {file.mime}")
        if file.size > MOST_BYTES:
            raise too_large(file.name)
        if export:
            content = self._bytes(self._files.export(fileId=file.id, mimeType=export))
        else:
            content = self._bytes(self._files.get_media(fileId=file.id, supportsAllDrives=True))
        return FileText(**file.model_dump(), text=decoded(content, file.name), text_type=export or file.mime)

    def upload(self, p: UploadFile, content: bytes, key: str) -> DriveFile:
        from googleapiclient.http import MediaInMemoryUpload

        body = _described(p.name, converted(p) or mime_of(p.name), p.folder, key)
        media = MediaInMemoryUpload(content, mimetype=mime_of(p.name), resumable=False)
        made = self._do(self._files.create(body=body, media_body=media, fields=_FIELDS, supportsAllDrives=True))
        return _file(made)

    def find_upload(self, p: UploadFile, content: bytes, key: str) -> DriveFile | None:
        return self._marked(key)

    def create_folder(self, p: CreateFolder, key: str) -> DriveFile:
        body = _described(p.name, FOLDER, p.parent, key)
        return _file(self._do(self._files.create(body=body, fields=_FIELDS, supportsAllDrives=True)))

    def find_folder(self, p: CreateFolder, key: str) -> DriveFile | None:
        return self._marked(key)

    def share(self, p: ShareFile) -> Share:
        id = id_of(p.file)
        file = self._do(self._files.get(fileId=id, fields="id,webViewLink", supportsAllDrives=True))
        rank = _ROLES.index(p.role)
        theirs = next((one for one in self._shares(id) if _is_of(one, p.address)), None)
        was_shared = theirs is not None and _ROLES.index(theirs["role"]) >= rank
        if theirs is None:
            body = {"type": "user", "role": p.role, "emailAddress": p.address}
            mail = {"sendNotificationEmail": p.notify, "emailMessage": p.message if p.notify and p.message else None}
            self._do(self._permissions.create(fileId=id, body=body, fields="id", supportsAllDrives=True, **mail))
        elif not was_shared:
            change = {"role": p.role}
            how = {"permissionId": theirs["id"], "fields": "id", "supportsAllDrives": True}
            self._do(self._permissions.update(fileId=id, body=change, **how))
        return Share(file_id=id, address=p.address, role=p.role, was_shared=was_shared, url=file.get("webViewLink", ""))

    def folders(self) -> list[tuple[str, str]]:
        found = self._list(f"mimeType = '{FOLDER}' and trashed = false", SHOWN, "name")
        return [("root", "My Drive"), *((folder["id"], folder["name"]) for folder in found)]

    def whose(self) -> str:
        CONSENT.check(self._account, self._http)
        return self._do(self._about.get(fields="user(emailAddress)"))["user"]["emailAddress"]

    def _list(self, query: str, limit: int, order: str | None = None) -> Iterator[dict[str, Any]]:
        """Up to `limit` files, over as many pages as it takes."""
        token = None
        while limit > 0:
            page = self._do(
                self._files.list(
                    q=query,
                    pageSize=min(limit, _PAGE),
                    pageToken=token,
                    orderBy=order,
                    fields=f"nextPageToken,files({_FIELDS})",
                    supportsAllDrives=True,
                    includeItemsFromAllDrives=True,
                )
            )
            for found in page.get("files", [])[:limit]:
                limit -= 1
                yield found
            token = page.get("nextPageToken")
            if token is None:
                return

    def _marked(self, key: str) -> DriveFile | None:
        """What was made with this key, in the bin too."""
        found = self._list(f"appProperties has {{ key='{KEY}' and value='{_digest(key)}' }}", 1)
        return next((_file(one) for one in found), None)

    def _shares(self, id: str) -> Iterator[dict[str, Any]]:
        token = None
        while True:
            page = self._do(
                self._permissions.list(
                    fileId=id,
                    pageSize=_PAGE,
                    pageToken=token,
                    fields="nextPageToken,permissions(id,type,role,emailAddress)",
                    supportsAllDrives=True,
                )
            )
            yield from page.get("permissions", [])
            token = page.get("nextPageToken")
            if token is None:
                return

    def _do(self, request: Any) -> dict[str, Any]:
        answer = request.execute(http=self._http)
        if not isinstance(answer, dict):  # the client hands on what is not JSON as it came
            raise Unavailable(
                f"What answers at {self._base_url} does not speak as Google Drive does.",
                remedy="Check the account's address, and whether a proxy or a sign-in page is in the way.",
            )
        return answer

    def _bytes(self, request: Any) -> bytes:
        content = request.execute(http=self._http)
        return content if isinstance(content, bytes) else str(content).encode()


@lru_cache(maxsize=32)
def _service(base_url: str) -> Any:
    """Drive's builder of requests, which all threads and accounts share. Uploads go to an address of their own, so
    the base is put into the description of the API: the option of the client changes only one of the two."""
    import httplib2
    from googleapiclient.discovery import build_from_document
    from googleapiclient.discovery_cache import get_static_doc

    root = base_url.rstrip("/") + "/"
    described = json.loads(get_static_doc("drive", "v3"))
    described |= {"rootUrl": root, "baseUrl": root + described["servicePath"]}
    return build_from_document(described, http=httplib2.Http(), client_options={"api_endpoint": described["baseUrl"]})


def _described(name: str, mime: str, folder: str, key: str) -> dict[str, Any]:
    body: dict[str, Any] = {"name": name, "mimeType": mime, "appProperties": {KEY: _digest(key)}}
    return body | ({"parents": [id_of(folder)]} if folder.strip() else {})


def _file(found: dict[str, Any]) -> DriveFile:
    return DriveFile(
        id=found["id"],
        name=found["name"],
        mime=found["mimeType"],
        is_folder=found["mimeType"] == FOLDER,
        size=int(found.get("size", 0)) if not found["mimeType"].startswith("application/vnd.google-apps.") else 0,
        modified=found.get("modifiedTime", ""),
        url=found.get("webViewLink", ""),
    )


def _is_of(permission: dict[str, Any], address: str) -> bool:
    return permission["type"] == "user" and permission.get("emailAddress", "").casefold() == address.casefold()


def _quoted(text: str) -> str:
    """Source: developers.google.com/workspace/drive/api/guides/ref-search-terms"""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:32]
