"""`wait`: go on after some seconds, or at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from orchestrator.actions import Params, Plan, Result, field, placeholder
from orchestrator.errors import InvalidInput
from orchestrator.steps.kind import Answer, Done, Stopped, Waiting, WaitingKind

LONGEST = 366 * 86400.0
"""Seconds: a longer wait is taken for a mistake."""


class Time(Params):
    """Wait for some seconds, or until a moment. The run costs nothing meanwhile and survives a restart."""

    seconds: float | None = field("Seconds", default=None, ge=0, le=LONGEST)
    until: datetime | None = field("Until", default=None, description="ISO 8601: 2026-12-24T18:00:00+01:00.")

    @model_validator(mode="after")
    def _one_time(self) -> Time:
        if (self.seconds is None) == (self.until is None):
            raise PydanticCustomError("one_time", "Give the seconds or the moment to wait for")
        return self


class Waited(Result):
    until: str = field("When it went on", description="ISO 8601, UTC.")


class Wait(WaitingKind[Time]):
    id = "wait"
    title = "Wait"
    params = Time
    result = Waited

    def begin(self, params: Time, now: float) -> Waiting:
        if params.until is None:
            return Waiting(now + (params.seconds or 0))
        moment = params.until if params.until.tzinfo else params.until.replace(tzinfo=UTC)
        return Waiting(moment.timestamp())

    def stand_in(self, params: Time) -> Plan:
        until = params.until.isoformat() if params.until else f"for {params.seconds:g} seconds"
        return Plan(f"Wait {until}", params.model_dump(mode="json"), Waited(until=placeholder("when it goes on")))

    def due(self, params: Time, now: float) -> Done:
        return Done({"until": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")})

    def answered(self, params: Time, answer: Answer) -> Done | Stopped:
        raise InvalidInput("This step waits for a time, not for an answer.", remedy="Wait, or cancel the run.")
