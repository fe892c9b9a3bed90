"""Every limit in the core, tested exactly at it and one beyond it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from qwenlock.change import three_way
from qwenlock.change.three_way import brief
from qwenlock.clients.other_models import MAX_FALLBACKS
from qwenlock.findings.errors import InputError
from qwenlock.lock.values import EXACT, canonical_number, to_toml
from qwenlock.plans import sandbox
from qwenlock.plans.digest import stringify
from qwenlock.text import values
from qwenlock.text.credentials import without
from qwenlock.text.placeholders import is_placeholder
from qwenlock.text.secret_forms import is_a_password, is_made_of_words, looks_random
from support import MODEL, compiled, models

if TYPE_CHECKING:
    from collections.abc import Callable


def _is_odd_word(text: str) -> bool:
    return not is_made_of_words(text)


def rendered(text: str) -> bool:
    try:
        sandbox.run(text, "own.json.j2", {})
    except InputError:
        return False
    return True


def in_one_output(size: int) -> str:
    """Return a template that renders to `size` characters, in many pieces."""
    table = ", ".join(["1"] * 99)
    piece = size // 99 - 1
    loop = f"{{% for item in [{table}] %}}{{{{ 1 }}}}{'x' * piece}{{% endfor %}}"
    return loop + "y" * (size - 99 * (piece + 1))


def turns(count: int) -> str:
    """Return a template whose loops take `count` turns."""
    few = ", ".join(["1"] * 99)
    inner = f"{{% for item in [{few}] %}}{{% endfor %}}"
    last = ", ".join(["1"] * (count % 100))
    outer = ", ".join(["1"] * (count // 100))
    return (
        f"{{% for item in [{outer}] %}}{inner}{{% endfor %}}"
        f"{{% for item in [{last}] %}}{{% endfor %}}"
    )


def nots(depth: int) -> str:
    return "{{ " + "not " * (depth - 2) + "1 }}"


def values_in(count: int) -> bool:
    try:
        values.object_of('{"a": [' + "1," * count + "1]}")
    except values.TextError:
        return False
    return True


def fallbacks(count: int) -> bool:
    entries = [MODEL | {"id": f"m{number}"} for number in range(count)]
    settings = models(*entries) | {"modelFallbacks": ",".join(each["id"] for each in entries)}
    return not any(each.code == "QL610" for each in compiled(settings, client="0.24.4").findings)


LIMITS: dict[str, tuple[Callable[[int], bool], int]] = {
    "characters of a template": (lambda n: rendered("x" * n), sandbox.LARGEST_TEMPLATE),
    "levels of a template": (lambda n: rendered(nots(n)), sandbox.DEEPEST_NESTING),
    "turns of a template": (lambda n: rendered(turns(n)), sandbox.MOST_TURNS),
    "characters a template renders to": (
        lambda n: rendered(in_one_output(n)),
        sandbox.LARGEST_OUTPUT,
    ),
    "commas of a settings file": (values_in, values.MAX_VALUES),
    "levels of a settings file": (
        lambda n: not values.deeper_than(json.loads("[" * n + "]" * n), 7),
        7,
    ),
    "integers that floats become": (
        lambda n: isinstance(canonical_number(float(n + n % 2)), int),
        EXACT,
    ),
    "integers that stay integers": (
        lambda n: (
            isinstance(canonical_number(n + n % 2), int)
            and isinstance(canonical_number(-n - n % 2), int)
        ),
        EXACT,
    ),
    "integers in a lock": (lambda n: to_toml(n) == n and to_toml(-n) == -n, EXACT),
    "fallbacks that are tried": (fallbacks, MAX_FALLBACKS),
    "characters of a value in a message": (
        lambda n: not brief("é" * (n - 2)).endswith("…"),
        three_way._LONGEST,
    ),
    "keys that are indices": (
        lambda n: stringify({"a": 1, str(n): 1}) == f'{{"{n}":1,"a":1}}',
        2**32 - 2,
    ),
}


SHORTEST: dict[str, tuple[Callable[[int], bool], int]] = {
    "a secret that is masked in a text": (lambda n: without("k" * n, ["k" * n]) != "k" * n, 4),
    "a key in place of which is none": (lambda n: not is_placeholder("k" * n), 8),
    "a word as random as a key": (lambda n: looks_random("aB3" * 5 + "x" * (n - 15)), 16),
    "a password": (lambda n: is_a_password("a!B!1" + "c" * (n - 5)), 10),
    "letters and digits that are not a word": (
        lambda n: not is_made_of_words("a1b2c3d4e5"[:n]),
        8,
    ),
    "letters that are not a word": (lambda n: not is_made_of_words("xkqzvjwqpxz"[:n]), 10),
    "a number that is a key": (lambda n: looks_random("7301946582" * 2 + "73019465"[: n - 20]), 28),
}


@pytest.mark.parametrize(("is_one", "shortest"), SHORTEST.values(), ids=SHORTEST)
def test_shortest_text_counts_and_a_shorter_one_does_not(
    is_one: Callable[[int], bool], shortest: int
) -> None:
    assert is_one(shortest)
    assert not is_one(shortest - 1)


@pytest.mark.parametrize(("is_within", "limit"), LIMITS.values(), ids=LIMITS)
def test_limit_is_allowed_and_one_more_is_not(is_within: Callable[[int], bool], limit: int) -> None:
    assert is_within(limit)
    assert not is_within(limit + 1)


AT_THE_BORDER: dict[str, tuple[Callable[[str], bool], str, str]] = {
    "a quarter of the pairs of a long word": (
        looks_random,
        "xqzvjbanedilomaranetu",
        "xqzvjabanedilomaranet",
    ),
    "a quarter of the pairs and one less": (
        looks_random,
        "xqzvjbanedilomaranetu",
        "xqzvjbanedilomaranetua",
    ),
    "three pairs in twenty of a word with capitals": (
        looks_random,
        "ikXOOexejOjjAvOoejaNX",
        "aikXOOexejOjjAvOoejaNX",
    ),
    "twenty letters": (looks_random, "xqzvjbanedilomaranet", "xqzvjbanedilomarane"),
    "eight letters that differ": (
        looks_random,
        "xqzvjwbaaaaaaaaaaaaaa",
        "xqzvjwaaaaaaaaaaaaaaa",
    ),
    "nine changes in fifty": (
        looks_random,
        "x1x1x1x1xB".ljust(51, "y"),
        "x1x1x1x1".ljust(51, "y"),
    ),
    "sixteen letters and digits in two parts": (
        looks_random,
        "a1b2c3d4-otherwis",
        "a1b2c3d4-otherwi",
    ),
    "three mixed groups": (looks_random, "AB12-CD34-EF56-GHIJ", "AB12-CD34-EFGH-IJKL"),
    "sixteen letters": (looks_random, "zvxCDBDvxCDjDAvq", "zvxCDBDvxCDjDAv"),
    "six changes in twenty-five": (
        looks_random,
        "a1b2c3dd-otherwise-otherwise",
        "a1b2c3dd-otherwise-otherwises",
    ),
    "six digits that differ": (looks_random, "730194" * 4 + "7301", "73019" * 5 + "730"),
    "two signs inside": (is_a_password, "aB1!cc!cdd", "aB1!cccdd!"),
    "two signs at once": (is_a_password, "aB1!!cdddd", "!aB1!ccddd"),
    "three changes in eight": (_is_odd_word, "a1b2cccc", "a1bccccc"),
    "a number inside of letters": (_is_odd_word, "aaaaa1bb", "abcdefg1"),
    "two fifths of the pairs of a short word": (_is_odd_word, "xqzvjabetio", "xqzvabetion"),
}
"""Texts that just count as keys, and texts that just do not."""


@pytest.mark.parametrize(("is_one", "key", "other"), AT_THE_BORDER.values(), ids=AT_THE_BORDER)
def test_border_between_keys_and_words_is_exact(
    is_one: Callable[[str], bool], key: str, other: str
) -> None:
    assert is_one(key)
    assert not is_one(other)
