"""What stands over a draft of the library: how it stands, publishing it, letting it go, and two people at once."""

from __future__ import annotations

from typing import Any

import streamlit as st

from orchestrator.errors import Outdated
from orchestrator.versions import Versions
from studio.editing import Editing, discard, keep_mine, publish, since_published, take_theirs, theirs
from studio.failures import guarded
from studio.history_panel import show_changes
from studio.markup import plain
from studio.notices import notice
from studio.popovers import popover, shut
from studio.text_diff import text_diff


def standing(editing: Editing) -> str:
    """In Streamlit's Markdown."""
    if not editing.is_changed:
        return f":green-badge[:material/check: Version {editing.base} is published]" if editing.base else ""
    since = f" :gray[since version {editing.base}]" if editing.base else ""
    return f":blue-badge[:material/edit: Draft, kept]{since}"


def publish_popover(editing: Editing, versions: Versions[Any], why_not: str | None) -> None:
    """What changes, and the button that makes it so. `why_not` says what must be mended first."""
    unchanged = None if editing.is_changed else "Nothing was changed since the last version."
    place = popover(
        "Publish",
        icon=":material/publish:",
        type="primary",
        disabled=bool(unchanged or why_not) or editing.conflict is not None,
        help=unchanged or why_not,
        key="publish",
    )
    if not place.open:
        return
    with place:
        st.caption("What changes:")
        show_changes(since_published(editing))
        note = st.text_input("What did you change, and why?", key="publish-note", placeholder="Optional")
        if st.button("Publish", type="primary", key="publish-now"):
            _publish(editing, note or "", versions)


@guarded()
def _publish(editing: Editing, note: str, versions: Versions[Any]) -> None:
    try:
        version = publish(editing, note, versions)
    except Outdated:  # told once: what changes is shown against the newer version from here on, and goes before it
        editing.base, editing.published = versions.history(editing.id)[0].number, versions.shelf.text(editing.id)
        raise
    notice(f"Published as version {version.number}.")
    shut("publish")
    st.rerun()


def discard_button(editing: Editing, versions: Versions[Any], *, within: str = "") -> None:
    """The way back to the version; nothing where there is no draft. What was never published is gone. `within` is the
    key of the popover that it stands in."""
    if editing.is_changed and st.button(
        "Discard the draft", icon=":material/undo:", key="discard", type="tertiary", help="Back to the version."
    ):
        _discard(editing, versions, within)


@guarded()
def _discard(editing: Editing, versions: Versions[Any], within: str) -> None:
    discard(editing, versions)
    if within:
        shut(within)
    notice("The draft was discarded.")
    if editing.id not in versions.shelf.ids():
        st.query_params.clear()
    st.rerun()


def conflict_box(editing: Editing, versions: Versions[Any]) -> None:
    """Somebody else changed the draft: both are there, and a person chooses."""
    place = st.container()  # always: a form below that moved up or down would lose what is being typed
    if editing.conflict is None:
        return
    with place.container(border=True):
        them = plain(editing.conflict.by) or "Somebody else"
        st.markdown(
            f":orange[:material/group:] **{them} changed this draft while you did.** Nothing is lost yet: choose."
        )
        st.caption("From theirs to yours:")
        found = theirs(editing)
        texts = text_diff(editing.conflict.content, editing.text) if found is None else None
        if texts:
            st.html(texts)
        else:
            show_changes(found)
        with st.container(horizontal=True):
            if st.button("Keep mine", type="primary", key="keep-mine"):
                keep_mine(editing, versions)
                st.rerun()
            if st.button("Take theirs", key="take-theirs"):
                take_theirs(editing)
                st.rerun()
            st.download_button(
                "Download mine",
                editing.text,
                file_name=f"{editing.id}.json",
                mime="application/json",
                on_click="ignore",
            )
