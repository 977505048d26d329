"""A folder on this computer with the actions of a drive. An id is a path in it, with "/" between its parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NoReturn

from integrations.drive import (
    FOLDER,
    MOST_BYTES,
    CreateFolder,
    DriveFile,
    FileText,
    ReadFile,
    SearchFiles,
    ShareFile,
    UploadFile,
    decoded,
    mime_of,
    too_large,
)
from orchestrator.actions import ServiceError, safe_path

_MOST_FILES = 20_000
"""How many files a search looks at."""


class LocalFolder:
    """A `Drive` in the folder `root`. Hidden files, and whatever lies outside, are not seen."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @classmethod
    @contextmanager
    def opened(cls, folder: str) -> Iterator[LocalFolder]:
        """Raises `ServiceError` where there is no such folder, and for whatever the system refuses inside."""
        root = Path(folder).expanduser()
        if not root.is_absolute() or not root.is_dir():
            raise ServiceError(
                f"There is no folder '{folder}' on this computer.",
                remedy="Make it, or correct the account's folder: a whole path, from the root on.",
            )
        try:
            yield cls(root.resolve())
        except OSError as error:
            said = error.strerror or type(error).__name__
            name = Path(error.filename).name if isinstance(error.filename, str) else folder
            raise ServiceError(
                f"The system refuses '{name}': {said}.", remedy="Check that the file may be read and changed."
            ) from error

    def search(self, p: SearchFiles) -> list[DriveFile]:
        start = self._inside(p.folder)
        words = p.text.casefold().split()
        inside = [path for path in self._walk(start) if path != start and _has(path, words)]
        inside.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        return [self._file(path) for path in inside[: p.limit]]

    def read(self, p: ReadFile) -> FileText:
        path = self._inside(p.file)
        if not path.is_file():
            raise self._missing(p.file)
        if path.stat().st_size > MOST_BYTES:
            raise too_large(path.name)
        return FileText(
            **self._file(path).model_dump(), text=decoded(path.read_bytes(), path.name), text_type=mime_of(path.name)
        )

    def upload(self, p: UploadFile, content: bytes, key: str) -> DriveFile:
        """Like Drive, a file of the same name is left alone: the new one is called "name (2).md"."""
        folder, name = self._folder(p.folder), _safe(p.name)
        with NamedTemporaryFile(dir=folder, prefix=".patchbay-", delete=False) as whole:
            written = Path(whole.name)
        try:
            written.write_bytes(content)
            written.chmod(0o644)
            for path in _names(folder, name):
                try:
                    path.touch(exist_ok=False)
                except FileExistsError:
                    continue
                written.replace(path)
                return self._file(path)
        finally:
            written.unlink(missing_ok=True)
        raise AssertionError("there is always a next name")

    def find_upload(self, p: UploadFile, content: bytes, key: str) -> DriveFile | None:
        """A file of that name with the very same content: then there is nothing that is not done."""
        for path in _names(self._folder(p.folder), _safe(p.name)):
            if not path.exists():
                return None
            if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
                return self._file(path)
        return None

    def create_folder(self, p: CreateFolder, key: str) -> DriveFile:
        path = self._folder(p.parent) / _safe(p.name)
        path.mkdir(exist_ok=True)
        return self._file(path)

    def find_folder(self, p: CreateFolder, key: str) -> DriveFile | None:
        path = self._folder(p.parent) / _safe(p.name)
        return self._file(path) if path.is_dir() else None

    def share(self, p: ShareFile) -> NoReturn:
        raise ServiceError(
            "A folder on this computer cannot be shared with an e-mail address.",
            remedy="Connect a Google account to share files.",
        )

    def folders(self) -> list[tuple[str, str]]:
        found = sorted(self._id(path) for path in self._walk(self._root) if path.is_dir() and path != self._root)
        return [("", self._root.name), *((id, id) for id in found)]

    def whose(self) -> str:
        return str(self._root)

    def _walk(self, start: Path) -> Iterator[Path]:
        return islice(_below(start), _MOST_FILES)

    def _inside(self, id: str) -> Path:
        """Raises `ServiceError` for a path that leads out of the folder."""
        if "\0" in id:
            raise self._missing(id)
        path = (self._root / id.strip().strip("/")).resolve()
        if not path.is_relative_to(self._root):
            raise ServiceError(f"'{id}' is not in the account's folder.", remedy="Choose a file of that folder.")
        if not path.exists():
            raise self._missing(id)
        return path

    def _folder(self, id: str) -> Path:
        path = self._inside(id)
        if not path.is_dir():
            raise ServiceError(f"'{id}' is not a folder.", remedy="Choose a folder.")
        return path

    def _missing(self, id: str) -> ServiceError:
        return ServiceError(
            f"There is no file or folder '{id}'.",
            remedy=f"Check the path: it begins in the folder '{self._root.name}'.",
        )

    def _id(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path != self._root else ""

    def _file(self, path: Path) -> DriveFile:
        about = path.stat()
        is_folder = path.is_dir()
        return DriveFile(
            id=self._id(path),
            name=path.name,
            mime=FOLDER if is_folder else mime_of(path.name),
            is_folder=is_folder,
            size=0 if is_folder else about.st_size,
            modified=f"{datetime.fromtimestamp(about.st_mtime, UTC):%Y-%m-%dT%H:%M:%SZ}",
            url="",
        )


def _below(folder: Path) -> Iterator[Path]:
    """The folder and all in it. Links are not followed: they may lead out, or round in circles."""
    yield folder
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            yield from _below(path)
        elif path.is_file():
            yield path


def _has(path: Path, words: list[str]) -> bool:
    """Whether each word is in the name or in the text."""
    name = path.name.casefold()
    missing = [word for word in words if word not in name]
    if not missing:
        return True
    if path.is_dir() or path.stat().st_size > MOST_BYTES:
        return False
    text = path.read_bytes().decode(errors="replace").casefold()
    return all(word in text for word in missing)


def _safe(name: str) -> str:
    """A name that is one part of a path on every system."""
    try:
        safe = safe_path(name)
    except ValueError:
        safe = "/"
    if "/" in safe or safe.startswith("."):
        raise ServiceError(
            f"'{name}' cannot be the name of a file here.",
            remedy='Leave out / \\ : * ? " < > | and a dot at the beginning or end.',
        )
    return safe


def _names(folder: Path, name: str) -> Iterator[Path]:
    """ "a.md", "a (2).md", "a (3).md", ..."""
    first = folder / name
    yield first
    for number in count(2):
        yield folder / f"{first.stem} ({number}){first.suffix}"
