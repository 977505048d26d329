"""The language of `{{ }}`: Jinja with what reaches into Python or has no bound taken out.

Allowed is what is listed: `for`, `if`, `set`, `with` and `filter`; the keys of data; the methods in `METHODS`; the
filters and tests that are left. An attribute of a Python object does not exist, so there is nothing to escape by. How
much all this may do is the matter of `bounds`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import wraps
from string import Formatter
from typing import Any, cast

from jinja2 import TemplateSyntaxError, Undefined, filters, nodes, pass_environment
from jinja2.environment import Environment
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from orchestrator import bounds
from orchestrator.data import is_list, is_object

SOURCE = 200_000
"""Characters of a text with `{{ }}`."""

NODES = 10_000
"""Names, values and operators in it."""

STATEMENTS = (nodes.Output, nodes.For, nodes.If, nodes.Assign, nodes.AssignBlock, nodes.FilterBlock, nodes.With)

# No user can write these names of filters.
COUNTED, JOINED, WEIGHED, READ, SHOWN = "(counted)", "(joined)", "(weighed)", "(read)", "(shown)"

REMOVED_FILTERS = ("attr", "forceescape", "pprint", "random", "safe", "urlize", "wordwrap", "xmlattr")
REMOVED_TESTS = ("callable", "escaped", "filter", "test")
COMPARING_TESTS = ("!=", "<", "<=", "==", ">", ">=", "divisibleby", "eq", "equalto", "ge", "greaterthan", "gt", "in",
                   "le", "lessthan", "lower", "lt", "ne", "upper")  # fmt: skip

FREE = frozenset({"abs", "count", "d", "default", "first", "last", "length"})
"""Filters that cost nothing, however large the value."""

SEQUENCE = frozenset(
    {"batch", "dictsort", "groupby", "items", "join", "list", "map", "max", "min", "reject", "rejectattr", "reverse",
     "select", "selectattr", "slice", "sort", "sum", "unique"}
)  # fmt: skip
"""Filters that go through the items of a value, and do not look into them. All others take it as text."""

COMPARING = frozenset({"dictsort", "groupby", "max", "min", "sort", "unique"})
"""Those of them that compare items."""

SLOW = frozenset({"date", "json", "striptags", "title", "tojson", "urlencode", "wordcount"})
"""Filters of text that take some 0.1 µs a character."""


class TextFormatter(Formatter):
    """`'{:,.2f}'.format(number)`, whose fields reach what `{{ }}` reaches."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, Any]:
        if re.search(r"[.\[]", field_name):
            raise TypeError("a field of format() is a number or a name")
        return self.get_value(int(field_name) if field_name.isdecimal() else field_name, args, kwargs), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if re.search(r"\d{4}", format_spec):
            raise bounds.TooMuch(f"a format may pad to fewer than {bounds.WIDTH:,} columns")
        bounds.spend(9)
        bounds.limit_text(16 * bounds.weigh(value))
        return super().format_field(value, format_spec)


def _format(text: str, *args: Any, **kwargs: Any) -> str:
    bounds.spend(len(text))
    return TextFormatter().vformat(text, args, kwargs)


_PLAIN = (
    "capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii", "isdecimal",
    "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "lower", "lstrip", "partition", "removeprefix",
    "removesuffix", "rfind", "rindex", "rpartition", "rstrip", "startswith", "strip", "swapcase", "title", "upper",
)  # fmt: skip

METHODS: Mapping[type[Any], Mapping[str, Any]] = {
    str: {
        **{name: getattr(str, name) for name in _PLAIN},
        "center": bounds.centre,
        "format": _format,
        "join": bounds.join,
        "ljust": bounds.pad_right,
        "replace": bounds.replace,
        "rjust": bounds.pad_left,
        "rsplit": bounds.split_right,
        "split": bounds.split,
        "splitlines": bounds.split_lines,
        "zfill": bounds.pad_zeros,
    },
    list: {"count": list[Any].count, "index": list[Any].index},
    tuple: {"count": tuple[Any, ...].count, "index": tuple[Any, ...].index},
    float: {"is_integer": float.is_integer},
    LoopContext: {"changed": LoopContext.changed, "cycle": LoopContext.cycle},
}

SEARCHING = frozenset({"lstrip", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "strip"})
"""Methods that may take the product of both lengths."""

LOOP = frozenset({"depth", "depth0", "first", "index", "index0", "last", "length", "nextitem", "previtem", "revindex",
                  "revindex0"})  # fmt: skip


class Method:
    """A method that may be called, and nothing else."""

    __slots__ = ("function", "name", "owner")

    def __init__(self, owner: Any, name: str, function: Callable[..., Any]) -> None:
        self.owner = owner
        self.name = name
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        bounds.spend(bounds.weigh(self.owner))
        for argument in (*args, *kwargs.values()):
            bounds.read(argument)
            if self.name in SEARCHING and isinstance(argument, str):
                bounds.spend(len(self.owner) * len(argument) >> 9)
        return self.function(self.owner, *args, **kwargs)

    def __str__(self) -> str:
        raise TypeError(f"'{self.name}' is a method: write {self.name}()")


class Bounds(NodeTransformer):
    """Puts into the syntax tree what counts as it runs."""

    def __init__(self) -> None:
        self.loops = 0
        self.blocks = 0

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        steps = 1 + sum(1 for part in (*node.body, *filter(None, [node.test])) for _ in part.find_all(nodes.Node))
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1
        node.iter = _filter(node.iter, COUNTED, nodes.Const(steps))
        return node

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.Node:  # noqa: N802
        return self._visit_block(node)

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> nodes.Node:  # noqa: N802
        return self._visit_block(node)

    def _visit_block(self, node: nodes.Node) -> nodes.Node:
        self.blocks += 1
        self.generic_visit(node)
        self.blocks -= 1
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802
        """The text of a block is kept until the block ends. All other text goes out as it comes."""
        self.generic_visit(node)
        if self.blocks:
            node.nodes = [part if isinstance(part, nodes.TemplateData) else _filter(part, SHOWN) for part in node.nodes]
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), JOINED)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return node if _is_constant(node.items) else _filter(node, WEIGHED)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return node if node.ctx != "load" or _is_constant(node.items) else _filter(node, WEIGHED)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        parts = [part for pair in node.items for part in (pair.key, pair.value)]
        for pair in node.items:
            pair.key = _read(pair.key)
        return node if _is_constant(parts) else _filter(node, WEIGHED)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if self.loops:
            node.expr = _read(node.expr)
            for operand in node.ops:
                operand.expr = _read(operand.expr)
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        return self._visit_call(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        return self._visit_call(node)

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802
        return self._visit_call(node)

    def _visit_call(self, node: nodes.Call | nodes.Filter | nodes.Test) -> nodes.Node:
        self.generic_visit(node)
        node.dyn_args = node.dyn_args and _read(node.dyn_args)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _read(node.node)
        return node


def _filter(node: nodes.Node, name: str, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


def _is_constant(parts: Iterable[nodes.Node]) -> bool:
    return all(isinstance(part, nodes.Const) for part in parts)


def _read(node: nodes.Expr) -> nodes.Expr:
    return node if isinstance(node, nodes.Const) else _filter(node, READ)


class Sandbox(SandboxedEnvironment):
    """Jinja as it is allowed."""

    intercepted_binops = frozenset({"+", "*", "**", "//", "%"})
    concat = staticmethod(bounds.concat)

    def __init__(self, undefined: type[Undefined]) -> None:
        super().__init__(undefined=undefined, keep_trailing_newline=True)
        mine: Any = self
        mine.globals = {"range": bounds.count, "namespace": _namespace}
        mine.binop_table |= {
            "+": bounds.add,
            "*": bounds.multiply,
            "**": bounds.power,
            "//": bounds.divide_whole,
            "%": bounds.remainder,
        }
        mine.filters = _filters(mine.filters)
        mine.tests = _tests(mine.tests)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """One dictionary: Jinja's chain of two takes longer to go through than most expressions take."""
        mine: Any = self
        return {**mine.globals, **(d or {})}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of data, or a method that is listed."""
        if is_object(obj):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, Undefined):
            return obj[attribute]
        if attribute.startswith("_"):
            return self.unsafe_undefined(obj, attribute)
        method = METHODS.get(cast(type[Any], type(obj)), {}).get(attribute)
        if method is not None:
            return Method(obj, attribute, method)
        is_field = (
            (isinstance(obj, LoopContext) and attribute in LOOP)
            or isinstance(obj, Namespace)
            or (isinstance(obj, tuple) and attribute in ("grouper", "list"))  # of the filter `groupby`
        )
        nothing = self.undefined(obj=obj, name=attribute)
        return getattr(cast(Any, obj), attribute, nothing) if is_field else nothing

    def getitem(self, obj: Any, argument: Any) -> Any:
        bounds.spend(1)
        if is_object(obj):
            bounds.read(argument)
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
        try:
            return obj[argument]
        except (TypeError, LookupError):
            if isinstance(argument, str):
                return self.getattr(obj, argument)
            return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        return isinstance(obj, Method | Undefined) or obj is bounds.count or obj is _namespace

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        if len(source) > SOURCE:
            raise TemplateSyntaxError(f"it is longer than {SOURCE:,} characters", 1)
        tree = super()._parse(source, name, filename)
        for number, node in enumerate(tree.find_all(nodes.Node)):
            if number > NODES:
                raise TemplateSyntaxError(f"it has more than {NODES:,} parts", 1)
            if isinstance(node, nodes.Stmt) and not isinstance(node, STATEMENTS):
                raise TemplateSyntaxError(f"'{_tag(node)}' is not allowed here", node.lineno)
            if isinstance(node, nodes.For) and node.recursive:
                raise TemplateSyntaxError("a 'for' cannot be 'recursive' here", node.lineno)
            if isinstance(node, nodes.Call | nodes.Filter | nodes.Test) and node.dyn_kwargs is not None:
                raise TemplateSyntaxError("'**' before an argument is not allowed here", node.lineno)
        return tree

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        tree: nodes.Template = Bounds().visit(source)
        tree.set_environment(self)
        return super()._generate(tree, name, filename, defer_init)


def _tag(node: nodes.Stmt) -> str:
    names = {"FromImport": "from", "CallBlock": "call",
             "ScopedEvalContextModifier": "autoescape"}  # fmt: skip
    return f"{{% {names.get(type(node).__name__, type(node).__name__.lower())} %}}"


def _namespace(**values: Any) -> Any:
    return Namespace(**values)


# --- filters


def _date(value: Any, format: str = "%Y-%m-%d") -> str:
    """A moment (ISO 8601 text or seconds since 1970) as text, in UTC."""
    bounds.limit_number(len(format), bounds.WIDTH)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).strftime(format)
    return datetime.fromisoformat(str(value)).strftime(format)


def _json(value: Any, indent: int | None = None) -> str:
    bounds.limit_number(indent, 8)
    return json.dumps(value, indent=indent, ensure_ascii=False, default=str)


def _escape(value: Any) -> str:
    return html.escape(str(value))


def _striptags(value: Any) -> str:
    """Text without its tags and comments. In linear time, which Jinja's own is not."""
    text = str(value)
    pieces: list[str] = []
    at = 0
    while (start := text.find("<", at)) >= 0:
        end = "-->" if text.startswith("<!--", start) else ">"
        stop = text.find(end, start)
        if stop < 0:
            break
        pieces.append(text[at:start])
        at = stop + len(end)
    pieces.append(text[at:])
    return " ".join(html.unescape("".join(pieces)).split())


@pass_environment
def _sum(environment: Environment, values: Iterable[Any], attribute: Any = None, start: Any = 0) -> Any:
    """The sum of numbers; with `start=[]`, one list of many, in linear time."""
    if not is_list(start):
        return cast(Any, filters.sync_do_sum)(environment, values, attribute, start)
    get = filters.make_attrgetter(environment, attribute) if attribute is not None else _same
    total = list(start)
    for value in values:
        total.extend(bounds.counted(get(value)))
    return bounds.weighed(total)


def _same(value: Any) -> Any:
    return value


def _limit_batch(value: Any, linecount: int, fill_with: Any = None) -> None:
    bounds.limit_number(linecount, bounds.RANGE)


def _limit_centre(value: Any, width: int = 80) -> None:
    bounds.limit_number(width, bounds.WIDTH)


def _limit_indent(value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> None:
    spaces = width if isinstance(width, int) else len(width)
    text = str(value)
    bounds.limit_text(len(text) + (1 + len(text.splitlines())) * spaces)


def _limit_join(value: Any, d: Any = "", attribute: Any = None) -> None:
    bounds.limit_text(len(value) * len(str(d)))


def _limit_round(value: Any, precision: int = 0, method: str = "common") -> None:
    bounds.limit_number(precision, 300)


def _limit_slice(value: Any, slices: int, fill_with: Any = None) -> None:
    bounds.limit_number(slices, bounds.RANGE)
    bounds.spend(slices)


def _limit_trim(value: Any, chars: str | None = None) -> None:
    bounds.limit_number(len(chars or ""), bounds.WIDTH)


CHECKS: Mapping[str, Callable[..., None]] = {
    "batch": _limit_batch,
    "center": _limit_centre,
    "indent": _limit_indent,
    "join": _limit_join,
    "round": _limit_round,
    "slice": _limit_slice,
    "trim": _limit_trim,
}


def _filters(given: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    known: dict[str, Callable[..., Any]] = {
        **{name: function for name, function in given.items() if name not in REMOVED_FILTERS},
        "date": _date,
        "e": _escape,
        "escape": _escape,
        "format": bounds.percent,
        "json": _json,
        "replace": bounds.replace,
        "striptags": _striptags,
        "sum": _sum,
        "tojson": _json,
    }
    bounded = {name: _bounded(name, function) for name, function in known.items()}
    return {
        **bounded,
        COUNTED: bounds.counted,
        JOINED: bounds.joined,
        WEIGHED: bounds.weighed,
        READ: bounds.read,
        SHOWN: bounds.shown,
    }


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, with what it costs. It gives a list instead of a generator, so that `length` works on all."""
    place = 1 if hasattr(function, "jinja_pass_arg") else 0
    check = CHECKS.get(name)

    @wraps(function)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        bounds.spend(_price(name, args[place]))
        if check:
            check(*args[place:], **kwargs)
        result = function(*args, **kwargs)
        if isinstance(result, str):
            bounds.limit_text(len(result))
        elif isinstance(result, Iterator):
            return bounds.weighed(list(bounds.counted(cast(Iterator[Any], result))))
        elif isinstance(result, int):
            bounds.limit_bits(result.bit_length())
        return result

    return bounded


def _price(name: str, value: Any) -> int:
    if name in FREE:
        return 1
    if name in SEQUENCE:
        size = len(cast(Any, value)) if isinstance(value, str | list | tuple | dict | range) else 0
        return 1 + size + (bounds.weigh(value) >> 3 if name in COMPARING else 0)
    weight = bounds.weigh(value)
    return weight * 8 if name in SLOW else weight


def _tests(given: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    tests = {name: test for name, test in given.items() if name not in REMOVED_TESTS}
    return {**tests, **{name: _reading(tests[name]) for name in COMPARING_TESTS}}


def _reading(test: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: test(*map(bounds.read, values))
