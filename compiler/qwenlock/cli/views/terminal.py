"""Tables and trees drawn by rich to fit the terminal; plain if there is no terminal."""

from __future__ import annotations

import sys
from io import StringIO
from typing import TYPE_CHECKING

from qwenlock.cli.console import emit, in_colour
from qwenlock.text.foreign import clean

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

_ENDLESS = 100_000
"""The width without a terminal: nothing is folded."""

_STYLES = {"error": "red", "warning": "yellow", "note": "cyan", "good": "green", "dim": "dim"}


class _Buffer(StringIO):
    """A buffer for rich that reports the encoding of stdout."""

    encoding = ""

    def __init__(self) -> None:
        super().__init__()
        self.encoding = sys.stdout.encoding or "utf-8"


def draw(drawing: RenderableType) -> None:
    """Print a drawing on stdout: coloured and folded on a terminal, otherwise plain."""
    console = _canvas()
    console.print(drawing)
    assert isinstance(console.file, StringIO)  # noqa: S101  (for mypy)
    lines = console.file.getvalue().splitlines()
    emit("\n".join(line.rstrip() for line in lines))


def fits(drawing: RenderableType) -> bool:
    """Tell whether `drawing` fits the terminal without folding."""
    from rich.measure import Measurement

    console = _canvas()
    endless = console.options.update(max_width=_ENDLESS)
    return Measurement.get(console, endless, drawing).maximum <= console.width


def _canvas() -> Console:
    """Return a console that draws into memory, as wide as the terminal."""
    from rich.console import Console

    coloured = in_colour(sys.stdout)
    return Console(
        file=_Buffer(),
        width=None if is_terminal() else _ENDLESS,
        force_terminal=coloured,
        color_system="standard" if coloured else None,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )


def is_terminal() -> bool:
    """Tell whether stdout is a terminal."""
    return sys.stdout.isatty()


def text(value: str, style: str = "") -> Text:
    """Return `value`, cleaned and never markup, in a style: `dim`, `good`, … or one of rich's."""
    from rich.text import Text

    return Text(plain(value), _STYLES.get(style, style), overflow="fold")


def plain(value: str) -> str:
    """Return `value` cleaned for a cell, in which a tab has no width."""
    return clean(value).replace("\t", "\\x09")
