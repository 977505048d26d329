"""A popover that shuts once what it asks for is done. Streamlit leaves one open until a click outside of it: it
would lie over what was just made, and that click would be lost, since the page scrolls back to the popover's button.

    with popover("Add a case", key="add-case"):
        if st.button("Add"):
            ...
            shut("add-case")
            st.rerun()
"""

from __future__ import annotations

from typing import Literal

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer


def popover(
    label: str,
    *,
    key: str,
    icon: str | None = None,
    help: str | None = None,
    type: Literal["primary", "secondary"] = "secondary",
    disabled: bool = False,
) -> PopoverContainer:
    """A button that shows what is drawn in it; `open` says whether it does."""
    if st.session_state.pop(_done(key), False):
        st.session_state[key] = False
    return st.popover(label, key=key, icon=icon, help=help, type=type, disabled=disabled, on_change="rerun")


def shut(key: str) -> None:
    """The next drawing of the page shuts it."""
    st.session_state[_done(key)] = True


def _done(key: str) -> str:
    return f"{key}:done"
