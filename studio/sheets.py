"""A long list, one sheet at a time: a browser draws a few dozen cards at once, and not hundreds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

PER_SHEET = 24

Item = TypeVar("Item")


def in_sheets(found: Sequence[Item], draw: Callable[[Sequence[Item]], None], *, key: str) -> None:
    """Draw the chosen sheet, below the numbers of all; without them where one is enough. `key` names the list and what
    was searched for in it: another list begins at its first sheet."""
    sheets = -(-len(found) // PER_SHEET)
    begin = 0
    if sheets > 1:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            place = st.empty()
            begin = (st.pagination(sheets, key=f"sheet:{key}:{sheets}") - 1) * PER_SHEET
            place.caption(f"{begin + 1} to {min(begin + PER_SHEET, len(found))} of {len(found)}", width="content")
    draw(found[begin : begin + PER_SHEET])
