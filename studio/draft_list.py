"""The drafts that nobody has published yet. No Streamlit here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.errors import InvalidFile
from orchestrator.library import parse_text
from orchestrator.versions import Versions
from orchestrator.workflow_engine import WorkflowEngine


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft to go on with. `at` is when it was changed, in seconds since 1970; `by` is who did, "" where that is not
    known."""

    page: Literal["builder", "templates"]
    id: str
    name: str
    at: float
    by: str


def drafts_of(engine: WorkflowEngine) -> list[DraftLine]:
    """Of workflows and templates, the one that was changed last first."""
    found = [*_lines("builder", engine.workflow_versions), *_lines("templates", engine.template_versions)]
    return sorted(found, key=lambda line: -line.at)


def _lines(page: Literal["builder", "templates"], versions: Versions[Any]) -> list[DraftLine]:
    drafts = [(id, versions.drafts.get(id)) for id in versions.drafts.ids()]
    return [DraftLine(page, id, _name(id, draft.content), draft.at, draft.by) for id, draft in drafts if draft]


def _name(id: str, text: str) -> str:
    """A draft may be any text while it is typed."""
    try:
        return str(parse_text(text).get("name") or id)
    except InvalidFile:
        return id
