"""The expressions of a trigger: its fields, and the values that they can use once something was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studio.builder.answers import is_expression
from studio.builder.expression_form import ExpressionForm
from studio.builder.variables import Reach
from studio.expression_field import Answer, expression_field

NOT_YET = Answer("waits", "Its value shows here once you pressed 'Look now'.")


@dataclass(frozen=True, slots=True)
class TriggerExpressions:
    """`is_known`: there is an example of what the trigger sees."""

    id: str
    reach: Reach
    crossed: Callable[[], None]
    is_known: bool = True

    def offer(self) -> None:
        ExpressionForm(self.id, self.reach, self.crossed).offer()

    def field(self, label: str, text: str, take: Callable[[str], str], *, key: str, **look: Any) -> None:
        if self.is_known or not is_expression(text):
            ExpressionForm(self.id, self.reach, self.crossed).field(label, text, take, key=key, **look)
        else:
            expression_field(label, text, take, key=key, form=self.id, answer=NOT_YET, crossed=self.crossed, **look)
