"""What people call the things that a write goes to: the name of a database, where the write itself has its id."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.fields import picker_of_each
from studio.pickers import lists_of

SECONDS_KEPT = 600
"""A page that shows a write is drawn often, and a service that cannot be reached is not asked each time."""


def names_for(action: str, engine: WorkflowEngine) -> Mapping[str, str]:
    """What an action can go to, by what a write has of it. Empty where nobody can tell."""
    return {id: name for names in names_by_parameter(action, engine).values() for id, name in names.items()}


def names_by_parameter(action: str, engine: WorkflowEngine) -> dict[str, Mapping[str, str]]:
    """The same for each parameter that is chosen from what an account holds."""
    pickers = picker_of_each(action, engine.registry).items()
    return {name: _names(picker, str(engine.settings.home), engine) for name, picker in pickers if "." in picker}


def in_words(sentence: str, names: Mapping[str, str]) -> str:
    """A sentence with the name of each thing that it quotes by its id."""
    for id, name in names.items():
        sentence = sentence.replace(f"'{id}'", f"'{name}'")
    return sentence


@st.cache_data(ttl=SECONDS_KEPT, max_entries=100, show_spinner=False)
def _names(picker: str, home: str, _engine: WorkflowEngine) -> dict[str, str]:
    """`home` keeps the names of two engines apart."""
    return {str(id): name for id, name in lists_of([picker], _engine).get(picker, []) if str(id) != name}
