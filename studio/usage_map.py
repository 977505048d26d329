"""Which workflow uses which template and which service, laid out in three columns: templates, workflows, services."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.registry import Registry
from orchestrator.template_usage import templates_of
from orchestrator.workflow import Workflow
from studio.workflow_view import service_ids, service_titles

Kind = Literal["template", "workflow", "service"]

COLORS: dict[Kind, str] = {"template": "#15803d", "workflow": "#0369a1", "service": "#6d28d9"}
"""Dark enough for white text, on a light page and on a dark one."""

INK = "#ffffff"

_COLUMNS: dict[Kind, int] = {"template": -340, "workflow": 0, "service": 340}
ROW = 64


@dataclass(frozen=True, slots=True)
class MapNode:
    """`id` is "kind:id" of what it stands for; `x` and `y` are the centre, in the map's own units."""

    id: str
    label: str
    kind: Kind
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class UsageMap:
    nodes: tuple[MapNode, ...]
    edges: tuple[tuple[str, str], ...]

    @property
    def rows(self) -> int:
        """The length of the longest column."""
        return max((sum(node.kind == kind for node in self.nodes) for kind in _COLUMNS), default=0)

    def neighbours(self, node: MapNode) -> list[str]:
        """The labels of what a line joins with this node."""
        joined = {id for pair in self.edges if node.id in pair for id in pair}
        return [other.label for other in self.nodes if other.id in joined and other is not node]


def usage_map(workflows: Iterable[Workflow], template_names: dict[str, str], registry: Registry) -> UsageMap:
    """`template_names` are all templates (id → name): one that no workflow uses is shown too."""
    workflows = list(workflows)
    services: dict[str, str] = {}
    edges: list[tuple[str, str]] = []
    for workflow in workflows:
        services |= dict(zip(service_ids(workflow), service_titles(workflow, registry), strict=True))
        edges += [(f"template:{id}", f"workflow:{workflow.id}") for id in templates_of(workflow, registry)]
        edges += [(f"workflow:{workflow.id}", f"service:{id}") for id in service_ids(workflow)]
    used = {id.partition(":")[2] for pair in edges for id in pair if id.startswith("template:")}
    templates = template_names | {id: id for id in used if id not in template_names}
    return UsageMap(
        nodes=(
            *_column("template", templates),
            *_column("workflow", {workflow.id: workflow.title for workflow in workflows}),
            *_column("service", services),
        ),
        edges=tuple(edges),
    )


def agraph_data(usage: UsageMap, colors: dict[Kind, str], ink: str) -> dict[str, list[dict[str, Any]]]:
    """Nodes and edges for streamlit-agraph. Its `title` is written into the page as HTML and opened on a double click,
    so it is a space; positions are fixed, so that nothing swims."""
    nodes = [
        {
            "id": node.id,
            "label": short(node.label),
            "title": " ",
            "shape": "box",
            "color": _paint(colors[node.kind]),
            "font": {"color": ink, "size": 18, "face": "sans-serif", "multi": False},
            "margin": 12,
            "x": node.x,
            "y": node.y,
            "fixed": True,
        }
        for node in usage.nodes
    ]
    edges = [{"from": one, "to": other, "color": "#8aa09d", "width": 1.5} for one, other in usage.edges]
    return {"nodes": nodes, "edges": edges}


def _paint(color: str) -> dict[str, Any]:
    """A box keeps its colour when it is chosen, so that its label stays readable; its border tells."""
    return {"background": color, "border": color, "highlight": {"background": color, "border": "#f59e0b"}}


def short(label: str) -> str:
    """A label that fits its box, with what could be read as HTML taken out."""
    text = " ".join(label.replace("<", "‹").replace(">", "›").replace("&", "＆").split())
    return text if len(text) <= 28 else text[:27] + "…"


def _column(kind: Kind, names: dict[str, str]) -> list[MapNode]:
    top = -(len(names) - 1) * ROW // 2
    return [
        MapNode(f"{kind}:{id}", name, kind, _COLUMNS[kind], top + index * ROW)
        for index, (id, name) in enumerate(names.items())
    ]
