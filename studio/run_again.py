"""Going back: a run again from one of its steps with other values, or beside another run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import streamlit as st

from orchestrator.beginnings import beginning
from orchestrator.compare import Comparison, Difference
from orchestrator.history import RunView, StepView
from orchestrator.workflow_engine import WorkflowEngine
from orchestrator.workflow_tests import WorkflowTests, made_of
from studio.failures import guarded, show_problems
from studio.forms import Field, collect
from studio.labels import distinct
from studio.markup import cell, plain, table
from studio.moments import duration, moment
from studio.names import names_by_parameter
from studio.notices import notice
from studio.output import line_of, whole_content, words
from studio.routes import asked, go
from studio.run_view import is_over, step_name
from studio.status import look
from studio.values import is_cut, told
from studio.widgets import ask

OTHERS = 30
"""Runs of the same workflow that one can be compared with."""

LINE = 80
"""Characters of a text that is typed in one line."""

CELL = 160
"""Characters of a value."""

DIFFERENCES = 100
"""Lines of a comparison."""


def again_from(step: StepView, run: RunView, engine: WorkflowEngine) -> None:
    """Run this step again, alone or with all that comes behind it, with its parameters as they were or changed."""
    if not is_over(run) or step.owner or step.is_loop:
        return
    # With the run in it: what was typed for one run must not be taken for another.
    key = f"again:{run.summary.id}:{step.id}"
    place = st.expander("Run again from here", icon=":material/replay:", key=key, on_change="rerun")
    if not place.open:
        return
    with place:
        given = (step.items[0].input if step.items else None) or {}
        large = [name for name, value in given.items() if is_cut(value)]
        titles, names = _titles(step, engine), names_by_parameter(step.uses, engine)
        fields = [
            given_field(name, value, titles, names.get(name, {})) for name, value in given.items() if name not in large
        ]
        if fields:
            st.caption("What the step was given. Change what you like.")
        answers = ask(fields, prefix=key)
        if large:
            st.caption(f"Too large to be changed here, and taken as it was: {plain(', '.join(large))}.")
        looked = st.toggle(
            "Show first what it sends",
            value=True,
            key=f"{key}:preview",
            help="Nothing is sent before you approve.",
        )
        if run.effects:
            st.caption(":material/warning: A write that is run again is sent again.")
        with st.container(horizontal=True):
            onwards = st.button("From here on", type="primary", key=f"{key}:from")
            alone = st.button("This step alone", key=f"{key}:only")
        if onwards or alone:
            values, problems = collect(fields, answers)
            show_problems(problems)
            if not problems:
                changed = {name: value for name, value in values.items() if value != given[name]}
                _again(run, step, changed, engine, alone=alone, preview=looked)


def given_field(name: str, value: Any, titles: Mapping[str, str], names: Mapping[str, str]) -> Field:
    """The field for a value that a step was given. `titles` are those of its parameters; `names` says what people call
    what can be chosen for this one."""
    label = titles.get(name) or words(name)
    match value:
        case bool():
            return Field(name, label, "boolean", False, value)
        case int():
            return Field(name, label, "integer", False, value)
        case float():
            return Field(name, label, "number", False, value)
        case str() if value in names:
            return Field(name, label, "choice", False, value, options=tuple(names.items()))
        case str():
            is_long = len(value) > LINE or "\n" in value
            return Field(name, label, "multiline" if is_long else "text", False, value)
        case None:
            return Field(name, label, "text", False)
        case _:
            return Field(name, label, "json", False, json.dumps(value, ensure_ascii=False, indent=2))


def _titles(step: StepView, engine: WorkflowEngine) -> dict[str, str]:
    action = engine.registry.get(step.uses)
    return {name: field.title or "" for name, field in action.params.model_fields.items()} if action else {}


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
        labels = _others(run, engine)
        key = f"compare:{run.summary.id}"
        st.selectbox(
            "Compare with",
            list(labels),
            index=None,
            placeholder="Another run of this workflow" if labels else "There is no other run of it",
            format_func=lambda id: labels.get(id, id),
            key=key,
            on_change=_compare,
            args=(key,),
            disabled=not labels,
        )
        if is_over(run) and run.mode != "preview":
            _keep_as_test(run, engine)
        st.download_button(
            "Download the whole run",
            lambda: whole_content(asdict(engine.run(run.summary.id))),
            file_name=f"run-{run.summary.id}.json",
            mime="application/json",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key="download-run",
        )


def _compare(key: str) -> None:
    """Show what differs from the run that was chosen, until somebody closes that."""
    if chosen := st.session_state[key]:
        st.query_params["with"] = chosen


def _others(run: RunView, engine: WorkflowEngine) -> dict[str, str]:
    """Other runs of the workflow, newest first, as people read them. An option is known by what is read: nothing in it
    may change by itself, as a state or "3 min ago" does."""
    others = [one for one in engine.runs(workflow=run.summary.workflow_id, limit=OTHERS) if one.id != run.summary.id]
    zone = st.context.timezone
    # Numbered from the oldest on: what comes later changes no number.
    labels = distinct({one.id: moment(one.created_at, zone) for one in others[::-1]})
    return dict(reversed(labels.items()))


def _keep_as_test(run: RunView, engine: WorkflowEngine) -> None:
    name = st.text_input(
        "Turn into a test",
        key="test-name",
        placeholder="What it shows: two mails, one page",
        help="Its answers are kept, so that a changed workflow can be tried on them without sending anything.",
    )
    if st.button("Keep as a test", key="keep-test", icon=":material/science:"):
        with guarded():
            # A name that is being typed is not here yet when the button is pressed: none is asked for twice.
            name = name or f"As on {moment(run.summary.created_at, st.context.timezone)}"
            WorkflowTests(engine.settings.home).save(made_of(engine.run(run.summary.id), name))
            notice(f"'{name}' is a test of this workflow now.")
            go("builder", id=run.summary.workflow_id, view="tests")


def show_comparison(run: RunView, engine: WorkflowEngine) -> None:
    """What differs from the run that the address names."""
    other = asked("with").get("with")
    if not other:
        return
    with st.container(border=True), guarded():
        found = engine.compare(other, run.summary.id)
        at = moment(engine.journal.summary(other).created_at, st.context.timezone)
        st.subheader(f"Compared with the run of {at}", anchor=False)
        rows = comparison_rows(found, {step.id: step_name(step) for step in run.steps})
        if rows:
            st.html(table(["Where", "What", "The other", "This one"], rows[:DIFFERENCES], limit=CELL))
            if len(rows) > DIFFERENCES:
                st.caption(f"The first {DIFFERENCES} of {len(rows):,} differences.")
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
    return cell(line_of(told(beginning(value))), CELL)
