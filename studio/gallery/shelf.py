"""The bundles of the gallery, and finding one. No Streamlit here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from orchestrator.bundle_contents import Contents, contents_of
from orchestrator.bundles import Bundle, read
from orchestrator.errors import NotFound
from orchestrator.settings import ROOT
from orchestrator.workflow_engine import WorkflowEngine
from studio.workflow_view import service_titles

GALLERY = ROOT / "gallery"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A bundle of the gallery: its file's name as `id`, what it does and needs, the titles of its services."""

    id: str
    bundle: Bundle
    contents: Contents
    services: tuple[str, ...]


def exhibits(engine: WorkflowEngine, folder: Path = GALLERY) -> list[Exhibit]:
    """All of them, those of a purpose together. Raises `InvalidFile` for one that was changed by hand."""
    found = [exhibit(path.stem, engine, folder) for path in sorted(folder.glob("*.json"))]
    return sorted(found, key=lambda one: (one.bundle.purpose, one.bundle.name))


def exhibit(id: str, engine: WorkflowEngine, folder: Path = GALLERY) -> Exhibit:
    """The one of that id. Raises `NotFound`, `InvalidFile` or `InvalidWorkflow`."""
    path = folder / f"{id}.json"
    if path not in folder.glob("*.json"):
        raise NotFound(f"There is nothing called '{id}' in the gallery.", remedy="Choose one from the list.")
    bundle = _read(path, path.stat().st_mtime_ns, engine)
    return Exhibit(
        id,
        bundle,
        contents_of(bundle, engine.library, engine.registry),
        tuple(service_titles(bundle.workflow, engine.registry)),
    )


@lru_cache(maxsize=256)
def _read(path: Path, changed: int, engine: WorkflowEngine) -> Bundle:
    return read(path.read_text("utf-8"), engine.library, file=path.name)


def purposes(found: Iterable[Exhibit]) -> list[str]:
    return list(dict.fromkeys(one.bundle.purpose for one in found))


def matching(found: Sequence[Exhibit], wanted: str, purpose: str | None) -> list[Exhibit]:
    """Those of the purpose, if one is chosen, that have every word of the search in what is told of them."""
    words = wanted.lower().split()
    return [
        one for one in found if purpose in (None, one.bundle.purpose) and all(word in _searched(one) for word in words)
    ]


def _searched(one: Exhibit) -> str:
    workflow = one.bundle.workflow
    return " ".join((one.bundle.name, one.bundle.story, workflow.description, *workflow.tags, *one.services)).lower()
