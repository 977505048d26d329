"""The chosen step: what it is given, how it runs, and what came of it the last time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from orchestrator.history import RunView, StepView
from orchestrator.workflow import RunId
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.edit import find_step, set_value
from studio.builder.expression_form import ExpressionForm
from studio.builder.fields import described, params_of, pickers_of, runs_steps_inside, title_of
from studio.builder.param_form import param_form
from studio.builder.states_form import states_form
from studio.builder.step_settings import step_settings
from studio.builder.trials import known_of, pin, pins_of, put_off, run_to, test_step
from studio.builder.variables import Known, reach_of
from studio.editing import Editing, change, cross
from studio.failures import guarded
from studio.forms import Field, text_of, value_of
from studio.markup import code, plain
from studio.names import in_words, names_for
from studio.output import show_value
from studio.pickers import lists_of
from studio.popovers import popover, shut
from studio.routes import link
from studio.run_view import no_output, pauses
from studio.status import badge

PARTS = ("Setup", "Settings", "Test")


def inspector(editing: Editing, id: str | None, run: RunView | None, engine: WorkflowEngine) -> None:
    """The panel beside the canvas. `run` is the newest one: its values are shown and used for trying out."""
    step = find_step(editing.content, id) if id else None
    if step is None:
        st.caption("Choose a step on the canvas to see and change it, or press **+** there to add one.")
        return
    known = known_of(editing.content, run)
    action = described(str(step.get("uses")), engine.registry)
    _name(editing, step, engine)
    st.caption(
        f"{plain(title_of(action))} · {code(step['id'])}"
        if action
        else f":red[There is no action '{plain(str(step.get('uses')))}'.]"
    )
    match _part(editing, step["id"], run):
        case "Settings":
            step_settings(editing, step, *_expressions(editing, step, "settings", known, engine), engine)
        case "Test":
            _trial(editing, step, run, engine)
        case _:
            _setup(editing, step, known, engine)


def _part(editing: Editing, step: str, run: RunView | None) -> str:
    """Setup, Settings or Test: the one that was chosen last, and Setup on the way to a step that nothing came of yet.
    Not tabs: those take what the server last drew over what a person has chosen since, and are shut while the page is
    drawn again."""
    key, last = f"inspector:{editing.id}", f"inspector-step:{editing.id}"
    before = st.session_state.get(last, step)
    st.session_state[last] = step
    came_of_it = step in pins_of(editing.content) or (run is not None and any(one.id == step for one in run.steps))
    if key not in st.session_state or (before != step and not came_of_it):
        st.session_state[key] = PARTS[0]
    return st.segmented_control("Part", PARTS, required=True, key=key, width="stretch", label_visibility="collapsed")


def _setup(editing: Editing, step: Mapping[str, Any], known: Known, engine: WorkflowEngine) -> None:
    uses = str(step.get("uses"))
    lists = lists_of(pickers_of(uses, engine.registry), engine)
    params = params_of(step, engine.registry, lists)
    action = described(uses, engine.registry)
    if action and not params:
        st.caption("It needs nothing.")
    param_form(editing, step["id"], params, *_expressions(editing, step, "setup", known, engine), engine)
    if uses == "states":
        states_form(editing, step, known, engine)
    if action:
        st.caption(_as_code(action.description))


def _as_code(description: str) -> str:
    """Names of a file stand between backticks in it."""
    parts = description.split("`")
    return "".join(code(part) if number % 2 else plain(part) for number, part in enumerate(parts))


def _expressions(
    editing: Editing, step: Mapping[str, Any], part: str, known: Known, engine: WorkflowEngine
) -> tuple[ExpressionForm, ExpressionForm | None]:
    """For what is looked at before the step runs, and for what is looked at when the steps inside it have run; None for
    one that has none."""

    def form(inside: bool) -> ExpressionForm:
        reach = reach_of(editing.content, step["id"], known, engine.registry, inside=inside)
        id = f"expressions:{editing.id}:{step['id']}:{part}:{inside}"
        return ExpressionForm(id, reach, partial(cross, editing, engine.workflow_versions))

    own = form(inside=False)
    return own, form(inside=True) if runs_steps_inside(step) else None


def _name(editing: Editing, step: Mapping[str, Any], engine: WorkflowEngine) -> None:
    key = f"name:{editing.id}:{step['id']}"
    st.session_state[key] = step.get("name") or ""

    def take() -> None:
        name = st.session_state[key].strip()
        change(editing, set_value(editing.content, step["id"], ("name",), name or None), engine.workflow_versions)

    st.text_input(
        "Name",
        key=key,
        placeholder=step["id"].replace("_", " ").capitalize(),
        label_visibility="collapsed",
        on_change=take,
    )


def _trial(editing: Editing, step: Mapping[str, Any], run: RunView | None, engine: WorkflowEngine) -> None:
    id = step["id"]
    with st.container(horizontal=True):
        alone = st.button(
            "Test step",
            icon=":material/play_arrow:",
            type="primary",
            key="test-step",
            help="Run this step alone, on what is known. One that writes is previewed: nothing is sent.",
        )
        up_to = st.button(
            "Run to here",
            icon=":material/skip_next:",
            key="run-to",
            help="Run all that this step needs, and the step. What would be written is previewed.",
        )
    if alone:
        _try(editing.id, lambda: test_step(editing.content, id, run, engine), engine)
    if up_to:
        _try(editing.id, lambda: run_to(editing.content, id, engine), engine)
    pinned = pins_of(editing.content)
    if id in pinned:
        st.markdown(":violet-badge[:material/keep: Pinned] This output is used when you try other steps out.")
        show_value(pinned[id], key=f"pinned:{id}", studio_url=engine.settings.studio_url)
        if st.button("Take the pin out", icon=":material/keep_off:", key="unpin"):
            change(editing, pin(editing.content, id, None), engine.workflow_versions)
            st.rerun()
    told = next((one for one in run.steps if one.id == id), None) if run else None
    if told is None or run is None:
        st.caption("It has not run yet.")
        _type_pin(editing, id, None, engine)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(badge(told.status), width="content")
        link("Open the run", "runs", ":material/open_in_full:", id=run.summary.id)
    _came_of(told, run, engine)
    _type_pin(editing, id, told.output, engine)


def _came_of(step: StepView, run: RunView, engine: WorkflowEngine) -> None:
    url = engine.settings.studio_url
    if step.error:
        remedy = f"  \n{plain(str(step.error.get('remedy') or ''))}"
        st.error(plain(str(step.error.get("message", ""))) + remedy, icon=":material/error:")
    plan = next((plan for plan in run.plans if plan.step == step.id), None)
    output = step.output if step.output is not None else (plan.result if plan else None)
    given = step.items[0].input if step.items else None
    out, into = st.tabs(["Output", "Input"])
    with out:
        if plan is not None and run.mode == "preview":
            said = in_words(plan.summary, names_for(plan.action, engine))
            st.caption(f":material/visibility: {plain(said)} Nothing was sent.")
        for pause in pauses(step, time.time(), st.context.timezone):
            st.caption(plain(pause))
        show_value(output, key=f"last-out:{step.id}", studio_url=url, empty=no_output(step))
    with into:
        show_value(given, key=f"last-in:{step.id}", studio_url=url, empty="It was given nothing.")


def _type_pin(editing: Editing, id: str, output: Any, engine: WorkflowEngine) -> None:
    """Keep an output for trying other steps out: the last one, or a typed one."""
    with st.container(horizontal=True):
        if output is not None and st.button("Pin this output", icon=":material/keep:", key="pin"):
            change(editing, pin(editing.content, id, output), engine.workflow_versions)
            st.rerun()
        with popover("Type an output", icon=":material/edit:", key="type-output"):
            _typed_pin(editing, id, output, engine)


@guarded()
def _typed_pin(editing: Editing, id: str, output: Any, engine: WorkflowEngine) -> None:
    field = Field("output", "The output as JSON", "json", required=True)
    start = text_of(output if output is not None else pins_of(editing.content).get(id, {}))
    text = st.text_area(field.label, value=start, height=220, key=f"typed-pin:{id}")
    if st.button("Use it", key=f"use-pin:{id}", type="primary"):
        change(editing, pin(editing.content, id, value_of(field, text)), engine.workflow_versions)
        shut("type-output")
        st.rerun()


@guarded()
def _try(id: str, start: Callable[[], RunId], engine: WorkflowEngine) -> None:
    key = f"tried:{id}"
    before = st.session_state.get(key)
    st.session_state[key] = start()
    if before is not None:
        put_off(before, engine)
    st.rerun()
