"""The triggers of a draft as forms show them: how often, in words; what a trigger gives; what a service lists."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from orchestrator.actions import Action
from orchestrator.data import is_list, is_object
from orchestrator.errors import PatchbayError
from orchestrator.expressions import compile_value
from orchestrator.registry import Registry
from orchestrator.triggers import schedule
from orchestrator.triggers.definition import Schedule, Trigger
from studio.builder.fields import resolved
from studio.builder.trees import declared_tree, tree
from studio.builder.variables import Reach

Kind = Literal["schedule", "webhook", "poll"]
How = Literal["weekdays", "daily", "weekly", "monthly", "hourly", "every", "cron"]

KINDS: dict[Kind, tuple[str, str, str]] = {
    "schedule": ("At a time", ":material/schedule:", "Each weekday at 8, every ten minutes, on the first of a month."),
    "webhook": ("When it is called", ":material/webhook:", "Another service sends something to an address of its own."),
    "poll": (
        "When something is new",
        ":material/notifications:",
        "A mail, a page, an issue that was not there before.",
    ),
}
"""What people read of each kind: its name, its sign, when to take it."""

HOW: dict[How, str] = {
    "weekdays": "On weekdays",
    "daily": "Every day",
    "weekly": "Once a week",
    "monthly": "Once a month",
    "hourly": "Every hour",
    "every": "Every so many minutes",
    "cron": "By a cron expression",
}

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

NAMED = ("id", "url", "path", "key", "number", "name")
"""What tells items apart, the best first."""

SIMPLE = ("string", "integer", "number", "boolean")
"""What a person can say of a parameter without an earlier step."""

LOOK_AHEAD = 5
ROOM = 300
EXAMPLE = '{"name": "Ann"}'
MORNING = time(8, 0)

_TRIGGER: TypeAdapter[Trigger] = TypeAdapter(Trigger)


@dataclass(frozen=True, slots=True)
class Often:
    """How often a schedule runs, as a person chooses it. `weekday` is 1 for Monday; `day` one of the month."""

    how: How
    at: time = MORNING
    weekday: int = 1
    day: int = 1
    minutes: float = 60
    cron: str = "0 8 * * 1-5"

    @classmethod
    def of(cls, trigger: Mapping[str, Any]) -> Often:
        """The choice that gives what stands in the draft."""
        every, cron = trigger.get("every"), trigger.get("cron")
        if isinstance(every, int | float):
            return cls("every", minutes=every / 60)
        said = cron if isinstance(cron, str) else ""
        choice = _choice(said.split())
        return choice if choice and choice.keys()["cron"] == said else cls("cron", cron=said)

    def keys(self) -> dict[str, Any]:
        """What stands in the draft: "cron", or "every" in seconds."""
        minute, hour = self.at.minute, self.at.hour
        match self.how:
            case "weekdays":
                return {"cron": f"{minute} {hour} * * 1-5"}
            case "daily":
                return {"cron": f"{minute} {hour} * * *"}
            case "weekly":
                return {"cron": f"{minute} {hour} * * {self.weekday}"}
            case "monthly":
                return {"cron": f"{minute} {hour} {self.day} * *"}
            case "hourly":
                return {"cron": f"{minute} * * * *"}
            case "every":
                seconds = round(self.minutes * 60, 3)
                return {"every": int(seconds) if seconds == int(seconds) else seconds}
            case "cron":
                return {"cron": self.cron}


def _choice(fields: list[str]) -> Often | None:
    if len(fields) != 5 or not fields[0].isdecimal() or int(fields[0]) > 59:
        return None
    minute, hour, day, _, weekday = fields
    if hour == "*":
        return Often("hourly", at=time(0, int(minute)))
    if not hour.isdecimal() or int(hour) > 23:
        return None
    at = time(int(hour), int(minute))
    if weekday == "1-5":
        return Often("weekdays", at)
    if weekday.isdecimal():
        return Often("weekly", at, weekday=int(weekday) or 7)
    return Often("monthly", at, day=int(day)) if day.isdecimal() else Often("daily", at)


def read(trigger: Any) -> Trigger | None:
    """The trigger of a draft; None while it is half written."""
    try:
        return _TRIGGER.validate_python(trigger)
    except ValidationError:
        return None


def begun(kind: Kind, timezone: str | None) -> dict[str, Any]:
    """A trigger that was just added."""
    match kind:
        case "schedule":
            return {"type": "schedule", "cron": "0 8 * * 1-5", "timezone": timezone or "UTC"}
        case "webhook":
            return {"type": "webhook"}
        case "poll":
            return {"type": "poll", "ask": {"uses": ""}, "every": 300, "items": "", "identity": ""}


def free_name(kind: Kind, taken: Mapping[str, Any]) -> str:
    """Its kind, or with a number behind it when that is taken."""
    numbered = (f"{kind}_{number}" for number in range(2, len(taken) + 3))
    return kind if kind not in taken else next(name for name in numbered if name not in taken)


def coming(trigger: Schedule) -> list[str]:
    """The next times, as its own clocks show them."""
    return [f"{moment:%a %-d %b, %H:%M}" for moment in schedule.coming(trigger, clock.time(), LOOK_AHEAD)]


def reading_actions(registry: Registry) -> dict[str, str]:
    """What a poll can ask, by what people call it: what lists things that can be told apart."""
    return {action.id: called(action) for action in registry.values() if _looks_outside(action) and _is_list(action)}


def _looks_outside(action: Action) -> bool:
    return action.effect == "read" and not action.connector.inside


def called(action: Action) -> str:
    return f"{action.connector.title}: {action.title}"


def _is_list(action: Action) -> bool:
    """Not so of what works on the output of an earlier step: it needs a list, or the id of one thing."""
    schema = action.params.model_json_schema(by_alias=True)
    needed = {name: schema["properties"][name] for name in schema.get("required", ())}
    if "id" in needed or any(part.get("type") not in SIMPLE for part in needed.values()):
        return False
    return any(_named(item) for item in _lists(action.result.model_json_schema(by_alias=True)).values())


def asking(uses: str, registry: Registry) -> dict[str, Any]:
    """What a poll that asks this action begins with."""
    schema = registry[uses].result.model_json_schema(by_alias=True)
    lists = _lists(schema)
    name = next((name for name, item in lists.items() if _named(item)), next(iter(lists), ""))
    if not name:
        return {"ask": {"uses": uses}, "items": "", "identity": ""}
    named = _named(lists[name])
    identity = f"{{{{ item.{named} }}}}" if named else "{{ item }}"
    return {"ask": {"uses": uses}, "items": f"{{{{ result.{name} }}}}", "identity": identity}


def _named(item: Mapping[str, Any]) -> str | None:
    return next((key for key in NAMED if key in item.get("properties", {})), None)


def _lists(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The lists in what an action gives, with what is declared of their items."""
    defs = schema.get("$defs", {})
    parts = {name: resolved(part, defs) for name, part in schema.get("properties", {}).items()}
    return {name: resolved(part.get("items", {}), defs) for name, part in parts.items() if part.get("type") == "array"}


def given(id: str, trigger: Mapping[str, Any], looked: Any = None, body: Any = None) -> Reach:
    """What the expressions of a trigger can use, with an example of each: `looked` is what a poll gave last, `body` is
    what comes to a webhook."""
    data: dict[str, Any] = {
        "id": id,
        "type": trigger.get("type"),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    match trigger.get("type"):
        case "webhook":
            data |= {"body": body, "query": {}, "headers": {}, "method": trigger.get("method", "POST")}
        case "poll":
            data["item"] = next(iter(items_of(trigger, looked)), {})
    return Reach([tree("trigger", "This trigger", data, ROOM)], {"trigger": data, "steps": {}})


def of_a_look(trigger: Mapping[str, Any], looked: Any, registry: Registry) -> Reach:
    """What `items` and `identity` of a poll can use; before the first look, the names that its action declares."""
    if looked is None:
        result = registry[trigger["ask"]["uses"]].result
        return Reach([declared_tree("result", "What it gives", result, ROOM, is_list=False)], {"steps": {}})
    item = next(iter(items_of(trigger, looked)), {})
    found = [tree("result", "What it gives", looked, ROOM), tree("item", "This item", item, ROOM)]
    return Reach(found, {"result": looked, "item": item, "steps": {}})


def items_of(trigger: Mapping[str, Any], looked: Any) -> list[Any]:
    """The items in what a poll gave; none where that cannot be said."""
    if not is_object(looked):
        return []
    try:
        found = compile_value(trigger.get("items") or "").render({"result": looked})
    except PatchbayError:
        return []
    return found if is_list(found) else []
