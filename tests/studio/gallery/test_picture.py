"""The picture of a workflow: where each step stands, what it shows as text, and that nothing in it can run."""

from __future__ import annotations

import base64
import re
from typing import Any
from xml.etree import ElementTree

from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.gallery.picture import ACROSS, picture, place


def workflow(*steps: dict[str, Any]) -> Workflow:
    return Workflow.model_validate({"id": "w", "steps": list(steps)})


def svg(html: str) -> str:
    (source,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    return base64.b64decode(source).decode()


def test_a_step_stands_behind_what_it_needs() -> None:
    boxes = place({"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")})
    assert boxes["a"].x < boxes["b"].x == boxes["c"].x < boxes["d"].x
    assert boxes["b"].y < boxes["c"].y
    assert boxes["b"].y < boxes["a"].y == boxes["d"].y < boxes["c"].y


def test_a_long_chain_goes_on_in_the_next_row_below_where_it_was() -> None:
    ids = [f"s{number}" for number in range(ACROSS + 2)]
    boxes = place({id: tuple(ids[max(0, number - 1) : number]) for number, id in enumerate(ids)})
    last, first, second = (boxes[ids[number]] for number in (ACROSS - 1, ACROSS, ACROSS + 1))
    assert (first.x, first.y > last.y) == (last.x, True)
    assert second.x < first.x


def test_no_two_steps_stand_in_one_place() -> None:
    needs = {f"s{number}": (f"s{number // 2}",) if number else () for number in range(20)}
    needs["s1"] = ("s0",)
    boxes = place({id: tuple(need for need in before if need != id) for id, before in needs.items()})
    assert len({(box.x, box.y) for box in boxes.values()}) == len(boxes) == 20


def test_who_cannot_see_it_is_told_each_step_and_what_it_does(engine: WorkflowEngine) -> None:
    html = picture(
        workflow(
            {"id": "mail", "name": "Find the mail", "uses": "gmail.search_messages"},
            {"id": "ok", "name": "Ask", "uses": "approve", "with": {"message": "Sure?"}, "needs": ["mail"]},
            {"id": "send", "uses": "gmail.archive_message", "with": {"id": "1"}, "needs": ["ok"]},
        ),
        engine.registry,
    )
    assert 'alt="3 steps: Find the mail (reads); Ask (asks you); Send (writes)"' in html


def test_it_is_one_well_formed_image_that_asks_for_nothing_outside(engine: WorkflowEngine) -> None:
    html = picture(workflow({"id": "a", "uses": "ai.generate", "with": {"prompt": "x"}}), engine.registry)
    drawn = svg(html)
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert not re.search(r"https?://", drawn.replace("http://www.w3.org/2000/svg", ""))


def test_names_that_hold_markup_stay_text(engine: WorkflowEngine) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    html = picture(workflow({"id": "a", "name": evil, "uses": "gmail.search_messages"}), engine.registry)
    assert re.fullmatch(r'<img class="pb-picture" src="[^"<>]*" alt="[^"<>]*">', html)
    assert "script" not in svg(html)
