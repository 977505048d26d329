"""The files of a run on its page: pictures shown, all of them to be saved, whatever they are called."""

from __future__ import annotations

import re

import pytest

from orchestrator.run_folders import RunFile
from studio.run_files import LARGEST_PICTURE, PICTURES, Files, address, files_html, is_picture, size

EVIL = '"><img src=x onerror=alert(1)>.png'


def test_a_picture_is_shown_and_any_other_file_named_with_its_size() -> None:
    html = files_html(Files("r1", (RunFile("a/dot.PNG", 70), RunFile("data.csv", 12_345))))
    assert '<img src="/api/runs/r1/files/a/dot.PNG" alt="a/dot.PNG"' in html
    assert '<a href="/api/runs/r1/files/data.csv" download>data.csv</a> <span>12 KB</span>' in html
    assert html.count("<img") == 1


def test_a_name_from_outside_stays_a_name() -> None:
    html = files_html(Files("r1", (RunFile(EVIL, 1), RunFile("<script>alert(1)</script>.txt", 1))))
    tags = set(re.findall(r"<(\w+)", html))
    assert tags == {"div", "figure", "a", "img", "figcaption", "span", "ul", "li"}
    assert "onerror=alert(1)>" not in html.replace("onerror=alert(1)&gt;", "")
    assert address("r1", "a b/ü#?%.md") == "/api/runs/r1/files/a%20b/%C3%BC%23%3F%25.md"


def test_many_and_huge_pictures_are_only_named() -> None:
    many = tuple(RunFile(f"{number}.png", 10) for number in range(PICTURES + 3))
    html = files_html(Files("r1", many))
    assert (html.count("<img"), html.count("<li>")) == (PICTURES, 3)
    assert not is_picture(RunFile("a.png", LARGEST_PICTURE + 1))


def test_a_step_shows_the_files_that_its_output_names() -> None:
    known = Files("r1", (RunFile("a/b.txt", 1), RunFile("c.png", 2), RunFile("d", 3)))
    assert known.named_in({"saved": [{"path": "a/b.txt"}, {"path": "c.png"}], "text": "see d"}).files == known.files[:2]
    assert known.named_in(None).files == ()


@pytest.mark.parametrize(
    ("bytes", "words"), [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1500, "2 KB"), (3_400_000, "3.4 MB")]
)
def test_sizes_are_told_as_people_say_them(bytes: int, words: str) -> None:
    assert size(bytes) == words
