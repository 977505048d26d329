"""Which workflow uses which template and service."""

from __future__ import annotations

import json

from orchestrator.registry import Registry
from orchestrator.workflow import Workflow
from studio.usage_map import COLORS, INK, UsageMap, agraph_data, short, usage_map

ASKS = Workflow.model_validate(
    {
        "id": "asks",
        "name": "<img src=x onerror=alert(1)>",
        "steps": [
            {"id": "mail", "uses": "gmail.search_messages"},
            {"id": "sum", "uses": "ai.generate", "with": {"template": "summary"}},
            {"id": "more", "uses": "ai.generate", "with": {"template": "{{ inputs.which }}"}},
        ],
    }
)


def drawn() -> UsageMap:
    return usage_map([ASKS], {"summary": "Summary", "unused": "Unused"}, Registry.discover())


def test_lines_lead_from_templates_to_workflows_to_services() -> None:
    assert drawn().edges == (
        ("template:summary", "workflow:asks"),
        ("workflow:asks", "service:gmail"),
        ("workflow:asks", "service:ai"),
    )


def test_a_template_that_nothing_uses_is_shown_and_one_that_is_missing_too() -> None:
    assert {node.label for node in drawn().nodes if node.kind == "template"} == {"Summary", "Unused"}

    without = usage_map([ASKS], {}, Registry.discover())
    assert [node.label for node in without.nodes if node.kind == "template"] == ["summary"]


def test_boxes_of_one_kind_stand_below_each_other_and_never_on_one_another() -> None:
    nodes = drawn().nodes
    places = {(node.x, node.y) for node in nodes}

    assert len(places) == len(nodes)
    assert len({node.x for node in nodes if node.kind == "template"}) == 1
    assert drawn().rows == 2


def test_nothing_in_the_drawing_can_be_read_as_html() -> None:
    data = json.dumps(agraph_data(drawn(), COLORS, INK))

    assert "<" not in data
    assert all(node["title"] == " " for node in agraph_data(drawn(), COLORS, INK)["nodes"])


def test_neighbours_and_short_labels() -> None:
    usage = drawn()
    workflow = next(node for node in usage.nodes if node.kind == "workflow")

    assert usage.neighbours(workflow) == ["Summary", "Gmail", "AI"]
    assert len(short("a long name that does not fit into its box")) == 28
