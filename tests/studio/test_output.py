"""Values in words."""

from __future__ import annotations

from typing import Any

import pytest

from studio.output import line_of


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (None, ""),
        (True, "yes"),
        ("a  b", "a b"),
        (["a", 2], "a, 2"),
        ({"sender_name": "Ann", "cc": [], "read": False}, "Sender name: Ann · Read: no"),
        ([{"subject": "Hi"}, {"subject": "Bye"}], "Subject: Hi; Subject: Bye"),
    ],
)
def test_a_value_in_a_table_reads_as_a_line_and_not_as_code(value: Any, line: str) -> None:
    assert line_of(value) == line
