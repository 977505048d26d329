"""The picture of a workflow: its steps as boxes in rows that go to and fro, as SVG. No Streamlit here.

Steps stand in layers, each behind what it needs: its layer is the longest path to it (Sugiyama, Tagawa and Toda, 1981).
Layers fill rows of `ACROSS` from left to right and back, so that a long chain stays readable on a card.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from html import escape
from typing import Literal

from orchestrator.account_fields import own_fields
from orchestrator.registry import Registry
from orchestrator.steps import KINDS
from orchestrator.workflow import Step, Workflow
from studio.workflow_view import canvas_steps, every_step

ACROSS = 4
"""Layers in a row."""
WIDTH, HEIGHT, GAP = 64, 26, 16
"""Of a box and the room around it, in units of the drawing."""

Role = Literal["reads", "model", "writes", "asks", "logic"]
ROLES: dict[Role, str] = {
    "reads": "reads",
    "model": "asks a model",
    "writes": "writes",
    "asks": "asks you",
    "logic": "decides or computes",
}
"""What a step does, in words."""


@dataclass(frozen=True, slots=True)
class Box:
    x: int
    y: int


def picture(workflow: Workflow, registry: Registry) -> str:
    """A picture that shows the workflow's steps, as HTML, with what it shows as text for who cannot see it.

    Streamlit takes SVG out of a page, so it is an image; it follows the page's light or dark by `prefers-color-scheme`,
    which in an image means that of the element that shows it."""
    drawn = canvas_steps(workflow, registry)
    needs = {one["id"]: tuple(one["needs"]) for one in drawn}
    boxes = place(needs)
    steps = {step.id: step for step in every_step(workflow)}
    width = ACROSS * (WIDTH + GAP) + GAP
    used = max(box.x for box in boxes.values()) + WIDTH + GAP
    height = max(box.y for box in boxes.values()) + HEIGHT + GAP
    lines = [_line(boxes[need], boxes[id]) for id, before in needs.items() for need in before]
    shapes = [_box(boxes[one["id"]], steps[one["id"]], registry) for one in drawn]
    view = f"{(used - width) // 2} 0 {width} {height}"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" width="{width}" height="{height}">'
        f"<style>{_STYLE}</style>{''.join((*lines, *shapes))}</svg>"
    )
    told = "; ".join(f"{one['name']} ({ROLES[role_of(steps[one['id']], registry)]})" for one in drawn)
    source = base64.b64encode(svg.encode()).decode()
    alt = escape(f"{len(drawn)} steps: {told}")
    return f'<img class="pb-picture" src="data:image/svg+xml;base64,{source}" alt="{alt}">'


def place(needs: Mapping[str, Sequence[str]]) -> dict[str, Box]:
    """Where each step stands, by what it needs."""
    layer: dict[str, int] = {}
    for id in TopologicalSorter(needs).static_order():
        layer[id] = 1 + max((layer[need] for need in needs[id]), default=-1)
    layers = [[id for id in needs if layer[id] == number] for number in range(max(layer.values()) + 1)]
    found: dict[str, Box] = {}
    top = GAP
    for start in range(0, len(layers), ACROSS):
        row = layers[start : start + ACROSS]
        tall = max(map(len, row)) * (HEIGHT + GAP) - GAP
        for column, ids in enumerate(row):
            across = ACROSS - 1 - column if start // ACROSS % 2 else column
            begin = top + (tall - len(ids) * (HEIGHT + GAP) + GAP) // 2
            for number, id in enumerate(ids):
                found[id] = Box(GAP + across * (WIDTH + GAP), begin + number * (HEIGHT + GAP))
        top += tall + GAP
    return found


def role_of(step: Step, registry: Registry) -> Role:
    action = registry.get(step.uses)
    if action is None:
        return "asks" if step.uses in KINDS and step.uses in ("approve", "wait_for_input") else "logic"
    if "model" in action.params.model_fields:
        return "model"
    if action.effect == "read":
        return "reads" if own_fields(action.connector) else "logic"
    return "writes"


def _box(box: Box, step: Step, registry: Registry) -> str:
    role = role_of(step, registry)
    known = registry.connectors.get(step.uses.split(".")[0])
    label = "AI" if role == "model" else known.title if known else _SHORT.get(step.uses, step.uses.capitalize())
    label = label.removeprefix("Google ")[:9]
    middle = f'x="{box.x + WIDTH // 2}" y="{box.y + HEIGHT // 2 + 4}"'
    return (
        f'<g class="{role}"><rect x="{box.x}" y="{box.y}" width="{WIDTH}" height="{HEIGHT}" rx="7"/>'
        f"<text {middle}>{escape(label)}</text></g>"
    )


_SHORT = {"approve": "You", "wait_for_input": "You", "loop_until": "Repeat", "workflow": "Workflow"}


def _line(start: Box, end: Box) -> str:
    if start.y != end.y and start.x == end.x:  # into the next row
        x = start.x + WIDTH // 2
        return f'<path d="M{x} {start.y + HEIGHT}V{end.y}"/>'
    forward = end.x > start.x
    left, right = (start.x + WIDTH, end.x) if forward else (start.x, end.x + WIDTH)
    begin, over, middle = start.y + HEIGHT // 2, end.y + HEIGHT // 2, (left + right) // 2
    return f'<path d="M{left} {begin}C{middle} {begin} {middle} {over} {right} {over}"/>'


_LIGHT = {
    "reads": "#e0f2fe #0369a1",
    "model": "#ede9fe #6d28d9",
    "writes": "#dcfce7 #15803d",
    "asks": "#fef3c7 #b45309",
}
_DARK = {"reads": "#0c3047 #38bdf8", "model": "#2e2350 #a78bfa", "writes": "#14351f #4ade80", "asks": "#40300a #f59e0b"}
"""The fill and the edge of a box by what its step does. The page's own style sheet has the same for the legend."""


def _colours(light_or_dark: Mapping[str, str], logic: str, text: str, line: str) -> str:
    pairs = {**light_or_dark, "logic": logic}
    boxes = "".join(
        f".{role} rect{{fill:{fill};stroke:{edge}}}"
        for role, (fill, edge) in ((role, pair.split()) for role, pair in pairs.items())
    )
    return f"{boxes}text{{fill:{text}}}path{{stroke:{line}}}"


_STYLE = (
    "path{fill:none;stroke-width:1.4}text{font:600 10.5px sans-serif;text-anchor:middle}"
    + _colours(_LIGHT, "#ffffff #64748b", "#13201f", "#8ba19e")
    + f"@media (prefers-color-scheme:dark){{{_colours(_DARK, '#1b2726 #7e938f', '#e4ecea', '#5b716d')}}}"
)
