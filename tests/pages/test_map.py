"""Map: which workflow uses which template and service."""

from __future__ import annotations

from orchestrator.workflow_engine import WorkflowEngine
from tests.pages.conftest import Open, Save, link_labels, said


def test_the_map_is_told_in_words_too(open_page: Open, save: Save) -> None:
    save("reads", name="Reads mail")
    at = open_page("map")

    assert "Reads mail" in link_labels(at)
    assert "uses Gmail" in said(at)


def test_a_broken_workflow_does_not_spoil_the_map(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("reads", name="Reads mail")
    (engine.settings.home / "workflows" / "torn.json").write_text("{", "utf-8")

    at = open_page("map")

    assert not at.error
    assert "Reads mail" in link_labels(at)


def test_of_many_workflows_a_sheet_is_drawn_and_others_are_searched_for(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    for number in range(25):
        save(f"many_{number}", name=f"Many {number}")
    at = open_page("map")
    many = len(engine.library.workflows.list())
    assert f"1 to 24 of {many}" in said(at)

    at.text_input(key="find").set_value("many 24").run()
    assert [label for label in link_labels(at) if label.startswith("Many")] == ["Many 24"]
    at.text_input(key="find").set_value("nobody").run()
    assert "No workflow fits this search." in said(at)
