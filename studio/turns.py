"""Tells a form's own changes to a draft from those that come from elsewhere, so that its widgets start afresh only for
the latter."""

from __future__ import annotations

import streamlit as st

from studio.editing import Editing


def token(editing: Editing, form: str) -> str:
    """Belongs into the keys of the form's widgets: another one when the draft was changed by something else. It names
    the revision that the form began with. A browser tells a server that began anew what stood in the widgets before:
    that counts only where the draft is still the same."""
    seen, began = _keys(editing, form)
    known = st.session_state.get(began)
    if known is None:
        st.session_state[began] = str(editing.revision)
    elif st.session_state[seen] != editing.text:
        st.session_state[began] = f"{editing.revision}t{editing.turn}"
    saw(editing, form)
    return f"{editing.base}.{st.session_state[began]}"


def saw(editing: Editing, form: str) -> None:
    """The draft is as the form shows it."""
    st.session_state[_keys(editing, form)[0]] = editing.text


def _keys(editing: Editing, form: str) -> tuple[str, str]:
    return f"seen:{editing.id}:{form}", f"began:{editing.id}:{form}"
