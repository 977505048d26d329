"""What the command line shows: tables and lines for a person, one object for a program."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestrator.compare import Comparison, Difference
from orchestrator.data import is_object
from orchestrator.errors import InvalidWorkflow, PatchbayError
from orchestrator.history import RunSummary, RunView, StepView
from orchestrator.live import LiveSnapshot

MARKS = {"succeeded": "[green]✓[/]", "failed": "[red]✗[/]", "skipped": "[dim]–[/]", "cancelled": "[dim]■[/]"}

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_progress(picture: LiveSnapshot, shown: dict[str, str]) -> None:
    """A line for each step that starts, waits for something or ends."""
    for id, step in picture.content["steps"].items():
        status, waits_for = step["status"], step["waits_for"]
        known, news = shown.get(id), status if status in MARKS else waits_for or "running"
        looks_again = news == "running" and known is not None and known not in MARKS
        if known == news or status == "pending" or looks_again:
            continue
        shown[id] = news
        if status in MARKS:
            seconds = (step["finished_at"] or 0) - (step["started_at"] or step["finished_at"] or 0)
            items = f" ({step['done']} items)" if (step["total"] or 1) > 1 else ""
            err.print(f"{MARKS[status]} {id}{items} [dim]{seconds:.1f} s[/]")
        elif waits_for or err.is_terminal:
            err.print(f"[dim]… {id}{f': {escape(waits_for)}' if waits_for else ''}[/]")


def print_end(view: RunView) -> None:
    if view.summary.error:
        error = view.summary.error
        where = f"{error['where']}: " if error["where"] else ""
        err.print(f"The run failed. {where}{error['message']} {error['remedy']}".strip(), markup=False)
    for effect in view.effects:
        out.print(" ".join(part for part in (effect.summary, effect.link) if part), markup=False)
    notes = _notes(view)
    for name, value in (view.output or {}).items():
        if value in notes:
            continue  # it is told below
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        out.print(f"{name}: {text}", markup=False)
    for note in notes:
        out.print(f"({note})", markup=False)
    err.print(f"[dim]run {view.summary.id} {view.status}[/]")


def print_questions(view: RunView) -> None:
    """What a run would send, and what it waits for."""
    for plan in view.plans if view.mode == "preview" else ():
        where = escape(f"({plan.action}, account {plan.account or '-'})")
        out.print(f"[bold]Would send[/] {escape(plan.summary)} [dim]{where}[/]")
        for name, value in plan.request.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            out.print(f"  [dim]{escape(name)}:[/] {escape(text)}")
    for step in view.steps:
        if step.status == "open":
            out.print(f"[bold]Open[/] {step.id}: {step.reason}; asked about when the run gets there")
    id = view.summary.id
    for question in view.questions:
        where = f"--step {question.step}" + (f" --item {question.item}" if question.item else "")
        match question.kind:
            case "preview":
                out.print(f"{question.message} python -m orchestrator approve {id} --hash {view.plan_hash}")
            case "input" | "unknown":
                out.print(f"{question.message} python -m orchestrator answer {id} {question.step} VALUE", markup=False)
            case _:
                out.print(f"{question.message} python -m orchestrator approve {id} {where}", markup=False)
    pauses = [
        (step.id, said)
        for step in view.steps
        for item in step.items
        if (said := item.waits_for(lambda at: f"at {moment(at)}"))
    ]
    for step, said in pauses:
        out.print(f"{step}: {said}", markup=False)
    if not view.questions and not pauses:
        out.print("It waits for another run.")
    err.print(f"[dim]run {id} {view.status}[/]")


def print_comparison(found: Comparison) -> None:
    """What differs, step by step."""
    out.print(f"{found.before} {found.status[0]} → {found.after} {found.status[1]}")
    for title, differences in (("inputs", found.inputs), ("output", found.output)):
        _print_differences(title, differences)
    for step in found.steps:
        if step.is_same:
            continue
        out.print(f"[bold]{step.id}[/] {step.status[0]} → {step.status[1]}")
        _print_differences("  input", step.input)
        _print_differences("  output", step.output)
    if all(step.is_same for step in found.steps):
        out.print("Every step is the same.")


def _print_differences(title: str, differences: tuple[Difference, ...]) -> None:
    for one in differences:
        values = (json.dumps(value, ensure_ascii=False, default=str) for value in (one.before, one.after))
        before, after = (text if len(text) <= 200 else text[:199] + "…" for text in values)
        out.print(f"{title} {one.path}: {before} → {after}", markup=False)


def print_run(view: RunView) -> None:
    table = Table("step", "action", "status", "seconds", "attempts", box=None)
    for step in view.steps:
        seconds = "" if step.duration_ms is None else f"{step.duration_ms / 1000:.2f}"
        table.add_row(step.id, step.uses, step.status, seconds, str(step.attempts))
    started = f"started by {by(view.summary)}" if view.summary.trigger else ""
    head = (view.summary.workflow_name, view.status, moment(view.summary.created_at), started)
    out.print(", ".join(part for part in head if part), markup=False)
    out.print(table)
    for step in view.steps:
        for line in step.log:
            out.print(f"{moment(line.at)} {step.id} {line.message}", markup=False)
    print_end(view)


def by(run: RunSummary) -> str:
    """What started a run by itself: "schedule daily"."""
    return f"{run.trigger} {run.trigger_id}" if run.trigger else ""


def run_object(view: RunView) -> dict[str, Any]:
    return {
        "run_id": view.summary.id,
        "workflow": view.summary.workflow_id,
        "status": view.status,
        "mode": view.mode,
        "origin": view.summary.origin,
        "trigger": view.summary.trigger,
        "trigger_id": view.summary.trigger_id,
        "accounts": {**view.accounts.in_use, **view.accounts.chosen},
        "output": view.output,
        "error": view.summary.error,
        "steps": {step.id: _step_object(step) for step in view.steps},
        "usage": asdict(view.usage),
        "effects": [
            {
                "action": effect.action,
                "account": effect.account,
                "summary": effect.summary,
                "link": effect.link,
                "status": effect.status,
            }
            for effect in view.effects
        ],
        "plans": [asdict(plan) for plan in view.plans],
        "plan_hash": view.plan_hash,
        "questions": [asdict(question) for question in view.questions],
    }


def error_object(error: PatchbayError) -> dict[str, Any]:
    """An error as a run tells it; with every mistake of a workflow that cannot run."""
    problems = [str(problem) for problem in error.problems] if isinstance(error, InvalidWorkflow) else []
    return {**error.as_dict(), **({"problems": problems} if problems else {})}


def _step_object(step: StepView) -> dict[str, Any]:
    return {
        "status": step.status,
        "output": step.output,
        "error": step.error,
        "attempts": step.attempts,
        "duration_ms": None if step.duration_ms is None else round(step.duration_ms, 3),
    }


def _notes(view: RunView) -> list[str]:
    """What models want said beside their text, such as that a tiny one makes mistakes."""
    outputs = [item.output for step in view.steps for item in step.items if is_object(item.output)]
    return list(dict.fromkeys(str(output["note"]) for output in outputs if output.get("note")))


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def moment(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
