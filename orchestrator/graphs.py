"""Compiled workflows: each version once in a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.graph import Graph
from orchestrator.workflow import Workflow

KEPT = 256
"""Compiled workflows that are kept."""


class Graphs:
    """Thread-safe. `load` gives the content of a version that ran, by its hash."""

    def __init__(self, load: Callable[[str], Mapping[str, Any]]) -> None:
        self._load = load
        self._known: dict[str, Graph] = {}

    def of(self, workflow: Workflow) -> Graph:
        """The graph of a workflow without problems (`validation.check`)."""
        return self._known.get(workflow.hash) or self._compile(workflow.hash, workflow)

    def version(self, hash: str) -> Graph:
        """The graph of a version that ran. Raises `NotFound`."""
        return self._known.get(hash) or self._compile(hash, Workflow.model_validate(self._load(hash)))

    def _compile(self, hash: str, workflow: Workflow) -> Graph:
        if len(self._known) >= KEPT:
            self._known.clear()
        graph = self._known[hash] = Graph.of(workflow)
        return graph
