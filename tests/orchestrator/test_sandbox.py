"""Known ways out of Jinja's sandbox, and what the language still offers."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import ExpressionError
from orchestrator.expressions import Skipped, compile_value

SCOPE: dict[str, Any] = {
    "inputs": {"name": "Ada", "count": 3, "ratio": 1234.5, "key": "__class__"},
    "steps": {
        "mail": {"items": [{"id": 1, "from": "b"}, {"id": 2, "from": "a"}], "text": "hi"},
        "gone": Skipped.step("gone"),
    },
    "run": {"id": "1"},
}

ESCAPES = [
    # attributes, spelled in all ways
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''[inputs.key] }}",
    "{{ ''['__cla' ~ 'ss__'] }}",
    "{{ ''['__cla' 'ss__'] }}",
    "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ ''[['__', 'class', '__'] | join] }}",
    "{{ ''[inputs.key | string] }}",
    "{{ inputs.__class__ }}",
    "{{ inputs['__class__'] }}",
    "{{ steps.mail.items.__class__ }}",
    "{{ steps.gone.step('x').__class__ }}",
    "{{ nothing.__class__ }}",
    "{{ nothing.__init__.__globals__ }}",
    "{{ (1).__class__ }}",
    "{{ 1.0.__class__ }}",
    "{{ none.__class__ }}",
    "{{ true.__class__ }}",
    "{{ [].__class__ }}",
    "{{ ().__class__ }}",
    "{{ {}.__class__ }}",
    "{{ range(3).__class__ }}",
    "{{ range.__self__ }}",
    "{{ range.__call__ }}",
    "{{ range.__globals__ }}",
    "{{ namespace.__globals__ }}",
    "{{ namespace().__class__ }}",
    "{{ namespace()._Namespace__attrs }}",
    "{{ namespace().__init__.__globals__ }}",
    # up and down the classes
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''.__class__.mro()[1] }}",
    "{{ ''.__class__.__base__.__subclasses__()[40]('/etc/passwd').read() }}",
    "{{ [].__class__.__bases__[0] }}",
    "{{ ''.__doc__ }}",
    "{{ ''.__reduce_ex__(4) }}",
    "{{ ''.__getattribute__('__class__') }}",
    "{{ ''.__init_subclass__ }}",
    "{{ ''.__dir__() }}",
    "{{ (steps.mail.items | map('upper')).gi_frame.f_globals }}",
    "{{ (steps.mail.items | map('upper')).gi_code }}",
    # filters that look up attributes
    "{{ inputs | attr('__class__') }}",
    "{{ '' | attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ (inputs | attr('__class__')).__mro__ }}",
    "{{ [''] | map('attr', '__class__') | list }}",
    "{{ [''] | map(attribute='__class__') | first }}",
    "{{ [''] | map(attribute='__class__.__mro__') | first }}",
    "{{ [''] | selectattr('__class__') | list }}",
    "{{ ['', ''] | groupby('__class__') }}",
    "{{ ['', ''] | sort(attribute='__class__') }}",
    "{{ [''] | sum('__class__') }}",
    "{{ [''] | join(attribute='__class__') }}",
    "{{ ['', ''] | min(attribute='__class__') }}",
    # str.format
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{0[__class__]}'.format(1) }}",
    "{{ '{x.__init__.__globals__}'.format(x=range) }}",
    "{{ '{0.__class__}'.format_map({'0': 1}) }}",
    "{{ '{a.__class__}'['format_map']({'a': 1}) }}",
    "{{ ['{0.__class__}'] | map('format', 1) | list | first ~ ('{0.__class__}' | format(1)) }}",
    "{{ '{:{x.__class__}}'.format(1, x=1) }}",
    "{{ ('{0.__class__}' | escape).format(1) }}",
    "{{ ('{0.__class__}' | string).format(1) }}",
    "{{ ['{0.__class__}'.format] | map('string') | list }}",
    "{{ ''.format.__self__ }}",
    "{{ ''.format.__func__ }}",
    "{{ ''.join.function }}",
    "{{ ''.join.owner }}",
    "{{ ''.join }}",
    "{{ '%(a)s' % {'a': 1} }}",
    # what Jinja keeps within reach
    "{{ self }}{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ self['_TemplateReference__context'] }}",
    "{{ context }}",
    "{{ environment }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ config }}",
    "{{ request }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ lipsum(n=1) }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ cycler('a', 'b') }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ joiner()() }}",
    "{{ dict(a=1) }}",
    "{{ __builtins__ }}",
    "{{ __import__('os') }}",
    "{{ open('/etc/passwd') }}",
    "{{ caller() }}",
    "{{ super() }}",
    "{{ varargs }}{{ kwargs }}",
    "{{ loop }}",
    "{% for x in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
    "{% for x in [1] %}{{ loop._undefined }}{% endfor %}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop([1]) }}{% endfor %}",
    "{% for x in [1] %}{{ loop.cycle.__globals__ }}{% endfor %}",
    # what changes data, or keeps it
    "{{ inputs.update({'a': 1}) }}",
    "{{ inputs['update']({'a': 1}) }}",
    "{{ inputs.pop('name') }}",
    "{{ inputs['clear']() }}",
    "{{ steps.mail.items.append(3) }}",
    "{{ steps.mail['items'].append(3) }}",
    "{{ steps.mail['items'].clear() }}",
    "{{ steps.mail['items'].sort() }}",
    "{{ steps.mail['items']['extend']([1]) }}",
    "{% set inputs.name = 'Bob' %}",
    "{% set steps = 1 %}{% set steps.mail = 2 %}",
    "{% do inputs.update({'a': 1}) %}",
    # methods with no place in data
    "{{ ''.encode() }}",
    "{{ ''.translate({}) }}",
    "{{ ''.maketrans('a', 'b') }}",
    "{{ (1).to_bytes(1, 'big') }}",
    "{{ (1).from_bytes('a') }}",
    "{{ 1.5.as_integer_ratio() }}",
    "{{ range(3).count(1) }}",
    # calling what is no function
    "{{ inputs() }}",
    "{{ inputs.name() }}",
    "{{ (1)() }}",
    "{{ namespace()() }}",
    "{{ namespace(inputs) }}",
    "{{ range(**inputs) }}",
    "{{ [1] | map('nosuch') | list }}",
    "{{ [1] | select('callable') | list }}",
    "{{ 1 is callable }}",
    "{{ 'upper' is filter }}",
    # tags that load or define
    "{% import 'os' as os %}",
    "{% from 'os' import popen %}",
    "{% include '/etc/passwd' %}",
    "{% extends 'base' %}",
    "{% block a %}{% endblock %}{{ self.a() }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f() %}{% endmacro %}{{ f.__globals__ }}",
    "{% call range(3) %}{% endcall %}",
    "{% autoescape true %}{{ '<' }}{% endautoescape %}",
    "{% for x in [[1]] recursive %}{{ loop(x) }}{% endfor %}",
    "{% debug %}",
    "{% trans %}{% endtrans %}",
    # assignments on the way
    "{% set x = '' %}{% set y = x.__class__ %}{{ y }}",
    "{% set k = '__class__' %}{{ ''[k] }}",
    "{% set k %}__class__{% endset %}{{ ''[k] }}",
    "{% with x = ''.__class__ %}{{ x }}{% endwith %}",
    "{% filter attr('__class__') %}{% endfilter %}",
    "{% set ns = namespace(x='') %}{% set ns.__class__ = 1 %}{{ ns.x.__class__ }}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_an_expression_cannot_reach_python_or_change_data(source: str) -> None:
    before = repr(SCOPE)
    for text in (source, "text " + source):
        with pytest.raises(ExpressionError):
            compile_value(text).render(SCOPE)
    assert repr(SCOPE) == before


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ inputs.name.upper() ~ '!' }}", "ADA!"),
        ("{{ 'a,b'.split(',') }}", ["a", "b"]),
        ("{{ 'a-b-c'.rsplit('-', 1) }}", ["a-b", "c"]),
        ("{{ 'one\ntwo'.splitlines() }}", ["one", "two"]),
        ("{{ ', '.join(['a', 'b']) }}", "a, b"),
        ("{{ inputs.name.replace('A', 'E') }}", "Eda"),
        ("{{ inputs.name.replace('a', 'b', 0) }}", "Ada"),
        ("{{ inputs.name | replace('a', 1) }}", "Ad1"),
        ("{{ '{:,.2f} {name}'.format(inputs.ratio, name='EUR') }}", "1,234.50 EUR"),
        ("{{ '%05.1f%%' | format(inputs.ratio) }}", "1234.5%"),
        ("{{ '%s of %s' % (1, 2) }}", "1 of 2"),
        ("{{ 'a'.center(3) ~ 'a'.zfill(2) ~ 'a'.ljust(2) ~ 'a'.rjust(2) }}", " a 0aa  a"),
        ("{{ [3, 1, 3].count(3) }}", 2),
        ("{{ 2.0.is_integer() }}", True),
        ("{{ range(3) | list }}", [0, 1, 2]),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ 7 // 2 + 7 % 2 + 2 ** 3 * 2 - 1 }}", 19),
        ("{{ [1] + [2] * 2 }}", [1, 2, 2]),
        ("{{ 'ab' * 2 + 'c' }}", "ababc"),
        ("{{ steps.mail['items'] | map(attribute='id') | sum }}", 3),
        ("{{ [[1], [2, 3]] | sum(start=[]) }}", [1, 2, 3]),
        ("{{ steps.mail['items'] | selectattr('id', 'gt', 1) | length }}", 1),
        ("{{ (steps.mail['items'] | sort(attribute='from') | first).id }}", 2),
        ("{{ (steps.mail['items'] | groupby('from') | first).grouper }}", "a"),
        ("{{ inputs.count in [1, 2, 3] and inputs.count is odd }}", True),
        ("{{ '<b>' | e }}", "&lt;b&gt;"),
        ("{{ '<p>Tom &amp;\n <!-- <b> --> <i>Ann</i> < x' | striptags }}", "Tom & Ann < x"),
        ("{{ [1, [2]] | json }}", "[1, [2]]"),
        ("{{ {'a': 1} | tojson(indent=1) }}", '{\n "a": 1\n}'),
        ("{{ ' a ' | trim }}", "a"),
        ("{{ steps.gone.__class__ }}", None),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{{ 1.26 | round(1) }}", 1.3),
        ("{{ [1, 2, 3] | batch(2) }}", [[1, 2], [3]]),
        ("{{ [1, 2, 3] | slice(2) }}", [[1, 2], [3]]),
        ("{{ 'abc'[1:] }}", "bc"),
        ("x{% set t %}{{ inputs.name }}{{ [1] }}{% endset %}{{ t }}", "xAda[1]"),
        ("x{% filter upper %}{{ inputs.name }}{% endfilter %}", "xADA"),
        ("x{% with a = 1, b = [2] %}{{ a }}{{ b[0] }}{% endwith %}", "x12"),
        ("x{% set a, b = 1, inputs.name %}{{ a }}{{ b }}", "x1Ada"),
        ("x{% for k, v in {'a': 1} | items %}{{ k }}{{ v }}{% else %}none{% endfor %}", "xa1"),
        ("x{% for i in [1, 2, 3] if i != 2 %}{{ loop.index }}/{{ loop.length }}:{{ i }} {% endfor %}", "x1/2:1 2/2:3 "),
        (
            "x{% for i in 'ab' %}{{ loop.cycle('-', '+') }}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}",
            "x-a,+b",
        ),
        ("x{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "x3"),
    ],
)
def test_what_a_template_needs_is_there(source: str, value: Any) -> None:
    assert compile_value(source).render(SCOPE) == value


def test_a_refused_tag_is_told_by_its_name() -> None:
    with pytest.raises(ExpressionError, match=r"'\{% macro %\}' is not allowed here"):
        compile_value("{% macro f() %}{% endmacro %}")


def test_a_method_without_its_brackets_is_told() -> None:
    with pytest.raises(ExpressionError, match=r"'upper' is a method: write upper\(\)"):
        compile_value("Dear {{ inputs.name.upper }}").render(SCOPE)
