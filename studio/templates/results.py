"""The answers of a trial: while it runs, and after."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from orchestrator.history import FINAL, RunView
from orchestrator.templates import Template
from orchestrator.trials import Tried, tried
from orchestrator.workflow_engine import WorkflowEngine
from studio.failures import guarded
from studio.markup import literal, plain
from studio.moments import ago
from studio.pickers import titles_of_models
from studio.routes import link
from studio.templates.results_view import expectation_words, used_words

EVERY = 0.8
"""Seconds between two looks at a trial that runs."""

Draw = Callable[[list[Tried]], None]


def last_trial(id: str, template: Template, draw: Draw, engine: WorkflowEngine) -> None:
    """The newest trial of that id, as `draw` shows it. `template` is what stands in the editor now."""
    found = engine.runs(workflow=id, limit=1)
    if not found:
        st.caption("What comes of it shows here: the answers side by side, with time, tokens and price.")
        return
    run = engine.run(found[0].id)
    if run.status in FINAL:
        _told(run, template)
        draw(_called(run, engine))
    else:
        _watch(run.summary.id, draw, engine)


def _called(run: RunView, engine: WorkflowEngine) -> list[Tried]:
    """What came of a trial, with its models as people call them."""
    titles = titles_of_models(engine)
    return [
        replace(one, ask=one.ask.model_copy(update={"model": titles.get(one.ask.model, one.ask.model)}))
        for one in tried(run)
    ]


def digest(template: Template) -> str:
    """Identifies what was tried, however its file is written."""
    return hashlib.sha256(template.model_dump_json().encode()).hexdigest()[:16]


def answer_cards(found: Sequence[Tried]) -> None:
    """Answers side by side."""
    with st.grid("auto", min_column_width=300):
        for number, one in enumerate(found):
            with st.container(border=True, height="stretch", key=f"answer-{number}"):
                _card(one)


def _card(one: Tried) -> None:
    st.markdown(f"**{plain(one.ask.model)}**  \n:gray[{plain(one.ask.variant)}]")
    match one.standing:
        case "waiting":
            st.caption(":material/progress_activity: It is being asked.")
        case "stopped":
            st.caption("It was stopped before it answered.")
        case "failed":
            st.markdown(f":red[:material/error: {plain(one.error)}]")
        case "answered":
            st.html(literal(one.text or "(nothing)"))
    for verdict in one.verdicts:
        icon = {True: ":green[:material/check:]", False: ":red[:material/close:]", None: ":gray[:material/help:]"}
        why = f" :gray[{plain(verdict.why)}]" if verdict.why else ""
        st.markdown(f":small[{icon[verdict.holds]} {plain(expectation_words(verdict.expectation))}{why}]")
    notes = [used_words(one), "cut off: it reached its longest length" if one.truncated else "", one.note]
    st.caption(" · ".join(plain(note) for note in notes if note))


def _told(run: RunView, template: Template) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Tried {ago(run.summary.created_at, time.time())}", width="content")
        link("Open the run", "runs", ":material/open_in_full:", id=run.summary.id)
    if run.status == "failed" and run.summary.error:
        st.error(plain(str(run.summary.error.get("message", ""))), icon=":material/error:")
    if run.inputs.get("of") != digest(template):
        st.caption(":orange[:material/history:] The template has changed since.")


@st.fragment(run_every=EVERY)
def _watch(run_id: str, draw: Draw, engine: WorkflowEngine) -> None:
    run = engine.run(run_id)
    if run.status in FINAL:
        st.rerun()
    found = _called(run, engine)
    done = sum(one.standing != "waiting" for one in found)
    st.progress(done / max(1, len(found)), f"{done} of {len(found)} answers")
    if st.button("Stop", icon=":material/stop:", key="stop-trial"):
        _stop(run_id, engine)
    draw(found)


@guarded()
def _stop(run_id: str, engine: WorkflowEngine) -> None:
    engine.cancel(run_id)
