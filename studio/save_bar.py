"""The row under an editor: Save, which nothing broken gets past, and Undo."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.drafts import Draft, drop_draft, outdated


def save_bar(key: str, draft: Draft[Any], saved: str, *, changed: bool, right: bool, shipped: bool) -> bool:
    """Whether Save was pressed. `right`: what stands in the editor can be saved. `saved` is the text of the file."""
    stale = changed and outdated(draft, saved)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Replace the newer version" if stale else "Save",
            type="primary",
            icon=":material/save:",
            disabled=not (changed and right),
            key="save",
        )
        if changed and st.button("Undo all changes", icon=":material/undo:", key="undo"):
            drop_draft(key)
            st.rerun()
        if shipped:
            st.caption("Saving makes a version of your own. The shipped one stays as it is.", width="content")
    if stale:
        st.warning("This was changed elsewhere since you began; saving replaces that.", icon=":material/warning:")
    return pressed
