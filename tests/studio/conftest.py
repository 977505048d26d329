"""A real engine on a folder of its own, with its practice services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine


@pytest.fixture
def engine(made_home: Path) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=made_home)) as running:
        yield running
