"""Commands that run: start, preview, answer, go on, go back."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from orchestrator.account_entries import PRACTICE
from orchestrator.cli.shared import (
    FAILED,
    INTERRUPTED,
    SUCCEEDED,
    WAITING,
    Json,
    Run,
    find_workflow,
    name_value,
    open_engine,
    read_inputs,
)
from orchestrator.console import err, print_end, print_json, print_progress, print_questions, run_object
from orchestrator.errors import InvalidInput
from orchestrator.history import FINAL, RunView
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

Name = Annotated[str, typer.Argument(metavar="WORKFLOW", help="The id of a workflow, or a file.")]
Input = Annotated[list[str] | None, typer.Option(help="NAME=VALUE; may be given several times.")]
Inputs = Annotated[Path | None, typer.Option(help="A JSON or YAML file of inputs.")]
Model = Annotated[str | None, typer.Option(help="The model for every step: provider:name.")]
Pin = Annotated[list[str] | None, typer.Option(help="STEP=JSON: take this as a step's output and do not run it.")]
Account = Annotated[
    list[str] | None,
    typer.Option("--account", metavar="SERVICE=NAME", help="Who the run acts as there: gmail=work, gmail=practice."),
]
Practice = Annotated[bool, typer.Option("--practice", help="Act as the practice accounts, wherever there is one.")]
Version = Annotated[str | None, typer.Option("--workflow", help="A corrected version: an id or a file.")]
By = Annotated[str, typer.Option(help="Who says so.")]

_WORDS = {"queued": "has not begun", "running": "is under way", "waiting": "waits", "cancelled": "was cancelled"}

Asks = Annotated[str, typer.Option("--step", help="The step that asks; not needed when only one thing is asked.")]
Item = Annotated[str, typer.Option(help="The item of that step.")]


def run(
    workflow: Name,
    input: Input = None,
    inputs: Inputs = None,
    model: Model = None,
    pin: Pin = None,
    preview: Annotated[
        bool | None,
        typer.Option(help="Show what would be sent, and send nothing; or send, also where nobody has looked yet."),
    ] = None,
    account: Account = None,
    practice: Practice = False,
    as_json: Json = False,
) -> None:
    """Run a workflow and wait for its end."""
    with open_engine() as engine:
        flow = find_workflow(engine, workflow)
        given = read_inputs(inputs, input)
        run_id = engine.start_workflow(
            flow,
            given,
            model=model,
            preview=preview,
            pins=_json_by_name(pin, "--pin"),
            accounts=_accounts(engine, flow, account, practice),
        )
        follow(engine, run_id, as_json)


def preview(
    workflow: Name,
    input: Input = None,
    inputs: Inputs = None,
    model: Model = None,
    account: Account = None,
    practice: Practice = False,
    as_json: Json = False,
) -> None:
    """Run a workflow without sending anything: show every write that it would make."""
    run(workflow, input, inputs, model, None, True, account, practice, as_json)


def resume(run_id: Run, workflow: Version = None, account: Account = None, as_json: Json = False) -> None:
    """Go on with a run that was interrupted, failed or cancelled. What was done is not done again."""
    with open_engine() as engine:
        version = find_workflow(engine, workflow) if workflow else None
        follow(engine, engine.resume(run_id, version, accounts=_named(account)), as_json)


def rerun(
    run_id: Run,
    start: Annotated[str | None, typer.Option("--from", metavar="STEP", help="Only from this step on.")] = None,
    only: Annotated[str | None, typer.Option(metavar="STEP", help="Only this step.")] = None,
    values: Annotated[list[str] | None, typer.Option("--set", help="STEP.PARAMETER=VALUE, JSON or text.")] = None,
    input: Input = None,
    inputs: Inputs = None,
    pin: Pin = None,
    workflow: Version = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would be sent, and send nothing.")] = False,
    account: Account = None,
    as_json: Json = False,
) -> None:
    """Run again, as a new run: everything, or from a step on. Writes that are run again are sent again."""
    if start is not None and only is not None:
        raise InvalidInput("A run goes on from a step, or runs only one.", remedy="Give --from or --only, not both.")
    with open_engine() as engine:
        new = engine.rerun(
            run_id,
            start=start,
            only=only,
            given=_by_step(values),
            inputs=read_inputs(inputs, input),
            pins=_json_by_name(pin, "--pin"),
            workflow=find_workflow(engine, workflow) if workflow else None,
            preview=preview,
            accounts=_named(account),
        )
        follow(engine, new, as_json)


def approve(
    run_id: Run,
    hash: Annotated[str | None, typer.Option(help="What was looked at; anything else is refused.")] = None,
    step: Asks = "",
    item: Item = "",
    comment: Annotated[str, typer.Option()] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Say yes: let the writes of a preview go out, or a step that asks for approval go on."""
    _decide(run_id, True, hash, step, item, comment, by, as_json)


def reject(
    run_id: Run,
    step: Asks = "",
    item: Item = "",
    comment: Annotated[str, typer.Option()] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Say no: nothing of a preview is sent, or the step that asks fails."""
    _decide(run_id, False, None, step, item, comment, by, as_json)


def answer(
    run_id: Run,
    step: Annotated[str, typer.Argument(metavar="STEP", help="The step that asks.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="JSON, or text.")],
    item: Item = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Give a waiting step what it asks for."""
    with open_engine() as engine:
        engine.answer(run_id, step, json_or_text(value), item=item, by=by or getpass.getuser())
        follow(engine, run_id, as_json)


def cancel(run_id: Run) -> None:
    """End a run. A write that is under way is waited for."""
    with open_engine() as engine:
        status = engine.journal.summary(run_id).status
        if status in FINAL:
            raise InvalidInput(f"Run '{run_id}' is over: it {_WORDS.get(status, status)}.")
        engine.cancel(run_id)
        err.print(f"Run {run_id} is being cancelled.")


def _decide(
    run_id: str, approved: bool, hash: str | None, step: str, item: str, comment: str, by: str, as_json: bool
) -> None:
    with open_engine() as engine:
        if not step:
            step, item = _asks_for_approval(engine.run(run_id))
        value: dict[str, Any] = {"approved": approved, "comment": comment} | ({"hash": hash} if hash else {})
        engine.answer(run_id, step, value, item=item, by=by or getpass.getuser())
        follow(engine, run_id, as_json)


def _asks_for_approval(view: RunView) -> tuple[str, str]:
    """The step and item that ask; both "" for a preview as a whole. Raises `InvalidInput` when that is not one."""
    run = f"Run '{view.summary.id}'"
    asked = [question for question in view.questions if question.kind in ("preview", "effect", "approve")]
    if any(question.kind == "preview" for question in asked):
        return "", ""
    if len(asked) == 1:
        return asked[0].step, asked[0].item
    if asked:
        names = ", ".join(f"{question.step} {question.item}".strip() for question in asked)
        raise InvalidInput(f"{run} asks for {names}.", remedy="Say which with --step and --item.")
    if view.questions:
        steps = ", ".join(question.step for question in view.questions)
        raise InvalidInput(f"{run} asks for more than yes or no, in {steps}.", remedy="Use the command 'answer'.")
    raise InvalidInput(f"{run} asks for no approval: it {_WORDS.get(view.status, view.status)}.")


def follow(engine: WorkflowEngine, run_id: str, as_json: bool) -> NoReturn:
    """Show how a run goes on until it is over or waits for somebody."""
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
    elif view.status == "waiting":
        print_questions(view)
    else:
        print_end(view)
    raise typer.Exit(_code(view))


def _code(view: RunView) -> int:
    if view.status == "waiting":  # a preview is done when it has something to show
        return SUCCEEDED if view.mode == "preview" and view.plan_hash is not None else WAITING
    return SUCCEEDED if view.status == "succeeded" else FAILED


def _named(pairs: list[str] | None) -> dict[str, str]:
    return dict(name_value(pair, "--account", "SERVICE=NAME") for pair in pairs or [])


def _accounts(engine: WorkflowEngine, flow: Workflow, pairs: list[str] | None, practice: bool) -> dict[str, str]:
    """The accounts that were named; with `practice`, the practice ones for the other services. A service that has none
    is told, since a run with `--practice` could still reach it."""
    chosen = _named(pairs)
    rest = [connector for connector in engine.connectors_of(flow) if practice and connector.id not in chosen]
    for connector in rest:
        if connector.practice is None:
            err.print(f"{connector.title} has no practice account: what the run does there is real.", markup=False)
    return {**{connector.id: PRACTICE for connector in rest if connector.practice is not None}, **chosen}


def _by_step(values: list[str] | None) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for text in values or []:
        name, value = name_value(text, "--set", "STEP.PARAMETER=VALUE")
        step, dot, parameter = name.partition(".")
        if not dot:
            raise InvalidInput(
                f"'{name}' names no parameter of a step.", remedy="Write it as --set STEP.PARAMETER=VALUE."
            )
        found.setdefault(step, {})[parameter] = json_or_text(value)
    return found


def _json_by_name(pairs: list[str] | None, option: str) -> dict[str, Any]:
    found = (name_value(pair, option, "STEP=JSON") for pair in pairs or [])
    return {name: json_or_text(value) for name, value in found}


def json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
