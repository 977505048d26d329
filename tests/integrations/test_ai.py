from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from integrations.ai import Generate, Generated, generate
from orchestrator.actions import Account, Call, Message, ModelAnswer, ModelRequest, Prompt, ServiceError
from orchestrator.templates import Template
from tests.integrations.model_server import DOT, SCHEMA

GREETING = Template.model_validate(
    {
        "id": "greeting",
        "system": "Be kind.",
        "user": "Greet {{ name }}.",
        "variables": {"name": {}},
        "model": {"model": "some:model", "temperature": 0.5, "max_tokens": 50},
    }
)


ANSWER = ModelAnswer("Hello.", "real-name", 3, 2, 0.01, note="a note")


@dataclass
class Engine:
    """The services of a call: one template, and a model that gives the answer it was made with, and then others."""

    answer: ModelAnswer = ANSWER
    others: list[ModelAnswer] = field(default_factory=list)
    asked: list[tuple[str | None, ModelRequest]] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    home: Path = Path()

    def folder(self, call: Call) -> Path:
        return self.home

    def log(self, call: Call, message: str) -> None:
        self.logged.append(message)

    def stream(self, call: Call, text: str) -> None: ...

    def prompt(self, template: str, variables: Mapping[str, Any]) -> Prompt:
        assert template == GREETING.id
        return GREETING.render(variables)

    def generate(self, call: Call, model: str | None, request: ModelRequest) -> ModelAnswer:
        self.asked.append((model, request))
        return self.answer if len(self.asked) == 1 or not self.others else self.others[len(self.asked) - 2]

    def run(self, **params: Any) -> Generated:
        call = Call("run", "step", "key", self, timeout=30)
        return generate.function(Generate(**params), Account(), call)


def test_a_prompt_is_sent_as_it_is_and_the_rest_is_left_to_the_model() -> None:
    engine = Engine()
    engine.run(prompt="Hello?")
    assert engine.asked == [(None, ModelRequest((Message("user", "Hello?"),), "", timeout=30))]


def test_the_result_tells_everything_about_the_answer() -> None:
    assert Engine().run(prompt="Hello?") == Generated(
        text="Hello.", model="real-name", note="a note", input_tokens=3, output_tokens=2, cost=0.01
    )


def test_a_template_is_filled_and_its_settings_are_used() -> None:
    engine = Engine()
    engine.run(template="greeting", variables={"name": "Ana"})
    [(model, request)] = engine.asked
    assert model == "some:model"
    assert request.messages == (Message("system", "Be kind."), Message("user", "Greet Ana."))
    assert (request.temperature, request.max_tokens) == (0.5, 50)


def test_the_step_stands_before_the_template() -> None:
    engine = Engine()
    engine.run(
        template="greeting",
        variables={"name": "Ana"},
        system="Be brief.",
        model="other:model",
        temperature=0,
        max_tokens=9,
    )
    [(model, request)] = engine.asked
    assert model == "other:model"
    assert request.messages == (Message("system", "Be brief."), Message("user", "Greet Ana."))
    assert (request.temperature, request.max_tokens) == (0, 9)


def test_the_allowed_answers_are_passed_on() -> None:
    engine = Engine()
    engine.run(prompt="Is it late?", choices=["yes", "no"])
    assert engine.asked[0][1].choices == ("yes", "no")


def test_an_answer_that_was_cut_is_marked_and_logged() -> None:
    engine = Engine(ModelAnswer("Hel", "real-name", truncated=True))
    assert engine.run(prompt="Hello?").truncated
    assert engine.logged == ["The answer reached its longest length and was cut off."]


def test_an_answer_in_a_form_is_data() -> None:
    engine = Engine(ModelAnswer('{"total": 3}', "real-name"))
    result = engine.run(prompt="Add.", schema=SCHEMA)
    assert (result.data, result.text) == ({"total": 3}, '{"total": 3}')
    [(_, request)] = engine.asked
    assert request.schema == SCHEMA


def test_a_model_that_missed_the_form_is_told_what_is_wrong_once() -> None:
    first = ModelAnswer('{"total": "three"}', "real-name", 10, 5, 0.5)
    engine = Engine(first, [ModelAnswer('{"total": 3}', "real-name", 20, 6, 0.25)])
    result = engine.run(prompt="Add.", schema=SCHEMA)
    assert (result.data, result.input_tokens, result.output_tokens, result.cost) == ({"total": 3}, 30, 11, 0.75)
    question, answer, correction = engine.asked[1][1].messages
    assert (question.content, answer) == ("Add.", Message("assistant", '{"total": "three"}'))
    assert "total: 'three' is not of type 'number'" in correction.content
    assert "'three' is not of type 'number'" in engine.logged[0]


def test_two_answers_without_the_form_are_an_error() -> None:
    engine = Engine(ModelAnswer("Three.", "real-name"))
    with pytest.raises(ServiceError, match=r"'real-name' did not answer in the form .* not JSON. It began with 'Three"):
        engine.run(prompt="Add.", schema=SCHEMA)
    assert len(engine.asked) == 2


def test_an_answer_that_was_cut_off_before_its_form_was_complete_is_not_asked_for_again() -> None:
    engine = Engine(ModelAnswer('{"total"', "real-name", truncated=True))
    with pytest.raises(ServiceError, match="it was cut off") as caught:
        engine.run(prompt="Add.", schema=SCHEMA)
    assert "more tokens" in caught.value.remedy
    assert len(engine.asked) == 1


def test_the_conversation_so_far_stands_between_instructions_and_prompt() -> None:
    engine = Engine()
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]
    engine.run(template="greeting", variables={"name": "Ana"}, history=history)
    assert engine.asked[0][1].messages == (
        Message("system", "Be kind."),
        Message("user", "Hi"),
        Message("assistant", "Yes?"),
        Message("user", "Greet Ana."),
    )


def test_pictures_go_with_the_prompt() -> None:
    engine = Engine()
    engine.run(prompt="What is it?", system="Be brief.", images=[DOT])
    assert engine.asked[0][1].messages == (
        Message("system", "Be brief."),
        Message("user", "What is it?", (DOT,)),
    )


def test_a_picture_can_be_a_file_of_the_run(tmp_path: Path) -> None:
    content = base64.b64decode(DOT.partition(",")[2])
    (tmp_path / "receipt.jpg").write_bytes(content)
    engine = Engine(home=tmp_path)
    engine.run(prompt="What is it?", images=["receipt.jpg", DOT])
    assert engine.asked[0][1].messages[0].images == (DOT, DOT)


def test_a_file_that_is_no_picture_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "receipt.jpg").write_text("<html>Sign in</html>")
    engine = Engine(home=tmp_path)
    with pytest.raises(ServiceError, match=r"'receipt.jpg' is no picture, whatever its name says"):
        engine.run(prompt="What is it?", images=["receipt.jpg"])
    with pytest.raises(ServiceError, match=r"no file 'gone\.png'"):
        engine.run(prompt="What is it?", images=["gone.png"])
    assert engine.asked == []


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({}, "Give a prompt or choose a template"),
        ({"prompt": ""}, "Give a prompt or choose a template"),
        ({"prompt": "Hello?", "template": "greeting"}, "Give a prompt or a template, not both"),
        ({"prompt": "Hello?", "variables": {"name": "Ana"}}, "Variables fill a template"),
        ({"prompt": "Hello?", "temperature": 3}, "less than or equal to 2"),
        ({"prompt": "Hello?", "choices": ["yes"]}, "at least 2"),
        ({"prompt": "Hello?", "choices": ["yes", "no"], "schema": SCHEMA}, "Give allowed answers or a form"),
        ({"prompt": "Hello?", "schema": {"type": "objekt"}}, "This is no JSON Schema"),
        ({"prompt": "Hello?", "images": ["a.txt"]}, "'a.txt' is no picture"),
        ({"prompt": "Hello?", "images": ["http://a.example/a.jpg"]}, "is no path of a file"),
        ({"prompt": "Hello?", "images": ["../a.jpg"]}, "is no path of a file"),
        ({"prompt": "Hello?", "history": [{"role": "system", "content": "Obey."}]}, "'user' or 'assistant'"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(params: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Generate(**params)
