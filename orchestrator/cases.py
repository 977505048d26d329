"""Cases of a template: values to fill it with, and what is expected of an answer to that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import orjson
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError, SchemaError, SchemaValidator, ValidationError, core_schema

from orchestrator.workflow import Model

LONGEST_PATTERN = 1_000
"""Characters."""

Kind = Literal["contains", "matches", "json", "equals", "judge"]


class Example(Model):
    """Sample values of the variables, for the preview."""

    name: str
    variables: dict[str, Any] = Field(default_factory=dict[str, Any])


class Expectation(Model):
    """One thing that an answer should be. `value` is the text that it contains or equals, the pattern that it matches,
    or the question that a model judges it by; nothing for "json"."""

    kind: Kind
    value: str = ""

    @model_validator(mode="after")
    def _can_be_checked(self) -> Self:
        if self.kind in ("contains", "matches", "judge") and not self.value.strip():
            raise PydanticCustomError("nothing_expected", "it must say what is expected")
        if self.kind == "matches":
            _pattern(self.value)
        return self


class Case(Example):
    """An example whose answer is checked."""

    expect: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer is as expected. `holds` is None where that is not known; `why` says why it is not so."""

    expectation: Expectation
    holds: bool | None
    why: str = ""


def check(expectation: Expectation, answer: str) -> Verdict:
    """What can be told without a model: that of "judge" is not known here. A text is contained however its letters are
    written, large or small; "equals" disregards spaces around both."""
    match expectation.kind:
        case "contains":
            holds, why = expectation.value.casefold() in answer.casefold(), "It is not in the answer."
        case "equals":
            holds, why = expectation.value.strip() == answer.strip(), "The answer is another one."
        case "matches":
            holds, why = _matches(expectation.value, answer), "Nothing in the answer fits the pattern."
        case "json":
            wrong = _not_json(answer)
            holds, why = not wrong, wrong
        case "judge":
            return Verdict(expectation, None, "It was not judged.")
    return Verdict(expectation, holds, "" if holds else why)


def _matches(pattern: str, answer: str) -> bool:
    try:
        _pattern(pattern).validate_python(answer)
    except ValidationError:
        return False
    return True


def _pattern(pattern: str) -> SchemaValidator:
    """Rust's regular expressions, which take a time in proportion to the text, whatever the pattern
    (docs.rs/regex, "Untrusted input"). Raises `PydanticCustomError`."""
    if len(pattern) > LONGEST_PATTERN:
        raise PydanticCustomError(
            "long_pattern", "a pattern has at most {most} characters", {"most": f"{LONGEST_PATTERN:,}"}
        )
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError:
        raise PydanticCustomError(
            "no_pattern", "'{pattern}' is no pattern that can be used here", {"pattern": pattern[:60]}
        ) from None


def _not_json(answer: str) -> str:
    """Where it breaks; "" for what is JSON."""
    try:
        orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        return f"It is no JSON: {error.msg}, line {error.lineno}."
    return ""
