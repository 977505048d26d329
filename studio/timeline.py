"""The timeline of a run as HTML: one bar a step, on a common scale."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from studio.run_view import Bar
from studio.status import look


def timeline(bars: Sequence[Bar]) -> str:
    rows = "".join(_row(bar) for bar in bars)
    return f'<div class="pb-timeline" role="list" aria-label="Timeline">{rows}</div>'


def _row(bar: Bar) -> str:
    word = look(bar.status).word
    if bar.left is None:
        track = f'<span class="pb-none">{escape(word)}</span>'
    else:
        track = (
            f'<span class="pb-bar pb-{escape(bar.status)}" style="left:{bar.left:.2f}%;width:{bar.width:.2f}%"></span>'
        )
    title = escape(f"{bar.label}: {word}{', ' + bar.caption if bar.caption else ''}")
    time = escape(bar.caption if bar.left is not None else "")
    return (
        f'<div class="pb-row" role="listitem" title="{title}"><span class="pb-name">{escape(bar.label)}</span>'
        f'<span class="pb-track">{track}</span><span class="pb-time">{time}</span></div>'
    )
