"""What the fields of connectors take, whatever is put into them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from integrations._fields import LONGEST_ID, LONGEST_SEARCH, Folder, Id, Line, OptionalPath, Path, Text
from integrations._github.connector import RefName
from integrations.email import SearchMessages as SearchByImap
from integrations.gmail import SearchMessages as SearchGmail


def taken(kind: Any, value: str) -> str:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "value", "meant"),
    [
        (Text, "two\nlines", "two\nlines"),
        (Line, " a line\n", "a line"),
        (Id, " 18c2f0a1\n", "18c2f0a1"),
        (Path, "app/main.py", "app/main.py"),
        (OptionalPath, " ", ""),
        (Folder, "app/", "app"),
        (Folder, "", ""),
    ],
)
def test_what_fits_is_taken(kind: Any, value: str, meant: str) -> None:
    assert taken(kind, value) == meant


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        (Text, "\ud83d", "half of a character"),
        (Line, "a\r\nBcc: b", "single line"),
        (Id, " ", "empty: fill it in"),
        (Id, "x" * (LONGEST_ID + 1), "at most"),
        (Path, "../up", "no path of a file"),
        (OptionalPath, "/etc/passwd", "no path of a file"),
        (Folder, "a/../..", "no path of a file"),
        (RefName, "x" * 245, "no name of a branch"),
        (RefName, "--upload-pack=x", "no name of a branch"),
    ],
)
def test_what_does_not_fit_is_told(kind: Any, value: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        taken(kind, value)


def test_a_search_that_a_service_breaks_off_over_is_not_begun() -> None:
    with pytest.raises(ValidationError, match="at most"):
        SearchGmail(query="x" * (LONGEST_SEARCH + 1))
    with pytest.raises(ValidationError, match="at most"):
        SearchByImap(words="x" * (LONGEST_SEARCH + 1))
