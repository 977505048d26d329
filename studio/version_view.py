"""Versions and their differences in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from orchestrator.version_diff import Change
from orchestrator.versions import Origin

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


def _side(change: Change, value: Any, absent: str) -> str:
    if change.kind == absent:
        return ""
    if change.kind == "moved":
        return f"in {value}" if value else "in the workflow"
    if not change.field and isinstance(value, dict):
        value = value.get("uses", value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
