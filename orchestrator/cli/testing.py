"""The command that replays the tests of workflows, for people and for CI."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from orchestrator.cli.shared import FAILED, SUCCEEDED, Json, open_engine
from orchestrator.console import out, print_json
from orchestrator.workflow_tests import Verdict, WorkflowTests, made_of, replay

SHOWN = 200
"""Characters of a value."""

NO_TESTS = """There are no tests yet.
Open a run that went as it should in the studio and fill in "Turn into a test", or say:
python -m orchestrator test --keep RUN"""


def replay_tests(
    workflow: Annotated[str | None, typer.Argument(metavar="[WORKFLOW]", help="Only the tests of this one.")] = None,
    model: Annotated[str | None, typer.Option(help="Really ask this model, instead of taking kept answers.")] = None,
    keep: Annotated[str | None, typer.Option(metavar="RUN", help="Make a test of this run instead.")] = None,
    name: Annotated[str, typer.Option(help="The name of the test that is made.")] = "",
    as_json: Json = False,
) -> None:
    """Replay tests of workflows on kept answers: nothing goes out. What differs is shown."""
    with open_engine() as engine:
        tests = WorkflowTests(engine.settings.home)
        if keep is not None:
            path = tests.save(made_of(engine.run(keep), name or keep))
            out.print(f"Kept as {path}.", markup=False)
            return
        verdicts = [
            replay(one, engine.load_workflow(one.workflow), engine, model=model) for one in tests.list(workflow)
        ]
    if as_json:
        print_json([_object(verdict) for verdict in verdicts])
    else:
        for verdict in verdicts:
            _print(verdict)
        failed = sum(not verdict.passed for verdict in verdicts)
        out.print(f"{len(verdicts) - failed} passed, {failed} failed." if verdicts else NO_TESTS, markup=False)
    raise typer.Exit(SUCCEEDED if all(verdict.passed for verdict in verdicts) else FAILED)


def _print(verdict: Verdict) -> None:
    sign = "[green]✓[/]" if verdict.passed else "[red]✗[/]"
    out.print(f"{sign} {verdict.test.workflow}: ", end="")
    out.print(verdict.test.name, markup=False)
    if verdict.error:
        out.print(f"    {verdict.error}", markup=False)
    for one in verdict.deviations:
        where = " ".join(part for part in (one.step or "run", one.what, one.path) if part)
        out.print(f"    {where}: {_short(one.before)} → {_short(one.after)}", markup=False)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _object(verdict: Verdict) -> dict[str, Any]:
    return {
        "workflow": verdict.test.workflow,
        "test": verdict.test.name,
        "passed": verdict.passed,
        "error": verdict.error or None,
        "deviations": [asdict(one) for one in verdict.deviations],
    }
