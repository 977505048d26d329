"""The canvas's own idea of a workflow is the engine's. These run where Node and the packages of the frontend are."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from orchestrator.graph import bodies_of, needs_of
from orchestrator.settings import ROOT
from orchestrator.workflow import Step, Workflow

FRONTEND = ROOT / "studio" / "frontend"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (FRONTEND / "node_modules" / "esbuild").exists(),
    reason="scripts/frontend installs what these need",
)

WORKFLOWS = sorted(
    path
    for folder in (ROOT / "workflows", ROOT / "docs" / "examples")
    for path in folder.glob("*.json")
    if path.name != "schema.json"
)


def node(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(NODE), "tests/run.mjs", *arguments], cwd=FRONTEND, capture_output=True, text=True, timeout=50, check=False
    )


def test_the_edits_do_what_their_tests_say() -> None:
    answer = node()

    assert answer.returncode == 0, answer.stdout


def test_the_lines_of_the_canvas_are_what_the_engine_waits_for() -> None:
    answer = node("needs", *map(str, WORKFLOWS))

    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == [needs(path.read_text("utf-8")) for path in WORKFLOWS]


def needs(text: str) -> dict[str, list[str]]:
    return {id: sorted(waits) for id, waits in _needs(Workflow.model_validate_json(text).steps).items()}


def _needs(steps: tuple[Step, ...]) -> dict[str, tuple[str, ...]]:
    found = dict(needs_of(steps))
    for step in steps:
        for body in bodies_of(step).values():
            found |= _needs(body)
    return found
