"""Masks what could be a secret in a text; shows the rest.

The text need not be valid. It is read from its start as signs, strings, words and comments. A
string is shown only if it is clearly not a key: under a field that names things, or as a number, a
word, an address or a reference. Under a key that names a credential, in `env` and in headers, only
references are shown, and variables such as OPENAI_MODEL. `locate` finds values.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.text.credentials import (
    MASK,
    is_credential,
    is_credential_as_name,
    names_a_credential,
    names_a_variable,
    without_references,
)
from qwenlock.text.pattern import pattern
from qwenlock.text.secret_forms import is_a_password, is_made_of_words, looks_random

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = pattern(
    r"""
    "[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"?       # a string, perhaps unterminated
    | //[^\r\n]* | /\*[\s\S]*?(?:\*/|\Z)    # a comment
    | [{}\[\],:]                            # a sign
    | [^\s{}\[\],:"/]+ | /                  # a word: a number, true, or an error
    """,
    re.VERBOSE,
)
_QUOTES = "\"'"
_COLON = pattern(r"\s*:")
_STRING = r'"[^"\\\r\n]*+(?:(?>\\.[^"\\\r\n]*+))*+"'
_SCALAR = rf'(?>{_STRING}|[^\s{{}}\[\],:"/]++)'
_NAME = rf"(?>{_STRING}\s*+:\s*+|)"
_LEVELS = 4  # of containers in an element that is passed over: a model has three
_VALUE = _SCALAR
for _ in range(_LEVELS):
    _INNER = rf"(?:(?>\s*+{_NAME}{_VALUE}\s*+(?:,|(?=[}}\]]))))*+"
    _VALUE = rf"(?>{_SCALAR}|[{{\[]{_INNER}\s*+[}}\]])"
_ELEMENTS = pattern(rf"(?:(?>\s*+{_NAME}{_VALUE}\s*+,))*+")
"""Elements and members with the comma behind each of them."""
_BEFORE_ELEMENTS = "{[,"
_WORTH_IT = 1_000  # characters from which on elements are passed over
_DEEPEST = 1_000  # levels; settings that can be read have fewer
_MOST = 5_000_000  # strings, words, comments and signs; settings that can be read have fewer
_LINE_BREAK = pattern(r"\r\n|\r|\n")
_IGNORE = r"(?<=qwenlock:)\s*(?:ignore(?:\[[QL\d, ]*\])?|allow-literal)(?=\s|\*/|\Z)"
_AFTER_A_NAME = pattern(rf"(?!{_IGNORE})(?<=[:=])\s*\S{{8,}}")
_KEY_LIKE = pattern(r"(?<![A-Za-z0-9_\-])(?=[A-Za-z_\-]*\d)[A-Za-z0-9_\-]{16,}")
_LONG = pattern(r"[^\s/*]\S{7,}")
_NUMBER = pattern(r"-?\d{1,17}(?:\.\d{1,17})?(?:[eE][+-]?\d+)?")
_QUANTITY = pattern(r"\d{1,9}(?:\.\d{1,3})?[a-zA-Z%]{0,2}")
_PART = r"(?:[A-Z]{1,15}|[A-Z]?[a-z]{1,15}(?:[A-Z][a-z]{2,14}){0,3})"
_WORD = pattern(rf"[+\-']?(?:[A-Za-z]{{1,4}}|{_PART}(?:[_.\-]{_PART}){{0,4}})'?")
_ADDRESS = pattern(r"https?://[\w.\-]{1,80}(?::\d{1,5})?(?:/(?:[a-z.\-]{1,30}|v\d{1,4}))*/?")
_HARMLESS = (_QUANTITY, _WORD, _ADDRESS)
_STRICT = frozenset({"env", "customHeaders", "headers"})
"""The objects whose keys are variables or headers, and whose values may be anything."""
_SHOWN = frozenset({
    "id", "name", "description", "baseUrl", "envKey", "selectedType", "region", "version", "model",
    "selectedAuthType", "theme", "schemaCompliance", "fastModel", "visionModel", "compactionModel",
    "advisorModel", "imageModel", "voiceModel", "exploreModel", "modelFallbacks", "modelName",
    "model_name", "defaultModel", "selectedModel", "currentModel", "provider", "outputLanguage",
})  # fmt: skip
"""The keys whose strings name things: every string is shown that does not look like a key."""
_PLAIN_VARIABLES = frozenset({
    "OPENAI_MODEL", "QWEN_MODEL", "ANTHROPIC_MODEL", "GEMINI_MODEL", "GOOGLE_MODEL",
    "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "no_proxy",
})  # fmt: skip
"""Variables that hold a name or an address: shown in `env` too, if no key is in them."""
_PROSE = frozenset({"systemPrompt", "system_prompt", "customInstructions", "instructions"})
"""The keys whose text is masked in the same way as a comment."""
_NAMES = _SHOWN | _STRICT | _PROSE | {
    "modelProviders", "generationConfig", "samplingParams", "extra_body", "capabilities", "timeout",
    "maxRetries", "contextWindowSize", "temperature", "top_p", "max_tokens", "wireApi", "security",
    "auth", "general", "ui", "tools", "openai", "anthropic", "gemini", "vertex-ai", "$version",
}  # fmt: skip
"""Names that are shown wherever they stand, for example where a comma is missing."""
_MARKS = pattern(r"[^\w\s\"]{1,3}")
_LISTS = frozenset({"efforts"})
"""The arrays whose words are shown; others may be the arguments of a program."""


class Piece(NamedTuple):
    """A part of a text, and its masked form."""

    start: int
    stop: int
    shown: str


class _Context(NamedTuple):
    """The surroundings of a string or a word.

    Attributes:
        key: the key whose value it is; None if that is unclear.
        is_key: it is a key itself.
        in_array: it is an element.
        is_strict: it is below a key that names a credential, variables or headers.
    """

    key: str | None = None
    is_key: bool = False
    in_array: bool = False
    is_strict: bool = False


class _Level(NamedTuple):
    """A container that is open: its sign, the key whose value it is, and whether it is strict."""

    sign: str = "{"
    key: str | None = None
    is_strict: bool = False


class _Containers:
    """The containers that are open at a place in a text."""

    def __init__(self) -> None:
        self._levels = [_Level()]
        self._deeper = 0  # how many more are open than are kept

    @property
    def inner(self) -> _Level:
        """The innermost one."""
        return self._levels[-1]

    def open(self, sign: str, key: str | None, *, is_strict: bool) -> None:
        """Open one as the value of `key`; an array's elements stand under the key of the array."""
        if self._levels[_DEEPEST:]:
            self._deeper += 1
        else:
            key = self.inner.key if self.inner.sign == "[" else key
            self._levels.append(_Level(sign, key, is_strict))

    def close(self) -> None:
        """Close the innermost one, if there is one, whatever its sign."""
        if self._deeper:
            self._deeper -= 1
        elif len(self._levels) > 1:
            self._levels.pop()


class _Tokens:
    """The strings, words and comments of a text. Compact, because there may be millions.

    Args:
        text: the text.
        passes_over: whether whole elements are passed over in front of what is asked for.

    Attributes:
        complete_from: the offset from which on every token is there.
    """

    def __init__(self, text: str, *, passes_over: bool) -> None:
        self.starts, self.stops = array("Q"), array("Q")
        self.contexts: list[_Context] = []
        self.complete_from = 0
        self._alike: dict[_Context, _Context] = {}
        self._passes_over = passes_over
        self._begin = 0
        self._rest = self._read(text)

    def read(self, begin: int, end: int) -> None:
        """Read on from the offset `begin`, until a token begins at `end` or behind it."""
        self._begin = begin
        for start in self._rest:
            if start >= end:
                return

    def _found(self, text: str) -> Iterator[re.Match[str]]:
        """Give each token that is not passed over."""
        at: int | None = 0
        while at is not None:
            start, at = at, None
            for found in _TOKEN.finditer(text, start):
                yield found
                if (
                    self._passes_over
                    and found[0] in _BEFORE_ELEMENTS
                    and self._begin - found.end() > _WORTH_IT
                ):
                    passed = _ELEMENTS.match(text, found.end(), self._begin)
                    if passed is not None and passed.end() > found.end():
                        self.complete_from = at = passed.end() - 1  # the last comma
                        break

    def _read(self, text: str) -> Iterator[int]:
        """Read the text token by token; yield where each begins that is kept."""
        containers = _Containers()
        key: str | None = None  # the key whose value comes next
        before: str | None = "{"  # the sign before, or "key"; None for a value
        for count, found in enumerate(self._found(text)):
            if count == _MOST:
                yield self._add(found.start(), len(text), _Context())
                return
            piece, level = found[0], containers.inner
            if piece.startswith(("//", "/*")):
                yield self._add(*found.span(), _Context())
                continue
            is_strict = level.is_strict or _is_strict(key)
            if piece in ("{", "["):
                containers.open(piece, key, is_strict=is_strict)
            elif piece in ("]", "}"):
                containers.close()
            elif piece not in (",", ":"):
                in_array = level.sign == "["
                is_key = before in ("{", ",") and bool(_COLON.match(text, found.end()))
                is_value = before in ("[", ",") if in_array else before == ":"
                named = (level.key if in_array else key) if is_value else None
                yield self._add(*found.span(), _Context(named, is_key, in_array, is_strict))
                key, before = (_content(piece), "key") if is_key else (None, None)
                continue
            key = key if piece == ":" and before == "key" else None
            before = piece

    def _add(self, start: int, stop: int, context: _Context) -> int:
        self.starts.append(start)
        self.stops.append(stop)
        self.contexts.append(self._alike.setdefault(context, context))
        return start


class Mask:
    """The masked form of one text.

    Args:
        text: the text of a document without a byte-order mark; it need not be valid.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _Tokens(text, passes_over=True)

    def pieces(self, begin: int, end: int, *, comments: bool = False) -> list[Piece]:
        """Return the masked text from `begin` to `end`, in whole tokens.

        Args:
            begin: an offset.
            end: another.
            comments: also show comments, with possible keys in them masked.
        """
        if begin < self._tokens.complete_from:
            self._tokens = _Tokens(self._text, passes_over=False)  # so no text is read three times
        tokens = self._tokens
        tokens.read(begin, end)
        first, behind = bisect_right(tokens.stops, begin), bisect_left(tokens.starts, end)
        done = begin
        pieces = []
        for index in range(first, behind):
            start, stop = tokens.starts[index], tokens.stops[index]
            pieces.append(Piece(done, max(done, start), self._text[done:start]))
            shown = _shown(self._text[start:stop], tokens.contexts[index], comments=comments)
            pieces.append(Piece(start, stop, shown))
            done = stop
        return [*pieces, Piece(done, max(done, end), self._text[done:end])]

    def strings(self) -> Iterator[tuple[int, str | None, str]]:
        """Yield each string that is a value, not empty: its offset, its key, and what it means."""
        tokens = _Tokens(self._text, passes_over=False)
        end = len(self._text)
        tokens.read(end, end)
        for at, context in enumerate(tokens.contexts):
            start = tokens.starts[at]
            token = self._text[start : tokens.stops[at]]
            content = _content(token)
            if content and token.startswith('"') and not context.is_key:
                yield start, context.key, content

    def lines(self, begin: int, end: int) -> list[str]:
        """Return the masked lines of the text from `begin` to `end`, with their comments.

        Args:
            begin: the start of a line.
            end: the end of a line, before its line ending.
        """
        pieces = self.pieces(begin, end, comments=True)
        before = min(piece.start for piece in pieces)
        behind = max(piece.stop for piece in pieces)
        lines = _LINE_BREAK.split("".join(piece.shown for piece in pieces))
        first = len(_LINE_BREAK.findall(self._text, before, begin))  # of a comment that began there
        last = len(lines) - len(_LINE_BREAK.findall(self._text, end, behind))
        return lines[first:last]


def _shown(token: str, context: _Context, *, comments: bool) -> str:
    """Return the masked form of a token."""
    if token.startswith(("//", "/*")):
        if comments:
            return _masked_comment(token)
        return "// …" if token.startswith("//") else "/* … */"
    if "\n" in token or "\r" in token:  # the rest of a text that has too many tokens
        return MASK + ("".join(_LINE_BREAK.findall(token)) if comments else "")
    content, is_string = _content(token), token.startswith('"')
    is_shown = content is not None and (
        not is_credential_as_name(content)
        if context.is_key
        else _may_be_shown(content, context, is_string=is_string)
    )
    if is_shown:
        return token
    return f'"{MASK}"' if is_string else MASK


def _is_strict(key: str | None) -> bool:
    return key is not None and (key in _STRICT or names_a_credential(key))


def _may_be_shown(content: str, context: _Context, *, is_string: bool) -> bool:
    if content in ("true", "false", "null"):
        return True
    if context.key is None:
        return content in _NAMES or (not is_string and _MARKS.fullmatch(content) is not None)
    if is_string and not context.in_array and context.key in _PLAIN_VARIABLES:
        return not is_credential(content, "baseUrl")
    if context.is_strict:
        return is_string and bool(content) and not without_references(content).strip()
    if is_credential(content, context.key):
        return False
    if not is_string and _NUMBER.fullmatch(content):
        return True
    if context.key in _PROSE:
        return masked_words(content) == content
    if context.key == "envKey":
        return names_a_variable(content)
    if context.in_array:
        return context.key in _LISTS and _WORD.fullmatch(content) is not None
    plain = without_references(content)
    return context.key in _SHOWN or not plain or any(form.fullmatch(plain) for form in _HARMLESS)


def _content(token: str) -> str | None:
    """Return the value of a string token, a word as it stands; None if the string is invalid."""
    if "\\" not in token:
        return token.strip(_QUOTES)
    try:
        return str(json.loads(token))
    except ValueError:
        return None


def masked_words(text: str) -> str:
    """Return any text, such as a comment, with possible keys masked; line breaks stay."""
    if is_credential(text):
        return MASK + "".join(_LINE_BREAK.findall(text))
    text = _AFTER_A_NAME.sub(lambda found: "".join(_LINE_BREAK.findall(found[0])) + MASK, text)
    text = _LONG.sub(lambda found: MASK if _is_odd(found[0]) else found[0], text)
    return _KEY_LIKE.sub(MASK, text)


def _is_odd(word: str) -> bool:
    return looks_random(word) or is_a_password(word) or not is_made_of_words(word)


def _masked_comment(text: str) -> str:
    if not is_credential(text):
        return masked_words(text)
    return f"// {MASK}" if text.startswith("//") else f"/* {masked_words(text)} */"
