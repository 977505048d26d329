"""As whom a run acts: what can be chosen when it starts, and how its page tells it. No Streamlit here."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.account_entries import PRACTICE
from orchestrator.history import RunView
from orchestrator.registry import Registry
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.workflow_view import every_step


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """A service, and the names of the accounts that a run can act as there, with what people read. The name None is
    what happens when nothing is chosen."""

    id: str
    title: str
    options: tuple[tuple[str | None, str], ...]


def account_choices(workflow: Workflow, engine: WorkflowEngine) -> list[AccountChoice]:
    """For each service of the workflow where there is more than one account."""
    entries = engine.accounts.list()
    found: list[AccountChoice] = []
    for connector in engine.connectors_of(workflow):
        here = [entry for entry in entries if entry.connector == connector.id]
        if len(here) < 2:
            continue
        named = _named(workflow, connector.id, engine.registry)
        first = [] if named == [] else [(None, f"As the workflow says: {', '.join(map(word, named))}")]
        rest = [(entry.name, word(entry.name)) for entry in here]  # the one in use comes first
        found.append(AccountChoice(connector.id, connector.title, (*first, *rest)))
    return found


def acted_as(run: RunView, registry: Registry) -> list[tuple[str, str]]:
    """The services of a run and the account that it acts as there."""
    names = {**run.accounts.in_use, **run.accounts.chosen}
    titles = {id: registry.connectors[id].title if id in registry.connectors else id for id in names}
    return [(titles[id], word(name)) for id, name in names.items() if name != "none"]


def word(name: str) -> str:
    """Practice, or live and as whom."""
    return "Practice" if name == PRACTICE else f"Live, as '{name}'"


def _named(workflow: Workflow, connector: str, registry: Registry) -> list[str]:
    """The accounts that steps of the workflow name."""
    actions = [(step, registry.get(step.uses)) for step in every_step(workflow)]
    names = [step.account for step, action in actions if action and action.connector.id == connector and step.account]
    return list(dict.fromkeys(names))
