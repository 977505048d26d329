"""What an action may ask of the engine, where a test calls it by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.actions import Call, ModelAnswer, ModelRequest, Prompt


@dataclass
class Services:
    """Keeps what is logged and shown, and counts how often a write is about to go out. The folder of the run is `home`.
    There are no templates and no models."""

    home: Path | None = None
    logged: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    sendings: int = 0

    def log(self, call: Call, message: str) -> None:
        self.logged.append(message)

    def stream(self, call: Call, text: str) -> None:
        self.shown.append(text)

    def sending(self, call: Call) -> None:
        self.sendings += 1

    def folder(self, call: Call) -> Path:
        assert self.home is not None, "this run has no folder"
        self.home.mkdir(parents=True, exist_ok=True)
        return self.home

    def prompt(self, template: str, variables: Mapping[str, Any]) -> Prompt:
        raise NotImplementedError

    def generate(self, call: Call, model: str | None, request: ModelRequest) -> ModelAnswer:
        raise NotImplementedError
