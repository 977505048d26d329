"""What one does with a file of the library: copy, export, delete, import. The same for workflows and templates."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from orchestrator.library import Shelf
from studio.failures import guarded, show_problems
from studio.files import Check, Incoming, copy_of, incoming
from studio.markup import plain
from studio.notices import notice
from studio.routes import go

LibraryPage = Literal["workflows", "templates"]


def file_buttons(shelf: Shelf[Any], id: str, page: LibraryPage, *, broken: bool) -> None:
    """Copy, export and, for what a person made, delete."""
    if not broken and st.button("Duplicate", icon=":material/content_copy:", key="duplicate"):
        _duplicate(shelf, id, page)
    st.download_button(
        "Export",
        shelf.text(id),
        file_name=shelf.path(id).name,
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        key="export",
    )
    if not shelf.is_shipped(id) and st.button("Delete", icon=":material/delete:", key="delete"):
        _ask_to_delete(shelf, id, page)


def import_button(shelf: Shelf[Any], page: LibraryPage, check: Check | None = None) -> None:
    with st.popover("Import", icon=":material/upload:"):
        upload = st.file_uploader(f"A {shelf.kind} as JSON or YAML", type=["json", "yaml", "yml"], key=f"{page}-upload")
        if upload is not None:
            with guarded():
                _offer(incoming(upload.getvalue(), shelf, check), shelf, page)


def _offer(found: Incoming[Any], shelf: Shelf[Any], page: LibraryPage) -> None:
    """Say what was found and let the person decide; nothing is replaced unasked."""
    if found.item is None:
        st.markdown("**This file was not imported.** Correct it and choose it again.")
        show_problems(found.problems)
        return
    st.markdown(f"**{plain(found.item.title)}**  \n{plain(found.item.description)}")
    if not found.taken:
        if st.button("Import", type="primary", key=f"{page}-import"):
            _save(found.item, shelf, page, "was imported")
        return
    st.markdown(f"There is already a {shelf.kind} with the id `{found.item.id}`.")
    if st.button("Keep both", type="primary", key=f"{page}-keep-both"):
        _save(copy_of(found.item, shelf), shelf, page, "was imported as a copy")
    if st.button("Replace the one that is there", key=f"{page}-replace"):
        _save(found.item, shelf, page, "was replaced")


def _save(item: Any, shelf: Shelf[Any], page: LibraryPage, done: str) -> None:
    shelf.save(item)
    notice(f"'{item.title}' {done}.")
    go(page, id=item.id)


@guarded()
def _duplicate(shelf: Shelf[Any], id: str, page: LibraryPage) -> None:
    _save(copy_of(shelf.load(id), shelf), shelf, page, "was made")


@st.dialog("Delete this?", icon=":material/delete:")
def _ask_to_delete(shelf: Shelf[Any], id: str, page: LibraryPage) -> None:
    st.markdown(f"Your {shelf.kind} `{id}` is removed for good. Where one of that id is shipped, it shows again.")
    if st.button("Delete", type="primary", key="delete-really", on_click=_delete, args=(shelf, id)):
        go(page)


@guarded()
def _delete(shelf: Shelf[Any], id: str) -> None:
    shelf.delete(id)
    notice(f"The {shelf.kind} '{id}' was deleted.")
