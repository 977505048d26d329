"""Every error has a likely cause and a way on."""

from __future__ import annotations

from typing import get_args

import pytest

from orchestrator.errors import CODES, ExpressionError
from orchestrator.expressions import compile_value
from studio.remedies import ICONS, REMEDIES, SIGNS, Deed, Sign, Way, field_of, remedy_for


def test_every_code_has_a_remedy_and_every_remedy_is_of_a_code() -> None:
    assert set(REMEDIES) == set(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_remedy_says_why_what_to_do_and_which_button(code: str) -> None:
    remedy = remedy_for({"code": code})
    assert remedy.cause.endswith(".")
    assert remedy.advice.endswith(".")
    assert remedy.ways
    assert len({way.deed for way in remedy.ways}) == len(remedy.ways)
    assert all(way.label[0].isupper() for way in remedy.ways)


@pytest.mark.parametrize("code", [code for code, is_worth_trying in CODES.items() if is_worth_trying])
def test_what_a_further_try_can_mend_is_tried_again_first(code: str) -> None:
    assert REMEDIES[code].ways[0].deed == "again"


def test_every_deed_has_an_icon_that_streamlit_knows() -> None:
    assert set(ICONS) == set(get_args(Deed))
    assert all(icon.startswith(":material/") for icon in ICONS.values())


def test_a_code_of_another_version_is_like_one_that_nobody_foresaw() -> None:
    assert remedy_for({"code": "of_next_year"}).cause == REMEDIES["error"].cause
    assert remedy_for({}).cause == REMEDIES["error"].cause


def test_what_the_error_itself_advises_goes_first() -> None:
    assert remedy_for({"code": "account", "message": "x", "remedy": "Reconnect 'work'."}).advice == "Reconnect 'work'."


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: f"{sign.code}-{sign.words}")
def test_a_sign_belongs_to_an_error_that_there_is_and_leads_on(sign: Sign) -> None:
    assert sign.code in CODES
    assert sign.remedy.cause.endswith(".")
    assert sign.remedy.advice == "" or sign.remedy.advice.endswith(".")
    assert sign.remedy.ways
    assert len({way.deed for way in sign.remedy.ways}) == len(sign.remedy.ways)


def test_a_list_that_was_empty_is_told_from_a_name_that_is_wrong() -> None:
    with pytest.raises(ExpressionError) as failed:
        compile_value("{{ inputs.list[0].x }}").render({"inputs": {"list": []}})
    assert remedy_for(failed.value.as_dict()).cause.startswith("The list was empty this time")


def test_a_write_that_a_person_stopped_is_no_mistake_of_the_step() -> None:
    remedy = remedy_for({"code": "step", "message": "It may have been sent, and was stopped."})
    assert "a person chose to stop" in remedy.cause
    assert remedy.ways[0] == Way("again", "Ask again")


def test_a_page_that_nobody_shared_is_tried_again_once_it_is() -> None:
    message = "There is no page 'Plans' in Notion: it was deleted or renamed, or it is not shared."
    remedy = remedy_for({"code": "service", "message": message, "remedy": "Share it with the integration."})
    assert remedy.ways[0] == Way("again", "It is shared now: try again")
    assert remedy.advice == "Share it with the integration."


def test_the_wrong_field_is_named_where_the_error_says_it() -> None:
    assert field_of({"where": "workflow 'w', step 's', key 'title'"}) == "title"
    fits_not = "The parameters do not fit gmail.search_messages: 'limit': Input should be a valid integer."
    assert field_of({"message": fits_not, "where": "workflow 'w', step 's'"}) == "limit"
    assert field_of({"message": "It is 'late'.", "where": ""}) is None
