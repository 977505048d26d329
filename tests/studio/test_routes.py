"""Which addresses are pages of this studio."""

from __future__ import annotations

import pytest

from studio.routes import ROUTES, Place, place_of, script

STUDIO = "http://127.0.0.1:8501"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"{STUDIO}/practice?page=abc", Place("practice", (("page", "abc"),))),
        (
            "/practice?repository=practice/handbook&path=a%20b.md",
            Place("practice", (("repository", "practice/handbook"), ("path", "a b.md"))),
        ),
        (f"{STUDIO}/", Place("home")),
        (f"{STUDIO}/runs", Place("runs")),
    ],
)
def test_an_address_of_ours_is_a_place(url: str, place: Place) -> None:
    assert place_of(url, STUDIO) == place


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/practice?page=abc",
        "http://127.0.0.1:8501.evil.example/practice",
        "//evil.example/practice",
        f"{STUDIO}/api/runs",
        f"{STUDIO}/nowhere",
        "javascript:alert(1)",
        "",
    ],
)
def test_any_other_address_is_not(url: str) -> None:
    assert place_of(url, STUDIO) is None


def test_every_page_has_its_file() -> None:
    assert all(script(page).is_file() for page in ROUTES)
