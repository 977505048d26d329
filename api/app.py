"""The API as an ASGI app, for mounting under `/api`: workflows, runs, and a socket that shows a run live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field

from api.bodies import BodyLimit
from api.consent import add_consent_route
from api.failures import add_failure_handlers
from api.hooks import add_hook_route
from api.live import add_live_route
from api.run_files import add_run_files_route
from orchestrator.history import Began, RunStatus, RunSummary, RunView
from orchestrator.workflow_engine import WorkflowEngine

BY = "someone"


class StartRun(BaseModel):
    """What a run is given. Inputs that are left out take the workflow's defaults."""

    model_config = ConfigDict(extra="forbid")

    inputs: dict[str, Any] = Field(default_factory=dict)
    model: str | None = Field(None, description="'provider:name', or the default model.")
    accounts: dict[str, str] = Field(
        default_factory=dict, description="Who the run acts as, by connector, such as 'practice' or 'work'."
    )
    preview: bool | None = Field(
        None,
        description="Plan the writes, send nothing, and wait for an approval. Null: on a live account's first run.",
    )


class Approval(BaseModel):
    """Lets the writes of a preview go out, exactly as they were planned."""

    model_config = ConfigDict(extra="forbid")

    hash: str = Field(description="The 'plan_hash' of the run that was looked at. Any other is refused.")
    by: str = Field(BY, description="Who approves, for the journal.")


class Rejection(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: str = Field(BY, description="Who rejects, for the journal.")


class Answer(BaseModel):
    """The answer to a step that asks: a value for 'input', {"approved": true, "comment": ""} for 'approve' and
    'effect'."""

    model_config = ConfigDict(extra="forbid")

    step: str
    item: str = Field("", description="The item of a loop that asks, as the question names it.")
    value: Any
    by: str = Field(BY, description="Who answers, for the journal.")


@dataclass(frozen=True, slots=True)
class RunReference:
    run_id: str


@dataclass(frozen=True, slots=True)
class WorkflowLine:
    """One line of the list of workflows. A file that cannot be used is listed with its `error`."""

    id: str
    name: str
    description: str
    tags: tuple[str, ...]
    shipped: bool
    error: str | None


def create_api(engine: WorkflowEngine) -> FastAPI:
    """The API over one engine, which has to run on the loop that serves it. Endpoints run in threads."""
    api = FastAPI(title="Patchbay", docs_url=None, redoc_url=None)
    api.add_middleware(BodyLimit)
    add_failure_handlers(api)
    add_live_route(api, engine)
    add_consent_route(api, engine)
    add_hook_route(api, engine)
    add_run_files_route(api, engine)

    @api.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @api.get("/workflows")
    def workflows() -> list[WorkflowLine]:
        return [
            WorkflowLine(entry.id, entry.name, entry.description, entry.tags, entry.shipped, entry.error)
            for entry in engine.library.workflows.list()
        ]

    @api.get("/workflows/{id}")
    def workflow(id: str) -> dict[str, Any]:
        return engine.load_workflow(id).dump()

    @api.post("/workflows/{id}/runs", status_code=202)
    def start(id: str, given: StartRun) -> RunReference:
        started = engine.start_workflow(
            id, given.inputs, model=given.model, preview=given.preview, accounts=given.accounts
        )
        return RunReference(started)

    @api.get("/runs")
    def runs(
        status: Annotated[list[RunStatus] | None, Query()] = None,
        workflow: str | None = None,
        began: Began | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    ) -> list[RunSummary]:
        return engine.runs(status=status, workflow=workflow, began=began, limit=limit, offset=offset)

    @api.get("/runs/{id}")
    def run(id: str) -> RunView:
        return engine.run(id)

    @api.post("/runs/{id}/approve", status_code=202)
    def approve(id: str, given: Approval) -> RunReference:
        engine.approve(id, hash=given.hash, by=given.by)
        return RunReference(id)

    @api.post("/runs/{id}/reject", status_code=202)
    def reject(id: str, given: Rejection | None = None) -> RunReference:
        engine.reject(id, by=given.by if given else BY)
        return RunReference(id)

    @api.post("/runs/{id}/answer", status_code=202)
    def answer(id: str, given: Answer) -> RunReference:
        engine.answer(id, given.step, given.value, item=given.item, by=given.by)
        return RunReference(id)

    @api.post("/runs/{id}/cancel", status_code=202)
    def cancel(id: str) -> RunReference:
        engine.cancel(id)
        return RunReference(id)

    @api.post("/runs/{id}/resume", status_code=202)
    def resume(id: str) -> RunReference:
        return RunReference(engine.resume(id))

    return api
