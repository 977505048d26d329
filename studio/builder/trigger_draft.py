"""One trigger of a draft, as its form reads and writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.workflow_engine import WorkflowEngine
from studio.builder import trigger_view as view
from studio.builder.edit import set_value
from studio.editing import Editing, change, cross


class TriggerDraft:
    """`definition` is None while it is half written."""

    def __init__(self, editing: Editing, id: str, trigger: Mapping[str, Any], engine: WorkflowEngine) -> None:
        self.editing = editing
        self.id = id
        self.trigger = trigger
        self.engine = engine
        self.kind = str(trigger.get("type"))
        self.definition = view.read(trigger)

    def key(self, *path: str) -> str:
        return f"trigger:{self.editing.id}:{self.id}:{'.'.join(path)}"

    def cross(self) -> None:
        cross(self.editing, self.engine.workflow_versions)

    def put(self, path: tuple[str, ...], value: Any) -> None:
        content = set_value(self.editing.content, None, ("triggers", self.id, *path), value)
        change(self.editing, content, self.engine.workflow_versions)

    def put_all(self, values: Mapping[str, Any]) -> None:
        content = self.editing.content
        for name, value in values.items():
            content = set_value(content, None, ("triggers", self.id, name), value)
        change(self.editing, content, self.engine.workflow_versions)
