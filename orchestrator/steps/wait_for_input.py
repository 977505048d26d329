"""`wait_for_input`: somebody or something outside posts a value, and the run goes on with it."""

from __future__ import annotations

from typing import Any, Literal

from orchestrator.actions import Params, Plan, Result, field, placeholder
from orchestrator.errors import InvalidInput, StepError
from orchestrator.inputs import WORDS, coerce
from orchestrator.steps.kind import Answer, Done, Stopped, Waiting, WaitingKind
from orchestrator.workflow import Input


class Request(Params):
    """Wait until a person or another system gives a value: in the studio, by the command line or by the API."""

    message: str = field("What is asked for", widget="multiline")
    type: Literal["string", "number", "integer", "boolean", "list", "object"] = field("Type", default="string")
    choices: list[Any] | None = field("Allowed values", default=None)
    who: str = field("Who is asked", default="")
    within: float | None = field("Within", default=None, description="Seconds; empty: no limit.", gt=0)
    default: Any = field("When nobody answers in time", default=None, description="Empty: the step fails.")


class Given(Result):
    value: Any = field("The value")
    by: str = field("By")


class WaitForInput(WaitingKind[Request]):
    id = "wait_for_input"
    title = "Wait for input"
    params = Request
    result = Given

    def begin(self, params: Request, now: float) -> Waiting:
        question = {
            "kind": "input",
            "message": params.message,
            "type": params.type,
            "choices": params.choices,
            "who": params.who,
        }
        return Waiting(None if params.within is None else now + params.within, question)

    def stand_in(self, params: Request) -> Plan:
        answer = Given(value=placeholder("the answer"), by=placeholder("who answers"))
        return Plan(f"Ask: {params.message}", params.model_dump(mode="json"), answer)

    def due(self, params: Request, now: float) -> Done | Stopped:
        if params.default is not None:
            return Done({"value": params.default, "by": "nobody, in time"})
        return Stopped(StepError("Nobody answered in time.", remedy="Run again and answer sooner."))

    def answered(self, params: Request, answer: Answer) -> Done | Stopped:
        if answer.value is None:
            raise InvalidInput("An answer needs a value.", remedy=f"Give {WORDS[params.type]}.")
        declared = Input.model_validate({"type": params.type, "choices": params.choices or []})
        return Done({"value": coerce("answer", declared, answer.value), "by": answer.by})
