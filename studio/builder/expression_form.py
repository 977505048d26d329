"""The expressions of one form of the Builder: its fields, and the values that they can use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studio.builder.answers import answer_of, names_data
from studio.builder.variables import Reach
from studio.expression_field import expression_field, values


@dataclass(frozen=True, slots=True)
class ExpressionForm:
    """`id` is of one form on the page; the key of a field is of one on the page, too. `crossed` is called before a
    field takes what was typed while the server was away and somebody else changed it."""

    id: str
    reach: Reach
    crossed: Callable[[], None]

    def offer(self) -> None:
        """Hand the browser what the fields can use. Once for a form, behind its fields: it takes no room there."""
        values(names_data(self.reach.found), key=self.id)

    def field(self, label: str, text: str, take: Callable[[str], str], *, key: str, **look: Any) -> None:
        """A field with the value of its text. `look` is handed on to `expression_field`."""
        answer = answer_of(text, self.reach)
        expression_field(label, text, take, key=key, form=self.id, answer=answer, crossed=self.crossed, **look)
