"""The lists that a form's fields choose from: models, templates, what an account holds, such as databases."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import streamlit as st

from orchestrator.errors import PatchbayError
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.forms import Option
from studio.labels import distinct

SECONDS_KEPT = 30


def lists_for(workflow: Workflow, engine: WorkflowEngine) -> dict[str, list[Option]]:
    """What can be chosen, by picker. One that cannot be fetched now is left out: its value is typed in."""
    return lists_of({declared.picker for declared in workflow.inputs.values() if declared.picker}, engine)


def lists_of(pickers: Collection[str], engine: WorkflowEngine) -> dict[str, list[Option]]:
    """The same for pickers by name: "notion.databases"."""
    return {picker: options for picker in sorted(pickers) if (options := _options(picker, engine))}


def models(engine: WorkflowEngine) -> list[Option]:
    """Every model that can be used now, as "provider:name" and its title."""
    return _fetch("models", str(engine.settings.home), engine)


def titles_of_models(engine: WorkflowEngine) -> dict[str, str]:
    """What people call each model that can be used now, by "provider:name"."""
    return _titles(str(engine.settings.home), engine)


def notes_of_models(engine: WorkflowEngine) -> dict[str, str]:
    """What must be said beside a model's text, by "provider:name", and by "provider" where its first model has one."""
    return _notes(str(engine.settings.home), engine)


@st.cache_data(ttl=SECONDS_KEPT, max_entries=100, show_spinner=False)
def _titles(home: str, _engine: WorkflowEngine) -> dict[str, str]:
    """`home` keeps the models of two engines apart."""
    return distinct({name: info.title for name, info in _engine.models()})


@st.cache_data(ttl=SECONDS_KEPT, max_entries=100, show_spinner=False)
def _notes(home: str, _engine: WorkflowEngine) -> dict[str, str]:
    """`home` keeps the models of two engines apart."""
    notes: dict[str, str] = {}
    seen: set[str] = set()
    for name, info in _engine.models():
        provider = name.partition(":")[0]
        if info.note:
            notes[name] = info.note
            if provider not in seen:
                notes[provider] = info.note
        seen.add(provider)
    return notes


def _options(picker: str, engine: WorkflowEngine) -> list[Option]:
    try:
        return _fetch(picker, str(engine.settings.home), engine)
    except PatchbayError:
        return []


@st.cache_data(ttl=SECONDS_KEPT, max_entries=100, show_spinner=False)
def _fetch(picker: str, home: str, _engine: WorkflowEngine) -> list[Option]:
    """`home` keeps the lists of two engines apart. Two things of one name are told apart by a number."""
    return options_now(picker, _engine)


def options_now(picker: str, engine: WorkflowEngine) -> list[Option]:
    """What can be chosen, asked for anew: that may take as long as the service takes. Raises `PatchbayError`."""
    return list(distinct(dict(_held(picker, engine))).items())


def _held(picker: str, engine: WorkflowEngine) -> Iterable[Option]:
    if picker == "models":
        return [(name, f"{info.title} ({info.note})" if info.note else info.title) for name, info in engine.models()]
    if picker == "templates":
        return [(entry.id, entry.name) for entry in engine.library.templates.list() if entry.error is None]
    if picker == "workflows":
        return [(entry.id, entry.name or entry.id) for entry in engine.library.workflows.list() if entry.error is None]
    owner, _, name = picker.partition(".")
    connector = engine.registry.connector(owner)
    fetch = connector.pickers.get(name)
    return fetch(engine.accounts.get(connector.id)) if fetch else []
