"""Commands that hand workflows on: export one with all that it uses, import a bundle."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.bundle_contents import changes_of, contents_of, needs_of
from orchestrator.bundle_import import Choice, bring_in, look
from orchestrator.bundles import Bundle, Named, pack, read
from orchestrator.cli.shared import find_workflow, open_engine, read_file
from orchestrator.console import out
from orchestrator.downloads import download
from orchestrator.errors import InvalidInput, NotFound
from orchestrator.expressions import nearest
from orchestrator.repositories import Found, Source, look_into, repository_at, together
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
    source: Annotated[
        str, typer.Argument(metavar="FILE|URL|REPOSITORY", help="A bundle; or owner/name of a repository on GitHub.")
    ],
    taken: Annotated[
        Choice | None, typer.Option(help="What to do where an id is taken. Without it, you are asked.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Import without asking.")] = False,
    look_only: Annotated[bool, typer.Option("--list", help="Show what is in it, and import nothing.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="Of a repository: this file. May be given more than once.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Of a repository: the account that reads it; 'none' reads what is public.")
    ] = None,
) -> None:
    """Import a bundle, from a file or a public address, or workflows of a repository. What they hold is shown first."""
    with open_engine() as engine:
        repository = None if Path(source).is_file() else repository_at(source, engine, account)
        bundle = _chosen(repository, engine, only or [], look_only, yes) if repository else _read(source, engine)
        if bundle is None:
            return
        _tell(bundle, engine)
        if look_only:
            return
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


def _read(source: str, engine: WorkflowEngine) -> Bundle:
    is_address = source.startswith(("https://", "http://"))
    return read(download(source) if is_address else read_file(Path(source)), engine.library, file=source)


def _chosen(source: Source, engine: WorkflowEngine, only: Sequence[str], look_only: bool, yes: bool) -> Bundle | None:
    """What a person chooses of a repository; None where they only want to see what there is."""
    findings = look_into(source, engine)
    for number, one in enumerate(findings.found, 1):
        _tell_of(number, one, engine)
    for line in findings.left_out:
        out.print(line, markup=False)
    if not findings.found:
        raise NotFound(f"There are no workflows in {source.repository.title}.", remedy="Name another folder of it.")
    good = {one.path: one for one in findings.found if not one.problems}
    for path in only:
        if path not in good:
            raise NotFound(f"There is nothing to import at {path}{nearest(path, list(good))}.", remedy="See --list.")
    if look_only:
        return None
    if not good:
        raise InvalidInput("Nothing of it can be imported here.", remedy="What keeps it from that is told above.")
    paths = list(only) or (list(good) if yes else _ask_which(findings.found, good))
    return together([good[path] for path in paths], source.repository.title)


def _tell_of(number: int, one: Found, engine: WorkflowEngine) -> None:
    out.print(f"{number:3} {one.kind.capitalize()} {one.title} ({one.path})", markup=False)
    if one.bundle:
        others = ", ".join(f"{item.kind} {item.id}" for item in one.bundle.items[1:])
        contents = contents_of(one.bundle, engine.library, engine.registry)
        needs, changes = needs_of(contents, engine.registry), changes_of(contents, engine.registry)
        out.print(f"    Needs: {needs}. Changes: {changes}.", markup=False)
        if others:
            out.print(f"    Comes with: {others}.", markup=False)
    for problem in one.problems:
        out.print(f"    Cannot be imported: {problem}", markup=False)


def _ask_which(found: Sequence[Found], good: Mapping[str, Found]) -> list[str]:
    while True:
        answer = str(typer.prompt("Which? Their numbers, as in 1 3, or all", default="all")).replace(",", " ")
        if answer.strip().lower() == "all":
            return list(good)
        numbers = [int(word) for word in answer.split() if word.isdigit() and 0 < int(word) <= len(found)]
        paths = [found[number - 1].path for number in numbers]
        if paths and len(numbers) == len(answer.split()) and all(path in good for path in paths):
            return paths
        typer.echo("Name those that can be imported.")


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
