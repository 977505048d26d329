"""The part of a run's page that belongs to its preview: what will be sent, and the two ways on."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from orchestrator.history import RunView
from orchestrator.preview import PlannedEffect
from orchestrator.workflow_engine import WorkflowEngine
from studio.decisions import approve_preview, reject_preview
from studio.markup import plain
from studio.moments import count, moment
from studio.names import in_words, names_for
from studio.output import show_note
from studio.plan_panels import download, show_write
from studio.plan_view import origins, write_view, writes
from studio.preview_view import PreviewView, preview_view
from studio.run_view import is_over, loop_items, model_note

SHOWN_OPEN = 5
SHOWN = 50
"""Writes on one page; all are in the download."""


def show_preview(run: RunView, engine: WorkflowEngine) -> None:
    """Nothing for a run that was no preview."""
    view = preview_view(run)
    if view is None:
        return
    if view.stage == "asking":
        with st.container(border=True, key="preview"):
            _show_decision(view, run, engine)
    elif view.stage == "looking":
        st.info(view.headline, icon=":material/visibility:")
    elif view.stage == "approved":
        st.caption(f":material/verified: {view.headline}")
    else:
        st.info(view.headline, icon=":material/shield:")


def show_approved(run: RunView, engine: WorkflowEngine) -> None:
    """What was looked at before it went out, folded away; for a preview that sent nothing, what it had planned."""
    planned = writes(run)
    if not planned or not (run.mode == "approved" or (run.mode == "preview" and is_over(run))):
        return
    title = "What was approved" if run.mode == "approved" else "What was planned and not sent"
    with st.expander(title, icon=":material/visibility:"):
        _show_writes(planned, run, engine)


def _show_decision(view: PreviewView, run: RunView, engine: WorkflowEngine) -> None:
    assert view.question is not None
    st.subheader(f":violet[:material/visibility:] {view.headline}", anchor=False)
    until = view.question.until
    ends = f"Without an answer it ends on {moment(until, st.context.timezone)}, and nothing is sent." if until else ""
    st.caption(" ".join(part for part in (f"So far: {view.spent}." if view.spent else "", ends) if part))
    planned = writes(run)
    show_note(model_note(run, [plan.request for plan in planned]))
    _show_writes(planned, run, engine)
    for asked in view.asks:
        st.markdown(f":violet[:material/contact_support:] On the way it stops for a person. {plain(asked)}")
    for step in view.open_steps:
        st.markdown(
            f":gray[:material/help:] **{plain(step.name)}** is open: {plain(step.reason)}. "
            "You are asked when the run gets there."
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Approve and send" if planned else "Approve and go on",
            type="primary",
            icon=":material/send:",
            key="approve",
            on_click=approve_preview,
            args=(view.question, run.plan_hash, engine),
        )
        st.button(
            "Do not send" if planned else "Stop here",
            icon=":material/block:",
            key="reject",
            on_click=reject_preview,
            args=(view.question, engine),
        )
        st.markdown(f"**{plain(view.deed)}**" if view.deed else "", width="content")


def _show_writes(planned: list[PlannedEffect], run: RunView, engine: WorkflowEngine) -> None:
    chosen_by = origins(run.plans, engine.registry)
    for number, plan in enumerate(planned[:SHOWN]):
        place = (
            st.container(border=True, key=f"write-{number}")
            if number < SHOWN_OPEN
            else st.expander(plain(_summary(plan, engine)), icon=_icon(plan, engine))
        )
        with place:
            _show_plan(plan, run, engine, chosen_by, titled=number < SHOWN_OPEN)
    if len(planned) > SHOWN:
        st.caption(f"And {count(len(planned) - SHOWN, 'more write')}.")
        download([plan.request for plan in planned], key="planned")


def _show_plan(
    plan: PlannedEffect, run: RunView, engine: WorkflowEngine, chosen_by: Mapping[str, str], *, titled: bool
) -> None:
    action = engine.registry.get(plan.action)
    service = action.connector.title if action else plan.action
    if titled:
        st.markdown(f":violet[{_icon(plan, engine)}] **{plain(_summary(plan, engine))}**")
    item = next(
        (
            number
            for step in run.steps
            if step.id == plan.step
            for number, item in enumerate(loop_items(step), 1)
            if item.item == plan.item
        ),
        None,
    )
    st.caption(
        " · ".join(
            part
            for part in (
                plain(service),
                f"{plain(plan.account)} account" if plan.account else "",
                f"item {item}" if item else "",
            )
            if part
        )
    )
    names = names_for(plan.action, engine)
    show_write(write_view(plan.request, run), chosen_by, names=names, key=f"write:{plan.step}:{plan.item}")


def _summary(plan: PlannedEffect, engine: WorkflowEngine) -> str:
    return in_words(plan.summary, names_for(plan.action, engine))


def _icon(plan: PlannedEffect, engine: WorkflowEngine) -> str:
    connector = engine.registry.connectors.get(plan.action.split(".")[0])
    return connector.icon if connector else ":material/extension:"
