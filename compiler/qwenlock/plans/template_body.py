"""Models to the text of a template: rows of a table, and every field once.

The language of templates is small (`sandbox`), and people edit what is written here. So there is a
column for each field that varies, a condition for each that only some models have, and the rest is
written as it is.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.findings.errors import InputError
from qwenlock.plans.digest import stringify
from qwenlock.plans.slots import ID, Slot, SlottedText, candidates, values
from qwenlock.text.credentials import shown
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qwenlock.plans.plan import Keys, Plan, PlanModel
    from qwenlock.plans.slots import Values

_TAKEN = frozenset({"region", "plan", "loop", "models", "field", "true", "false", "none", "in",
                    "is", "if", "else", "for", "not", "and", "or", "set"})  # fmt: skip
_WIDEST = 88
_MARKS = pattern(r"\{[{%#]")
"""What a template reads as its own."""


class _Text(NamedTuple):
    """A string: every form that gives it in all regions, the most likely first."""

    forms: tuple[SlottedText, ...]


class _Missing(NamedTuple):
    """Represents a field that a model does not have."""


_MISSING = _Missing()


def body(
    plan: Plan,
    models: Mapping[str, Sequence[PlanModel]],
    learned: Mapping[Keys, Sequence[SlottedText]],
) -> str:
    """Return the body of a template that renders to `models`.

    Args:
        plan: whose models they are.
        models: the models by name of region, at least one; the first region's order is the
            table's.
        learned: forms of strings that other versions have, by path.

    Raises:
        InputError: regions differ in more than order and text.
    """
    return _Body(plan, models, learned).text()


def forms(plan: Plan, models: Mapping[str, Sequence[PlanModel]]) -> dict[Keys, list[SlottedText]]:
    """Return the forms that strings of all `models` have in common, by path.

    Raises:
        InputError: regions differ in more than order and text.
    """
    found: dict[Keys, list[SlottedText]] = {}
    for model in _unified(plan, models, {}):
        for path, text in _texts(model, ()):
            found[path] = [form for form in found.get(path, text.forms) if form in text.forms]
    return found


def _texts(value: Any, path: Keys) -> Iterator[tuple[Keys, _Text]]:
    if isinstance(value, _Text):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))


def _unified(
    plan: Plan,
    models: Mapping[str, Sequence[PlanModel]],
    learned: Mapping[Keys, Sequence[SlottedText]],
) -> list[dict[str, Any]]:
    """Return models of several regions as one list, in the order of the first."""
    by_id = {name: {model["id"]: model for model in each} for name, each in models.items()}
    first, *others = by_id.values()
    for other in others:
        if odd := sorted(first.keys() ^ other.keys()):
            raise _too_different(f"only one of them has {', '.join(map(shown, odd))}")

    def alike(identifier: str) -> list[tuple[Any, Values]]:
        return [
            (each[identifier], values(plan, plan.regions[name], identifier))
            for name, each in by_id.items()
        ]

    return [_one((), alike(identifier), learned) for identifier in first]


def _one(
    path: Keys, alike: list[tuple[Any, Values]], learned: Mapping[Keys, Sequence[SlottedText]]
) -> Any:
    """Return a value of several regions as one, strings as what gives all of them."""
    (first, given), *_ = alike
    found = [each for each, _ in alike]
    if all(isinstance(each, str) for each in found):
        fitting = candidates(alike, learned.get(path, ()))
        if fitting:
            return _Text(tuple(fitting))
    elif all(isinstance(each, dict) and list(each) == list(first) for each in found):
        return {
            key: _one((*path, key), [(each[key], there) for each, there in alike], learned)
            for key in first
        }
    elif len({stringify(each) for each in found}) == 1:
        return first
    raise _too_different(f"{'.'.join(map(shown, path))} of {shown(given[ID])}")


def _too_different(what: str) -> InputError:
    return InputError(
        f"the regions differ in more than order and text: {what}",
        "capture one region, and add by hand what differs in the other",
    )


class _Body:
    """The table and the fields of one template, as they come to be."""

    def __init__(
        self,
        plan: Plan,
        models: Mapping[str, Sequence[PlanModel]],
        learned: Mapping[Keys, Sequence[SlottedText]],
    ) -> None:
        self._rows = _unified(plan, models, learned)
        ids = [model["id"] for model in next(iter(models.values()))]
        self._columns: dict[str, list[Any]] = {ID.name: ids}
        self._tables: list[str] = []
        self._sorts: list[str] = []
        fields = self._object(self._rows, ())
        self._fields = [
            f"  {line}" for line in [*fields[:-1], fields[-1] + '{{ "," if not loop.last }}']
        ]
        self._sort(models)

    def text(self) -> str:
        names = ", ".join(self._columns)
        lines = [
            f"{{# A model a row: {names.replace('_', ' ')}. #}}",
            *self._table(),
            *self._tables,
            *self._sorts,
            "[",
            f"{{% for {names} in models %}}",
            *self._fields,
            "{% endfor %}",
            "]",
        ]
        return "\n".join(lines) + "\n"

    def _sort(self, models: Mapping[str, Sequence[PlanModel]]) -> None:
        """Give each region with another order a column, and sort by it there."""
        first, *others = models
        for name in others:
            places = {model["id"]: place for place, model in enumerate(models[name], 1)}
            wanted = [places[model["id"]] for model in models[first]]
            if wanted == sorted(wanted):
                continue
            column = self._column((name,), wanted)
            index = list(self._columns).index(column)
            self._sorts += [
                f"{{% if region.name == {_literal(name)} %}}",
                f"  {{% set models = models | sort(attribute={index}) %}}",
                "{% endif %}",
            ]

    def _table(self) -> list[str]:
        rows = map(_row, *map(_padded, self._columns.values()))
        lines = (f"[{row}]" if len(self._columns) > 1 else row for row in rows)
        return ["{% set models = [", *(f"  {line}," for line in lines), "] %}"]

    # Columns

    def _column(self, path: Keys, cells: list[Any]) -> str:
        """Return the name of the column that holds `cells`; equal ones are one."""
        filler = _falsy(_present(cells)[0])
        full = [filler if cell is _MISSING else cell for cell in cells]
        name = self._known(full)
        if name is None:
            name = self._name(path)
            self._columns[name] = full
        return name

    def _known(self, cells: list[Any]) -> str | None:
        """Return the column that holds `cells` already; true is not 1."""
        alike = [repr(cell) for cell in cells]
        return next((n for n, known in self._columns.items() if [*map(repr, known)] == alike), None)

    def _name(self, path: Keys) -> str:
        """Return a name that no column has: that of the field, and of what it is in."""
        words = [
            re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", step)).lower()
            for step in path
        ]
        for count, _ in enumerate(words, 1):
            name = "_".join(words[-count:]).strip("_")
            if name.isidentifier() and name.isascii() and name not in {*self._columns, *_TAKEN}:
                return name
        number = 2
        while f"column_{number}" in self._columns:
            number += 1
        return f"column_{number}"

    # Fields

    def _object(self, cells: list[Any], path: Keys) -> list[str]:
        """Return the lines of an object; `cells` are what each model has there."""
        present = _present(cells)
        order = _common_order([list(cell) for cell in present])
        always = [key for key in order or () if all(key in cell for cell in present)]
        if not order or not always:
            return self._in_turn(cells, path)
        lines = ["{"]
        pivot = order.index(always[-1])
        for index, key in enumerate(order):
            under = _under(cells, key)
            field = self._field(key, under, (*path, key))
            before = index < pivot
            if before:
                field[-1] += ","
            if key not in always:
                lines += self._conditional(under, cells, (*path, key), field, after=not before)
            else:
                lines += field
        return [*lines, "}"]

    def _field(self, key: str, cells: list[Any], path: Keys) -> list[str]:
        first, *others = self._value(cells, path)
        return [f"  {_quoted(key)}: {first}", *(f"  {line}" for line in others)]

    def _conditional(
        self, under: list[Any], cells: list[Any], path: Keys, field: list[str], *, after: bool
    ) -> list[str]:
        """Return the lines of a field that not every model has."""
        there = _each(cells, lambda cell: path[-1] in cell)
        condition = self._truth_of(under) or self._column(_telling(path, under), there)
        comma = "," if after else ""
        return [f"  {{% if {condition} %}}{comma}", *field, "  {% endif %}"]

    def _truth_of(self, under: list[Any]) -> str | None:
        """Return the column whose values stand in a field, if none that is there reads as false."""
        present = _present(_each(under, _plain))
        kinds = {type(each) for each in present}
        if not all(present) or kinds not in ({str}, {int}, {float}):
            return None
        return self._known(
            [_falsy(present[0]) if cell is _MISSING else _plain(cell) for cell in under]
        )

    def _in_turn(self, cells: list[Any], path: Keys) -> list[str]:
        """Return an object whose fields stand in another order in some model, each once."""
        orders = list(dict.fromkeys(map(tuple, _present(cells))))
        numbers = _each(cells, lambda cell: orders.index(tuple(cell)))
        chosen = self._column((*path, "order"), numbers)
        table = f"orders_{len(self._tables) + 1}"
        self._tables.append(f"{{% set {table} = {_literal([list(each) for each in orders])} %}}")
        lines = ["{", f"  {{% for field in {table}[{chosen}] %}}"]
        for index, key in enumerate(dict.fromkeys(key for order in orders for key in order)):
            under = _under(cells, key)
            word = "elif" if index else "if"
            lines.append(f"    {{% {word} field == {_literal(key)} %}}")
            lines += self._field(key, under, (*path, key))
        return [*lines, '    {% endif %}{{ "," if not loop.last }}', "  {% endfor %}", "}"]

    def _value(self, cells: list[Any], path: Keys) -> list[str]:
        """Return the lines of a value; only of models that have it."""
        present = _present(cells)
        if all(isinstance(cell, _Text) for cell in present):
            line = self._string(cells, path)
            return [line] if line is not None else self._variants(cells, path)
        first, *others = {_json(cell) for cell in present}
        narrow = first is not None and (len(first) < _WIDEST or not isinstance(present[0], dict))
        if first is not None and not others and narrow:
            return [first]
        if all(isinstance(cell, dict) for cell in present):
            return self._object(cells, path)
        if all(cell is None or isinstance(cell, bool | int | float) for cell in present):
            return [f"{{{{ {self._column(path, cells)} }}}}"]
        return self._variants(cells, path)

    def _string(self, cells: list[Any], path: Keys) -> str | None:
        """Return a string: the one form of all, or a column for what differs; None for neither."""
        present = _present(cells)
        common = [form for form in present[0].forms if all(form in cell.forms for cell in present)]
        if common:
            return _form(common[0])
        regional = _each(cells, _without_id)
        shaped = self._shaped(regional, path) if None not in regional else None
        if shaped is not None:
            return shaped
        plain = _each(cells, _plain)
        return f'"{{{{ {self._column(path, plain)} }}}}"' if None not in plain else None

    def _shaped(self, regional: list[Any], path: Keys) -> str | None:
        """Return strings with the same slots, whose one piece differs, with a column for that."""
        present = _present(regional)
        if not any(isinstance(piece, Slot) for form in present for piece in form):
            return None
        if (
            len({tuple(isinstance(piece, Slot) and piece for piece in form) for form in present})
            > 1
        ):
            return None
        first, *others = present
        varying = [at for at, piece in enumerate(first) if any(f[at] != piece for f in others)]
        if len(varying) != 1:
            return None
        at = varying[0]
        column = self._column(path, _each(regional, lambda form: form[at]))
        return _form((*first[:at], Slot(column), *first[at + 1 :]))

    def _variants(self, cells: list[Any], path: Keys) -> list[str]:
        """Return values that nothing smaller tells apart, each written out once."""
        kinds = list(dict.fromkeys(map(_written, _present(cells))))
        column = self._column(path, _each(cells, lambda cell: kinds.index(_written(cell))))
        lines = []
        for index, text in enumerate(kinds):
            word = "if" if index == 0 else "elif"
            lines += [f"{{% {word} {column} == {index} %}}", text]
        return [*lines, "{% endif %}"]


def _present(cells: list[Any]) -> list[Any]:
    return [cell for cell in cells if cell is not _MISSING]


def _each(cells: list[Any], function: Callable[[Any], Any]) -> list[Any]:
    """Return `function` of every cell, and nothing if there is none."""
    return [_MISSING if cell is _MISSING else function(cell) for cell in cells]


def _under(cells: list[Any], key: str) -> list[Any]:
    """Return what stands under `key` of every object."""
    return _each(cells, lambda cell: cell.get(key, _MISSING))


def _padded(column: list[Any]) -> list[str]:
    """Return a column as literals with a comma each, numbers to the right."""
    cells = [f"{_literal(value)}," for value in column]
    width = max(map(len, cells))
    numeric = all(type(value) in (int, float) for value in column)
    return [cell.rjust(width) if numeric else cell.ljust(width) for cell in cells]


def _row(*cells: str) -> str:
    return " ".join(cells).rstrip().removesuffix(",")


def _common_order(orders: list[list[str]]) -> list[str] | None:
    """Return an order of keys that all of `orders` agree with, or None if there is none."""
    after: dict[str, set[str]] = {}
    for order in orders:
        for key in order:
            after.setdefault(key, set())
        for key, following in pairwise(order):
            after[key].add(following)
    result: list[str] = []
    left = list(after)
    while left:
        free = [key for key in left if not any(key in after[other] for other in left)]
        if not free:
            return None
        result.append(free[0])
        left.remove(free[0])
    return result


def _telling(path: Keys, under: list[Any]) -> Keys:
    """Return what a column is named after that tells whether a field is there."""
    value = _present(under)[0]
    while isinstance(value, dict) and len(value) == 1:
        ((key, value),) = value.items()
        path = (*path, key)
    return path


def _plain(cell: Any) -> Any:
    """Return a cell as a column holds it; None if a string needs a slot."""
    if isinstance(cell, _Text):
        plain = [form for form in cell.forms if not any(isinstance(p, Slot) for p in form)]
        return next(iter(plain[0]), "") if plain else None
    return cell


def _without_id(text: _Text) -> SlottedText | None:
    found = [form for form in text.forms if ID not in form]
    return found[0] if found else None


def _falsy(value: Any) -> Any:
    return type(value)() if isinstance(value, str | bool | int | float) else False


def _json(cell: Any) -> str | None:
    """Return a cell as JSON that a template can hold as it stands, or None."""
    plain = _without_texts(cell)
    if plain is _MISSING:
        return None
    text = json.dumps(plain, ensure_ascii=False)
    return None if _MARKS.search(text) else text


def _without_texts(cell: Any) -> Any:
    """Return a cell with plain strings, or `_MISSING` where a slot is a better way to say one."""
    if isinstance(cell, _Text):
        return _MISSING if any(isinstance(p, Slot) for p in cell.forms[0]) else _plain(cell)
    if isinstance(cell, dict):
        inner = {key: _without_texts(value) for key, value in cell.items()}
        return _MISSING if any(value is _MISSING for value in inner.values()) else inner
    return cell


def _written(cell: Any) -> str:
    """Return a cell as a template writes it out, on one line."""
    if isinstance(cell, _Text):
        return _form(cell.forms[0])
    if isinstance(cell, dict):
        inner = ", ".join(f"{_quoted(key)}: {_written(value)}" for key, value in cell.items())
        return f"{{{inner}}}"
    if isinstance(cell, list):
        return f"[{', '.join(map(_written, cell))}]"
    return _quoted(cell) if isinstance(cell, str) else json.dumps(cell)


def _form(form: SlottedText) -> str:
    pieces = (
        f"{{{{ {piece.name} }}}}" if isinstance(piece, Slot) else _quoted(piece)[1:-1]
        for piece in form
    )
    return f'"{"".join(pieces)}"'


def _quoted(text: str) -> str:
    """Return a JSON string that a template can hold: what reads like a mark of Jinja is printed."""
    quoted = json.dumps(text, ensure_ascii=False)
    return f'"{{{{ {_literal(text)} }}}}"' if _MARKS.search(f"{text}{{") else quoted


def _literal(value: Any) -> str:
    """Return a string, number, boolean or null, or a list, as the template language has it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
