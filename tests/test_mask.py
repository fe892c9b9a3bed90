"""A text is masked in the same way whether the text before a part was read or skipped."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.grammar import mutated
from qwenlock.text import mask
from qwenlock.text.mask import Mask
from support import MODEL, models, untimed

PIECES = (
    *("{", "}", "[", "]", ",", ":", "\n", " ", "/", "// c\n", "/* c */", "/*", '"', "\\", "'"),
    *('"env": {', '"headers": [', '"apiKey":', '"id":', '"a": 1,', '{"b": [1, 2]},', '"x",'),
    *(
        '"s p"',
        "true",
        "word",
        "1",
        '"sk-planted4f1d9c0a"',
        "[[[[[1],1],1],1],1],",
        "\r\n",
        '"\\""',
    ),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@pytest.fixture(autouse=True)
def _any_length_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask, "_WORTH_IT", 0)


def whole(text: str) -> Mask:
    made = Mask(text)
    made._tokens = mask._Tokens(text, passes_over=False)
    return made


@untimed(300)
@given(
    TEXTS | mutated("settings").map(lambda data: data.decode(errors="replace")),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4),
)
def test_any_part_of_any_text_is_masked_as_in_the_whole(
    text: str, parts: list[tuple[float, float]]
) -> None:
    one = Mask(text)
    for part in parts:
        begin, end = sorted(int(each * len(text)) for each in part)
        expected = whole(text).pieces(begin, end, comments=True)
        assert one.pieces(begin, end, comments=True) == expected
        assert Mask(text).pieces(begin, end, comments=True) == expected


def test_models_in_front_are_skipped() -> None:
    deep = {"extra_body": {"chat_template_kwargs": {"enable_thinking": True}}}
    entries = [MODEL | {"id": f"m{each}", "generationConfig": deep} for each in range(100)]
    text = json.dumps(models(*entries), indent=2)
    masked = Mask(text)
    begin = text.index('"m99"')
    assert masked.lines(begin, text.index("\n", begin))
    assert len(masked._tokens.starts) < 40
