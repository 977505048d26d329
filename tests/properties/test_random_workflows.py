"""Random workflows give the same result however their steps are interleaved, killed and resumed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestrator.actions import Account, Call, Connector, Params, ServiceError, field
from orchestrator.actions import Result as ActionResult
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.validation import check
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.properties.simulation import Simulation
from tests.properties.strategies import workflows

board = Connector("board", title="Board")


class Value(Params):
    """Take anything."""

    x: Any = field("Anything", default=None)


class Valued(ActionResult):
    x: Any = field("What was given", default=None)


@board.action("Echo", effect="read", result=Valued)
def echo(p: Value, account: Account, call: Call) -> Valued:
    return Valued(x=p.x)


@board.action("Fail", effect="read", result=Valued)
def boom(p: Value, account: Account, call: Call) -> Valued:
    raise ServiceError("boom")


REGISTRY = Registry([board])


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def _plain(value: Any) -> Any:
    """Without what is different in every run: where an error says it was, and when a wait was over."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if name not in ("where", "until")}
    return [_plain(part) for part in value] if isinstance(value, list) else value


@bounded(150)
@given(workflows())
def test_what_is_generated_is_valid(workflow: Workflow) -> None:
    assert check(workflow.dump(), REGISTRY, lambda id: None) == []


@bounded(300)
@given(workflows(), st.integers(0, 10_000))
def test_the_order_in_which_steps_end_does_not_matter(workflow: Workflow, seed: int) -> None:
    straight = Simulation(workflow).run()
    assert Simulation(workflow, random.Random(seed)).run() == straight


@bounded(300)
@given(workflows(), st.integers(0, 10_000), st.sampled_from([0.05, 0.2, 0.4]))
def test_kills_and_retries_do_not_matter(workflow: Workflow, seed: int, hazard: float) -> None:
    straight = Simulation(workflow).run()
    assert Simulation(workflow, random.Random(seed), hazard).run() == straight


@bounded(300)
@given(workflows(), st.integers(0, 10_000), st.sampled_from([0.05, 0.2]))
def test_going_on_as_a_new_run_does_not_matter(workflow: Workflow, seed: int, hazard: float) -> None:
    straight = Simulation(workflow).run()
    assert Simulation(workflow, random.Random(seed), hazard, resumes=hazard).run() == straight


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkflowEngine]:
    home: Path = tmp_path_factory.mktemp("random")
    with WorkflowEngine(Settings.load(home=home), registry=REGISTRY) as engine:
        yield engine


@bounded(40)
@given(workflow=workflows())
def test_the_real_engine_gives_what_the_simulation_gives(engine: WorkflowEngine, workflow: Workflow) -> None:
    straight = Simulation(workflow).run()
    real = engine.execute_workflow(workflow)
    assert real.status == straight.status
    if straight.status == "succeeded":
        assert _plain(real.outputs) == _plain(straight.output)
