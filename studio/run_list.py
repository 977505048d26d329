"""Lists of runs, one line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from orchestrator.history import FINAL, RunSummary
from studio.failures import guarded
from studio.markup import cell, plain
from studio.moments import ago, tokens
from studio.routes import link
from studio.run_view import took
from studio.status import PREVIEW, badge

QUICKLY, QUIETLY = 1.0, 10.0
"""Seconds between two looks at a list: while a run of it is on its way; and else, since a trigger, or somebody in
another tab, may begin one."""


def run_rows(runs: Sequence[RunSummary], now: float) -> None:
    """Name, state, when, how long; the name leads to the run."""
    with st.container(gap="small"):
        for run in runs:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                link(run.workflow_name or run.workflow_id, "runs", width=230, id=run.id)
                st.markdown(badge(run.status), width=115)
                if run.mode == "preview":
                    st.markdown(PREVIEW, width="content")
                by = f"by its {run.trigger}" if run.trigger else ""
                when = [ago(run.created_at, now), took(run), by, tokens(run.usage)]
                st.caption(" · ".join(part for part in when if part), width="content")
                if run.status == "failed" and run.error:
                    message = plain(cell(run.error.get("message"), 160))
                    st.markdown(f":small[:red[{message}]]", width="content")


def kept_fresh(read: Callable[[], Sequence[RunSummary]], draw: Callable[[Sequence[RunSummary]], None]) -> None:
    """A list that is read and drawn again by itself, and all of the page when a run comes or is in another state."""
    before = read()

    @st.fragment(run_every=QUICKLY if any_active(before) else QUIETLY)
    @guarded()
    def rows() -> None:
        runs = read()
        draw(runs)
        if _states(runs) != _states(before):
            st.rerun()

    rows()


def _states(runs: Sequence[RunSummary]) -> list[tuple[str, str]]:
    return [(run.id, run.status) for run in runs]


def any_active(runs: Sequence[RunSummary]) -> bool:
    """Whether one of them is on its way just now. One that waits stirs again when somebody acts, or in its time."""
    return any(run.status not in FINAL and run.status != "waiting" for run in runs)
