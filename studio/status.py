"""The states of runs, steps and effects in words, colours and icons. One table for the whole studio."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """`color` is one of Streamlit's named colours, `icon` a Material symbol."""

    word: str
    color: str
    icon: str


LOOKS: dict[str, Look] = {
    "queued": Look("Queued", "gray", ":material/schedule:"),
    "pending": Look("Not yet", "gray", ":material/radio_button_unchecked:"),
    "running": Look("Running", "blue", ":material/progress_activity:"),
    "waiting": Look("Waiting", "violet", ":material/hourglass_top:"),
    "planned": Look("Planned", "violet", ":material/visibility:"),
    "open": Look("Open", "gray", ":material/help:"),
    "succeeded": Look("Succeeded", "green", ":material/check_circle:"),
    "failed": Look("Failed", "red", ":material/error:"),
    "skipped": Look("Skipped", "gray", ":material/skip_next:"),
    "cancelled": Look("Cancelled", "orange", ":material/cancel:"),
    "sent": Look("Not confirmed", "orange", ":material/help:"),
    "confirmed": Look("Done", "green", ":material/check_circle:"),
}

PREVIEW = ":violet-badge[:material/visibility: Preview]"
"""Beside the state of a run that sends nothing."""

RUN_STATES = ("queued", "running", "waiting", "succeeded", "failed", "cancelled")


def look(status: str) -> Look:
    return LOOKS.get(status, Look(status.capitalize(), "gray", ":material/help:"))


def badge(status: str) -> str:
    """The state as a coloured badge, in Streamlit's Markdown."""
    shown = look(status)
    return f":{shown.color}-badge[{shown.icon} {shown.word}]"
