"""A home in which every text that comes from a person, a service or a model is a bad one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.bundles import pack
from orchestrator.settings import Settings
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from orchestrator.workflow_tests import WorkflowTests, made_of

MARKUP = (
    '<img src=x onerror="window.ran=1"><script>window.ran=1</script><b onclick="window.ran=1">b</b> '
    "[a](javascript:window.ran=1) ![i](https://evil.example/i.png) https://evil.example/x www.evil.example "
    "**g** _h_ ~~s~~ `k` # l | <!-- c --> &lt;u&gt; "
    ":material/skull: :streamlit: :smile: :red[r] :blue-badge[q] :small[t] $x^2$ $$y$$ -> -- >= "
    "{{ e }} {% if %} ${f} %s \u202ertl\u202c \u200fmark\u200b 😀 \\ \" ' "
)
"""What Markdown, HTML, Streamlit or an expression could take for something else than text."""

LONG = "Name" * 1250
"""5,000 characters without a space."""

ACCOUNT = "<img src=x onerror=ran()> :red[a] **b** :material/skull:"
"""An account's name has 64 characters at most, and no braces."""

NOBODY = '"><img src=x onerror="window.ran=1"> :material/skull: **b**'
"""What is asked for in an address and is not there."""


def said(where: str) -> str:
    """The bad text of one field, by which it is found again."""
    return f"{where}: {MARKUP}".strip()


def seen(text: str) -> str:
    """The text as a page shows it: on one line, without signs that turn the order around."""
    return " ".join(text.replace("\u202e", "").replace("\u202c", "").split())


@dataclass(frozen=True)
class Hostile:
    """What was planted: ids of runs by what they are, and a bundle to import."""

    runs: Mapping[str, str]
    bundle: Path


def plant(home: Path) -> Hostile:
    """Fill `home` with workflows, templates, runs, questions, drafts, versions and accounts, and the practice services
    with what their runs wrote. Nobody may use it meanwhile."""
    with WorkflowEngine(Settings(home=home, preview_first=False)) as engine:
        engine.accounts.add("telegram", ACCOUNT, {"token": "1234567890:AAE-notone-notone-notone-notone-not"})
        templates, workflows = engine.template_versions, engine.workflow_versions
        for template in (TEMPLATE, {"id": "long", "name": LONG, "description": LONG, "tags": [LONG], "user": LONG}):
            templates.publish(Template.model_validate(template), by=said("by"), note=said("note"))
        ids = [one["id"] for one in (WRITES, FAILS, ASKS, LENGTHY)]
        for content in (WRITES, FAILS, ASKS, LENGTHY):
            workflows.publish(Workflow.model_validate(content), by=said("by"), note=said("note"))
        changed = {**WRITES, "description": said("changed")}
        workflows.publish(Workflow.model_validate(changed), by=said("by"), note=said("note"))
        workflows.label("writes", 2, "<i>label</i> :red[label] **label**")
        workflows.drafts.save("draft", json.dumps(DRAFT), base=0, after=0, by=said("by"))
        runs = {id: engine.start_workflow(id) for id in ids}
        runs["preview"] = engine.start_workflow("writes", preview=True)
        runs["answered"] = engine.start_workflow("asks")
        for run in runs.values():
            engine.wait(run)
        engine.answer(runs["answered"], "approve", {"approved": True, "comment": said("comment")}, by=said("who"))
        WorkflowTests(home).save(made_of(engine.run(runs["writes"]), "Test of it"))
        file = home.parent / "bundle.json"
        file.write_text(pack(Workflow.model_validate(IMPORTED), engine.library, engine.registry).to_json(), "utf-8")
        return Hostile(runs, file)


def _input(**more: Any) -> dict[str, Any]:
    return {"title": said("input title"), "description": said("input help"), **more}


def _step(id: str, uses: str, **given: Any) -> dict[str, Any]:
    return {"id": id, "uses": uses, "name": said(f"step {id}"), "with": given}


def _about(id: str, **more: Any) -> dict[str, Any]:
    about = {"name": said(f"{id} name"), "description": said(f"{id} description"), "tags": [said("tag")]}
    return {"format": 1, "id": id, **about, **more}


TEXT = "{{ inputs.text }}"
"""An expression that gives the bad text: in a step itself it is an expression of its own."""

TITLE = "{{ inputs.text[:250] }}"
"""As much of it as an issue's title may have."""

INPUTS = {
    "text": _input(default=said("input"), multiline=True),
    "one": _input(default=said("choice"), choices=[said("choice"), said("other choice")]),
}

WRITES = _about(
    "writes",
    inputs=INPUTS,
    steps=[
        _step("mail", "gmail.send_message", to="sam@example.com", subject=TEXT, body=TEXT),
        _step("page", "notion.create_page", parent="Inbox summaries", title=TEXT, markdown=TEXT),
        _step("comment", "notion.comment", page="{{ steps.page.url }}", text=TEXT),
        _step("issue", "github.create_issue", repository="practice/handbook", title=TITLE, body=TEXT, labels=["bug"]),
        _step("file", "drive.upload_file", name="bad.md", content=TEXT),
        _step("chat", "telegram.send_message", text=TEXT) | {"account": "practice"},
        _step("found", "gmail.search_messages", query="in:anywhere", limit=3) | {"needs": ["mail"]},
        _step("again", "set", values={"text": TEXT}),
    ],
    output={"text": TEXT, "list": [TEXT], "markup": {"key": TEXT}},
    layout={"notes": [{"text": said("note on the canvas"), "at": [0, -220]}]},
)

FAILS = _about("fails", inputs=INPUTS, steps=[_step("stop", "fail", message=TEXT)])

ASKS = _about(
    "asks",
    inputs=INPUTS,
    steps=[
        _step("approve", "approve", message=TEXT, show=TEXT, who=TEXT),
        _step("answer", "wait_for_input", message=TEXT, choices=[TEXT, "no"]),
    ],
)

LENGTHY = {
    "format": 1,
    "id": "lengthy",
    "name": LONG,
    "description": LONG,
    "tags": [LONG],
    "inputs": {"text": {"title": LONG, "description": LONG, "default": LONG}},
    "steps": [{"id": "long", "uses": "data.render", "name": LONG, "with": {"text": TEXT}}],
    "output": {"text": "{{ steps.long.text }}"},
}

DRAFT = _about(
    "draft",
    inputs={said("input id"): _input()},
    steps=[{**_step("x", said("action")), "id": said("step id")}, _step("expression", "set", values=said("value"))],
    output={said("output id"): said("output value")},
)
"""Nothing that could be published: a draft may say anything."""

IMPORTED = _about("imported", steps=[_step("one", "data.render", template="evil", text="")])

TEMPLATE = {
    "format": 1,
    "id": "evil",
    "name": said("template name"),
    "description": said("template description"),
    "tags": [said("template tag")],
    "system": "{% raw %}" + said("system text") + "{% endraw %}",
    "user": "{% raw %}" + said("user text") + "{% endraw %} {{ text }}",
    "variables": {
        "text": {"title": said("variable title"), "description": said("variable help"), "default": said("variable")}
    },
    "examples": [{"name": said("example"), "variables": {"text": said("example value")}}],
    "cases": [
        {
            "name": said("case"),
            "variables": {"text": said("case value")},
            "expect": [{"kind": "contains", "value": said("expected")}],
        }
    ],
}
