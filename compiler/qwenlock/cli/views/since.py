"""What has changed in many projects since a commit: as text, JSON and Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.change.lost_edits import lost_edits
from qwenlock.cli.console import emit_json, emit_raw, emit_words, say
from qwenlock.cli.findings import changes_as_json
from qwenlock.cli.views.differences import all_changes_as_text, as_markdown
from qwenlock.findings.reading import decode
from qwenlock.lock.diff import diff
from qwenlock.lock.groups import grouped, notable
from qwenlock.lock.text import load
from qwenlock.text.foreign import clean, code, prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.lock.diff import LockChange
    from qwenlock.plans.collection import Plans

_MOST_NAMED = 12


class SinceCommit:
    """The differences of projects since a commit.

    Attributes:
        commit: the commit, as the user named it.
        unread: the projects with a lock that cannot be read, here or in the commit.
    """

    def __init__(self, commit: str, plans: Plans) -> None:
        """Take the commit, and the plans whose edited models are recognised."""
        self.commit, self._plans = commit, plans
        self.unread: list[str] = []
        self._lost: dict[str, list[str]] = {}
        self._changes: dict[str, list[LockChange]] = {}
        self._new: list[str] = []
        self._gone: list[str] = []

    @property
    def differs(self) -> bool:
        """Whether any project differs."""
        return bool(self._changes or self._new or self._gone)

    def add(self, project: str, before: bytes | None, after: bytes | None) -> None:
        """Compare the lock of a project.

        Raises:
            InputError: one of them is not a lock, or a template cannot be used.
        """
        if before is None or after is None:
            if before is not after:
                (self._new if before is None else self._gone).append(project)
            return
        if before == after:
            return
        label = f"{project}/qwen.lock"
        there = f"{label} at {self.commit}"
        old, new = load(decode(before, there), there), load(decode(after, label), label)
        changes = diff(old, new)
        if changes:
            self._changes[project] = changes
            for words in lost_edits(old, new, self._plans):
                self._lost.setdefault(words, []).append(project)

    def show(self, format: str) -> None:  # noqa: A002
        """Print the differences as `text`, `json` or `markdown`."""
        if format == "json":
            self._show_json()
        elif format == "markdown":
            emit_raw("\n".join(self._markdown()))
        else:
            self._show_text()

    def _first(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield what a reviewer must see, and where."""
        yield from self._lost.items()
        for projects, changes in grouped(self._changes):
            for words in dict.fromkeys(notable(changes)):
                yield words, projects
        for project in self._gone:
            yield "the lock is gone", (project,)

    def _show_json(self) -> None:
        groups = [
            {"projects": list(projects), "changes": changes_as_json(changes)}
            for projects, changes in grouped(self._changes)
        ]
        first = [{"message": words, "projects": list(where)} for words, where in self._first()]
        emit_json(
            {
                "commit": self.commit,
                "first": first,
                "new": self._new,
                "gone": self._gone,
                "unread": self.unread,
                "groups": groups,
            }
        )

    def _show_text(self) -> None:
        for words, projects in self._first():
            say(f"look at this first: {clean(words)} ({clean(_named(projects))})")
        for project in self._new:
            emit_words(f"{clean(project)}: new")
        for project in self._gone:
            emit_words(f"{clean(project)}: gone")
        for projects, changes in grouped(self._changes):
            emit_words(f"{clean(_named(projects))}:")
            for line in all_changes_as_text(changes):
                emit_words(f"  {line}")

    def _markdown(self) -> Iterator[str]:
        if not self.differs and not self.unread:
            yield "No differences.\n"
            return
        first = [f"- {prose(words)} in {_code(where)}" for words, where in self._first()]
        if first:
            yield "**Look at this first:**\n\n" + "\n".join(first) + "\n"
        for title, names in (
            ("Locks that cannot be read", self.unread),
            ("New locks", self._new),
            ("Locks that are gone", self._gone),
        ):
            if names:
                yield f"**{title}:** {_code(names)}\n"
        for projects, changes in grouped(self._changes):
            count = f"{len(projects)} projects: " if projects[1:] else ""
            yield f"### {count}{_code(projects)}\n\n{as_markdown(changes)}"


def _named(projects: Sequence[str]) -> str:
    rest = len(projects) - _MOST_NAMED
    return ", ".join(projects[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _code(projects: Sequence[str]) -> str:
    return ", ".join(map(code, projects))
