"""Workers are killed at random instants: no run is lost, every run ends, nothing happens twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.chaos.storm import chosen_seed, storms

KILLS = 50


@pytest.mark.timeout(400)
def test_a_run_survives_kills_at_any_instant_and_has_each_effect_once(tmp_path: Path) -> None:
    outcome = storms(tmp_path, KILLS, chosen_seed())
    sys.stdout.write(f"\n{outcome}\n")
    assert outcome.wrong == {}, str(outcome)
    assert outcome.runs > 0
    assert outcome.effects > outcome.runs
