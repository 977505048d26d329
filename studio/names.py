"""What people call the things that a write goes to: the name of a database, where the write itself has its id."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future

import streamlit as st

from orchestrator.errors import PatchbayError
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.fields import picker_of_each
from studio.pickers import options_now

SECONDS_KEPT = 600
"""A page that shows a write is drawn often, and a service that cannot be reached is not asked each time."""

PATIENCE = 1.0
"""Seconds that a page waits for names. Without them it shows the ids, and the names when it is drawn again."""


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


def _names(picker: str, home: str, engine: WorkflowEngine) -> Mapping[str, str]:
    try:
        return _asked(picker, home, engine).result(PATIENCE)
    except (TimeoutError, PatchbayError):
        return {}


@st.cache_resource(ttl=SECONDS_KEPT, max_entries=100, show_spinner=False)
def _asked(picker: str, home: str, _engine: WorkflowEngine) -> Future[Mapping[str, str]]:
    """`home` keeps the names of two engines apart."""
    answer: Future[Mapping[str, str]] = Future()

    def ask() -> None:
        try:
            answer.set_result({str(id): name for id, name in options_now(picker, _engine) if str(id) != name})
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, name="names", daemon=True).start()
    return answer
