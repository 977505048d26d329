"""All templates: found by words and tags, and what each of them is used for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from orchestrator.library import Entry
from orchestrator.template_usage import NOT_USED, TemplateUse
from orchestrator.workflow_engine import WorkflowEngine
from studio.editing import begin
from studio.library_actions import import_button
from studio.markup import cell, plain
from studio.moments import count
from studio.routes import go, link
from studio.search import search
from studio.sheets import in_sheets
from studio.templates.results_view import dollars


def library(engine: WorkflowEngine) -> None:
    versions = engine.template_versions
    st.title("Templates", anchor=False)
    st.markdown("The texts that models are asked with. A workflow's step names one and gives it values.")
    entries = engine.library.templates.list()
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = search("Search by name, tag or what it does")
        _new(engine)
        import_button(versions, "templates")
    tags = sorted({tag for entry in entries for tag in entry.tags})
    chosen: Sequence[str] = []
    if tags:
        chosen = st.pills(
            "Tags", tags, selection_mode="multi", format_func=plain, key="tag", label_visibility="collapsed"
        )
    drafts = versions.drafts.ids()
    _unpublished([id for id in drafts if id not in {entry.id for entry in entries}])
    found = matching(entries, wanted, chosen)
    used = engine.template_usage.all()

    def draw(entries: Sequence[Entry]) -> None:
        with st.grid("auto", min_column_width=290):
            for entry in entries:
                _card(entry, used.get(entry.id, NOT_USED), has_draft=entry.id in drafts)

    in_sheets(found, draw, key=f"templates:{wanted}:{' '.join(chosen)}")
    if not found:
        st.caption("No template fits this search." if entries else "There are none yet. Begin one, or import one.")


def matching(entries: Sequence[Entry], wanted: str, tags: Collection[str]) -> list[Entry]:
    """Those that say all the words somewhere, and have all the tags."""
    words = wanted.casefold().split()
    return [
        entry
        for entry in entries
        if set(tags) <= set(entry.tags)
        and all(
            word in f"{entry.id} {entry.name} {entry.description} {' '.join(entry.tags)}".casefold() for word in words
        )
    ]


def use_words(use: TemplateUse) -> str:
    """In 2 workflows · 1,204 runs · $0.0021 a call."""
    if not use.workflows and not use.runs:
        return "Not used yet"
    parts = [
        f"In {count(len(use.workflows), 'workflow')}" if use.workflows else "In no workflow now",
        count(use.runs, "run") if use.runs else "never ran",
        f"{dollars(use.mean_cost)} a call" if use.mean_cost else "free to call" if use.mean_cost == 0 else "",
    ]
    return " · ".join(part for part in parts if part)


def _card(entry: Entry, use: TemplateUse, *, has_draft: bool) -> None:
    with st.container(border=True, height="stretch", gap="small", key=f"card-{entry.id}"):
        badges = ("" if entry.shipped else "  :gray-badge[Yours]") + ("  :blue-badge[Draft]" if has_draft else "")
        st.markdown(f"**{plain(entry.name)}**{badges}")
        if entry.error:
            st.markdown(f":small[:red[It cannot be used yet:] {plain(cell(entry.error, 200))}]")
        else:
            st.markdown(plain(entry.description) or ":gray[No description yet.]")
            if entry.tags:
                st.markdown(" ".join(f":gray-badge[{plain(tag)}]" for tag in entry.tags))
            st.caption(use_words(use))
        st.space("stretch")
        link("Open", "templates", ":material/edit:", id=entry.id)


def _new(engine: WorkflowEngine) -> None:
    with st.popover("New template", icon=":material/add:", type="primary"):
        name = st.text_input("What shall it be called?", key="new-name")
        if st.button("Begin", type="primary", key="begin"):
            title = (name or "").strip()
            content = {"format": 1, "id": title or "template", **({"name": title} if title else {}), "user": ""}
            go("templates", id=begin(content, engine.template_versions))


def _unpublished(ids: Sequence[str]) -> None:
    if ids:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Not published yet:", width="content")
            for id in ids:
                link(id, "templates", ":material/edit:", id=id)
