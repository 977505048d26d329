"""Home: start a workflow with one click, see what needs a person and what ran of late."""

from __future__ import annotations

import time

import streamlit as st

from orchestrator.workflow_engine import WorkflowEngine, current
from studio.failures import guarded
from studio.markup import cell, plain
from studio.routes import link
from studio.run_list import any_active, run_rows
from studio.run_view import needing_a_person
from studio.status import badge
from studio.workflow_list import workflow_cards
from studio.workflow_view import card

SHOWN = 8
LOOKED_AT = 100


def waiting_for_you(engine: WorkflowEngine) -> None:
    """Runs that wait or failed. Nothing at all when there are none."""
    now = time.time()
    runs = needing_a_person(engine.runs(limit=LOOKED_AT), now)
    if not runs:
        return
    st.subheader("Waiting for you", anchor=False)
    for run in runs[:SHOWN]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"{badge(run.status)} **{plain(run.workflow_name)}**", width="content")
            message = (run.error or {}).get("message") or "It waits for an answer."
            st.caption(plain(cell(message, 200)), width="content")
            link("Look at it", "runs", ":material/arrow_forward:", id=run.id)


def recent(engine: WorkflowEngine) -> None:
    """The newest runs; read again every second, but only while one of them is on its way."""
    watched = any_active(engine.runs(limit=SHOWN))

    @st.fragment(run_every=1 if watched else None)
    @guarded()
    def rows() -> None:
        runs = engine.runs(limit=SHOWN)
        if runs:
            run_rows(runs, time.time())
        else:
            st.caption("Nothing has run yet. Press **Run** on a workflow above and watch each step happen.")
        if watched and not any_active(runs):
            st.rerun()

    st.subheader("Recent runs", anchor=False)
    rows()
    link("All runs", "runs", ":material/arrow_forward:")


engine = current()
st.title("What shall we run?", anchor=False)
st.markdown(
    "Press **Run** and watch each step. Mail, pages and repositories are practice ones until you connect your own, "
    "so nothing here needs an account."
)
waiting_for_you(engine)
cards = [card(entry, engine) for entry in engine.library.workflows.list()]
if cards:
    workflow_cards(cards, engine)
else:
    st.info("There are no workflows yet. Import one on the page Workflows.", icon=":material/upload:")
recent(engine)
