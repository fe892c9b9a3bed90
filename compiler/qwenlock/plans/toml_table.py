"""Values out of TOML, with complaints that name the file and the key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from qwenlock.findings.errors import InputError
from qwenlock.text import toml

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = TypeVar("Kind")

_WORDS: dict[type[Any], str] = {
    str: "a string",
    bool: "true or false",
    list: "an array",
    dict: "a table",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a TOML file, and the keys that lead to it."""

    file: str
    keys: tuple[str, ...]
    values: Mapping[str, Any]

    def required(self, key: str, kind: type[Kind]) -> Kind:
        """Return the value of `key`.

        Raises:
            InputError: there is none, or it is not of that kind.
        """
        value = self.optional(key, kind)
        if value is None:
            raise self.error(key, f"is missing; write {_WORDS[kind]}")
        return value

    def optional(self, key: str, kind: type[Kind]) -> Kind | None:
        """Return the value of `key`, or None where there is none.

        Raises:
            InputError: it is not of that kind.
        """
        value = self.values.get(key)
        if value is None or isinstance(value, kind):
            return value
        raise self.error(key, f"{value!r} is not {_WORDS[kind]}")

    def strings(self, key: str) -> tuple[str, ...]:
        """Return the strings of the array `key`, at least one.

        Raises:
            InputError: there is no such array, or it holds something else.
        """
        items = self.required(key, list)
        if not items or not all(isinstance(item, str) for item in items):
            raise self.error(key, "must hold at least one string, and nothing else")
        return tuple(items)

    def table(self, key: str) -> Table:
        """Return the table `key`, empty where there is none.

        Raises:
            InputError: it is not a table.
        """
        return Table(self.file, (*self.keys, key), self.optional(key, dict) or {})

    def tables(self, key: str) -> dict[str, Table]:
        """Return the tables in the table `key`, by name, at least one.

        Raises:
            InputError: there is none, or something in it is not a table.
        """
        holder = self.table(key)
        if not holder.values:
            raise self.error(key, "is missing; write a table for each name")
        return {name: holder.table(name) for name in holder.values}

    def allow(self, *keys: str) -> None:
        """Refuse every key but these.

        Raises:
            InputError: there is another.
        """
        for key in self.values:
            if key not in keys:
                raise self.error(key, f"is not known here; the keys are {', '.join(keys)}")

    def error(self, key: str, problem: str) -> InputError:
        """Return the error that says what is wrong with `key`."""
        path = ".".join((*self.keys, key))
        return InputError(f"{self.file}: {path}: {problem}", fix=f"correct {path} in that file")


def parse(text: str, file: str) -> Table:
    """Return the TOML document `text`.

    Raises:
        InputError: it is not TOML; the message has the file, the line and the column.
    """
    try:
        return Table(file, (), toml.parse(text))
    except toml.TomlError as error:
        reason = error.message.removeprefix("not valid TOML: ")
        message = f"{file}: not TOML: {reason} (at line {error.at[0]}, column {error.at[1]})"
        raise InputError(message, fix="correct the TOML there") from None
