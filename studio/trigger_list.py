"""What runs by itself: the triggers that are on, when each is due, and why one started nothing."""

from __future__ import annotations

import streamlit as st

from orchestrator.triggers.definition import Poll
from orchestrator.workflow_engine import WorkflowEngine
from studio.failures import guarded
from studio.markup import cell, plain
from studio.moments import moment
from studio.routes import link

SHOWN = 8


@guarded()
def runs_by_itself(engine: WorkflowEngine) -> None:
    """Nothing at all while no trigger is on, or was put off for a reason."""
    views = engine.triggers.notable()
    if not views:
        return
    st.subheader("Runs by itself", anchor=False)
    soonest = sorted(views, key=lambda view: (not view.switch.said, view.switch.next_at or float("inf")))
    for view in soonest[:SHOWN]:
        switch = view.switch
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            state = ":green-badge[:material/bolt: On]" if switch.is_on else ":gray-badge[Off]"
            st.markdown(f"{state} **{plain(view.workflow_name)}** {plain(view.in_words)}", width="content")
            if switch.next_at:
                what = "Looks next on" if isinstance(view.definition, Poll) else "Next on"
                st.caption(f"{what} {moment(switch.next_at, st.context.timezone)}", width="content")
            if switch.said:
                st.caption(f":orange[:material/info:] {plain(cell(switch.said, 200))}", width="content")
            link("Its triggers", "builder", ":material/arrow_forward:", id=view.workflow, view="triggers")
    if len(views) > SHOWN:
        st.caption(f"{len(views) - SHOWN} more are on.")
