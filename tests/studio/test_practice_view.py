"""What the page Practice asks for and understands."""

from __future__ import annotations

import pytest

from orchestrator.errors import NotFound, Unavailable
from orchestrator.workflow_engine import WorkflowEngine
from studio.practice_view import (
    Chosen,
    answer,
    by_folder,
    cells,
    chosen,
    fetch,
    find,
    in_folder,
    is_answered,
    kind_of,
    language,
    make_trouble,
    open_questions,
    press,
    reset,
    seconds,
    sender,
    size,
    troubles,
)


def test_an_address_names_what_is_shown() -> None:
    assert chosen({}) is None
    assert chosen({"mail": "1"}) == Chosen(mail="1")
    assert chosen({"page": "2"}) == Chosen(page="2")
    assert chosen({"repository": "a/b", "path": "c.md"}) == Chosen(repository="a/b", path="c.md")
    assert chosen({"repository": "a/b", "issue": "3"}) == Chosen(repository="a/b", issue="3")
    assert chosen({"file": "4"}) == Chosen(file="4")
    assert chosen({"chat": "7001"}) == Chosen(chat="7001")


def test_a_service_can_be_made_to_misbehave_in_one_way_at_a_time(engine: WorkflowEngine) -> None:
    url, titles = engine.practice_url, {"github": "GitHub", "drive": "Google Drive"}
    make_trouble(url, "github", "slow")
    make_trouble(url, "github", "limited")
    make_trouble(url, "drive", "failing")
    assert troubles(fetch(url), titles) == [
        "Google Drive fails and does nothing",
        "GitHub says that there were too many requests",
    ]
    make_trouble(url, "github", None)
    assert troubles(fetch(url), titles) == ["Google Drive fails and does nothing"]
    make_trouble(url, None, None)
    assert troubles(fetch(url), titles) == []


def test_the_practice_accounts_hold_sample_data_and_can_be_reset(engine: WorkflowEngine) -> None:
    reset(engine.practice_url)
    everything = fetch(engine.practice_url)

    assert len(in_folder(everything["mail"], "inbox")) >= 12
    assert everything["pages"]
    assert everything["databases"]
    assert len(everything["repositories"]) >= 2
    assert len(everything["files"]) >= 6
    assert len(everything["chats"]) == 2


def test_practice_services_that_do_not_answer_are_one_sentence() -> None:
    with pytest.raises(Unavailable, match="do not answer"):
        fetch("http://127.0.0.1:9")


def test_a_button_that_is_not_there_cannot_be_pressed(engine: WorkflowEngine) -> None:
    with pytest.raises(Unavailable):
        press(engine.practice_url, "7001", 1, "anything")


def test_whoever_got_a_mail_can_answer_it(engine: WorkflowEngine) -> None:
    sent = in_folder(fetch(engine.practice_url)["mail"], "sent")[0]
    answer(engine.practice_url, sent["id"], "Thank you!")
    newest = in_folder(fetch(engine.practice_url)["mail"], "inbox")[0]
    assert (newest["from"], newest["text"].strip(), newest["unread"]) == (sent["to"], "Thank you!", True)


def test_files_stand_under_their_folder_and_empty_folders_are_shown() -> None:
    folder = {"is_folder": True, "folder": "My Drive", "name": "Reports"}
    inside = {"is_folder": False, "folder": "My Drive/Reports", "name": "a.md"}
    assert by_folder([folder, inside]) == [("My Drive", []), ("My Drive/Reports", [inside])]


def test_a_file_has_the_name_that_a_person_gives_its_kind() -> None:
    assert kind_of({"mime": "application/vnd.google-apps.document"})[0] == "Document"
    assert kind_of({"mime": "application/x-unknown"})[0] == "Text"


def test_a_table_has_rows_as_long_as_its_head() -> None:
    assert cells('a,b\n1,"x,y"\n\n2\n3,4,5\n') == (["a", "b"], [["1", "x,y"], ["2", ""], ["3", "4"]])
    assert cells("") == ([], [])


def test_a_question_is_open_until_a_button_is_pressed() -> None:
    text, asked, answered = (
        {"buttons": [{"pressed": state} for state in pressed]} for pressed in ([], [False, False], [False, True])
    )
    assert open_questions({"messages": [text, asked, answered]}) == 1
    assert is_answered(answered)
    assert not is_answered(asked)


def test_what_is_not_there_says_why_that_may_be() -> None:
    assert find([{"number": 3}], "number", "3", "issue") == {"number": 3}
    with pytest.raises(NotFound, match="This issue is not in the practice account") as found:
        find([], "number", "3", "issue")
    assert "reset" in found.value.remedy


def test_small_things() -> None:
    assert sender("Ann Lee <ann@example.com>") == "Ann Lee"
    assert sender('"Lee, Ann" <ann@example.com>') == "Lee, Ann"
    assert sender("<ann@example.com>") == "ann@example.com"
    assert seconds("1970-01-01T00:00:10+00:00") == 10
    assert seconds("yesterday") is None
    assert (size(7), size(12_345)) == ("7 bytes", "12.3 kB")
    assert language("src/a.py") == "python"
    assert language("Makefile") is None
