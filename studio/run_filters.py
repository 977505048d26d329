"""What narrows the list of runs. It stands in the address, so that it can be bookmarked and sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import streamlit as st

from orchestrator.history import Began
from orchestrator.workflow_engine import WorkflowEngine
from studio.labels import distinct
from studio.status import RUN_STATES, look

DAY = 86_400

PERIODS = {"Last hour": 3600, "Today": DAY, "Last 7 days": 7 * DAY, "Last 30 days": 30 * DAY}
"""Seconds back from now."""

COSTS = {
    "Any cost": None,
    "More than 0": 1e-9,
    "1 cent or more": 0.01,
    "10 cents or more": 0.1,
    "1 dollar or more": 1.0,
}
"""US dollars."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What `WorkflowEngine.runs` is asked for; `is_narrowed`: not for all of them."""

    query: dict[str, Any]

    @property
    def is_narrowed(self) -> bool:
        return any(value not in (None, "") for value in self.query.values())


def run_filters(engine: WorkflowEngine, on_change: Callable[[], None]) -> Asked:
    """Draw the filters. `on_change` is called when one of them was changed."""
    names = distinct({entry.id: entry.name for entry in engine.library.workflows.list()})
    words = {look(state).word: state for state in RUN_STATES}
    common: dict[str, Any] = {"bind": "query-params", "on_change": on_change}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            type="search",
            placeholder="Words in what it was given, gave or failed with",
            icon=":material/search:",
            label_visibility="collapsed",
            key="text",
            width=380,
            **common,
        )
        state = st.pills("State", list(words), key="status", wrap=True, label_visibility="collapsed", **common)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        workflow = st.selectbox(
            "Workflow",
            list(names),
            index=None,
            placeholder="All workflows",
            format_func=lambda id: names.get(id, id),
            key="workflow",
            width=260,
            **common,
        )
        period = st.selectbox(
            "Started", list(PERIODS), index=None, placeholder="Any time", key="since", width=160, **common
        )
        began = st.selectbox(
            "Begun", list(get_args(Began)), index=None, placeholder="In any way", key="began", width=160, **common
        )
        cost = st.selectbox("Cost", list(COSTS), index=0, key="cost", width=190, **common)
    return Asked(
        {
            "status": [words[state]] if state else None,
            "workflow": workflow,
            # By the minute, so that the pages of a list fit each other.
            "since": time.time() // 60 * 60 - PERIODS[period] if period else None,
            "began": began,
            "cost": COSTS.get(cost or ""),
            "text": (text or "").strip(),
        }
    )
