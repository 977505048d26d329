"""Patchbay's engine. As a library: `WorkflowEngine`, `Workflow`, `WorkflowStep`."""

from orchestrator import logs
from orchestrator.errors import PatchbayError
from orchestrator.workflow import Step as WorkflowStep
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import RunResult, WorkflowEngine

logs.protect()

__all__ = ["PatchbayError", "RunResult", "Workflow", "WorkflowEngine", "WorkflowStep"]
