"""Every mistake of the draft, each with the way to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from orchestrator.errors import Problem
from studio.markup import capital, plain
from studio.moments import count

SHOWN = 20


def problems_panel(problems: Sequence[Problem]) -> str | None:
    """The step to go to, when one was chosen."""
    if not problems:
        st.caption(":green[:material/check_circle:] No problems: it can run.")
        return None
    st.markdown(f":orange[:material/build:] **{count(len(problems), 'problem')}**")
    chosen: str | None = None
    for number, problem in enumerate(problems[:SHOWN]):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            place = str(replace(problem.where, workflow=None, file=None))
            if problem.where.step and st.button(
                plain(place or problem.where.step),
                key=f"problem:{number}",
                icon=":material/my_location:",
                type="tertiary",
            ):
                chosen = problem.where.step
            st.markdown(f"**{plain(capital(problem.message))}** {plain(problem.remedy)}", width="stretch")
    if len(problems) > SHOWN:
        st.caption(f"{len(problems) - SHOWN} more show as these are mended.")
    return chosen
