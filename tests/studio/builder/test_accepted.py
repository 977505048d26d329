"""Which settings a step is offered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.settings import Settings
from orchestrator.steps import KINDS
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.accepted import TRIED, refused


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=tmp_path_factory.mktemp("home"))) as running:
        yield running


@pytest.mark.parametrize("kind", KINDS)
def test_what_patchbay_does_itself_takes_none_of_them(kind: str, engine: WorkflowEngine) -> None:
    assert set(refused(kind, engine)) == set(TRIED)


def test_an_action_that_reads_asks_nobody_and_one_that_writes_is_never_left_out(engine: WorkflowEngine) -> None:
    assert set(refused("gmail.search_messages", engine)) == {"approve"}
    assert set(refused("notion.create_page", engine)) == {"cache"}


def test_why_is_said_in_words(engine: WorkflowEngine) -> None:
    assert refused("group", engine)["timeout"].remedy == "Give 'timeout' to the steps inside."
