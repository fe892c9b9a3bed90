"""Tables and trees drawn by rich, for a terminal of any width; plain where there is none."""

from __future__ import annotations

import sys
from io import StringIO
from typing import TYPE_CHECKING

from qwenlock.cli.console import clean, emit, in_colour

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

_ENDLESS = 100_000
"""The width of what is read by no terminal: nothing is folded."""

_STYLES = {"error": "red", "warning": "yellow", "note": "cyan", "good": "green", "dim": "dim"}


class _Buffer(StringIO):
    """What rich draws into: it draws with what stdout can encode."""

    encoding = ""

    def __init__(self) -> None:
        super().__init__()
        self.encoding = sys.stdout.encoding or "utf-8"


def draw(drawing: RenderableType) -> None:
    """Print a drawing on stdout: in colour and folded on a terminal, else plain."""
    console = _canvas()
    console.print(drawing)
    assert isinstance(console.file, StringIO)  # noqa: S101  (for mypy)
    lines = console.file.getvalue().splitlines()
    emit("\n".join(line.rstrip() for line in lines))


def fits(drawing: RenderableType) -> bool:
    """Tell whether the terminal is as wide as `drawing` would like to be."""
    from rich.measure import Measurement

    console = _canvas()
    endless = console.options.update(max_width=_ENDLESS)
    return Measurement.get(console, endless, drawing).maximum <= console.width


def _canvas() -> Console:
    """Return a console that draws into memory, as wide as the terminal is."""
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
    """Tell whether somebody looks at stdout."""
    return sys.stdout.isatty()


def text(value: str, style: str = "") -> Text:
    """Return `value`, cleaned and never markup, in a style: `dim`, `good`, … or one of rich's."""
    from rich.text import Text

    return Text(clean(value).replace("\t", "\\x09"), _STYLES.get(style, style), overflow="fold")
