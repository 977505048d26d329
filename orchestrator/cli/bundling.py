"""Commands that hand workflows on: export one with all that it uses, import a bundle."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.bundle_contents import contents_of
from orchestrator.bundle_import import Choice, bring_in, look
from orchestrator.bundles import Bundle, Named, pack, read
from orchestrator.cli.shared import find_workflow, open_engine, read_file
from orchestrator.console import out
from orchestrator.downloads import download
from orchestrator.workflow_engine import WorkflowEngine


def export_bundle(
    workflow: Annotated[str, typer.Argument(help="The id of a workflow, or a file.")],
    title: Annotated[str, typer.Option(help="What it is called; else the name of the workflow.")] = "",
    purpose: Annotated[str, typer.Option(help="What it is for, in a word: 'Mail'.")] = "",
    story: Annotated[str, typer.Option(help="What it does, in a sentence; else its description.")] = "",
) -> None:
    """Print a bundle: the workflow with its templates and the workflows that it runs, in one JSON text."""
    with open_engine() as engine:
        known = find_workflow(engine, workflow)
        bundle = pack(known, engine.library, engine.registry, title=title, purpose=purpose, story=story)
    typer.echo(bundle.to_json(), nl=False)


def import_bundle(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="A bundle.")],
    taken: Annotated[
        Choice | None, typer.Option(help="What to do where an id is taken. Without it, you are asked.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Import without asking.")] = False,
) -> None:
    """Import a bundle, from a file or a public address. What it holds is shown first."""
    is_address = source.startswith(("https://", "http://"))
    text = download(source) if is_address else read_file(Path(source))
    with open_engine() as engine:
        bundle = read(text, engine.library, file=source)
        _tell(bundle, engine)
        choices: dict[Named, Choice] = {
            one.item.named: taken or _ask(one.item.named)
            for one in look(bundle, engine.library)
            if one.standing == "taken"
        }
        if not yes:
            typer.confirm("Import it?", abort=True)
        found = bring_in(bundle, choices, engine, by=getpass.getuser())
    for kind, id in found.saved:
        out.print(f"Imported the {kind} {id}.", markup=False)
    if not found.saved:
        out.print("Nothing was imported: all of it is there already, or was skipped.")


def _ask(named: Named) -> Choice:
    kind, id = named
    typer.echo(f"There is already another {kind} '{id}'.")
    answers: dict[str, Choice] = {"k": "keep_both", "r": "replace", "s": "skip"}
    answer = ""
    while answer not in answers:
        answer = str(typer.prompt("[k]eep both, [r]eplace it, or [s]kip this one")).strip().lower()[:1]
    return answers[answer]


def _tell(bundle: Bundle, engine: WorkflowEngine) -> None:
    contents = contents_of(bundle, engine.library, engine.registry)
    titles = {id: connector.title for id, connector in engine.registry.connectors.items()}
    writes = [f"{titles[one.connector]}: {one.action} ({one.step})" for one in contents.writes]
    lines = [
        bundle.name,
        bundle.story,
        "Holds: " + ", ".join(f"{item.kind} {item.id}" for item in bundle.items),
        "Accounts: " + (", ".join(titles[id] for id in contents.connectors) or "none"),
        "Models: " + (", ".join(name or "the default one" for name in contents.models) or "none"),
        "Writes: " + ("; ".join(writes) or "nothing"),
    ]
    for line in lines:
        if line:
            out.print(line, markup=False)
