"""What a person can do to a run: cancel it, run or preview it again, go on where it stopped."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from orchestrator.errors import PatchbayError
from orchestrator.history import RunView
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.failures import guarded
from studio.notices import notice
from studio.routes import go


@guarded()
def cancel(id: str, engine: WorkflowEngine) -> None:
    engine.cancel(id)
    notice("Cancelling: no further step starts.")
    st.rerun()


@guarded()
def run_again(id: str, engine: WorkflowEngine) -> None:
    go("runs", id=engine.rerun(id))


@guarded()
def preview_again(run: RunView, engine: WorkflowEngine) -> None:
    model = engine.journal.run_to_look_at(run.summary.id).model
    workflow, accounts = Workflow.model_validate(run.workflow), dict(run.accounts.chosen)
    inputs = engine.run(run.summary.id).inputs
    go("runs", id=engine.start_workflow(workflow, inputs, model=model, preview=True, accounts=accounts))


@guarded()
def resume(id: str, engine: WorkflowEngine, workflow: Workflow | None = None) -> None:
    """`workflow` is a corrected version for the rest."""
    go("runs", id=engine.resume(id, workflow))


def changed_since(run: RunView, engine: WorkflowEngine) -> Workflow | None:
    """The workflow as it is now, when it can run and is not what it was in this run."""
    with suppress(PatchbayError):
        now = engine.load_workflow(run.summary.workflow_id)
        if now.hash != Workflow.model_validate(run.workflow).hash and not engine.check(now.dump()):
            return now
    return None
