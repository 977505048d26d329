"""Gallery: look at a workflow, use it; import a bundle after seeing what it holds."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from orchestrator.bundles import digest, pack
from orchestrator.settings import ROOT
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.conftest import SCRIPT
from tests.pages.conftest import Open, Save, link_labels, said

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)> [x](javascript:alert(3)) `{{ 7*7 }}` **b** :red[r]"
"""What tries to run, as HTML, Markdown or a link."""


def gallery_file(id: str) -> bytes:
    return (ROOT / "gallery" / f"{id}.json").read_bytes()


def upload(open_page: Open, content: bytes) -> AppTest:
    at = open_page("workflows")
    return at.file_uploader(key="workflows-upload").upload("some.json", content).run()


def test_every_workflow_has_a_card_with_a_picture_and_what_it_needs(open_page: Open) -> None:
    at = open_page("gallery")

    files = {path.stem for path in (ROOT / "gallery").glob("*.json")}
    assert {str(button.key).removeprefix("use-") for button in at.button if str(button.key).startswith("use-")} == files
    assert len([html for html in at.html if 'class="pb-picture"' in str(html.value)]) == len(files)
    assert "Needs Gmail (practice account) · a model" in said(at)


def test_a_purpose_and_a_search_narrow_it(open_page: Open) -> None:
    at = open_page("gallery")
    at.button_group(key="purpose").select("Code").run()
    assert {"Explain a file by pull request", "Sort new issues"} == names(at)

    at.text_input(key="find").set_value("telegram").run()
    assert names(at) == {"Sort new issues"}

    at.text_input(key="find").set_value("nothing like it").run()
    assert "Nothing in the gallery fits this search." in said(at)


def shown(at: AppTest) -> str:
    """What the page says, without what keeps it from being Markdown."""
    return said(at).replace("\\", "")


def names(at: AppTest) -> set[str]:
    found = [re.match(r"\*\*(.+?)\*\*  :gray-badge", str(one.value)) for one in at.markdown]
    return {one[1] for one in found if one}


def test_use_this_makes_a_copy_and_leads_to_it(open_page: Open, engine: WorkflowEngine) -> None:
    at = open_page("gallery")
    at.button(key="use-sort_the_inbox").click().run()

    assert at.query_params["id"] == "sort_the_inbox"
    assert at.title[0].value == "Sort the inbox"
    assert "mail_kind" in engine.library.templates.ids()
    assert engine.workflow_versions.history("sort_the_inbox")[0].origin == "imported"


def test_use_this_again_makes_another_copy_and_touches_nothing(open_page: Open, engine: WorkflowEngine) -> None:
    open_page("gallery").button(key="use-sort_the_inbox").click().run()
    mine = engine.load_workflow("sort_the_inbox").model_copy(update={"name": "Mine now"})
    engine.workflow_versions.publish(mine, by="ann")

    at = open_page("gallery").button(key="use-sort_the_inbox").click().run()

    assert at.query_params["id"] == "sort_the_inbox_2"
    assert engine.load_workflow("sort_the_inbox").name == "Mine now"
    assert engine.library.templates.ids().count("mail_kind") == 1


def test_the_preview_tells_what_it_is_made_of(open_page: Open) -> None:
    at = open_page("gallery", id="explain_code")
    text = shown(at)

    assert "**Open the pull request**: GitHub: Open a pull request :gray[(writes)]" in text
    assert "practice account: nothing leaves this computer" in text
    assert "Connect" in link_labels(at)
    assert [one.label for one in at.expander] == ["Template: What a file does"]
    at.button(key="use").click().run()
    assert at.query_params["id"] == "explain_code"


def test_only_an_input_without_a_value_is_asked_for(engine: WorkflowEngine, tmp_path: Path) -> None:
    steps = [{"id": "mail", "uses": "gmail.search_messages", "with": {"query": "{{ inputs.words }}"}}]
    inputs = {"words": {"title": "Which words"}, "limit": {"title": "How many", "type": "integer", "default": 3}}
    workflow = Workflow.model_validate({"id": "asks", "inputs": inputs, "steps": steps})
    (tmp_path / "asks.json").write_text(pack(workflow, engine.library, engine.registry).to_json())

    at = AppTest.from_function(one_bundle, default_timeout=SCRIPT, kwargs={"path": str(tmp_path)}).run()
    assert [field.key for field in at.text_input] == ["use:asks:words"]

    at.button(key="use").click().run()
    assert "'Which words' is empty." in at.warning[0].value
    assert "asks" not in engine.library.workflows.ids()


def test_what_is_not_there_is_told_in_a_sentence(open_page: Open) -> None:
    for id in ("nope", "../workflows/email_to_notion", "%00", ""):
        at = open_page("gallery", id=id)
        if id:
            assert "There is nothing called" in at.error[0].value


class TestImportingABundle:
    def test_shows_what_it_holds_and_imports_it(self, open_page: Open, engine: WorkflowEngine) -> None:
        at = upload(open_page, gallery_file("tasks_due"))
        text = shown(at)
        assert "Notion, Telegram" in text
        assert "Telegram: Send a message" in text
        assert "tasks_due" not in engine.library.workflows.ids()

        at.button(key="import-bundle").click().run()

        assert at.query_params["id"] == "tasks_due"
        assert engine.workflow_versions.history("tasks_due")[0].origin == "imported"

    def test_asks_for_each_id_that_is_taken(self, open_page: Open, engine: WorkflowEngine, save: Save) -> None:
        save("tasks_due", name="Mine")
        at = upload(open_page, gallery_file("tasks_due"))
        assert at.button(key="import-bundle").disabled

        at.radio(key="choice-workflow-tasks_due").set_value("keep_both").run()
        at.button(key="import-bundle").click().run()

        assert at.query_params["id"] == "tasks_due_2"
        assert engine.load_workflow("tasks_due").name == "Mine"

    def test_refuses_one_that_was_changed(self, open_page: Open, engine: WorkflowEngine) -> None:
        content = gallery_file("tasks_due").replace(b'"-1007002"', b'"6666"')
        at = upload(open_page, content)
        assert "was changed after it was made" in at.error[0].value
        assert "tasks_due" not in engine.library.workflows.ids()

    def test_from_a_private_address_is_refused(self, open_page: Open) -> None:
        at = open_page("workflows")
        at.text_input(key="import-address").set_value("http://127.0.0.1:8501/x.json").run()
        assert "inside this network or this machine" in at.error[0].value


def evil_bundle(engine: WorkflowEngine, **change: Any) -> bytes:
    """A bundle in which every text that a stranger can choose tries to run."""
    step = {"id": "a", "name": EVIL, "uses": "ai.generate", "with": {"template": "evil", "variables": {"x": EVIL}}}
    post = {"id": "b", "name": EVIL, "uses": "telegram.send_message", "with": {"text": EVIL}, "needs": ["a"]}
    workflow = Workflow.model_validate(
        {
            "id": "evil",
            "name": EVIL,
            "description": EVIL,
            "tags": [EVIL],
            "inputs": {"x": {"title": EVIL, "description": EVIL, "default": EVIL, "choices": [EVIL]}},
            "steps": [step, post],
        }
    )
    template = {"id": "evil", "name": EVIL, "description": EVIL, "tags": [EVIL], "system": "s", "user": "{{ x }}"}
    engine.library.templates.save(Template.model_validate(template))
    bundle = pack(workflow, engine.library, engine.registry, title=EVIL, purpose=EVIL, story=EVIL)
    engine.library.templates.delete("evil")
    content = {**json.loads(bundle.to_json()), **change}
    content["sha256"] = digest({key: value for key, value in content.items() if key != "sha256"})
    return json.dumps(content).encode()


class TestExporting:
    def test_is_offered_on_the_page_of_a_workflow_and_in_the_builder(self, open_page: Open, save: Save) -> None:
        save("reads", name="Reads mail")
        assert not export(open_page("workflows", id="reads")).disabled

        at = open_page("builder", id="reads")
        at.session_state["more"] = True
        assert not export(at.run()).disabled

    def test_says_why_a_workflow_with_a_key_in_it_is_not_exported(self, open_page: Open, save: Save) -> None:
        save("leaky", description="Uses ghp_" + "a1" * 18)
        button = export(open_page("workflows", id="leaky"))
        assert button.disabled
        assert "holds a key or password" in button.help


def export(at: AppTest) -> Any:
    """The button that exports a bundle."""
    (found,) = [one.proto for one in at.get("download_button") if one.proto.label == "Export with templates"]
    return found


class Tags(HTMLParser):
    """The elements and attributes of some HTML, as a browser reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def harmless(at: AppTest) -> None:
    """No text of a stranger is HTML, a link, or Markdown of ours."""
    for html in at.html:
        tags = Tags()
        tags.feed(str(html.value))
        assert "script" not in tags.names
        assert not [name for name in tags.attributes if name.startswith("on")]
    markdown = [*at.title, *at.subheader, *at.markdown, *at.caption, *at.error, *at.warning, *at.info]
    labels = [element.label for element in (*at.button, *at.expander, *at.text_input, *at.selectbox, *at.radio)]
    for text in (*(str(element.value) for element in markdown), *labels, *link_labels(at)):
        assert not re.search(r"(?<!\\)<(script|img)|(?<!\\)\]\(javascript:|(?<!\\):red\[r|(?<![\\*])\*\*b\*\*", text), (
            text
        )
    assert not any(element.allow_html for element in at.markdown)


def one_bundle(path: str) -> None:
    """The parts of the gallery over one bundle, as a script of its own."""
    from pathlib import Path

    from orchestrator.workflow_engine import current
    from studio.gallery.panels import cards, exhibit_page
    from studio.gallery.shelf import exhibits
    from studio.routes import navigation

    navigation()
    found = exhibits(current(), Path(path))
    cards(found, current())
    exhibit_page(found[0], current())


class TestTextsThatTryToRun:
    def test_are_harmless_in_what_is_shown_before_an_import(self, open_page: Open, engine: WorkflowEngine) -> None:
        at = upload(open_page, evil_bundle(engine))
        assert "alert" in said(at), "it is shown, as text"
        harmless(at)

    def test_are_harmless_once_imported(self, open_page: Open, engine: WorkflowEngine) -> None:
        at = upload(open_page, evil_bundle(engine))
        at.button(key="import-bundle").click().run()
        assert at.query_params["id"] == "evil"
        harmless(at)
        harmless(open_page("workflows"))
        harmless(open_page("home"))

    def test_are_harmless_on_a_card_and_on_its_page(self, engine: WorkflowEngine, tmp_path: Path) -> None:
        (tmp_path / "evil.json").write_bytes(evil_bundle(engine))
        at = AppTest.from_function(one_bundle, default_timeout=SCRIPT, kwargs={"path": str(tmp_path)}).run()
        assert not at.exception
        assert "alert" in said(at)
        harmless(at)

    def test_are_harmless_in_what_is_refused(self, open_page: Open, engine: WorkflowEngine) -> None:
        harmless(upload(open_page, evil_bundle(engine, items=[{"kind": EVIL, "id": EVIL}])))
        harmless(upload(open_page, evil_bundle(engine, **{EVIL: EVIL})))
        harmless(upload(open_page, evil_bundle(engine, bundle=EVIL)))
