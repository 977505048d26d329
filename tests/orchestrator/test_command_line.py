"""The command line as a person uses it: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.settings import ROOT, Settings
from orchestrator.workflow_engine import WorkflowEngine
from tests.orchestrator.command import Command

WORKFLOW: dict[str, Any] = {
    "id": "mail_to_page",
    "name": "Mail to page",
    "inputs": {"title": {"title": "Title"}},
    "steps": [
        {"id": "mail", "uses": "gmail.search_messages", "with": {"query": "is:unread", "limit": 2}},
        {
            "id": "page",
            "uses": "notion.create_page",
            "with": {
                "parent": "Inbox summaries",
                "title": "{{ inputs.title }}",
                "markdown": "{% for m in steps.mail.messages %}- {{ m.subject }}\n{% endfor %}",
            },
        },
    ],
    "output": {"url": "{{ steps.page.url }}"},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mail_to_page.json"
    path.write_text(json.dumps(WORKFLOW))
    return path


def test_the_actions_are_listed_for_a_person_and_for_a_program(command: Command, home: Path) -> None:
    told = command("actions", home=home)
    (line,) = [line for line in told.stdout.splitlines() if line.startswith(" gmail.send_message ")]
    assert "Send a mail" in line
    assert "writes" in line

    listed = json.loads(command("actions", "--json", home=home).stdout)
    (sends,) = [action for action in listed if action["id"] == "gmail.send_message"]
    assert (sends["connector"], sends["title"], sends["effect"]) == ("gmail", "Send a mail", "write")
    assert "subject" in sends["params"]["properties"]
    assert "url" in sends["result"]["properties"]
    assert not home.exists()


def test_a_run_prints_one_object_for_a_program(command: Command, home: Path, file: Path) -> None:
    done = command("run", str(file), "--input", "title=From the command line", "--json", home=home)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["status"] == "succeeded"
    assert set(run) >= {"run_id", "status", "output", "steps", "usage", "effects"}
    assert set(run["steps"]["mail"]) == {"status", "output", "error", "attempts", "duration_ms"}
    assert len(run["steps"]["mail"]["output"]["messages"]) == 2
    [effect] = run["effects"]
    assert (effect["action"], effect["account"], effect["status"]) == ("notion.create_page", "practice", "confirmed")
    assert effect["link"] == run["output"]["url"]

    shown = json.loads(command("show", run["run_id"], "--json", home=home).stdout)
    assert shown == run
    [listed] = json.loads(command("runs", "--json", home=home).stdout)
    assert listed["id"] == run["run_id"]


def test_a_run_tells_a_person_what_it_does(command: Command, home: Path, file: Path) -> None:
    done = command("run", str(file), "--input", "title=Hello", home=home)
    assert "✓ mail" in done.stderr
    assert "✓ page" in done.stderr
    assert "Hello" in done.stdout
    assert "url: http" in done.stdout


def test_a_run_that_fails_exits_with_1_and_says_why(command: Command, home: Path, file: Path) -> None:
    broken = json.loads(file.read_text())
    broken["steps"][1]["with"]["parent"] = "No such database"
    file.write_text(json.dumps(broken))
    done = command("run", str(file), "--input", "title=x", home=home)
    assert done.returncode == 1
    assert "step 'page'" in done.stderr
    assert "No such database" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "nothing_like_it"], "There is no workflow 'nothing_like_it'"),
        (["run", "../../etc/passwd"], "There is no workflow '../../etc/passwd'"),
        (["run", "gone.json"], "gone.json cannot be read: No such file or directory"),
        (["run", "FILE"], "needs the input 'title' (Title). Give a value for 'title'."),
        (["run", "FILE", "--input", "title"], "'title' is not NAME=VALUE"),
        (["run", "FILE", "--input", "titel=x"], "no input 'titel'; the nearest is 'title'"),
        (["run", "FILE", "--input", "title=x", "--model", "nobody:x"], "no model provider 'nobody'"),
        (["run", "FILE", "--inputs", "gone.json"], "gone.json cannot be read"),
        (["show", "nobody"], "There is no run 'nobody'"),
        (["resume", "nobody"], "There is no run 'nobody'"),
        (["cancel", "nobody"], "There is no run 'nobody'"),
        (["rerun", "nobody", "--from", "a", "--only", "a"], "Give --from or --only, not both."),
        (["rerun", "nobody", "--set", "a"], "'a' is not STEP.PARAMETER=VALUE. Write it as --set"),
        (["rerun", "nobody", "--set", "a=1"], "'a' names no parameter of a step."),
        (["rerun", "nobody", "--pin", "a"], "'a' is not STEP=JSON."),
        (["runs", "--status", "bogus"], "no status 'bogus'; there is queued, running"),
        (["serve", "--host", "0.0.0.0"], "has no sign-in yet. Use 127.0.0.1 or localhost."),
        (["frobnicate"], "No such command 'frobnicate'"),
    ],
)
def test_what_cannot_start_exits_with_2_and_says_why(
    command: Command, home: Path, file: Path, arguments: list[str], says: str
) -> None:
    done = command(*(str(file) if part == "FILE" else part for part in arguments), home=home)
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_what_goes_wrong_is_json_for_whoever_asks_for_that(command: Command, home: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"id": "bad", "steps": [{"id": "a", "uses": "nobody.knows"}, {"id": "b", "uses": "no.such"}]}')
    for arguments, code, problems in ((["show", "nobody"], "not_found", 0), (["run", str(bad)], "invalid_workflow", 2)):
        done = command(*arguments, "--json", home=home)
        error = json.loads(done.stdout)["error"]
        assert (done.returncode, done.stderr) == (2, "")
        assert (error["code"], len(error.get("problems", []))) == (code, problems)


class TestARunThatIsAsked:
    """A command that does not fit what a run waits for, or that it is over, is told so."""

    @staticmethod
    def run(command: Command, home: Path, **step: Any) -> str:
        file = home.parent / "asks.json"
        file.write_text(json.dumps({"id": "asks", "name": "[/] asks", "steps": [{"id": "a", **step}]}))
        return json.loads(command("run", str(file), "--json", home=home).stdout)["run_id"]

    @pytest.mark.parametrize(
        ("step", "arguments", "says"),
        [
            ({"uses": "wait_for_input", "with": {"message": "?"}}, ["approve"], "more than yes or no, in a. Use the"),
            ({"uses": "approve", "with": {"message": "?"}}, ["approve", "--hash", "x"], "This is not what was shown."),
            ({"uses": "set", "with": {"values": {}}}, ["approve"], "asks for no approval: it succeeded."),
            ({"uses": "set", "with": {"values": {}}}, ["cancel"], "is over: it succeeded."),
            ({"uses": "set", "with": {"values": {}}}, ["resume"], "succeeded: nothing is left to do."),
        ],
    )
    def test_what_does_not_fit(
        self, command: Command, home: Path, step: dict[str, Any], arguments: list[str], says: str
    ) -> None:
        run_id = self.run(command, home, **step)
        done = command(arguments[0], run_id, *arguments[1:], home=home)
        assert done.returncode == 2
        assert says in " ".join(done.stderr.split())

    def test_is_listed_and_shown_whatever_its_name_is(self, command: Command, home: Path) -> None:
        run_id = self.run(command, home, uses="approve", **{"with": {"message": "[/] sure?", "show": "[/]"}})
        (home / "workflows").mkdir(parents=True, exist_ok=True)
        shutil.copy(home.parent / "asks.json", home / "workflows" / "asks.json")
        for arguments in (["list"], ["runs"], ["show", run_id], ["triggers"]):
            assert command(*arguments, home=home).returncode == 0


def test_validate_tells_every_mistake_of_every_file(command: Command, home: Path, file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"id": "bad", "steps": [{"id": "a", "uses": "gmail.serch_messages", "wiht": {}}]}')
    done = command("validate", str(file), str(bad), str(tmp_path / "gone.yaml"), home=home)
    assert done.returncode == 2
    assert f"{file}: fine" in done.stdout
    assert "the nearest is 'gmail.search_messages'" in done.stderr
    assert "the nearest is 'with'" in done.stderr
    assert "gone.yaml cannot be read" in done.stderr
    assert command("validate", str(file), home=home).returncode == 0


def test_a_wrong_setting_is_told_in_a_sentence(command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHBAY_LOG_LEVEL", "loud")
    done = command("list", home=home)
    assert done.returncode == 2
    assert "PATCHBAY_LOG_LEVEL is not valid" in done.stderr


def test_every_shipped_workflow_is_listed_and_has_no_problem(command: Command, home: Path) -> None:
    listed = json.loads(command("list", "--json", home=home).stdout)
    assert {entry["id"] for entry in listed} >= {"simple_ai_completion", "email_to_notion", "generate_sop_to_github"}
    assert [entry["error"] for entry in listed] == [None] * len(listed)
    done = command("validate", *(entry["path"] for entry in listed), home=home)
    assert done.returncode == 0, done.stderr


def test_the_published_schema_is_the_one_of_the_code(command: Command, home: Path) -> None:
    assert command("schema", home=home).stdout == (ROOT / "workflows" / "schema.json").read_text()


@pytest.mark.timeout(180)
def test_a_killed_run_goes_on_where_it_was(command: Command, home: Path, file: Path) -> None:
    slow = {
        "id": "mail_to_page",
        "steps": [
            WORKFLOW["steps"][0],
            {
                "id": "pages",
                "uses": "group",
                "for_each": "{{ range(40) | list }}",
                "concurrency": 1,
                "needs": ["mail"],
                "steps": [
                    {"id": "pause", "uses": "wait", "with": {"seconds": 0.05}},
                    {
                        "id": "page",
                        "uses": "notion.create_page",
                        "needs": ["pause"],
                        "with": {"parent": "Inbox summaries", "title": "Page {{ item }}"},
                    },
                ],
            },
        ],
        "output": {"count": "{{ steps.pages | length }}"},
    }
    file.write_text(json.dumps(slow))
    environment = {**os.environ, "PATCHBAY_HOME": str(home)}
    arguments = [sys.executable, "-m", "orchestrator", "run", str(file), "--json"]
    with WorkflowEngine(Settings.load(home=home)) as watcher:
        process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
        while not (runs := watcher.runs(limit=1)) or len(watcher.run(runs[0].id).effects) < 5:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        run_id = runs[0].id

    before = json.loads(command("show", run_id, "--json", home=home).stdout)
    assert before["status"] == "running"
    resumed = command("resume", run_id, "--json", home=home)
    assert resumed.returncode == 0, resumed.stderr
    after = json.loads(resumed.stdout)
    assert (after["run_id"], after["status"], after["output"]) == (run_id, "succeeded", {"count": 40})
    assert after["steps"]["mail"] == before["steps"]["mail"]

    counted = {**WORKFLOW, "steps": [{"id": "n", "uses": "notion.query_data_source", "with": QUERY}], "output": {}}
    file.write_text(json.dumps({**counted, "inputs": {}}))
    rows = json.loads(command("run", str(file), "--json", home=home).stdout)["steps"]["n"]["output"]["rows"]
    titles = [row["title"] for row in rows if row["title"].startswith("Page ")]
    assert sorted(titles) == sorted(f"Page {number}" for number in range(40))


QUERY = {"data_source": "Inbox summaries", "limit": 100}


class TestAPreview:
    @pytest.fixture
    def shown(self, command: Command, home: Path, file: Path) -> dict[str, Any]:
        done = command("preview", str(file), "--input", "title=Looked at", "--json", home=home)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def test_shows_what_would_be_sent_and_sends_it_when_approved(
        self, command: Command, home: Path, shown: dict[str, Any]
    ) -> None:
        assert (shown["status"], shown["mode"], shown["effects"]) == ("waiting", "preview", [])
        [plan] = shown["plans"]
        assert plan["action"] == "notion.create_page"
        assert "Looked at" in plan["summary"]
        done = command("approve", shown["run_id"], "--hash", shown["plan_hash"], "--json", home=home)
        assert done.returncode == 0, done.stderr
        approved = json.loads(done.stdout)
        assert (approved["status"], len(approved["effects"])) == ("succeeded", 1)

    def test_is_approved_as_it_was_shown_or_not_at_all(
        self, command: Command, home: Path, shown: dict[str, Any]
    ) -> None:
        done = command("approve", shown["run_id"], "--hash", "another", home=home)
        assert done.returncode == 2
        assert "not what was shown" in done.stderr
        assert command("reject", shown["run_id"], home=home).returncode == 1
        assert json.loads(command("show", shown["run_id"], "--json", home=home).stdout)["effects"] == []


def test_whoever_wants_no_preview_says_so_for_all_that_the_run_calls(
    command: Command, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "quiet.json"
    file.write_text(json.dumps({"id": "quiet", "steps": [{"id": "a", "uses": "set", "with": {"values": {}}}]}))
    done = command("run", str(file), "--no-preview", "--json", home=home)
    assert done.returncode == 0, done.stderr
    with WorkflowEngine(Settings.load(home=home)) as engine:
        _, began = engine.journal.events(json.loads(done.stdout)["run_id"])[0]
    assert began.data["preview"] is False


def test_where_there_are_no_tests_it_says_how_to_make_one(command: Command, home: Path) -> None:
    done = command("test", home=home)
    assert done.returncode == 0
    assert 'fill in "Turn into a test"' in done.stdout
    assert "python -m orchestrator test --keep RUN" in done.stdout


def test_a_run_that_asks_somebody_says_how_to_answer(command: Command, home: Path, tmp_path: Path) -> None:
    ask = {"id": "ask", "uses": "wait_for_input", "with": {"message": "How many?", "type": "integer"}}
    file = tmp_path / "asks.json"
    file.write_text(json.dumps({"id": "asks", "steps": [ask], "output": {"n": "{{ steps.ask.value }}"}}))
    waiting = command("run", str(file), home=home)
    assert waiting.returncode == 3
    assert "How many?" in waiting.stdout
    said = next(line for line in waiting.stdout.splitlines() if "orchestrator answer" in line)
    run_id = said.split(" answer ")[1].split()[0]
    answered = command("answer", run_id, "ask", "7", "--json", home=home)
    assert json.loads(answered.stdout)["output"] == {"n": 7}
    again = command("rerun", run_id, "--pin", 'ask={"value": 8, "by": "me"}', "--json", home=home)
    assert json.loads(again.stdout)["output"] == {"n": 8}
    compared = command("compare", run_id, json.loads(again.stdout)["run_id"], home=home)
    assert "7 → 8" in compared.stdout


def test_one_step_is_run_again_with_a_typed_value(command: Command, home: Path, tmp_path: Path) -> None:
    first = {"id": "a", "uses": "set", "with": {"values": {"n": 1}}}
    then = {"id": "b", "uses": "set", "with": {"values": {"n": "{{ steps.a.values.n + 1 }}"}}}
    file = tmp_path / "two.json"
    file.write_text(json.dumps({"id": "two", "steps": [first, then], "output": {"n": "{{ steps.b.values.n }}"}}))
    run_id = json.loads(command("run", str(file), "--json", home=home).stdout)["run_id"]
    done = command("rerun", run_id, "--from", "b", "--set", 'b.values={"n": 5}', "--json", home=home)
    assert json.loads(done.stdout)["output"] == {"n": 5}
    wrong = command("rerun", run_id, "--from", "c", home=home)
    assert wrong.returncode == 2
    assert "no step 'c'" in wrong.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_the_studio_refuses_to_be_reached_from_other_machines(command: Command, tmp_path: Path, host: str) -> None:
    answer = command("serve", "--host", host, "--port", "8501", home=tmp_path / "home")
    assert answer.returncode == 2
    assert host in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_port_that_is_taken_is_said_in_a_sentence(command: Command, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = command("serve", "--port", port, home=tmp_path / "home")
    assert answer.returncode == 2
    assert port in answer.stderr
    assert "Traceback" not in answer.stderr
