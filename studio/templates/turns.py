"""Tells a form's own changes to a draft from those that come from elsewhere, so that its widgets start afresh only for
the latter."""

from __future__ import annotations

import streamlit as st

from studio.editing import Editing


def token(editing: Editing, form: str) -> str:
    """Belongs into the keys of the form's widgets: another one when the draft was changed by something else."""
    seen, turn = _keys(editing, form)
    if st.session_state.get(seen, editing.text) != editing.text:
        st.session_state[turn] = st.session_state.get(turn, 0) + 1
    saw(editing, form)
    return f"{editing.base}.{st.session_state.get(turn, 0)}"


def saw(editing: Editing, form: str) -> None:
    """The draft is as the form shows it."""
    st.session_state[_keys(editing, form)[0]] = editing.text


def _keys(editing: Editing, form: str) -> tuple[str, str]:
    return f"seen:{editing.id}:{form}", f"turn:{editing.id}:{form}"
