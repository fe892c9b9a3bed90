"""Our dataclasses behave like the standard library's, and our patterns like those of `re`."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass, field, replace


def of(make: Any, field: Any) -> type[Any]:
    class Part:
        """A part."""

        name: str
        value: int = 3
        others: list[int] = field(default_factory=list, compare=False)
        secret: str = field(default="", repr=False)
        left_out: str = ""

    return make(frozen=True, slots=True, kw_only=False)(Part)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    first: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(Base):
    second: int

    @property
    def both(self) -> int:
        return self.first + self.second


GIVEN: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (("a",), {}),
    (("a", 4), {}),
    (("a",), {"secret": "s"}),
    (("a",), {"others": [1]}),
    ((), {"name": "a", "value": 3}),
    (([],), {}),
]


def test_dataclass_behaves_as_that_of_the_standard_library() -> None:
    ours, standard = of(dataclass, field), of(dataclasses.dataclass, dataclasses.field)
    mine, theirs = ([cls(*args, **named) for args, named in GIVEN] for cls in (ours, standard))
    assert list(map(repr, mine)) == list(map(repr, theirs))
    assert [[a == b for b in mine] for a in mine] == [[a == b for b in theirs] for a in theirs]
    fields = [
        [(each.name, each.type) for each in dataclasses.fields(cls)] for cls in (ours, standard)
    ]
    assert fields[0] == fields[1]
    assert ours.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert not hasattr(mine[0], "__dict__")
    assert not hasattr(mine[0], "__weakref__")
    for a, b in zip(mine[:-1], theirs[:-1], strict=True):
        assert hash(a) == hash(b)
        assert dataclasses.asdict(a) == dataclasses.asdict(b)
        assert repr(dataclasses.replace(a, value=9)) == repr(dataclasses.replace(b, value=9))
        assert a != b
        assert replace(a, value=9) == dataclasses.replace(a, value=9)
        assert copy.deepcopy(a) == copy.copy(a) == a
        with pytest.raises(FrozenInstanceError):
            a.value = 9
        with pytest.raises(FrozenInstanceError):
            del a.value
    assert mine[0].others is not mine[1].others
    for cls in (ours, standard):
        for args, named in (((), {}), (("a",), {"no": 1}), (("a",), {"name": "b"})):
            with pytest.raises(TypeError):
                cls(*args, **named)
        with pytest.raises(TypeError):
            hash(cls([]))


def test_dataclass_that_can_be_changed_is_as_that_of_the_standard_library() -> None:
    class Part:
        name: str
        others: list[int] = dataclasses.field(default_factory=list)

    class Same:
        name: str
        others: list[int] = field(default_factory=list)

    standard = dataclasses.dataclass(slots=True, eq=False)(Part)
    ours = dataclass(slots=True, eq=False)(Same)
    mine, theirs = ours("a"), standard("a")  # type: ignore[call-arg]
    assert repr(mine).replace("Same", "Part") == repr(theirs)
    mine.others.append(1)
    mine.name = "b"
    assert (mine.name, mine.others) == ("b", [1])
    assert mine != ours("b", [1])  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        mine.new = 1  # type: ignore[attr-defined]


def test_dataclass_without_slots_has_its_defaults() -> None:
    class Part:
        name: str
        value: int = 3

    made = dataclass(frozen=True)(Part)
    assert (made.value, made("a").value) == (3, 3)  # type: ignore[call-arg]
    assert not hasattr(made, "name")


def test_dataclass_that_inherits() -> None:
    made = Derived(second=2)
    assert made.both == 3
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301
    assert made != Base()
    with pytest.raises(FrozenInstanceError):
        made.second = 3  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del made.second


def test_pattern_is_compiled_at_its_first_use() -> None:
    made = pattern("[")
    with pytest.raises(Exception, match="unterminated"):
        made.match("")
    assert pattern("(a)").sub(r"\1b", "a") == "ab"
    assert pattern("A", 2).fullmatch("a")
    assert pattern("a").pattern == "a"
