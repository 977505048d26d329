"""What the page of a preview says at each stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.history import RunView, Usage
from studio.preview_view import PreviewView, preview_view, spent
from tests.studio.views import plan, question, run, step

MAIL = {"to": "a@a.example", "subject": "Hello", "body": "Hi"}


def preview(
    status: Any, *plans: Any, asks: bool = False, mode: Any = "preview", steps: tuple[Any, ...] = ()
) -> RunView:
    questions = (question("preview", step="", until=2000.0),) if asks else ()
    return replace(run(*steps, status=status), mode=mode, plans=plans, questions=questions)


def seen(*arguments: Any, **other: Any) -> PreviewView:
    view = preview_view(preview(*arguments, **other))
    assert view is not None
    return view


def test_a_run_that_was_no_preview_says_nothing() -> None:
    assert preview_view(run()) is None


def test_while_it_looks_nothing_is_sent() -> None:
    view = seen("running")

    assert (view.stage, view.question) == ("looking", None)
    assert "nothing is sent" in view.headline


def test_it_asks_with_all_that_it_plans_counted() -> None:
    view = seen("waiting", plan(MAIL), plan(MAIL, step="b"), asks=True)

    assert view.stage == "asking"
    assert view.headline == "This is a preview: 2 writes planned, nothing sent yet."
    assert view.deed == "Send 2 mails"
    assert view.question is not None


def test_a_person_who_will_be_asked_is_no_write() -> None:
    view = seen("waiting", plan({"message": "Sure?"}, action="approve"), asks=True)

    assert (view.headline, view.deed) == ("This is a preview: nothing is planned yet, nothing was sent.", "")
    assert view.asks == ("Do a.",)


def test_what_cannot_be_known_yet_is_listed_with_its_reason() -> None:
    steps = (step("a", "planned"), step("tell_them", "open", reason="it needs 'a', which is open"))
    view = seen("waiting", plan(MAIL), asks=True, steps=steps)

    assert [(open.name, open.reason) for open in view.open_steps] == [("Tell them", "it needs 'a', which is open")]


def test_a_preview_that_waits_for_a_service_does_not_ask_yet() -> None:
    assert seen("waiting", plan(MAIL)).stage == "looking"


def test_how_it_ended_is_said() -> None:
    stages = {status: seen(status, plan(MAIL)).stage for status in ("succeeded", "cancelled", "failed")}

    assert stages == {"succeeded": "harmless", "cancelled": "refused", "failed": "failed"}
    assert "Nothing was sent" in seen("cancelled", plan(MAIL)).headline
    assert seen("succeeded", plan(MAIL), mode="approved").stage == "approved"


def test_what_models_cost_is_said_with_its_price() -> None:
    assert spent(Usage()) == ""
    assert spent(Usage(1000, 200, 0.0)) == "1,200 tokens, free of charge"
    assert spent(Usage(1000, 200, 0.0021)) == "1,200 tokens, $0.0021"
    assert spent(Usage(1000, 200, None)) == "1,200 tokens, price not known"
