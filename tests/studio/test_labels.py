"""What people read of the options of a choice."""

from __future__ import annotations

from studio.labels import distinct


def test_options_that_read_alike_are_told_apart() -> None:
    assert distinct({1: "One", 2: "Two", 3: "One", 4: "One"}) == {1: "One", 2: "Two", 3: "One (2)", 4: "One (3)"}
