"""What steps may give: what is no data, far too much of it, far too deep. A run ends, well or in plain words."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from orchestrator import logs
from orchestrator.actions import Account, Call, Connector, Params, Plan, Result, field
from orchestrator.bounds import TEXT
from orchestrator.errors import InvalidInput
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import RunResult, WorkflowEngine

LONG = TEXT + 2_000_000
"""Characters of a text that is longer than any bound of ours: what an expression may make, what stands in an event."""


class Name(Params):
    """Give what the name stands for."""

    name: str = field("Name", default="")


class Value(Params):
    """Give back what is given."""

    x: Any = field("Anything", default=None)


class Valued(Result):
    x: Any = field("What was given", default=None)


def nested(deep: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(deep):
        found = [found]
    return found


def circle() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


GIVEN: dict[str, Callable[[], Any]] = {
    "a set": lambda: {1, 2},
    "a function": lambda: print,
    "an object": object,
    "bytes": lambda: b"\xff\x00",
    "complex": lambda: 1j,
    "numbers as keys": lambda: {1: "a", (2, 3): "b"},
    "a list in itself": circle,
    "half a character": lambda: "\ud800",
    "a zero character": lambda: "a\x00b",
    "a huge number": lambda: 10**400,
    "a decimal": lambda: decimal.Decimal("1.5"),
    "not a number": lambda: math.nan,
    "infinity": lambda: [math.inf, -math.inf],
    "deep": lambda: nested(1000),
    "deeper": lambda: nested(100_000),
    "long": lambda: "x" * LONG,
    "many": lambda: list(range(10_000)),
}


@pytest.fixture(autouse=True)
def logs_of_the_product() -> Iterator[None]:
    """structlog's own default draws whatever stood in variables when something failed, which takes minutes here."""
    logs.configure("error")
    yield
    structlog.reset_defaults()


@pytest.fixture
def registry() -> Registry:
    board = Connector("board", title="Board")

    @board.action("Give", effect="read", result=Valued)
    def give(p: Name, account: Account, call: Call) -> Valued:
        return Valued(x=GIVEN[p.name]())

    @board.action("Give what is no result", effect="read", result=Valued)
    def give_bare(p: Name, account: Account, call: Call) -> Any:
        return GIVEN[p.name]()

    @board.action("Echo", effect="read", result=Valued)
    def echo(p: Value, account: Account, call: Call) -> Valued:
        return Valued(x=p.x)

    @board.action("Send and get", effect="write", result=Valued)
    def send(p: Name, account: Account, call: Call) -> Valued:
        return Valued(x=GIVEN[p.name]())

    @send.preview
    def _(p: Name, account: Account) -> Plan:
        return Plan("Send", {}, Valued())

    @send.find
    def _(p: Name, account: Account, call: Call) -> Valued | None:
        return Valued()

    return Registry([board])


@pytest.fixture
def engine(registry: Registry, tmp_path: Path) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings.load(home=tmp_path / "home"), registry=registry) as engine:
        yield engine


def run(engine: WorkflowEngine, *steps: dict[str, Any], given: dict[str, Any] | None = None, **keys: Any) -> RunResult:
    return engine.execute_workflow(Workflow.model_validate({"id": "test", "steps": list(steps), **keys}), given)


def ensure_over(engine: WorkflowEngine, result: RunResult) -> None:
    """It ended, an error is told in words, and the run can still be looked at and the engine still works."""
    assert result.status in ("succeeded", "failed")
    if result.error is not None:
        told = f"{result.error['message']} {result.error['remedy']}"
        for sign in ("Traceback", 'File "', "object at 0x", "in a way it does not know"):
            assert sign not in told, told[:500]
        assert len(told) < 2000
    assert engine.run(result.run_id).status == result.status
    assert run(engine, {"id": "e", "uses": "board.echo", "with": {"x": 1}}).status == "succeeded"


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("action", ["board.give", "board.give_bare", "board.send"])
def test_an_output_of_any_kind_ends_in_data_or_in_words(engine: WorkflowEngine, action: str, name: str) -> None:
    after = {"id": "after", "uses": "board.echo", "with": {"x": "{{ steps.s }}"}}
    ensure_over(engine, run(engine, {"id": "s", "uses": action, "with": {"name": name}}, after))


@pytest.mark.parametrize("expression", ["{{ 1e308 * 10 }}", "{{ [1e308 * 10] }}", "{{ 1e308 * 10 - 1e308 * 10 }}"])
def test_infinity_in_an_expression(engine: WorkflowEngine, expression: str) -> None:
    steps = [
        {"id": "s", "uses": "set", "with": {"values": {"x": expression}}},
        {"id": "e", "uses": "board.echo", "with": {"x": expression}},
    ]
    ensure_over(engine, run(engine, *steps, output={"x": expression}))


def test_a_for_each_over_ten_thousand_items_runs_each(engine: WorkflowEngine) -> None:
    result = run(
        engine,
        {"id": "many", "uses": "board.give", "with": {"name": "many"}},
        {"id": "each", "uses": "set", "for_each": "{{ steps.many.x }}", "with": {"values": {"n": "{{ item }}"}}},
        output={"n": "{{ steps.each | length }}"},
    )
    assert (result.status, result.outputs) == ("succeeded", {"n": 10_000})


def test_a_long_text_goes_through_whole(engine: WorkflowEngine) -> None:
    result = run(
        engine,
        {"id": "long", "uses": "board.give", "with": {"name": "long"}},
        {"id": "e", "uses": "board.echo", "with": {"x": "{{ steps.long.x }}"}},
        output={"n": "{{ steps.e.x | length }}"},
    )
    ensure_over(engine, result)
    assert result.error is not None or result.outputs == {"n": LONG}


ECHO = {"id": "e", "uses": "board.echo", "with": {"x": "{{ inputs.x }}"}}


@pytest.mark.parametrize("deep", [100, 126])
def test_an_input_of_some_depth_is_taken(engine: WorkflowEngine, deep: int) -> None:
    result = run(engine, ECHO, given={"x": nested(deep)}, inputs={"x": {"type": "list"}})
    assert result.status == "succeeded"
    ensure_over(engine, result)


@pytest.mark.parametrize("type", ["list", "object", "string"])
@pytest.mark.parametrize("deep", [200, 1000, 100_000])
def test_an_input_of_any_depth_is_refused_in_words(engine: WorkflowEngine, deep: int, type: str) -> None:
    given: Any = nested(deep)
    with pytest.raises(InvalidInput) as refused:
        run(engine, ECHO, given={"x": {"y": given} if type == "object" else given}, inputs={"x": {"type": type}})
    said = "Input 'x' must be a text" if type == "string" else "Input 'x' is nested more than 128 levels deep."
    assert refused.value.message.startswith(said)
    assert refused.value.remedy
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("deep", [20, 60, 80, 1000])
def test_groups_in_each_other_are_run_or_refused_in_words(engine: WorkflowEngine, deep: int) -> None:
    step: dict[str, Any] = {"id": "s0", "uses": "board.echo", "with": {"x": 1}}
    for number in range(1, deep):
        step = {"id": f"s{number}", "uses": "group", "steps": [step]}
    problems = engine.check({"id": "test", "steps": [step]})
    if problems:
        assert all(problem.message and "Traceback" not in problem.message for problem in problems)
        assert len(str(problems[0])) < 500
    else:
        ensure_over(engine, run(engine, step))


def test_a_value_that_grows_deeper_with_each_round_ends_in_words(engine: WorkflowEngine) -> None:
    loop = {
        "id": "loop",
        "uses": "loop_until",
        "with": {"until": "{{ index >= 200 }}", "limit": 300},
        "steps": [{"id": "s", "uses": "set", "with": {"values": {"n": "{{ last }}"}}}],
        "output": {"n": "{{ steps.s.values }}"},
    }
    ensure_over(engine, run(engine, loop))
