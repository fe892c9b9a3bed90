"""What a person sees while something takes longer than a second."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 1.0
"""How long nothing is shown, in seconds."""


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """Show `words` and a sign of activity on a terminal, until the work is done.

    It goes to the real stderr: what a command prints is remembered, and this is not a part of it.
    """
    stream = sys.__stderr__
    if stream is None or not stream.isatty():
        yield
        return
    from threading import Timer

    shown = ExitStack()

    def show() -> None:
        from rich.console import Console

        shown.enter_context(Console(file=stream).status(f"{words} …"))

    timer = Timer(PATIENCE, show)
    timer.daemon = True
    timer.start()
    with shown:
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
