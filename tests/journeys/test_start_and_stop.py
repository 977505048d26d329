"""Starting the studio and stopping it, as a person does on a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from scripts.studio import ROOT, Studio, answers, environment, free_port


def test_it_says_where_it_is_to_be_opened_and_ctrl_c_stops_it_at_once(tmp_path: Path) -> None:
    running = Studio.start(tmp_path / "home")
    assert answers(running.url)
    try:
        assert running.stop(within=20) == 0
        assert running.log.read_text() == f"Patchbay is at {running.url} (Ctrl-C stops it)\n"
    finally:
        running.kill()


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
        deadline = time.monotonic() + 60
        while not answers(url) and make.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if make.poll() is None:
            os.killpg(make.pid, signal.SIGINT)  # as a terminal does at Ctrl-C: to make and to the studio
        output, _ = make.communicate(timeout=30)
    finally:
        if make.poll() is None:
            os.killpg(make.pid, signal.SIGKILL)
    assert url in output
    assert "***" not in output, "make calls it an error"
    with pytest.raises(ProcessLookupError):
        os.killpg(make.pid, 0)
