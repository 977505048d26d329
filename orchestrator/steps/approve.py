"""`approve`: ask a person before going on."""

from __future__ import annotations

from typing import Any, Literal

from orchestrator.actions import Params, Plan, Result, field, placeholder
from orchestrator.data import is_object
from orchestrator.errors import InvalidInput, StepError
from orchestrator.steps.kind import Answer, Done, Stopped, Waiting, WaitingKind


class Approval(Params):
    """Ask a person to approve before the run goes on. When they reject, the step fails: what needs it does not
    happen, and `on_error` may lead elsewhere."""

    message: str = field("What is asked", widget="multiline")
    show: Any = field("What to look at", default=None, description="Text or data that the decision is about.")
    who: str = field("Who is asked", default="", description="Empty: anyone who may open the studio.")
    within: float | None = field("Within", default=None, description="Seconds; empty: no limit.", gt=0)
    otherwise: Literal["reject", "approve"] = field("When nobody answers in time", default="reject")


class Approved(Result):
    approved: bool = field("Approved")
    by: str = field("By")
    comment: str = field("Comment")


class Approve(WaitingKind[Approval]):
    id = "approve"
    title = "Ask for approval"
    params = Approval
    result = Approved

    def begin(self, params: Approval, now: float) -> Waiting:
        question = {"kind": "approve", "message": params.message, "show": params.show, "who": params.who}
        return Waiting(None if params.within is None else now + params.within, question)

    def stand_in(self, params: Approval) -> Plan:
        answer = Approved(approved=True, by=placeholder("who approves"), comment="")
        return Plan(f"Ask for approval: {params.message}", params.model_dump(mode="json"), answer)

    def due(self, params: Approval, now: float) -> Done | Stopped:
        if params.otherwise == "approve":
            return Done({"approved": True, "by": "nobody, in time", "comment": ""})
        return Stopped(StepError("Nobody approved in time.", remedy="Run again and answer sooner."))

    def answered(self, params: Approval, answer: Answer) -> Done | Stopped:
        value = answer.value
        if not is_object(value) or not isinstance(value.get("approved"), bool):
            raise InvalidInput("An approval is answered with yes or no.", remedy='Send {"approved": true} or false.')
        comment = str(value.get("comment") or "")
        if value["approved"]:
            return Done({"approved": True, "by": answer.by, "comment": comment})
        said = f": {comment}" if comment else ""
        by = answer.by[:1].upper() + answer.by[1:]
        return Stopped(StepError(f"{by} rejected it{said}.", remedy="Change what was asked, and run again."))
