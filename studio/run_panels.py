"""The parts of a run's page: what can be done to it, what it made, its timeline, where it comes from."""

from __future__ import annotations

import time

import streamlit as st

from orchestrator.history import RunView
from orchestrator.workflow_engine import WorkflowEngine
from studio.account_choice import acted_as
from studio.markup import plain
from studio.moments import count
from studio.names import in_words, names_for
from studio.output import show_note, show_value
from studio.routes import link, link_out
from studio.run_deeds import cancel, preview_again, resume, run_again
from studio.run_list import run_rows
from studio.run_times import bars, scale
from studio.run_view import can_resume, effect_line, is_over, model_note, result
from studio.status import look
from studio.timeline import timeline
from studio.values import note_of
from studio.workflow_list import PREVIEW_HELP

ZOOMS = {1: "All of it", 5: "5 times", 25: "25 times"}
TOO_SMALL = 2.0
"""Per cent of the timeline: where bars are shorter, it can be drawn wider to tell them apart."""

EFFECTS = 50
CHILDREN = 20


def run_buttons(run: RunView, engine: WorkflowEngine) -> None:
    """Cancel while it runs (a preview that asks is ended in its own box); look or run again, or resume, when it is
    over; and the way to its workflow."""
    id = run.summary.id
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        if not is_over(run):
            asks = any(question.kind == "preview" for question in run.questions)
            if not asks and st.button("Cancel", icon=":material/stop_circle:", key="cancel"):
                cancel(id, engine)
        else:
            # Who looked first, looks first again: "Run again" must not surprise them.
            looked = run.mode != "run"
            failed = run.status == "failed"  # why it failed says how to go on
            if looked and st.button(
                "Preview again", icon=":material/visibility:", type="primary", key="preview-again", help=PREVIEW_HELP
            ):
                preview_again(run, engine)
            if run.mode != "preview" and st.button(
                "Run again", icon=":material/replay:", type="secondary" if looked or failed else "primary", key="again"
            ):
                run_again(id, engine)
            if can_resume(run) and not failed:
                resumed = st.button(
                    "Resume",
                    icon=":material/play_arrow:",
                    key="resume",
                    help="Go on where it stopped. Steps that are done are not repeated.",
                )
                if resumed:
                    resume(id, engine)
        link("Open the workflow", "workflows", ":material/account_tree:", id=run.summary.workflow_id)


def show_made(run: RunView, engine: WorkflowEngine) -> None:
    """What the run did outside, each with the way to it, and what it gave back."""
    if run.effects:
        st.subheader("What it did", anchor=False)
    for effect in run.effects[:EFFECTS]:
        line = effect_line(effect)
        shown = look(line.status)
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f":{shown.color}-badge[{shown.icon} {line.word}]", width="content")
                st.markdown(f"**{plain(in_words(line.summary, names_for(effect.action, engine)))}**", width="content")
                link_out("Open", line.link, engine.settings.studio_url)
            if line.advice:
                st.caption(plain(line.advice))
    if len(run.effects) > EFFECTS:
        st.caption(f"The first {EFFECTS} of {len(run.effects):,}. All are in the download of the run, behind the dots.")
    rest = result(run)
    if rest:
        st.subheader("Result", anchor=False)
        if not note_of(rest):
            show_note(model_note(run, rest))
        id = run.summary.id
        show_value(rest, key="result", studio_url=engine.settings.studio_url, whole=lambda: engine.run(id).output)


def show_timeline(run: RunView, now: float) -> None:
    on = scale(run, now)
    drawn = bars(run, on)
    zoom = 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Timeline", anchor=False, width="content")
        if sum(bar.left is not None and bar.width < TOO_SMALL for bar in drawn) > 1:
            st.space("stretch")
            zoom = st.segmented_control(
                "Zoom",
                list(ZOOMS),
                default=1,
                format_func=ZOOMS.__getitem__,
                required=True,
                key=f"zoom-{run.summary.id}",
                label_visibility="collapsed",
            )
    st.html(timeline(drawn, on.whole, zoom))


def accounts_summary(run: RunView, engine: WorkflowEngine) -> None:
    """As whom the run acts."""
    told = [f"{plain(title)}: **{plain(name)}**" for title, name in acted_as(run, engine.registry)]
    if told:
        st.caption(f":material/badge: Acts as  {' · '.join(told)}")


def input_summary(run: RunView, engine: WorkflowEngine) -> None:
    """What the run was given, folded away."""
    if run.inputs:
        with st.expander("What it was given", icon=":material/input:"):
            id = run.summary.id
            show_value(
                run.inputs,
                key="inputs",
                studio_url=engine.settings.studio_url,
                whole=lambda: engine.run(id).inputs,
            )


def relatives(run: RunView, engine: WorkflowEngine) -> None:
    """The runs that this one comes from, or that it began."""
    if run.summary.origin:
        link("It goes on from an earlier run", "runs", ":material/history:", id=run.summary.origin)
    if run.summary.trigger:
        said = f"Started by its trigger {run.summary.trigger_id}"
        link(said, "builder", ":material/bolt:", id=run.summary.workflow_id, view="triggers")
    if run.summary.parent:
        link("Another run began it and waits for it", "runs", ":material/account_tree:", id=run.summary.parent)
    children = engine.journal.children(run.summary.id)
    if children:
        with st.expander(f"It began {count(len(children), 'other run')}", icon=":material/account_tree:"):
            run_rows(children[:CHILDREN], time.time())
            if len(children) > CHILDREN:
                st.caption(f"The first {CHILDREN} of {len(children):,}.")
