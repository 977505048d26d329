"""What one does with a file of the library: copy, export, delete, import. The same for workflows and templates."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from orchestrator.versions import Versions
from studio.failures import guarded, show_problems
from studio.files import Incoming, copy_of, incoming
from studio.markup import plain
from studio.notices import notice
from studio.people import who
from studio.routes import go

LibraryPage = Literal["workflows", "templates"]


def file_buttons(versions: Versions[Any], id: str, page: LibraryPage, *, broken: bool) -> None:
    """Copy, export and, for what a person made, delete."""
    if not broken and st.button("Duplicate", icon=":material/content_copy:", key="duplicate"):
        _duplicate(versions, id, page)
    st.download_button(
        "Export",
        versions.shelf.text(id),
        file_name=versions.shelf.path(id).name,
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        key="export",
    )
    if not versions.shelf.is_shipped(id) and st.button("Delete", icon=":material/delete:", key="delete"):
        _ask_to_delete(versions, id, page)


def import_button(versions: Versions[Any], page: LibraryPage) -> None:
    with st.popover("Import", icon=":material/upload:"):
        upload = st.file_uploader(
            f"A {versions.shelf.kind} as JSON or YAML", type=["json", "yaml", "yml"], key=f"{page}-upload"
        )
        if upload is not None:
            with guarded():
                offer(incoming(upload.getvalue(), versions.shelf), versions, page)


def offer(found: Incoming[Any], versions: Versions[Any], page: LibraryPage) -> None:
    """Say what was found and let the person decide; nothing is replaced unasked."""
    if found.item is None:
        st.markdown("**This file was not imported.** Correct it and choose it again.")
        show_problems(found.problems)
        return
    st.markdown(f"**{plain(found.item.title)}**  \n{plain(found.item.description)}")
    if not found.taken:
        if st.button("Import", type="primary", key=f"{page}-import"):
            _save(found.item, versions, page, "was imported")
        return
    st.markdown(f"There is already a {versions.shelf.kind} with the id `{found.item.id}`.")
    if st.button("Keep both", type="primary", key=f"{page}-keep-both"):
        _save(copy_of(found.item, versions.shelf), versions, page, "was imported as a copy")
    if st.button("Replace the one that is there", key=f"{page}-replace"):
        _save(found.item, versions, page, "was replaced")


def _save(item: Any, versions: Versions[Any], page: LibraryPage, done: str) -> None:
    versions.publish(item, by=who(), origin="imported")
    notice(f"'{item.title}' {done}.")
    go(page, id=item.id)


@guarded()
def _duplicate(versions: Versions[Any], id: str, page: LibraryPage) -> None:
    _save(copy_of(versions.shelf.load(id), versions.shelf), versions, page, "was made")


@st.dialog("Delete this?", icon=":material/delete:")
def _ask_to_delete(versions: Versions[Any], id: str, page: LibraryPage) -> None:
    st.markdown(
        f"Your {versions.shelf.kind} `{id}` is removed for good. Where one of that id is shipped, it shows again."
    )
    if st.button("Delete", type="primary", key="delete-really", on_click=_delete, args=(versions, id)):
        go(page)


@guarded()
def _delete(versions: Versions[Any], id: str) -> None:
    versions.shelf.delete(id)
    notice(f"The {versions.shelf.kind} '{id}' was deleted.")
