"""Dataclasses that are created quickly: each start creates about fifty.

The standard library loads `inspect` for them, and compiles six methods for each. That takes longer
than everything else when a module is imported. Here only `__init__` is compiled, when it is first
called. The functions of `dataclasses` and pydantic work with them, too.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # what mypy reads instead
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass  # noqa: PLC0414
    from dataclasses import field as field  # noqa: PLC0414
    from dataclasses import replace as replace  # noqa: PLC0414

_MISSING: Any = object()


class _HasSlot:
    __slots__ = ("slot",)


_Slot: Any = type(vars(_HasSlot)["slot"])


class _Described(NamedTuple):
    """The arguments of `field`."""

    default: Any = _MISSING
    default_factory: Any = _MISSING
    repr: bool = True
    compare: bool = True


class _Field(NamedTuple):
    """A field; `by_name` says that it is given by its name only."""

    name: str
    annotation: Any
    said: _Described
    by_name: bool


if not TYPE_CHECKING:
    field = _Described

    def dataclass(
        *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True
    ) -> Callable[[type], type]:
        """Make a class a dataclass, as `dataclasses.dataclass` does.

        Either `frozen` or `eq=False` has to be given. `__post_init__` and fields that are not in
        `__init__` are left out.
        """
        assert frozen is eq  # noqa: S101

        def decorate(cls: type) -> type:
            own = [_field(cls, name, kw_only) for name in vars(cls).get("__annotations__", ())]
            inherited = {each.name: each for each in getattr(cls, "_fields_of_record", ())}
            if slots:
                cls = _with_slots(cls, [each.name for each in own if each.name not in inherited])
            cls._fields_of_record = (*{**inherited, **{each.name: each for each in own}}.values(),)
            cls.__match_args__ = tuple(each.name for each in own if not each.by_name)
            cls.__dataclass_fields__ = _Standard("fields", frozen)
            cls.__dataclass_params__ = _Standard("params", frozen)
            for name, method in _methods(cls, frozen=frozen).items():
                if name not in vars(cls):
                    setattr(cls, name, method)
            return cls

        return decorate

    def replace(made: Any, /, **changes: Any) -> Any:
        """Return a copy of a dataclass with some fields changed."""
        return type(made)(**{**as_dict(made), **changes})


def names(cls: Any) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass; none for another class."""
    return tuple(each.name for each in getattr(cls, "_fields_of_record", ()))


def as_dict(made: Any) -> dict[str, Any]:
    """Return the value of each field of a dataclass, by its name."""
    return {name: getattr(made, name) for name in names(type(made))}


def required(cls: Any) -> frozenset[str]:
    """Return the names of the fields without a default."""
    return frozenset(
        each.name
        for each in cls._fields_of_record
        if each.said.default is each.said.default_factory is _MISSING
    )


def _field(cls: Any, name: str, kw_only: bool) -> _Field:
    default = vars(cls).get(name, _MISSING)
    said = default if isinstance(default, _Described) else _Described(default)
    if said.default is not _MISSING:
        setattr(cls, name, said.default)
    elif default is not _MISSING:
        delattr(cls, name)
    return _Field(name, cls.__annotations__[name], said, kw_only)


def _with_slots(cls: Any, names: list[str]) -> Any:
    """Return a copy of the class with slots, which a class can only get when it is made."""
    left_out = {*names, "__dict__", "__weakref__"}
    content = {name: value for name, value in vars(cls).items() if name not in left_out}
    made = type(cls)(cls.__name__, cls.__bases__, {**content, "__slots__": tuple(names)})
    made.__qualname__ = cls.__qualname__
    return made


def _methods(cls: Any, *, frozen: bool) -> dict[str, Any]:
    fields: tuple[_Field, ...] = cls._fields_of_record
    shown = [each.name for each in fields if each.said.repr]

    def initialize(self: Any, /, *values: Any, **named: Any) -> None:
        cls.__init__ = _initializer(cls, fields)
        self.__init__(*values, **named)

    def describe(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({values})"

    if not frozen:
        return {"__init__": initialize, "__repr__": describe}
    compared = attrgetter(*(each.name for each in fields if each.said.compare))

    def is_equal(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compared(self) == compared(other)

    def restore(self: Any, state: Any) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    return {
        "__init__": initialize,
        "__eq__": is_equal,
        "__hash__": lambda self: hash(compared(self)),
        "__repr__": describe,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": as_dict,
        "__setstate__": restore,
    }


def _initializer(cls: Any, fields: tuple[_Field, ...]) -> Any:
    """Return the `__init__` of a dataclass, which sets its fields; slots take the least time."""
    known: dict[str, Any] = {"set_": object.__setattr__, "_left_out": _MISSING}
    by_place: list[str] = []
    by_name: list[str] = []
    body: list[str] = []
    for each in fields:
        parameter = value = each.name
        if each.said.default_factory is not _MISSING:
            known[f"make_{each.name}"] = each.said.default_factory
            parameter += "=_left_out"
            value = f"make_{each.name}() if {each.name} is _left_out else {each.name}"
        elif each.said.default is not _MISSING:
            known[f"default_{each.name}"] = each.said.default
            parameter += f"=default_{each.name}"
        (by_name if each.by_name else by_place).append(parameter)
        slot = getattr(cls, each.name, None)
        if isinstance(slot, _Slot):
            known[f"set_{each.name}"] = slot.__set__
            body.append(f" set_{each.name}(self, {value})\n")
        else:
            body.append(f" set_(self, {each.name!r}, {value})\n")
    parameters = ", ".join(["self", *by_place, *(["*", *by_name] if by_name else [])])
    exec(f"def __init__({parameters}):\n{''.join(body)}", known)  # noqa: S102
    return known["__init__"]


def _refuse(self: Any, name: str, *_: object) -> None:  # noqa: ARG001
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot change field {name!r}")


class _Standard:
    """What `dataclasses` and pydantic ask a dataclass for, made when they do."""

    def __init__(self, what: str, frozen: bool) -> None:
        self._name, self._frozen = f"__dataclass_{what}__", frozen

    def __get__(self, instance: object, cls: Any) -> Any:
        import dataclasses

        def described(each: _Field) -> Any:
            said = {
                key: value for key, value in each.said._asdict().items() if value is not _MISSING
            }
            return each.name, each.annotation, dataclasses.field(**said, kw_only=each.by_name)

        fields = [described(each) for each in cls._fields_of_record]
        made = dataclasses.make_dataclass(cls.__name__, fields, frozen=self._frozen)
        found = getattr(made, self._name)
        setattr(cls, self._name, found)
        return found
