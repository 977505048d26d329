"""Long lists, one sheet at a time."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page(many: int, wanted: str) -> None:
    import streamlit as st

    from studio.sheets import in_sheets

    in_sheets(range(1, many + 1), lambda shown: st.text(f"{shown[0]}-{shown[-1]}"), key=wanted)


def opened(many: int) -> AppTest:
    return AppTest.from_function(page, kwargs={"many": many, "wanted": ""}).run()


@pytest.mark.parametrize("many", [1, 24])
def test_a_list_that_fits_is_shown_whole(many: int) -> None:
    at = opened(many)
    assert at.text[0].value == f"1-{many}"
    assert not at.caption


def test_a_longer_one_begins_at_its_first_sheet_and_says_so() -> None:
    at = opened(50)
    assert at.text[0].value == "1-24"
    assert at.caption[0].value == "1 to 24 of 50"


def test_the_last_sheet_has_the_rest() -> None:
    at = opened(50)
    at.session_state["sheet::3"] = 3
    at.run()
    assert at.text[0].value == "49-50"
    assert at.caption[0].value == "49 to 50 of 50"


def test_another_search_begins_at_the_first_sheet() -> None:
    at = AppTest.from_function(page, kwargs={"many": 50, "wanted": "mail"})
    at.session_state["sheet::3"] = 3
    assert at.run().text[0].value == "1-24"
