"""The form that starts a run: made from the workflow's inputs."""

from __future__ import annotations

import streamlit as st

from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.account_choice import account_choices
from studio.failures import guarded, show_problems
from studio.forms import collect, workflow_fields
from studio.markup import plain
from studio.pickers import lists_for, models
from studio.routes import go
from studio.widgets import ask
from studio.workflow_list import PREVIEW_HELP
from studio.workflow_view import asks_a_model


def run_form(workflow: Workflow, engine: WorkflowEngine) -> None:
    fields = workflow_fields(workflow, lists_for(workflow, engine))
    with st.form(f"run-form-{workflow.id}"):
        if not fields:
            st.caption("It needs nothing from you.")
        answers = ask(fields, prefix=f"input:{workflow.id}")
        model = _choose_model(engine) if asks_a_model(workflow, engine.registry) else None
        accounts = _choose_accounts(workflow, engine)
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.form_submit_button("Run", type="primary", icon=":material/play_arrow:", key="run")
            looked = st.form_submit_button("Preview", icon=":material/visibility:", key="preview", help=PREVIEW_HELP)
    if pressed or looked:
        values, problems = collect(fields, answers)
        show_problems(problems)
        if not problems:
            _start(workflow, values, model, accounts, engine, preview=looked)


def _choose_model(engine: WorkflowEngine) -> str | None:
    options = models(engine)
    labels = dict(options)
    return st.selectbox(
        "Model",
        list(labels),
        index=None,
        placeholder="As set in the workflow, or the default",
        format_func=lambda name: labels.get(name, name),
        key="model",
    )


def _choose_accounts(workflow: Workflow, engine: WorkflowEngine) -> dict[str, str]:
    """Practice or live, and as whom, for each service where there is a choice."""
    chosen: dict[str, str] = {}
    for choice in account_choices(workflow, engine):
        labels = dict(choice.options)
        name = st.selectbox(
            plain(choice.title),
            list(labels),
            format_func=lambda name, labels=labels: labels.get(name, str(name)),
            help="Practice: nothing leaves this computer. Any other is live: it happens for real.",
            key=f"account:{workflow.id}:{choice.id}",
        )
        if name is not None:
            chosen[choice.id] = name
    return chosen


@guarded()
def _start(
    workflow: Workflow,
    values: dict[str, object],
    model: str | None,
    accounts: dict[str, str],
    engine: WorkflowEngine,
    *,
    preview: bool,
) -> None:
    go("runs", id=engine.start_workflow(workflow, values, model=model, preview=preview or None, accounts=accounts))
