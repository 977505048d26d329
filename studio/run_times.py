"""When the steps of a run were at work and when they waited, on one scale. Pure: a `RunView` in, numbers out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.history import ItemView, RunView, StepView
from orchestrator.steps import KINDS
from orchestrator.steps.kind import WaitingKind
from studio.moments import duration
from studio.run_view import loop_items, step_name

ITEMS = 40
"""Of a loop: those that took longest."""

LEAST = 0.8
"""Per cent: what is shorter is drawn as long as this, so that it is seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A step on the timeline, or an item of one. `left` and `width` are per cent of the whole; `left` is None for one
    that never began. `pauses` are where it waited, each as left and width; `waited` is how long, in seconds. `items`
    are some of the `of` items of a loop."""

    label: str
    status: str
    left: float | None
    width: float
    caption: str
    pauses: tuple[tuple[float, float], ...] = ()
    waited: float = 0.0
    items: tuple[Bar, ...] = ()
    of: int = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """From the start of the first step to the end of the last one: when it begins, and how many seconds it spans."""

    first: float
    whole: float
    now: float

    def span(self, began: float, ended: float) -> tuple[float, float]:
        """Left and width of what lies between two moments, in per cent."""
        left = min((began - self.first) / self.whole * 100, 100 - LEAST)
        return left, min(max((ended - began) / self.whole * 100, LEAST), 100 - left)


def scale(run: RunView, now: float) -> Scale:
    begins = [step.started_at for step in run.steps if step.started_at is not None]
    ends = [step.finished_at or now for step in run.steps if step.started_at is not None]
    first = min(begins, default=0.0)
    return Scale(first, max(max(ends, default=0.0) - first, 0.001), now)


def bars(run: RunView, on: Scale) -> list[Bar]:
    """One bar a step."""
    return [_step(step, on) for step in run.steps]


def _step(step: StepView, on: Scale) -> Bar:
    if step.status == "open":
        return Bar(step_name(step), step.status, None, 0.0, step.reason or "")
    bar = _bar(step_name(step), step.status, step.started_at, step.finished_at, on)
    if bar.left is None:
        return replace(bar, caption=step.reason or "")
    items = [(number, item) for number, item in enumerate(loop_items(step), 1) if item.started_at is not None]
    if not items:
        return _with_pauses(bar, step.items[0], step, on) if len(step.items) == 1 else bar
    longest = sorted(items, key=lambda one: _took(one[1], on), reverse=True)[:ITEMS]
    inside = tuple(
        _with_pauses(_bar(f"Item {number:,}", item.status, item.started_at, item.finished_at, on), item, step, on)
        for number, item in sorted(longest, key=lambda one: (one[1].started_at or 0.0, one[0]))
    )
    return replace(bar, items=inside, of=len(items))


def _bar(label: str, status: str, began: float | None, ended: float | None, on: Scale) -> Bar:
    if began is None:
        return Bar(label, status, None, 0.0, "")
    end = ended or on.now
    return Bar(label, status, *on.span(began, end), duration(end - began))


def _took(item: ItemView, on: Scale) -> float:
    return (item.finished_at or on.now) - (item.started_at or on.now)


def _with_pauses(bar: Bar, item: ItemView, step: StepView, on: Scale) -> Bar:
    pauses = list(_pauses(item, step, on))
    spans = tuple(on.span(began, ended) for began, ended in pauses)
    return replace(bar, pauses=spans, waited=sum(ended - began for began, ended in pauses))


def _pauses(item: ItemView, step: StepView, on: Scale) -> Iterator[tuple[float, float]]:
    """A step that asks, or only lets time pass, waits all along; others between their tries, and before the next."""
    end = item.finished_at or on.now
    if isinstance(KINDS.get(step.uses), WaitingKind):
        if item.started_at is not None:
            yield item.started_at, end
        return
    over = [try_.finished_at for try_ in item.attempts]
    goes_on = [try_.started_at for try_ in item.attempts[1:]]
    if item.status == "waiting":
        goes_on.append(end)
    for ended, began in zip(over, goes_on, strict=False):
        if ended is not None and began > ended:
            yield ended, began
