"""Runs the text of a template, within limits.

Anybody can write a template, so there is a list of what it may contain: tables of literals, `set`,
`for`, `if`, comparisons, and the filter `sort`. This language cannot call, include or compute, so
no value gets larger than the text; only loops need a limit. Jinja's sandbox is a second barrier.
"""

from __future__ import annotations

import json
import time
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

from jinja2 import (
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    Undefined,
    nodes,
    pass_environment,
)
from jinja2.ext import Extension
from jinja2.filters import do_sort
from jinja2.sandbox import ImmutableSandboxedEnvironment

from qwenlock.findings.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jinja2 import Environment
    from jinja2.lexer import Token, TokenStream

LARGEST_TEMPLATE = 32_768
"""In characters."""
LARGEST_OUTPUT = 1_000_000
"""In characters."""
DEEPEST_NESTING = 50
"""In nodes of the parsed template."""
MOST_TURNS = 10_000
"""Of all loops of a rendering together, and of what is sorted."""
LONGEST_RENDERING = 1.0
"""In seconds of processor time: stops a few long turns."""

_LITERALS = (nodes.Const, nodes.Neg, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair)
_LANGUAGE = (
    *_LITERALS,
    *(nodes.Output, nodes.TemplateData, nodes.Assign, nodes.For, nodes.If),
    *(nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Keyword),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr),
)
_TOO_DEEP = "it is nested too deeply"


class _TooMuchError(Exception):
    """A rendering that goes on for longer than any plan needs."""


_FAILURES = (
    *(_TooMuchError, TemplateError, SyntaxError, TypeError, ValueError, AttributeError),
    *(LookupError, ArithmeticError, RecursionError, MemoryError),
)


def run(text: str, file: str, values: Mapping[str, Any]) -> str:
    """Return what the template `text` renders to with `values` as its names.

    It prints text escaped, for between the quotes of a JSON string; numbers, booleans and none
    as JSON has them.

    Raises:
        InputError: it is broken, or says what no template may; the message has `file` and, where
            known, the line.
    """
    if len(text) > LARGEST_TEMPLATE:
        raise template_error(file, f"it is longer than {LARGEST_TEMPLATE} characters")
    environment = _environment()
    try:
        tree = environment.parse(text)
        _restrict(tree)
        code = environment.compile(tree, filename=file)
        template = environment.template_class.from_code(environment, code, {})
        return _bounded(template.generate(values))
    except _FAILURES as error:
        raise template_error(file, _message(error), _line(error, file)) from error


def template_error(file: str, problem: str, line: int | None = None) -> InputError:
    """Return the error that says what is wrong with the template in `file`."""
    return InputError(
        f"{file}: {problem}" if line is None else f"{file}:{line}: {problem}",
        fix="a plan template has literal tables, `set`, `for`, `if`, comparisons, and the filter "
        "`sort`; correct it, then run `qwenlock template verify`",
    )


class _WholeText(Extension):
    """Has the text lexed before it is parsed.

    A parser that runs out of stack would leave the lexer half-way, which Python reports itself.
    """

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        return list(stream)


class _Meter:
    """Counts the items of loops and sorts, and checks the time."""

    def __init__(self) -> None:
        self.left = MOST_TURNS
        self.deadline = time.process_time() + LONGEST_RENDERING

    def counted(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.left -= 1
            if self.left < 0:
                raise _TooMuchError(f"its loops take more than {MOST_TURNS} turns")
            if time.process_time() > self.deadline:
                raise _TooMuchError(f"rendering takes more than {LONGEST_RENDERING:g} s")
            yield item


def _environment() -> Environment:
    """Return an environment with the filters of the language, and a meter for one rendering."""
    meter = _Meter()

    @pass_environment
    def sort(environment: Environment, items: Iterable[Any], **options: Any) -> list[Any]:
        return do_sort(environment, list(meter.counted(items)), **options)

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, finalize=_printed, extensions=[_WholeText]
    )
    environment.globals.clear()
    environment.filters = {"sort": sort, "counted": meter.counted}
    return environment


def _printed(value: Any) -> Any:
    if isinstance(value, Undefined):
        return value  # Jinja says what is undefined
    if isinstance(value, str):
        return json.dumps(value)[1:-1]
    if value is None or isinstance(value, int | float):
        return json.dumps(value)
    raise TypeError("only text, numbers, true, false and none can be printed")


def _restrict(tree: nodes.Template) -> None:
    """Refuse what is not in the language, and make every loop count its turns.

    A list of names could hold a list of names, and so on: printed or compared, that doubles with
    every line. So tables hold literals only.
    """
    pending = [(node, 1) for node in reversed(tree.body)]
    while pending:
        node, depth = pending.pop()
        if not isinstance(node, _LANGUAGE):
            _refuse(f"cannot use {type(node).__name__.lower()} here", node)
        if isinstance(node, nodes.List | nodes.Tuple | nodes.Dict) and not _is_literal(node):
            _refuse("a table can hold literals only", node)
        if depth > DEEPEST_NESTING:
            _refuse(_TOO_DEEP, node)
        pending += [(child, depth + 1) for child in reversed(list(node.iter_child_nodes()))]
        if isinstance(node, nodes.For):
            node.iter = nodes.Filter(node.iter, "counted", [], [], None, None, lineno=node.lineno)


def _is_literal(table: nodes.List | nodes.Tuple | nodes.Dict) -> bool:
    is_target = isinstance(table, nodes.Tuple) and table.ctx == "store"
    return is_target or all(isinstance(child, _LITERALS) for child in table.iter_child_nodes())


def _refuse(problem: str, node: nodes.Node) -> NoReturn:
    raise TemplateSyntaxError(problem, node.lineno)


def _bounded(pieces: Iterable[str]) -> str:
    kept, size = [], 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size > LARGEST_OUTPUT:
            raise _TooMuchError(f"it renders to more than {LARGEST_OUTPUT} characters")
    return "".join(kept)


def _message(error: Exception) -> str:
    if isinstance(error, RecursionError | SyntaxError | MemoryError):
        return _TOO_DEEP
    return error.message or "" if isinstance(error, TemplateError) else str(error)


def _line(error: Exception, file: str) -> int | None:
    """Return the line of the template where `error` arose, as Jinja tells or as it was running."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)
