"""Tells the story of a run: its events, folded into what a person reads (`history`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from orchestrator.data import is_object
from orchestrator.decide import ItemState, RunState, StepState
from orchestrator.events import Event
from orchestrator.graph import Graph
from orchestrator.history import (
    Attempt,
    EffectView,
    ItemView,
    LogLine,
    Question,
    RunSummary,
    RunView,
    StepView,
    Usage,
)
from orchestrator.journal import EffectRow
from orchestrator.preview import digest


@dataclass(slots=True)
class _Story:
    """What the events say of one item, besides its state."""

    input: dict[str, Any] | None = None
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    usage: Usage = field(default_factory=Usage)
    reused: bool = False
    started_at: float | None = None
    finished_at: float | None = None


def run_view(summary: RunSummary, graph: Graph, events: Iterable[Event], effects: Iterable[EffectRow]) -> RunView:
    """The whole run, for a page, the command line or the API."""
    state = RunState(graph, summary.id)
    stories: dict[tuple[str, str], _Story] = {}
    logs: dict[str, list[LogLine]] = {id: [] for id in graph.nodes}
    for event in events:
        state.apply(event)
        if event.type == "step.log":
            logs[event.step].append(LogLine(event.at, event.step, event.item, event.data["message"]))
        elif event.step:
            _tell(stories.setdefault((event.step, event.item), _Story()), event)
    steps = tuple(_step(state.steps[id], stories, logs[id]) for id in graph.nodes)
    return RunView(
        summary=summary,
        workflow=graph.workflow.dump(),
        inputs=state.scope["inputs"],
        output=state.output,
        steps=steps,
        effects=tuple(_effect(row) for row in effects),
        questions=tuple(
            Question(
                run_id=summary.id,
                step=step,
                item=item,
                kind=asked["kind"],
                message=asked["message"],
                who=asked["who"],
                show=asked.get("show"),
                type=asked.get("type"),
                choices=asked.get("choices"),
                until=state.waits.get((step, item)),
            )
            for (step, item), asked in state.questions.items()
        ),
        mode=state.mode,
        plans=tuple(state.plans.values()),
        plan_hash=digest(state.plans.values()) if state.plans else None,
        usage=total(step.usage for step in steps),
    )


def total(usages: Iterable[Usage]) -> Usage:
    """The sum. Its cost is None when no price was known."""
    known = list(usages)
    costs = [usage.cost for usage in known if usage.cost is not None]
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in known),
        output_tokens=sum(usage.output_tokens for usage in known),
        cost=sum(costs) if costs else None,
    )


def _tell(story: _Story, event: Event) -> None:
    match event.type:
        case "step.started":
            story.input = event.data["input"]
            story.started_at = story.started_at or event.at
            story.attempts.append(Attempt(event.attempt, event.at, None, None))
        case "step.succeeded" | "step.failed" | "step.retrying" | "step.cancelled":
            error = event.data.get("error")
            if story.attempts:
                last = story.attempts[-1]
                story.attempts[-1] = Attempt(last.number, last.started_at, event.at, error)
            if event.data.get("usage"):
                story.usage = Usage(**event.data["usage"])
            story.reused = bool(event.data.get("reused"))
            story.finished_at = None if event.type == "step.retrying" else event.at
        case _:
            pass


def _step(step: StepState, stories: dict[tuple[str, str], _Story], log: list[LogLine]) -> StepView:
    id = step.node.step.id
    items = tuple(_item(name, item, stories.get((id, name), _Story())) for name, item in _in_order(step))
    outputs = [item.output for item in items] if step.is_loop else (items[0].output if items else None)
    return StepView(
        id=id,
        name=step.node.step.name or id,
        uses=step.node.step.uses,
        status=step.status,
        needs=step.node.needs,
        output=outputs if step.status in ("succeeded", "failed", "running", "waiting") else None,
        error=step.error,
        reason=step.reason,
        items=items,
        log=tuple(log),
        started_at=step.started_at,
        finished_at=step.finished_at,
        usage=total(item.usage for item in items),
        is_loop=step.is_loop,
    )


def _in_order(step: StepState) -> list[tuple[str, ItemState]]:
    return sorted(step.items.items(), key=lambda pair: int(pair[0] or -1))


def _item(name: str, item: ItemState, story: _Story) -> ItemView:
    return ItemView(
        item=name,
        status=item.status,
        input=story.input,
        output=None if item.status == "failed" else item.output,
        error=item.error,
        attempts=tuple(story.attempts),
        started_at=story.started_at,
        finished_at=story.finished_at,
        usage=story.usage,
        reused=story.reused,
    )


def _effect(row: EffectRow) -> EffectView:
    result = orjson.loads(row.result) if row.result else None
    link = result.get("url") if is_object(result) else None
    return EffectView(
        action=row.action,
        account=row.account,
        step=row.step,
        item=row.item,
        summary=row.summary,
        link=link if isinstance(link, str) else None,
        status=row.status,  # pyright: ignore[reportArgumentType]
        at=row.at,
    )
