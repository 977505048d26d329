"""Starts runs for what triggers see: a time that is due, a request that came, an item that is new.

Whoever dies here loses nothing and starts nothing twice: a run, and the row that says what it was started for, are one
commit, and only after it does the trigger look further ahead.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from orchestrator.clock import Clock
from orchestrator.errors import InvalidInput, NotFound, PatchbayError, StoreError, Unsigned
from orchestrator.expressions import compile_value
from orchestrator.records import Firing
from orchestrator.triggers import poll, schedule
from orchestrator.triggers.definition import Ask, Poll, Schedule, Trigger, Webhook
from orchestrator.triggers.switches import Switch, Switches
from orchestrator.triggers.triggers import Triggers
from orchestrator.workflow import RunId, Workflow

RETRY = 60.0
"""Seconds after which a firing that could not become a run, or a look that did not come to its end, is tried again."""

LATE = 60.0
"""Seconds after which a due time counts as missed."""

MOST = 50
"""Runs that one look may start; what is left comes with the next."""

log = structlog.get_logger()


class Start(Protocol):
    """Starts a run, or gives the one that was started for this firing (`WorkflowEngine.start_workflow`)."""

    def __call__(
        self, workflow: Workflow, inputs: Mapping[str, Any], *, firing: Firing, files: Mapping[str, bytes]
    ) -> RunId: ...


@dataclass(frozen=True, slots=True)
class Request:
    """What came to a webhook. Names of headers are in lower case."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    key: str | None = None
    """What tells it from others: the same request sent again has the same (`Idempotency-Key`)."""
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """What lies in the run's folder before it begins."""
    is_verified: bool = False
    """Its signature was checked (`Firings.verify`)."""


class Firings:
    """Thread-safe. `load` gives a published workflow, `read` asks an action outside of any run, for the trigger of that
    workflow and name; `under_way` is a run of a trigger that is not over; `check` is that of `Signatures`."""

    def __init__(
        self,
        triggers: Triggers,
        switches: Switches,
        clock: Clock,
        *,
        load: Callable[[str], Workflow],
        start: Start,
        read: Callable[[str, str, Ask], Any],
        under_way: Callable[[str, str], str | None],
        check: Callable[[Webhook, Mapping[str, str], bytes], str],
    ) -> None:
        self._triggers = triggers
        self._switches = switches
        self._clock = clock
        self._load = load
        self._start = start
        self._read = read
        self._under_way = under_way
        self._check = check

    def tick(self) -> None:
        """Look at all that is due by now, one after the other."""
        for switch in self.due():
            self.attend(switch)

    def due(self) -> Sequence[Switch]:
        """What is to be attended to by now."""
        return self._switches.due(self._clock.now())

    def attend(self, switch: Switch) -> None:
        """Look at one whose time has come, and start what it asks for. What goes wrong is kept in its row."""
        try:
            self._attend(switch)
        except (StoreError, CancelledError):
            raise  # nothing can be kept, or the engine stops: it stays due
        except PatchbayError as error:
            self._failed(switch, error)
        except Exception as error:
            log.exception("a trigger failed", workflow=switch.workflow, trigger=switch.trigger)
            self._failed(switch, PatchbayError(f"It failed in a way it does not know: {type(error).__name__}."))

    def _failed(self, switch: Switch, error: PatchbayError) -> None:
        log.warning("a trigger could not start a run", workflow=switch.workflow, trigger=switch.trigger)
        self._switches.say(switch, said=str(error), next_at=self._clock.now() + RETRY)

    def _attend(self, switch: Switch) -> None:
        workflow = self._load(switch.workflow)
        if not self._triggers.follow(switch, workflow):
            return
        definition = workflow.triggers[switch.trigger]
        if isinstance(definition, Schedule):
            self._schedule_due(switch, workflow, definition)
        elif isinstance(definition, Poll):
            self._look(switch, workflow, definition)

    def _schedule_due(self, switch: Switch, workflow: Workflow, definition: Schedule) -> None:
        now = self._clock.now()
        due = schedule.latest_until(definition, now)
        further = {"next_at": schedule.next_after(definition, now)}
        if due is None:
            self._switches.say(switch, **further)
            return
        moment = schedule.at(definition, due)
        firing = Firing(switch.workflow, switch.trigger, "schedule", f"{due:.0f}")
        if self._switches.known([firing]):  # by another process, or by one that died then
            self._switches.say(switch, **further)
            return
        busy = self._under_way(switch.workflow, switch.trigger) if definition.overlap == "skip" else None
        if definition.catch_up == "skip" and now - due > LATE:
            self._switches.say(switch, **further, said=f"{moment:%d %B, %H:%M} was left out: nothing ran then.")
        elif busy:
            said = f"{moment:%d %B, %H:%M} was left out: its run {busy} was not over yet."
            self._switches.say(switch, **further, said=said)
        else:
            run_id = self._fire(workflow, definition, firing, {"at": moment.isoformat(timespec="seconds")})
            self._switches.say(switch, **further, fired_at=now, run_id=run_id, said="")

    def _look(self, switch: Switch, workflow: Workflow, definition: Poll) -> None:
        now = self._clock.now()
        if not self._switches.take(switch, now + RETRY):  # whoever dies here is soon followed by somebody
            return
        further = {"next_at": now + definition.every}
        items = poll.found(definition, self._read(switch.workflow, switch.trigger, definition.ask))
        if not switch.is_marked:
            self._switches.mark(switch, (found.identity for found in items), now)
            self._switches.say(switch, **further)
            return
        firings = {Firing(switch.workflow, switch.trigger, "poll", found.identity): found.item for found in items}
        known = self._switches.known(firings.keys())
        new = [(firing, item) for firing, item in firings.items() if firing.key not in known]
        failure: PatchbayError | None = None
        for firing, item in new[:MOST]:
            try:
                run_id = self._fire(workflow, definition, firing, {"at": _iso(now), "item": item})
                self._switches.say(switch, fired_at=now, run_id=run_id)
            except StoreError:
                raise
            except PatchbayError as error:  # the others are not to wait for this one
                failure = failure or error
        self._switches.say(switch, **further, said=str(failure) if failure else "")

    def _fire(
        self,
        workflow: Workflow,
        definition: Trigger,
        firing: Firing,
        data: Mapping[str, Any],
        files: Mapping[str, bytes] | None = None,
    ) -> RunId:
        scope = {"trigger": {"id": firing.trigger, "type": firing.kind, **data}}
        try:
            inputs = compile_value(definition.with_).render(scope)
        except PatchbayError as error:
            raise error.at(workflow=workflow.id, key=f"triggers.{firing.trigger}.with") from None
        return self._start(workflow, inputs, firing=firing, files=files or {})

    def called(self, token: str, request: Request) -> RunId:
        """A request came to an address. Gives its run once that is on disk; for one that was sent again, the first's.
        Raises `NotFound` for an address that is nobody's, `InvalidInput` for what does not fit, and `Unsigned`."""
        switch, workflow, definition = self._hook(token, request.method)
        if definition.signed_by is not None and not request.is_verified:
            raise _cannot_check()
        identity = f"key:{request.key}" if request.key else secrets.token_hex(16)
        firing = Firing(switch.workflow, switch.trigger, "webhook", identity)
        try:
            run_id = self._fire(workflow, definition, firing, _told(request, self._clock.now()), request.files)
        except PatchbayError as error:
            self._switches.say(switch, said=str(error))
            raise
        self._switches.say(switch, fired_at=self._clock.now(), run_id=run_id, said="")
        return run_id

    def ensure(self, token: str, method: str) -> None:
        """Raises as `called` where nothing waits for such a request, whatever its body is."""
        self._hook(token, method)

    def verify(self, token: str, method: str, headers: Mapping[str, str], content: bytes) -> str | None:
        """Look at the signature of a request before anything in it is believed; `content` is its body as it came. Gives
        what tells it from all others, "" where the signature does not say; None where none is wanted. Raises as
        `called`."""
        switch, _, definition = self._hook(token, method)
        if definition.signed_by is None:
            return None
        try:
            return self._check(definition, headers, content)
        except Unsigned as error:
            self._switches.say(switch, said=str(error))
            raise
        except PatchbayError as error:  # whoever calls is not told about our accounts
            self._switches.say(switch, said=str(error))
            raise _cannot_check() from error

    def _hook(self, token: str, method: str) -> tuple[Switch, Workflow, Webhook]:
        """What answers at an address. Raises `NotFound`, or `InvalidInput` for another method."""
        switch = self._switches.called(token)
        workflow = self._load(switch.workflow) if switch else None
        definition = workflow.triggers.get(switch.trigger) if workflow and switch else None
        if workflow is None or switch is None or not isinstance(definition, Webhook):
            raise NotFound("No webhook answers at this address.", remedy="Copy it again from the Builder.")
        self._triggers.hide([switch])
        if method != definition.method:
            raise InvalidInput(f"This webhook is called by {definition.method}.", remedy="Change the request.")
        return switch, workflow, definition

    def by_hand(self, workflow: str, trigger: str, request: Request | None = None) -> RunId | None:
        """Fire by hand, whether it is on or not: a schedule as if it were due now, a webhook as if `request` came, a
        poll for the first item that is there now; None when there is none. Raises `PatchbayError`."""
        view = self._triggers.get(workflow, trigger)
        known, now = self._load(workflow), self._clock.now()
        match view.definition:
            case Schedule() as definition:
                data: dict[str, Any] = {"at": schedule.at(definition, now).isoformat(timespec="seconds")}
            case Webhook():
                if request is None:
                    raise InvalidInput("A webhook fires with a request.", remedy="Give its body.")
                data = _told(request, now)
            case Poll() as definition:
                items = poll.found(definition, self._read(workflow, trigger, definition.ask))
                if not items:
                    return None
                data = {"at": _iso(now), "item": items[0].item}
        firing = Firing(workflow, trigger, view.definition.type, f"hand:{secrets.token_hex(16)}")
        return self._fire(known, view.definition, firing, data)

    def prune(self) -> None:
        """Forget what can come no second time."""
        self._switches.prune(self._clock.now())


def _cannot_check() -> Unsigned:
    return Unsigned(
        "This webhook takes signed requests alone, and cannot check a signature now.",
        remedy="Tell whoever runs it: the page of the workflow says more.",
    )


def _told(request: Request, at: float) -> dict[str, Any]:
    """A request as expressions see it."""
    headers, query = dict(request.headers), dict(request.query)
    return {"at": _iso(at), "method": request.method, "headers": headers, "query": query, "body": request.body}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
