"""What people call the things that a write goes to."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from orchestrator.actions import Account, Call, Connector, Params, Result, field
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine
from studio.names import in_words, names_by_parameter, names_for
from studio.run_again import given_field


def test_a_database_is_called_by_its_name(engine: WorkflowEngine) -> None:
    names = names_for("notion.create_page", engine)
    id = next(id for id, name in names.items() if name == "Inbox summaries")

    assert in_words(f"Create the page 'Hello' in '{id}'.", names) == "Create the page 'Hello' in 'Inbox summaries'."


def test_what_is_no_id_stays(engine: WorkflowEngine) -> None:
    assert in_words("Create the page 'Hello' in 'Tasks'.", names_for("notion.create_page", engine)) == (
        "Create the page 'Hello' in 'Tasks'."
    )


def test_an_action_that_chooses_from_no_list_has_no_names(engine: WorkflowEngine) -> None:
    assert names_for("gmail.send_message", engine) == {}
    assert names_for("nowhere.nothing", engine) == {}


def test_what_is_run_again_elsewhere_is_chosen_by_name(engine: WorkflowEngine) -> None:
    names = names_by_parameter("notion.create_page", engine)["parent"]
    id = next(id for id, name in names.items() if name == "Inbox summaries")

    chosen = given_field("parent", id, {"parent": "Where"}, names)
    assert (chosen.kind, chosen.initial) == ("choice", id)
    assert (id, "Inbox summaries") in chosen.options
    assert given_field("parent", "Tasks, or so", {}, names).kind == "text", "what was typed stays as it was typed"


class Look(Params):
    """Look at a room."""

    room: str = field("Room", picker="rooms.all")


class Room(Result):
    name: str = field("Name")


def test_a_page_does_not_wait_for_a_service_that_keeps_it_waiting(made_home: Path) -> None:
    answers = threading.Event()
    rooms = Connector("rooms", title="Rooms")

    @rooms.picker("all")
    def _(account: Account) -> list[tuple[str, str]]:
        answers.wait(60)
        return [("17", "The blue room")]

    @rooms.action("Look at a room", effect="read", result=Room)
    def look(p: Look, account: Account, call: Call) -> Room:
        return Room(name=p.room)

    engine = WorkflowEngine(Settings(home=made_home), registry=Registry([rooms]))
    assert names_for("rooms.look", engine) == {}
    answers.set()
    while not names_for("rooms.look", engine):
        time.sleep(0.01)
    assert in_words("Book '17'.", names_for("rooms.look", engine)) == "Book 'The blue room'."
    engine.close()
