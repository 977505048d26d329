"""Rows that the tests of the journal write."""

from __future__ import annotations

from orchestrator.events import Event
from orchestrator.journal import Batch, Finished, NewRun, event_row

NOW = 1_700_000_000.0


def new_run(
    id: str = "r1",
    owner: str | None = "me",
    *,
    at: float = NOW,
    workflow: str = "w",
    hash: str = "h",
    origin: str | None = None,
    lineage: str | None = None,
    parent: str | None = None,
    parent_step: str | None = None,
    parent_item: str | None = None,
) -> NewRun:
    return NewRun(
        id=id,
        workflow_id=workflow,
        workflow_name=workflow.upper(),
        workflow_hash=hash,
        workflow='{"id": "w"}',
        created_at=at,
        inputs="{}",
        model=None,
        origin=origin,
        lineage=lineage or id,
        owner=owner,
        parent=parent,
        parent_step=parent_step,
        parent_item=parent_item,
    )


def logged(seq: int, message: str = "hi", run_id: str = "r1", fence: int = 1) -> Batch:
    return Batch(run_id, fence, [event_row(run_id, seq, Event("step.log", "a", data={"message": message}, at=NOW))])


def finished(run_id: str, at: float = NOW) -> Batch:
    return Batch(run_id, 1, finished=Finished("succeeded", at, "{}", None))
