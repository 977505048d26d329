"""What the page *Accounts* shows and asks for. No Streamlit here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from orchestrator.account_entries import AccountEntry, AccountState
from orchestrator.account_fields import own_fields
from orchestrator.actions import Connector
from orchestrator.environment_accounts import ADDRESS
from orchestrator.errors import PatchbayError
from orchestrator.settings import account_values
from orchestrator.triggers.definition import Poll, Webhook
from orchestrator.workflow import Step, Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.forms import Field, Kind
from studio.moments import ago
from studio.status import Look
from studio.workflow_view import every_step

_KINDS: dict[str, Kind] = {"string": "text", "number": "number", "integer": "integer", "boolean": "boolean"}


DAY = 86400.0

_LOOKS: dict[AccountState, Look] = {
    "works": Look("Works", "green", ":material/check_circle:"),
    "untested": Look("Not tested", "gray", ":material/help:"),
    "ends_soon": Look("Ends soon", "orange", ":material/schedule:"),
    "ended": Look("Has ended", "red", ":material/event_busy:"),
    "failed": Look("Needs care", "red", ":material/error:"),
    "locked": Look("Locked", "red", ":material/lock:"),
}
_PRACTICE = Look("Practice", "gray", ":material/science:")
_WRONG = Look("Needs care", "red", ":material/error:")


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account. `look` and `state` say how it is, in a word and in a sentence; `remedy`, "" where nothing is to be
    done, what to do. `used_by` are the workflows that act as it: id and title."""

    entry: AccountEntry
    look: Look
    state: str
    needs_care: bool
    remedy: str
    used_by: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ServiceCard:
    """A service and the accounts that there are for it."""

    id: str
    title: str
    icon: str
    can_test: bool
    lines: tuple[AccountLine, ...]

    @property
    def is_connected(self) -> bool:
        return any(line.entry.source != "practice" for line in self.lines)


def service_cards(engine: WorkflowEngine, now: float) -> list[ServiceCard]:
    """Every service that an account can be connected for, those with one first. `now` is in seconds since 1970."""
    uses = _uses(engine)
    entries = engine.accounts.list()
    cards = [
        ServiceCard(
            id=connector.id,
            title=connector.title,
            icon=connector.icon,
            can_test=connector.check_function is not None,
            lines=tuple(
                _line(entry, _used_by(entry, uses), now) for entry in entries if entry.connector == connector.id
            ),
        )
        for connector in engine.registry.connectors.values()
        if own_fields(connector)
    ]
    return sorted(cards, key=lambda card: (not card.is_connected, card.title.casefold()))


def accounts_that_need_care(engine: WorkflowEngine, now: float) -> list[tuple[str, AccountLine]]:
    """Those that do not work, or soon will not: the title of the service, and the account."""
    entries = [entry for entry in engine.accounts.list() if entry.needs_care(now)]
    return [(engine.registry.connectors[entry.connector].title, _line(entry, (), now)) for entry in entries]


def _line(entry: AccountEntry, used_by: tuple[tuple[str, str], ...], now: float) -> AccountLine:
    state = entry.state(now)
    needs_care = entry.needs_care(now)
    remedy = f"Reconnect '{entry.name}'." if needs_care and entry.source == "saved" else ""
    return AccountLine(entry, _look(entry, state), state_of(entry, now), needs_care, remedy, used_by)


def _look(entry: AccountEntry, state: AccountState) -> Look:
    if entry.source == "practice":
        return _PRACTICE
    return _WRONG if state == "locked" and entry.source == "environment" else _LOOKS[state]


def state_of(entry: AccountEntry, now: float) -> str:
    """How an account is, in a sentence or two."""
    if entry.problem:
        return entry.problem
    if entry.expires_at is not None and entry.expires_at <= now:
        return f"Its key ended {ago(entry.expires_at, now)}."
    ends = "" if entry.expires_at is None else f"Its key ends {in_days(entry.expires_at - now)}."
    if entry.tested_at is not None:
        tested = f"tested {ago(entry.tested_at, now)}"
        said = f"It works: {entry.said} ({tested})" if entry.works else f"It does not work ({tested}): {entry.said}"
        return f"{said.rstrip('.')}. {ends}" if ends else said
    untested = {
        "saved": "Not tested yet.",
        "environment": "Set by environment variables, and changed there.",
        "practice": "Comes with Patchbay. Nothing that is done here leaves this computer.",
    }
    return ends or untested[entry.source]


def in_days(seconds: float) -> str:
    """How far away something is: "in 3 days"."""
    days = int(seconds // DAY)
    return "today" if days < 1 else "tomorrow" if days == 1 else f"in {days} days"


def end_of(day: date) -> float:
    """The end of a day here, in seconds since 1970."""
    return datetime(day.year, day.month, day.day, 23, 59, 59).astimezone().timestamp()


def client_fields(connector: Connector, filled: Mapping[str, Any] | None = None) -> list[Field]:
    """What is asked before a person is sent to the service to allow access, unless the environment says it. `filled` is
    what the account has, as in `account_fields`."""
    consent = connector.consent
    if consent is None:
        return []
    known = account_values(consent.id, list(consent.client))
    schema = connector.account.model_json_schema()
    return [_field(name, schema["properties"][name], True, filled) for name in consent.client if name not in known]


def account_fields(connector: Connector, filled: Mapping[str, Any] | None = None) -> tuple[list[Field], list[Field]]:
    """The form of an account: what everybody fills in, and what only experts need. `filled` is what an account has, its
    secrets aside: they stay as they are when nothing is typed."""
    schema = connector.account.model_json_schema()
    for_practice = {name for name, text in (connector.practice or {}).items() if "{studio}" in text}
    simple: list[Field] = []
    expert: list[Field] = []
    for name in own_fields(connector):
        if name not in for_practice:
            declared = schema["properties"][name]
            is_expert = declared.get("expert") or (name == ADDRESS and declared.get("default"))
            field = _field(name, declared, name in schema.get("required", ()), filled)
            (expert if is_expert else simple).append(field)
    return simple, expert


def without_defaults(connector: Connector, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that say something: a default may be another one some day."""
    fields = connector.account.model_fields
    return {name: value for name, value in values.items() if value != fields[name].default}


def _field(name: str, declared: dict[str, Any], required: bool, filled: Mapping[str, Any] | None) -> Field:
    types = [declared, *declared.get("anyOf", ())]
    secret = any(one.get("writeOnly") for one in types)
    choices = next((one["enum"] for one in types if "enum" in one), ())
    kind = next((_KINDS[one["type"]] for one in types if one.get("type") in _KINDS), "text")
    default = declared.get("default")
    initial: Any = (filled or {}).get(name, default)
    return Field(
        name=name,
        label=declared["title"],
        kind="secret" if secret else "choice" if choices else kind,
        required=required and not (secret and filled is not None),
        initial=filled is not None if secret else initial,
        help=declared.get("description", ""),
        options=tuple((choice, str(choice)) for choice in choices),
    )


def _uses(engine: WorkflowEngine) -> list[tuple[Workflow, set[tuple[str, str | None]]]]:
    """Each workflow and the accounts that it names: connector, and name or None for the one in use."""
    found: list[tuple[Workflow, set[tuple[str, str | None]]]] = []
    for listed in engine.library.workflows.list():
        with suppress(PatchbayError):  # a broken file uses nothing until it is corrected
            workflow = engine.load_workflow(listed.id)
            found.append((workflow, {*_named(every_step(workflow), engine), *_triggered(workflow, engine)}))
    return found


def _named(steps: Iterable[Step], engine: WorkflowEngine) -> Iterable[tuple[str, str | None]]:
    for step in steps:
        action = engine.registry.get(step.uses)
        if action is None:
            continue
        yield action.connector.id, step.account
        if "model" in action.params.model_fields:
            named = step.with_.get("model")
            with suppress(PatchbayError):
                yield engine.accounts.model(named if isinstance(named, str) and "{{" not in named else None)[0].id, None


def _triggered(workflow: Workflow, engine: WorkflowEngine) -> Iterable[tuple[str, str | None]]:
    for trigger in workflow.triggers.values():
        if isinstance(trigger, Webhook) and trigger.signed_by is not None:
            yield trigger.signed_by, trigger.account
        elif isinstance(trigger, Poll) and (action := engine.registry.get(trigger.ask.uses)):
            yield action.connector.id, trigger.ask.account


def _used_by(
    entry: AccountEntry, uses: Sequence[tuple[Workflow, set[tuple[str, str | None]]]]
) -> tuple[tuple[str, str], ...]:
    asked: set[tuple[str, str | None]] = {(entry.connector, entry.name)}
    if entry.in_use:
        asked.add((entry.connector, None))
    return tuple((workflow.id, workflow.title) for workflow, named in uses if named & asked)
