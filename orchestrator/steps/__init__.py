"""The built-in step kinds: what the engine does itself. One kind a file."""

from __future__ import annotations

from typing import Any

from orchestrator.steps.approve import Approve
from orchestrator.steps.branch import Branch
from orchestrator.steps.fail import Fail
from orchestrator.steps.kind import Answer, Done, Kind, Stopped, Waiting, WaitingKind
from orchestrator.steps.set_values import Set
from orchestrator.steps.wait import Wait
from orchestrator.steps.wait_for_input import WaitForInput

KINDS: dict[str, Kind[Any]] = {kind.id: kind for kind in (Set(), Fail(), Branch(), Wait(), WaitForInput(), Approve())}
"""By the name that `uses` calls them."""

__all__ = ["KINDS", "Answer", "Done", "Kind", "Stopped", "Waiting", "WaitingKind"]
