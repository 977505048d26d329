"""`fail`: end the run as failed, with words of one's own."""

from __future__ import annotations

from orchestrator.actions import Params, Result, field
from orchestrator.errors import StepError
from orchestrator.steps.kind import ImmediateKind, Stopped


class Reason(Params):
    """Fail on purpose: when a condition says that going on would be wrong."""

    message: str = field("What is wrong", widget="multiline")
    remedy: str = field("What to do", default="")


class Nothing(Result):
    """There is no result."""


class Fail(ImmediateKind[Reason]):
    id = "fail"
    title = "Fail"
    params = Reason
    result = Nothing

    def begin(self, params: Reason, now: float) -> Stopped:
        return Stopped(StepError(params.message, remedy=params.remedy))
