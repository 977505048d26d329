"""What all pages share: every one opens, and whatever goes wrong is one sentence."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.settings import ROOT
from orchestrator.workflow_engine import set_current
from studio.routes import ROUTES
from tests.conftest import SCRIPT
from tests.pages.conftest import Open


@pytest.mark.parametrize("page", ROUTES)
def test_every_page_opens_with_one_heading(open_page: Open, page: str) -> None:
    at = open_page(page)

    assert len(at.title) == 1
    assert not at.error


def test_a_studio_that_is_still_starting_says_so() -> None:
    set_current(None)
    at = AppTest.from_file(ROOT / "studio" / "main.py", default_timeout=SCRIPT).run()

    (error,) = at.error
    assert "still starting" in error.value
    assert not at.exception


def test_an_error_that_nobody_foresaw_is_one_sentence_with_a_reference(open_page: Open) -> None:
    at = open_page("runs")
    at.session_state["sheet"] = "not a number"
    at.run()

    (error,) = at.error
    assert not at.exception
    assert "Something went wrong on our side" in error.value
    assert "reference" in error.value
    assert "TypeError" not in error.value
