"""What the pages show of workflows: cards, the graph, and the text of one being edited, checked as it is typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from graphlib import TopologicalSorter

from orchestrator.errors import InvalidFile, PatchbayError, Problem
from orchestrator.graph import Body, Graph, inner_steps
from orchestrator.library import Entry, parse_text
from orchestrator.registry import Registry
from orchestrator.steps import KINDS
from orchestrator.workflow import Step, Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.components import CanvasStep, EditorProblem
from studio.forms import needs_input
from studio.markup import capital
from studio.pickers import notes_of_models

KIND_ICONS = {
    "approve": ":material/front_hand:",
    "branch": ":material/call_split:",
    "fail": ":material/block:",
    "group": ":material/folder_open:",
    "loop_until": ":material/repeat:",
    "set": ":material/data_object:",
    "states": ":material/schema:",
    "wait": ":material/schedule:",
    "wait_for_input": ":material/keyboard:",
    "workflow": ":material/account_tree:",
}
"""Of the built-in kinds of steps."""


@dataclass(frozen=True, slots=True)
class Card:
    """A workflow in a list. `asks` are the inputs that a person must give first; `error` says why it cannot be used."""

    id: str
    name: str
    description: str
    services: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    own: bool = False
    error: str | None = None

    @property
    def one_click(self) -> bool:
        return not self.asks and self.error is None


def card(entry: Entry, engine: WorkflowEngine) -> Card:
    name = entry.name or entry.id
    if entry.error:
        return Card(entry.id, name, entry.description, own=not entry.shipped, error=entry.error)
    try:
        workflow = engine.load_workflow(entry.id)
    except PatchbayError as error:
        return Card(entry.id, name, entry.description, own=not entry.shipped, error=str(error))
    problems = engine.check(workflow.dump())
    return Card(
        id=entry.id,
        name=name,
        description=entry.description,
        error=" ".join(f"{capital(problem.message)} {problem.remedy}" for problem in problems[:1]) or None,
        services=tuple(service_titles(workflow, engine.registry)),
        asks=tuple(needs_input(workflow)),
        own=not entry.shipped,
    )


def matching(cards: Iterable[Card], wanted: str) -> list[Card]:
    """The cards that have every word of the search in their name, id, description or services."""
    words = wanted.lower().split()
    return [card for card in cards if all(word in _searched(card) for word in words)]


def service_ids(workflow: Workflow) -> list[str]:
    """The connectors that a workflow's steps use, each once, in the order of the steps."""
    return list(dict.fromkeys(step.uses.split(".")[0] for step in every_step(workflow) if step.uses not in KINDS))


def every_step(workflow: Workflow) -> Iterator[Step]:
    """The steps of a workflow and those inside them, each behind the step that holds it."""
    for step in workflow.steps:
        yield step
        yield from inner_steps(step)


def service_titles(workflow: Workflow, registry: Registry) -> list[str]:
    return [_title(id, registry) for id in service_ids(workflow)]


def canvas_steps(workflow: Workflow, registry: Registry, notes: Mapping[str, str] | None = None) -> list[CanvasStep]:
    """The boxes and lines of a workflow's graph. `notes` must stand beside what a model writes, by step. What is inside
    a step hangs on it."""
    needs = _lines(Graph.of(workflow))
    return [
        CanvasStep(
            id=step.id,
            name=step.name or step.id.replace("_", " ").capitalize(),
            uses=step.uses,
            needs=list(needs[step.id]),
            icon=_icon(step.uses, registry),
            action=_action(step.uses, registry),
            note=(notes or {}).get(step.id),
        )
        for step in every_step(workflow)
    ]


def _lines(body: Body, owner: str = "") -> dict[str, tuple[str, ...]]:
    found = essential({id: node.needs for id, node in body.nodes.items()})
    if owner:
        found = {id: needs or (owner,) for id, needs in found.items()}
    for id, node in body.nodes.items():
        for inner in node.bodies.values():
            found |= _lines(inner, id)
    return found


def essential(needs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The needs that do not follow from others: with a → b → c, that c needs a says nothing new.
    The transitive reduction of an acyclic graph (Aho, Garey and Ullman, 1972)."""
    behind: dict[str, frozenset[str]] = {}
    for id in TopologicalSorter(needs).static_order():
        direct = needs.get(id, ())
        behind[id] = frozenset(direct).union(*(behind[need] for need in direct))
    return {
        id: tuple(need for need in direct if not any(need in behind[other] for other in direct))
        for id, direct in needs.items()
    }


def model_notes(workflow: Workflow, model: str | None, engine: WorkflowEngine) -> dict[str, str]:
    """What must be said of the model of each step that asks one. `model` is what the run was started with.

    A step whose model is an expression is taken to ask the default one: rather a warning too many."""
    told = notes_of_models(engine)
    found: dict[str, str] = {}
    for step in every_step(workflow):
        action = engine.registry.get(step.uses)
        if action is None or "model" not in action.params.model_fields:
            continue
        named = model or step.with_.get("model")
        is_name = isinstance(named, str) and "{{" not in named
        with suppress(PatchbayError):
            connector, name = engine.accounts.model(named if is_name else None)
            note = told.get(f"{connector.id}:{name}" if name else connector.id)
            if note:
                found[step.id] = note
    return found


def asks_a_model(workflow: Workflow, registry: Registry) -> bool:
    """Whether choosing a model makes a difference to a run."""
    return any(
        "model" in action.params.model_fields
        for step in every_step(workflow)
        if (action := registry.get(step.uses)) is not None
    )


def problems_of(text: str, engine: WorkflowEngine) -> list[Problem]:
    """Every mistake in the text of a workflow. Empty: it can be saved and run."""
    try:
        return engine.check(parse_text(text))
    except InvalidFile as error:
        return [Problem(error.code, error.message, remedy=error.remedy)]


def marks(problems: Sequence[Problem], text: str) -> list[EditorProblem]:
    """The problems as marks in the editor, each at the line that it is about."""
    lines = text.splitlines()
    return [
        EditorProblem(message=f"{problem.message} {problem.remedy}".strip(), line=_line(problem, lines))
        for problem in problems
    ]


def _line(problem: Problem, lines: Sequence[str]) -> int | None:
    """The line of the key in the step that a problem is about, of the step where the key is missing."""
    if not lines:
        return None
    step, key = problem.where.step, (problem.where.key or "").split(".")[-1]
    start = next((index for index, line in enumerate(lines) if step and '"id"' in line and f'"{step}"' in line), 0)
    return 1 + next((index for index in range(start, len(lines)) if key and f'"{key}"' in lines[index]), start)


def _searched(card: Card) -> str:
    return " ".join((card.name, card.id, card.description, *card.services)).lower()


def _title(connector: str, registry: Registry) -> str:
    known = registry.connectors.get(connector)
    return known.title if known else connector


def _icon(uses: str, registry: Registry) -> str:
    known = registry.connectors.get(uses.split(".")[0])
    return known.icon if known else KIND_ICONS.get(uses, ":material/extension:")


def _action(uses: str, registry: Registry) -> str:
    known = registry.get(uses)
    if known:
        return f"{known.connector.title} · {known.title}"
    return KINDS[uses].title if uses in KINDS else uses
