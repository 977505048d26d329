"""Taking what a bundle holds into the library. Nothing is replaced unasked: where an id is taken, a person chooses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

from orchestrator.bundle_contents import problems_of
from orchestrator.bundles import Bundle, BundleItem, Named, content_of, digest, references
from orchestrator.errors import InvalidInput, InvalidWorkflow, PatchbayError
from orchestrator.library import Library
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

Choice = Literal["keep_both", "replace", "skip"]
CHOICES: tuple[Choice, ...] = ("keep_both", "replace", "skip")

Standing = Literal["new", "same", "taken"]
"""Whether the library has nothing of that id, just that, or something else."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An item of a bundle and how it stands to the library."""

    item: BundleItem
    title: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a bundle. `workflow` is the id under which the one that it is about can be found now; `saved` are
    the items that were written, under the ids that they have now."""

    workflow: str
    saved: tuple[Named, ...]


def look(bundle: Bundle, library: Library) -> list[Incoming]:
    """How each item stands to what is there. Nothing is written."""
    titles = {("workflow", one.id): one.title for one in bundle.workflows}
    titles |= {("template", one.id): one.title for one in bundle.templates}
    return [Incoming(item, titles[item.named], _standing(item, library)) for item in bundle.items]


def keep_all(bundle: Bundle, library: Library) -> dict[Named, Choice]:
    """The choice that touches nothing of what is there."""
    return {one.item.named: "keep_both" for one in look(bundle, library) if one.standing == "taken"}


def bring_in(
    bundle: Bundle,
    choices: Mapping[Named, Choice],
    engine: WorkflowEngine,
    *,
    by: str,
    defaults: Mapping[str, Any] | None = None,
) -> Imported:
    """Write what a bundle holds to the library, each item as a version. `choices` says what is to happen with those
    whose id is taken; what is there already, just so, is left as it is unless it is to be kept twice. `defaults` are
    given to the inputs of the workflow that it is about. Raises `InvalidInput` where a choice is missing,
    `InvalidWorkflow` when something keeps it from running here; then nothing was written."""
    library = engine.library
    incoming = look(bundle, library)
    for one in incoming:
        if one.standing == "taken" and one.item.named not in choices:
            raise InvalidInput(
                f"There is already another {one.item.kind} '{one.item.id}'.",
                remedy="Choose: keep both, replace the one that is there, or skip this one.",
            )
    if problems := problems_of(bundle, library, engine.registry):
        raise InvalidWorkflow(problems)
    ids = _new_ids(incoming, choices, engine)
    main = bundle.items[0]
    templates: list[Template] = []
    workflows: list[Workflow] = []
    for one in incoming:
        if one.item.named not in ids:
            continue
        content = _content(one, ids, engine, defaults or {} if one.item is main else {})
        if one.item.kind == "template":
            templates.append(library.templates.parse(json.dumps(content)))
        else:
            workflows.append(library.workflows.parse(json.dumps(content)))
    for template in templates:
        engine.template_versions.publish(template, by=by, origin="imported")
    for workflow in workflows:
        engine.triggers.switch_off_all(workflow.id, "The workflow was replaced by one that was imported.")
        engine.workflow_versions.publish(workflow, by=by, origin="imported")
    saved: list[Named] = [(kind, id) for (kind, _), id in ids.items()]
    return Imported(ids.get(main.named, main.id), tuple(sorted(saved)))


def _new_ids(incoming: Sequence[Incoming], choices: Mapping[Named, Choice], engine: WorkflowEngine) -> dict[Named, str]:
    """The id of each item that is to be written. No copy gets the id of a draft or of another item."""
    there: dict[str, set[str]] = {
        "workflow": {*engine.library.workflows.ids(), *engine.workflow_versions.drafts.ids()},
        "template": {*engine.library.templates.ids(), *engine.template_versions.drafts.ids()},
    }
    carried: dict[str, set[str]] = {kind: {one.item.id for one in incoming if one.item.kind == kind} for kind in there}
    found: dict[Named, str] = {}
    for one in incoming:
        kind, id = one.item.named
        choice = choices.get(one.item.named, _UNASKED.get(one.standing, "skip"))
        if choice == "keep_both" and id in there[kind]:
            id = next(
                other
                for number in count(2)
                if (other := f"{id[:56]}_{number}") not in there[kind] and other not in carried[kind]
            )
            carried[kind].add(id)
        if choice != "skip":
            found[one.item.named] = id
    return found


_UNASKED: dict[Standing, Choice] = {"new": "keep_both", "same": "skip"}
"""A draft may have the id of what is new."""


def _content(
    one: Incoming, ids: Mapping[Named, str], engine: WorkflowEngine, defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """The content of an item under its new id, with the names of the others as they are now. It names no account, even
    if the bundle was made so that it does."""
    item = one.item
    shelf = engine.library.templates if item.kind == "template" else engine.library.workflows
    content = content_of(shelf.parse(json.dumps(item.content)))
    if item.kind == "workflow":
        for holder, key, kind in references(content, engine.registry):
            holder[key] = ids.get((kind, holder[key]), holder[key])
    for name, value in defaults.items():
        content["inputs"][name]["default"] = value
    if ids[item.named] != item.id:
        content |= {"id": ids[item.named], "name": f"{one.title} (copy)"}
    return content


def _standing(item: BundleItem, library: Library) -> Standing:
    shelf = library.templates if item.kind == "template" else library.workflows
    if item.id not in shelf.ids():
        return "new"
    try:
        there = content_of(shelf.load(item.id))
    except PatchbayError:
        return "taken"
    return "same" if digest(there) == digest(content_of(shelf.parse(json.dumps(item.content)))) else "taken"
