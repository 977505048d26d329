"""Parameters that do not fit: what is wrong with each, in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import StepError
from orchestrator.params import LONGEST, validate
from orchestrator.registry import Registry

SEND = Registry.discover()["gmail.send_message"]
MAIL = {"to": "ana@example.com", "subject": "Hi", "body": "Hello"}


def told(**given: Any) -> str:
    with pytest.raises(StepError) as raised:
        validate(SEND, {**MAIL, **given})
    return raised.value.message


def test_a_mistake_is_told_in_the_words_of_whoever_made_the_connector() -> None:
    said = "This must be a single line: take the line breaks out."
    assert told(subject="a\nb") == f"The parameters do not fit gmail.send_message: 'subject': {said}"


def test_what_came_from_outside_is_quoted_only_in_part() -> None:
    message = told(to=["x" * 100_000], cc=["y" * 100_000])
    assert "'to.0': 'xxx" in message
    assert "'cc.0': 'yyy" in message
    assert len(message) < 3 * LONGEST
