"""The triggers of all published workflows: which there are, and switching them on and off."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson

from orchestrator import masking
from orchestrator.clock import Clock
from orchestrator.errors import InvalidWorkflow, NotFound, PatchbayError, Problem, StoreError
from orchestrator.expressions import nearest
from orchestrator.triggers import schedule
from orchestrator.triggers.definition import Poll, Schedule, Trigger, Webhook
from orchestrator.triggers.switches import OFF, Switch, Switches, new_token
from orchestrator.workflow import Workflow

HOOKS = "/api/hooks/"
"""Where webhooks answer, on the studio's own server. The token follows."""


AHEAD = 120.0
"""Seconds behind its usual time at which a trigger may be looked at next, such as after a failure. Further ahead, the
clock was put back."""


@dataclass(frozen=True, slots=True)
class TriggerView:
    """One trigger of a published workflow, and how it stands."""

    workflow: str
    workflow_name: str
    id: str
    definition: Trigger
    switch: Switch

    @property
    def in_words(self) -> str:
        """What it does, in a few words."""
        match self.definition:
            case Schedule() as definition:
                return schedule.in_words(definition)
            case Poll() as definition:
                return f"asks {definition.ask.uses} {schedule.every(definition.every)}"
            case Webhook() as definition:
                return f"when it is called by {definition.method}"

    @property
    def path(self) -> str | None:
        """The address of a webhook on the studio's own server."""
        return HOOKS + self.switch.token if self.switch.token and isinstance(self.definition, Webhook) else None


class Triggers:
    """Thread-safe. `ids` and `load` are those of the published workflows, `check` finds what is wrong with one. Raises
    `StoreError` where the store does."""

    def __init__(
        self,
        switches: Switches,
        clock: Clock,
        *,
        ids: Callable[[], Sequence[str]],
        load: Callable[[str], Workflow],
        check: Callable[[Mapping[str, Any]], list[Problem]],
    ) -> None:
        self._switches = switches
        self._clock = clock
        self._ids = ids
        self._load = load
        self._check = check
        self._lock = threading.Lock()
        self._tokens: frozenset[str] = frozenset()

    # --- looking

    def list(self, workflow: str | None = None) -> list[TriggerView]:
        """Those of all published workflows, or of one. A workflow that cannot be read has none."""
        return self._views(self._ids() if workflow is None else [workflow], self._switches.all())

    def notable(self) -> list[TriggerView]:
        """Those that are on, and those that say why they are not."""
        switches = [switch for switch in self._switches.all() if switch.is_on or switch.said]
        views = self._views(sorted({switch.workflow for switch in switches}), switches)
        return [view for view in views if view.switch.is_on or view.switch.said]

    def _views(self, ids: Iterable[str], switches: Iterable[Switch]) -> list[TriggerView]:
        known = {(switch.workflow, switch.trigger): switch for switch in switches}
        self.hide(known.values())
        views: list[TriggerView] = []
        for id in ids:
            with suppress(PatchbayError):
                workflow = self._load(id)
                for name, definition in workflow.triggers.items():
                    switch = known.get((id, name), Switch(id, name))
                    views.append(TriggerView(id, workflow.title, name, definition, switch))
        return views

    def get(self, workflow: str, trigger: str) -> TriggerView:
        """Raises `NotFound`, or what is wrong with the workflow."""
        known = self._load(workflow)
        if trigger not in known.triggers:
            raise NotFound(
                f"Workflow '{workflow}' has no trigger '{trigger}'{nearest(trigger, list(known.triggers))}.",
                remedy="Choose one that is in the published version.",
            )
        return TriggerView(
            workflow, known.title, trigger, known.triggers[trigger], self._switches.get(workflow, trigger)
        )

    # --- switching

    def switch_on(self, workflow: str, trigger: str) -> TriggerView:
        """Let it start runs from now on. Raises `NotFound` or `InvalidWorkflow`."""
        view = self.get(workflow, trigger)
        if problems := self._check(self._load(workflow).dump()):
            raise InvalidWorkflow(problems)
        if not view.switch.is_on:
            token = view.switch.token
            self._switches.put(replace(view.switch, is_on=True, **self._set_up(view.definition, token)))
        return self.get(workflow, trigger)

    def switch_off(self, workflow: str, trigger: str) -> None:
        """Let it start nothing any more. A webhook keeps its address, for when it is switched on again."""
        switch = self._switches.get(workflow, trigger)
        if switch.is_on:
            self._switches.say(switch, **OFF)

    def renew_address(self, workflow: str, trigger: str) -> TriggerView:
        """Give a webhook another address: the one that it had is nobody's. Raises `NotFound`."""
        view = self.get(workflow, trigger)
        self._switches.put(replace(view.switch, token=self._new_token()))
        return self.get(workflow, trigger)

    def switch_off_all(self, workflow: str, said: str) -> None:
        """For a workflow that is gone, or that somebody brought from elsewhere in place of it."""
        for switch in self._switches.all():
            if switch.workflow == workflow and switch.is_on:
                self._switches.say(switch, **OFF | {"said": said})

    def follow_files(self) -> None:
        """Do as the published files say now: a trigger that was changed counts anew from now on, one that is gone is
        off, so that nothing that comes to have its name fires by itself. A file that cannot be read changes nothing."""
        there = set(self._ids())
        for switch in self._switches.all():
            if not switch.is_on:
                continue
            if switch.workflow not in there:
                self._switches.say(switch, **OFF | {"said": "The workflow was deleted."})
                continue
            try:
                workflow = self._load(switch.workflow)
                if self.follow(switch, workflow):
                    self._follow_clock(switch, workflow.triggers[switch.trigger])
            except StoreError:
                raise
            except PatchbayError:
                continue

    def follow(self, switch: Switch, workflow: Workflow) -> bool:
        """Whether the trigger still is the one that was set up. If not, it is from now on."""
        definition = workflow.triggers.get(switch.trigger)
        if definition is None:
            self._switches.say(switch, **OFF | {"said": "The published version has no such trigger any more."})
        elif switch.definition != _hash(definition):
            self._switches.say(switch, **self._set_up(definition, switch.token))
        else:
            return True
        return False

    def _follow_clock(self, switch: Switch, definition: Trigger) -> None:
        """A clock that was put back, once it was far ahead by mistake, must not leave a trigger silent until then. What
        fired before does not fire again: it is known by the time that it was due, or by the item."""
        now = self._clock.now()
        match definition:
            case Schedule():
                usual = schedule.next_after(definition, now)
            case Poll():
                usual = now + definition.every
            case Webhook():
                return
        if switch.next_at is not None and switch.next_at > usual + AHEAD:
            self._switches.say(switch, next_at=usual)

    def _set_up(self, definition: Trigger, token: str | None) -> dict[str, Any]:
        """What the row says of a definition that begins to count now."""
        now = self._clock.now()
        row: dict[str, Any] = {"definition": _hash(definition), "next_at": None, "is_marked": False, "said": ""}
        match definition:
            case Schedule():
                return row | {"next_at": schedule.next_after(definition, now)}
            case Poll():
                return row | {"next_at": now}
            case Webhook():
                return row | {"token": token or self._new_token()}

    def _new_token(self) -> str:
        token = new_token()
        with self._lock:
            self._tokens |= {token}
            masking.know(self, self._tokens)
        return token

    def hide(self, switches: Iterable[Switch]) -> None:
        """Who knows an address can start runs: it is a secret like others."""
        with self._lock:
            self._tokens |= {switch.token for switch in switches if switch.token}
            masking.know(self, self._tokens)


def _hash(definition: Trigger) -> str:
    """Tells whether a trigger is still the one that was set up. What a run is given may change meanwhile."""
    content = definition.model_dump(mode="json", by_alias=True, exclude={"with_"})
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
