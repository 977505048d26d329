"""Lists of runs, one line each."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.history import FINAL, RunSummary
from studio.markup import cell, plain
from studio.moments import ago
from studio.routes import link
from studio.run_view import took
from studio.status import PREVIEW, badge


def run_rows(runs: Sequence[RunSummary], now: float) -> None:
    """Name, state, when, how long; the name leads to the run."""
    with st.container(gap="small"):
        for run in runs:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                link(run.workflow_name or run.workflow_id, "runs", width=230, id=run.id)
                st.markdown(badge(run.status), width=115)
                if run.mode == "preview":
                    st.markdown(PREVIEW, width="content")
                when = [ago(run.created_at, now), took(run), f"by its {run.trigger}" if run.trigger else ""]
                st.caption(" · ".join(part for part in when if part), width="content")
                if run.status == "failed" and run.error:
                    message = plain(cell(run.error.get("message"), 160))
                    st.markdown(f":small[:red[{message}]]", width="content")


def any_active(runs: Sequence[RunSummary]) -> bool:
    """Whether one of them is still on its way by itself. A waiting run changes only when somebody acts."""
    return any(run.status not in FINAL and run.status != "waiting" for run in runs)
