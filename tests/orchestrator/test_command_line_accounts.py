"""`accounts` on the command line: secrets come from standard input, and are never written or shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from orchestrator.settings import ROOT

TOKEN = "ghp_of_a_person_1234567890"


def accounts(*arguments: str, home: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestrator", "accounts", *arguments],
        cwd=ROOT,
        env={**os.environ, "PATCHBAY_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200"},
        input=typed,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_an_account_is_added_listed_tested_and_removed(home: Path) -> None:
    field = "base_url=http://127.0.0.1:9"
    added = accounts("add", "github", "--name", "office", "--field", field, home=home, typed=f"{TOKEN}\n")
    assert (added.returncode, added.stderr) == (0, "")

    (entry, _) = [
        line for line in json.loads(accounts("list", "--json", home=home).stdout) if line["connector"] == "github"
    ]
    assert (entry["name"], entry["source"], entry["in_use"]) == ("office", "saved", True)

    tested = accounts("test", "github", home=home)
    assert tested.returncode == 1
    assert "GitHub cannot be reached" in tested.stderr
    assert "does not work: GitHub cannot be reached" in accounts("list", home=home).stdout

    assert "Encrypted under a new key: 1 of 1" in accounts("rotate", home=home).stdout
    assert accounts("remove", "github", "office", "--yes", home=home).returncode == 0
    assert "office" not in accounts("list", home=home).stdout
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert TOKEN.encode() not in kept


def test_a_secret_in_the_command_is_refused(home: Path) -> None:
    refused = accounts("add", "github", "--field", f"token={TOKEN}", home=home)
    assert refused.returncode == 2
    assert "'token' is a secret" in refused.stderr
    assert TOKEN not in refused.stderr + refused.stdout


def test_what_is_missing_is_told(home: Path) -> None:
    assert "'Personal access token' is missing" in accounts("add", "github", home=home).stderr
    assert "no connector 'gitbub'" in accounts("add", "gitbub", home=home).stderr
    assert "no account 'work'" in accounts("remove", "github", "work", "--yes", home=home).stderr
