"""Which settings a kind of step takes. The checker is asked, which is what refuses them."""

from __future__ import annotations

from orchestrator.errors import Problem
from orchestrator.workflow_engine import WorkflowEngine

TRIED = {"retry": 2, "timeout": 1, "deadline": 1, "account": "one", "cache": True, "approve": True}
"""Settings that not every step takes, each at a value that is right where the setting is."""


def refused(uses: str, engine: WorkflowEngine) -> dict[str, Problem]:
    """The settings that a step of this kind does not take, each with why."""
    found = engine.check({"format": 1, "id": "tried", "steps": [{"id": "step", "uses": uses, **TRIED}]})
    return {problem.where.key: problem for problem in found if problem.where.key in TRIED}
