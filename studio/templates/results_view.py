"""What came of a trial, in words and in tables. No Streamlit here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from orchestrator.cases import Expectation
from orchestrator.history import Usage
from orchestrator.trials import Estimate, Tried
from studio.markup import cell
from studio.moments import count, duration

Column = tuple[str, str]
"""A version of the template and a model."""

WORDS = {
    "contains": "contains",
    "matches": "matches the pattern",
    "json": "is JSON",
    "equals": "is exactly",
    "judge": "a model says yes to",
}


def expectation_words(expectation: Expectation) -> str:
    """contains "Tuesday"."""
    said = f" “{expectation.value}”" if expectation.kind != "json" else ""
    return f"{WORDS[expectation.kind]}{said}"


def dollars(cost: float | None) -> str:
    """A price, "free" for none; "" when it is not known."""
    if cost is None:
        return ""
    if cost == 0:
        return "free"
    return f"${cost:,.2f}" if cost >= 1 else f"${cost:.4f}" if cost >= 0.0001 else "under $0.0001"


def estimate_words(estimate: Estimate) -> str:
    """What a trial can cost at most, before it begins."""
    cost = estimate.usage.cost
    unknown = f"the price of {', '.join(estimate.unpriced)} is not known" if estimate.unpriced else ""
    calls = count(estimate.calls, "call")
    if cost is None or (unknown and not cost):
        return f"{calls}; {unknown or 'the price is not known'}."
    most = "free" if cost == 0 else f"{dollars(cost)} at most"
    return f"{calls}, {most}; {unknown}, and comes on top." if unknown else f"{calls}, {most}."


def used_words(tried: Tried) -> str:
    """1.2 s · 214 tokens · $0.0021."""
    total = tried.usage.input_tokens + tried.usage.output_tokens
    parts = [
        duration(tried.seconds),
        count(total, "token") if total else "",
        dollars(tried.usage.cost) if total else "",
    ]
    return " · ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Score:
    """How one version did with one model. Means are of the answers that came; a cost of None is not known."""

    passed: int
    known: int
    of: int
    seconds: float | None
    cost: float | None

    @property
    def words(self) -> str:
        open = f", {self.of - self.known} open" if self.known < self.of else ""
        return f"{self.passed} of {self.of} passed{open}"


def scores(found: Iterable[Tried]) -> dict[Column, Score]:
    """In the order in which the columns were asked."""
    columns: dict[Column, list[Tried]] = {}
    for one in found:
        columns.setdefault((one.ask.variant, one.ask.model), []).append(one)
    return {column: _score(ones) for column, ones in columns.items()}


def _score(ones: Sequence[Tried]) -> Score:
    judged = [one for one in ones if one.ask.expect]
    answered = [one for one in ones if one.standing == "answered"]
    used = sum((one.usage for one in answered), Usage())
    return Score(
        passed=sum(one.passed is True for one in judged),
        known=sum(one.passed is not None for one in judged),
        of=len(judged),
        seconds=sum(one.seconds or 0 for one in answered) / len(answered) if answered else None,
        cost=None if used.cost is None or not answered else used.cost / len(answered),
    )


def conclusion(found: Mapping[Column, Score], new: str, old: str) -> str:
    """Whether one version did better than another, model by model; "" while that is not known."""
    parts: list[str] = []
    for (variant, model), score in found.items():
        before = found.get((old, model))
        if variant != new or before is None or not score.of or score.known < score.of or before.known < before.of:
            continue
        if score.passed == before.passed:
            parts.append(f"{model}: {new} does as well as {old}, {score.words}.")
        else:
            word = "better" if score.passed > before.passed else "worse"
            parts.append(
                f"{model}: {new} does {word} than {old}, {score.passed} of {score.of} instead of {before.passed}."
            )
    return " ".join(parts)


def pass_table(found: Sequence[Tried]) -> str:
    """A row a case, a column a version and model, as HTML."""
    totals = scores(found)
    cells = {(one.ask.case, one.ask.variant, one.ask.model): one for one in found}
    names = {one.ask.case: one.ask.name for one in found}
    head = "".join(f"<th>{escape(variant)}<br><small>{escape(model)}</small></th>" for variant, model in totals)
    rows = [
        f"<tr><td>{escape(cell(name) or f'Case {case + 1}')}</td>"
        + "".join(f"<td>{_standing(cells.get((case, *column)))}</td>" for column in totals)
        + "</tr>"
        for case, name in names.items()
    ]
    for label, told in (
        ("In all", [score.words for score in totals.values()]),
        ("Mean time", [duration(score.seconds) for score in totals.values()]),
        ("Mean price", [dollars(score.cost) for score in totals.values()]),
    ):
        rows.append(
            f"<tr><th scope='row'>{label}</th>" + "".join(f"<td><b>{escape(one)}</b></td>" for one in told) + "</tr>"
        )
    return (
        f'<div class="pb-table" role="region" aria-label="Which cases passed" tabindex="0"><table><thead><tr>'
        f"<th>Case</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _standing(one: Tried | None) -> str:
    if one is None:
        return ""
    if one.standing == "waiting":
        return "…"
    if one.standing == "stopped":
        return "stopped"
    if one.standing == "failed":
        return '<span class="pb-wrong">✗ no answer</span>'
    if one.passed is None:
        return "? open" if one.verdicts else "answered"
    if one.passed:
        return '<span class="pb-right">✓ passed</span>'
    wrong = [verdict for verdict in one.verdicts if verdict.holds is False]
    missed = cell(expectation_words(wrong[0].expectation), 40) + (f" and {len(wrong) - 1} more" if wrong[1:] else "")
    return f'<span class="pb-wrong">✗ not: {escape(missed)}</span>'
