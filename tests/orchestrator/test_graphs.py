from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import NotFound
from orchestrator.graphs import KEPT, Graphs
from orchestrator.workflow import Workflow


def workflow(text: str) -> Workflow:
    return Workflow.model_validate({"id": "w", "steps": [{"id": "a", "uses": "set", "with": {"values": {"x": text}}}]})


def test_a_version_is_compiled_once() -> None:
    graphs = Graphs({}.__getitem__)
    first = graphs.of(workflow("one"))
    assert graphs.of(workflow("one")) is first
    assert graphs.version(first.workflow.hash) is first
    assert graphs.of(workflow("two")).nodes["a"].params.render({}) == {"values": {"x": "two"}}


def test_a_version_that_ran_is_read_once_by_the_hash_it_ran_under() -> None:
    reads: list[str] = []

    def load(hash: str) -> dict[str, Any]:
        reads.append(hash)
        return workflow("one").dump()

    graphs = Graphs(load)
    assert graphs.version("an older hash") is graphs.version("an older hash")
    assert reads == ["an older hash"]


def test_a_version_that_never_ran_is_not_there() -> None:
    def load(hash: str) -> dict[str, Any]:
        raise NotFound(f"no '{hash}'")

    with pytest.raises(NotFound):
        Graphs(load).version("none")


def test_no_more_are_kept_than_there_is_room_for() -> None:
    graphs = Graphs({}.__getitem__)
    first = graphs.of(workflow("first"))
    for number in range(KEPT):
        graphs.of(workflow(str(number)))
    assert graphs.of(workflow("first")) is not first
