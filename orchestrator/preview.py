"""Look before it leaps: what a preview may know, and what an approval binds.

A preview is a run whose writes are planned, not sent. A plan's result holds placeholders (`actions.placeholder`) where
only the service can choose a value. What depends on one is *open*: nobody can say yet what it will be.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from orchestrator.actions import PLACEHOLDER_MARK, Plan
from orchestrator.data import is_list, is_object
from orchestrator.masking import mask
from orchestrator.records import encode

PLACEHOLDER = re.compile(f"{PLACEHOLDER_MARK}[^‹›]*›")

UNKNOWN_ANSWERS = ("send", "sent", "stop")
"""What may be said of a write of which nobody knows whether it happened: send it again, it was sent, or give up."""

EXPIRES = 24 * 3600.0
"""Seconds after which a preview that nobody approved ends."""


@dataclass(frozen=True, slots=True)
class PlannedEffect:
    """One write of a preview. `request` is what would be sent, `result` the stand-in for what would come back."""

    step: str
    item: str
    action: str
    account: str
    summary: str
    request: dict[str, Any]
    result: Any


def planned(step: str, item: str, action: str, account: str, plan: Plan) -> PlannedEffect:
    """The plan of an action as it is journalled and compared: without secrets."""
    result = plan.result.model_dump(mode="json", by_alias=True)
    request = orjson.loads(encode(dict(plan.request)))
    return PlannedEffect(step, item, action, account, mask(plan.summary), request, result)


def has_placeholder(value: Any) -> bool:
    """Whether some text in the value is only known once a service has chosen it."""
    if isinstance(value, str):
        return PLACEHOLDER.search(value) is not None
    if is_object(value):
        return any(has_placeholder(part) for part in value.values())
    return is_list(value) and any(has_placeholder(part) for part in value)


def from_outside(value: Any) -> Any:
    """What a person or a service gave, so that nothing in it passes for a placeholder."""
    if isinstance(value, str):
        return value.replace(PLACEHOLDER_MARK, PLACEHOLDER_MARK[0])
    if is_object(value):
        return {key: from_outside(part) for key, part in value.items()}
    return [from_outside(part) for part in value] if is_list(value) else value


def without_placeholders(value: Any) -> Any:
    """The value with null for what only the service knows."""
    if isinstance(value, str):
        return None if has_placeholder(value) else value
    if is_object(value):
        return {key: without_placeholders(part) for key, part in value.items()}
    return [without_placeholders(part) for part in value] if is_list(value) else value


def fits(approved: Any, actual: Any) -> bool:
    """Whether a request is the approved one: the same in everything but the placeholders."""
    if isinstance(approved, str) and isinstance(actual, str):
        pattern = ".+".join(re.escape(part) for part in PLACEHOLDER.split(approved))
        return re.fullmatch(pattern, actual, re.DOTALL) is not None
    if isinstance(approved, str) and PLACEHOLDER.fullmatch(approved):
        return isinstance(actual, int | float)  # a service may choose a number
    if is_object(approved) and is_object(actual):
        return approved.keys() == actual.keys() and all(fits(approved[key], actual[key]) for key in approved)
    if is_list(approved) and is_list(actual):
        return len(approved) == len(actual) and all(map(fits, approved, actual))
    return type(approved) is type(actual) and approved == actual


def digest(plans: Iterable[PlannedEffect]) -> str:
    """What an approval names, so that it is of exactly these writes: SHA-256, 16 hex digits."""
    ordered = sorted(plans, key=lambda plan: (plan.step, plan.item))
    content = [(plan.step, plan.item, plan.action, plan.account, plan.request) for plan in ordered]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
