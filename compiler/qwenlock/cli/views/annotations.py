"""Findings as annotations for code review: on GitHub, on GitLab, and as SARIF 2.1.0.

They are made from the JSON form of findings, which a remembered `check` has too. Paths are relative
to the root of the repository. A finding about a file outside it, such as a user's settings, is
reported at the project's lock, with its place in the message. No line of a file is shown.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.cli.console import emit_raw
from qwenlock.findings.bounded import MOST, MOST_IN_REVIEW, bounded
from qwenlock.findings.rules import RULES, Rule
from qwenlock.lock import NAME
from qwenlock.text.foreign import as_uri, clean, in_command, in_property, json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_GITHUB_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
_GITLAB_LEVELS = {"error": "major", "warning": "minor", "note": "info"}
_STATUS = {
    "drift": Rule(
        "error",
        "lock differs from its settings",
        "The settings have changed since the lock was written, so a run gets different models.",
    ),
    "missing": Rule(
        "error", "no lock", "Without qwen.lock, nobody can review which models a run gets."
    ),
    "invalid": Rule("error", "cannot be compiled", "An input of the project is invalid."),
}
_MOST_LINES = 50
_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


class Annotation(NamedTuple):
    """A message at one place of the repository.

    Attributes:
        rule: the code of a finding, or the status of a project.
        level: error, warning or note.
        message: what is wrong, and the fix.
        file: the path relative to the root of the repository, with `/`.
        line: from 1; None for the file as a whole.
        column: from 1, in code points.
    """

    rule: str
    level: str
    message: str
    file: str
    line: int | None = None
    column: int | None = None

    @property
    def code(self) -> str:
        """Return what annotations of one kind share."""
        return self.rule


def of_findings(findings: Iterable[dict[str, Any]], project: Path) -> Iterator[Annotation]:
    """Yield an annotation for each of `findings`.

    Args:
        findings: as `report.findings_as_json` returns them.
        project: the directory of the project.
    """
    root = _root()
    for finding in findings:
        message = clean(finding["message"])
        if finding["fix"]:
            message += f"\nhelp: {clean(finding['fix'])}"
        label, line, column = finding["file"], finding["line"], finding["column"]
        inside = None if label is None else _inside(root, Path(label))
        if inside is not None:
            yield Annotation(finding["code"], finding["severity"], message, inside, line, column)
        else:
            where = "" if label is None else f"{clean(label)}:{line}:{column}: "
            yield Annotation(
                finding["code"], finding["severity"], where + message, _lock_of(project, root)
            )


def of_status(status: str, message: str, project: Path) -> Annotation:
    """Return an annotation for a project as a whole, such as `drift`."""
    lines = [clean(line) for line in message.split("\n")]
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [f"… and {len(lines) - _MOST_LINES} lines more"]
    return Annotation(status, "error", "\n".join(lines), _lock_of(project, _root()))


def emit_annotations(annotations: Sequence[Annotation], format: str) -> None:  # noqa: A002
    """Print annotations on stdout, as `github`, `gitlab` or `sarif`."""
    shown = _bounded(annotations, MOST if format == "github" else MOST_IN_REVIEW)
    if format == "github":
        emit_raw(as_github(shown))
        return
    emit_raw(json_text(as_gitlab(shown) if format == "gitlab" else as_sarif(shown)))


def _bounded(annotations: Iterable[Annotation], most: int) -> list[Annotation]:
    """Return some of many annotations with the same code, and how many more there are."""
    shown, rest = bounded(annotations, most)
    return [*shown, *(Annotation(each.code, "note", str(each), NAME) for each in rest)]


def as_github(annotations: Iterable[Annotation]) -> str:
    """Return annotations as workflow commands of GitHub Actions, one per line."""
    return "".join(f"{_command(each)}\n" for each in annotations)


def _command(annotation: Annotation) -> str:
    properties = {
        "file": annotation.file,
        "line": annotation.line,
        "col": annotation.column,
        "title": annotation.rule,
    }
    said = ",".join(
        f"{name}={in_property(str(value))}"
        for name, value in properties.items()
        if value is not None
    )
    return f"::{_GITHUB_LEVELS[annotation.level]} {said}::{in_command(annotation.message)}"


def as_gitlab(annotations: Sequence[Annotation]) -> list[dict[str, Any]]:
    """Return annotations as a report of GitLab's Code Quality."""
    return [
        {
            "check_name": each.rule,
            "description": each.message,
            "severity": _GITLAB_LEVELS[each.level],
            "fingerprint": fingerprint,
            "location": {"path": clean(each.file), "lines": {"begin": each.line or 1}},
        }
        for each, fingerprint in zip(annotations, _fingerprints(annotations), strict=True)
    ]


def as_sarif(annotations: Sequence[Annotation]) -> dict[str, Any]:
    """Return annotations as a log of SARIF 2.1.0 (OASIS), with the rules that they name."""
    from qwenlock import __version__

    rules = list(dict.fromkeys(each.rule for each in annotations))
    driver = {
        "name": "qwenlock",
        "semanticVersion": __version__,
        "rules": [_descriptor(rule) for rule in rules],
    }
    root = {"description": {"text": "The root of the repository."}}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": root},
        "results": list(_results(annotations, rules)),
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _descriptor(name: str) -> dict[str, Any]:
    rule = _STATUS.get(name) or RULES[name]
    more = f" Run `qwenlock explain {name}` for more." if name in RULES else ""
    return {
        "id": name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.reason},
        "help": {"text": f"{rule.reason}{more}"},
        "defaultConfiguration": {"level": rule.severity},
    }


def _results(annotations: Sequence[Annotation], rules: list[str]) -> Iterator[dict[str, Any]]:
    index = {rule: at for at, rule in enumerate(rules)}
    for each, fingerprint in zip(annotations, _fingerprints(annotations), strict=True):
        location: dict[str, Any] = {
            "artifactLocation": {"uri": as_uri(each.file), "uriBaseId": "%SRCROOT%"}
        }
        if each.line is not None:
            location["region"] = {"startLine": each.line, "startColumn": each.column}
        yield {
            "ruleId": each.rule,
            "ruleIndex": index[each.rule],
            "level": each.level,
            "message": {"text": each.message},
            "locations": [{"physicalLocation": location}],
            "partialFingerprints": {"finding/v1": fingerprint},
        }


def _fingerprints(annotations: Iterable[Annotation]) -> Iterator[str]:
    """Yield a fingerprint for each annotation that stays the same when its line number changes."""
    from qwenlock.text.sha256 import sha256

    seen: dict[str, int] = {}
    for each in annotations:
        said = re.sub(r":\d+:\d+\b|\bline \d+", "", each.message.partition("\n")[0])
        alike = f"{each.rule}\n{each.file}\n{said}"
        seen[alike] = seen.get(alike, 0) + 1
        text = f"{alike}\n{seen[alike]}"
        yield sha256(text.encode(errors="backslashreplace")).hex()[:32]


def _lock_of(project: Path, root: Path) -> str:
    return _inside(root, project / NAME) or NAME


def _inside(root: Path, path: Path) -> str | None:
    """Return a path relative to the root of the repository, or None if it is outside."""
    absolute = Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else None


def _root() -> Path:
    """Return the root of the repository, or the working directory outside a repository."""
    here = Path.cwd()
    given = os.environ.get("GITHUB_WORKSPACE")
    if given and here.is_relative_to(given):
        return Path(given)
    return next((each for each in (here, *here.parents) if (each / ".git").exists()), here)
