"""A settings document: its text and value, and places in it, which are located on demand.

Texts are parsed in `values`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from qwenlock.text.locate import Excerpt, Locator, Position
    from qwenlock.text.operations import Path


class Document:
    """The text of one settings file, its value, and the name it is shown under.

    Attributes:
        label: the file's name in messages, such as `~/.qwen/settings.json`.
        text: the text without a byte-order mark.
        value: the settings, an object. The last of duplicate keys wins, as in the client.
        original: the text including any byte-order mark.
    """

    def __init__(
        self, label: str, text: str, value: dict[str, Any], *, original: str | None = None
    ) -> None:
        self.label = label
        self.text = text
        self.value = value
        self.original = text if original is None else original

    @cached_property
    def locator(self) -> Locator:
        """Return the positions of this document's values; parses the text on first use."""
        from qwenlock.text.locate import Locator

        return Locator(self.text)

    def place(self, path: Path, *, on_key: bool = False) -> Place:
        """Return the place of the value at `path`, or of its key."""
        return Place(self, path, on_key)


BOM = "\ufeff"
"""The mark that some editors write at the beginning of a file."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a document, or its key; located in the text on demand.

    `at` is the line and column (from 1), and possibly the width, of something that has no path: a
    syntax error, an earlier duplicate key, a comment.
    """

    document: Document
    path: Path = ()
    on_key: bool = False
    at: tuple[int, int] | Position | None = None

    def position(self) -> Position:
        """Return the line, column and width of the place; parses the text on first use."""
        if self.at is not None:
            from qwenlock.text.locate import Position

            return Position(*self.at) if len(self.at) == 3 else Position(*self.at, 1)
        return self.document.locator.position(self.path, on_key=self.on_key)

    def excerpt(self) -> Excerpt:
        """Return the line of the place, with every possible secret masked."""
        return self.document.locator.excerpt(*self.position())
