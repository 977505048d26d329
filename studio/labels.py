"""What people read of the options of a choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

K = TypeVar("K")


def distinct(labels: Mapping[K, str]) -> dict[K, str]:
    """The same labels, those that are alike numbered: Streamlit knows an option by what people read of it."""
    seen: dict[str, int] = {}
    found: dict[K, str] = {}
    for key, label in labels.items():
        seen[label] = seen.get(label, 0) + 1
        found[key] = label if seen[label] == 1 else f"{label} ({seen[label]})"
    return found
