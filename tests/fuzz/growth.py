"""Look for texts that take quadratic time: `python -m fuzz.growth [FUNCTION]…`.

With a larger text of this kind, the program hangs. Each function of text is given pieces repeated
some hundred times, and eight times as often; a text that takes thirty times as long is printed.
"""

from __future__ import annotations

import itertools
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from fuzz.targets import HangError
from qwenlock.findings.errors import QwenlockError
from qwenlock.lint import credentials as linted
from qwenlock.lock import previous
from qwenlock.lock import text as lock
from qwenlock.settings import configuration
from qwenlock.text import credentials, document, dotenv, mask, trivia
from qwenlock.text.cursor import cursor
from qwenlock.text.edit import edit
from qwenlock.text.locate import Locator
from qwenlock.text.operations import Set

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 250
NOTABLE, PATIENCE = 0.003, 5.0  # in seconds
PIECES = [
    *("\n", "\r", " ", "\u2028", "a", "A", "1", "-", "_", ".", "=", ":", ",", "#", "?", "@", "$"),
    *('"', "'", "`", "\\", "//", "/*", "*/", "{", "[", "${", "sk-", "://", '"a":1,', "export "),
    *("  //x\n", "<<<<<<< ", "[[models]]\n", "a=1\n", '"""', "'''", "x\n"),
]
AROUND = [
    *(("", ""), ("{}//", ""), ("{/*", "*/}"), ('{"a":"', '"}'), ("{", '"a":1}')),
    *(("A=", ""), ('A="', '"'), ("A='", ""), ('a = """', '"""'), ("# ", "\n"), ("a=1 #", "")),
    *(
        ("", "!"),
        ('{"a":[1', "\n,1]}"),
        ("a = [", "]"),
        ('{"a":', ""),
        ("[a]\n", "b = 1"),
        ("qwenlock: ", ""),
    ),
]
FUNCTIONS: dict[str, Callable[[str], object]] = {
    ".env, read": dotenv.parse,
    ".env, added to": lambda text: dotenv.add(text, {"X": "1"}),
    "settings, read": lambda text: document.parse(text, "x"),
    "settings, shown": lambda text: Locator(text).masked(),
    "settings, their end shown": lambda text: mask.Mask(text).pieces(len(text) - 1, len(text)),
    "settings, edited": lambda text: document.parse(text, "x") and edit(text, [Set(("z",), 1)]),
    "settings, placed": lambda text: document.parse(text, "x").place(("a",)).position(),
    "settings, typed": lambda text: [cursor(text, len(text) * part // 4) for part in (1, 2, 4)],
    "comments": lambda text: document.parse(text, "x") and trivia.comments_of(text),
    "words": mask.masked_words,
    "credentials": credentials.is_credential,
    "credentials, named": lambda text: credentials.is_credential(text, "token"),
    "placeholders": lambda text: linted._is_key(text, "token"),
    "variable names": credentials.is_variable_name,
    "references": credentials.references,
    "lock, read": lambda text: lock.load(text, "x"),
    "lock, recorded": lambda text: previous.read(text.encode(errors="replace"), "x"),
    "lock, own side": lock.own_side,
    "configuration": lambda text: configuration.judge("qwenlock.toml", text, "x"),
}


def seconds(function: Callable[[str], object], text: str) -> float:
    """Return how long a function takes, at most `PATIENCE`."""
    begin = time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    with suppress(QwenlockError, ValueError, HangError):
        function(text)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return time.perf_counter() - begin


def hang(*_: object) -> None:
    raise HangError


def main() -> None:
    signal.signal(signal.SIGALRM, hang)
    repeated = ["".join(some) for size in (1, 2) for some in itertools.product(PIECES, repeat=size)]
    for name in sys.argv[1:] or FUNCTIONS:
        function = FUNCTIONS[name]
        for (before, after), piece in itertools.product(AROUND, repeated):
            large = before + piece * 8 * TIMES + after
            more = seconds(function, large)
            if more < NOTABLE:
                continue
            once = seconds(function, before + piece * TIMES + after)
            if more > 30 * once:
                more = min(more, seconds(function, large))  # no garbage collection in it
            if more > 30 * once or more > PATIENCE:
                print(f"{name}: {before!r} {piece!r} {after!r}: {once:.3f} s, {more:.3f} s")  # noqa: T201


if __name__ == "__main__":
    main()
