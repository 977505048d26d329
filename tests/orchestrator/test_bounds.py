"""No expression runs for long or takes much memory, whatever it is given."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from orchestrator.errors import ExpressionError
from orchestrator.expressions import compile_value, render_text, variables_of

ROWS = [{"id": number, "text": "x" * 50, "tags": [1, 2, 3]} for number in range(10_000)]
SCOPE: dict[str, Any] = {
    "inputs": {
        "rows": ROWS,
        "copy": [dict(row) for row in ROWS],
        "names": [str(number) for number in range(10_000)],
        "object": {f"key{number}": number for number in range(100_000)},
        "equal": [list(range(100_000)) for _ in range(10)],
        "long": "a" * 10_000_000,
        "lines": "\n" * 5_000_000,
        "comments": "<!---->" * 1_000_000,
        "fields": "{}" * 3_000_000,
    },
    "steps": {},
    "run": {},
}


def repeat(text: str, start: str = "'a'") -> str:
    """A text that applies `text` to x sixty times."""
    return f"x{{% set ns = namespace(x={start}) %}}{{% for i in range(60) %}}{text}{{% endfor %}}{{{{ ns.x }}}}"


def loop(text: str) -> str:
    return "x{% for i in range(100000) %}" + text + "{% endfor %}"


NUMBERS = [
    "{{ 10 ** 10 ** 10 }}",
    "{{ 2 ** (9 ** 9) }}",
    "{{ 10 ** 3000 // 7 ** 4000 }}",
    "{{ 0x" + "f" * 100_000 + " // 0x" + "f" * 50_000 + " }}",
    "{{ " + "9" * 5000 + " }}",
    "{{ 2 ** 64 }}",
    "{{ ('f' * 5000000) | int(0, 16) }}",
    "{{ 1.5 | round(10 ** 9, 'ceil') }}",
    "{{ 1 | round(-10 ** 9, 'floor') }}",
    repeat("{% set ns.x = ns.x * ns.x %}", "2"),
]
TEXTS = [
    "{{ 'x' * 10 ** 9 }}",
    "{{ 10 ** 9 * 'x' }}",
    "{{ ('x' * 10 ** 6) * 10 ** 6 }}",
    "{{ inputs.long + inputs.long }}",
    "{{ inputs.long ~ inputs.long }}",
    "text {{ inputs.long }}",
    "{{ inputs.long | center(10 ** 9) }}",
    "{{ 'a'.center(10 ** 9) }}",
    "{{ 'a'.zfill(10 ** 9) }}",
    "{{ 'a'.ljust(*[10 ** 9]) }}",
    "{{ 'a'.rjust(10 ** 9) }}",
    "{{ 'a'.expandtabs(10 ** 9) }}",
    "{{ inputs.lines | indent(1000) }}",
    "{{ inputs.lines | indent(inputs.long) }}",
    "{{ inputs.long | replace('a', inputs.long) }}",
    "{{ inputs.long.replace('', 'xxxx') }}",
    "{{ inputs.names | join(inputs.long) }}",
    "{{ inputs.long.join(inputs.names) }}",
    "{{ inputs.names | map('replace', '', inputs.long) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%-1000000000d' % 1 }}",
    "{{ '%*d' % (10 ** 9, 1) }}",
    "{{ '%.1000000000f' | format(1) }}",
    "{{ '%.*f' | format(10 ** 9, 1.0) }}",
    "{{ '%(a)1000000000d' % {'a': 1} }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:.1000000000f}'.format(1.0) }}",
    "{{ '{:{w}}'.format(1, w=10 ** 9) }}",
    "{{ '{0}{0}'.format(inputs.long) }}",
    "{{ inputs.fields.format(*inputs.names) }}",
    "{{ inputs.rows | json(indent=10 ** 9) }}",
    "{{ 0 | date(inputs.long) }}",
    loop("{{ inputs.long }}"),
    loop("{{ inputs.rows }}"),
    "x{% set t %}" + loop("{{ inputs.rows }}") + "{% endset %}",
    "x{% filter upper %}" + loop("{{ inputs.rows }}") + "{% endfilter %}",
    repeat("{% set ns.x = ns.x + ns.x %}"),
    repeat("{% set ns.x = ns.x ~ ns.x %}"),
    repeat("{% set ns.x = ns.x | json %}", "'\"'"),
    repeat("{% set t %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = t %}"),
    "x" + "".join(f"{{% set x{number} = inputs.long[:] %}}" for number in range(1000)),
]
LISTS = [
    "{{ [0] * 10 ** 9 }}",
    "{{ [[[[0] * 1000] * 1000] * 1000] * 1000 }}",
    "{{ range(10 ** 30) }}",
    "{{ range(100001) | list }}",
    "{{ range(-10 ** 9, 10 ** 9) | list }}",
    "{{ [1] | batch(10 ** 9, 'x') }}",
    "{{ [1] | slice(10 ** 9) }}",
    "{{ inputs.long | list }}",
    "{{ ([0] * 1000) | map('default', inputs.rows, true) | map('json') | list }}",
    "{{ range(100000) | batch(10) | sum(start=[]) | batch(1) | list * 10 }}",
    repeat("{% set ns.x = [ns.x, ns.x] %}"),
    repeat("{% set ns.x = (ns.x, ns.x) %}{% set y = {ns.x: 1} %}"),
    repeat("{% set ns.x = {'a': ns.x, 'b': ns.x} %}"),
    repeat("{% set ns.x = ns.x + ns.x %}", "['a']"),
]
LOOPS = [
    loop(loop("")),
    loop("{% for j in range(1000) %}{{ j }}{% endfor %}"),
    loop("{% set t = inputs.rows[:] %}"),
    loop("{% if inputs.long == inputs.long[:] %}{% endif %}"),
    loop("{% if inputs.rows == inputs.copy %}{% endif %}"),
    loop("{% if 'a' in range(100000) %}{% endif %}"),
    loop("{% if 'x' in inputs.names %}{% endif %}"),
    loop("{{ loop.changed(inputs.rows if i is even else inputs.copy) }}"),
    loop("{{ inputs.equal | sort | length }}"),
    loop("{{ inputs.equal | max | length }}"),
    loop("{{ inputs.long.upper() | length }}"),
    loop("{{ inputs.long.count('b') }}"),
    loop("{{ inputs.long is upper }}"),
    loop("{{ '{key1}'.format(**inputs.object) }}"),
    "{{ inputs.names | select('in', inputs.names) }}",
    "{{ inputs.long.rfind('b' + inputs.long[:5000000]) }}",
    "{{ inputs.long.strip('b' * 1000000 ~ 'a') }}",
    "{{ inputs.long | trim('b' * 1000000 ~ 'a') }}",
    "x" + "{% for i in range(10) %}" * 15 + "{% endfor %}" * 15,
]
SOURCES = [
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "[" * 500 + "]" * 500 + " }}",
    "{{ 1" + " + 1" * 4000 + " }}",
    "{{ inputs" + ".a" * 5000 + " }}",
    "{{ " + "1, " * 60_000 + " }}",
    "{{ 1" + " + 1" * 1_000_000 + " }}",
    "x" + "{% for i in [1] %}" * 30 + "{% endfor %}" * 30,
    "x" + "{{ inputs.rows }}" * 10_000,
]


@pytest.mark.parametrize("source", [*NUMBERS, *TEXTS, *LISTS, *LOOPS, *SOURCES], ids=lambda source: str(source)[:60])
def test_what_has_no_bound_is_refused_in_one_sentence(source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_value(source).render(SCOPE)
    assert len(caught.value.message) < 600
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "source",
    [
        "{{ inputs.long | upper | length }}",
        "{{ inputs.comments | striptags | length }}",
        "{{ inputs.rows | map(attribute='text') | unique | list | length }}",
        "{{ inputs.rows | json | length }}",
        "{{ inputs.rows | sort(attribute='text,id') | length }}",
        "{{ inputs.rows | selectattr('id', 'in', range(1000)) | length }}",
        "{{ inputs.object | dictsort | length }}",
        "x{% for row in inputs.rows %}{{ loop.index }}. {{ row.text | upper | truncate(20) }}\n{% endfor %}",
        "x{% set some = inputs.copy[500:1500] %}"
        "{% for row in inputs.rows[:1000] %}{% if row not in some %}{{ row.id }}{% endif %}{% endfor %}",
        "x{% set ns = namespace(found=[]) %}{% for row in inputs.rows[:1000] %}{% set ns.found = ns.found + [row] %}"
        "{% endfor %}{{ ns.found | length }}",
    ],
)
def test_much_data_are_worked_on(source: str) -> None:
    assert compile_value(source).render(SCOPE) is not None


def test_data_of_any_size_are_passed_on() -> None:
    huge = {"text": "a" * 50_000_000, "list": list(range(2_000_000))}
    scope = {"inputs": {}, "steps": {"big": huge}, "run": {}}
    assert compile_value("{{ steps.big }}").render(scope) is huge
    assert compile_value({"a": "{{ steps.big.text }}"}).render(scope) == {"a": huge["text"]}
    assert compile_value("{{ steps.big.list | length }}").render(scope) == 2_000_000


def test_each_evaluation_has_all_its_steps() -> None:
    expression = compile_value("x{% for i in range(100000) %}{% if i == 1 %}{{ i }}{% endif %}{% endfor %}")
    assert [expression.render(SCOPE) for _ in range(10)] == ["x1"] * 10


def test_the_remedy_says_what_helps() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_value(loop(loop(""))).render(SCOPE)
    assert "less data" in caught.value.remedy


@pytest.mark.parametrize("source", SOURCES[:-1], ids=lambda source: str(source)[:60])
def test_texts_of_prompts_have_the_same_bounds(source: str) -> None:
    with suppress(ExpressionError):  # what is only too deep to run has names all the same
        variables_of(source)
    with pytest.raises(ExpressionError):
        render_text(source, SCOPE)
