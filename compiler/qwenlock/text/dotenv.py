"""Reads the text of `.env` files, adds variables to it, and removes one.

The client reads these files with Node's `dotenv` package, many other tools with python-dotenv. They
differ in quotes and escapes; text added here reads the same in both.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

from qwenlock.text.document import BOM
from qwenlock.text.javascript import JAVASCRIPT_SPACE
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_S = f"[{JAVASCRIPT_SPACE}]"
_ENDS = "\n\r\u2028\u2029"
# The expressions of Node's dotenv, with JavaScript's meaning of ^, $, \s, \w and . spelled out, and
# with the search for a line's start separated, because blank lines would take quadratic time.
_LINE = pattern(
    rf"(?>{_S}*)(?:export{_S}+)?([A-Za-z0-9_.\-]+)(?:{_S}*=|:{_S}+?)"
    rf"({_S}*'(?:\\'|[^'])*'|{_S}*\"(?:\\\"|[^\"])*\"|{_S}*`(?:\\`|[^`])*`|[^#\r\n]+)?"
    rf"{_S}*(?:#[^{_ENDS}]*)?(?=[{_ENDS}]|\Z)"
)
_BLANK = pattern(f"{_S}*")
_LINE_BREAK = pattern(f"[{_ENDS}]")
_OPENING = pattern(rf"(?:\A|(?<=[{_ENDS}]))['\"`]")
_CLOSING = pattern(rf"['\"`](?=[{_ENDS}]|\Z)")
_LONG_BLANK = pattern(r"(?<!\s)([^\S\n]{1000})[^\S\n]+")
_UNWRITABLE = pattern("[\0\ud800-\udfff]")
_PLAIN = pattern(r"[A-Za-z0-9_./+:@%^~,=\-]+")
# One that does not end is found with all that start within: they do not end, either.
_REFERENCE = pattern(r"\$\{[^}:]*((?::-[^}]*)?\})?")


def parse(text: str) -> dict[str, str]:
    """Return the variables of a `.env` file as the client reads them."""
    return {each[1]: _value(each[2] or "") for each in _assignments(_with_line_feeds(text))}


def line_of(text: str, name: str) -> int:
    """Return the line, from 1, of the value that counts of a variable that a `.env` file has.

    On Windows the file may spell the name in another case: then it is the first such name's line.
    """
    lines = _with_line_feeds(text)
    starts = {each[1]: each.start(1) for each in _assignments(lines)}
    spelled = name if name in starts else next(n for n in starts if n.upper() == name.upper())
    return lines.count("\n", 0, starts[spelled]) + 1


def names_by_line(text: str) -> dict[int, str]:
    """Return the variable that each line of a `.env` file begins to set, by lines from 0."""
    lines = _with_line_feeds(text)
    names: dict[int, str] = {}
    line = done = 0
    for each in _assignments(lines):
        line += lines.count("\n", done, each.start(1))
        done = each.start(1)
        names.setdefault(line, each[1])
    return names


def _with_line_feeds(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text)


def _assignments(text: str) -> Iterator[re.Match[str]]:
    start: int | None = 0
    while start is not None:
        found = _LINE.match(text, start)
        if found is None:  # nor is there a variable from any line that starts in this white space
            start = _line_from(text, _blank_end(text, start))
        else:
            yield found
            start = _line_from(text, found.end())


def _blank_end(text: str, start: int) -> int:
    blank = _BLANK.match(text, start)
    return blank.end() if blank else start


def _line_from(text: str, at: int) -> int | None:
    """Return where the line starts after the first line break at `at` or later."""
    line_break = _LINE_BREAK.search(text, at)
    return line_break.end() if line_break else None


def add(text: str, variables: Mapping[str, str]) -> str:
    """Return the `text` of a `.env` file with `variables` added at its end.

    The existing text is unchanged; new lines use its line ending.

    Args:
        text: the text; empty for a new file.
        variables: names, which `credentials.is_variable_name` takes, and values.

    Raises:
        ValueError: a value cannot be written so that it is read back; the message is its name.
    """
    line_break = "\r\n" if "\r\n" in text else "\n"
    for name, value in variables.items():
        if text and not text.endswith("\n"):
            text += line_break
        text = _with(text, name, value, line_break)
    return text


def remove(text: str, name: str) -> str:
    """Return the `text` of a `.env` file without the lines that set the variable `name`.

    Raises:
        ValueError: a reader would read the other variables differently afterwards.
    """
    rest = text.removeprefix(BOM)
    kept, done = [text.removesuffix(rest)], 0
    for found in _assignments(rest):
        if found[1] == name:
            kept.append(rest[done : _start_of_line(rest, found.start(1))])
            end = found.end(1) if found[2] is None else found.end(2)
            done = _end_of_line(rest, end)  # not after a comment, which may be on the next line
    shorter = "".join(kept) + rest[done:]
    for read in (parse, _parse_as_python):
        others = {each: value for each, value in read(text).items() if each != name}
        if read(shorter) != others:
            raise ValueError(name)
    return shorter


def _start_of_line(text: str, at: int) -> int:
    before = text[:at]
    return max(before.rfind("\n"), before.rfind("\r")) + 1


def _end_of_line(text: str, at: int) -> int:
    line_break = re.compile(r"\r\n?|\n").search(text, at)
    return line_break.end() if line_break else len(text)


def _with(text: str, name: str, value: str, line_break: str) -> str:
    """Return `text` with one more line, in the first style that reads back correctly."""
    wanted = ({**parse(text), name: value}, {**_parse_as_python(text), name: value})
    for written in _styles(value):
        longer = f"{text}{name}={written}{line_break}"
        if (parse(longer), _parse_as_python(longer)) == wanted:
            return longer
    raise ValueError(name)


def _styles(value: str) -> tuple[str, ...]:
    if _UNWRITABLE.search(value):
        return ()
    if _PLAIN.fullmatch(value):
        return (value,)
    escaped = value.replace("\n", "\\n").replace("\r", "\\r")
    return (f"'{value}'", f'"{value}"', f'"{escaped}"', value)


def _value(raw: str) -> str:
    value = raw.strip(JAVASCRIPT_SPACE)
    inner = _without_quotes(value)
    return inner.replace("\\n", "\n").replace("\\r", "\r") if value[:1] == '"' else inner


def _without_quotes(value: str) -> str:
    """Return a value without the quotes around it, removed as Node's dotenv does."""
    last = {found[0]: found.start() for found in _CLOSING.finditer(value)}
    pieces: list[str] = []
    done: int = 0
    for opening in _OPENING.finditer(value):
        start = opening.start()
        end = last.get(opening[0], start)
        if done <= start < end:
            pieces += value[done:start], value[start + 1 : end]
            done = end + 1
    return "".join(pieces) + value[done:]


def _parse_as_python(text: str) -> dict[str, str | None]:
    """Return the variables as python-dotenv reads them, with each `${NAME}` unset.

    Long runs of blanks are shortened, because they take it quadratic time.
    """
    from dotenv.parser import parse_stream

    lines = _LONG_BLANK.sub(r"\1", _with_line_feeds(text.removeprefix(BOM)))
    return {
        each.key: each.value and _without_references(each.value)
        for each in parse_stream(StringIO(lines))
        if each.key is not None
    }


def _without_references(value: str) -> str:
    inside, brace, after = value.rpartition("}")
    return _REFERENCE.sub(lambda found: "" if found[1] else found[0], inside + brace) + after
