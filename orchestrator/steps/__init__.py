"""The built-in step kinds: what the engine does itself. One kind a file."""

from __future__ import annotations

from typing import Any

from orchestrator.steps.approve import Approve
from orchestrator.steps.branch import Branch
from orchestrator.steps.fail import Fail
from orchestrator.steps.group import Group
from orchestrator.steps.kind import (
    Answer,
    BodyKind,
    Done,
    ImmediateKind,
    Kind,
    Round,
    RoundsKind,
    Stopped,
    Waiting,
    WaitingKind,
)
from orchestrator.steps.loop_until import LoopUntil
from orchestrator.steps.set_values import Set
from orchestrator.steps.states import States
from orchestrator.steps.subworkflow import Subworkflow
from orchestrator.steps.wait import Wait
from orchestrator.steps.wait_for_input import WaitForInput

KINDS: dict[str, Kind[Any]] = {
    kind.id: kind
    for kind in (
        Set(),
        Fail(),
        Branch(),
        Group(),
        LoopUntil(),
        States(),
        Subworkflow(),
        Wait(),
        WaitForInput(),
        Approve(),
    )
}
"""By the name that `uses` calls them."""

LATE: dict[str, frozenset[str]] = {id: kind.late for id, kind in KINDS.items() if isinstance(kind, RoundsKind)}
"""The kinds that run in rounds, and those of their parameters that are looked at after each."""

__all__ = [
    "KINDS",
    "LATE",
    "Answer",
    "BodyKind",
    "Done",
    "ImmediateKind",
    "Kind",
    "Round",
    "RoundsKind",
    "Stopped",
    "Waiting",
    "WaitingKind",
]
