"""The HTML that a browser is handed first."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from studio.routes import ROUTES, PageName
from studio.scripts import STREAMLIT, bundle
from studio.shell import EVERY_PAGE, NEEDS, shell_routes, with_head

HTML = (STREAMLIT / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def browser() -> TestClient:
    return TestClient(Starlette(routes=[*shell_routes()]))


@pytest.mark.parametrize("page", ROUTES)
def test_every_page_says_where_its_server_is_before_any_script_of_streamlit(
    browser: TestClient, page: PageName
) -> None:
    """Else Streamlit's front looks for it below the page's own address, and is refused."""
    answer = browser.get("/" if page == "home" else f"/{page}?id=x")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert 0 < answer.text.index("BACKEND_BASE_URL: location.origin") < answer.text.index("<script type=")


def test_all_of_streamlits_own_html_is_there() -> None:
    ours = with_head(HTML, "builder")
    kept = re.sub(r"<script>window.__streamlit = .*?</script>|<link rel=\"modulepreload\" href=[^>]*>", "", ours)
    assert kept == HTML


def test_the_builder_is_handed_its_bundle_and_other_pages_are_not() -> None:
    link = f'<link rel="modulepreload" href="{bundle("builder")}">'
    assert link in with_head(HTML, "builder")
    assert link not in with_head(HTML, "home")


def test_nothing_is_named_twice() -> None:
    named = re.findall(r"[\w.-]+\.js(?=[?\"])", with_head(HTML, "builder"))
    assert len(named) == len(set(named))


def test_the_elements_are_known_to_the_release_that_is_installed() -> None:
    names = {*EVERY_PAGE, *(name for elements, _ in NEEDS.values() for name in elements)}
    unknown = [name for name in names if not [*(STREAMLIT / "static" / "js").glob(f"{name}.*.js")]]
    assert unknown == []


def test_html_of_another_shape_is_left_as_it_is() -> None:
    assert with_head("<p>Hello</p>", "builder") == "<p>Hello</p>"


def test_other_addresses_are_streamlits(browser: TestClient) -> None:
    assert browser.get("/builder/_stcore/health").status_code == 404
    assert browser.get("/no-such-page").status_code == 404
