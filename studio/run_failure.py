"""Why a run failed, and the buttons that lead on: what happened, at which step, its likely cause, what to do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import streamlit as st

from orchestrator.account_entries import AccountEntry
from orchestrator.actions import Connector
from orchestrator.errors import PatchbayError
from orchestrator.history import RunView
from orchestrator.workflow import Step, Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.markup import plain
from studio.notices import notice
from studio.remedies import ICONS, OF_A_SERVICE, Deed, Way
from studio.routes import PageName, go, link_out
from studio.run_deeds import changed_since, preview_again, resume
from studio.run_view import Explanation, can_resume, explanation, step_name
from studio.workflow_view import every_step


def show_explanation(run: RunView, engine: WorkflowEngine) -> None:
    """Nothing for a run that did not fail."""
    found = explanation(run)
    if found is None:
        return
    place = f"Step **{plain(step_name(found.step))}** failed" if found.step else "The run could not go on"
    tries = f" after {found.tries} tries" if found.tries > 1 else ""
    ways = leads(found, run, engine)
    if any(lead.way is _PRACTICE for lead in ways):
        found = replace(found, cause=MISBEHAVES, remedy="Let it work again on the page Practice, then try again.")
    st.error(
        f"{place}{tries}: {plain(found.happened)}  \n"
        f"**Likely cause:** {plain(found.cause)}  \n**What to do:** {plain(found.remedy)}",
        icon=":material/error:",
    )
    with st.container(horizontal=True, vertical_alignment="center", key="ways"):
        for number, lead in enumerate(ways):
            _draw(lead, run, engine, is_first=number == 0)


_PRACTICE = Way("practice", "Look at the practice services")

MISBEHAVES = "The step acts as a practice account, and those fail only while they are made to."


@dataclass(frozen=True, slots=True)
class Lead:
    """A way, and where it leads: to a page of the studio, or out of it."""

    way: Way
    page: PageName | None = None
    query: dict[str, str] = field(default_factory=dict[str, str])
    url: str | None = None
    workflow: Workflow | None = None
    """To go on with it: the workflow as it is now, where that is not what it was."""


def leads(found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    """The ways of an explanation that can be gone in this run; there always is one."""
    practice = [_PRACTICE] if found.code in OF_A_SERVICE else []
    # To try again mends nothing while a practice service is made to fail.
    ways = [*practice, *found.ways]
    can_go = [lead for way in ways for lead in _LEADS[way.deed](way, found, run, engine)]
    return can_go or [Lead(Way("workflow", "Open the workflow"), "workflows", {"id": run.summary.workflow_id})]


def _draw(lead: Lead, run: RunView, engine: WorkflowEngine, *, is_first: bool) -> None:
    deed = lead.way.deed
    if deed == "look":
        link_out(lead.way.label, lead.url, engine.settings.studio_url)
        return
    pressed = st.button(
        plain(lead.way.label),
        icon=ICONS[deed],
        type="primary" if is_first else "secondary",
        key=f"way-{deed}{'-changed' if lead.workflow else ''}",
    )
    if not pressed:
        return
    if deed == "again":
        resume(run.summary.id, engine, lead.workflow)
    elif deed == "preview":
        preview_again(run, engine)
    elif lead.page is not None:
        _open(lead, run)


def _open(lead: Lead, run: RunView) -> None:
    assert lead.page is not None
    if lead.page == "builder":
        # What this session chose there before goes before what an address says.
        workflow, step = lead.query["id"], lead.query.get("step")
        st.session_state["view"] = lead.query.get("view", "canvas")
        if step:
            st.session_state[f"chosen:{workflow}"] = step
            st.session_state[f"inspector:{workflow}"] = "Settings" if lead.way.deed == "settings" else "Setup"
        found = explanation(run)
        if found and found.field:
            notice(f"Look at the field '{found.field}'.")
    go(lead.page, **lead.query)


# --- where each way leads


def _again(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    if not can_resume(run):
        return []
    now = changed_since(run, engine)
    if now is None:
        return [Lead(way)]
    return [Lead(Way("again", "Try again with the changed workflow"), workflow=now), Lead(Way("again", "As it was"))]


def _account(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    """The account that the failed step acted as, with its form open; where there is none, the form of a new one."""
    step = _step_of(found, run)
    connector = _connector_of(step, run, engine) if step else None
    if step is None or connector is None:
        return [Lead(Way("accounts", "Look at the accounts"), "accounts")]
    entry = _entry_of(step, connector, run, engine)
    if entry is None:
        return [Lead(Way("account", f"Connect {connector.title}"), "accounts", {"add": connector.id})]
    if entry.source == "saved":
        return [Lead(way, "accounts", {"change": connector.id, "name": entry.name})]
    return [Lead(Way("accounts", "Look at the accounts"), "accounts")] if entry.source == "environment" else []


def _practice(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    """Practice services fail only when they are made to."""
    step = _step_of(found, run)
    connector = _connector_of(step, run, engine) if step else None
    entry = _entry_of(step, connector, run, engine) if step and connector else None
    return [Lead(way, "practice", {"section": "Trouble"})] if entry and entry.source == "practice" else []


def _accounts(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    return [Lead(way, "accounts")]


def _step(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    kept = _builder(way, found, run, engine)
    return [Lead(way, "builder", {**one.query, "step": found.step.id}) for one in kept if found.step is not None]


def _limits(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    return [Lead(way, "builder", {**one.query, "view": "settings"}) for one in _builder(way, found, run, engine)]


def _builder(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    id = run.summary.workflow_id
    return [Lead(way, "builder", {"id": id})] if id in engine.library.workflows.ids() else []


def _inputs(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    return [Lead(way, "workflows", one.query) for one in _builder(way, found, run, engine)]


def _template(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    step = _step_of(found, run)
    id = step.with_.get("template") if step else None
    return [Lead(way, "templates", {"id": id})] if id in engine.library.templates.ids() and isinstance(id, str) else []


def _preview(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    return [Lead(way)]


def _child(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    children = engine.journal.children(run.summary.id)
    return [Lead(way, "runs", {"id": child.id}) for child in children[::-1] if child.status != "succeeded"][:1]


def _look(way: Way, found: Explanation, run: RunView, engine: WorkflowEngine) -> list[Lead]:
    unsure = [effect for effect in run.effects if effect.status == "sent" and effect.link]
    return [Lead(way, url=effect.link) for effect in unsure][:1]


_LEADS: dict[Deed, Callable[[Way, Explanation, RunView, WorkflowEngine], list[Lead]]] = {
    "again": _again,
    "account": _account,
    "accounts": _accounts,
    "practice": _practice,
    "step": _step,
    "settings": _step,
    "limits": _limits,
    "workflow": _builder,
    "template": _template,
    "inputs": _inputs,
    "preview": _preview,
    "child": _child,
    "look": _look,
}


def _step_of(found: Explanation, run: RunView) -> Step | None:
    """The failed step as its workflow has it."""
    workflow = Workflow.model_validate(run.workflow)
    return next((step for step in every_step(workflow) if found.step and step.id == found.step.id), None)


def _entry_of(step: Step, connector: Connector, run: RunView, engine: WorkflowEngine) -> AccountEntry | None:
    """The account that a step acted as, if it is still there."""
    wanted = run.accounts.name(connector.id, step.account)
    entries = [entry for entry in engine.accounts.list() if entry.connector == connector.id]
    return next((one for one in entries if one.name == wanted or (wanted is None and one.in_use)), None)


def _connector_of(step: Step, run: RunView, engine: WorkflowEngine) -> Connector | None:
    """The service that a step acts at: of one that asks a model, whose model that is."""
    action = engine.registry.get(step.uses)
    if action is None or "model" not in action.params.model_fields:
        return action.connector if action else None
    named = engine.journal.run_to_look_at(run.summary.id).model or step.with_.get("model")
    with suppress(PatchbayError):
        return engine.accounts.model(named if isinstance(named, str) and "{{" not in named else None)[0]
    return None
