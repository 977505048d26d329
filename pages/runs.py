"""Runs: all of them, filtered; or one of them (`?id=…`): live graph, result, timeline, each step."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from orchestrator.errors import NotFound
from orchestrator.history import RunSummary, RunView
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine, current
from studio.components import CanvasStep, canvas, run_status
from studio.failures import Failure, show
from studio.labels import distinct
from studio.markup import plain
from studio.moments import moment
from studio.preview_panels import show_approved, show_preview
from studio.question_panels import show_questions
from studio.routes import asked, link
from studio.run_again import again_from, more_of, show_comparison
from studio.run_failure import show_explanation
from studio.run_files import Files, all_files, files_of
from studio.run_filters import run_filters
from studio.run_list import kept_fresh, run_rows
from studio.run_panels import accounts_summary, input_summary, relatives, run_buttons, show_made, show_timeline
from studio.run_reading import RunRead, boxes, read_run
from studio.run_step import show_step
from studio.run_view import first_choice, headline, is_over, is_still, step_name
from studio.status import PREVIEW, badge
from studio.workflow_view import model_notes

GONE = "Runs are deleted after a while, or its address was cut. Choose another one from the list."

PER_PAGE = 20

# Steps that are chosen by buttons beside each other; more of them from a list that can be searched.
PILLS = 40


def list_page(engine: WorkflowEngine) -> None:
    st.title("Runs", anchor=False)
    narrowed = run_filters(engine, on_change=from_the_start)

    def read() -> Sequence[RunSummary]:
        first = (st.session_state.get("sheet", 1) - 1) * PER_PAGE
        return engine.runs(**narrowed.query, limit=PER_PAGE + 1, offset=first)

    def draw(runs: Sequence[RunSummary]) -> None:
        if runs:
            run_rows(runs[:PER_PAGE], time.time())
        elif narrowed.is_narrowed:
            st.caption("No run fits this filter.")
        else:
            st.caption("Nothing has run yet.")
            link("Start a workflow", "home", ":material/play_arrow:")
        sheet = st.session_state.get("sheet", 1)
        if len(runs) > PER_PAGE or sheet > 1:
            st.pagination(sheet + (len(runs) > PER_PAGE), key="sheet", max_visible_pages=0)

    kept_fresh(read, draw)


def from_the_start() -> None:
    """Another filter is read from its first page."""
    st.session_state["sheet"] = 1


def run_page(id: str, engine: WorkflowEngine) -> None:
    link("All runs", "runs", ":material/arrow_back:")
    try:
        read = read_run(id, engine)
    except NotFound:
        show(Failure(f"There is no run '{id}'.", GONE))
        return
    run = read.run
    files = files_of(id, engine)
    now = time.time()
    st.title(plain(run.summary.workflow_name or run.summary.workflow_id), anchor=False)
    head = headline(run, now)
    with st.container(horizontal=True, vertical_alignment="center"):
        kind = f"  {PREVIEW}" if run.mode == "preview" else ""
        st.markdown(f"{badge(head.status)}{kind} {' · '.join(map(plain, head.parts))}", width="content")
        run_buttons(run, engine)
        st.space("stretch")
        more_of(run, engine)
    accounts_summary(run, engine)
    relatives(run, engine)
    show_comparison(run, engine)
    show_explanation(run, engine)
    show_preview(run, engine)
    show_questions(run, engine)
    show_made(run, engine)
    all_files(files)
    chosen = graph(read, engine)
    if is_still(run):
        show_timeline(run, now)
        step_panel(run, chosen, files, engine)
    elif st.session_state.get(f"step-{id}"):
        st.caption("As it was when you chose the step. All steps stand here as soon as the run is over.")
        step_panel(run, chosen, files, engine)
    else:
        st.caption("The steps, what they made and what they cost stand here as soon as the run is over.")
    show_approved(run, engine)
    input_summary(run, engine)
    st.caption(f"Run `{id}`, started {moment(run.summary.created_at, st.context.timezone)}")


def graph(read: RunRead, engine: WorkflowEngine) -> str | None:
    """The graph, live until the run is over. Returns the step that was chosen, on it, below it or by the address."""
    run = read.run
    id = run.summary.id
    over = is_over(run)
    chosen = chosen_step(run)
    events = canvas(
        boxes(engine, read.version) if over else noted_boxes(read, engine),
        key=f"graph-{id}",
        revision=id,
        live=None if over else f"/api/runs/{id}/live",
        status=run_status(run),
        selected=chosen if is_still(run) else None,
        height=340,
    )
    if events.selected:
        st.session_state[f"step-{id}"] = events.selected
    return events.selected or chosen


def noted_boxes(read: RunRead, engine: WorkflowEngine) -> list[CanvasStep]:
    """The boxes, with what must stand beside what a model writes just now."""
    model = engine.journal.run_to_look_at(read.run.summary.id).model
    notes = model_notes(Workflow.model_validate(read.run.workflow), model, engine)
    return [{**box, "note": notes.get(box["id"])} for box in boxes(engine, read.version)]


def chosen_step(run: RunView) -> str | None:
    ids = [step.id for step in run.steps]
    wanted = st.session_state.get(f"step-{run.summary.id}") or st.query_params.get("step")
    return wanted if wanted in ids else first_choice(run)


def step_panel(run: RunView, chosen: str | None, files: Files, engine: WorkflowEngine) -> None:
    names = distinct({step.id: step_name(step) for step in run.steps})
    key = f"step-{run.summary.id}"
    st.session_state[key] = chosen
    if len(names) <= PILLS:
        picked = st.pills(
            "Step",
            list(names),
            format_func=lambda id: plain(names.get(id, id)),
            key=key,
            required=True,
            label_visibility="collapsed",
        )
    else:
        picked = st.selectbox("Step", list(names), format_func=lambda id: names.get(id, id), key=key, width=420)
    step = next((step for step in run.steps if step.id == picked), None)
    if step is not None:
        st.query_params["step"] = step.id
        with st.container(border=True):
            show_step(step, run, files, engine)
            again_from(step, run, engine)


engine = current()
wanted = asked("id").get("id")
if wanted:
    run_page(wanted, engine)
else:
    list_page(engine)
