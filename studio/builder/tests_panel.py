"""The tests of a workflow: kept runs, replayed on the draft without their services."""

from __future__ import annotations

from typing import Any

import streamlit as st

from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from orchestrator.workflow_tests import Verdict, WorkflowTests, replay
from studio.builder.edit import find_step
from studio.editing import Editing
from studio.failures import guarded
from studio.markup import cell, plain, table
from studio.moments import moment
from studio.notices import notice
from studio.output import line_of
from studio.pickers import models

CELL = 200


def tests_panel(editing: Editing, right: bool, engine: WorkflowEngine) -> None:
    """`right`: the draft can run."""
    tests = WorkflowTests(engine.settings.home)
    known = tests.list(editing.id)
    if not known:
        st.caption(
            "No tests yet. Open a run of this workflow that went as it should, and turn it into a test: its answers "
            "are kept, and whatever you change here can be tried on them without sending anything."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pressed = st.button(
            "Run all on the draft", type="primary", icon=":material/play_arrow:", key="run-tests", disabled=not right
        )
        labels = dict(models(engine))
        model = st.selectbox(
            "Models",
            list(labels),
            index=None,
            placeholder="Take the kept answers",
            format_func=lambda name: labels.get(name, name),
            key="tests-model",
            help="Choose a model to really ask it. That may cost money; everything else stays kept.",
            width=320,
        )
    shown = f"verdicts:{editing.id}"
    if pressed:
        _run(editing, tests, shown, model, engine)
    verdicts: dict[str, Verdict] = st.session_state.get(shown, {})
    for test in known:
        verdict = verdicts.get(test.name)
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_sign(verdict) + f"**{plain(test.name)}**", width="content")
                st.caption(f"from a run of {moment(test.at, st.context.timezone)}", width="content")
                st.space("stretch")
                if st.button(":material/delete:", key=f"delete-test:{test.name}", help="Delete it", type="tertiary"):
                    tests.delete(test.workflow, test.name)
                    st.rerun()
            if verdict is not None:
                _show(verdict, editing)
                _offer_to_accept(verdict, tests, shown)


@guarded()
def _run(editing: Editing, tests: WorkflowTests, shown: str, model: str | None, engine: WorkflowEngine) -> None:
    workflow = Workflow.model_validate(editing.content)
    with st.spinner("Replaying"):
        verdicts = {test.name: replay(test, workflow, engine, model=model) for test in tests.list(editing.id)}
    st.session_state[shown] = verdicts


def _sign(verdict: Verdict | None) -> str:
    if verdict is None:
        return ":gray[:material/radio_button_unchecked:] "
    return ":green[:material/check_circle:] " if verdict.passed else ":red[:material/cancel:] "


def _show(verdict: Verdict, editing: Editing) -> None:
    if verdict.passed:
        st.caption("Nothing differs.")
    if verdict.error:
        st.markdown(f":red[{plain(verdict.error)}]")
    if verdict.deviations:
        rows = [
            (_title(one.step, editing), f"{one.what} {one.path}".strip(), _text(one.before), _text(one.after))
            for one in verdict.deviations
        ]
        st.html(table(["Where", "What", "Was", "Is"], rows))


def _offer_to_accept(verdict: Verdict, tests: WorkflowTests, shown: str) -> None:
    """What was meant to change is what the test expects from now on."""
    now = verdict.now
    if now is None or verdict.passed:
        return
    accepted = st.button(
        "Accept as the new answer",
        icon=":material/done_all:",
        key=f"accept-test:{verdict.test.name}",
        help="Keep what came out this time: the test expects it from now on.",
    )
    if accepted:
        with guarded():
            tests.save(now)
            st.session_state[shown][now.name] = Verdict(now, now=now)
            notice(f"'{now.name}' expects the new answers now.")
            st.rerun()


def _title(id: str, editing: Editing) -> str:
    """What people call a step of the draft."""
    if not id:
        return "Run"
    step = find_step(editing.content, id) or {}
    return str(step.get("name") or id.replace("_", " ").capitalize())


def _text(value: Any) -> str:
    return cell(line_of(value), CELL)
