"""What the practice accounts hold, asked of the practice services (`GET /overview`), and what of it is to be shown."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from orchestrator.errors import NotFound, Unavailable

TIMEOUT = 10.0
"""Seconds: the services are on this machine."""

Doc = Mapping[str, Any]
SECTIONS = ("Mail", "Pages", "Databases", "Repositories", "Drive", "Telegram", "Trouble")

LANGUAGES = {
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "json": "json",
    "yml": "yaml",
    "yaml": "yaml",
    "toml": "toml",
    "css": "css",
    "html": "html",
    "sh": "bash",
}


KINDS = {
    "application/vnd.google-apps.folder": ("Folder", ":material/folder:"),
    "application/vnd.google-apps.document": ("Document", ":material/article:"),
    "application/vnd.google-apps.spreadsheet": ("Spreadsheet", ":material/table:"),
    "text/csv": ("Table", ":material/table:"),
}
"""What a person calls a file of the drive, and its icon, by type."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an address of the page *Practice* asks for."""

    mail: str | None = None
    page: str | None = None
    repository: str | None = None
    path: str | None = None
    issue: str | None = None
    file: str | None = None
    chat: str | None = None


def chosen(query: Mapping[str, str]) -> Chosen | None:
    """The thing that the address names, None for the lists."""
    if query.get("mail"):
        return Chosen(mail=query["mail"])
    if query.get("page"):
        return Chosen(page=query["page"])
    if query.get("repository"):
        return Chosen(repository=query["repository"], path=query.get("path"), issue=query.get("issue"))
    if query.get("file"):
        return Chosen(file=query["file"])
    if query.get("chat"):
        return Chosen(chat=query["chat"])
    return None


def fetch(practice_url: str) -> Doc:
    """All that the practice accounts hold. Raises `Unavailable`."""
    return _ask("GET", f"{practice_url.rstrip('/')}/overview")


def reset(practice_url: str) -> None:
    """Put the sample data back. Raises `Unavailable`."""
    _ask("POST", f"{practice_url.rstrip('/')}/reset")


def make_trouble(practice_url: str, service: str | None, kind: str | None) -> None:
    """Let a practice service do as `kind` of its `faults` says, None: as it should. Without a service: all of them.
    Raises `Unavailable`."""
    url = f"{practice_url.rstrip('/')}/faults"
    _ask("POST", url, {"service": service, "kind": None})
    if kind is not None:
        _ask("POST", url, {"service": service, "kind": kind})


def troubles(everything: Doc, titles: Mapping[str, str]) -> list[str]:
    """What the services are made to do, in a line for each that is not as it should be. `titles` are the services' own
    names by id."""
    kinds = everything["faults"]["kinds"]
    return [
        f"{titles.get(service, service)} {' and '.join(kinds[kind] for kind in on).lower()}"
        for service, on in everything["faults"]["services"].items()
        if on
    ]


def press(practice_url: str, chat: str, message: int, data: str) -> None:
    """Press a button below a message of a practice chat. Raises `Unavailable`."""
    _ask("POST", f"{practice_url.rstrip('/')}/telegram/press", {"chat": chat, "message": message, "data": data})


def answer(practice_url: str, mail: str, text: str) -> None:
    """Answer a mail as whoever got it. Raises `Unavailable`."""
    _ask("POST", f"{practice_url.rstrip('/')}/gmail/answer", {"mail": mail, "text": text})


def find(items: Sequence[Doc], key: str, value: object, noun: str) -> Doc:
    """Raises `NotFound`."""
    found = next((item for item in items if str(item.get(key)) == str(value)), None)
    if found is None:
        raise NotFound(
            f"This {noun} is not in the practice account.",
            remedy="It may have gone when the practice accounts were reset. Run the workflow again to make a new one.",
        )
    return found


def in_folder(mails: Sequence[Doc], folder: str) -> list[Doc]:
    return [mail for mail in mails if mail.get("folder", "inbox") == folder]


def by_folder(files: Sequence[Doc]) -> list[tuple[str, list[Doc]]]:
    """The files of the drive that are no folders, under the folder that they lie in; empty folders too."""
    folders: dict[str, list[Doc]] = {"My Drive": []}
    for file in files:
        if file["is_folder"]:
            folders[f"{file['folder']}/{file['name']}"] = []
    for file in files:
        if not file["is_folder"]:
            folders.setdefault(file["folder"], []).append(file)
    return sorted(folders.items())


def kind_of(file: Doc) -> tuple[str, str]:
    """What a person calls such a file, and its icon."""
    return KINDS.get(file["mime"], ("Text", ":material/description:"))


def cells(text: str) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of a table in CSV, all rows as long as the head."""
    head, *rows = list(csv.reader(text.splitlines())) or [[]]
    return head, [[*row, *[""] * len(head)][: len(head)] for row in rows if row]


def open_questions(chat: Doc) -> int:
    """Questions of a chat of which no button was pressed yet."""
    return sum(bool(message["buttons"]) and not is_answered(message) for message in chat["messages"])


def is_answered(message: Doc) -> bool:
    return any(button["pressed"] for button in message["buttons"])


def seconds(iso: str) -> float | None:
    """A moment of ISO 8601 as seconds since 1970, None when it is none."""
    try:
        return datetime.fromisoformat(iso).timestamp()
    except ValueError:
        return None


def sender(address: str) -> str:
    """The name in "Ann Lee <ann@example.com>", the address where there is no name."""
    name = address.partition("<")[0].strip().strip('"')
    return name or address.strip("<> ")


def size(amount: int) -> str:
    """So many bytes, in words."""
    return f"{amount} bytes" if amount < 1000 else f"{amount / 1000:,.1f} kB"


def language(path: str) -> str | None:
    """How a file is highlighted, None for plain text."""
    return LANGUAGES.get(path.rpartition(".")[2].lower())


def _ask(method: str, url: str, body: Doc | None = None) -> Doc:
    try:
        answer = httpx.request(method, url, json=body, timeout=TIMEOUT, trust_env=False)
        answer.raise_for_status()
        content: Doc = answer.json()
    except (httpx.HTTPError, ValueError):
        raise Unavailable(
            "The practice accounts do not answer.", remedy="Reload the page; if that does not help, start again."
        ) from None
    return content
