"""Making a workflow of the gallery one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.bundle_import import Choice, Imported, bring_in, keep_all
from orchestrator.bundles import Bundle, Named
from orchestrator.workflow_engine import WorkflowEngine
from studio.people import who


def use(bundle: Bundle, defaults: Mapping[str, Any], engine: WorkflowEngine) -> Imported:
    """A copy of it under a free id, with all that it uses; what is there stays as it is. `defaults` are what was typed
    in for the inputs that have none. Raises `InvalidWorkflow` or `InvalidInput`."""
    choices: dict[Named, Choice] = {**keep_all(bundle, engine.library), bundle.items[0].named: "keep_both"}
    return bring_in(bundle, choices, engine, by=who(), defaults=defaults)
