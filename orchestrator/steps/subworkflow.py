"""`workflow`: run another workflow, as a run of its own, and go on with what it gives."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from orchestrator.actions import Params, Result, field
from orchestrator.steps.kind import Kind

DEEPEST = 10
"""Workflows that may stand in each other."""


class Called(Params):
    """Run another workflow. It has its own run, with its own page; this step gives its output."""

    workflow: str = field("Workflow", picker="workflows")
    version: str | None = field(
        "Version", default=None, expert=True, description="The hash of a version that has run; empty: as it is now."
    )
    inputs: dict[str, Any] = field("Inputs", default={}, widget="json")


class Returned(Result):
    """The output of the workflow."""

    model_config = ConfigDict(extra="allow")


class Subworkflow(Kind[Called]):
    id = "workflow"
    title = "Run a workflow"
    params = Called
    result = Returned
