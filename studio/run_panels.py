"""The parts of a run's page: what it made, why it failed, its timeline, and one step in full."""

from __future__ import annotations

import streamlit as st

from orchestrator.history import Attempt, ItemView, RunView, StepView
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.account_choice import acted_as
from studio.failures import guarded
from studio.markup import plain, table
from studio.moments import duration, moment
from studio.notices import notice
from studio.output import show_note, show_value
from studio.routes import go, link, link_out
from studio.run_view import (
    bars,
    can_resume,
    effect_line,
    explanation,
    is_over,
    loop_items,
    model_note,
    result,
    step_facts,
    step_name,
)
from studio.status import badge, look
from studio.timeline import timeline
from studio.values import note_of
from studio.workflow_list import PREVIEW_HELP


def run_buttons(run: RunView, engine: WorkflowEngine) -> None:
    """Cancel while it runs (a preview that asks is ended in its own box); look or run again, or resume, when it is
    over; and the way to its workflow."""
    id = run.summary.id
    with st.container(horizontal=True, vertical_alignment="center"):
        if not is_over(run):
            asks = any(question.kind == "preview" for question in run.questions)
            if not asks and st.button("Cancel", icon=":material/stop_circle:", key="cancel"):
                _cancel(id, engine)
        else:
            # Who looked first, looks first again: "Run again" must not surprise them.
            looked = run.mode != "run"
            if looked and st.button(
                "Preview again", icon=":material/visibility:", type="primary", key="preview-again", help=PREVIEW_HELP
            ):
                _preview_again(run, engine)
            if run.mode != "preview" and st.button(
                "Run again", icon=":material/replay:", type="secondary" if looked else "primary", key="again"
            ):
                _run_again(id, engine)
            if can_resume(run):
                resumed = st.button(
                    "Resume",
                    icon=":material/play_arrow:",
                    key="resume",
                    help="Go on where it stopped. Steps that are done are not repeated.",
                )
                if resumed:
                    _resume(id, engine)
        link("Open the workflow", "workflows", ":material/account_tree:", id=run.summary.workflow_id)


def show_made(run: RunView, engine: WorkflowEngine) -> None:
    """What the run did outside, each with the way to it, and what it gave back."""
    if run.effects:
        st.subheader("What it did", anchor=False)
    for effect in run.effects:
        line = effect_line(effect)
        shown = look(line.status)
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f":{shown.color}-badge[{shown.icon} {line.word}]", width="content")
                st.markdown(f"**{plain(line.summary)}**", width="content")
                link_out("Open", line.link, engine.settings.studio_url)
            if line.advice:
                st.caption(plain(line.advice))
    rest = result(run)
    if rest:
        st.subheader("Result", anchor=False)
        if not note_of(rest):
            show_note(model_note(run, rest))
        show_value(rest, key="result", studio_url=engine.settings.studio_url)


def show_explanation(run: RunView) -> None:
    """What happened, at which step, what to do."""
    found = explanation(run)
    if found is None:
        return
    place = f"Step **{plain(step_name(found.step))}** failed" if found.step else "The run could not go on"
    tries = f" after {found.tries} tries" if found.tries > 1 else ""
    st.error(f"{place}{tries}: {plain(found.happened)}  \n{plain(found.remedy)}", icon=":material/error:")


def show_timeline(run: RunView, now: float) -> None:
    st.subheader("Timeline", anchor=False)
    st.html(timeline(bars(run, now)))


def show_step(step: StepView, run: RunView, engine: WorkflowEngine) -> None:
    """One step: what it was given, what came out, its log and its tries."""
    title = st.container(horizontal=True, vertical_alignment="center")
    title.subheader(plain(step_name(step)), anchor=False, width="content")
    title.markdown(badge(step.status), width="content")
    title.caption(" · ".join([f"`{step.uses}`", *map(plain, step_facts(step))]), width="content")
    if step.reason:
        st.caption(plain(step.reason))
    explained = explanation(run)
    if step.error and not (explained and explained.step is step):
        remedy = f"  \n{plain(str(step.error.get('remedy') or ''))}"
        st.error(plain(str(step.error.get("message", ""))) + remedy, icon=":material/error:")
    item = _choose_item(step)
    if item is None:
        st.caption("This step has not begun.")
        return
    key = f"{step.id}:{item.item}"
    url = engine.settings.studio_url
    output, given, log, tries = st.tabs(["Output", "Input", "Log", f"Tries ({len(item.attempts)})"])
    with output:
        whole = step.output if not item.item else item.output
        show_value(whole, key=f"out:{key}", studio_url=url, empty=_nothing(step))
    with given:
        show_value(item.input, key=f"in:{key}", studio_url=url, empty="It was given nothing.")
    with log:
        _show_log(step, item)
    with tries:
        _show_tries(item)


def _nothing(step: StepView) -> str:
    yet = {"planned": "Nothing yet: it is planned.", "waiting": "Nothing yet: it waits."}
    return yet.get(step.status, "Nothing came out.")


def _choose_item(step: StepView) -> ItemView | None:
    items = loop_items(step)
    if not items:
        return step.items[0] if step.items else None
    labels = {item.item: f"Item {number} · {look(item.status).word}" for number, item in enumerate(items, 1)}
    chosen = st.selectbox("Item", list(labels), format_func=lambda id: labels.get(id, id), key=f"item:{step.id}")
    return next((item for item in items if item.item == chosen), items[0])


def _show_log(step: StepView, item: ItemView) -> None:
    lines = [line for line in step.log if line.item == item.item]
    if not lines:
        st.caption("Nothing was logged.")
        return
    start = item.started_at or lines[0].at
    st.html(table(["After", "What"], [(duration(line.at - start), line.message) for line in lines]))


def _show_tries(item: ItemView) -> None:
    if not item.attempts:
        st.caption("It was not tried yet.")
        return
    rows = [
        (
            attempt.number,
            moment(attempt.started_at, st.context.timezone),
            duration(None if attempt.finished_at is None else attempt.finished_at - attempt.started_at),
            _outcome(attempt),
        )
        for attempt in item.attempts
    ]
    st.html(table(["Try", "Began", "Took", "How it went"], rows))


def _outcome(attempt: Attempt) -> str:
    if attempt.error:
        return str(attempt.error.get("message", "failed"))
    return "went well" if attempt.finished_at else "running"


@guarded()
def _cancel(id: str, engine: WorkflowEngine) -> None:
    engine.cancel(id)
    notice("Cancelling: no further step starts.")
    st.rerun()


@guarded()
def _run_again(id: str, engine: WorkflowEngine) -> None:
    go("runs", id=engine.rerun(id))


@guarded()
def _preview_again(run: RunView, engine: WorkflowEngine) -> None:
    model = engine.journal.run(run.summary.id).model
    workflow, accounts = Workflow.model_validate(run.workflow), dict(run.accounts.chosen)
    go("runs", id=engine.start_workflow(workflow, run.inputs, model=model, preview=True, accounts=accounts))


@guarded()
def _resume(id: str, engine: WorkflowEngine) -> None:
    go("runs", id=engine.resume(id))


def accounts_summary(run: RunView, engine: WorkflowEngine) -> None:
    """As whom the run acts."""
    told = [f"{plain(title)}: **{plain(name)}**" for title, name in acted_as(run, engine.registry)]
    if told:
        st.caption(f":material/badge: Acts as  {' · '.join(told)}")


def input_summary(run: RunView, engine: WorkflowEngine) -> None:
    """What the run was given, folded away."""
    if run.inputs:
        with st.expander("What it was given", icon=":material/input:"):
            show_value(run.inputs, key="inputs", studio_url=engine.settings.studio_url)
