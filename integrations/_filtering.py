"""Whether a value is as a person wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from integrations import _tables as tables
from orchestrator.actions import ServiceError

Operator = Literal[
    "equals",
    "not_equals",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "more_than",
    "at_least",
    "less_than",
    "at_most",
    "one_of",
    "empty",
    "not_empty",
]


def condition(operator: Operator, value: Any, ignore_case: bool) -> Callable[[Any], bool]:
    """Whether a value is as wanted. Raises `ServiceError` for a comparison that has nothing to compare with."""

    def folded(one: Any) -> Any:
        return one.casefold() if ignore_case and isinstance(one, str) else one

    def same(one: Any) -> Any:
        return tables.key(folded(one))

    def holds(known: Any) -> bool:
        if isinstance(known, list):
            return same(value) in map(same, known)
        return known is not None and str(folded(value)) in str(folded(known))

    def text(known: Any) -> str:
        return "" if known is None else str(folded(known))

    def compared(known: Any) -> int | None:
        """Whether it is less (-1), the same or more (1), None for an empty one, which is neither."""
        if tables.is_empty(known):
            return None
        mine, wanted = tables.order([folded(known), folded(value)])
        if isinstance(mine, tuple) and (tables.number(value) is not None):
            raise ServiceError(
                f"'{str(known)[:100]}' is no number, so it is neither more nor less than {value}.",
                remedy="Filter those out before, or compare with a text.",
            )
        return (mine > wanted) - (mine < wanted)

    if operator not in ("empty", "not_empty", "equals", "not_equals") and tables.is_empty(value):
        raise ServiceError(f"'{operator}' needs a value to compare with.", remedy="Give the step a value.")
    if operator == "one_of" and not isinstance(value, list):
        raise ServiceError("'one_of' needs a list of values.", remedy='Write it as ["a", "b"].')
    wanted = {same(one) for one in value} if operator == "one_of" else {same(value)}
    return {
        "equals": lambda known: same(known) in wanted,
        "one_of": lambda known: same(known) in wanted,
        "not_equals": lambda known: same(known) not in wanted,
        "contains": holds,
        "not_contains": lambda known: not holds(known),
        "starts_with": lambda known: text(known).startswith(str(folded(value))),
        "ends_with": lambda known: text(known).endswith(str(folded(value))),
        "more_than": lambda known: compared(known) == 1,
        "at_least": lambda known: compared(known) in (0, 1),
        "less_than": lambda known: compared(known) == -1,
        "at_most": lambda known: compared(known) in (0, -1),
        "empty": tables.is_empty,
        "not_empty": lambda known: not tables.is_empty(known),
    }[operator]
