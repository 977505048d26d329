"""Logs: lines of JSON without secrets, also what libraries say, also where Patchbay is a library itself."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import logs, masking
from orchestrator.settings import ROOT
from tests.orchestrator.gossip import SECRET, all_logged, traces

LIBRARY = """
import logging, sys
{host}
from orchestrator.settings import Settings
from orchestrator import Workflow, WorkflowEngine
from orchestrator.registry import Registry
from tests.orchestrator.gossip import SECRET, a_gossip, steps
with WorkflowEngine(Settings(home=sys.argv[1]), registry=Registry([a_gossip()])) as engine:
    engine.accounts.add("gossip", "work", {{"token": SECRET}})
    engine.execute_workflow(Workflow.model_validate({{"id": "told", "steps": steps("JSON")}}))
    logging.getLogger("sdk").warning("sent %s", {{"token": SECRET}})
    logging.getLogger("sdk").warning("%s %s", SECRET)
    try:
        raise OSError(SECRET)
    except OSError:
        logging.getLogger("sdk").exception("failed")
"""


@pytest.fixture
def secret() -> Iterator[str]:
    class Owner: ...

    owner = Owner()
    masking.know(owner, [SECRET])
    yield SECRET
    masking.know(owner, [])


@pytest.fixture
def heard(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    with all_logged():
        capsys.readouterr()
        yield capsys


def test_what_a_library_logs_is_a_line_of_ours(heard: pytest.CaptureFixture[str], secret: str) -> None:
    logging.getLogger("uvicorn.error").warning("answered %s", secret)

    line = json.loads(heard.readouterr().err)
    assert (line["event"], line["level"], line["logger"]) == ("answered •••", "warning", "uvicorn.error")


def test_a_traceback_keeps_what_is_no_secret(heard: pytest.CaptureFixture[str], secret: str) -> None:
    try:
        raise OSError(f"refused {secret}")
    except OSError:
        logging.getLogger("sdk").exception("failed")

    line = json.loads(heard.readouterr().err)
    assert "OSError: refused •••" in line["exception"]
    assert __file__ in line["exception"]


def test_what_nobody_caught_is_logged_too(heard: pytest.CaptureFixture[str], secret: str) -> None:
    def fail() -> None:
        raise OSError(secret)

    thread = threading.Thread(target=fail, name="left alone")
    thread.start()
    thread.join()

    line = json.loads(heard.readouterr().err)
    assert (line["thread"], line["exception"][0]["exc_value"]) == ("left alone", "•••")


def test_to_configure_it_again_changes_the_level_and_adds_nothing(heard: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning")
    logging.getLogger("sdk").info("not told")
    logging.getLogger("sdk").warning("told once")
    assert heard.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "host", ["", "logging.basicConfig(level=logging.DEBUG)"], ids=["no logging", "its own logging"]
)
def test_a_program_that_uses_the_library_logs_no_secret(tmp_path: Path, host: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LIBRARY.format(host=host), str(tmp_path / "home")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=50,
        check=True,
    )
    said = ran.stdout + ran.stderr
    for expected in (b"ZeroDivisionError", b"sent {'token': ", b"OSError", b"failed"):
        assert expected in said
    assert not [trace for trace in traces(SECRET) if trace in said]
