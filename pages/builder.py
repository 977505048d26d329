"""Builder: one workflow (`?id=…`) built by hand: its canvas, the form of each step, its text, its versions."""

from __future__ import annotations

import streamlit as st

from orchestrator.errors import NotFound, Problem
from orchestrator.history import RunView
from orchestrator.workflow_engine import WorkflowEngine, current
from studio.builder.bar import bar
from studio.builder.inspector import inspector
from studio.builder.problems_panel import problems_panel
from studio.builder.start import start_page
from studio.builder.tests_panel import tests_panel
from studio.builder.trials import known_of, last_run
from studio.builder.triggers_panel import triggers_panel
from studio.builder.workflow_settings import workflow_settings
from studio.canvas import canvas, catalog_of, hear, marks_of
from studio.components import editor, typed
from studio.editing import Editing, change, change_text, cross, open_editing
from studio.history_panel import history_panel
from studio.markup import plain
from studio.missing import show_missing
from studio.publish_bar import conflict_box
from studio.routes import asked
from studio.run_view import is_over
from studio.turns import saw, token
from studio.views import choose_view
from studio.workflow_view import marks, problems_of

# The canvas needs the room that other pages leave empty, and all that the forms can do without: beside forms of this
# width the palette has room at its side on a screen of 1440 pixels. What is chosen stays legible under the mouse.
ROOM = """<style>
[data-testid='stMainBlockContainer'] {padding: 4rem 1.5rem 1rem}
@media (min-width: 641px) {
  [data-testid='stColumn']:has(+ [data-testid='stColumn'] .st-key-inspector) {flex: 1 1 0; min-width: 0}
  [data-testid='stColumn']:has(.st-key-inspector) {flex: 0 0 clamp(min(340px, 40%), 25vw, 480px); min-width: 0}
}
[data-testid='stMain'] [role='radio'][aria-checked='true']:hover {
  background-color: color-mix(in srgb, currentColor 10%, transparent)
}
</style>"""

VIEWS = {
    "canvas": ":material/account_tree: Canvas",
    "json": ":material/data_object: JSON",
    "settings": ":material/tune: Inputs and outputs",
    "triggers": ":material/bolt: Triggers",
    "history": ":material/history: History",
    "tests": ":material/science: Tests",
}


def builder_page(id: str, engine: WorkflowEngine) -> None:
    try:
        editing = open_editing(id, engine.workflow_versions)
    except NotFound:
        show_missing(id, engine.library.workflows, "builder")
        return
    take_up(editing, engine)
    found = problems_of(editing.text, engine)
    st.html(ROOM)
    bar(editing, found, engine)
    conflict_box(editing, engine.workflow_versions)
    view = choose_view(VIEWS)
    match view:
        case "json":
            json_view(editing, found)
        case "settings":
            workflow_settings(editing, known_of(editing.content, last_run(id, engine)), engine)
        case "triggers":
            triggers_panel(editing, engine)
            if wrong := [problem for problem in found if (problem.where.key or "").startswith("triggers")]:
                problems_panel(wrong)
        case "history":
            history_panel(editing, engine.workflow_versions)
        case "tests":
            tests_panel(editing, not found, engine)
        case _:
            canvas_view(editing, found, last_run(id, engine), engine)


def take_up(editing: Editing, engine: WorkflowEngine) -> None:
    """Keep what was done on the canvas, and typed as JSON, before a press on Run that may come with it."""
    versions, crossed = engine.workflow_versions, lambda: cross(editing, engine.workflow_versions)
    text = typed(editing.text, key=f"json:{editing.id}", revision=token(editing, "json"), crossed=crossed)
    if text != editing.text:
        change_text(editing, text, versions)
        saw(editing, "json")
    chosen = chosen_key(editing)
    st.session_state.setdefault(chosen, asked("step").get("step"))
    event = hear(
        editing.content, key=canvas_key(editing), session=editing.session, selected=st.session_state.get(chosen)
    )
    if event is None:
        return
    st.session_state[chosen] = event.selected
    if event.draft is not None:
        if event.crossed:
            crossed()
        change(editing, event.draft, versions)


def canvas_key(editing: Editing) -> str:
    return f"builder:{editing.id}"


def chosen_key(editing: Editing) -> str:
    """Where the step that is chosen is kept."""
    return f"chosen:{editing.id}"


def canvas_view(editing: Editing, found: list[Problem], run: RunView | None, engine: WorkflowEngine) -> None:
    chosen = chosen_key(editing)
    with st.container():  # always: a form below that moved would lose what is being typed
        if editing.broken:
            st.warning(
                f"The text under JSON is broken: {plain(editing.broken)} The canvas shows the last one that was not."
            )
    drawing, form = st.columns([5, 3], gap="small")
    with drawing:
        canvas(
            editing.content,
            catalog_of(engine.registry),
            key=canvas_key(editing),
            session=editing.session,
            status=marks_of(run) if run else None,
            selected=st.session_state.get(chosen),
            problems=found,
            read_only=bool(editing.broken),
        )
        wanted = problems_panel(found)
        if wanted:
            st.session_state[chosen] = wanted
            st.rerun()
    with form, st.container(border=True, key="inspector"):
        if run is not None and is_still_going(run):
            watch(run.summary.id, standing(run), engine)
        inspector(editing, st.session_state.get(chosen), run, engine)


def is_still_going(run: RunView) -> bool:
    """Not so of one that waits for somebody."""
    return not is_over(run) and not run.questions


def standing(run: RunView) -> list[str]:
    return [run.status, *(step.status for step in run.steps)]


@st.fragment(run_every=0.7)
def watch(run_id: str, before: list[str], engine: WorkflowEngine) -> None:
    """Draw the page again as soon as a step of the run begins or ends."""
    run = engine.run(run_id)
    st.caption(":material/progress_activity: It is running.")
    if standing(run) != before or not is_still_going(run):
        st.rerun()


def json_view(editing: Editing, found: list[Problem]) -> None:
    editor(
        editing.text,
        key=f"json:{editing.id}",
        revision=token(editing, "json"),
        language="json",
        label="The workflow as JSON",
        height=560,
        problems=marks(found, editing.text),
    )
    problems_panel(found)


engine = current()
wanted = asked("id").get("id")
if wanted:
    builder_page(wanted, engine)
else:
    start_page(engine)
