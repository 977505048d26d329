"""`set`: put values together, for later steps to use."""

from __future__ import annotations

from typing import Any

from orchestrator.actions import Params, Result, field
from orchestrator.steps.kind import Done, ImmediateKind


class Values(Params):
    """Put values together under names of your own. Nothing happens outside."""

    values: dict[str, Any] = field("Values", widget="json", description="Names and what they stand for.")


class SetValues(Result):
    """The values: `steps.ID.values.NAME`."""

    values: dict[str, Any] = field("Values")


class Set(ImmediateKind[Values]):
    id = "set"
    title = "Set values"
    params = Values
    result = SetValues

    def begin(self, params: Values, now: float) -> Done:
        return Done({"values": params.values})
