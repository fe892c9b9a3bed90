"""Dataclasses that are made fast: a start makes some fifty of them.

The standard library compiles six methods for every frozen dataclass, which takes longer than all
else that importing its module does. Only `__init__` has to be compiled, when it is first called.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  (what mypy reads instead)
else:

    def dataclass(
        *, frozen: bool, slots: bool = False, kw_only: bool = False
    ) -> Callable[[type], type]:
        """Make a class a frozen dataclass, as `dataclasses.dataclass` does.

        The functions of `dataclasses` work with it; `__post_init__` and fields that are not in
        `__init__` do not.
        """
        assert frozen  # noqa: S101
        made = {"init": False, "repr": False, "eq": False, "slots": slots, "kw_only": kw_only}
        return lambda cls: _completed(dataclasses.dataclass(**made)(cls))


def _completed(cls: Any) -> Any:
    """Give a dataclass the methods that it lacks."""
    fields = cls.__dataclass_fields__.values()
    names = [each.name for each in fields]
    shown = [each.name for each in fields if each.repr]
    compared = attrgetter(*(each.name for each in fields if each.compare))

    def initialize(self: Any, /, *values: Any, **named: Any) -> None:
        cls.__init__ = _initializer(fields)
        self.__init__(*values, **named)

    def is_equal(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compared(self) == compared(other)

    def describe(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({values})"

    def restore(self: Any, state: Any) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    methods = {
        "__init__": initialize,
        "__eq__": is_equal,
        "__hash__": lambda self: hash(compared(self)),
        "__repr__": describe,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": lambda self: [getattr(self, name) for name in names],
        "__setstate__": restore,
    }
    for name, method in methods.items():
        if name not in vars(cls) or name == "__hash__":
            setattr(cls, name, method)
    return cls


def _initializer(fields: Any) -> Any:
    """Return the `__init__` of a dataclass, which sets its fields."""
    known: dict[str, Any] = {"set_": object.__setattr__, "left_out": _LEFT_OUT}
    by_place: list[str] = []
    by_name: list[str] = []
    body: list[str] = []
    for each in fields:
        parameter = value = each.name
        if each.default_factory is not dataclasses.MISSING:
            known[f"make_{each.name}"] = each.default_factory
            parameter += "=left_out"
            value = f"make_{each.name}() if {each.name} is left_out else {each.name}"
        elif each.default is not dataclasses.MISSING:
            known[f"default_{each.name}"] = each.default
            parameter += f"=default_{each.name}"
        (by_name if each.kw_only else by_place).append(parameter)
        body.append(f" set_(self, {each.name!r}, {value})\n")
    parameters = ", ".join(["self", *by_place, *(["*", *by_name] if by_name else [])])
    exec(f"def __init__({parameters}):\n{''.join(body)}", known)  # noqa: S102
    return known["__init__"]


def _refuse(self: Any, name: str, *_: object) -> None:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r}")


_LEFT_OUT = object()
