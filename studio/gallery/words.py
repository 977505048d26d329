"""A workflow in words: its steps one after another, and the accounts that they act as. No Streamlit here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from orchestrator.account_entries import NONE
from orchestrator.bundle_contents import Contents
from orchestrator.errors import PatchbayError
from orchestrator.graph import bodies_of
from orchestrator.registry import Registry
from orchestrator.steps import KINDS
from orchestrator.workflow import Step, Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.gallery.picture import ROLES, role_of


@dataclass(frozen=True, slots=True)
class Line:
    """One step. `depth` counts the steps that it stands in; `what` says at which service it does what, `how` when and
    how often."""

    depth: int
    name: str
    what: str
    how: str


@dataclass(frozen=True, slots=True)
class AccountNeed:
    """A service that a workflow acts at. `name` is the account that it acts as, "" where there is none."""

    connector: str
    title: str
    icon: str
    standing: Literal["connected", "practice", "missing"]
    name: str = ""


def lines(workflow: Workflow, registry: Registry) -> list[Line]:
    """The steps in the order of the file, those inside others behind them."""
    return [line for step in workflow.steps for line in _lines(step, registry, 0, "")]


def _lines(step: Step, registry: Registry, depth: int, state: str) -> Iterator[Line]:
    action = registry.get(step.uses)
    done = f"{action.connector.title}: {action.title}" if action else _kind(step.uses)
    role = role_of(step, registry)
    how = [f"in the state '{state}'" if state else "", "for each item" if step.for_each is not None else ""]
    how += ["only under a condition" if step.if_ is not None else ""]
    how += [ROLES[role] if action and role != "logic" else ""]
    yield Line(depth, step.name or step.id, done, ", ".join(part for part in how if part))
    for name, inner in bodies_of(step).items():
        for one in inner:
            yield from _lines(one, registry, depth + 1, name)


def _kind(uses: str) -> str:
    return KINDS[uses].title if uses in KINDS else uses


def account_needs(contents: Contents, engine: WorkflowEngine) -> list[AccountNeed]:
    """Who it acts as now at each of its services. Those that need no account are left out."""
    found: list[AccountNeed] = []
    for id in contents.connectors:
        connector = engine.registry.connectors[id]
        try:
            account = engine.accounts.get(id)
        except PatchbayError:
            found.append(AccountNeed(id, connector.title, connector.icon, "missing"))
            continue
        if account.name != NONE:
            standing: Literal["connected", "practice"] = "practice" if account.practice else "connected"
            found.append(AccountNeed(id, connector.title, connector.icon, standing, account.name))
    return found
