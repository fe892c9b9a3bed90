"""Rules about the files themselves (1xx), besides those that reading them reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.findings.finding import Finding, Related
from qwenlock.findings.repair import Repair
from qwenlock.settings.scopes import PROVIDERS
from qwenlock.settings.values import VERSION
from qwenlock.settings.versions import needed
from qwenlock.text.credentials import shown
from qwenlock.text.document import Place
from qwenlock.text.operations import Deduplicate, Move, get
from qwenlock.text.similar import nearest
from qwenlock.text.values import duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.lint.subject import Subject
    from qwenlock.text.operations import Path

_KEYS: dict[Path, tuple[str, ...]] = {
    (): ("modelProviders", "security"),
    ("security", "auth"): ("selectedType",),
    ("model",): ("generationConfig",),
}
"""The keys that choose models and are long enough to be misspelt, by the object they are in."""
_NEARLY = 0.85
_LATER = 5  # a settings version that documentation had once, and no release writes
_MIGRATE = "run `qwenlock migrate --only settings-version`, and commit it"


def local_settings(subject: Subject) -> Iterator[Finding]:
    """Report files of local settings, which no release reads."""
    for label in subject.world.unread:
        fix = "move what you need from it into settings.json"
        yield Finding("QL124", f"Qwen Code does not read {label}", None, fix)


def rewritten(subject: Subject) -> Iterator[Finding]:
    """Report settings of the project that git tracks and that the client rewrites when it starts.

    If it changes more than the settings version, compiling reports that (QL106).
    """
    source = subject.project.source("project")
    if source is None or not subject.world.tracked.get(source.document.label):
        return
    if not subject.client.is_release or any(each.path != VERSION for each in source.operations):
        return
    if source.document.value.get(*VERSION) == _LATER and not subject.client.knows("0.21"):
        return  # it leaves a version above its own
    if needed(source.document.value, subject.client.settings_version):
        version = subject.client.settings_version
        message = f"the client will write settings version {version} into this file"
        yield Finding("QL125", message, source.document.place(()), _MIGRATE)


def misspelt_keys(subject: Subject) -> Iterator[Finding]:
    """Report keys that are nearly one of those that choose models."""
    for source in subject.sources:
        document = source.document
        for at, known in _KEYS.items():
            members = get(document.value, at)
            for name in members if isinstance(members, dict) else ():
                near = nearest(name, known, _NEARLY) if name not in known else None
                if near is None:
                    continue
                move = Repair((Move((*at, name), (*at, near)),), safe=False)
                yield Finding(
                    "QL118",
                    f'"{shown(name)}" is not a key that Qwen Code reads',
                    document.place((*at, name), on_key=True),
                    f'did you mean "{near}"?',
                    repair=move if near not in members else None,
                )


def duplicate_keys(subject: Subject) -> Iterator[Finding]:
    """Report keys that appear twice in one object: the last one counts.

    Removing the others is safe if the keys keep their order, or outside of modelProviders, where
    the order does not matter.
    """
    for source in subject.sources:
        document = source.document
        for path, keeps_order in duplicates(document.text):
            *earlier, last = document.locator.keys(path)
            times = f" ({len(earlier) + 1} times)" if len(earlier) > 1 else ""
            message = f'"{shown(str(path[-1]))}" appears again on line {last.line}{times}, and '
            repair = Repair((Deduplicate(path),), safe=keeps_order or path[:1] != PROVIDERS)
            yield Finding(
                "QL116",
                f"{message}the last one counts",
                Place(document, at=earlier[0]),
                "keep one of them",
                repair=repair,
                related=(Related(Place(document, at=last), "the last one, which counts"),),
            )
