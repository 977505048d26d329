"""Which account a step or a trigger acts as."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from orchestrator.workflow_engine import WorkflowEngine


def account_field(
    connector: str, now: Any, key: str, put: Callable[[tuple[str, ...], Any], None], engine: WorkflowEngine
) -> None:
    """Nothing where none was connected and none is named: there is no choice. One that is gone stays to be seen."""
    names = [entry.name for entry in engine.accounts.list() if entry.connector == connector]
    named = None if now is None else str(now)
    if not names and named is None:
        return
    st.session_state[key] = named
    st.selectbox(
        "Account",
        names if named is None or named in names else [*names, named],
        index=None,
        placeholder="The default one",
        key=key,
        on_change=lambda: put(("account",), st.session_state[key]),
    )
