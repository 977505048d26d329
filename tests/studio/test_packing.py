"""Streamlit's scripts leave packed, and are the same when they are unpacked."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from studio.packing import Packed
from studio.scripts import STREAMLIT

SCRIPT = "export const many = 'a' + 'a'\n" * 50


@pytest.fixture
def browser(tmp_path: Path) -> TestClient:
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "static" / "js" / "a.js").write_text(SCRIPT)
    (tmp_path / "static" / "secret.txt").write_text("no script")
    inner = Starlette(routes=[Route("/{path:path}", lambda _: PlainTextResponse("from within"))])
    return TestClient(Packed(inner, tmp_path))


def test_a_script_comes_packed_and_may_be_kept(browser: TestClient) -> None:
    first, again = browser.get("/static/js/a.js"), browser.get("/static/js/a.js")
    assert first.text == again.text == SCRIPT
    assert first.headers["content-encoding"] == "gzip"
    assert int(first.headers["content-length"]) < len(SCRIPT) / 5
    assert first.headers["content-type"].startswith("text/javascript")
    assert "immutable" in first.headers["cache-control"]
    assert first.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/static/js/a.js", {"Accept-Encoding": "identity"}),
        ("/static/js/a.js", {"Range": "bytes=0-9"}),
        ("/static/js/b.js", {}),
        ("/static/secret.txt", {}),
        ("/static/js/../secret.txt", {}),
        ("/", {}),
    ],
)
def test_all_else_is_as_it_was(browser: TestClient, path: str, headers: dict[str, str]) -> None:
    assert browser.get(path, headers=headers).text == "from within"


def test_only_reading_is_answered(browser: TestClient) -> None:
    assert browser.post("/static/js/a.js").status_code == 405


def test_the_scripts_that_streamlit_names_in_its_page_are_found() -> None:
    packed = Packed(Starlette())
    html = (STREAMLIT / "index.html").read_text("utf-8")
    named = [part.split('"')[0] for part in html.split('href="./static/js/')[1:]]
    assert named
    assert {f"/static/js/{name}" for name in named} <= packed._files.keys()
