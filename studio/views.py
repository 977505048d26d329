"""The parts of one page, of which one is shown: as its address says, or as a person chose."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def choose_view(views: Mapping[str, str]) -> str:
    """The part to show, by its name in the address (`?view=…`); the first one when it says nothing. `views` gives what
    people read. Streamlit's own binding to the address writes what people read into it."""
    first = next(iter(views))
    if st.session_state.get("view") not in views:
        asked = st.query_params.get("view")
        st.session_state["view"] = asked if asked in views else first
    chosen = st.segmented_control(
        "View", list(views), format_func=views.__getitem__, required=True, key="view", label_visibility="collapsed"
    )
    if chosen != first:
        st.query_params["view"] = chosen
    elif "view" in st.query_params:
        del st.query_params["view"]
    return chosen
