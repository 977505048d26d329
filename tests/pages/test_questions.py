"""What a waiting run asks is answered on its page and on Home."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.workflow_engine import WorkflowEngine
from tests.conftest import SCRIPT
from tests.pages.conftest import Open, Save, said

APPROVE = {
    "id": "ask",
    "name": "Ask the editor",
    "uses": "approve",
    "with": {"message": "May it go out?", "show": "Dear all", "who": "Ada", "within": 3600},
}
LEVEL = {"id": "level", "uses": "wait_for_input", "with": {"message": "How urgent?", "choices": ["low", "high"]}}


@pytest.fixture(params=["home", "runs"])
def page(request: pytest.FixtureRequest) -> str:
    return request.param


def opened(open_page: Open, page: str, run_id: str) -> AppTest:
    return open_page(page, **({"id": run_id} if page == "runs" else {}))


def test_an_approval_shows_what_it_is_about_and_takes_yes(
    open_page: Open, engine: WorkflowEngine, save: Save, page: str
) -> None:
    save("asks", name="Asks", steps=[APPROVE])
    run_id = engine.execute_workflow("asks").run_id
    at = opened(open_page, page, run_id)
    for words in ("May it go out?", "Dear all", "Ada", "answer by"):
        assert words in said(at)

    at.text_input(key=f"comment:{run_id}:ask:").input("fine")
    at.button(key=f"yes:{run_id}:ask:").click().run()

    result = engine.wait(run_id)
    assert result.status == "succeeded"
    assert result.steps["ask"].output == {"approved": True, "by": "you", "comment": "fine"}
    assert "Approved" in at.toast[0].value
    assert "May it go out?" not in "\n".join(str(element.value) for element in at.markdown)


def test_an_approval_takes_no(open_page: Open, engine: WorkflowEngine, save: Save, page: str) -> None:
    save("asks", name="Asks", steps=[APPROVE])
    run_id = engine.execute_workflow("asks").run_id
    at = opened(open_page, page, run_id)

    at.button(key=f"no:{run_id}:ask:").click().run()

    error = engine.wait(run_id).error
    assert error is not None
    assert error["message"] == "You rejected it."


def test_an_input_is_given_in_a_fitting_widget(open_page: Open, engine: WorkflowEngine, save: Save, page: str) -> None:
    save("asks", steps=[LEVEL], output={"level": "{{ steps.level.value }}"})
    run_id = engine.execute_workflow("asks").run_id
    at = opened(open_page, page, run_id)
    send = f"send:{run_id}:level:"

    at.button(key=send).click().run()
    assert "is empty" in said(at)
    assert engine.run(run_id).status == "waiting"

    at.selectbox(key=f"value:{run_id}:level::answer").select("high")
    at.button(key=send).click().run()
    assert engine.wait(run_id).outputs == {"level": "high"}


def test_what_was_answered_elsewhere_is_one_sentence(
    open_page: Open, engine: WorkflowEngine, save: Save, page: str
) -> None:
    save("asks", name="Asks", steps=[APPROVE])
    run_id = engine.execute_workflow("asks").run_id
    at = opened(open_page, page, run_id)
    engine.answer(run_id, "ask", {"approved": True}, by="Ada")
    engine.wait(run_id)

    at.button(key=f"no:{run_id}:ask:").click().run()

    assert "decided already" in at.toast[0].value
    assert len(at.error) == 0
    assert engine.run(run_id).status == "succeeded"


def test_each_item_of_a_loop_asks_for_itself(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    step = {**APPROVE, "for_each": ["a", "b"], "with": {"message": "{{ item }}?"}}
    save("asks", steps=[step])
    run_id = engine.execute_workflow("asks").run_id
    at = open_page("runs", id=run_id)
    assert "item 1" in said(at)

    at.button(key=f"yes:{run_id}:ask:1").click().run()

    assert [question.item for question in engine.run(run_id).questions] == ["0"]
    assert f"yes:{run_id}:ask:0" in {button.key for button in at.button}


def test_a_write_whose_answer_was_lost_is_shown_with_every_way_on(engine: WorkflowEngine) -> None:
    def page() -> None:
        from orchestrator.workflow_engine import current
        from studio.question_panels import show_question
        from tests.studio.views import question, run

        show = {"to": "b@example.com", "subject": "Hello", "body": "Hi"}
        show_question(question("unknown", message="Was this sent?", show=show), run(), current())

    at = AppTest.from_function(page, default_timeout=SCRIPT).run()

    assert not at.exception
    assert "b@example.com" in said(at)
    assert [button.label for button in at.button] == ["It was sent", "Send it again", "Stop here"]
