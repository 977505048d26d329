"""What the page of a run says about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.history import EffectView, RunView, Usage
from studio.run_view import (
    can_resume,
    effect_line,
    explanation,
    failed_of_late,
    first_choice,
    headline,
    is_still,
    loop_items,
    model_note,
    pauses,
    result,
    step_facts,
    step_name,
)
from tests.studio.views import item, run, step, summary


def test_the_headline_of_a_run_that_is_over() -> None:
    found = headline(run(), now=1064)

    assert found.status == "succeeded"
    assert found.parts == ("started 1 min ago", "took 4.0 s")


def test_the_headline_of_a_run_on_its_way_gives_no_duration_that_would_grow_stale() -> None:
    assert headline(run(status="running", finished_at=None), now=1001).parts == ("started just now",)


def test_a_failure_is_explained_by_the_step_that_failed() -> None:
    error = {"code": "account", "message": "GitHub refuses the token.", "remedy": ""}
    found = explanation(run(step("a"), step("b", "failed", error=error), status="failed", error=error))

    assert found is not None
    assert found.step is not None
    assert found.step.id == "b"
    assert found.happened == "GitHub refuses the token."
    assert found.remedy == "Reconnect the account, then try again."
    assert found.ways[0].deed == "account"


def test_the_errors_own_remedy_comes_first_and_there_always_is_one() -> None:
    told = explanation(run(status="failed", error={"code": "x", "message": "m", "remedy": "Do this."}))
    silent = explanation(run(status="failed"))

    assert told is not None
    assert told.remedy == "Do this."
    assert silent is not None
    assert silent.happened
    assert silent.remedy
    assert explanation(run()) is None


def test_the_step_shown_first_is_the_one_that_matters() -> None:
    done = step("a", began=1, ended=2), step("b", began=2, ended=5), step("c", began=2, ended=3)

    assert first_choice(run(*done)) == "b"
    assert first_choice(run(*done, step("d", "running"))) == "d"
    assert first_choice(run(*done, step("d", "running"), step("e", "failed"))) == "e"
    assert first_choice(run(step("a", "pending"))) == "a"
    assert first_choice(run()) is None


def test_a_step_is_named_in_words() -> None:
    assert step_name(step("read_mail")) == "Read mail"
    assert step_name(step("a", name="Read the mail")) == "Read the mail"


def test_the_items_of_a_loop_are_counted() -> None:
    items = (item("0"), item("1"))

    assert loop_items(step("a", items=items)) == list(items)
    assert loop_items(step("a", items=(item(),))) == []
    assert step_facts(step("a", began=1, ended=2, items=items, usage=Usage(10, 2))) == ["1.0 s", "2 items", "12 tokens"]


def test_an_effect_says_whether_it_is_sure_and_what_that_means() -> None:
    def effect(status: Any) -> EffectView:
        link = "https://a.example/1"
        return EffectView("notion.create_page", "practice", "page", "", "Create 'Inbox'.", link, status, 0)

    done, sent, failed = (effect_line(effect(status)) for status in ("confirmed", "sent", "failed"))

    assert (done.word, done.summary, done.advice, done.link) == ("Done", "Create 'Inbox'.", "", "https://a.example/1")
    assert sent.word == "Not confirmed"
    assert "may have happened" in sent.advice
    assert (failed.word, failed.link) == ("Not done", None)
    assert "nothing was changed" in failed.advice


def test_the_result_leaves_out_what_the_effects_show_already() -> None:
    effect = EffectView("a", "practice", "s", "", "Made it", "https://a.example/1", "confirmed", 0)
    output = {"url": "https://a.example/1", "count": 5, "none": None, "list": [{"url": "x"}]}
    made = RunView(summary=summary(), workflow={}, inputs={}, output=output, steps=(), effects=(effect,))

    assert result(made) == {"count": 5, "list": [{"url": "x"}]}
    assert result(run()) == {}


class TestTheNoteOnAModelsText:
    NOTE = "tiny practice model: expect mistakes"

    def written(self, *texts: str, note: str | None = NOTE) -> RunView:
        answers = ({"text": text, "note": note, "model": "a tiny practice model"} for text in texts)
        items = tuple(item(str(key), output=answer) for key, answer in enumerate(answers))
        return run(step("a"), step("b", items=items))

    def test_stands_where_the_text_shows(self) -> None:
        found = self.written("The sky is blue.", "Grass is green.")

        assert model_note(found, {"page": {"parts": ["# All\n\nGrass is green.\n"]}}) == self.NOTE
        assert model_note(found, "The sky is blue.") == self.NOTE

    def test_and_nowhere_else(self) -> None:
        found = self.written("The sky is blue.")

        assert model_note(found, {"count": 5, "url": "https://a.example"}) is None
        assert model_note(found, "a tiny practice model") is None
        assert model_note(self.written("The sky is blue.", note=None), "The sky is blue.") is None

    def test_a_short_answer_is_known_where_it_stands_alone(self) -> None:
        found = self.written("yes")

        assert model_note(found, {"answer": "yes"}) == self.NOTE
        assert model_note(found, {"answer": "yesterday"}) is None


def test_only_a_run_that_stopped_early_can_be_resumed() -> None:
    can = {status: can_resume(run(status=status)) for status in ("running", "succeeded", "failed", "cancelled")}
    assert can == {"running": False, "succeeded": False, "failed": True, "cancelled": True}
    assert not can_resume(replace(run(status="cancelled"), mode="preview"))


def test_a_run_that_waits_is_as_still_as_one_that_is_over() -> None:
    still = {status: is_still(run(status=status)) for status in ("queued", "running", "waiting", "failed")}
    assert still == {"queued": False, "running": False, "waiting": True, "failed": True}


def test_a_failure_needs_a_person_until_the_workflow_ran_again_or_it_is_old() -> None:
    failed, again = summary("old", "failed", at=100), summary("new", "succeeded", at=200)
    other = summary("other", "failed", at=150, workflow_id="v")

    assert failed_of_late([again, other, failed], now=300) == [other]
    assert failed_of_late([failed], now=300) == [failed]
    assert failed_of_late([failed], now=300 + 8 * 86400) == []


NOT_YET = {"code": "not_yet", "message": "Nobody has answered yet."}
DOWN = {"code": "unavailable", "message": "Telegram did not answer."}


class TestAStepThatWaits:
    def waiting(self, *errors: dict[str, str] | None, until: float | None = 1700.0) -> list[str]:
        items = [replace(item(str(n)), status="waiting", error=error, until=until) for n, error in enumerate(errors)]
        return pauses(step("a", "waiting", items=tuple(items)), now=1000, timezone="Europe/Rome")

    def test_says_what_it_waits_for_and_when_it_looks_again(self) -> None:
        assert self.waiting(NOT_YET) == ["Nobody has answered yet. It looks again at 01:28."]

    def test_or_tries_again_or_goes_on(self) -> None:
        assert self.waiting(DOWN) == ["Telegram did not answer. It tries again at 01:28."]
        assert self.waiting(None) == ["It goes on at 01:28."]

    def test_says_the_same_once(self) -> None:
        assert len(self.waiting(NOT_YET, NOT_YET)) == 1

    def test_for_a_person_says_nothing_of_a_time(self) -> None:
        assert self.waiting(None, until=None) == []
