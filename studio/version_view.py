"""Versions and their differences in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from orchestrator.data import is_object
from orchestrator.version_diff import Change
from orchestrator.versions import Origin
from studio.canvas import BoxChange

LONGEST = 200

ORIGINS: dict[Origin, str] = {
    "shipped": "Shipped with Patchbay",
    "disk": "Edited on disk",
    "published": "Published",
    "restored": "Restored",
    "imported": "Imported",
}

KINDS = {"added": "added", "removed": "removed", "moved": "moved", "changed": ""}


def origin_words(origin: Origin) -> str:
    return ORIGINS[origin]


def change_rows(found: Sequence[Change]) -> list[tuple[str, str, str, str]]:
    """A row for each difference: step, what, before, after."""
    return [
        (
            change.step or "Workflow",
            " ".join(part for part in (change.field or "step", KINDS[change.kind]) if part),
            _side(change, change.before, "added"),
            _side(change, change.after, "removed"),
        )
        for change in found
    ]


def box_changes(found: Sequence[Change]) -> dict[str, BoxChange]:
    """How the boxes of the canvas differ: steps by their ids, states as "step:state"."""
    boxes: dict[str, BoxChange] = {}
    for change in found:
        if not change.step:
            continue
        for box, kind in _boxes(change):
            known = boxes.get(box)
            if kind != "changed":
                boxes[box] = BoxChange(kind=kind, fields=0)
            elif known is None or known["kind"] in ("changed", "moved"):
                boxes[box] = BoxChange(kind="changed", fields=(known["fields"] if known else 0) + 1)
    return boxes


def _boxes(change: Change) -> Iterator[tuple[str, Literal["added", "removed", "changed", "moved"]]]:
    if change.field:
        yield change.step, "changed"
        place, _, rest = change.field.removeprefix("states.").partition(".")
        if place != change.field:
            yield f"{change.step}:{place}", "changed" if rest else change.kind
        return
    yield change.step, change.kind
    step = change.before if change.kind == "removed" else change.after
    states = step.get("states") if is_object(step) else None
    for name in states if is_object(states) else ():
        yield f"{change.step}:{name}", change.kind


def _side(change: Change, value: Any, absent: str) -> str:
    if change.kind == absent:
        return ""
    if change.kind == "moved":
        return f"in {value}" if value else "in the workflow"
    if not change.field and isinstance(value, dict):
        value = value.get("uses", value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
