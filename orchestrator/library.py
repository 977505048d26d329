"""The files that make up the studio: workflows and templates, what a person made before what is shipped."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import orjson
import yaml
from pydantic import ValidationError

from orchestrator import validation
from orchestrator.data import is_object, natural
from orchestrator.errors import InvalidFile, NotFound, PatchbayError, Where
from orchestrator.expressions import nearest
from orchestrator.settings import ROOT
from orchestrator.templates import Template
from orchestrator.workflow import Workflow

MAX_FILE = 2_000_000
"""Bytes: a larger file is refused."""

RESERVED = frozenset({"schema"})
SUFFIXES = (".json", ".yaml", ".yml")
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Item(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    def to_json(self) -> str: ...


T = TypeVar("T", bound=Item)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list. A file that cannot be read is listed too, with `error`."""

    id: str
    name: str
    description: str
    tags: tuple[str, ...]
    shipped: bool
    path: Path
    error: str | None = None


class Shelf(Generic[T]):
    """The files of one kind in two folders. Files in `own` stand before those of the same id in `shipped`,
    which are never written to."""

    def __init__(
        self, kind: str, own: Path, shipped: Path, build: Callable[[Mapping[str, Any], str | None], T]
    ) -> None:
        self.kind = kind
        self.own = own
        self.shipped = shipped
        self._build = build
        self._cache: dict[Path, tuple[tuple[int, int], T | PatchbayError]] = {}

    def ids(self) -> list[str]:
        return sorted(self._paths())

    def list(self) -> list[Entry]:
        """Every file, by name: "Report 2" before "Report 10"."""
        return sorted((self._entry(id, path) for id, path in self._paths().items()), key=lambda e: natural(e.name))

    def load(self, id: str) -> T:
        """Raises `NotFound`, `InvalidFile` or `InvalidWorkflow`."""
        item = self._read(self.path(id))
        if isinstance(item, PatchbayError):
            raise item
        return item

    def text(self, id: str) -> str:
        """The file as it is."""
        return self.path(id).read_text(encoding="utf-8")

    def path(self, id: str) -> Path:
        paths = self._paths()
        if id not in paths:
            raise NotFound(
                f"There is no {self.kind} '{id}'{nearest(id, list(paths))}.",
                remedy=f"Choose a {self.kind} that exists.",
            )
        return paths[id]

    def is_shipped(self, id: str) -> bool:
        return self.path(id).is_relative_to(self.shipped)

    def parse(self, text: str, *, file: str | None = None) -> T:
        """The item that a JSON or YAML text says. Raises `InvalidFile` or `InvalidWorkflow`."""
        item = self._build(parse_text(text, file=file), file)
        if item.id in RESERVED:
            raise InvalidFile(f"The id '{item.id}' is taken by Patchbay itself.", remedy="Choose another id.")
        return item

    def save(self, item: T) -> Path:
        """Write the item under the person's own folder, all of it or nothing."""
        path = self.own / f"{item.id}.json"
        _write(path, item.to_json())
        for other in SUFFIXES[1:]:
            path.with_suffix(other).unlink(missing_ok=True)
        return path

    def delete(self, id: str) -> None:
        """Remove what a person made. A shipped item of the same id shows again."""
        if self.is_shipped(id):
            raise InvalidFile(f"The {self.kind} '{id}' is shipped with Patchbay and cannot be deleted.")
        self.path(id).unlink()

    def free_id(self, wanted: str) -> str:
        """`wanted`, or with a number behind it when that is taken."""
        base = re.sub(r"[^a-z0-9_-]+", "_", wanted.lower()).strip("_-")[:56] or self.kind
        taken = self._paths().keys() | RESERVED
        numbered = (f"{base}_{number}" for number in range(2, len(taken) + 3))
        return base if base not in taken else next(id for id in numbered if id not in taken)

    def _paths(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for folder in (self.shipped, self.own):
            if folder.is_dir():
                found |= {
                    path.stem: path
                    for path in sorted(folder.iterdir())
                    if path.suffix in SUFFIXES and ID.fullmatch(path.stem) and path.stem not in RESERVED
                }
        return found

    def _entry(self, id: str, path: Path) -> Entry:
        item, shipped = self._read(path), path.is_relative_to(self.shipped)
        if isinstance(item, PatchbayError):
            return Entry(id, id, "", (), shipped, path, str(item))
        return Entry(id, item.title, item.description, item.tags, shipped, path)

    def _read(self, path: Path) -> T | PatchbayError:
        """The file's content, or what is wrong with it; read again only when the file changed."""
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            cached = self._cache.get(path)
            if cached and cached[0] == stamp:
                return cached[1]
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            return InvalidFile(f"{path.name} cannot be read: {error}.", remedy="Check the file.")
        item = self._parse_file(path, text)
        self._cache[path] = (stamp, item)
        return item

    def _parse_file(self, path: Path, text: str) -> T | PatchbayError:
        try:
            item = self.parse(text, file=path.name)
        except PatchbayError as error:
            return error
        if item.id != path.stem:
            return InvalidFile(
                f"{path.name} holds the id '{item.id}'.", remedy="Name the file after the id, or correct the id."
            )
        return item


class Library:
    """The workflows and templates that this studio knows."""

    def __init__(self, home: Path, root: Path = ROOT) -> None:
        self.workflows: Shelf[Workflow] = Shelf(
            "workflow",
            home / "workflows",
            root / "workflows",
            lambda content, file: validation.parse(content, file=file),
        )
        self.templates: Shelf[Template] = Shelf("template", home / "templates", root / "templates", _template)


def parse_text(text: str, *, file: str | None = None) -> dict[str, Any]:
    """The mapping that a JSON or YAML text holds. Raises `InvalidFile` that says where it breaks."""
    where = Where(file=file)
    name = file or "The text"
    if len(text) > MAX_FILE:
        raise InvalidFile(f"{name} is larger than {MAX_FILE // 1_000_000} MB.", where=where)
    try:
        content = orjson.loads(text) if text.lstrip().startswith(("{", "[")) else yaml.safe_load(text)
    except orjson.JSONDecodeError as error:
        raise InvalidFile(
            f"{name} is not valid JSON: {error.msg}, line {error.lineno}, column {error.colno}.",
            remedy="Correct it there.",
            where=where,
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidFile(f"{name} is not valid YAML{place}.", remedy="Correct it there.", where=where) from None
    if not is_object(content):
        raise InvalidFile(f'{name} must hold an object, such as {{"id": …}}.', where=where)
    return content


def _template(content: Mapping[str, Any], file: str | None) -> Template:
    try:
        return Template.model_validate(content)
    except ValidationError as error:
        details = [f"'{'.'.join(str(part) for part in detail['loc'])}': {detail['msg']}" for detail in error.errors()]
        raise InvalidFile(
            f"{file or 'The template'} has {len(details)} problem(s): {'; '.join(details)}.", where=Where(file=file)
        ) from None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
