"""A bundle: one JSON file that carries workflows with all that they use, to hand on, to keep, or to start from.

Each item stands in it with the SHA-256 of its content, and the whole with one over everything else, both of the content
as JSON with sorted keys and without spaces. So what was changed on its way is noticed. It is no signature: who made a
bundle is not proven by it. Names of accounts are left out, and what holds a secret is not packed at all.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError

from orchestrator.data import is_object
from orchestrator.errors import InvalidFile, Where
from orchestrator.library import Library, parse_text
from orchestrator.masking import mask_json
from orchestrator.registry import Registry
from orchestrator.steps import KINDS
from orchestrator.templates import Template
from orchestrator.workflow import FileId, Model, Workflow

FORMAT = 1
"""The format of bundles that this Patchbay writes and reads."""

MOST_ITEMS = 200

ItemKind = Literal["workflow", "template"]
Named = tuple[ItemKind, str]
"""An item by its kind and id."""

_PICKED: dict[str, ItemKind] = {"templates": "template", "workflows": "workflow"}
"""Which parameters and inputs name an item, by their picker."""

_KEYS = re.compile(
    r"\b(gh[opsu]_\w{30}|github_pat_\w{20}|sk-[\w-]{20}|xox[abp]-[\w-]{10}|AIza[\w-]{30}|ntn_\w{20}|AKIA[A-Z0-9]{16}"
    r"|\d{8,}:[\w-]{35})|-----BEGIN [A-Z ]*PRIVATE KEY"
)
"""How the keys of well-known services look."""


class BundleItem(Model):
    """One file of the library in a bundle."""

    kind: ItemKind
    id: FileId
    sha256: str
    content: dict[str, Any]

    @property
    def named(self) -> Named:
        return self.kind, self.id


class Bundle(Model):
    """What a bundle file says. The first item is the workflow that it is about."""

    bundle: Literal[1] = FORMAT
    title: str = ""
    purpose: str = Field("", description="What it is for, in a word or two: 'Mail'.")
    story: str = Field("", description="What it does for a person, in a sentence.")
    items: tuple[BundleItem, ...] = Field(min_length=1, max_length=MOST_ITEMS)
    sha256: str

    @property
    def workflow(self) -> Workflow:
        """The workflow that it is about."""
        return Workflow.model_validate(self.items[0].content)

    @property
    def workflows(self) -> list[Workflow]:
        return [Workflow.model_validate(item.content) for item in self.items if item.kind == "workflow"]

    @property
    def templates(self) -> list[Template]:
        return [Template.model_validate(item.content) for item in self.items if item.kind == "template"]

    @property
    def name(self) -> str:
        return self.title or self.workflow.title

    def to_json(self) -> str:
        """The text of the file, made to be read in a diff."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def is_bundle(content: Mapping[str, Any]) -> bool:
    """Whether what a file says is meant as a bundle, and not as a workflow or template."""
    return "bundle" in content


def pack(
    workflow: Workflow,
    library: Library,
    registry: Registry,
    *,
    title: str = "",
    purpose: str = "",
    story: str = "",
) -> Bundle:
    """The workflow with the templates and workflows that it names, and those that these name. Raises `NotFound` for one
    that is not there, `InvalidFile` for one that holds a secret."""

    def load(named: Named) -> dict[str, Any]:
        kind, id = named
        return content_of(library.templates.load(id) if kind == "template" else library.workflows.load(id))

    found = with_what_it_names(("workflow", workflow.id), content_of(workflow), load, registry)
    for (kind, id), content in found.items():
        _ensure_no_secret(kind, id, content)
    return bundle_of(found, title=title or workflow.title, purpose=purpose, story=story or workflow.description)


def with_what_it_names(
    named: Named, content: dict[str, Any], load: Callable[[Named], dict[str, Any] | None], registry: Registry
) -> dict[Named, dict[str, Any]]:
    """The content of a workflow or template, then of the workflows and templates that it names, and that these name:
    what `load` gives, without those for which that is None."""
    found, todo = {named: content}, [content]
    while todo:
        for holder, key, kind in references(todo.pop(0), registry):
            other: Named = (kind, holder[key])
            if other not in found and (loaded := load(other)) is not None:
                found[other] = loaded
                todo.append(loaded)
    first, *others = found
    order = [first, *sorted(others, key=lambda named: (named[0] != "workflow", named[1]))]
    return {named: found[named] for named in order}


def bundle_of(contents: Mapping[Named, dict[str, Any]], *, title: str, purpose: str = "", story: str = "") -> Bundle:
    """A bundle of contents by kind and id, in their order."""
    items = [
        {"kind": kind, "id": id, "sha256": digest(content), "content": content}
        for (kind, id), content in contents.items()
    ]
    told = {"title": title, "purpose": purpose, "story": story}
    whole: dict[str, Any] = {"bundle": FORMAT, **told, "items": items}
    return Bundle.model_validate({**whole, "sha256": digest(whole)})


def read(text: str, library: Library, *, file: str | None = None) -> Bundle:
    """The bundle that a JSON text says. Raises `InvalidFile` for what is none or was changed since it was made,
    `InvalidWorkflow` when an item of it cannot be read."""
    where, name = Where(file=file), file or "The bundle"
    if not text.lstrip().startswith("{"):  # what YAML repeats by reference, a checksum has to read again and again
        raise InvalidFile(f"{name} is no JSON, and a bundle is.", remedy="Export the workflow again.", where=where)
    content = parse_text(text, file=file)
    made_by = content.get("bundle")
    if isinstance(made_by, int) and made_by > FORMAT:
        remedy = "Update Patchbay, or ask for an older one."
        raise InvalidFile(f"{name} was made by a newer Patchbay (format {made_by}).", remedy=remedy, where=where)
    try:
        bundle = Bundle.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidFile(
            f"{name} is no bundle: '{place}': {first['msg']}.", remedy="Export the workflow again.", where=where
        ) from None
    remedy = "Do not use it: ask for it again, or export it again."
    for item in bundle.items:
        if item.sha256 != digest(item.content):
            raise InvalidFile(
                f"{name} was changed after it was made: the {item.kind} '{item.id}' is not what was packed.",
                remedy=remedy,
                where=where,
            )
    if bundle.sha256 != digest({key: value for key, value in content.items() if key != "sha256"}):
        raise InvalidFile(f"{name} was changed after it was made.", remedy=remedy, where=where)
    _ensure_items(bundle, library, name, where)
    return bundle


def references(content: Mapping[str, Any], registry: Registry) -> Iterator[tuple[dict[str, Any], str, ItemKind]]:
    """Where the content of a workflow names a template or a workflow: the object that holds the name, its key there,
    and what it names. A name that an expression computes is known only in a run."""
    for declared in content.get("inputs", {}).values():
        if declared.get("picker") in _PICKED and declared.get("default"):
            yield declared, "default", _PICKED[declared["picker"]]
    for step in _steps(content):
        given = step.get("with", {})
        for key, kind in _naming(step["uses"], registry):
            if isinstance(given.get(key), str) and "{{" not in given[key]:
                yield given, key, kind


def content_of(item: Workflow | Template) -> dict[str, Any]:
    """What its file says, as it is read again, without names of accounts."""
    content = parse_text(item.to_json())
    for step in _steps(content):
        step.pop("account", None)
    for trigger in content.get("triggers", {}).values():
        for holder in (trigger, trigger.get("ask", {})):
            holder.pop("account", None)
    return content


def digest(content: Any) -> str:
    """SHA-256 of JSON data, in hexadecimal."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _naming(uses: str, registry: Registry) -> Iterator[tuple[str, ItemKind]]:
    action = registry.get(uses)
    params = action.params if action else KINDS[uses].params if uses in KINDS else None
    for name, info in (params.model_fields if params else {}).items():
        extra = info.json_schema_extra
        if is_object(extra) and extra.get("picker") in _PICKED:
            yield info.alias or name, _PICKED[str(extra["picker"])]


def _steps(holder: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step of a workflow's content, also those inside others."""
    for step in holder.get("steps", ()):
        yield step
        yield from _steps(step)
        for state in step.get("states", {}).values():
            yield from _steps(state)


def _ensure_no_secret(kind: ItemKind, id: str, content: Mapping[str, Any]) -> None:
    parts = {step["id"]: step for step in content.get("steps", ())}
    parts[""] = {key: value for key, value in content.items() if key != "steps"}
    for step, part in parts.items():
        text = json.dumps(part, ensure_ascii=False)
        if mask_json(text) != text or _KEYS.search(text):
            place = f", in the step '{step}'" if step else ""
            raise InvalidFile(
                f"The {kind} '{id}' holds a key or password{place}. It was not exported.",
                remedy="Take it out: keys belong into an account.",
            )


def _ensure_items(bundle: Bundle, library: Library, name: str, where: Where) -> None:
    if bundle.items[0].kind != "workflow":
        raise InvalidFile(f"{name} does not begin with a workflow.", remedy="Export it again.", where=where)
    for named in _twice(item.named for item in bundle.items):
        raise InvalidFile(f"{name} holds the {named[0]} '{named[1]}' twice.", remedy="Export it again.", where=where)
    for item in bundle.items:
        shelf = library.templates if item.kind == "template" else library.workflows
        read = shelf.parse(json.dumps(item.content), file=file_of(item))
        if read.id != item.id:
            message = f"{name} calls the {item.kind} '{read.id}' '{item.id}'."
            raise InvalidFile(message, remedy="Export it again.", where=where)


def file_of(item: BundleItem) -> str:
    """What people read for the place of a mistake."""
    return f"the {item.kind} '{item.id}'"


def _twice(names: Iterable[Named]) -> Iterator[Named]:
    seen: set[Named] = set()
    for named in names:
        if named in seen:
            yield named
        seen.add(named)
