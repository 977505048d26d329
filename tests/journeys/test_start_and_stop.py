"""Starting the studio and stopping it, as a person does on a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.studio import ROOT, Studio, answers, command_line, environment, free_port


@pytest.fixture
def own_studio(tmp_path: Path) -> Iterator[Studio]:
    running = Studio.start(tmp_path / "home")
    yield running
    running.kill()


def test_ctrl_c_stops_it_at_once_and_is_no_error(own_studio: Studio) -> None:
    began = time.perf_counter()
    assert own_studio.stop() == 0
    assert time.perf_counter() - began < 5
    assert "Traceback" not in own_studio.log.read_text()


def test_it_says_where_it_is_to_be_opened(own_studio: Studio) -> None:
    assert own_studio.url in own_studio.log.read_text()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_it_refuses_to_be_reached_from_other_machines(home: Path, host: str) -> None:
    answer = command_line(home, "serve", "--host", host, "--port", str(free_port()))
    assert answer.returncode == 2
    assert host in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_port_that_is_taken_is_said_in_a_sentence(own_studio: Studio, tmp_path: Path) -> None:
    port = own_studio.url.rsplit(":", 1)[1]
    answer = command_line(tmp_path / "other" / "home", "serve", "--port", port)
    assert answer.returncode == 2
    assert port in answer.stderr
    assert "Traceback" not in answer.stderr


def test_make_run_starts_it_and_leaves_nothing_behind(home: Path) -> None:
    url = f"http://127.0.0.1:{(port := free_port())}"
    make = subprocess.Popen(
        ["make", "--no-print-directory", "run", f"PORT={port}"],
        cwd=ROOT,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 30
        while not answers(url) and make.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if make.poll() is None:
            os.killpg(make.pid, signal.SIGINT)  # as a terminal does at Ctrl-C: to make and to the studio
        output, _ = make.communicate(timeout=10)
    finally:
        if make.poll() is None:
            os.killpg(make.pid, signal.SIGKILL)
    assert url in output
    assert "***" not in output, "make calls it an error"
    with pytest.raises(ProcessLookupError):
        os.killpg(make.pid, 0)
