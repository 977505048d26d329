"""What the README and the guide say is so: their workflows can run, their links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from orchestrator import WorkflowEngine
from orchestrator.settings import ROOT

PAGES = ["README.md", "CHANGELOG.md", "docs/guide.md", "docs/accounts.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_something(page: str) -> None:
    file = ROOT / page
    for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text()):
        path, _, anchor = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        assert found.exists(), f"{page} links to {target}, which is not there"
        if anchor:
            assert anchor in anchors(found), f"{page} links to {target}, which has no such heading"


def test_the_workflow_of_the_guide_can_run(home: Path) -> None:
    blocks = re.findall(r"```json\n(.*?)```", (ROOT / "docs/guide.md").read_text(), re.DOTALL)
    workflows = [content for block in blocks if "steps" in (content := json.loads(block))]
    assert workflows
    with WorkflowEngine() as engine:
        assert [engine.check(workflow) for workflow in workflows] == [[] for _ in workflows]


def anchors(file: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
