"""What the fields of many connectors take: text that can be sent, a line of it, places in the run's own folder."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from orchestrator.actions import safe_path

LONGEST_ID = 2_000
"""Characters. That of a mail holds the name of its folder, and another that its sender chose."""

LONGEST_SEARCH = 2_000
"""Characters. Services break off the connection over far more."""


def whole(value: str) -> str:
    """A text that can be sent. Raises `ValueError`."""
    if re.search("[\ud800-\udfff]", value):
        raise ValueError("This holds half of a character, which cannot be sent: write the text anew.")
    return value


def one_line(value: str) -> str:
    """What can be put into a header: a line break in it could add headers of its own. Raises `ValueError`."""
    line = whole(value).strip()
    if len(line.splitlines()) > 1:
        raise ValueError("This must be a single line: take the line breaks out.")
    return line


def _filled(value: str) -> str:
    if not value:
        raise ValueError("This is empty: fill it in.")
    return value


Text = Annotated[str, AfterValidator(whole)]
Line = Annotated[str, AfterValidator(one_line)]
Id = Annotated[Line, AfterValidator(_filled), StringConstraints(max_length=LONGEST_ID)]
"""What names one thing at a service."""
Path = Annotated[str, AfterValidator(safe_path)]
OptionalPath = Annotated[str, AfterValidator(lambda text: safe_path(text) if text.strip() else "")]
Folder = Annotated[str, AfterValidator(lambda text: safe_path(text.rstrip("/")) if text else text)]
"""Empty: the run's own folder itself."""
