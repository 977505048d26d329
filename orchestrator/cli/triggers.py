"""`triggers`: what starts workflows by themselves, and switching it on and off."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from orchestrator.cli.running import follow, json_or_text
from orchestrator.cli.shared import SUCCEEDED, Json, open_engine
from orchestrator.console import err, moment, out, print_json
from orchestrator.triggers.firings import Request
from orchestrator.triggers.triggers import TriggerView

app = typer.Typer(help="What starts workflows by themselves.", invoke_without_command=True)

WorkflowId = Annotated[str, typer.Argument(metavar="WORKFLOW", help="The id of a workflow.")]
TriggerId = Annotated[str, typer.Argument(metavar="TRIGGER", help="The name of one of its triggers.")]


@app.callback()
def triggers(context: typer.Context, as_json: Json = False) -> None:
    """Without a command: list them."""
    if context.invoked_subcommand is None:
        list_triggers(as_json=as_json)


@app.command("list")
def list_triggers(
    workflow: Annotated[str | None, typer.Option(help="Only those of this workflow.")] = None, as_json: Json = False
) -> None:
    """List the triggers: which are on, when each is due, what came of it."""
    with open_engine() as engine:
        views = engine.triggers.list(workflow)
        if as_json:
            print_json([_object(view, engine.settings.studio_url) for view in views])
            return
        table = Table("workflow", "trigger", "what", "on", "next", "last run", "why not", box=None)
        for view in views:
            switch = view.switch
            due = moment(switch.next_at) if switch.next_at else ""
            row = (view.workflow, view.id, view.in_words, "on" if switch.is_on else "off", due, switch.run_id or "")
            table.add_row(*row, escape(switch.said))
        out.print(table if views else "No workflow has a trigger.")


@app.command()
def on(workflow: WorkflowId, trigger: TriggerId) -> None:
    """Let a trigger start runs from now on, while the studio or `serve` is up."""
    with open_engine() as engine:
        view = engine.triggers.switch_on(workflow, trigger)
        due = f" It is due {moment(view.switch.next_at)}." if view.switch.next_at else ""
        where = f" It is called at {engine.settings.studio_url}{view.path}" if view.path else ""
        out.print(f"'{trigger}' of {workflow} is on.{due}{where}", markup=False)


@app.command()
def off(workflow: WorkflowId, trigger: TriggerId) -> None:
    """Let a trigger start nothing any more. Runs that it started go on."""
    with open_engine() as engine:
        engine.triggers.get(workflow, trigger)
        engine.triggers.switch_off(workflow, trigger)
        out.print(f"'{trigger}' of {workflow} is off.", markup=False)


@app.command()
def fire(
    workflow: WorkflowId,
    trigger: TriggerId,
    body: Annotated[str, typer.Option(help="What comes to a webhook: JSON, or text.")] = "",
    as_json: Json = False,
) -> None:
    """Start the run of a trigger now, on or off, and wait for its end."""
    with open_engine() as engine:
        run_id = engine.firings.by_hand(
            workflow, trigger, Request("POST", {}, {}, json_or_text(body) if body else None)
        )
        if run_id is None:
            err.print("Nothing is there that it could start a run for.")
            raise typer.Exit(SUCCEEDED)
        follow(engine, run_id, as_json)


def _object(view: TriggerView, studio: str) -> dict[str, Any]:
    switch = asdict(view.switch)
    shown = {name: switch[name] for name in ("is_on", "next_at", "fired_at", "run_id", "said")}
    definition = view.definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    address = f"{studio}{view.path}" if view.path else None
    return {"workflow": view.workflow, "trigger": view.id, **shown, "address": address, "definition": definition}
