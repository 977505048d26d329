"""Tells the story of a run: its events, folded into what a person reads (`history`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from orchestrator.data import is_object
from orchestrator.events import Event
from orchestrator.frames import ItemState, StepState
from orchestrator.graph import Graph, Node
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
from orchestrator.live import summed_status
from orchestrator.preview import digest
from orchestrator.state import RunState


@dataclass(slots=True)
class _Story:
    """What the events say of one item, besides its state."""

    input: dict[str, Any] | None = None
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    usage: Usage = field(default_factory=Usage)
    reused: bool = False
    cached: bool = False
    pinned: bool = False
    tried: bool = True
    """Of the last attempt. One that only waited is forgotten when the next one begins."""
    started_at: float | None = None
    finished_at: float | None = None


def run_view(summary: RunSummary, graph: Graph, events: Iterable[Event], effects: Iterable[EffectRow]) -> RunView:
    """The whole run, for a page, the command line or the API."""
    state = RunState(graph, summary.id)
    stories: dict[tuple[str, str], _Story] = {}
    logs: dict[str, list[LogLine]] = {id: [] for id in graph.every}
    for event in events:
        state.apply(event)
        if event.type == "run.approved":  # what was planned has not been tried yet
            stories = {key: story for key, story in stories.items() if key[1] in state.step(*key).items}
        if event.type == "step.log":
            logs[event.step].append(LogLine(event.at, event.step, event.item, event.data["message"]))
        elif event.step:
            _tell(stories.setdefault((event.step, event.item), _Story()), event)
    pauses = {key: until for key, until in state.waits.items() if key not in state.questions}
    steps = tuple(
        _step(graph.every[id], states, stories, logs[id], pauses) for id, states in state.everywhere().items()
    )
    return RunView(
        summary=summary,
        workflow=graph.workflow.dump(),
        inputs=state.inputs,
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
        accounts=state.accounts,
    )


def total(usages: Iterable[Usage]) -> Usage:
    """The sum. Its cost is None when no price was known."""
    return sum(usages, Usage())


def _tell(story: _Story, event: Event) -> None:
    match event.type:
        case "step.started":
            story.input = event.data["input"]
            story.started_at = story.started_at or event.at
            if not story.tried:
                story.attempts.pop()
            story.attempts.append(Attempt(len(story.attempts) + 1, event.at, None, None))
            story.tried = True
        case "step.succeeded" | "step.failed" | "step.retrying" | "step.cancelled":
            error = event.data.get("error")
            usage = Usage(**event.data["usage"]) if event.data.get("usage") else Usage()
            if story.attempts:
                last = story.attempts[-1]
                story.attempts[-1] = Attempt(last.number, last.started_at, event.at, error, usage)
            story.usage += usage
            story.reused = bool(event.data.get("reused"))
            story.cached = bool(event.data.get("cached"))
            story.pinned = bool(event.data.get("pinned"))
            story.finished_at = None if event.type == "step.retrying" else event.at
            story.tried = event.data.get("tried", True)
        case _:
            pass


def _step(
    node: Node,
    states: list[StepState],
    stories: dict[tuple[str, str], _Story],
    log: list[LogLine],
    pauses: Mapping[tuple[str, str], float | None],
) -> StepView:
    id = node.step.id
    found = {name: item for step in states for name, item in step.items.items()}
    items = tuple(
        _item(name, found[name], stories.get((id, name), _Story()), pauses.get((id, name)))
        for name in sorted(found, key=item_order)
    )
    is_loop = node.items is not None or node.owner != ""
    status = summed_status(states)
    outputs = [item.output for item in items] if is_loop else (items[0].output if items else None)
    began = [step.started_at for step in states if step.started_at is not None]
    ended = [step.finished_at for step in states if step.finished_at is not None]
    return StepView(
        id=id,
        name=node.step.name or id,
        uses=node.step.uses,
        status=status,
        needs=node.needs,
        owner=node.owner,
        output=outputs if status in ("succeeded", "failed", "running", "waiting") else None,
        error=next((step.error for step in states if step.error), None),
        reason=next((step.reason for step in states if step.reason), None),
        items=items,
        log=tuple(log),
        started_at=min(began, default=None),
        finished_at=max(ended) if ended and len(ended) == len(states) else None,
        usage=total(item.usage for item in items),
        is_loop=is_loop,
    )


def item_order(name: str) -> tuple[int, ...]:
    """Items as they stand in the loops: "2" before "10", "2.1" before "2.10"."""
    return tuple(int(part) for part in name.split(".")) if name else ()


def _item(name: str, item: ItemState, story: _Story, until: float | None) -> ItemView:
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
        cached=story.cached,
        pinned=story.pinned,
        until=until,
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
