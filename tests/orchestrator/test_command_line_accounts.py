"""`accounts` on the command line: secrets come from standard input, and are never written or shown."""

from __future__ import annotations

import json
from pathlib import Path

from tests.orchestrator.command import Command

TOKEN = "ghp_of_a_person_1234567890"


def test_an_account_is_added_listed_tested_and_removed(command: Command, home: Path) -> None:
    field = "base_url=http://127.0.0.1:9"
    added = command("accounts", "add", "github", "--name", "office", "--field", field, home=home, typed=f"{TOKEN}\n")
    assert (added.returncode, added.stderr) == (0, "")

    (entry, _) = [
        line
        for line in json.loads(command("accounts", "list", "--json", home=home).stdout)
        if line["connector"] == "github"
    ]
    assert (entry["name"], entry["source"], entry["in_use"]) == ("office", "saved", True)

    tested = command("accounts", "test", "github", home=home)
    assert tested.returncode == 1
    assert "GitHub cannot be reached" in tested.stderr
    assert "does not work: GitHub cannot be reached" in command("accounts", "list", home=home).stdout

    assert "Encrypted under a new key: 1 of 1" in command("accounts", "rotate", home=home).stdout
    assert command("accounts", "remove", "github", "office", "--yes", home=home).returncode == 0
    assert "office" not in command("accounts", "list", home=home).stdout
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert TOKEN.encode() not in kept


def test_a_secret_in_the_command_is_refused(command: Command, home: Path) -> None:
    refused = command("accounts", "add", "github", "--field", f"token={TOKEN}", home=home)
    assert refused.returncode == 2
    assert "'token' is a secret" in refused.stderr
    assert TOKEN not in refused.stderr + refused.stdout


def test_what_is_missing_is_told(command: Command, home: Path) -> None:
    assert "'Personal access token' is missing" in command("accounts", "add", "github", home=home).stderr
    assert "the nearest is 'github'" in command("accounts", "add", "gitbub", home=home).stderr
    assert "AI needs no account" in command("accounts", "add", "ai", home=home).stderr
    assert "no account 'work'" in command("accounts", "remove", "github", "work", "--yes", home=home).stderr


def test_the_list_says_where_each_account_comes_from(command: Command, home: Path) -> None:
    command("accounts", "add", "github", "--expires", "2020-01-31", home=home, typed=f"{TOKEN}\n")
    (work, practice) = [line for line in command("accounts", home=home).stdout.splitlines() if "github" in line]
    assert "the vault" in work
    assert "its key has ended: reconnect it" in work
    assert "Patchbay itself" in practice

    command("accounts", "reconnect", "github", "work", "--expires", "2099-01-31", home=home, typed="")
    (entry, _) = [
        line for line in json.loads(command("accounts", "--json", home=home).stdout) if line["connector"] == "github"
    ]
    assert entry["state"] == "untested"


def test_another_account_is_made_the_one_in_use(command: Command, home: Path) -> None:
    for name in ("work", "home"):
        command("accounts", "add", "github", "--name", name, home=home, typed=f"{TOKEN}\n")
    assert command("accounts", "default", "github", "home", home=home).returncode == 0
    listed = json.loads(command("accounts", "list", "--json", home=home).stdout)
    assert [line["name"] for line in listed if line["connector"] == "github"] == ["home", "work", "practice"]


def test_a_run_acts_as_the_account_that_is_said(command: Command, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "look.json"
    step = {"id": "all", "uses": "github.list_repositories", "account": "work"}
    file.write_text(json.dumps({"format": 1, "id": "look", "steps": [step]}))
    offline = "base_url=http://127.0.0.1:9"
    command("accounts", "add", "github", "--field", offline, home=home, typed=f"{TOKEN}\n")

    for arguments in (("--practice",), ("--account", "github=practice")):
        ran = json.loads(command("run", str(file), *arguments, "--json", home=home).stdout)
        assert (ran["status"], ran["accounts"]) == ("succeeded", {"github": "practice"})
    again = json.loads(command("rerun", ran["run_id"], "--account", "github=work", "--json", home=home).stdout)
    assert (again["status"], again["accounts"]) == ("failed", {"github": "work"})

    refused = command("run", str(file), "--account", "github=wrk", home=home)
    assert (refused.returncode, "the nearest is 'work'" in refused.stderr) == (2, True)
    command("accounts", "remove", "github", "work", "--yes", home=home)
    assert "no GitHub account 'work'" in command("rerun", again["run_id"], home=home).stderr
