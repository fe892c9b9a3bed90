"""Look for texts whose cost grows with their square: `PYTHONPATH=tests python -m fuzz.growth`.

Such a text is a hang that waits for a larger one. Each function of text is given pieces repeated
some thousand times, and twice as often; where that takes three times as long, it is said.
"""

from __future__ import annotations

import itertools
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from fuzz.targets import HangError
from qwenlock import configuration, credentials
from qwenlock.documents import document, dotenv, mask, trivia
from qwenlock.documents.edit import edit
from qwenlock.documents.locate import Locator
from qwenlock.documents.operations import Set
from qwenlock.errors import QwenlockError
from qwenlock.lockfile import recorded
from qwenlock.lockfile import text as lock

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 3_000
NOTABLE, PATIENCE = 0.02, 5.0  # in seconds
PIECES = [
    *("\n", "\r", " ", "\u2028", "a", "A", "1", "-", "_", ".", "=", ":", ",", "#", "?", "@", "$"),
    *('"', "'", "`", "\\", "//", "/*", "*/", "{", "[", "${", "sk-", "://", '"a":1,', "export "),
    *("<<<<<<< ", "[[models]]\n", "a=1\n", '"""', "'''", "x\n"),
]
AROUND = [
    *(("", ""), ("{}//", ""), ("{/*", "*/}"), ('{"a":"', '"}'), ("{", '"a":1}')),
    *(("A=", ""), ('A="', '"'), ("A='", ""), ('a = """', '"""'), ("# ", "\n"), ("a=1 #", "")),
]
FUNCTIONS: dict[str, Callable[[str], object]] = {
    ".env, read": dotenv.parse,
    ".env, added to": lambda text: dotenv.add(text, {"X": "1"}),
    "settings, read": lambda text: document.parse(text, "x"),
    "settings, shown": lambda text: Locator(text).masked(),
    "settings, edited": lambda text: document.parse(text, "x") and edit(text, [Set(("z",), 1)]),
    "settings, placed": lambda text: document.parse(text, "x").place(("a",)).position(),
    "comments": trivia.comments_of,
    "words": mask.masked_words,
    "credentials": credentials.is_credential,
    "variable names": credentials.is_variable_name,
    "references": credentials.references,
    "lock, read": lambda text: lock.load(text, "x"),
    "lock, recorded": lambda text: recorded.read(text, "x"),
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
    for name, function in FUNCTIONS.items():
        for (before, after), piece in itertools.product(AROUND, repeated):
            once = seconds(function, before + piece * TIMES + after)
            if once < NOTABLE:
                continue
            twice = seconds(function, before + piece * 2 * TIMES + after)
            if twice > 3 * once or once > PATIENCE:
                print(f"{name}: {before!r} {piece!r} {after!r}: {once:.2f} s, {twice:.2f} s")  # noqa: T201


if __name__ == "__main__":
    main()
