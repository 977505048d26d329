"""Pinned workflows are kept in the order they were pinned, in a file that may be broken without harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.pins import Pins


def test_nothing_is_pinned_at_first(tmp_path: Path) -> None:
    assert Pins(tmp_path / "not there yet").ids() == []


def test_pins_are_kept_in_their_order_and_once(tmp_path: Path) -> None:
    pins = Pins(tmp_path / "home")
    for id in ("b", "a", "b"):
        pins.pin(id)
    assert Pins(tmp_path / "home").ids() == ["a", "b"]


def test_a_pin_can_be_taken_away_also_twice(tmp_path: Path) -> None:
    pins = Pins(tmp_path)
    pins.pin("a")
    pins.pin("b")
    pins.unpin("a")
    pins.unpin("a")
    assert pins.ids() == ["b"]


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"3", b'"a"', b"\xff", b"[1, null, {}]"])
def test_a_broken_file_counts_as_none_and_is_mended_by_the_next_pin(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pins.json").write_bytes(content)
    pins = Pins(tmp_path)
    assert pins.ids() == []
    pins.pin("a")
    assert pins.ids() == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["pins.json"]
