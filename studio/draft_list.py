"""The drafts that nobody has published yet, to go on with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from orchestrator.errors import InvalidFile
from orchestrator.library import parse_text
from orchestrator.versions import Versions
from orchestrator.workflow_engine import WorkflowEngine
from studio.markup import plain
from studio.moments import ago
from studio.routes import link

SHOWN = 8


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft to go on with. `at` is when it was changed, in seconds since 1970; `by` is who did, "" where that is not
    known."""

    page: Literal["builder", "templates"]
    id: str
    name: str
    at: float
    by: str


def show_drafts(engine: WorkflowEngine) -> None:
    """Nothing when there are none."""
    found = drafts_of(engine)
    if found:
        st.subheader("Go on with", anchor=False)
    for draft in found[:SHOWN]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":blue-badge[:material/edit: Draft] **{plain(draft.name)}**", width="content")
            by = f" by {draft.by}" if draft.by else ""
            st.caption(plain(f"changed {ago(draft.at, time.time())}{by}"), width="content")
            link("Open", draft.page, ":material/arrow_forward:", id=draft.id)
    if len(found) > SHOWN:
        link("All drafts", "builder", ":material/arrow_forward:")


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
