"""Practice: what the practice accounts hold, as a person would see it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from orchestrator.workflow_engine import WorkflowEngine
from studio.practice_view import fetch, in_folder
from tests.pages.conftest import OFFLINE, Open, Save, link_labels, said


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def test_the_mailbox_comes_first(open_page: Open, engine: WorkflowEngine) -> None:
    at = open_page("practice")
    everything = fetch(engine.practice_url)

    assert len(link_labels(at)) == len(everything["mail"])


def test_a_link_to_a_mail_shows_it_as_text(open_page: Open, engine: WorkflowEngine) -> None:
    mail = fetch(engine.practice_url)["mail"][0]
    at = open_page("practice", mail=mail["id"])

    assert mail["text"].splitlines()[0] in said(at)


def test_a_mail_that_was_sent_can_be_answered(open_page: Open, engine: WorkflowEngine) -> None:
    sent = in_folder(fetch(engine.practice_url)["mail"], "sent")[0]
    at = open_page("practice", mail=sent["id"])
    at.text_area[0].input("Thank you!")
    at.button[0].click().run()

    assert in_folder(fetch(engine.practice_url)["mail"], "inbox")[0]["text"].strip() == "Thank you!"
    assert "Answered." in at.toast[0].value


def test_a_link_to_a_page_that_a_run_made_shows_it(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    content = {"parent": "Inbox summaries", "title": "A new page", "markdown": "**Bold** <script>alert(1)</script>"}
    save("files", steps=[{"id": "page", "uses": "notion.create_page", "with": content}])
    run = engine.run(engine.execute_workflow("files").run_id)

    at = open_page("practice", **query(run.effects[0].link or ""))

    assert at.title[0].value == "A new page"
    assert "<strong>Bold</strong>" in said(at)
    assert "<script>" not in said(at)


def test_a_page_shows_what_was_added_and_said_about_it(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    added = {"id": "a", "uses": "notion.append", "with": {"page": "Onboarding", "markdown": "| A |\n| --- |\n| 17 |"}}
    comment = {"id": "c", "uses": "notion.comment", "with": {"page": "Onboarding", "text": "**Well** done"}}
    save("files", steps=[added, comment])
    run = engine.run(engine.execute_workflow("files").run_id)

    for effect in run.effects:
        at = open_page("practice", **query(effect.link or ""))
        assert at.title[0].value == "Onboarding"
        assert "<td>17</td>" in said(at)
        assert "<strong>Well</strong> done" in said(at)


def test_repositories_files_and_issues_have_links_of_their_own(open_page: Open, engine: WorkflowEngine) -> None:
    repositories = fetch(engine.practice_url)["repositories"]
    repository = next(each for each in repositories if each["issues"])
    name, file, issue = repository["full_name"], repository["files"][0], repository["issues"][0]

    assert repository["files"][0]["path"].replace("_", "\\_") in link_labels(open_page("practice", repository=name))
    assert open_page("practice", repository=name, path=file["path"]).title
    assert str(issue["number"]) in open_page("practice", repository=name, issue=str(issue["number"])).title[0].value


@pytest.mark.parametrize("section", ["Pages", "Databases", "Repositories", "Drive", "Telegram"])
def test_every_section_can_be_linked_to(open_page: Open, section: str) -> None:
    at = open_page("practice", section=section)

    assert at.segmented_control(key="section").value == section
    assert link_labels(at)


def test_a_file_of_the_drive_is_shown_as_what_it_is(open_page: Open, engine: WorkflowEngine) -> None:
    files = {file["name"]: file for file in fetch(engine.practice_url)["files"]}

    brief = open_page("practice", file=files["Garden lantern: product brief"]["id"])
    assert "<strong>five hours</strong>" in said(brief)
    table = open_page("practice", file=files["Cost sheet: new battery"]["id"])
    assert "<td>Charging board</td>" in said(table)


def test_a_link_to_a_file_that_a_run_made_shows_it(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    content = {"name": "result.md", "content": "**Bold** <script>alert(1)</script>"}
    save("files", steps=[{"id": "put", "uses": "drive.upload_file", "with": content}])
    run = engine.run(engine.execute_workflow("files").run_id)

    at = open_page("practice", **query(run.effects[0].link or ""))

    assert "result.md" in at.title[0].value
    assert "<strong>Bold</strong>" in said(at)
    assert "<script>" not in said(at)


def test_a_person_answers_a_question_by_its_button(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    question = {"text": "Ship <b>it</b>?", "choices": ["Yes", "No"]}
    save("asks", steps=[{"id": "ask", "uses": "telegram.ask", "with": question}])
    run = engine.run(engine.execute_workflow("asks").run_id)
    assert "1 question for you" in said(open_page("practice", section="Telegram"))

    at = open_page("practice", **query(run.effects[0].link or ""))
    assert "Ship &lt;b&gt;it&lt;/b&gt;?" in said(at)
    yes, no = (button for button in at.button if str(button.key).startswith("press-"))
    assert (yes.label, no.label, no.disabled) == ("Yes", "No", False)
    yes.click().run()

    (message,) = [one for one in fetch(engine.practice_url)["chats"][0]["messages"] if one["buttons"]]
    assert [button["pressed"] for button in message["buttons"]] == [True, False]
    assert all(button.disabled for button in at.button if str(button.key).startswith("press-"))
    assert "gets it when it looks next" in said(at)


def test_a_document_in_a_chat_can_be_looked_into(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    content = {"name": "report.md", "content": "# Hello", "caption": "The report"}
    save("sends", steps=[{"id": "send", "uses": "telegram.send_document", "with": content}])
    engine.execute_workflow("sends")

    at = open_page("practice", chat="7001")

    assert "report.md" in at.expander[0].label
    assert at.code[0].value == "# Hello"


def test_a_service_can_be_made_to_fail_which_is_told_on_every_section_until_it_is_ended(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("reads", steps=[{"id": "list", "uses": "github.list_repositories"}])
    at = open_page("practice", section="Trouble")
    assert "Made to misbehave" not in said(at)

    at.selectbox(key="trouble-github").select("failing").run()
    assert "Made to misbehave: GitHub fails and does nothing" in said(at)
    assert "Made to misbehave" in said(open_page("practice", section="Drive"))
    assert open_page("practice", section="Trouble").selectbox(key="trouble-github").value == "failing"
    assert engine.execute_workflow("reads").status == "failed"

    at.button(key="trouble-end").click().run()
    assert "Made to misbehave" not in said(at)
    assert at.selectbox(key="trouble-github").value == ""
    assert engine.execute_workflow("reads").status == "succeeded"


def test_another_trouble_takes_the_place_of_the_first(open_page: Open, engine: WorkflowEngine) -> None:
    at = open_page("practice", section="Trouble")
    at.selectbox(key="trouble-notion").select("failing").run()
    at.selectbox(key="trouble-notion").select("slow").run()
    assert fetch(engine.practice_url)["faults"]["services"]["notion"] == ["slow"]
    at.selectbox(key="trouble-notion").select("").run()
    assert "Made to misbehave" not in said(at)


def test_what_is_gone_says_so(open_page: Open) -> None:
    (error,) = open_page("practice", page="gone").error
    assert "not in the practice account" in error.value


def test_a_reset_asks_first_and_puts_the_sample_back(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    content = {"parent": "Inbox summaries", "title": "A new page"}
    save("files", steps=[{"id": "page", "uses": "notion.create_page", "with": content}])
    before = len(fetch(engine.practice_url)["pages"])
    engine.execute_workflow("files")
    at = open_page("practice")

    at.button(key="reset").click().run()
    assert len(fetch(engine.practice_url)["pages"]) == before + 1
    at.button(key="reset-really").click().run()
    assert len(fetch(engine.practice_url)["pages"]) == before


@pytest.mark.parametrize("practice_url", [OFFLINE])
def test_services_that_do_not_answer_are_one_sentence(open_page: Open) -> None:
    (error,) = open_page("practice").error
    assert "do not answer" in error.value
