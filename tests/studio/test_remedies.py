"""Every error has a likely cause and a way on."""

from __future__ import annotations

from typing import get_args

import pytest

from orchestrator.errors import CODES
from studio.remedies import ICONS, REMEDIES, Deed, field_of, remedy_for


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
    assert remedy_for({"code": "of_next_year"}) is REMEDIES["error"]
    assert remedy_for({}) is REMEDIES["error"]


def test_the_wrong_field_is_named_where_the_error_says_it() -> None:
    assert field_of({"where": "workflow 'w', step 's', key 'title'"}) == "title"
    fits_not = "The parameters do not fit gmail.search_messages: 'limit': Input should be a valid integer."
    assert field_of({"message": fits_not, "where": "workflow 'w', step 's'"}) == "limit"
    assert field_of({"message": "It is 'late'.", "where": ""}) is None
