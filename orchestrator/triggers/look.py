"""Asks a reading action outside of any run, within the same limits and policies as one in a run."""

from __future__ import annotations

from typing import Any

from orchestrator.attempt import Attempt, Failed, Retrying, Succeeded
from orchestrator.clock import Clock
from orchestrator.errors import NotFound, StepError
from orchestrator.performer import Performer
from orchestrator.registry import Registry
from orchestrator.triggers.definition import Ask
from orchestrator.workflow import Step


class Look:
    """Lives on the engine's loop."""

    def __init__(self, performer: Performer, registry: Registry, clock: Clock) -> None:
        self._performer = performer
        self._registry = registry
        self._clock = clock

    async def at(self, workflow: str, trigger: str, ask: Ask) -> Any:
        """What the action gives now. Raises `PatchbayError`."""
        action = self._registry.get(ask.uses)
        if action is None:
            raise NotFound(f"There is no action '{ask.uses}' any more.", remedy="Install its connector again.")
        name = f"{workflow}-{trigger}"
        attempt = Attempt(
            run_id=name,
            fence=0,
            step=Step.model_validate({"id": trigger, **ask.model_dump(by_alias=True)}),
            item="",
            number=1,
            failures=0,
            key=name,
            action=action,
            params=ask.with_,
            model=None,
            may_have_happened=False,
            mode="run",
            plan=None,
            clock=self._clock,
        )
        match await self._performer.perform(attempt, _Nobody()):
            case Succeeded() as outcome:
                return outcome.output
            case Failed() | Retrying() as outcome:
                raise outcome.error
            case _:
                raise StepError(f"{ask.uses} gave nothing to look at.", remedy="Choose an action that reads.")


class _Nobody:
    """Nobody watches."""

    def logged(self, step: str, item: str, message: str) -> None: ...

    def streamed(self, step: str, item: str, text: str) -> None: ...
