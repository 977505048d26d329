"""The timeline of a run as HTML: one bar a step, on a common scale; the items of a loop unfold below it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from studio.moments import count, duration
from studio.run_times import Bar
from studio.status import look

MARKS = 4
"""Parts into which the scale is divided."""


def timeline(bars: Sequence[Bar], seconds: float, zoom: int = 1) -> str:
    """`seconds` is how long the whole scale is; with a `zoom` it is drawn so many times as wide, and scrolls."""
    rows = "".join(_row(bar) for bar in bars)
    return (
        f'<div class="pb-timeline" style="--pb-zoom:{zoom}" role="region" aria-label="Timeline" tabindex="0">'
        f'{_scale(seconds, zoom)}<div role="list">{rows}</div></div>'
    )


def _scale(seconds: float, zoom: int) -> str:
    parts = MARKS * zoom
    marks = "".join(
        f'<span style="left:{100 * part / parts:.2f}%">{_mark(seconds * part / parts)}</span>' for part in range(parts)
    )
    return (
        f'<div class="pb-row pb-scale" aria-hidden="true"><span class="pb-name"></span><span>{marks}</span>'
        f'<span class="pb-time">{duration(seconds)}</span></div>'
    )


def _mark(seconds: float) -> str:
    return duration(seconds) if seconds >= 0.01 else f"{seconds * 1000:.3g} ms"


def _row(bar: Bar) -> str:
    if not bar.items:
        return f'<div class="pb-row" role="listitem" {_cells(bar)}</div>'
    rest = bar.of - len(bar.items)
    more = (
        f'<div class="pb-more">The {count(len(bar.items), "item")} that took longest, of {bar.of:,}.</div>'
        if rest
        else ""
    )
    inside = "".join(_row(item) for item in bar.items)
    return (
        f'<details role="listitem"><summary class="pb-row" {_cells(bar)}</summary>'
        f'<div role="list" class="pb-items">{inside}</div>{more}</details>'
    )


def _cells(bar: Bar) -> str:
    word = look(bar.status).word
    waited = f", {duration(bar.waited)} of it waiting" if bar.waited else ""
    title = escape(f"{bar.label}: {word}{', ' + bar.caption if bar.caption else ''}{waited}")
    return (
        f'title="{title}"><span class="pb-name">{escape(bar.label)}</span>'
        f'<span class="pb-track">{_track(bar, word)}</span>'
        f'<span class="pb-time">{escape(bar.caption if bar.left is not None else "")}</span>'
    )


def _track(bar: Bar, word: str) -> str:
    if bar.left is None:
        return f'<span class="pb-none">{escape(word)}</span>'
    drawn = f'<span class="pb-bar pb-{escape(bar.status)}" style="{_place(bar.left, bar.width)}"></span>'
    return drawn + "".join(f'<span class="pb-pause" style="{_place(*pause)}"></span>' for pause in bar.pauses)


def _place(left: float, width: float) -> str:
    return f"left:{left:.2f}%;width:{width:.2f}%"
