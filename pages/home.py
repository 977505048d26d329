"""Home: start a workflow with one click, see what needs a person and what ran of late."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from orchestrator.history import RunSummary, RunView
from orchestrator.library import Entry
from orchestrator.workflow_engine import WorkflowEngine, current
from studio.account_panels import care
from studio.draft_list import show_drafts
from studio.first_steps import first_steps, is_new
from studio.markup import cell, plain
from studio.moments import ago, count
from studio.pinning import pinned
from studio.preview_view import preview_view
from studio.question_panels import show_question
from studio.question_view import asked_of
from studio.routes import link
from studio.run_list import kept_fresh, run_rows
from studio.run_view import failed_of_late
from studio.status import badge, look
from studio.trigger_list import runs_by_itself
from studio.workflow_list import workflow_cards
from studio.workflow_view import card

SHOWN = 8
LOOKED_AT = 100
LOOKED_INTO = 2 * SHOWN


def waiting_for_you(engine: WorkflowEngine) -> None:
    """What runs ask, and runs that failed. Nothing at all when there is neither."""
    now = time.time()
    asking = asking_runs(engine)
    failed = failed_of_late(engine.runs(limit=LOOKED_AT), now)
    if not asking and not failed:
        return
    st.subheader("Waiting for you", anchor=False)
    for run in asking[:SHOWN]:
        show_asking(run, engine)
    if len(asking) > SHOWN:
        link("All that wait", "runs", ":material/arrow_forward:", status=look("waiting").word)
    for summary in failed[:SHOWN]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"{badge(summary.status)} **{plain(summary.workflow_name)}**", width="content")
            st.caption(plain(cell((summary.error or {}).get("message"), 200)), width="content")
            link("Look at it", "runs", ":material/arrow_forward:", id=summary.id)


def left_alone(engine: WorkflowEngine) -> None:
    """Accounts whose service kept failing. Nothing when there are none."""
    for state in engine.breakers():
        if state.state != "closed":
            title = engine.registry.connectors[state.connector].title
            st.warning(
                f"{plain(title)} (account '{plain(state.account)}') kept failing and is left alone for a while. "
                f"Its last error: {plain(state.error or '')}",
                icon=":material/cloud_off:",
            )


def asking_runs(engine: WorkflowEngine) -> list[RunView]:
    """The newest runs that ask something. One that waits for a time alone needs nobody."""
    waiting = engine.runs(status=["waiting"], limit=LOOKED_INTO)
    return [run for summary in waiting if (run := engine.run_to_look_at(summary.id)).questions]


def show_asking(run: RunView, engine: WorkflowEngine) -> None:
    """A preview is looked at on its own page; what a step asks is answered here."""
    preview = preview_view(run)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            kind = ":violet-badge[:material/visibility: Preview]" if run.mode == "preview" else badge("waiting")
            st.markdown(f"{kind} **{plain(run.summary.workflow_name)}**", width="content")
            if preview and preview.question:
                st.caption(plain(preview.deed or preview.headline), width="content")
            st.caption(ago(run.summary.created_at, time.time()), width="content")
            link("Look at it", "runs", ":material/arrow_forward:", id=run.summary.id)
        questions = asked_of(run.questions)
        for question in questions[:1]:
            show_question(question, run, engine)
        if len(questions) > 1:
            st.caption(f"It asks {count(len(questions) - 1, 'more thing')}, here or on its page.")


def recent(engine: WorkflowEngine) -> None:
    """The newest runs."""

    def draw(runs: Sequence[RunSummary]) -> None:
        if runs:
            run_rows(runs, time.time())
        else:
            st.caption("Nothing has run yet. Press **Run** on a workflow above and watch each step happen.")

    st.subheader("Recent runs", anchor=False)
    kept_fresh(lambda: engine.runs(limit=SHOWN), draw)
    link("All runs", "runs", ":material/arrow_forward:")


def workflows(engine: WorkflowEngine) -> None:
    """Those that are pinned; while none is, those that ran last and others, as many as are taken in at a glance."""
    at_hand = pinned(engine)
    entries = at_hand or by_use(engine)
    st.subheader("Pinned" if at_hand else "Workflows", anchor=False)
    cards = [card(entry, engine) for entry in (at_hand or entries[:SHOWN])]
    if cards:
        workflow_cards(cards, engine)
    else:
        st.info("There are no workflows yet. Import one on the page Workflows.", icon=":material/upload:")
    with st.container(horizontal=True):
        if len(cards) < len(entries) or at_hand:
            link("All workflows", "workflows", ":material/arrow_forward:")
        link("More in the gallery", "gallery", ":material/storefront:")


def by_use(engine: WorkflowEngine) -> list[Entry]:
    """All workflows, those that ran last at first."""
    order = list(dict.fromkeys(run.workflow_id for run in engine.runs(limit=LOOKED_AT)))
    ranks = {id: rank for rank, id in enumerate(order)}
    return sorted(engine.library.workflows.list(), key=lambda entry: ranks.get(entry.id, len(ranks)))


engine = current()
new = is_new(engine)
st.title("Welcome to Patchbay" if new else "What shall we run?", anchor=False)
st.markdown(
    "Press **Run** and watch each step, or **Preview** to look first: then nothing is sent until you approve it. Mail, "
    "pages and repositories are practice ones until you connect your own, so nothing here needs an account."
)
waiting_for_you(engine)
left_alone(engine)
care(engine)
if new and not pinned(engine):
    first_steps(engine)
else:
    workflows(engine)
    show_drafts(engine)
runs_by_itself(engine)
recent(engine)
