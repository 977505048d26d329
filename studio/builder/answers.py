"""What the expressions of a text give now, in the words of the field below which it is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

from orchestrator.data import is_list, is_object
from orchestrator.errors import PatchbayError
from orchestrator.expressions import Expression, compile_value
from studio.builder.trees import NOTHING, Variable
from studio.builder.variables import Reach, value_now
from studio.expression_field import Answer
from studio.markup import cell

SHORT = 160
"""Characters of a value on the line below a field."""

CALM = 60
"""Characters of a name, and of the value beside it."""

LONG = 4000
"""Characters of a value that is unfolded."""

REPEATED = re.compile(r"^'.*?' (has no value: |(?=is not a valid expression))", re.DOTALL)
"""The text that an error begins with. Below the field, everybody sees which one is meant."""

OF_A_LOOP = frozenset({"item", "index"})

EMPTY = re.compile(r"\{\{\s*\}\}")


def is_expression(text: Any) -> bool:
    return isinstance(text, str) and ("{{" in text or "{%" in text)


def answer_of(text: Any, reach: Reach) -> Answer | None:
    """What a text gives; None for one without expressions."""
    if not is_expression(text):
        return None
    if EMPTY.search(text):
        return Answer("waits", "Type between the braces, or choose a value with { }.")
    value, wrong = value_now(text, reach.scope)
    if not wrong:
        return _told(value)
    earlier = waits_for(text, reach)
    if earlier:
        return Answer("waits", f"Its value shows here once '{cell(earlier[0], CALM)}' has run.")
    if reach.items is not None and _used(text).names & OF_A_LOOP:
        return Answer("waits", "Its value shows here once there is something in the list that it is done for.")
    why = REPEATED.sub("", wrong)
    return Answer("wrong", f"It {why}" if why.startswith("is ") else f"{why[:1].upper()}{why[1:]}")


def waits_for(text: Any, reach: Reach) -> list[str]:
    """The earlier steps that an expression uses, itself or by the list of its loop, and that have not run yet, as
    people call them."""
    used = _used(text)
    steps = used.steps | _used(reach.items).steps if used.names & OF_A_LOOP else used.steps
    names = {variable.path.removeprefix("steps."): variable.name for variable in reach.found}
    return [names[id] for id in sorted(steps) if id in names and id not in reach.scope["steps"]]


def _used(text: Any) -> Expression:
    """What a text uses: nothing, if it is wrong."""
    try:
        return compile_value(text)
    except PatchbayError:
        return compile_value(None)


def names_data(found: Sequence[Variable], above: str = "") -> list[dict[str, Any]]:
    """The names as the browser takes them: `at` is what stands behind the path of the name above, and `left` counts
    the names that are left out."""
    data: list[dict[str, Any]] = []
    for variable in found:
        one: dict[str, Any] = {
            "at": variable.path.removeprefix(above),
            "name": cell(variable.name, CALM),
            "kind": variable.kind,
            "value": _beside(variable.value),
            "parts": names_data(variable.parts, variable.path),
            "left": len(variable.value) - len(variable.parts) if is_object(variable.value) and variable.parts else 0,
        }
        data.append({key: part for key, part in one.items() if part or key in ("at", "name", "kind")})
    return data


def _told(value: Any) -> Answer:
    if is_list(value) or is_object(value):
        noun = "in a list" if is_list(value) else "value" if len(value) == 1 else "values"
        text = orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()
        return Answer("value", f"{len(value)} {noun}", _cut(text, LONG)) if value else Answer("value", f"0 {noun}")
    if value is None:
        return Answer("value", "nothing")
    text = cell(value, SHORT)
    whole = value if isinstance(value, str) else ""
    return Answer("value", text or "an empty text", _cut(whole, LONG) if text != whole and whole.strip() else "")


def _beside(value: Any) -> str:
    if value is NOTHING or is_object(value):
        return ""
    if value is None:
        return "nothing"
    return f"{len(value)} in a list" if is_list(value) else cell(value, CALM) or "an empty text"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
