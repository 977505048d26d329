"""One step of a run in full: what it was given, what came out, its log and its tries."""

from __future__ import annotations

import time

import streamlit as st

from orchestrator.history import Attempt, ItemView, RunView, StepView
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.fields import described, title_of
from studio.markup import plain, table
from studio.moments import duration, moment, tokens
from studio.output import show_value
from studio.run_files import Files, show_files
from studio.run_view import MESSAGE, explanation, loop_items, no_output, pauses, step_facts, step_name
from studio.status import badge

LINES = 500
"""Lines of a log on the page."""


def show_step(step: StepView, run: RunView, files: Files, engine: WorkflowEngine) -> None:
    """One step: what it was given, what came out, its log and its tries."""
    title = st.container(horizontal=True, vertical_alignment="center")
    title.subheader(plain(step_name(step)), anchor=False, width="content")
    title.markdown(badge(step.status), width="content")
    action = described(step.uses, engine.registry)
    does = title_of(action) if action else step.uses
    title.caption(" · ".join(map(plain, (does, *step_facts(step)))), width="content")
    if step.reason:
        st.caption(plain(step.reason))
    for said in pauses(step, time.time(), st.context.timezone):
        st.info(plain(said), icon=":material/hourglass_top:")
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
    id = run.summary.id
    with output:
        came = item.output if item.item else step.output
        show_files(files.named_in(came))
        show_value(
            came,
            key=f"out:{key}",
            studio_url=url,
            empty=no_output(step),
            whole=lambda: whole_item(id, step.id, item.item, engine).output,
        )
    with given:
        show_value(
            item.input,
            key=f"in:{key}",
            studio_url=url,
            empty="It was given nothing.",
            whole=lambda: whole_item(id, step.id, item.item, engine).input,
        )
    with log:
        _show_log(step, item)
    with tries:
        _show_tries(item)


def whole_item(run_id: str, step: str, item: str, engine: WorkflowEngine) -> ItemView:
    """An item with all of its input and output."""
    found = next(one for one in engine.run(run_id).steps if one.id == step)
    return next(one for one in found.items if one.item == item)


def _choose_item(step: StepView) -> ItemView | None:
    """The one that failed is shown first."""
    items = loop_items(step)
    if not items:
        return step.items[0] if step.items else None
    # No state in the labels: an option is known by what people read of it, and a state changes.
    labels = {item.item: f"Item {number:,} of {len(items):,}" for number, item in enumerate(items, 1)}
    failed = [number for number, item in enumerate(items) if item.status == "failed"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Item",
            list(labels),
            index=failed[0] if failed else 0,
            format_func=lambda id: labels.get(id, id),
            key=f"item:{step.id}",
            width=240,
        )
        item = next((item for item in items if item.item == chosen), items[0])
        st.markdown(badge(item.status), width="content")
        if failed:
            st.caption(f"Failed: {_numbers(failed)}", width="content")
    return item


def _numbers(indexes: list[int]) -> str:
    shown = ", ".join(f"{index + 1:,}" for index in indexes[:10])
    return f"{shown} and {len(indexes) - 10:,} more" if len(indexes) > 10 else shown


def _show_log(step: StepView, item: ItemView) -> None:
    lines = [line for line in step.log if line.item == item.item]
    if not lines:
        st.caption("Nothing was logged.")
        return
    start = item.started_at or lines[0].at
    shown = lines[-LINES:]
    if len(shown) < len(lines):
        st.caption(f"The last {LINES} of {len(lines):,} lines.")
    st.html(table(["After", "What"], [(duration(line.at - start), line.message) for line in shown]))


def _show_tries(item: ItemView) -> None:
    if not item.attempts:
        st.caption("It was not tried yet.")
        return
    first = item.attempts[0].started_at
    columns = ["Try", "Began", "Took", "Tokens and cost", "How it went"]
    rows = [
        (
            attempt.number,
            moment(first, st.context.timezone)
            if attempt.number == 1
            else f"{duration(attempt.started_at - first)} later",
            duration(None if attempt.finished_at is None else attempt.finished_at - attempt.started_at),
            tokens(attempt.usage),
            _outcome(attempt),
        )
        for attempt in item.attempts
    ]
    if not any(attempt.usage.input_tokens or attempt.usage.output_tokens for attempt in item.attempts):
        columns.remove("Tokens and cost")
        rows = [(*row[:3], row[4]) for row in rows]
    st.html(table(columns, rows, limit=MESSAGE))


def _outcome(attempt: Attempt) -> str:
    if attempt.error:
        said = (attempt.error.get("message"), attempt.error.get("remedy"))
        return " ".join(str(part) for part in said if part) or "failed"
    return "went well" if attempt.finished_at else "running"
