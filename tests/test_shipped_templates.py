"""The prompt templates that Patchbay ships: each is complete, and each of its examples can be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.actions import Message
from orchestrator.templates import Template

FILES = sorted((Path(__file__).resolve().parents[1] / "templates").glob("*.json"))


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def file(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def template(file: Path) -> Template:
    return Template.model_validate_json(file.read_text(encoding="utf-8"))


def test_the_four_are_there() -> None:
    assert {file.stem for file in FILES} >= {"code_review", "email_summary", "meeting_notes", "sop_generator"}


def test_a_template_is_named_as_its_file_and_described(file: Path, template: Template) -> None:
    assert template.id == file.stem
    assert template.name
    assert template.description.endswith(".")
    assert template.tags


def test_every_variable_is_used_and_every_used_one_is_declared(template: Template) -> None:
    assert template.found_variables == set(template.variables)
    assert all(variable.title for variable in template.variables.values())


def test_the_examples_render_and_use_declared_variables_alone(template: Template) -> None:
    assert template.examples
    for example in template.examples:
        assert set(example.variables) <= set(template.variables)
        messages = template.render(example.variables).messages
        assert all(message.content.strip() == message.content for message in messages)
        assert not any("{{" in message.content or "{%" in message.content for message in messages)


def test_answers_are_bounded(template: Template) -> None:
    assert template.model.max_tokens is not None


def rendered(name: str, **variables: str) -> tuple[Message, ...]:
    [file] = [file for file in FILES if file.stem == name]
    return Template.model_validate_json(file.read_text(encoding="utf-8")).render(variables).messages


@pytest.mark.parametrize(
    ("part", "question"),
    [
        ("Purpose", "why managers need a clear procedure for planning a NATO meeting."),
        ("Responsibilities", "what managers are responsible for when planning a NATO meeting."),
        ("Write the agenda", "how managers should write the agenda when planning a NATO meeting."),
    ],
)
def test_each_part_of_a_procedure_asks_its_own_question(part: str, question: str) -> None:
    [message] = rendered("sop_generator", process="Planning a NATO meeting", part=part)
    assert message.content == f"Explain in two short sentences {question}"


def test_each_part_of_meeting_notes_asks_its_own_question() -> None:
    texts = [
        rendered("meeting_notes", notes="We met.", part=part)[-1].content for part in ("summary", "decisions", "tasks")
    ]
    assert texts[0] == "We met."
    assert "What was decided" in texts[1]
    assert "Who does what" in texts[2]


def test_a_very_long_mail_is_cut() -> None:
    assert len(rendered("email_summary", text="word " * 10_000)[-1].content) <= 12_000
