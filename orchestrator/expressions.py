"""`{{ }}` in sandboxed Jinja: compiled once, evaluated against JSON data, and what each one refers to.

A string that is one `{{ }}` keeps the type of its value; a template inside other text becomes text. Names in scope:
`inputs`, `steps`, `run`, inside a `for_each` also `item` and `index`, and in bodies `parent`, `last` and `role`.
`steps.x.y` reads the key y of data: methods of Python objects cannot be reached through a dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NoReturn, TypeVar, cast

import jinja2
from jinja2 import ChainableUndefined, StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables

from orchestrator.bounds import METER, TooMuch, spend
from orchestrator.data import is_list, is_object
from orchestrator.errors import ExpressionError
from orchestrator.sandbox import Sandbox

SCOPE_NAMES = frozenset({"inputs", "steps", "run", "item", "index", "parent", "last", "role"})

Scope = Mapping[str, Any]

T = TypeVar("T")


class Missing(StrictUndefined):
    """A name or key that does not exist. Using it is an error that names the nearest right one."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        name = str(self._undefined_name)
        holder: object = getattr(self, "_undefined_obj", None)
        if is_object(holder):
            keys = [str(key) for key in holder]
            return f"there is no '{name}' here{nearest(name, keys)}"
        if is_list(holder):
            return _no_item("the list", holder, name)
        return f"'{name}' is not defined"


class Skipped(ChainableUndefined):
    """Stands for the output of a step that was skipped: false in a condition, replaced by `default()`,
    null on its own, and an error inside text, so that no half-empty message is ever sent."""

    __slots__ = ()

    def __str__(self) -> str:
        self._fail_with_undefined_error()

    def __html__(self) -> str:
        self._fail_with_undefined_error()

    @classmethod
    def open(cls, step_id: str) -> Skipped:
        """The output of a step that a preview cannot know."""
        return cls(hint=f"what step '{step_id}' gives is not known in a preview")

    @classmethod
    def step(cls, step_id: str) -> Skipped:
        return cls(hint=f"step '{step_id}' was skipped and has no output; give a value with | default('...')")


def _no_item(list: str, items: Sequence[Any], number: Any) -> str:
    if not items:
        return f"{list} is empty"
    return f"{list} has {len(items)} item{'s' if len(items) > 1 else ''}, counted from 0, and no [{number}]"


def nearest(name: str, names: Iterator[str] | list[str]) -> str:
    """What to add to "there is no such name": the nearest right one, or all of a few."""
    known = sorted(names)
    if len(name) > 100 or len(known) > 1000:
        return ""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; the nearest is '{close[0]}'"
    if 0 < len(known) <= 12:
        return f"; there is {', '.join(known)}"
    return ""


ENVIRONMENT = Sandbox(undefined=Missing)


@dataclass(frozen=True, slots=True)
class Expression:
    """A value with its `{{ }}` compiled. `steps` and `inputs` are the names it refers to, `names` all
    top-level ones, `paths` the pairs (step, key) of its `steps.step.key`."""

    render: Callable[[Scope], Any]
    steps: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    paths: frozenset[tuple[str, str]] = frozenset()
    constant: bool = True


def compile_value(value: Any) -> Expression:
    """Compile a JSON value; strings in it may hold `{{ }}`. Raises `ExpressionError` for bad syntax."""
    if _is_constant(value):
        return Expression(render=lambda scope: value)
    if is_object(value):
        parts = {key: compile_value(part) for key, part in value.items()}
        renders = [(key, part.render) for key, part in parts.items()]
        return _joined(list(parts.values()), lambda scope: {key: render(scope) for key, render in renders})
    if is_list(value):
        members = [compile_value(part) for part in value]
        return _joined(members, lambda scope: [part.render(scope) for part in members])
    return _compile_text(value)


def _is_constant(value: Any) -> bool:
    """Whether no text in it holds `{{ }}`."""
    if isinstance(value, str):
        return "{{" not in value and "{%" not in value
    if is_object(value):
        return all(map(_is_constant, value.values()))
    if is_list(value):
        return all(map(_is_constant, value))
    return True


def render_text(source: str, scope: Scope) -> str:
    """Fill a text template, whatever its names are. Raises `ExpressionError`."""
    template = _parse_template(source)
    return _guard(source, lambda: template.render(scope))


@lru_cache(maxsize=1024)
def variables_of(source: str) -> frozenset[str]:
    """The names that a text template takes from outside. Raises `ExpressionError` for bad syntax."""
    return _check_syntax(source, lambda: frozenset(find_undeclared_variables(ENVIRONMENT.parse(source))))


def _joined(parts: list[Expression], render: Callable[[Scope], Any]) -> Expression:
    return Expression(
        render=render,
        steps=frozenset[str]().union(*(part.steps for part in parts)),
        inputs=frozenset[str]().union(*(part.inputs for part in parts)),
        names=frozenset[str]().union(*(part.names for part in parts)),
        paths=frozenset[tuple[str, str]]().union(*(part.paths for part in parts)),
        constant=False,
    )


@lru_cache(maxsize=4096)
def _compile_text(source: str) -> Expression:
    return _check_syntax(source, lambda: _compile(source))


def _compile(source: str) -> Expression:
    tree = ENVIRONMENT.parse(source)
    single = _single_expression(source, tree)
    if single is None:
        template = _parse_template(source)
        render: Callable[[Scope], Any] = lambda scope: _guard(source, lambda: template.render(scope))  # noqa: E731
    else:
        render = _compile_single(source, single)
    return Expression(
        render=render,
        steps=frozenset(_members(tree, "steps")),
        inputs=frozenset(_members(tree, "inputs")),
        names=frozenset(find_undeclared_variables(tree)),
        paths=frozenset(_step_keys(tree)),
        constant=False,
    )


@lru_cache(maxsize=4096)
def _parse_template(source: str) -> jinja2.Template:
    return _check_syntax(source, lambda: ENVIRONMENT.from_string(source))


def _check_syntax(source: str, parse: Callable[[], T]) -> T:
    METER.start()
    try:
        return parse()
    except ExpressionError:
        raise
    except jinja2.TemplateError as error:
        why = error.message or ""
    except (RecursionError, MemoryError, SyntaxError):
        why = "it is nested too deep"
    except Exception as error:
        why = str(error)
    raise ExpressionError(
        f"'{_short(source)}' is not a valid expression: {_short(why).rstrip('.')}.",
        remedy="Check the braces, quotes and names.",
    )


def _single_expression(source: str, tree: nodes.Template) -> nodes.Expr | None:
    """The expression of a string that is one `{{ }}` and nothing else."""
    text = source.strip()
    if not (text.startswith("{{") and text.endswith("}}")) or len(tree.body) != 1:
        return None
    output = tree.body[0]
    if not isinstance(output, nodes.Output):
        return None
    parts = [part for part in output.nodes if not (isinstance(part, nodes.TemplateData) and not part.data.strip())]
    return parts[0] if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData) else None


def _compile_single(source: str, expression: nodes.Expr) -> Callable[[Scope], Any]:
    path = _path(expression)
    if path is not None:
        return lambda scope: _guard(source, lambda: _follow(path, scope))
    inner = source.strip()[2:-2]
    inner = inner[1:] if inner[0] in "-+" else inner  # whitespace control, as in `{{- x -}}`
    inner = inner[:-1] if inner[-1] in "-+" else inner
    compiled = ENVIRONMENT.compile_expression(inner, undefined_to_none=False)
    return lambda scope: _guard(source, lambda: _data(compiled(scope)))


def _data(value: Any) -> Any:
    """What an expression gives as JSON data: filters give tuples, and numbers may be larger than JSON's."""
    if value is None or isinstance(value, str | bool | float):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise TooMuch("its number is too large to be kept")
        return value
    if is_object(value):
        spend(len(value))
        return {str(key): _data(part) for key, part in value.items()}
    if isinstance(value, list | tuple | range):
        items = cast(Sequence[Any], value)
        spend(len(items))
        return [_data(part) for part in items]
    if isinstance(value, Skipped):
        return None
    if isinstance(value, Missing):
        return str(value)
    raise TypeError(f"it gives a {type(value).__name__}, which is not data")


def _path(expression: nodes.Node) -> list[Any] | None:
    """`a.b[0]["c"]` as ["a", "b", 0, "c"]: most expressions are such a path and need no template engine."""
    if isinstance(expression, nodes.Name):
        return [expression.name]
    if isinstance(expression, nodes.Getattr):
        parent = _path(expression.node)
        return None if parent is None else [*parent, expression.attr]
    if isinstance(expression, nodes.Getitem) and isinstance(expression.arg, nodes.Const):
        parent = _path(expression.node)
        return None if parent is None else [*parent, expression.arg.value]
    return None


def _follow(path: list[Any], scope: Scope) -> Any:
    value: Any = scope
    for depth, key in enumerate(path):
        if is_object(value):
            value = value[key] if key in value else Missing(obj=value, name=key)
        elif is_list(value) and isinstance(key, int) and key >= len(value):
            value = Missing(hint=_no_item(f"'{_spelled(path[:depth])}'", value, key))
        elif isinstance(key, str):
            value = ENVIRONMENT.getattr(value, key)
        else:
            value = ENVIRONMENT.getitem(value, key)
    return value


def _spelled(path: list[Any]) -> str:
    return path[0] + "".join(f".{key}" if isinstance(key, str) else f"[{key}]" for key in path[1:])


def _members(tree: nodes.Template, name: str) -> Iterator[str]:
    """The keys x that are read as `name.x` or `name["x"]`."""
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        if not (isinstance(node.node, nodes.Name) and node.node.name == name):
            continue
        if isinstance(node, nodes.Getattr):
            yield node.attr
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            yield node.arg.value


def _step_keys(tree: nodes.Template) -> Iterator[tuple[str, str]]:
    """The pairs (x, y) that are read as `steps.x.y`."""
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        path = _path(node)
        if path and len(path) == 3 and path[0] == "steps" and all(isinstance(part, str) for part in path):
            yield path[1], path[2]


def _guard(source: str, evaluate: Callable[[], Any]) -> Any:
    """Evaluate, and turn whatever goes wrong into one clear sentence."""
    METER.start()
    try:
        value = evaluate()
        if isinstance(value, Missing):
            str(value)
    except TooMuch as error:
        _fail(source, str(error), error, remedy="Give it less data, or split the work over several steps.")
    except jinja2.UndefinedError as error:
        _fail(source, str(error.message), error)
    except SecurityError as error:
        _fail(source, f"this is not allowed ({error})", error)
    except (RecursionError, MemoryError) as error:
        _fail(source, "it is too deep or too large", error)
    except Exception as error:
        _fail(source, str(error) or type(error).__name__, error)
    return None if isinstance(value, Skipped) else value


def _fail(
    source: str, why: str, error: BaseException, remedy: str = "Correct the expression or the step that it refers to."
) -> NoReturn:
    raise ExpressionError(f"'{_short(source)}' has no value: {_short(why, 300).rstrip('.')}.", remedy=remedy) from error


def _short(source: str, length: int = 120) -> str:
    text = " ".join(source[: 10 * length].split())
    return text if len(text) <= length else text[: length - 3] + "..."
