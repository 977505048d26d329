"""Commands that look: at runs, at workflows, at files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.markup import escape
from rich.table import Table

from orchestrator.cli.shared import NOT_STARTED, SUCCEEDED, Json, Run, open_engine, read_file
from orchestrator.console import by, err, moment, out, print_comparison, print_json, print_run, run_object
from orchestrator.errors import InvalidInput, PatchbayError, Problem
from orchestrator.history import ACTIVE, FINAL, RunStatus, TriggerKind
from orchestrator.library import parse_text
from orchestrator.registry import Registry
from orchestrator.workflow import json_schema

EFFECTS = {"read": "reads", "write": "writes", "idempotent_write": "writes"}


def show(run_id: Run, as_json: Json = False) -> None:
    """Show what happened in a run."""
    with open_engine() as engine:
        view = engine.run(run_id)
        if as_json:
            print_json(run_object(view))
        else:
            print_run(view)


def compare(before: Run, after: Run, as_json: Json = False) -> None:
    """Show what differs between two runs, step by step."""
    with open_engine() as engine:
        found = engine.compare(before, after)
        if as_json:
            print_json(asdict(found))
        else:
            print_comparison(found)


def runs(
    status: Annotated[list[str] | None, typer.Option(help="Only runs of this status; may be given again.")] = None,
    workflow: Annotated[str | None, typer.Option(help="Only runs of this workflow.")] = None,
    trigger: Annotated[TriggerKind | None, typer.Option(help="Only runs that this kind of trigger started.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
    as_json: Json = False,
) -> None:
    """List runs, newest first."""
    for one in status or []:
        if one not in ACTIVE | FINAL:
            there = ", ".join(get_args(RunStatus))
            raise InvalidInput(f"There is no status '{one}'; there is {there}.", remedy="Choose one of them.")
    with open_engine() as engine:
        found = engine.runs(status=status or None, workflow=workflow, began=trigger, limit=limit)
        if as_json:
            print_json([asdict(summary) for summary in found])
            return
        table = Table("run", "workflow", "status", "started", "by", box=None)
        for summary in found:
            kind = " (preview)" if summary.mode == "preview" else ""
            at = moment(summary.created_at)
            table.add_row(summary.id, summary.workflow_id, summary.status + kind, at, by(summary))
        nothing = "No run is like that." if status or workflow or trigger else "No runs yet."
        out.print(table if found else nothing)


def list_workflows(as_json: Json = False) -> None:
    """List the workflows."""
    with open_engine() as engine:
        entries = engine.library.workflows.list()
        if as_json:
            print_json([{**asdict(entry), "path": str(entry.path)} for entry in entries])
            return
        table = Table("workflow", "name", "what it does", box=None)
        for entry in entries:
            said = f"[red]{escape(entry.error)}[/]" if entry.error else escape(entry.description)
            table.add_row(entry.id, escape(entry.name), said)
        out.print(table)


def list_actions(as_json: Json = False) -> None:
    """List what a step can do: every action of every connector."""
    registry = Registry.discover()
    if as_json:
        print_json(
            [
                {
                    "id": action.id,
                    "connector": action.connector.id,
                    "title": action.title,
                    "description": action.description,
                    "effect": action.effect,
                    "params": action.params.model_json_schema(by_alias=True),
                    "result": action.result.model_json_schema(by_alias=True),
                }
                for action in registry.values()
            ]
        )
        return
    table = Table("action", "what it does", "effect", "needs", box=None)
    for action in registry.values():
        needs = [info.alias or name for name, info in action.params.model_fields.items() if info.is_required()]
        table.add_row(action.id, action.title, EFFECTS[action.effect], ", ".join(needs))
    out.print(table)


def validate(files: Annotated[list[Path], typer.Argument(metavar="FILE...")], as_json: Json = False) -> None:
    """Find every mistake in workflow files without running them."""
    with open_engine() as engine:
        found: dict[str, list[dict[str, Any]]] = {}
        for file in files:
            try:
                problems = engine.check(parse_text(read_file(file), file=str(file)), file=str(file))
            except PatchbayError as error:
                problems = [Problem(error.code, error.message, remedy=error.remedy)]
            found[str(file)] = [{**asdict(problem), "text": str(problem)} for problem in problems]
        if as_json:
            print_json(found)
        else:
            for file, problems in found.items():
                for problem in problems:
                    err.print(problem["text"], markup=False)
                if not problems:
                    out.print(f"{file}: fine", markup=False)
    raise typer.Exit(NOT_STARTED if any(found.values()) else SUCCEEDED)


def schema() -> None:
    """Print the JSON Schema of a workflow file."""
    print_json(json_schema())
