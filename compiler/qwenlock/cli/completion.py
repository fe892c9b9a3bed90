"""What the shell completes: models, codes, plans, versions, regions, migrations.

If a project cannot be read, it prints nothing, because a message would disturb the command line.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from io import StringIO
from typing import TYPE_CHECKING

from qwenlock.findings.errors import QwenlockError
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qwenlock.plans.plan import Plan

_PLAIN = pattern(r"(?!-)[\w.:/@+,=-]+")
_BREAKS = frozenset(":=@")
"""Where bash takes words apart."""


@contextmanager
def whole_words() -> Iterator[None]:
    """Let bash complete words such as `qwen2.5:7b` and `--plan=ID`, which it splits into parts.

    bash replaces only the last part, so only that is printed.
    """
    words = os.environ.get("COMP_WORDS", "").split("\n")
    at = os.environ.get("COMP_CWORD", "")
    given = words[: int(at) + 1] if at.isdecimal() else []
    whole: list[str] = []
    for before, word in zip(["", *given], given, strict=False):
        if len(whole) > 1 and word and (_is_break(before) or _is_break(word)):
            whole[-1] += word
        else:
            whole.append(word)
    if len(whole) == len(given):
        yield
        return
    value = whole[-1].partition("=")[2] if whole[-1].startswith("-") else whole[-1]
    known = max(value.rfind(each) for each in _BREAKS) + 1
    os.environ |= {"COMP_WORDS": "\n".join(whole), "COMP_CWORD": str(len(whole) - 1)}
    found = StringIO()
    try:
        with redirect_stdout(found):
            yield
    finally:
        lines = found.getvalue().splitlines(keepends=True)
        sys.stdout.write("".join(line[known:] for line in lines))
        sys.stdout.flush()  # the process ends without that


def _is_break(word: str) -> bool:
    return bool(word) and _BREAKS.issuperset(word)


def codes(incomplete: str) -> list[str]:
    """Return the codes of findings that begin with `incomplete`."""
    from qwenlock.findings.rules import RULES

    return _beginning(incomplete, RULES)


def plans(incomplete: str) -> list[str]:
    """Return the plans that begin with `incomplete`."""
    return _beginning(incomplete, (plan.id for plan in _known()))


def regions(incomplete: str) -> list[str]:
    """Return the regions of plans that begin with `incomplete`."""
    return _beginning(incomplete, (region for plan in _known() for region in plan.regions))


def versions(incomplete: str) -> list[str]:
    """Return the versions of templates that begin with `incomplete`."""
    found = (str(template.version) for plan in _known() for template in plan.templates)
    return _beginning(incomplete, found)


def migrations(incomplete: str) -> list[str]:
    """Return the groups of migrations that begin with `incomplete`."""
    from qwenlock.settings.script_files import load
    from qwenlock.settings.shipped import folder

    return _beginning(incomplete, (script.name for script in load(folder("migrations"))))


def offered_models(incomplete: str) -> list[str]:
    """Return the models that can be selected here and begin with `incomplete`."""
    return _beginning(incomplete, _offered())


def locked_models(incomplete: str) -> list[str]:
    """Return the models of the lock here that begin with `incomplete`."""
    return _beginning(incomplete, _locked())


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    """Return the names that begin with `incomplete`, without those that a shell would evaluate.

    The names come from the repository, and zsh evaluates what it completes.
    """
    plain = (name for name in dict.fromkeys(names) if _PLAIN.fullmatch(name))
    return [name for name in plain if name.startswith(incomplete)]


def _known() -> Iterator[Plan]:
    from qwenlock.edge.plans import load

    with suppress(QwenlockError, OSError):
        yield from load()


def _offered() -> Iterator[str]:
    from qwenlock.change.select import offered
    from qwenlock.cli.options import project_directory
    from qwenlock.edge.places import Flags
    from qwenlock.edge.project import read

    with suppress(QwenlockError, OSError):
        yield from (each.model for each in offered(read(project_directory(None), Flags())))


def _locked() -> Iterator[str]:
    from qwenlock.cli.options import project_directory
    from qwenlock.edge.enforcement import trusted_lock

    with suppress(QwenlockError, OSError):
        yield from (each.id for each in trusted_lock(project_directory(None)).models)
