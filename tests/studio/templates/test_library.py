"""The list of templates: what is found, and what is said of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.history import Usage
from orchestrator.library import Entry
from orchestrator.template_usage import NOT_USED, TemplateUse
from studio.templates.library import matching, use_words


def entry(id: str, *tags: str) -> Entry:
    return Entry(id, id.title(), f"About {id}.", tags, shipped=True, path=Path())


ENTRIES = [entry("letter", "mail", "kind"), entry("note", "mail"), entry("review", "code")]


@pytest.mark.parametrize(
    ("wanted", "tags", "found"),
    [
        ("", [], ["letter", "note", "review"]),
        ("ABOUT code", [], ["review"]),
        ("mail", ["kind"], ["letter"]),
        ("", ["mail", "code"], []),
    ],
)
def test_all_words_and_all_tags_must_fit(wanted: str, tags: list[str], found: list[str]) -> None:
    assert [one.id for one in matching(ENTRIES, wanted, tags)] == found


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (NOT_USED, "Not used yet"),
        (TemplateUse(("a",)), "In 1 workflow · never ran"),
        (TemplateUse(("a", "b"), 1204, 10, Usage(1, 1, 0.021)), "In 2 workflows · 1,204 runs · $0.0021 a call"),
        (TemplateUse((), 3, 3, Usage(1, 1, 0.0)), "In no workflow now · 3 runs · free to call"),
    ],
)
def test_what_uses_it_and_what_a_call_costs(use: TemplateUse, words: str) -> None:
    assert use_words(use) == words
