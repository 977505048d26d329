"""No secret of an account is ever in what Patchbay keeps, logs or shows, byte by byte, whatever a service does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine
from tests.orchestrator.gossip import ENCODED, SECRET, a_gossip, all_logged, kept, steps, traces


@pytest.fixture
def registry() -> Registry:
    return Registry([a_gossip()])


@pytest.fixture
def settings(tmp_path: Path, store: dict[str, Any]) -> Settings:
    return Settings.load(home=tmp_path / "home", preview_first=False, **store)


@pytest.fixture
def engine(settings: Settings, registry: Registry) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(settings, registry=registry) as engine:
        engine.accounts.add("gossip", "work", {"token": SECRET})
        yield engine


@pytest.fixture
def heard(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """What is logged, from the lowest level on."""
    with all_logged():
        yield capsys


@pytest.mark.parametrize("how", ENCODED)
def test_a_service_that_tells_it_does_not_make_it_known(
    engine: WorkflowEngine, settings: Settings, workflow: Any, how: str, heard: pytest.CaptureFixture[str]
) -> None:
    id = engine.start_workflow(workflow(*steps(how), output={"text": "{{ steps.output.text }}"}))
    pictures = repr([picture.content for picture in engine.follow(id)])
    result = engine.wait(id)
    engine.journal.flush()
    logged = heard.readouterr().err

    assert result.status == "succeeded", result.error
    assert "•••" in result.outputs["text"]
    for bytes_ in (kept(settings), logged.encode(), repr(engine.run(id)).encode()):
        assert not [trace for trace in traces(SECRET) if trace in bytes_]
    assert not [trace for trace in traces(SECRET) if trace.decode() in pictures.replace("\\\\", "\\")]
    assert "ZeroDivisionError" in logged


def test_what_is_shown_before_it_is_sent_is_without_it_and_can_be_approved(
    engine: WorkflowEngine, settings: Settings, workflow: Any
) -> None:
    pass_on = workflow({"id": "pass", "uses": "gossip.pass_on", "with": {"how": "in a URL"}})
    id = engine.start_workflow(pass_on, preview=True)
    assert engine.wait(id).status == "waiting"
    engine.journal.flush()

    assert not [trace for trace in traces(SECRET) if trace in kept(settings)]
    assert "•••" in repr(engine.run(id))
    engine.approve(id)
    assert engine.wait(id).status == "succeeded"


def test_an_input_that_is_a_secret_is_not_kept(engine: WorkflowEngine, settings: Settings, workflow: Any) -> None:
    echo = {"id": "echo", "uses": "set", "with": {"values": {"text": "{{ inputs.key }}"}}}
    engine.execute_workflow(workflow(echo, inputs={"key": {}}), {"key": SECRET})
    engine.journal.flush()
    assert not [trace for trace in traces(SECRET) if trace in kept(settings)]


@hypothesis_settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    secret=st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=8, max_size=60)
    .map(lambda text: f"Qx7-{text}-7xQ")
    .filter(lambda text: "•" not in text),
    how=st.sampled_from(sorted(ENCODED)),
)
def test_any_secret(engine: WorkflowEngine, settings: Settings, workflow: Any, secret: str, how: str) -> None:
    engine.accounts.change("gossip", "work", {"token": secret})
    result = engine.execute_workflow(workflow(*steps(how)))
    engine.journal.flush()

    assert result.status == "succeeded", result.error
    bytes_ = kept(settings)
    assert not [trace for trace in traces(secret) if trace in bytes_]
