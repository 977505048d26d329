"""The command line: `python -m orchestrator`."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from orchestrator import logs
from orchestrator.data import is_object
from orchestrator.errors import InvalidInput, InvalidSettings, InvalidWorkflow, NotFound, PatchbayError
from orchestrator.history import RunView, StepView
from orchestrator.library import SUFFIXES, parse_text
from orchestrator.live import LiveSnapshot
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow, json_schema
from orchestrator.workflow_engine import WorkflowEngine

SUCCEEDED, FAILED, NOT_STARTED, INTERRUPTED = 0, 1, 2, 130
MARKS = {"succeeded": "[green]✓[/]", "failed": "[red]✗[/]", "skipped": "[dim]–[/]", "cancelled": "[dim]■[/]"}

app = typer.Typer(
    help="Patchbay: run AI workflows.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def run(
    workflow: Annotated[str, typer.Argument(help="The id of a workflow, or a file.")],
    input: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; may be given several times.")] = None,
    inputs: Annotated[Path | None, typer.Option(help="A JSON or YAML file of inputs.")] = None,
    model: Annotated[str | None, typer.Option(help="The model for every step: provider:name.")] = None,
    as_json: Json = False,
) -> None:
    """Run a workflow and wait for its end."""
    with _engine() as engine:
        given = {**_inputs_file(inputs), **dict(_name_value(pair) for pair in input or [])}
        run_id = engine.start_workflow(_workflow(engine, workflow), given, model=model)
        _follow_to_end(engine, run_id, as_json)


@app.command()
def resume(run_id: Annotated[str, typer.Argument(metavar="RUN")], as_json: Json = False) -> None:
    """Go on with a run that was interrupted, failed or cancelled. What was done is not done again."""
    with _engine() as engine:
        _follow_to_end(engine, engine.resume(run_id), as_json)


@app.command()
def show(run_id: Annotated[str, typer.Argument(metavar="RUN")], as_json: Json = False) -> None:
    """Show what happened in a run."""
    with _engine() as engine:
        view = engine.run(run_id)
        if as_json:
            _print_json(_run_object(view))
        else:
            _print_run(view)


@app.command()
def runs(
    status: Annotated[str | None, typer.Option(help="Only runs of this status.")] = None,
    workflow: Annotated[str | None, typer.Option(help="Only runs of this workflow.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
    as_json: Json = False,
) -> None:
    """List runs, newest first."""
    with _engine() as engine:
        found = engine.runs(status=[status] if status else None, workflow=workflow, limit=limit)
        if as_json:
            _print_json([asdict(summary) for summary in found])
            return
        table = Table("run", "workflow", "status", "started", box=None)
        for summary in found:
            table.add_row(summary.id, summary.workflow_id, summary.status, _time(summary.created_at))
        out.print(table if found else "No runs yet.")


@app.command("list")
def list_workflows(as_json: Json = False) -> None:
    """List the workflows."""
    with _engine() as engine:
        entries = engine.library.workflows.list()
        if as_json:
            _print_json([{**asdict(entry), "path": str(entry.path)} for entry in entries])
            return
        table = Table("workflow", "name", "what it does", box=None)
        for entry in entries:
            table.add_row(entry.id, entry.name, f"[red]{entry.error}[/]" if entry.error else entry.description)
        out.print(table)


@app.command()
def validate(files: Annotated[list[Path], typer.Argument(metavar="FILE...")], as_json: Json = False) -> None:
    """Find every mistake in workflow files without running them."""
    with _engine() as engine:
        found: dict[str, list[dict[str, Any]]] = {}
        for file in files:
            try:
                problems = engine.check(parse_text(_read(file), file=str(file)), file=str(file))
            except InvalidWorkflow as error:
                problems = list(error.problems)
            found[str(file)] = [{**asdict(problem), "text": str(problem)} for problem in problems]
        if as_json:
            _print_json(found)
        else:
            for file, problems in found.items():
                for problem in problems:
                    err.print(problem["text"], markup=False)
                if not problems:
                    out.print(f"{file}: fine", markup=False)
    raise typer.Exit(NOT_STARTED if any(found.values()) else SUCCEEDED)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a workflow file."""
    _print_json(json_schema())


@app.command()
def serve(
    host: Annotated[str, typer.Option(envvar="HOST", help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535)] = 8501,
) -> None:
    """Start the studio."""
    if not _is_loopback(host):
        raise InvalidSettings(
            f"HOST is {host}, which other machines can reach, and Patchbay has no sign-in yet.",
            remedy="Use 127.0.0.1 or localhost.",
        )
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    settings = Settings.load(studio_url=f"http://{shown}:{port}")
    logs.configure(settings.log_level)
    import uvicorn

    from app import create_app

    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),  # pyright: ignore[reportArgumentType]
            log_level="warning",
            timeout_graceful_shutdown=2,
            ws_max_size=64 * 1024 * 1024,
        )
    )
    err.print(f"Patchbay is at [bold]{settings.studio_url}[/] (Ctrl-C stops it)")
    server.run(sockets=[listener])


def main() -> None:
    """Run the command line; what goes wrong is told in a sentence."""
    try:
        app(standalone_mode=False)
    except typer.Exit as exit:
        sys.exit(exit.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except InvalidWorkflow as error:
        for problem in error.problems:
            err.print(str(problem), markup=False)
        sys.exit(NOT_STARTED)
    except PatchbayError as error:
        err.print(str(error), markup=False)
        sys.exit(NOT_STARTED)


def _engine() -> WorkflowEngine:
    settings = Settings.load()
    logs.configure("warning" if settings.log_level == "info" else settings.log_level)
    return WorkflowEngine(settings)


def _workflow(engine: WorkflowEngine, name: str) -> Workflow:
    path = Path(name)
    if path.suffix in SUFFIXES:
        return engine.library.workflows.parse(_read(path), file=name)
    return engine.load_workflow(name)


def _follow_to_end(engine: WorkflowEngine, run_id: str, as_json: bool) -> NoReturn:
    try:
        shown: dict[str, str] = {}
        for picture in engine.follow(run_id):
            if not as_json:
                _print_progress(picture, shown)
    except KeyboardInterrupt:
        err.print(f"Stopped. Go on with: python -m orchestrator resume {run_id}")
        raise typer.Exit(INTERRUPTED) from None
    view = engine.run(run_id)
    if as_json:
        _print_json(_run_object(view))
    else:
        _print_end(view)
    raise typer.Exit(SUCCEEDED if view.status == "succeeded" else FAILED)


def _print_progress(picture: LiveSnapshot, shown: dict[str, str]) -> None:
    """A line for each step that starts or ends."""
    for id, step in picture.content["steps"].items():
        status = step["status"]
        if shown.get(id) == status or status == "pending":
            continue
        shown[id] = status
        if status in MARKS:
            seconds = (step["finished_at"] or 0) - (step["started_at"] or step["finished_at"] or 0)
            items = f" ({step['done']} items)" if (step["total"] or 1) > 1 else ""
            err.print(f"{MARKS[status]} {id}{items} [dim]{seconds:.1f} s[/]")
        elif err.is_terminal:
            err.print(f"[dim]… {id}[/]")


def _print_end(view: RunView) -> None:
    if view.summary.error:
        error = view.summary.error
        where = f"{error['where']}: " if error["where"] else ""
        err.print(f"The run failed. {where}{error['message']} {error['remedy']}".strip(), markup=False)
    for effect in view.effects:
        out.print(" ".join(part for part in (effect.summary, effect.link) if part), markup=False)
    for name, value in (view.output or {}).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        out.print(f"{name}: {text}", markup=False)
    for note in _notes(view):
        out.print(f"({note})", markup=False)
    err.print(f"[dim]run {view.summary.id} {view.status}[/]")


def _print_run(view: RunView) -> None:
    table = Table("step", "action", "status", "seconds", "attempts", box=None)
    for step in view.steps:
        seconds = "" if step.duration_ms is None else f"{step.duration_ms / 1000:.2f}"
        table.add_row(step.id, step.uses, step.status, seconds, str(step.attempts))
    out.print(f"{view.summary.workflow_name}, {view.status}, {_time(view.summary.created_at)}", markup=False)
    out.print(table)
    for step in view.steps:
        for line in step.log:
            out.print(f"{_time(line.at)} {step.id} {line.message}", markup=False)
    _print_end(view)


def _run_object(view: RunView) -> dict[str, Any]:
    return {
        "run_id": view.summary.id,
        "workflow": view.summary.workflow_id,
        "status": view.status,
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
    }


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


def _inputs_file(path: Path | None) -> dict[str, Any]:
    return {} if path is None else parse_text(_read(path), file=str(path))


def _name_value(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise InvalidInput(f"'{pair}' is not NAME=VALUE.", remedy="Write it as --input name=value.")
    return name, value


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise NotFound(f"{path} cannot be read: {reason}.", remedy="Check the path.") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InvalidSettings(
            f"Port {port} of {host} cannot be used: {os.strerror(error.errno or 0)}.",
            remedy="Stop what listens there, or choose another: PORT=8502 make run.",
        ) from None
    return listener


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


if __name__ == "__main__":
    main()
