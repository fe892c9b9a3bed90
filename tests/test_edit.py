"""Edits of a document's text: what they write, and that they leave everything else alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwenlock.text.edit import edit, lost_comments, transplant
from qwenlock.text.operations import Deduplicate, Insert, Move, Operation, Path, Remove, Set, apply
from qwenlock.text.trivia import comments_of
from support import plainly_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOM = "\ufeff"


UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Example(NamedTuple):
    shows: str
    before: str
    operations: list[Operation]
    after: str


SETTING = [
    Example(
        "goes on a line of its own behind a line comment that follows another comment",
        '{ "a": 1 /* x */ // y\n}',
        [Set(("b",), 2)],
        '{ "a": 1, /* x */ // y\n  "b": 2\n}',
    ),
    Example(
        "follows an indentation below a blank line",
        '{\n  "a": {\n\n    "b": 1\n  }\n}',
        [Set(("a", "c"), 2)],
        '{\n  "a": {\n\n    "b": 1,\n    "c": 2\n  }\n}',
    ),
    Example(
        "indents what it writes by two where the rest has no indentation",
        '{\n"a": 1\n}',
        [Set(("b",), {"c": 1})],
        '{\n"a": 1,\n"b": {\n  "c": 1\n}\n}',
    ),
    Example(
        "follows an indentation of tabs and blanks",
        '{\n\t"a": {\n\t  "b": 1\n\t}\n}',
        [Set(("a", "c"), {"d": 1})],
        '{\n\t"a": {\n\t  "b": 1,\n\t  "c": {\n\t    "d": 1\n\t  }\n\t}\n}',
    ),
    Example(
        "replaces only the value",
        """{
  // the model in use
  "model" /* key */ : /* value */ "old", // trailing
  "timeout" :1.50
}
""",
        [Set(("model",), "new")],
        """{
  // the model in use
  "model" /* key */ : /* value */ "new", // trailing
  "timeout" :1.50
}
""",
    ),
    Example(
        "adds a key last, with the comma before the trailing comment, and its missing parents",
        """{
  "a": 1 // one
  // "b": 2
}
""",
        [Set(("c", "d"), [True, {}])],
        """{
  "a": 1, // one
  "c": {
    "d": [
      true,
      {}
    ]
  }
  // "b": 2
}
""",
    ),
    Example(
        "follows tabs, CRLF, colons without space, a byte-order mark and no final newline",
        BOM + '{\r\n\t"a":{\r\n\t\t"b":"é"\r\n\t}\r\n}',
        [Set(("a", "c"), {"d": "\u2028é\ud83d\x1f/"})],
        BOM + '{\r\n\t"a":{\r\n\t\t"b":"é",\r\n\t\t"c":{\r\n\t\t\t"d":"\u2028é\\ud83d\\u001f/"\r\n'
        "\t\t}\r\n\t}\r\n}",
    ),
    Example(
        "follows the object's own indentation where it differs from the document's",
        """{
  "a": 1,
  "b": {
      "c": 2
  }
}
""",
        [Set(("b", "d"), {"e": 3}), Set(("f",), [4])],
        """{
  "a": 1,
  "b": {
      "c": 2,
      "d": {
          "e": 3
      }
  },
  "f": [
    4
  ]
}
""",
    ),
    Example(
        "keeps an object on one line, with its spaces",
        '{ "a" : 1, "b" : {} }',
        [Set(("b", "c"), 2), Set(("d",), {"e": [3, 4]})],
        '{ "a" : 1, "b" : { "c" : 2 }, "d" : { "e" : [3, 4] } }',
    ),
    Example(
        "keeps a document without spaces so",
        '{"a":1}',
        [Set(("b", "c"), [1, 2])],
        '{"a":1,"b":{"c":[1,2]}}',
    ),
    Example("opens up an empty document", "{}", [Set(("a",), 1)], '{\n  "a": 1\n}'),
    Example(
        "keeps the comments of an empty object",
        "{ // nothing\n  /* yet */\n}\n",
        [Set(("a",), 1)],
        '{ // nothing\n  "a": 1\n  /* yet */\n}\n',
    ),
    Example(
        "replaces a list on one line by one on one line",
        '{\n  "tags": ["a", "b"],\n  "deep": {\n    "x": 1\n  }\n}',
        [Set(("tags",), ["c"]), Set(("deep",), {"y": []})],
        '{\n  "tags": ["c"],\n  "deep": {\n    "y": []\n  }\n}',
    ),
    Example(
        "acts on the last of duplicate keys",
        '{"a": 1, "b": 2, "\\u0061": 3}',
        [Set(("a",), 4)],
        '{"a": 1, "b": 2, "\\u0061": 4}',
    ),
    Example(
        "lays a value out like the one in force of duplicate keys",
        '{\n  "a": { "x": 1 },\n  "a": {\n    "x": 1\n  }\n}',
        [Set(("a",), {"y": 2})],
        '{\n  "a": { "x": 1 },\n  "a": {\n    "y": 2\n  }\n}',
    ),
    Example(
        "changes nothing where the value is there already",
        '{"a": [1.0, 1e3, {"b": "\\u00e9" /* é */}], "c": true}',
        [Set(("a",), [1, 1000, {"b": "é"}]), Set(("c",), True)],
        '{"a": [1.0, 1e3, {"b": "\\u00e9" /* é */}], "c": true}',
    ),
    Example(
        "keeps the spelling of numbers, strings and comments",
        '[-0.0E+5, 1e-3, "\\/\\u00e9// /*", /***/ 2 /* // */ /*/ " */] // {',
        [Set((3,), 3)],
        '[-0.0E+5, 1e-3, "\\/\\u00e9// /*", /***/ 3 /* // */ /*/ " */] // {',
    ),
    Example("tells true from one", "[1, true]", [Set((0,), True), Set((1,), 1)], "[true, 1]"),
    Example(
        "replaces the whole document but not what stands around it",
        '// head\n{ "a": 1 }\n// foot\n',
        [Set((), {"b": 2})],
        '// head\n{ "b": 2 }\n// foot\n',
    ),
]

REMOVING = [
    Example(
        "takes the comments directly above and behind, and no others",
        """{
  "a": 1, // one

  // a section

  // about b
  /* more about b */
  "b": 2, // two
  // about c
  "c": 3
}
""",
        [Remove(("b",))],
        """{
  "a": 1, // one

  // a section

  // about c
  "c": 3
}
""",
    ),
    Example(
        "of the last member takes the comma before it",
        """{
  "a": 1, // one

  // a section

  "b": 2 // two
  // the end
}
""",
        [Remove(("b",))],
        """{
  "a": 1 // one

  // a section
  // the end
}
""",
    ),
    Example(
        "of the first member leaves no blank line at the start",
        '{ // settings\n  "a": 1,\n\n  "b": 2\n}',
        [Remove(("a",))],
        '{ // settings\n  "b": 2\n}',
    ),
    Example(
        "of the first member keeps the line break before the next one",
        '{ "a": 1,\n  "b": 2 }',
        [Remove(("a",))],
        '{\n  "b": 2 }',
    ),
    Example(
        "leaves one blank line where there were two",
        '{\n  "a": 1,\n\n  "b": 2,\n\n  "c": 3\n}',
        [Remove(("b",))],
        '{\n  "a": 1,\n\n  "c": 3\n}',
    ),
    Example(
        "of the only member keeps the comments that are not its own",
        '{ // settings\n  // about a\n  "a": 1\n  // the end\n}',
        [Remove(("a",))],
        "{ // settings\n  // the end\n}",
    ),
    Example(
        "of the only member empties", '{\n  "a": [ 1 ]\n}', [Remove(("a", 0))], '{\n  "a": []\n}'
    ),
    Example(
        "of the last item leaves the end of a comment above",
        '{"a": [0,\n  // other\n\n  1]}',
        [Remove(("a", 1))],
        '{"a": [0\n  // other\n\n  ]}',
    ),
    Example(
        "on one line keeps the spaces",
        '{ "a": [1,2, 3], "b": { "c": 1 } }',
        [Remove(("a", 0)), Remove(("a", 1)), Remove(("b",))],
        '{ "a": [2] }',
    ),
    Example(
        "takes every duplicate",
        '{"a": 1, "b": 2, "\\u0061": 3, "a": 4}',
        [Remove(("a",))],
        '{"b": 2}',
    ),
    Example(
        "does not let a line comment swallow what follows",
        '{\n  "a": 1, // one\n  "b": 2}',
        [Remove(("b",))],
        '{\n  "a": 1 // one\n}',
    ),
    Example(
        "keeps the comments before a comma that goes",
        '{\n  "a": 1 // one\n  /* still one */ , // and this\n  "b": 2\n}',
        [Remove(("b",))],
        '{\n  "a": 1 // one\n  /* still one */  // and this\n}',
    ),
    Example(
        "where commas come first",
        '{\n    "a": 1 // one\n  , "b": 2 // two\n  , "c": 3\n}',
        [Remove(("a",)), Remove(("c",))],
        '{\n    "b": 2 // two\n}',
    ),
]

INSERTING = [
    Example(
        "follows the element that it goes before",
        '[\n  {\n    "k": 1\n  },\n  {"k": 2}\n]',
        [Insert((0,), {"k": 0})],
        '[\n  {\n    "k": 0\n  },\n  {\n    "k": 1\n  },\n  {"k": 2}\n]',
    ),
    Example(
        "into an array on one line, inside of others that are not",
        '{\n  "a": [1],\n  "b": 2\n}',
        [Insert(("a", 1), 2)],
        '{\n  "a": [1, 2],\n  "b": 2\n}',
    ),
    Example(
        "an object on one line has the padding of objects on one line",
        '{\n  "a": [ 1 ]\n}',
        [Insert(("a", 1), {"k": 2})],
        '{\n  "a": [ 1, {"k": 2} ]\n}',
    ),
    Example(
        "at the end follows the last element",
        '[\n  {},\n  {"k": 1},\n  {\n    "k": 2\n  }\n]',
        [Insert((3,), {"k": 3})],
        '[\n  {},\n  {"k": 1},\n  {\n    "k": 2\n  },\n  {\n    "k": 3\n  }\n]',
    ),
    Example(
        "follows the one-line objects of the array",
        """[
  { "id": "a", "n": 1 }, // first
  { "id": "b" } // last
]
""",
        [
            Insert((2,), {"id": "c", "of": [1]}),
            Insert((1,), {"id": "1"}),
            Insert((0,), {"id": "0"}),
        ],
        """[
  { "id": "0" },
  { "id": "a", "n": 1 }, // first
  { "id": "1" },
  { "id": "b" }, // last
  { "id": "c", "of": [1] }
]
""",
    ),
    Example(
        "follows objects whose brackets share lines",
        '[{\n  "a": 1\n}, {\n  "b": 2\n}]',
        [Insert((2,), {"c": [3]})],
        '[{\n  "a": 1\n}, {\n  "b": 2\n}, {\n  "c": [\n    3\n  ]\n}]',
    ),
    Example(
        "stays on one line", "[ 1,2 ]", [Insert((0,), 0), Insert((3,), [3, 4])], "[ 0,1,2,[3,4] ]"
    ),
    Example(
        "leaves a comment with its element",
        "[ /* one */ 1, 2 /* two */ ]",
        [Insert((0,), 0), Insert((3,), 3)],
        "[ 0, /* one */ 1, 2 /* two */, 3 ]",
    ),
    Example(
        "starts a line behind a line comment",
        "[\n  1, 2 // two\n]",
        [Insert((2,), 3)],
        "[\n  1, 2, // two\n  3\n]",
    ),
    Example(
        "opens up an empty array",
        '{\n  "a": []\n}',
        [Insert(("a", 0), 1)],
        '{\n  "a": [\n    1\n  ]\n}',
    ),
]

MOVING = [
    Example(
        "takes the comments along and changes the indentation",
        """{
  "first": 0,
  // the look
  "theme": { // dark
    "colors": [
      1
    ],

    /* two
       lines */
    "accent": "//"
  }, // trailing
  "ui": {
    "font": 1 // px
  }
}
""",
        [Move(("theme",), ("ui", "theme")), Move(("first",), ("general", "first"))],
        """{
  "ui": {
    "font": 1, // px
    // the look
    "theme": { // dark
      "colors": [
        1
      ],

      /* two
         lines */
      "accent": "//"
    } // trailing
  },
  "general": {
    "first": 0
  }
}
""",
    ),
    Example(
        "within one object renames: place, comments and spelling stay",
        '{\n  // about a\n  "a" /* key */ : 1.0, // one\n  "b": 2\n}',
        [Move(("a",), ("z",))],
        '{\n  // about a\n  "z" /* key */ : 1.0, // one\n  "b": 2\n}',
    ),
    Example(
        "by rename goes over what is there, and renames duplicates",
        '{\n  "c": 0, // zero\n  "a": 1,\n  "b": 2,\n  "a": 3\n}',
        [Move(("a",), ("c",))],
        '{\n  "c": 1,\n  "b": 2,\n  "c": 3\n}',
    ),
    Example(
        "over what is there takes its place",
        '{\n  "a": 1, // one\n  "b": {\n    // of c\n    "c": 2, // two\n    "d": 3\n  }\n}',
        [Move(("a",), ("b", "c"))],
        '{\n  "b": {\n    "c": 1, // one\n    "d": 3\n  }\n}',
    ),
    Example(
        "into an object on one line ends the line behind a line comment",
        '{\n  "a": 1, // one\n  "b": { "c": 2 }\n}',
        [Move(("a",), ("b", "a"))],
        '{\n  "b": { "c": 2, "a": 1 // one\n  }\n}',
    ),
    Example(
        "into an object on one line gives what has a comment above a line of its own",
        '{\n  "o": {"a": 1},\n  // note\n  "b": 2\n}',
        [Move(("b",), ("o", "b"))],
        '{\n  "o": {"a": 1,\n    // note\n    "b": 2}\n}',
    ),
    Example(
        "into an array keeps the comments around the colon",
        '{\n  "a" /* key */ : // value\n    1,\n  "b": [\n    0\n  ]\n}',
        [Move(("a",), ("b", 0))],
        '{\n  "b": [\n    /* key */\n    // value\n    1\n  ]\n}',
    ),
    Example(
        "into itself",
        '{\n  "a": {\n    "b": 1\n  }\n}',
        [Move(("a",), ("a", "a"))],
        '{\n  "a": {\n    "a": {\n      "b": 1\n    }\n  }\n}',
    ),
    Example(
        "of an element to a key",
        '{\n  "a": [\n    1, // one\n    2\n  ]\n}',
        [Move(("a", 0), ("b",))],
        '{\n  "a": [\n    2\n  ],\n  "b": 1 // one\n}',
    ),
]


def examples(title: str, cases: list[Example]) -> list[Any]:
    return [pytest.param(*case[1:], id=f"{title} {case.shows}") for case in cases]


@pytest.mark.parametrize(
    ("before", "operations", "after"),
    [
        *examples("set", SETTING),
        *examples("remove", REMOVING),
        *examples("insert", INSERTING),
        *examples("move", MOVING),
    ],
)
def test_edit_writes_exactly(before: str, operations: list[Operation], after: str) -> None:
    assert edit(before, operations) == after
    assert in_order(parsed(after)) == in_order(apply(parsed(before), operations)) or before == after


IMPOSSIBLE: list[tuple[Operation, str, str]] = [
    (Remove(()), "the whole value can only be set", "the whole document can only be set"),
    (Insert((), 1), "the whole value can only be set", "the whole document can only be set"),
    (Move((), ("a",)), "the whole value can only be set", "the whole document can only be set"),
    (Move(("o",), ()), "the whole value can only be set", "the whole document can only be set"),
    (Remove(("none",)), "nothing at ('none',)", "nothing at 'none'"),
    (Remove(("a", 3)), "nothing at ('a', 3)", "nothing at 3"),
    (Remove(("a", -1)), "nothing at ('a', -1)", "nothing at -1"),
    (Remove(("a", "0")), "nothing at ('a', '0')", "nothing at '0'"),
    (Remove(("o", 0)), "nothing at ('o', 0)", "nothing at 0"),
    (Set(("s", "x"), 1), "no object to hold 'x'", "no object or array at 's'"),
    (Set(("a", 2), 1), "no element 2", "no object to hold 2"),
    (Set(("o", 0), 1), "no object to hold 0", "no object to hold 0"),
    (Set(("none", 0), 1), "no object to hold 0", "no object to hold 0"),
    (Insert(("a", 3), 1), "no array to insert at ('a', 3)", "no array with a place 3"),
    (Insert(("a", -1), 1), "no array to insert at ('a', -1)", "no array with a place -1"),
    (Insert(("a", "0"), 1), "no array to insert at ('a', '0')", "no array with a place '0'"),
    (Insert(("o", 0), 1), "no array to insert at ('o', 0)", "no array with a place 0"),
    (Insert(("none", 0), 1), "nothing at ('none',)", "nothing at 'none'"),
    (Deduplicate(("none",)), "nothing at ('none',)", "nothing at 'none'"),
    (Move(("none",), ("x",)), "nothing at ('none',)", "nothing at 'none'"),
    (Move(("none",), ("o", "x")), "nothing at ('none',)", "nothing at 'none'"),
    (Move(("s",), ("a", 2)), "no element 2", "no object to hold 2"),
    (Move(("s",), (0,)), "no member to rename at ('s',)", "an element of an array has no name"),
    (
        Move(("a", 0), ("a", 1)),
        "no member to rename at ('a', 0)",
        "an element of an array has no name",
    ),
    (
        Move(("a", 0), ("a", "x")),
        "no member to rename at ('a', 0)",
        "an element of an array has no name",
    ),
]
"""Operations, and the error of each when it is applied to a value and to a text."""


@pytest.mark.parametrize(("operation", "of_value", "of_text"), IMPOSSIBLE, ids=repr)
def test_impossible_path_is_refused_in_text_as_in_values(
    operation: Operation, of_value: str, of_text: str
) -> None:
    text = '{"a": [1, 2], "o": {"k": 0}, "s": "text"}'
    with pytest.raises(LookupError) as error:
        apply(parsed(text), [operation])
    assert str(error.value) == of_value
    with pytest.raises(LookupError) as error:
        edit(text, [operation])
    assert str(error.value) == of_text


@pytest.mark.parametrize("text", ["", "{", "// only a comment"])
def test_text_that_is_not_a_document_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        edit(text, [])


def test_infinite_number_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        edit("{}", [Set(("a",), float("inf"))])


@pytest.mark.parametrize(("old", "new"), [("x", ["x"]), (["x"], "x"), ({"a": 1}, ["a"]), (1, True)])
def test_value_of_another_kind_is_not_the_same(old: Any, new: Any) -> None:
    assert edit(json.dumps({"a": old}), [Set(("a",), new)]) == json.dumps({"a": new})


def test_only_the_duplicate_in_force_stays() -> None:
    text, operations = '{"a": 1, "b": 2, "a": 3}', [Deduplicate(("a",))]
    assert edit(text, operations) == '{"b": 2, "a": 3}'
    assert in_order(apply(parsed(text), operations)) == in_order(parsed(text))


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        ('// a\n{"b": "// c\n// d', ["// a"]),
        ("// a\n/* b // c", ["// a"]),
        ("1 / 2 // a", ["// a"]),
    ],
)
def test_comments_of_a_broken_text_are_those_before_it_breaks(
    text: str, comments: list[str]
) -> None:
    assert comments_of(text) == comments


def test_lost_comments_are_counted_and_ignore_indentation_and_strings() -> None:
    before = '{ // one\n  /* two\n     lines */ "// no": 1, // one\n "b": 2 // three\n}'
    after = '{ // one \t\r\n/* two\r\nlines */ "b": 2\r\n}'
    assert lost_comments(before, after) == ["// one", "// three"]
    assert lost_comments(before, "{}") == ["// one", "// one", "/* two\nlines */", "// three"]
    assert lost_comments(after, before) == []


@pytest.mark.parametrize(
    ("text", "to", "insert", "after"),
    [
        ('{"x": [1, /* two */ 2]}', ("x", 0), True,
         '{"x": [\n  // nought\n  0, // zero\n  1, /* two */ 2]}'),
        ('{"x": [1, /* two */ 2]}', ("x", 1), True,
         '{"x": [1,\n  // nought\n  0, // zero\n  /* two */ 2]}'),
        ('{"x": [1, 2]}', ("x", 2), True, '{"x": [1, 2,\n  // nought\n  0 // zero\n]}'),
        ('{"x": [1, 2]}', ("x", 1), False, '{"x": [1, // nought\n0 // zero\n]}'),
        ('{"x": 1}', ("y",), False, '{"x": 1,\n  // nought\n  "y": 0 // zero\n}'),
    ],
)  # fmt: skip
def test_value_of_another_document_comes_with_its_comments(
    text: str, to: Path, insert: bool, after: str
) -> None:
    other = '{\n    "a": [\n        1,\n        // nought\n        0 // zero\n    ]\n}'
    assert transplant(text, to, other, ("a", 1), insert=insert) == after


def test_move_there_and_back_restores_a_last_member() -> None:
    before = '{\n\t"a": {\n\t\t"x": 1\n\t},\n\n\t// about b\n\t"b": [\n\t\t2\n\t] // two\n}\n'
    there = edit(before, [Move(("b",), ("a", "b"))])
    assert edit(there, [Move(("a", "b"), ("b",))]) == before.replace("\n\n", "\n")


# Properties, over documents of every layout.

SCALARS = ["0", "-1.5", "1000", "true", "null", '"s"', '"// no"', '"/*"', '"\\"\\\\"', '"é"']
KEYS = ['"a"', '"b"', '"c"', '"\\u0061"', '"é"', '"//"']
LOOSE = [
    "",
    "",
    "",
    " ",
    "\t",
    "\n",
    "\n\n",
    "\n  ",
    "/*§*/",
    "/*§\n  §*/",
    "//§\n",
    " // §: ,\n  ",
]
VALUES = [1, "x", [], {}, {"k": [1, {"z": None}]}, [{"q": True}], "\ud83d", True, False, 0]


class Writer:
    """Write a random document; every § becomes a number, so that no two comments are equal."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw
        self.style = self.pick(["pretty", "line", "loose"])

    def pick(self, choices: list[str]) -> str:
        return str(self.draw(st.sampled_from(choices)))

    def document(self) -> str:
        numbers = iter(range(1_000_000))
        text = self.trivia() + self.value(0) + self.trivia()
        text = re.sub("§", lambda _: f"comment {next(numbers)}", text)
        return self.pick(["", BOM]) + text.replace("\n", self.pick(["\n", "\r\n", "\r"]))

    def value(self, depth: int) -> str:
        kind = self.pick(["scalar", "{}", "[]"]) if depth < 3 else "scalar"
        if kind == "scalar":
            return self.pick(SCALARS)
        items = [self.item(kind, depth + 1) for _ in range(self.draw(st.integers(0, 3)))]
        end = self.lead(depth) if items or self.style != "pretty" else ""
        return kind[0] + ",".join(items) + end + kind[1]

    def item(self, kind: str, depth: int) -> str:
        colon = f"{self.trivia()}:{self.trivia()}" if kind == "{}" else ""
        key = self.pick(KEYS) if kind == "{}" else ""
        return self.lead(depth) + key + colon + self.value(depth) + self.trivia()

    def lead(self, depth: int) -> str:
        if self.style != "pretty":
            return self.trivia()
        line = "\n" + "  " * depth
        above = ["", "", "\n", f"{line}// §", f"\n{line}// §\n{line}/* § */"]
        return self.pick(["", "", " // §"]) + self.pick(above) + line

    def trivia(self) -> str:
        match self.style:
            case "pretty":
                return self.pick(["", " "])
            case "line":
                return self.pick(["", "", " ", " /* § */"])
            case _:
                return "".join(self.draw(st.lists(st.sampled_from(LOOSE), max_size=3)))


@st.composite
def documents(draw: Callable[..., Any]) -> str:
    return Writer(draw).document()


@st.composite
def edits(draw: Callable[..., Any], kinds: str, *, misfits: bool = False) -> Any:
    """Return a document and operations on it, the last of which may not fit if `misfits`."""
    text = draw(documents())
    value = parsed(text)
    operations: list[Operation] = []
    for kind in draw(st.lists(st.sampled_from(kinds.split()), max_size=5)):
        operation = draw(operation_on(value, kind))
        try:
            value = apply(value, [operation])
        except LookupError:
            if misfits and draw(st.integers(0, 9)) == 0:
                return text, [*operations, operation]
        else:
            operations.append(operation)
    return text, operations


@st.composite
def operation_on(draw: Callable[..., Any], value: Any, kind: str) -> Operation:
    path = draw(st.sampled_from(list(paths(value))))
    steps = st.lists(st.sampled_from(["a", "b", "new", "é", 0, 1]), max_size=2)
    match kind:
        case "set":
            return Set((*path, *draw(steps)), draw(st.sampled_from(VALUES)))
        case "insert":
            return Insert((*path, draw(st.integers(0, 3))), draw(st.sampled_from(VALUES)))
        case "remove":
            return Remove(path)
        case "rename":
            return Move(path, (*path[:-1], draw(st.sampled_from("ab"))))
        case _:
            return Move(path, (*draw(st.sampled_from(list(paths(value)))), *draw(steps)))


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, (*path, step))


def parsed(text: str) -> Any:
    return plainly_read(text.removeprefix(BOM))


def in_order(value: Any) -> str:
    """Return a text that is equal for two values only if their keys have the same order."""
    return json.dumps(value)


def value_at(text: str, path: Path) -> Any:
    value = parsed(text)
    for step in path:
        value = value[step]
    return value


@UNTIMED
@given(edits("set insert remove move rename", misfits=True))
def test_edited_text_parses_to_the_edited_value_in_order(case: Any) -> None:
    text, operations = case
    try:
        expected = apply(parsed(text), operations)
    except LookupError:
        with pytest.raises(LookupError):
            edit(text, operations)
    else:
        assert in_order(parsed(edit(text, operations))) == in_order(expected)


@UNTIMED
@given(documents())
def test_setting_what_is_there_changes_no_byte(text: str) -> None:
    assert edit(text, []) == text
    assert edit(text, [Set(path, value_at(text, path)) for path in paths(parsed(text))]) == text


@UNTIMED
@given(edits("insert"))
def test_insert_loses_no_comment(case: Any) -> None:
    assert lost_comments(case[0], edit(*case)) == []


@UNTIMED
@given(documents(), st.sampled_from(VALUES))
def test_set_is_idempotent_and_a_new_key_loses_no_comment(text: str, value: Any) -> None:
    for path in paths(parsed(text)):
        if isinstance(value_at(text, path), dict):
            addition = Set((*path, "new", "newer"), value)
            once = edit(text, [addition])
            assert edit(once, [addition]) == once
            assert lost_comments(text, once) == []


@UNTIMED
@given(documents())
def test_rename_and_back_restores_every_byte(text: str) -> None:
    text = text.replace('"\\u0061"', '"a"')
    for path in paths(parsed(text)):
        if path and isinstance(path[-1], str):
            new = (*path[:-1], "new")
            assert edit(edit(text, [Move(path, new)]), [Move(new, path)]) == text


@UNTIMED
@given(edits("remove"))
def test_remove_doubles_no_blank_line(case: Any) -> None:
    doubled = re.compile(r"(?:(?:\r\n?|\n)[ \t]*){3,}")
    assert len(doubled.findall(edit(*case))) <= len(doubled.findall(case[0]))


class Member(NamedTuple):
    """A member whose comments say whether they are "of" it or stay where it was."""

    lead: str
    text: str
    gap: str
    tail: str


NAMES = ["first", "second", "third"]


@st.composite
def members(draw: Callable[..., Any], name: str) -> Member:
    def one_of(*choices: str) -> str:
        choice = str(draw(st.sampled_from(choices)))
        return choice.replace("§", f"of {name}").replace("\n", "\n  ")

    blank, above = one_of("", "\n"), one_of("", f"\n// stays above {name}\n")
    lead = one_of("", "\n// § 1", "\n// § 1\n/* §\n2 */")
    beside, key, colon = (
        one_of("", "/* § 3 */ "),
        one_of("", " /* § 4 */"),
        one_of(":", ": // § 5\n"),
    )
    value = one_of("1", "{ // § 6\n}", "[\n// § 6\n0, 1]")
    return Member(
        lead=blank + above + lead + "\n  " + beside,
        text=f'"{name}"{key}{colon}{value}',
        gap=one_of("", " /* § 7 */", " // § 7\n") if name != NAMES[-1] else "",
        tail=one_of("", " // § 8", " /* § 8\n*/"),
    )


@st.composite
def objects(draw: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Return an object, and the texts of its members."""
    drawn = [draw(members(name)) for name in NAMES]
    text = "".join(f"{lead}{text}{gap},{tail}" for lead, text, gap, tail in drawn[:-1])
    lead, last, _, tail = drawn[-1]
    return f"{{{text}{lead}{last}{tail}\n}}", {
        name: item.text for name, item in zip(NAMES, drawn, strict=True)
    }


@UNTIMED
@given(objects(), st.sampled_from(NAMES))
def test_remove_takes_the_comments_of_the_member_and_no_others(case: Any, name: str) -> None:
    before, texts = case
    after = edit(before, [Remove((name,))])
    assert lost_comments(before, after) == [c for c in comments_of(before) if f"of {name}" in c]
    assert all(texts[other] in after for other in NAMES if other != name)


@UNTIMED
@given(objects(), st.sampled_from(NAMES))
def test_move_takes_the_comments_of_the_member_along(case: Any, name: str) -> None:
    before, texts = case
    after = edit(before, [Move((name,), ("new", "moved"))])
    stays, moved = after.split('"new"')
    assert lost_comments(before, after) == []
    assert f"of {name}" not in stays
    assert not any(f"of {other}" in moved for other in NAMES if other != name)
    assert all(texts[other] in stays for other in NAMES if other != name)


def test_deepest_document_can_be_edited() -> None:
    depth = 500
    text = '{"a":' * depth + "0" + "}" * depth
    edited = edit(text, [Set(("a",) * depth, {"b": []}), Move(("a",) * depth, ("b",) * depth)])
    assert edited.count('"b"') == depth + 1
    assert edit(edited, [Set(("c",), parsed(text)), Remove(("c",))]) == edited


def test_many_operations_on_wide_containers() -> None:
    count = 20_000
    text = json.dumps({"members": {f"k{i}": i for i in range(count)}, "list": list(range(count))})
    operations: list[Operation] = []
    for index in range(0, count, 2):
        operations += [Remove(("members", f"k{index}")), Set(("list", index), None)]
    edited = parsed(edit(text, operations))
    assert list(edited["members"].values()) == list(range(1, count, 2))
    assert edited["list"].count(None) == count // 2


def test_space_in_a_comment_is_edited_in_linear_time() -> None:
    comment = "/*" + " " * 300_000 + "x*/"
    assert lost_comments(comment + "{}", "{}") == [comment]


def test_what_moves_in_place_of_its_parent_keeps_the_comments_above_both() -> None:
    before = """{
  "o": {
    // the account
    "openai": {
      "protocol": "openai",
      // its models
      "models": [1] // end
    },
    /* other */ "lab": { "models": [2] }
  }
}
"""
    moves = [Move(("o", name, "models"), ("o", name)) for name in ("openai", "lab")]
    assert (
        edit(before, moves)
        == """{
  "o": {
    // the account
    // its models
    "openai": [1], // end
    /* other */ "lab": [2]
  }
}
"""
    )
