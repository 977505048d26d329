"""What commands share: exit codes, options, the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator import logs
from orchestrator.errors import InvalidInput, NotFound
from orchestrator.library import SUFFIXES, parse_text
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

SUCCEEDED, FAILED, NOT_STARTED, WAITING, INTERRUPTED = 0, 1, 2, 3, 130

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Run = Annotated[str, typer.Argument(metavar="RUN", help="The id of a run.")]


def open_engine() -> WorkflowEngine:
    settings = Settings.load()
    logs.configure("warning" if settings.log_level == "info" else settings.log_level)
    return WorkflowEngine(settings)


def find_workflow(engine: WorkflowEngine, name: str) -> Workflow:
    """The workflow of that id, or in that file."""
    path = Path(name)
    if path.suffix in SUFFIXES:
        return engine.library.workflows.parse(read_file(path), file=name)
    return engine.load_workflow(name)


def read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise NotFound(f"{path} cannot be read: {reason}.", remedy="Check the path.") from None


def read_inputs(file: Path | None, pairs: list[str] | None) -> dict[str, Any]:
    """The inputs of a file, and those of NAME=VALUE before them."""
    given = {} if file is None else parse_text(read_file(file), file=str(file))
    return {**given, **dict(name_value(pair, "--input") for pair in pairs or [])}


def name_value(pair: str, option: str, form: str = "NAME=VALUE") -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise InvalidInput(f"'{pair}' is not {form}.", remedy=f"Write it as {option} {form}.")
    return name, value
