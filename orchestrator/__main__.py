"""The command line: `python -m orchestrator`."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn

import structlog
import typer
from rich.table import Table

from orchestrator import logs
from orchestrator.console import err, moment, out, print_end, print_json, print_progress, print_run, run_object
from orchestrator.errors import InvalidInput, InvalidSettings, InvalidWorkflow, NotFound, PatchbayError, Problem
from orchestrator.library import SUFFIXES, parse_text
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow, json_schema
from orchestrator.workflow_engine import WorkflowEngine

SUCCEEDED, FAILED, NOT_STARTED, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    help="Patchbay: run AI workflows.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

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
            print_json(run_object(view))
        else:
            print_run(view)


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
            print_json([asdict(summary) for summary in found])
            return
        table = Table("run", "workflow", "status", "started", box=None)
        for summary in found:
            table.add_row(summary.id, summary.workflow_id, summary.status, moment(summary.created_at))
        out.print(table if found else "No runs yet.")


@app.command("list")
def list_workflows(as_json: Json = False) -> None:
    """List the workflows."""
    with _engine() as engine:
        entries = engine.library.workflows.list()
        if as_json:
            print_json([{**asdict(entry), "path": str(entry.path)} for entry in entries])
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


@app.command()
def schema() -> None:
    """Print the JSON Schema of a workflow file."""
    print_json(json_schema())


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
            access_log=False,
            timeout_graceful_shutdown=2,
            ws_max_size=64 * 1024 * 1024,
        )
    )
    err.print(f"Patchbay is at [bold]{settings.studio_url}[/] (Ctrl-C stops it)")
    with contextlib.suppress(KeyboardInterrupt):  # it has stopped by then
        server.run(sockets=[listener])


def main() -> None:
    """Run the command line; what goes wrong is told in a sentence."""
    try:
        app()
    except InvalidWorkflow as error:
        for problem in error.problems:
            err.print(str(problem), markup=False)
        sys.exit(NOT_STARTED)
    except PatchbayError as error:
        err.print(str(error), markup=False)
        sys.exit(NOT_STARTED)
    except Exception as error:
        structlog.get_logger().debug("unexpected", exc_info=True)
        err.print(
            f"Something unexpected went wrong: {type(error).__name__}: {error}."
            " PATCHBAY_LOG_LEVEL=debug shows where; please report it.",
            markup=False,
        )
        sys.exit(FAILED)


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
                print_progress(picture, shown)
    except KeyboardInterrupt:
        err.print(f"Stopped. Go on with: python -m orchestrator resume {run_id}")
        raise typer.Exit(INTERRUPTED) from None
    view = engine.run(run_id)
    if as_json:
        print_json(run_object(view))
    else:
        print_end(view)
    raise typer.Exit(SUCCEEDED if view.status == "succeeded" else FAILED)


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


if __name__ == "__main__":
    main()
