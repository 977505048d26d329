"""Connectors of somebody else, found by their packages' entry points: one that is broken harms nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orchestrator.registry import ENTRY_POINTS, Registry

GOOD = """
from orchestrator.actions import Account, Call, Connector, Params, Result, field
{name} = Connector("{id}", title="Lamp")
class Look(Params):
    "Look at the lamp."
    room: str = field("Room")
class Seen(Result):
    lit: bool = field("Is lit")
@{name}.action("Look at the lamp", effect="{effect}", result=Seen)
def look(p: Look, account: Account, call: Call) -> Seen:
    return Seen(lit=True)
"""
BROKEN = {
    "import nothing_of_that_name": "No module named 'nothing_of_that_name'",
    "1 / 0": "ZeroDivisionError",
    "raise SystemExit(3)": "SystemExit",
    "def lamp(:": "SyntaxError",
    "other = 1": "has no attribute 'lamp'",
    "lamp = 'no connector'": "is no Connector",
    GOOD.format(name="lamp", id="lamp", effect="write"): "lamp.look writes and declares no preview",
    GOOD.format(name="lamp", id="lamp", effect="idempotent_write"): "lamp.look writes and declares no preview",
    GOOD.format(name="lamp", id="lamp", effect="sometimes"): "an effect",
    GOOD.format(name="lamp", id="La mp", effect="read"): "'La mp' is no id",
    GOOD.format(name="lamp", id="lamp", effect="read").replace('field("Room")', "'x'"): "the field 'room' of Look",
    GOOD.format(name="lamp", id="lamp", effect="read").replace(", call: Call", ""): "takes (params, account, call)",
    GOOD.format(name="lamp", id="lamp", effect="read").replace("room: str", "room: type"): "no JSON Schema",
    GOOD.format(name="lamp", id="notion", effect="read"): "there is a connector 'notion' already",
}

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package of one module that names a connector `lamp`."""
    monkeypatch.syspath_prepend(tmp_path)
    modules: list[str] = []

    def installed(package: str, code: str) -> None:
        module = package.replace("-", "_")
        modules.append(module)
        about = tmp_path / f"{module}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {package}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\nlamp = {module}:lamp\n")
        (tmp_path / f"{module}.py").write_text(code)

    yield installed
    for module in modules:
        sys.modules.pop(module, None)


def test_one_that_keeps_the_contract_is_there(install: Install) -> None:
    install("fine-lamp", GOOD.format(name="lamp", id="lamp", effect="read"))
    with capture_logs() as lines:
        found = Registry.discover()
    assert found["lamp.look"].title == "Look at the lamp"
    assert lines == []


@pytest.mark.parametrize("code", BROKEN, ids=list(BROKEN.values()))
def test_one_that_does_not_is_left_out_and_its_package_named(install: Install, code: str) -> None:
    install("broken-lamp", code)
    with capture_logs() as lines:
        found = Registry.discover()
    assert "lamp" not in found.connectors
    assert len(found.connector("notion").actions) > 1
    (line,) = lines
    assert (line["log_level"], line["package"], line["connector"]) == ("warning", "broken-lamp", "lamp")
    assert BROKEN[code] in line["why"]


def test_of_two_that_want_the_same_id_one_is_taken(install: Install) -> None:
    for package in ("a-lamp", "b-lamp"):
        install(package, GOOD.format(name="lamp", id="lamp", effect="read"))
    with capture_logs() as lines:
        found = Registry.discover()
    assert found["lamp.look"].function.__module__ == "a_lamp"
    assert [line["package"] for line in lines] == ["b-lamp"]
