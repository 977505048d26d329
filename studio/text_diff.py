"""What differs between two texts, word by word, as HTML."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from html import escape

LONG = 60
"""Characters. A longer text is compared word by word; a shorter one is quicker to read twice."""

MOST_WORDS = 4_000
"""Of each text. To compare more would keep the page waiting."""

AROUND = 12
"""Words that are shown on each side of a change."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


def is_worth_comparing(before: object, after: object) -> bool:
    """Whether both are texts, and long enough."""
    return isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > LONG


def text_diff(before: str, after: str) -> str | None:
    """Both in one, with what was taken out and what was put in. None for texts that are too long."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > MOST_WORDS:
        return None
    parts: list[str] = []
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (kind, i, j, k, m) in enumerate(codes):
        if kind == "equal":
            parts.append(_same(old[i:j], first=number == 0, last=number == len(codes) - 1))
            continue
        if i < j:
            parts.append(f"<del>{escape(''.join(old[i:j]))}</del>")
        if k < m:
            parts.append(f"<ins>{escape(''.join(new[k:m]))}</ins>")
    return f'<div class="pb-literal pb-diff">{"".join(parts)}</div>'


def _same(words: list[str], *, first: bool, last: bool) -> str:
    """What did not change, without the middle of a long stretch."""
    head, tail = (0 if first else AROUND * 2), (0 if last else AROUND * 2)
    if len(words) <= head + tail + AROUND * 2:
        return escape("".join(words))
    end = "".join(words[len(words) - tail :])
    return f"{escape(''.join(words[:head]))}<span> … </span>{escape(end)}"
