"""Workflows of a repository are found among its files, told with what they need, and brought in as one bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.practice import create_app
from integrations.practice.github_git import Git
from orchestrator.account_entries import NONE, PRACTICE
from orchestrator.actions import Account, Connector, RepositoryFile, RepositoryFiles, SecretStr, Wanted, field
from orchestrator.bundle_import import bring_in, look
from orchestrator.bundles import pack
from orchestrator.errors import AccountError, InvalidInput
from orchestrator.registry import Registry
from orchestrator.repositories import Findings, Found, findings, look_into, readers, repository_at, together
from orchestrator.settings import Settings
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.orchestrator.command import Command


@pytest.fixture
def engine(made_home: Path) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=made_home)) as running:
        yield running


def template(id: str = "greeting", user: str = "Greet {{ name }}") -> dict[str, Any]:
    return {"id": id, "user": user, "variables": {"name": {"type": "string"}}}


def writer(id: str = "writer", template: str = "greeting", **more: Any) -> dict[str, Any]:
    ask = {"id": "text", "uses": "ai.generate", "with": {"template": template, "variables": {"name": "Ada"}}}
    return {"id": id, "name": id.capitalize(), "steps": [{**ask, "account": "private"}], **more}


def caller(workflow: str = "writer") -> dict[str, Any]:
    return {"id": "caller", "steps": [{"id": "call", "uses": "workflow", "with": {"workflow": workflow}}]}


def found_in(engine: WorkflowEngine, files: dict[str, Any]) -> Findings:
    """What is found in a repository of files, which are JSON unless they are text."""
    texts = {path: content if isinstance(content, str) else json.dumps(content) for path, content in files.items()}
    read = tuple(RepositoryFile(path, text) for path, text in texts.items())
    return findings(RepositoryFiles("https://git.example/a/b", read, ("c.json is larger than 500 kB.",)), engine)


def one(found: Findings, path: str) -> Found:
    return next(one for one in found.found if one.path == path)


def carried(found: Found) -> list[str]:
    return [item.id for item in found.bundle.items] if found.bundle else []


class TestWhatIsFound:
    def test_is_each_workflow_with_all_that_it_names(self, engine: WorkflowEngine) -> None:
        found = found_in(engine, {"a.json": caller(), "flows/b.json": writer(), "prompts/c.json": template()})
        assert [(one.path, one.kind, one.title) for one in found.found] == [
            ("a.json", "workflow", "caller"),
            ("flows/b.json", "workflow", "Writer"),
        ]
        assert carried(one(found, "a.json")) == ["caller", "writer", "greeting"]
        assert carried(one(found, "flows/b.json")) == ["writer", "greeting"]
        assert not [one.problems for one in found.found if one.problems]

    def test_names_no_account(self, engine: WorkflowEngine) -> None:
        found = found_in(engine, {"b.json": writer(), "c.json": template()})
        bundle = one(found, "b.json").bundle
        assert bundle is not None
        assert "private" not in bundle.to_json()

    def test_is_a_bundle_and_a_template_that_no_workflow_uses(self, engine: WorkflowEngine) -> None:
        engine.library.templates.save(Template.model_validate(template()))
        bundle = pack(Workflow.model_validate(writer()), engine.library, engine.registry, title="Greetings")
        found = found_in(engine, {"x.json": template("lonely"), "y.json": bundle.to_json()})
        assert [(one.kind, one.title) for one in found.found] == [("bundle", "Greetings"), ("template", "lonely")]

    def test_is_read_as_yaml_too(self, engine: WorkflowEngine) -> None:
        found = found_in(engine, {"a.yaml": "id: pause\nsteps:\n  - {id: a, uses: wait, with: {seconds: 1}}\n"})
        assert carried(one(found, "a.yaml")) == ["pause"]

    def test_is_nothing_of_another_kind(self, engine: WorkflowEngine) -> None:
        others = {
            "list.json": [1],
            "package.json": {"name": "x", "bundle": ["y"]},
            "action.yml": "runs:\n  steps: [{run: ls}]\n",
            "user.json": {"id": 7, "user": {"name": "x"}},
        }
        found = found_in(engine, {**others, "broken.json": '{"id": ', "odd.yaml": "a: [1"})
        assert found.found == ()
        assert found.others == len(others)
        assert found.left_out[0] == "c.json is larger than 500 kB."
        assert [sentence.split()[0] for sentence in found.left_out[1:]] == ["broken.json", "odd.yaml"]

    def test_is_no_yaml_that_means_gigabytes(self, engine: WorkflowEngine) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
        merged = ["b0: &b0 {x: 1}"] + [f"b{n}: &b{n} {{<<: [{', '.join([f'*b{n - 1}'] * 10)}]}}" for n in range(1, 12)]
        found = found_in(engine, {"a.yaml": "\n".join(lines), "b.yaml": "\n".join(merged)})
        assert found.found == ()
        assert [sentence.split()[0] for sentence in found.left_out[1:]] == ["a.yaml", "b.yaml"]

    def test_is_told_with_what_keeps_it_from_running_here(self, engine: WorkflowEngine) -> None:
        strange = {"id": "strange", "steps": [{"id": "a", "uses": "nowhere.do"}]}
        shapeless = {"id": "shapeless", "steps": [], "colour": "red"}
        files = {
            "a.json": strange,
            "b.json": shapeless,
            "c.json": writer(template="absent"),
            "d.json": caller("absent"),
        }
        found = found_in(engine, files)
        assert [bool(one.problems) for one in found.found] == [True] * 4
        assert "'absent'" in one(found, "c.json").problems[0].message
        assert "'absent', which is not there" in one(found, "d.json").problems[0].message
        assert one(found, "b.json").bundle is None

    def test_may_name_what_the_library_has(self, engine: WorkflowEngine) -> None:
        engine.library.templates.save(Template.model_validate(template()))
        found = found_in(engine, {"b.json": writer()})
        assert (carried(found.found[0]), found.found[0].problems) == (["writer"], ())

    def test_of_one_id_is_taken_once(self, engine: WorkflowEngine) -> None:
        found = found_in(
            engine, {"a.json": template("x", "A"), "b.json": template("x", "B"), "c.json": template("x", "A")}
        )
        assert [(one.path, bool(one.problems)) for one in found.found] == [("a.json", False), ("b.json", True)]
        assert "a.json is a template with the id 'x', too." in found.found[1].problems[0].message


class TestWhatIsChosen:
    def test_becomes_one_bundle_in_which_nothing_is_twice(self, engine: WorkflowEngine) -> None:
        other = writer("other")
        found = found_in(
            engine, {"a.json": writer(), "b.json": other, "c.json": template(), "d.json": template("lonely")}
        )
        bundle = together([one(found, path) for path in ("d.json", "a.json", "b.json")], "a/b")
        assert [item.id for item in bundle.items] == ["writer", "other", "lonely", "greeting"]
        assert bundle.name == "a/b"

    def test_is_written_over_nothing_unasked(self, engine: WorkflowEngine) -> None:
        engine.library.workflows.save(Workflow.model_validate(writer(name="Mine")))
        found = found_in(engine, {"a.json": writer(), "c.json": template()})
        bundle = together(found.found, "a/b")
        assert [incoming.standing for incoming in look(bundle, engine.library)] == ["taken", "new"]
        with pytest.raises(InvalidInput, match="already another workflow 'writer'"):
            bring_in(bundle, {}, engine, by="ann")
        made = bring_in(bundle, {("workflow", "writer"): "keep_both"}, engine, by="ann")
        assert made.saved == (("template", "greeting"), ("workflow", "writer_2"))
        assert engine.load_workflow("writer").name == "Mine"

    def test_can_be_a_template_alone(self, engine: WorkflowEngine) -> None:
        found = found_in(engine, {"d.json": template("lonely")})
        assert bring_in(together(found.found, "a/b"), {}, engine, by="ann").saved == (("template", "lonely"),)
        assert engine.template_versions.history("lonely")[0].origin == "imported"

    def test_does_not_go_together_where_one_id_means_two_things(self, engine: WorkflowEngine) -> None:
        engine.library.templates.save(Template.model_validate(template(user="Another text, {{ name }}")))
        bundle = pack(Workflow.model_validate(writer("packed")), engine.library, engine.registry)
        engine.library.templates.delete("greeting")
        found = found_in(engine, {"a.json": writer(), "b.json": bundle.to_json(), "c.json": template()})
        with pytest.raises(InvalidInput, match=r"b.json and a.json hold different templates called 'greeting'"):
            together(found.found, "a/b")


@dataclass(frozen=True)
class Shelf:
    """A repository that holds one workflow."""

    title: str

    def read(self, wanted: Wanted) -> RepositoryFiles:
        assert ".yaml" in wanted.suffixes
        return RepositoryFiles("", (RepositoryFile("a.json", json.dumps(template(self.title))),))


class TestWhoReads:
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[WorkflowEngine]:
        class Key(Account):
            key: SecretStr = field("Key")
            base_url: str = field("Address", default="https://git.example")

        git = Connector("git", title="Git", account=Key, practice={"key": "practice"})

        @git.repository
        def _(address: str, account: Key) -> Shelf | None:
            return Shelf(f"{account.name}_{account.key.get_secret_value()}") if address == account.base_url else None

        settings = Settings(home=tmp_path / "home")
        with WorkflowEngine(settings, registry=Registry([Connector("other", title="Other"), git])) as running:
            yield running

    def read_by(self, engine: WorkflowEngine, address: str, account: str | None = None) -> str | None:
        source = repository_at(address, engine, account)
        return look_into(source, engine).found[0].title if source else None

    def test_is_nobody_before_it_is_the_practice_account(self, engine: WorkflowEngine) -> None:
        assert readers(engine.registry.connector("git"), engine) == [NONE, PRACTICE]
        assert self.read_by(engine, "https://git.example") == "none_"
        assert self.read_by(engine, "https://git.example", PRACTICE) == "practice_practice"

    def test_is_the_connected_account_that_knows_the_address(self, engine: WorkflowEngine) -> None:
        engine.accounts.add("git", "work", {"key": "k", "base_url": "https://git.corp.example"})
        assert self.read_by(engine, "https://git.corp.example") == "work_k"
        assert self.read_by(engine, "https://git.example") == "none_"
        assert self.read_by(engine, "https://elsewhere.example") is None

    def test_must_be_there(self, engine: WorkflowEngine) -> None:
        with pytest.raises(AccountError, match="no Git account 'work'"):
            repository_at("https://git.example", engine, "work")

    def test_is_nobody_at_the_address_that_the_environment_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATCHBAY_GITHUB_BASE_URL", "https://git.corp.example/api/v3")
        with WorkflowEngine(Settings(home=tmp_path / "home")) as engine:
            assert repository_at("https://git.corp.example/a/b", engine) is not None
            assert repository_at("https://github.com/a/b", engine) is None


class TestTheCommandLine:
    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        """A home whose practice GitHub has workflows in the handbook."""
        home = tmp_path / "home"
        home.mkdir()
        app = create_app(home / "practice.db", "http://studio.test")
        files = {"flows/a.json": writer(), "flows/b.json": writer("other"), "flows/c.json": template()}
        files["flows/d.json"] = {"id": "strange", "steps": [{"id": "a", "uses": "nowhere.do"}]}
        contents = {path: json.dumps(content).encode() for path, content in files.items()}
        ann = {"name": "Ann", "email": "ann@practice.example"}
        Git(app.state.store, "practice/handbook").write("main", contents, "Add flows", ann, datetime.now(UTC))
        app.state.store.close()
        return home

    def test_lists_what_there_is_and_imports_nothing(self, command: Command, home: Path) -> None:
        shown = command("import", "practice/handbook", "--account", "practice", "--list", home=home)
        assert shown.returncode == 0, shown.stderr
        assert "1 Workflow Writer (flows/a.json)" in shown.stdout
        assert "Needs: a model. Changes: nothing outside." in shown.stdout
        assert "Comes with: template greeting." in shown.stdout
        assert "Cannot be imported: " in shown.stdout
        assert not (home / "workflows").exists()

    def test_imports_what_is_chosen_by_its_number(self, command: Command, home: Path) -> None:
        address = "https://github.com/practice/handbook/tree/main/flows"
        made = command("import", address, "--account", "practice", home=home, typed="3\n2\ny\n")
        assert made.returncode == 0, made.stderr
        assert "Name those that can be imported." in made.stdout
        assert "Imported the workflow other." in made.stdout
        assert "Imported the template greeting." in made.stdout
        assert not (home / "workflows" / "writer.json").exists()

    def test_says_what_is_not_there(self, command: Command, home: Path) -> None:
        asked = ("import", "practice/handbook", "--account", "practice", "--only", "flows/e.json", "--yes")
        answer = command(*asked, home=home)
        assert answer.returncode == 2
        assert "There is nothing to import at flows/e.json" in answer.stderr
