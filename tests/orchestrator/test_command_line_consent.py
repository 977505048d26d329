"""`accounts add --connect`: the browser comes back to a port of this machine, and the account is connected."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from integrations.practice.google_oauth import CLIENT_ID, CLIENT_SECRET
from orchestrator.practice import PracticeServer
from orchestrator.settings import ROOT

PATIENCE = 40
"""Seconds for what a process does that is only just starting, on a machine that does much else."""


@pytest.fixture
def google(tmp_path: Path) -> Iterator[str]:
    server = PracticeServer(tmp_path / "google", "http://studio.test")
    yield server.url
    server.close()


def started(home: Path, google: str, *arguments: str) -> subprocess.Popen[str]:
    given = {
        "PATCHBAY_HOME": str(home),
        "PATCHBAY_GOOGLE_OAUTH_BASE_URL": f"{google}/google_oauth",
        "PATCHBAY_GMAIL_BASE_URL": f"{google}/gmail",
        "NO_COLOR": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "accounts", *arguments],
        cwd=ROOT,
        env={**os.environ, **given},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(f"{CLIENT_SECRET}\n")
    process.stdin.close()
    return process


def link_of(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.match(r"http\S+/auth\?\S+", line):
            return found[0]
    raise AssertionError("it printed no link")


def allow(link: str) -> httpx2.Response:
    scope = parse_qs(urlsplit(link).query)["scope"][0]
    reply = httpx2.post(link, data={"scope": scope.split(), "answer": "allow"}, timeout=PATIENCE)
    return httpx2.get(reply.headers["location"], timeout=PATIENCE)


def output_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        said = process.stdout.read()
        assert process.wait(PATIENCE) == 0, process.stderr.read()
    return said


def test_an_account_is_connected_in_the_browser_and_connected_again(home: Path, google: str) -> None:
    client = ("--field", f"client_id={CLIENT_ID}", "--connect")
    adding = started(home, google, "add", "gmail", "--name", "work", *client, "--json")
    link = link_of(adding)
    back = parse_qs(urlsplit(link).query)["redirect_uri"][0]
    assert CLIENT_SECRET not in link
    assert httpx2.get(f"{back}?state=guessed&code=x").status_code == 404

    assert "works: sam@lanternworks.example" in allow(link).text
    assert json.loads(output_of(adding)) == {
        "connector": "gmail",
        "account": "work",
        "works": True,
        "said": "'work' works: sam@lanternworks.example",
    }

    again = started(home, google, "reconnect", "gmail", "work", "--connect")
    allow(link_of(again))
    assert "'work' works" in output_of(again)
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert CLIENT_SECRET.encode() not in kept
