"""Workflows in a repository: finding them among its files, and making one bundle of those that a person chooses.

A connector reads the files (`Connector.repository`). Nothing is written before the bundle is brought in, as any other
(`bundle_import`); nothing runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from orchestrator.account_entries import NONE, PRACTICE
from orchestrator.actions import Connector, Repository, RepositoryFile, RepositoryFiles, Wanted
from orchestrator.bundle_contents import problems_of
from orchestrator.bundles import (
    MOST_ITEMS,
    Bundle,
    Named,
    bundle_of,
    content_of,
    digest,
    is_bundle,
    read,
    with_what_it_names,
)
from orchestrator.data import flaw
from orchestrator.errors import InvalidFile, InvalidInput, InvalidWorkflow, PatchbayError, Problem, Where
from orchestrator.library import SUFFIXES, parse_text
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

WANTED = Wanted(SUFFIXES, largest=500_000, most=100)

FoundKind = Literal["workflow", "bundle", "template"]


@dataclass(frozen=True, slots=True)
class Source:
    """A repository, and the name of the account that it is read as: `NONE` reads what all the world may."""

    repository: Repository
    connector: Connector
    account: str


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a repository that can be imported, with what it names of the repository. With `problems` it cannot, and
    without a `bundle` it cannot even be read."""

    path: str
    kind: FoundKind
    title: str
    story: str
    bundle: Bundle | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What there is in a repository. `url` is its page, `others` the number of files that are none of ours, `left_out`
    what was not looked at and why, a sentence each."""

    url: str
    found: tuple[Found, ...]
    others: int
    left_out: tuple[str, ...]


def readers(connector: Connector, engine: WorkflowEngine) -> list[str]:
    """The accounts that a repository can be read as: those that act for a person, nobody's, the practice one."""
    entries = [one for one in engine.accounts.list() if one.connector == connector.id and not one.problem]
    return [*(one.name for one in entries if one.name != PRACTICE), NONE, *([PRACTICE] if connector.practice else [])]


def repository_at(address: str, engine: WorkflowEngine, account: str | None = None) -> Source | None:
    """The repository that an address names, None where it names none. Without an `account`, as the first that knows the
    address, but for the practice one. Asks no service. Raises `AccountError` for an account that is not there."""
    for connector in engine.registry.connectors.values():
        if connector.repository_function is None:
            continue
        first = [name for name in readers(connector, engine) if name != PRACTICE]
        for name in first if account is None else [account]:
            acts_as = engine.accounts.nobody(connector.id) if name == NONE else engine.accounts.get(connector.id, name)
            repository = connector.repository_function(address, acts_as)
            if repository is not None:
                return Source(repository, connector, name)
    return None


def look_into(source: Source, engine: WorkflowEngine) -> Findings:
    """The workflows, bundles and templates of a repository. Raises what its service answers."""
    return findings(source.repository.read(WANTED), engine)


def findings(read: RepositoryFiles, engine: WorkflowEngine) -> Findings:
    """What can be imported of the files that were read, by path."""
    contents, unread = _contents(read.files)
    kinds: dict[str, FoundKind] = {path: kind for path, content in contents.items() if (kind := _kind(content))}
    ours: list[tuple[RepositoryFile, FoundKind]] = [
        (file, kinds[file.path]) for file in read.files if file.path in kinds
    ]
    items, found = _items(ours, engine)
    found += [_bundle(file, engine) for file, kind in ours if kind == "bundle"]
    workflows = [_workflow(named, items, engine) for named in items if named[0] == "workflow"]
    carried = {item.named for one in workflows if one.bundle for item in one.bundle.items}
    found += workflows
    found += [_template(named, items) for named in items if named[0] == "template" and named not in carried]
    order: dict[FoundKind, int] = {"bundle": 0, "workflow": 1, "template": 2}
    found.sort(key=lambda one: (order[one.kind], one.path))
    others = len(read.files) - len(kinds) - len(unread)
    return Findings(read.url, tuple(found), others, (*read.left_out, *unread))


def together(chosen: Sequence[Found], title: str) -> Bundle:
    """One bundle of all that was chosen. Raises `InvalidInput` where two of them do not go together."""
    contents: dict[Named, tuple[str, dict[str, Any]]] = {}
    for one in chosen:
        for item in one.bundle.items if one.bundle else ():
            path, content = contents.setdefault(item.named, (one.path, item.content))
            if digest(content) != item.sha256:
                raise InvalidInput(
                    f"{path} and {one.path} hold different {item.kind}s called '{item.id}'.",
                    remedy="Import one of them, then the other.",
                )
    if len(contents) > MOST_ITEMS:
        raise InvalidInput(f"These are more than {MOST_ITEMS} workflows and templates.", remedy="Choose fewer at once.")
    order = sorted(contents, key=lambda named: named[0] != "workflow")
    return bundle_of({named: contents[named][1] for named in order}, title=title)


# ---

_Items = dict[Named, tuple[str, Workflow | Template]]
"""What was found of each kind and id, with its path."""


def _contents(files: Iterable[RepositoryFile]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What each file says that is no list, by path, and a sentence for each that cannot be read."""
    found: dict[str, dict[str, Any]] = {}
    unread: list[str] = []
    for file in files:
        if file.text.lstrip().startswith("["):
            continue
        try:
            _ensure_plain(file)
            content = parse_text(file.text, file=file.path)
        except InvalidFile as error:
            unread.append(error.message)
            continue
        if wrong := flaw(content, ""):
            unread.append(f"{file.path} cannot be read: {wrong}.")
        else:
            found[file.path] = content
    return found, unread


def _ensure_plain(file: RepositoryFile) -> None:
    """Raises `InvalidFile` for YAML that repeats parts of itself by reference: a few lines of it can mean gigabytes."""
    if file.text.lstrip().startswith("{"):
        return
    try:
        repeats = any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(file.text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, RecursionError):
        return  # where it breaks is told when it is read
    if repeats:
        raise InvalidFile(f"{file.path} repeats parts of itself by reference (*name).", where=Where(file=file.path))


def _kind(content: Mapping[str, Any]) -> FoundKind | None:
    """What a file is meant as; None: it is nothing of ours."""
    if is_bundle(content) and "items" in content:
        return "bundle"
    if "id" in content and isinstance(content.get("steps"), list):
        return "workflow"
    return "template" if "id" in content and isinstance(content.get("user"), str) else None


def _items(files: Iterable[tuple[RepositoryFile, FoundKind]], engine: WorkflowEngine) -> tuple[_Items, list[Found]]:
    """The workflows and templates that can be read, and what is told of those that cannot."""
    items: _Items = {}
    broken: list[Found] = []
    for file, kind in files:
        if kind == "bundle":
            continue
        shelf = engine.library.templates if kind == "template" else engine.library.workflows
        try:
            item: Workflow | Template = shelf.parse(file.text, file=file.path)
        except PatchbayError as error:
            broken.append(Found(file.path, kind, file.path, "", None, _problems(error)))
            continue
        before, other = items.setdefault((kind, item.id), (file.path, item))
        if other != item:
            error = InvalidInput(f"{before} is a {kind} with the id '{item.id}', too.", remedy="Import that one.")
            broken.append(Found(file.path, kind, item.title, item.description, None, _problems(error)))
    return items, broken


def _workflow(named: Named, items: _Items, engine: WorkflowEngine) -> Found:
    path, workflow = items[named]

    def load(other: Named) -> dict[str, Any] | None:
        return content_of(items[other][1]) if other in items else None

    contents = with_what_it_names(named, content_of(workflow), load, engine.registry)
    bundle = bundle_of(contents, title=workflow.title, story=workflow.description)
    problems = tuple(problems_of(bundle, engine.library, engine.registry))
    return Found(path, "workflow", workflow.title, workflow.description, bundle, problems)


def _template(named: Named, items: _Items) -> Found:
    path, template = items[named]
    bundle = bundle_of({named: content_of(template)}, title=template.title, story=template.description)
    return Found(path, "template", template.title, template.description, bundle)


def _bundle(file: RepositoryFile, engine: WorkflowEngine) -> Found:
    try:
        bundle = read(file.text, engine.library, file=file.path)
    except PatchbayError as error:
        return Found(file.path, "bundle", file.path, "", None, _problems(error))
    problems = tuple(problems_of(bundle, engine.library, engine.registry))
    return Found(file.path, "bundle", bundle.name, bundle.story, bundle, problems)


def _problems(error: PatchbayError) -> tuple[Problem, ...]:
    if isinstance(error, InvalidWorkflow):
        return error.problems
    return (Problem(error.code, error.message, error.where, error.remedy),)
