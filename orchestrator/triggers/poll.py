"""What a look at a service found: which items, and what tells one from all others. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.data import is_list, short
from orchestrator.errors import ExpressionError
from orchestrator.expressions import compile_value
from orchestrator.triggers.definition import Poll


@dataclass(frozen=True, slots=True)
class Found:
    """One item of a look. `identity` is the same in every look."""

    identity: str
    item: Any


def found(poll: Poll, result: Any) -> list[Found]:
    """The items in what the action gave, each once, in its order. Raises `ExpressionError`."""
    items = compile_value(poll.items).render({"result": result})
    if not is_list(items):
        raise ExpressionError(f"'{poll.items}' gives no list but {short(items)}.", remedy="Choose the list of items.")
    identity = compile_value(poll.identity)
    by_identity = {_text(identity.render({"item": item}), poll): item for item in items}
    return [Found(identity, item) for identity, item in by_identity.items()]


def _text(value: Any, poll: Poll) -> str:
    if isinstance(value, str | int | float) and str(value).strip():
        return str(value)
    raise ExpressionError(
        f"'{poll.identity}' does not tell items apart: one gives {short(value)}.",
        remedy="Choose what is different for each item, such as {{ item.id }}.",
    )
