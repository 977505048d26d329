"""Trying templates out: what is asked, what it can cost, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.ai import ai
from orchestrator.cases import Case
from orchestrator.errors import InvalidInput, NotFound
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.templates import Template
from orchestrator.trials import Ask, Tried, asks_of, begin, estimate, tried
from orchestrator.workflow_engine import WorkflowEngine
from tests.scripted_model import PRICE, ScriptedModels

PLAIN, LOUD = "scripted:plain", "scripted:loud"


@pytest.fixture
def models() -> ScriptedModels:
    return ScriptedModels()


@pytest.fixture
def engine(made_home: Path, models: ScriptedModels) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=made_home), registry=Registry([ai, models.connector])) as engine:
        yield engine


def template(user: str = "Dear {{ name }}", **keys: Any) -> Template:
    return Template.model_validate({"id": "letter", "user": user, **keys})


def case(name: str = "Ada", *expect: tuple[str, str]) -> Case:
    return Case.model_validate(
        {
            "name": name,
            "variables": {"name": name},
            "expect": [{"kind": kind, "value": value} for kind, value in expect],
        }
    )


def ended(asks: list[Ask], engine: WorkflowEngine, judge: str = PLAIN) -> list[Tried]:
    run_id = begin("Try: Letter", "try-letter", asks, judge, engine)
    assert engine.wait(run_id).status == "succeeded"
    return tried(engine.run(run_id))


class TestWhatIsAsked:
    def test_is_each_case_of_each_version_of_each_model(self) -> None:
        asks = asks_of({"old": template(), "new": template("Hi {{ name }}")}, [PLAIN, LOUD], [case("Ada"), case("Bob")])
        assert len(asks) == 8
        assert (asks[0].case, asks[0].variant, asks[0].model, asks[0].user) == (0, "old", PLAIN, "Dear Ada")
        assert (asks[7].case, asks[7].variant, asks[7].model, asks[7].user) == (1, "new", LOUD, "Hi Bob")

    def test_goes_out_with_the_settings_of_the_template(self, engine: WorkflowEngine, models: ScriptedModels) -> None:
        letter = template(system="Be kind.", model={"temperature": 0.5, "max_tokens": 9})
        ended(asks_of({"it": letter}, [PLAIN], [case()]), engine)
        [request] = models.asked
        assert [(one.role, one.content) for one in request.messages] == [("system", "Be kind."), ("user", "Dear Ada")]
        assert (request.model, request.temperature, request.max_tokens) == ("plain", 0.5, 9)

    def test_is_sent_as_it_is_even_where_it_looks_like_an_expression(
        self, engine: WorkflowEngine, models: ScriptedModels
    ) -> None:
        [one] = ended(asks_of({"it": template("{{ name }}")}, [PLAIN], [case("{{ run.id }}")]), engine)
        assert one.text == "{{ run.id }}"

    def test_that_cannot_be_filled_in_is_refused_and_the_others_are_asked(
        self, engine: WorkflowEngine, models: ScriptedModels
    ) -> None:
        versions = {"old": template("Dear {{ title }}"), "new": template()}
        old, new = ended(asks_of(versions, [PLAIN], [case()]), engine)
        assert (old.standing, old.passed) == ("failed", False)
        assert "needs 'title'" in old.error
        assert new.text == "Dear Ada"
        assert len(models.asked) == 1

    @pytest.mark.parametrize("cases", [[], [case()] * 401])
    def test_is_neither_nothing_nor_too_much(self, cases: list[Case]) -> None:
        with pytest.raises(InvalidInput):
            asks_of({"it": template()}, [PLAIN], cases)

    def test_is_bounded_in_all_its_text(self) -> None:
        with pytest.raises(InvalidInput, match="5,000,000 characters"):
            asks_of({"it": template()}, [PLAIN], [case("x" * 1_000_000)] * 6)


class TestTheEstimate:
    def test_is_the_most_that_it_can_cost_and_the_budget_of_the_run(self, engine: WorkflowEngine) -> None:
        asks = asks_of({"it": template(model={"max_tokens": 100})}, [PLAIN, LOUD], [case()])
        told = estimate(asks, None, engine.accounts)
        assert told.calls == 2
        assert told.usage.output_tokens == 200
        assert told.usage.cost == PRICE.of(told.usage.input_tokens, 200)
        run = engine.run(begin("Try", "try-letter", asks, None, engine))
        assert run.workflow["budget"]["cost"] == told.usage.cost

    def test_counts_what_judging_takes(self, engine: WorkflowEngine) -> None:
        asks = asks_of({"it": template()}, [PLAIN], [case("Ada", ("judge", "Is it kind?"))])
        told = estimate(asks, LOUD, engine.accounts)
        without = estimate(asks_of({"it": template()}, [PLAIN], [case()]), LOUD, engine.accounts)
        assert (told.calls, without.calls) == (2, 1)
        assert told.usage.cost
        assert without.usage.cost
        assert told.usage.cost > without.usage.cost

    def test_is_kept_with_the_longest_judgement_of_other_alphabets(self, engine: WorkflowEngine) -> None:
        letter = template("{{ name }}", model={"max_tokens": 4000})
        asks = asks_of({"it": letter}, [PLAIN], [case("語" * 20_000, ("judge", "語?"))])
        [one] = ended(asks, engine)
        assert one.verdicts[0].holds is False, one.verdicts

    def test_names_the_models_whose_price_is_not_known(self, engine: WorkflowEngine) -> None:
        asks = asks_of({"it": template()}, ["scripted:free", PLAIN], [case()])
        told = estimate(asks, None, engine.accounts)
        assert told.unpriced == ("scripted:free",)
        run = engine.run(begin("Try", "try-letter", asks, None, engine))
        assert "cost" not in run.workflow["budget"]

    def test_says_what_is_wrong_with_a_model(self, engine: WorkflowEngine) -> None:
        with pytest.raises(NotFound, match="no model provider 'nobody'"):
            estimate(asks_of({"it": template()}, ["nobody:x"], [case()]), None, engine.accounts)


class TestWhatCameOfIt:
    def test_is_the_answer_its_time_its_tokens_and_its_price(self, engine: WorkflowEngine) -> None:
        plain, loud = ended(asks_of({"it": template()}, [PLAIN, LOUD], [case()]), engine)
        assert (plain.text, loud.text) == ("Dear Ada", "DEAR ADA")
        assert plain.seconds is not None
        assert (plain.usage.input_tokens, plain.usage.output_tokens) == (10, 5)
        assert plain.usage.cost == PRICE.of(10, 5)
        assert plain.passed is None, "nothing was expected"

    def test_passes_when_all_that_is_expected_is_so(self, engine: WorkflowEngine) -> None:
        row = case("Ada", ("contains", "ada"), ("matches", "^Dear"))
        plain, loud = ended(asks_of({"it": template()}, [PLAIN, LOUD], [row]), engine)
        assert (plain.passed, loud.passed) == (True, False)
        assert [verdict.holds for verdict in loud.verdicts] == [True, False]

    def test_is_judged_by_a_model_that_sees_question_and_answer(
        self, engine: WorkflowEngine, models: ScriptedModels
    ) -> None:
        row = case("Ada", ("judge", "Is it TRUE?"), ("judge", "Is it short?"))
        [one] = ended(asks_of({"it": template()}, [LOUD], [row]), engine)
        assert [verdict.holds for verdict in one.verdicts] == [True, False]
        asked = [request.messages[-1].content for request in models.asked if request.choices]
        assert len(asked) == 2
        assert all("Dear Ada" in text and "DEAR ADA" in text for text in asked)
        assert one.usage.input_tokens == 30, "what the judge took counts too"

    def test_a_judge_that_fails_leaves_it_open(self, engine: WorkflowEngine) -> None:
        [one] = ended(
            asks_of({"it": template()}, [PLAIN], [case("Ada", ("judge", "Ok?"))]), engine, judge="scripted:broken"
        )
        assert (one.standing, one.passed) == ("answered", None)
        assert "out of order" in one.verdicts[0].why

    def test_a_model_that_fails_does_not_keep_the_others(self, engine: WorkflowEngine) -> None:
        broken, plain = ended(asks_of({"it": template()}, ["scripted:broken", PLAIN], [case()]), engine)
        assert (broken.standing, broken.passed) == ("failed", False)
        assert broken.error == "The model is out of order. Choose another one."
        assert plain.standing == "answered"

    def test_can_be_stopped(self, engine: WorkflowEngine, models: ScriptedModels) -> None:
        models.gate.clear()
        run_id = begin("Try", "try-letter", asks_of({"it": template()}, [PLAIN], [case()]), None, engine)
        assert [one.standing for one in tried(engine.run(run_id))] == ["waiting"]
        engine.cancel(run_id)
        models.gate.set()
        engine.wait(run_id)
        assert [one.standing for one in tried(engine.run(run_id))] != ["waiting"]
