"""Google Drive: search, read, upload and share files, through Google's own client, or the same in a local folder.

An account has a Google token, or the path of a folder on this computer (`folder`): then the actions work on the
files in it, without Google. What is worked on is a `Drive` either way.

Source: developers.google.com/workspace/drive/api/reference/rest/v3
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, model_validator

from integrations import _run_folder
from integrations._fields import Id, OptionalPath, Text, whole
from integrations._google_oauth import GoogleAccount, GoogleConsent
from integrations._mail_recipients import is_address
from orchestrator.actions import (
    Call,
    Connector,
    Params,
    Plan,
    Result,
    ServiceError,
    field,
    placeholder,
)

MOST_BYTES = 5_000_000
"""How large a file may be that is read or uploaded. Google itself gives out 10 MB of an exported document at most."""

PICKER_TIMEOUT = 30.0
"""Seconds that a request may take of a list to choose from, or of the test of an account."""

FOLDER = "application/vnd.google-apps.folder"
DOCUMENT = "application/vnd.google-apps.document"

_TEXTS = re.compile(
    r"text/.*|application/(json|xml|javascript|x-javascript|yaml|x-yaml|toml|sql|x-sh|x-python|octet-stream|.*\+(json|xml))"
)
SHOWN = 200
"""How many files or folders a list to choose from shows."""


class DriveAccount(GoogleAccount):
    """A Google Drive, or a folder on this computer."""

    folder: str = field(
        "Folder on this computer", default="", description="In place of Google: its whole path, from the root on."
    )
    base_url: str = field(
        "Address of the API",
        default="https://www.googleapis.com",
        expert=True,
        pattern=r"^https?://[^/\s]+\S*$",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> DriveAccount:
        if self.is_signed_in == bool(self.folder):
            raise ValueError("sign in to Google, or give the path of a folder on this computer")
        return self


CONSENT = GoogleConsent({"drive": "read, change and share files"})

drive = Connector(
    "drive",
    title="Google Drive",
    icon=":material/add_to_drive:",
    description="Search, read, upload and share files.",
    account=DriveAccount,
    consent=CONSENT,
    practice={"base_url": "{practice}/drive", "token": "practice"},
)


def _one_name(value: str) -> str:
    name = whole(value).strip()
    if not name.isprintable():
        raise ValueError("A name is a single line without control characters.")
    if not 0 < len(name.encode()) <= 240:
        raise ValueError("A name has at least one character and at most 240 bytes.")
    return name


def _address(value: str) -> str:
    address = value.strip()
    if not is_address(address):
        raise ValueError(f"'{address}' is not an e-mail address.")
    return address


Name = Annotated[str, AfterValidator(_one_name)]
Address = Annotated[str, AfterValidator(_address)]
Role = Literal["reader", "commenter", "writer"]


class DriveFile(Result):
    id: str = field("Id")
    name: str = field("Name")
    mime: str = field("Type", examples=["text/markdown", DOCUMENT])
    is_folder: bool = field("Is a folder")
    size: int = field("Size in bytes", description="0 for folders and Google's own documents.")
    modified: str = field("Changed", description="ISO 8601, in UTC.")
    url: str = field("Link")


class Files(Result):
    files: list[DriveFile] = field("Files")
    count: int = field("How many")


class FileText(DriveFile):
    """A file with its text."""

    text: str = field("Text")
    text_type: str = field("Type of the text", examples=["text/markdown", "text/csv", "text/plain"])


class Share(Result):
    file_id: str = field("File id")
    address: str = field("With whom")
    role: Role = field("What they may do")
    was_shared: bool = field("Was so already", description="Then nothing was changed, and no mail was sent.")
    url: str = field("Link")


class SearchFiles(Params):
    """Find files by the words in their names and texts, or list the newest ones."""

    text: Text = field(
        "Words",
        default="",
        description="In the name or in the text. Empty: all files.",
        max_length=500,
        examples=["cost sheet"],
    )
    folder: Text = field(
        "Folder", default="", picker="drive.folders", description="Id or link. Empty: everywhere.", max_length=1000
    )
    limit: int = field("At most", default=20, ge=1, le=500, description="How many files.")


class ReadFile(Params):
    """Read a file as text. Google's documents are read as Markdown, spreadsheets as CSV (the first sheet), slides as
    plain text."""

    file: Id = field("File", picker="drive.files", description="Id or link.", min_length=1, max_length=1000)


class UploadFile(Params):
    """Put a file into Drive: a text, or a file of the run's own folder."""

    name: Name = field("Name", description="With its ending.", examples=["summary.md"])
    content: Text = field("Content", default="", widget="multiline")
    path: OptionalPath = field(
        "Or a file of the run",
        default="",
        description="Its path in the run's own folder, in place of the content.",
        max_length=1000,
    )
    folder: Text = field(
        "Folder", default="", picker="drive.folders", description="Id or link. Empty: My Drive.", max_length=1000
    )
    as_document: bool = field(
        "Make it a Google document",
        default=False,
        description="Markdown and plain text become a document, CSV a spreadsheet.",
        expert=True,
    )

    @model_validator(mode="after")
    def _fits(self) -> UploadFile:
        if self.content and self.path:
            raise ValueError("Give the content or the path of a file, not both.")
        if len(self.content.encode()) > MOST_BYTES:
            raise ValueError(f"The content is larger than {MOST_BYTES / 1e6:g} MB.")
        return self


class CreateFolder(Params):
    """Make a folder."""

    name: Name = field("Name")
    parent: Text = field(
        "Inside", default="", picker="drive.folders", description="Id or link. Empty: My Drive.", max_length=1000
    )


class ShareFile(Params):
    """Let somebody see or change a file or folder. Somebody who may do that already, or more, is left as they are."""

    file: Id = field("File or folder", picker="drive.files", description="Id or link.", min_length=1, max_length=1000)
    address: Address = field("With whom", description="An e-mail address.", examples=["ana@example.com"])
    role: Role = field("What they may do", default="reader", description="Read, comment, or change (writer).")
    notify: bool = field("Tell them by mail", default=True)
    message: Text = field("Words in that mail", default="", widget="multiline", expert=True)


class Drive(Protocol):
    """What the actions ask of a drive: Google's, or a local folder."""

    def search(self, p: SearchFiles) -> list[DriveFile]: ...
    def read(self, p: ReadFile) -> FileText: ...
    def upload(self, p: UploadFile, content: bytes, key: str) -> DriveFile: ...
    def find_upload(self, p: UploadFile, content: bytes, key: str) -> DriveFile | None: ...
    def create_folder(self, p: CreateFolder, key: str) -> DriveFile: ...
    def find_folder(self, p: CreateFolder, key: str) -> DriveFile | None: ...
    def share(self, p: ShareFile) -> Share: ...
    def folders(self) -> list[tuple[str, str]]: ...
    def whose(self) -> str: ...


@drive.action("Search files", effect="read", result=Files)
def search_files(p: SearchFiles, account: DriveAccount, call: Call) -> Files:
    with _opened(account, call.timeout) as opened:
        found = opened.search(p)
    call.log(f"Found {len(found)} file{'' if len(found) == 1 else 's'}.")
    return Files(files=found, count=len(found))


@drive.action("Read a file", effect="read", result=FileText)
def read_file(p: ReadFile, account: DriveAccount, call: Call) -> FileText:
    with _opened(account, call.timeout) as opened:
        return opened.read(p)


@drive.action("Upload a file", effect="write", result=DriveFile)
def upload_file(p: UploadFile, account: DriveAccount, call: Call) -> DriveFile:
    content = _content(p, call)
    with _opened(account, call.timeout) as opened:
        made = opened.upload(p, content, call.key)
    call.log(f"Uploaded '{made.name}'.")
    return made


@upload_file.preview
def _(p: UploadFile, account: DriveAccount) -> Plan:
    mime = converted(p) or mime_of(p.name)
    return Plan(
        summary=f"Upload '{p.name}' to {_place(p.folder, account)}.",
        request={"name": p.name, "folder": _place(p.folder, account), "type": mime}
        | ({"path": p.path} if p.path else {"content": p.content}),
        result=_planned(p.name, mime),
    )


@upload_file.find
def _(p: UploadFile, account: DriveAccount, call: Call) -> DriveFile | None:
    content = _content(p, call)
    with _opened(account, call.timeout) as opened:
        return opened.find_upload(p, content, call.key)


@drive.action("Create a folder", effect="write", result=DriveFile)
def create_folder(p: CreateFolder, account: DriveAccount, call: Call) -> DriveFile:
    with _opened(account, call.timeout) as opened:
        made = opened.create_folder(p, call.key)
    call.log(f"Made the folder '{made.name}'.")
    return made


@create_folder.preview
def _(p: CreateFolder, account: DriveAccount) -> Plan:
    return Plan(
        summary=f"Make the folder '{p.name}' in {_place(p.parent, account)}.",
        request={"name": p.name, "parent": _place(p.parent, account)},
        result=_planned(p.name, FOLDER),
    )


@create_folder.find
def _(p: CreateFolder, account: DriveAccount, call: Call) -> DriveFile | None:
    with _opened(account, call.timeout) as opened:
        return opened.find_folder(p, call.key)


@drive.action("Share a file", effect="idempotent_write", result=Share)
def share_file(p: ShareFile, account: DriveAccount, call: Call) -> Share:
    with _opened(account, call.timeout) as opened:
        shared = opened.share(p)
    done = "was shared already" if shared.was_shared else "is shared now"
    call.log(f"The file {done} with {p.address} ({p.role}).")
    return shared


@share_file.preview
def _(p: ShareFile, account: DriveAccount) -> Plan:
    request: dict[str, Any] = {"file": p.file, "address": p.address, "role": p.role, "mail": p.notify}
    return Plan(
        summary=f"Share a file with {p.address} ({p.role}).",
        request=request | ({"message": p.message} if p.notify and p.message else {}),
        result=Share(
            file_id=id_of(p.file), address=p.address, role=p.role, was_shared=False, url=placeholder("file link")
        ),
    )


@drive.picker("folders")
def folders(account: DriveAccount) -> list[tuple[str, str]]:
    with _opened(account, PICKER_TIMEOUT) as opened:
        return opened.folders()


@drive.picker("files")
def files(account: DriveAccount) -> list[tuple[str, str]]:
    with _opened(account, PICKER_TIMEOUT) as opened:
        return [(file.id, file.name) for file in opened.search(SearchFiles(limit=SHOWN))]


@drive.check
def check(account: DriveAccount) -> str:
    with _opened(account, PICKER_TIMEOUT) as opened:
        return opened.whose()


def mime_of(name: str) -> str:
    """The type of a file, by the ending of its name."""
    if name.lower().endswith((".md", ".markdown")):
        return "text/markdown"
    return mimetypes.guess_type(name)[0] or "text/plain"


def is_text(mime: str) -> bool:
    return bool(_TEXTS.fullmatch(mime))


def decoded(content: bytes, name: str) -> str:
    """Raises `ServiceError` for what is no text, or too large."""
    if len(content) > MOST_BYTES:
        raise too_large(name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise no_text(name, "it is not text in UTF-8")
    return text


def no_text(name: str, why: str) -> ServiceError:
    return ServiceError(f"'{name}' cannot be read as text: {why}.", remedy="Choose a text file or a Google document.")


def too_large(name: str) -> ServiceError:
    return ServiceError(f"'{name}' is larger than {MOST_BYTES / 1e6:g} MB.", remedy="Choose a smaller file.")


def converted(p: UploadFile) -> str:
    """The kind of Google's own that the upload becomes, "" for none."""
    if not p.as_document:
        return ""
    return "application/vnd.google-apps.spreadsheet" if mime_of(p.name) == "text/csv" else DOCUMENT


def id_of(value: str) -> str:
    """The id in a link to a file or folder; what is no link is an id already."""
    found = re.search(r"(?:/d/|/folders/|[?&](?:id|file)=)([\w-]{5,})", value) if "/" in value else None
    return found[1] if found else value.strip()


def _content(p: UploadFile, call: Call) -> bytes:
    content = _run_folder.read(call.folder(), p.path) if p.path else p.content.encode()
    if len(content) > MOST_BYTES:
        raise too_large(p.name)
    return content


def _place(folder: str, account: DriveAccount) -> str:
    return folder.strip() or account.folder or "My Drive"


def _planned(name: str, mime: str) -> DriveFile:
    return DriveFile(
        id=placeholder("file id"),
        name=name,
        mime=mime,
        is_folder=mime == FOLDER,
        size=0,
        modified=placeholder("time"),
        url=placeholder("file link"),
    )


@contextmanager
def _opened(account: DriveAccount, timeout: float) -> Iterator[Drive]:
    if account.folder:
        from integrations._drive_folder import LocalFolder

        with LocalFolder.opened(account.folder) as folder:
            yield folder
        return
    from integrations._drive_google import GoogleDrive

    with GoogleDrive.opened(account, timeout) as google:
        yield google
