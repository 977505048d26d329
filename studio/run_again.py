"""Going back: a run again from one of its steps with other values, or beside another run."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import streamlit as st

from orchestrator.compare import Comparison, Difference
from orchestrator.data import short
from orchestrator.errors import InvalidInput
from orchestrator.history import RunView, StepView
from orchestrator.workflow_engine import WorkflowEngine
from orchestrator.workflow_tests import WorkflowTests, made_of
from studio.failures import guarded
from studio.forms import Field, text_of, value_of
from studio.markup import plain, table
from studio.moments import ago, duration
from studio.notices import notice
from studio.routes import asked, go
from studio.run_view import is_over, step_name
from studio.status import look

OTHERS = 30
"""Runs of the same workflow that one can be compared with."""

CELL = 160


def again_from(step: StepView, run: RunView, engine: WorkflowEngine) -> None:
    """Run this step again, alone or with all that comes behind it, with its parameters as they were or changed."""
    if not is_over(run) or step.owner or step.is_loop:
        return
    key = f"again:{step.id}"
    place = st.popover("Run again from here", icon=":material/replay:", key=key, on_change="rerun")
    if not place.open:
        return
    with place:
        given = step.items[0].input if step.items else None
        field = Field("input", "What it is given", "json", required=False)
        text = st.text_area(field.label, value=text_of(given or {}), height=220, key=f"{key}:input")
        writes = bool(run.effects)
        looked = st.toggle(
            "Show first what it would send",
            value=True,
            key=f"{key}:preview",
            help="Nothing is sent before you approve.",
        )
        if writes:
            st.caption(":material/warning: A write that is run again is sent again.")
        with st.container(horizontal=True):
            onwards = st.button("From here on", type="primary", key=f"{key}:from")
            alone = st.button("This step alone", key=f"{key}:only")
        if onwards or alone:
            _again(run, step, _changed(field, text, given), engine, alone=alone, preview=looked)


def _changed(field: Field, text: str, given: dict[str, Any] | None) -> dict[str, Any]:
    """What was typed and is not what it was."""
    try:
        typed = value_of(field, text) or {}
    except InvalidInput as error:
        st.error(f"{plain(error.message)} {plain(error.remedy)}")
        st.stop()
    return {name: value for name, value in typed.items() if (given or {}).get(name) != value}


@guarded()
def _again(
    run: RunView, step: StepView, given: dict[str, Any], engine: WorkflowEngine, *, alone: bool, preview: bool
) -> None:
    new = engine.rerun(
        run.summary.id,
        start=None if alone else step.id,
        only=step.id if alone else None,
        given={step.id: given} if given else None,
        preview=preview,
    )
    go("runs", id=new)


def more_of(run: RunView, engine: WorkflowEngine) -> None:
    """Compare it, or take it along as a file."""
    place = st.popover(":material/more_vert:", help="Compare, download", key="more", on_change="rerun")
    if not place.open:
        return
    with place:
        now = time.time()
        others = [
            one for one in engine.runs(workflow=run.summary.workflow_id, limit=OTHERS) if one.id != run.summary.id
        ]
        labels = {one.id: f"{ago(one.created_at, now)} · {look(one.status).word}" for one in others}
        chosen = st.selectbox(
            "Compare with",
            list(labels),
            index=None,
            placeholder="Another run of this workflow" if labels else "There is no other run of it",
            format_func=lambda id: labels.get(id, id),
            key="compare-with",
            disabled=not labels,
        )
        if chosen and chosen != st.query_params.get("with"):
            go("runs", id=run.summary.id, **{"with": chosen})
        if is_over(run) and run.mode != "preview":
            _keep_as_test(run, engine)
        st.download_button(
            "Download the whole run",
            json.dumps(asdict(run), indent=2, ensure_ascii=False, default=str),
            file_name=f"run-{run.summary.id}.json",
            mime="application/json",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key="download-run",
        )


def _keep_as_test(run: RunView, engine: WorkflowEngine) -> None:
    name = st.text_input(
        "Turn into a test",
        key="test-name",
        placeholder="What it shows: two mails, one page",
        help="Its answers are kept, so that a changed workflow can be tried on them without sending anything.",
    )
    if st.button("Keep as a test", key="keep-test", icon=":material/science:", disabled=not name):
        with guarded():
            WorkflowTests(engine.settings.home).save(made_of(run, name or ""))
            notice(f"'{name}' is a test of this workflow now.")
            go("builder", id=run.summary.workflow_id, view="tests")


def show_comparison(run: RunView, engine: WorkflowEngine) -> None:
    """What differs from the run that the address names."""
    other = asked("with").get("with")
    if not other:
        return
    with st.container(border=True), guarded():
        found = engine.compare(other, run.summary.id)
        st.subheader("Compared with the other run", anchor=False)
        rows = comparison_rows(found, {step.id: step_name(step) for step in run.steps})
        if rows:
            st.html(table(["Where", "What", "The other", "This one"], rows))
        else:
            st.caption(":material/check: They were given the same and gave the same.")
        with st.container(horizontal=True):
            if st.button("Open the other", icon=":material/open_in_full:", key="open-other"):
                go("runs", id=other)
            if st.button("Close", icon=":material/close:", key="close-comparison"):
                del st.query_params["with"]
                st.rerun()


def comparison_rows(found: Comparison, names: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """A row for each difference: where, what, before, after."""
    rows = [("Run", "state", *map(_word, found.status))] if found.status[0] != found.status[1] else []
    rows += _differences("Run", "given", found.inputs) + _differences("Run", "result", found.output)
    for step in found.steps:
        where = names.get(step.id, step.id)
        if step.status[0] != step.status[1]:
            rows.append((where, "state", *map(_word, step.status)))
        rows += _differences(where, "input", step.input) + _differences(where, "output", step.output)
        before, after = step.duration_ms
        if before and after and max(before, after) > 1000 and max(before, after) > 2 * min(before, after):
            rows.append((where, "took", duration(before / 1000), duration(after / 1000)))
    return rows


def _differences(where: str, what: str, found: Sequence[Difference]) -> list[tuple[str, str, str, str]]:
    return [(where, f"{what} {one.path}".strip(), _side(one.before), _side(one.after)) for one in found]


def _word(status: str | None) -> str:
    return look(status).word if status else "not there"


def _side(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else short(value)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"
