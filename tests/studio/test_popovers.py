"""A popover that shuts once what it asks for is done."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.conftest import SCRIPT


def page() -> None:
    import streamlit as st

    from studio.popovers import popover, shut

    with popover("Add", key="adding") as place:
        if st.button("Really", key="really"):
            shut("adding")
            st.rerun()
    st.session_state["is open"] = place.open


def test_it_is_open_until_what_it_asks_for_is_done() -> None:
    at = AppTest.from_function(page, default_timeout=SCRIPT).run()
    assert not at.session_state["is open"]
    at.session_state["adding"] = True
    assert at.run().session_state["is open"]
    assert not at.button(key="really").click().run().session_state["is open"]


def test_it_can_be_opened_again() -> None:
    at = AppTest.from_function(page, default_timeout=SCRIPT).run()
    at.session_state["adding"] = True
    at.run().button(key="really").click().run()
    at.session_state["adding"] = True
    assert at.run().session_state["is open"]
    assert at.run().session_state["is open"]
