"""The parts of the gallery: a card for each workflow, and the page of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from orchestrator.bundle_contents import asked_for
from orchestrator.workflow_engine import WorkflowEngine
from studio.components import canvas
from studio.failures import guarded, show_problems
from studio.forms import collect, workflow_fields
from studio.gallery.picture import ROLES, picture
from studio.gallery.shelf import Exhibit
from studio.gallery.use import use
from studio.gallery.words import account_needs, lines
from studio.markup import plain
from studio.notices import notice
from studio.pickers import lists_for
from studio.routes import go, link
from studio.widgets import ask
from studio.workflow_view import canvas_steps


def cards(found: Sequence[Exhibit], engine: WorkflowEngine) -> None:
    with st.grid("auto", min_column_width=310):
        for one in found:
            _card(one, engine)


def legend() -> None:
    """What the colours of the pictures mean."""
    st.html(
        '<div class="pb-legend">'
        + "".join(f'<span class="pb-{role}"><i></i>{word}</span>' for role, word in ROLES.items())
        + "</div>"
    )


def _card(one: Exhibit, engine: WorkflowEngine) -> None:
    with st.container(border=True, height="stretch", gap="small", key=f"exhibit-{one.id}"):
        st.html(picture(one.bundle.workflow, engine.registry))
        purpose = f"  :gray-badge[{plain(one.bundle.purpose)}]" if one.bundle.purpose else ""
        st.markdown(f"**{plain(one.bundle.name)}**{purpose}")
        st.markdown(plain(one.bundle.story))
        st.caption(f"Needs {needs_in_words(one, engine)}")
        st.space("stretch")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Use this", key=f"use-{one.id}", icon=":material/add:"):
                _use_or_ask(one, engine)
            link("Preview", "gallery", ":material/visibility:", id=one.id)


def needs_in_words(one: Exhibit, engine: WorkflowEngine) -> str:
    words = {"connected": "connected", "practice": "practice account", "missing": "to be connected"}
    parts = [f"{plain(need.title)} ({words[need.standing]})" for need in account_needs(one.contents, engine)]
    parts += ["a model"] if one.contents.asks_a_model else []
    return " · ".join(parts) or "nothing"


def exhibit_page(one: Exhibit, engine: WorkflowEngine) -> None:
    """What it is made of and what it needs, before it is used."""
    workflow = one.bundle.workflow
    st.title(plain(one.bundle.name), anchor=False)
    st.markdown(plain(one.bundle.story))
    if workflow.description != one.bundle.story:
        st.caption(plain(workflow.description))
    needs, made = st.columns([2, 3], gap="large")
    with needs:
        _needs(one, engine)
        _use_form(one, engine)
    with made:
        canvas(canvas_steps(workflow, engine.registry), key=f"graph-{one.id}", revision=one.bundle.sha256, height=360)
    _words(one, engine)


def _needs(one: Exhibit, engine: WorkflowEngine) -> None:
    st.subheader("What it needs", anchor=False)
    for need in account_needs(one.contents, engine):
        said = {
            "connected": f"acts as your account '{need.name}'",
            "practice": "practice account: nothing leaves this computer",
            "missing": "no account yet",
        }[need.standing]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{need.icon} **{plain(need.title)}**: {plain(said)}", width="content")
            if need.standing != "connected":
                link("Connect", "accounts", ":material/add:", add=need.connector)
    if one.contents.asks_a_model:
        st.markdown(":material/neurology: **A model**: the default one, unless you choose another", width="content")
    if not one.contents.connectors and not one.contents.asks_a_model:
        st.caption("Nothing: no account and no model.")
    writes = [f"{engine.registry.connectors[write.connector].title}: {write.action}" for write in one.contents.writes]
    told = "; ".join(dict.fromkeys(writes)) or "Nothing outside"
    st.markdown(f":material/edit: **What it changes**: {plain(told)}")


def _use_form(one: Exhibit, engine: WorkflowEngine) -> None:
    """Asks for the inputs that have no value, and for nothing else."""
    workflow = one.bundle.workflow
    missing = workflow.model_copy(update={"inputs": asked_for(workflow)})
    fields = workflow_fields(missing, lists_for(missing, engine))
    with st.form(f"use-form-{one.id}", border=bool(fields)):
        answers = ask(fields, prefix=f"use:{one.id}")
        pressed = st.form_submit_button("Use this", type="primary", icon=":material/add:", key="use")
    st.caption("Makes a copy that is yours. The gallery stays as it is.")
    if pressed:
        values, problems = collect(fields, answers)
        show_problems(problems)
        if not problems:
            _use(one, values, engine)


def _words(one: Exhibit, engine: WorkflowEngine) -> None:
    st.subheader("What it does, step by step", anchor=False)
    told = []
    for line in lines(one.bundle.workflow, engine.registry):
        how = f" :gray[({plain(line.how)})]" if line.how else ""
        told.append(f"{'    ' * line.depth}1. **{plain(line.name)}**: {plain(line.what)}{how}")
    st.markdown("\n".join(told))
    templates = one.bundle.templates
    if templates:
        st.subheader("What comes with it", anchor=False)
    for template in templates:
        with st.expander(f"Template: {plain(template.title)}"):
            st.markdown(plain(template.description))
            if template.system:
                st.code(template.system, language=None, wrap_lines=True)
            st.code(template.user, language=None, wrap_lines=True)
    checksum = f"Checksum (SHA-256): {one.bundle.sha256[:16]}…"
    st.caption(checksum)


def _use_or_ask(one: Exhibit, engine: WorkflowEngine) -> None:
    """Straight away where nothing is missing; else the page that asks for it."""
    missing = [need for need in account_needs(one.contents, engine) if need.standing == "missing"]
    if missing or asked_for(one.bundle.workflow):
        go("gallery", id=one.id)
    _use(one, {}, engine)


@guarded()
def _use(one: Exhibit, values: dict[str, Any], engine: WorkflowEngine) -> None:
    made = use(one.bundle, values, engine)
    notice(f"'{one.bundle.name}' is yours now. Run it, or change it in the Builder.")
    go("workflows", id=made.workflow)
