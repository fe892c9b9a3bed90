"""A finding explained: the page of its code, in Markdown, for terminals and the documentation."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Literal

from qwenlock.findings.rules import RULES
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.findings.rules import Rule

HUNDREDS = {
    "1": "Files and syntax",
    "2": "Providers and models",
    "3": "Merging and scopes",
    "4": "Credentials",
    "5": "Plans",
    "6": "Selection and resolution",
}
"""What the codes of each hundred are about."""

_LANGUAGES = {".json": "json", ".lock": "toml", ".toml": "toml", ".env": "ini"}


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says besides its rule; `lint/pages` has a file for each code.

    Attributes:
        what: more about what the client does, as Markdown.
        fix: what to do, as Markdown.
        before: files, by name, that cause the finding; None if no text can.
        after: the files that the fix changes, as they are afterwards.
        at: the file, line and column (from 1) where it is reported; empty if there is no one place.
        command: the command that reports it.
        given: the command to run before that.
        directory: where to run it.
        repair: whether `lint --fix` repairs the example, or only `--unsafe-fixes`, or neither.
        ignorable: whether `lint` can ignore it.
        lockable: whether `lock` works all the same, although the finding is an error.
    """

    what: str
    fix: str
    before: Mapping[str, str] | None = None
    after: Mapping[str, str] | None = None
    at: str = ""
    command: str = "qwenlock lint"
    given: str = ""
    directory: str = "a project"
    repair: Literal["", "safe", "unsafe"] = ""
    ignorable: bool = True
    lockable: bool = False


def as_markdown(code: str, page: Page) -> str:
    """Return the whole page of a code."""
    rule = RULES[code]
    paragraphs = [
        f"# {code}: {rule.title}",
        f"**{rule.severity}**{_REPAIRS[page.repair]}",
        _wrapped(rule.reason),
        *_by_release(rule),
        page.what.strip(),
    ]
    if page.before:
        paragraphs += ["## Example", *_files(page.before), _wrapped(_reported(page))]
    paragraphs += ["## What to do", page.fix.strip()]
    if page.after:
        paragraphs += _files(page.after)
    paragraphs += ["## Ignoring it", _wrapped(_ignoring(code, page))]
    return "\n\n".join(paragraphs) + "\n"


def _by_release(rule: Rule) -> list[str]:
    """Return what releases do differently, as one list."""
    lines = [
        textwrap.fill(
            f"- **{each.release} and later**: {each.text}",
            100,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for each in rule.releases
    ]
    return ["\n".join(lines)] if lines else []


_REPAIRS = {
    "": "",
    "safe": " · repaired by `qwenlock lint --fix`",
    "unsafe": " · repaired by `qwenlock lint --fix --unsafe-fixes`",
}


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def _files(files: Mapping[str, str]) -> list[str]:
    return [f"`{name}`:\n\n```{_language(name)}\n{text}```" for name, text in files.items()]


def _language(name: str) -> str:
    return next(language for end, language in _LANGUAGES.items() if name.endswith(end))


def _reported(page: Page) -> str:
    given = f"after `{page.given}`, " if page.given else ""
    place = f", at `{page.at}`" if page.at else ""
    return f"In {page.directory}, {given}`{page.command}` reports it{place}."


def _ignoring(code: str, page: Page) -> str:
    if not page.ignorable:
        return "You cannot ignore it: qwenlock cannot compile a file that it cannot read."
    everywhere = f"`qwenlock lint --ignore {code}`"
    if ".json:" not in page.at or code == "QL115":  # a comment does not ignore itself
        return f"For one run: {everywhere}."
    text = (
        f"In one place: write `// qwenlock: ignore[{code}]` at the end of the line, or alone on "
        f"the line above. For one run: {everywhere}."
    )
    if RULES[code].severity == "error" and not page.lockable:
        text += " `qwenlock lock` still fails on it."
    return text
