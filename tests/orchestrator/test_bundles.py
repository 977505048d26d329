"""A bundle carries a workflow with all that it uses; what was changed on its way is refused; nothing is replaced
unasked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bundle_contents import contents_of
from orchestrator.bundle_import import bring_in, keep_all, look
from orchestrator.bundles import Bundle, content_of, digest, is_bundle, pack, read
from orchestrator.errors import InvalidFile, InvalidInput, InvalidWorkflow, NotFound
from orchestrator.settings import Settings
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.orchestrator.command import Command


@pytest.fixture
def engine(made_home: Path) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=made_home)) as running:
        yield running


@pytest.fixture
def other(tmp_path: Path) -> Iterator[WorkflowEngine]:
    """Another studio."""
    with WorkflowEngine(Settings(home=tmp_path / "other")) as running:
        yield running


def template(id: str = "greeting", user: str = "Greet {{ name }}") -> Template:
    return Template.model_validate({"id": id, "user": user, "variables": {"name": {"type": "string"}}})


def writer(id: str = "writer", **more: Any) -> Workflow:
    """Asks a model with the template *greeting* and sends a mail."""
    steps = [
        {"id": "text", "uses": "ai.generate", "with": {"template": "greeting", "variables": {"name": "Ada"}}},
        {
            "id": "send",
            "name": "Send it",
            "uses": "gmail.send_message",
            "account": "private mail",
            "with": {"to": "ada@example.org", "subject": "Hello", "body": "{{ steps.text.text }}"},
        },
    ]
    return Workflow.model_validate({"id": id, "name": "Writer", "steps": steps, **more})


def caller() -> Workflow:
    """Runs *writer*, inside a loop, and so uses *greeting*."""
    inner = {"id": "call", "uses": "workflow", "with": {"workflow": "writer"}}
    return Workflow.model_validate({"id": "caller", "steps": [{"id": "all", "uses": "group", "steps": [inner]}]})


@pytest.fixture
def bundle(engine: WorkflowEngine) -> Bundle:
    engine.library.templates.save(template())
    engine.library.workflows.save(writer())
    engine.library.workflows.save(caller())
    return pack(caller(), engine.library, engine.registry, purpose="Mail", story="Greets.")


def changed(bundle: Bundle, change: Any) -> str:
    content = json.loads(bundle.to_json())
    change(content)
    return json.dumps(content)


class TestABundle:
    def test_carries_the_workflow_first_and_all_that_it_uses(self, bundle: Bundle) -> None:
        assert [item.named for item in bundle.items] == [
            ("workflow", "caller"),
            ("workflow", "writer"),
            ("template", "greeting"),
        ]
        assert (bundle.bundle, bundle.purpose, bundle.story) == (1, "Mail", "Greets.")

    def test_says_the_same_when_it_is_read_again(self, bundle: Bundle, engine: WorkflowEngine) -> None:
        assert read(bundle.to_json(), engine.library) == bundle

    def test_hashes_each_item_and_the_whole(self, bundle: Bundle) -> None:
        content = json.loads(bundle.to_json())
        assert all(item["sha256"] == digest(item["content"]) for item in content["items"])
        assert content.pop("sha256") == digest(content)

    def test_carries_no_name_of_an_account(self, bundle: Bundle) -> None:
        assert "private mail" not in bundle.to_json()
        assert "account" not in bundle.to_json()

    def test_carries_no_name_of_an_account_that_a_trigger_acts_as(self) -> None:
        ask = {"uses": "gmail.search_messages", "account": "private mail"}
        poll = {"type": "poll", "ask": ask, "items": "{{ result.messages }}", "identity": "{{ item.id }}"}
        hook = {"type": "webhook", "signed_by": "webhook", "account": "private mail"}
        content = content_of(Workflow.model_validate({**writer().dump(), "triggers": {"poll": poll, "hook": hook}}))
        assert "private mail" not in json.dumps(content)
        assert content["triggers"]["hook"]["signed_by"] == "webhook"

    def test_is_told_from_a_workflow_by_its_format_number(self, bundle: Bundle) -> None:
        assert is_bundle(json.loads(bundle.to_json()))
        assert not is_bundle(writer().dump())

    def test_cannot_be_made_of_what_is_not_there(self, engine: WorkflowEngine) -> None:
        with pytest.raises(NotFound, match="greeting"):
            pack(writer(), engine.library, engine.registry)

    def test_is_not_made_of_what_holds_a_secret_of_an_account(self, engine: WorkflowEngine, bundle: Bundle) -> None:
        engine.accounts.add("github", "work", {"token": "a-very-private-token"})
        leaky = writer(description="Uses a-very-private-token.")
        with pytest.raises(InvalidFile, match="'writer' holds a key or password"):
            pack(leaky, engine.library, engine.registry)

    @pytest.mark.parametrize(
        "key", ["ghp_" + "a1" * 18, "sk-" + "b2" * 16, "AIza" + "c3" * 17, "123456789:" + "d4" * 17 + "e"]
    )
    def test_is_not_made_of_what_looks_like_a_key(self, engine: WorkflowEngine, key: str) -> None:
        step = {"id": "ask", "uses": "http.request", "with": {"url": "https://a.example", "headers": {"X-Key": key}}}
        leaky = Workflow.model_validate({"id": "leaky", "steps": [step]})
        with pytest.raises(InvalidFile, match="in the step 'ask'"):
            pack(leaky, engine.library, engine.registry)


class TestAChangedBundle:
    def test_is_refused_by_the_item_that_was_changed(self, bundle: Bundle, engine: WorkflowEngine) -> None:
        def change(content: dict[str, Any]) -> None:
            content["items"][1]["content"]["steps"][1]["with"]["to"] = "mallory@example.org"

        with pytest.raises(InvalidFile, match="changed after it was made: the workflow 'writer'"):
            read(changed(bundle, change), engine.library)

    @pytest.mark.parametrize("key", ["title", "story", "purpose"])
    def test_is_refused_when_what_is_told_of_it_was_changed(
        self, bundle: Bundle, engine: WorkflowEngine, key: str
    ) -> None:
        with pytest.raises(InvalidFile, match="was changed after it was made"):
            read(changed(bundle, lambda content: content.update({key: "Something else"})), engine.library)

    def test_is_refused_when_an_item_was_taken_out(self, bundle: Bundle, engine: WorkflowEngine) -> None:
        with pytest.raises(InvalidFile, match="was changed after it was made"):
            read(changed(bundle, lambda content: content["items"].pop()), engine.library)

    def test_of_a_newer_format_is_refused_in_a_sentence(self, bundle: Bundle, engine: WorkflowEngine) -> None:
        with pytest.raises(InvalidFile, match=r"made by a newer Patchbay \(format 2\)"):
            read(changed(bundle, lambda content: content.update(bundle=2)), engine.library)

    @pytest.mark.parametrize(
        "text", ['{"bundle": 1}', '{"bundle": 1, "items": [], "sha256": ""}', '{"bundle": "x"}', '{"bundle": null}']
    )
    def test_that_is_none_is_refused_in_a_sentence(self, engine: WorkflowEngine, text: str) -> None:
        with pytest.raises(InvalidFile, match="is no bundle"):
            read(text, engine.library)

    def test_is_read_as_json_alone(self, engine: WorkflowEngine) -> None:
        with pytest.raises(InvalidFile, match="is no JSON"):
            read("bundle: 1\nitems: []\n", engine.library)

    def test_with_an_item_that_cannot_be_read_is_refused(self, bundle: Bundle, engine: WorkflowEngine) -> None:
        def change(content: dict[str, Any]) -> None:
            content["items"][0]["content"]["steps"] = []
            content["items"][0]["sha256"] = digest(content["items"][0]["content"])
            content["sha256"] = digest({key: value for key, value in content.items() if key != "sha256"})

        with pytest.raises(InvalidWorkflow):
            read(changed(bundle, change), engine.library)

    def test_with_an_item_twice_is_refused(self, bundle: Bundle, engine: WorkflowEngine) -> None:
        def change(content: dict[str, Any]) -> None:
            content["items"].append(content["items"][1])
            content["sha256"] = digest({key: value for key, value in content.items() if key != "sha256"})

        with pytest.raises(InvalidFile, match="twice"):
            read(changed(bundle, change), engine.library)


class TestWhatABundleHolds:
    def test_is_told_before_it_is_imported(self, bundle: Bundle, other: WorkflowEngine) -> None:
        contents = contents_of(bundle, other.library, other.registry)
        assert contents.connectors == ("gmail",)
        assert contents.models == ("",)
        assert [(write.step, write.connector) for write in contents.writes] == [("Send it", "gmail")]
        assert contents.problems == ()

    def test_says_what_this_studio_does_not_have(self, other: WorkflowEngine) -> None:
        content = {"id": "strange", "steps": [{"id": "a", "uses": "nowhere.do"}]}
        strange = pack(Workflow.model_validate(content), other.library, other.registry)
        contents = contents_of(strange, other.library, other.registry)
        assert "nowhere" in contents.problems[0].message
        with pytest.raises(InvalidWorkflow):
            bring_in(strange, {}, other, by="ann")
        assert "strange" not in other.library.workflows.ids()


class TestImporting:
    def test_gives_what_was_exported_and_it_runs(self, bundle: Bundle, other: WorkflowEngine) -> None:
        made = bring_in(bundle, {}, other, by="ann")
        assert made.workflow == "caller"
        assert other.check(other.load_workflow("writer").dump()) == []
        assert other.library.templates.load("greeting").user == "Greet {{ name }}"

    def test_makes_versions_that_say_where_they_came_from(self, bundle: Bundle, other: WorkflowEngine) -> None:
        bring_in(bundle, {}, other, by="ann")
        (version,) = other.workflow_versions.history("writer")
        assert (version.by, version.origin) == ("ann", "imported")
        assert other.template_versions.history("greeting")[0].origin == "imported"

    def test_of_what_is_there_just_so_changes_nothing(self, bundle: Bundle, other: WorkflowEngine) -> None:
        bring_in(bundle, {}, other, by="ann")
        assert {one.standing for one in look(bundle, other.library)} == {"same"}
        assert bring_in(bundle, {}, other, by="bob").saved == ()
        assert len(other.workflow_versions.history("writer")) == 1

    def test_replaces_nothing_unasked(self, bundle: Bundle, other: WorkflowEngine) -> None:
        other.library.templates.save(template(user="Mine, {{ name }}"))
        with pytest.raises(InvalidInput, match="already another template 'greeting'"):
            bring_in(bundle, {}, other, by="ann")
        assert "writer" not in other.library.workflows.ids()

    def test_keeps_both_and_each_goes_on_with_its_own(self, bundle: Bundle, other: WorkflowEngine) -> None:
        other.library.templates.save(template(user="Mine, {{ name }}"))
        other.library.workflows.save(writer(description="Mine"))
        made = bring_in(bundle, keep_all(bundle, other.library), other, by="ann")
        assert set(made.saved) == {("template", "greeting_2"), ("workflow", "caller"), ("workflow", "writer_2")}
        assert other.load_workflow("writer").description == "Mine"
        assert other.load_workflow("writer_2").steps[0].with_["template"] == "greeting_2"
        assert other.load_workflow("writer_2").name == "Writer (copy)"
        assert other.load_workflow("caller").steps[0].steps[0].with_["workflow"] == "writer_2"

    def test_gives_no_account_to_act_as_even_if_the_bundle_names_one(
        self, bundle: Bundle, engine: WorkflowEngine, other: WorkflowEngine
    ) -> None:
        def change(content: dict[str, Any]) -> None:
            content["items"][1]["content"]["steps"][1]["account"] = "work"
            content["items"][1]["sha256"] = digest(content["items"][1]["content"])
            content["sha256"] = digest({key: value for key, value in content.items() if key != "sha256"})

        bring_in(read(changed(bundle, change), engine.library), {}, other, by="ann")

        assert other.load_workflow("writer").steps[1].account is None

    def test_replaces_when_asked_to(self, bundle: Bundle, other: WorkflowEngine) -> None:
        other.library.templates.save(template(user="Mine, {{ name }}"))
        bring_in(bundle, {("template", "greeting"): "replace"}, other, by="ann")
        assert other.library.templates.load("greeting").user == "Greet {{ name }}"
        assert [version.origin for version in other.template_versions.history("greeting")] == ["imported", "disk"]

    def test_skips_when_asked_to_and_takes_the_one_that_is_there(self, bundle: Bundle, other: WorkflowEngine) -> None:
        other.library.templates.save(template(user="Mine, {{ name }}"))
        bring_in(bundle, {("template", "greeting"): "skip"}, other, by="ann")
        assert other.library.templates.ids().count("greeting") == 1
        assert other.library.templates.load("greeting").user == "Mine, {{ name }}"
        assert other.load_workflow("writer").steps[0].with_["template"] == "greeting"

    def test_never_takes_the_id_of_a_draft(self, bundle: Bundle, other: WorkflowEngine) -> None:
        other.workflow_versions.drafts.save("caller", "{}", base=0, after=0, by="bob")
        assert bring_in(bundle, {}, other, by="ann").workflow == "caller_2"


class TestTheCommandLine:
    def test_exports_and_imports(self, command: Command, tmp_path: Path) -> None:
        exported = command("export", "email_to_notion", "--purpose", "Mail", home=tmp_path / "home")
        assert exported.returncode == 0, exported.stderr
        file = tmp_path / "bundle.json"
        file.write_text(exported.stdout)
        imported = command("import", str(file), "--yes", home=tmp_path / "home")
        assert imported.returncode == 0, imported.stderr
        assert "Accounts: Gmail, Notion" in imported.stdout
        assert "Notion: Create a page (Make the Notion page)" in imported.stdout
        assert "all of it is there already" in imported.stdout

    def test_asks_where_an_id_is_taken(self, command: Command, tmp_path: Path) -> None:
        home = tmp_path / "home"
        file = tmp_path / "bundle.json"
        file.write_text(command("export", "simple_ai_completion", home=home).stdout)
        mine = home / "workflows" / "simple_ai_completion.json"
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text(writer("simple_ai_completion").to_json())
        kept = command("import", str(file), home=home, typed="k\ny\n")
        assert kept.returncode == 0, kept.stderr
        assert "Imported the workflow simple_ai_completion_2." in kept.stdout
        assert json.loads(mine.read_text())["name"] == "Writer"

    def test_does_nothing_when_a_person_says_no(self, command: Command, tmp_path: Path) -> None:
        home = tmp_path / "home"
        file = tmp_path / "bundle.json"
        file.write_text(command("export", "simple_ai_completion", home=home).stdout)
        answer = command("import", str(file), home=home, typed="n\n")
        assert answer.returncode != 0
        assert not (home / "workflows").exists()

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("http://127.0.0.1:9/x.json", "inside this network or this machine"),
            ("http://169.254.169.254/latest/meta-data", "inside this network or this machine"),
            ("missing.json", "cannot be read"),
        ],
    )
    def test_says_in_a_sentence_what_cannot_be_fetched(
        self, command: Command, tmp_path: Path, source: str, said: str
    ) -> None:
        answer = command("import", source, "--yes", home=tmp_path / "home")
        assert answer.returncode == 2
        assert said in answer.stderr
        assert "Traceback" not in answer.stderr
