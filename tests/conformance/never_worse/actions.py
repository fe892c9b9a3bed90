"""Run commands on a setup, and compare the client's first request before and after.

Every command that a help line advises for the setup is run as well.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.never_worse.bench import LONGEST, Bench, Seen, is_read
from conformance.never_worse.setups import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.never_worse.commands import Done
    from conformance.never_worse.wire import Sent

LOCK, RUN, EXPORT = "lock", "run", "export"
CHANGES = {
    "migrate": ("migrate", "--yes"),
    "upgrade": ("upgrade", "--keep-selection", "--yes"),
    "select": ("select",),
    "lint --fix": ("lint", "--fix", "--yes"),
    "init": ("init", "--yes"),
}
"""The commands that write settings, by their name in the table."""
ACTIONS = (RUN, EXPORT, *CHANGES)

ASKED_FOR = frozenset({"merge", "uninstall"})
"""Commands that no message advises: one removes models, and git runs the other."""

READING = frozenset(
    {"check", "diff", "doctor", "explain", "export", "history", "lint", "report", "resolve",
     "schema", "server", "show", "status", "template", "undo"}
)  # fmt: skip
"""Commands that write no settings in the form that is advised; `undo` restores older ones."""

SELECTS, _SENDS = "selects: ", "sends: "
SAME, REFUSED, NOTHING = "same", "refuses", "nothing to do"
_REFUSALS = (1, 2, 3, 4)
"""The exit codes of a refusal, see `docs/reference/exit-codes.md`."""
_HELP: dict[str, str] = {}
_ADVICE = re.compile(r"`qwenlock ([^`]+)`")


class Outcome(NamedTuple):
    """The outcome of an action.

    Attributes:
        word: `same`, `refuses` or `nothing to do`; else what the client does now.
        is_worse: whether the client does something else than before.
    """

    word: str
    is_worse: bool = False

    @property
    def selected(self) -> str | None:
        """Return the model that is sent now, if another request was sent before."""
        return self.word.split("`")[1] if self.word.startswith(_SENDS) else None


_ADVISED_AND_REFUSED = Outcome("is advised, and refuses", is_worse=True)


class Row(NamedTuple):
    """A setup on a release: what the client does with it, and the outcome of each action."""

    before: Seen
    outcomes: dict[str, Outcome]


def row(bench: Bench) -> Row:
    """Run all actions on a setup."""
    return _Trial(bench).row()


class _Trial:
    def __init__(self, bench: Bench) -> None:
        self.bench, self.before = bench, bench.prompted()
        self.outcomes: dict[str, Outcome] = {}
        self.advised: dict[str, None] = {}

    def row(self) -> Row:
        self.bench.renew()
        for options in ((), ("--env",)):
            self.read_advice(self.bench.qwenlock("lint", *options))
        self.lock_and_run()
        for name, command in CHANGES.items():
            given = self.selected() if name == "select" else ()
            if given is None:
                self.outcomes[name] = Outcome(NOTHING)
            else:
                self.outcomes[name] = self.changed(*command, *given)
        self.follow_advice()
        return Row(self.before, self.outcomes)

    def follow_advice(self) -> None:
        """Run the commands that help lines advised; such a command must not refuse."""
        done = {_said(command): name for name, command in CHANGES.items()}
        for name in (done[advice] for advice in self.advised if advice in done):
            if self.outcomes[name].word == REFUSED:
                self.outcomes[name] = _ADVISED_AND_REFUSED
        followed = {*done, LOCK}
        while left := [advice for advice in self.advised if advice not in followed]:
            followed.add(left[0])
            outcome = self.advice_followed(left[0])
            is_refused = outcome.word == REFUSED
            self.outcomes[f"qwenlock {left[0]}"] = _ADVISED_AND_REFUSED if is_refused else outcome

    def lock_and_run(self) -> None:
        """Lock, run, and export; if the lock is refused, nothing can be run or exported."""
        bench = self.bench
        bench.renew()
        options = bench.setup.lock
        locked = self.done(LOCK, *options)
        if locked is not None:
            self.outcomes[RUN] = self.outcomes[EXPORT] = locked
            self.read_advice(bench.qwenlock("check"))
            return
        exported = bench.qwenlock("export")
        self.read_advice(bench.qwenlock("check"))
        self.outcomes[RUN] = self.run()
        bench.renew()
        if exported.code:
            self.outcomes[EXPORT] = Outcome(REFUSED)
            return
        bench.machine.write("system", _settings(exported))
        self.outcomes[EXPORT] = self.compared(bench.prompted())

    def done(self, *arguments: str) -> Outcome | None:
        """Run a command that may refuse; return None if it did not."""
        files = self.bench.files()
        done = self.bench.qwenlock(*arguments)
        if not done.code:
            return None
        if done.code not in _REFUSALS:
            return Outcome(f"ends with exit code {done.code}", is_worse=True)
        self.read_advice(done)
        after = self.bench.files()
        if after == files:
            return Outcome(REFUSED)
        return None if arguments[0] == "lint" else Outcome("refuses, and writes", is_worse=True)

    def run(self, *options: str) -> Outcome:
        seen = self.bench.run(*options)
        if isinstance(seen, Seen):
            return self.compared(seen)
        self.read_advice(seen)
        return Outcome(REFUSED)

    def changed(self, *arguments: str) -> Outcome:
        """Run a command that writes, then the client; then `run`, if there is a lock now."""
        bench = self.bench
        bench.renew()
        files = bench.files()
        refused = self.done(*self.confirmed(arguments))
        if refused is not None:
            return refused
        after = bench.files()
        if after == files:
            return Outcome(NOTHING)
        outcomes = []
        if _read(after) != _read(files):
            outcomes.append(self.compared(bench.prompted()))
            bench.restore(after)
        if _locks(after) != _locks(files):
            outcomes.append(self.enforced())
        worse = [each for each in outcomes if each.is_worse]
        return next(iter([*worse, *outcomes]), Outcome(SAME))

    def enforced(self) -> Outcome:
        """Compare what the client does under a lock that a command has written."""
        exported = self.bench.qwenlock("export")
        seen = None if exported.code else self.bench.known(_settings(exported))
        return self.compared(seen) if seen else self.run()

    def confirmed(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        if {"--yes", "-y"} & set(arguments):
            return arguments
        return (*arguments, "--yes") if self.takes(arguments[0], "--yes") else arguments

    def takes(self, command: str, option: str) -> bool:
        if command not in _HELP:
            _HELP[command] = self.bench.qwenlock(command, "--help").output
        return option in _HELP[command]

    def advice_followed(self, advice: str) -> Outcome:
        arguments = tuple(shlex.split(advice))
        if arguments[0] == RUN:
            self.bench.renew()
            locked = self.done(LOCK)
            options, _, _ = " ".join(arguments[1:]).partition("--")
            return locked or self.run(*options.split())
        outcome = self.changed(*arguments)
        if arguments[0] == "select" and outcome.selected == arguments[1]:
            # Its purpose is to change what is selected, and it shows the change first.
            return Outcome(f"{SELECTS}{outcome.word.removeprefix(_SENDS)}")
        return outcome

    def read_advice(self, done: Done) -> None:
        for advice in _ADVICE.findall(done.output):
            said = _said(shlex.split(advice))
            command = said.split()[0]
            if "…" not in said and "--help" not in said and command not in READING:
                self.advised.setdefault(said)

    def selected(self) -> tuple[str, ...] | None:
        """Return the arguments with which `select` selects the current model; None without one."""
        found: dict[str, Any] = {}
        for scope in ("user", "project"):
            file = self.bench.machine.files[scope]
            if file.exists():
                value = value_of(file.read_text("utf-8"))
                auth = value.get("security", {}).get("auth", {})
                found |= {"type": auth["selectedType"]} if "selectedType" in auth else {}
                model = value.get("model")
                found |= model if isinstance(model, dict) else {}
        if "name" not in found or "type" not in found:
            return None
        arguments = [found["name"], "--auth-type", found["type"]]
        if "baseUrl" in found and self.takes("select", "--base-url"):
            arguments += ["--base-url", found["baseUrl"]]
        return tuple(arguments)

    def compared(self, seen: Seen) -> Outcome:
        """Compare what the client does with what it did before."""
        was, now = self.before.sent, seen.sent
        if was is None and now is None:
            if self.before.ending == seen.ending:
                return Outcome(SAME)
            return Outcome(f"ends with: {seen.ending}", is_worse=True)
        if now is None:
            return Outcome(f"sends nothing: {seen.ending}", is_worse=True)
        if was is None:
            return Outcome(f"now: {label(seen, self.bench.setup.keys())}")
        if (was.url, was.model, was.key, was.api) != (now.url, now.model, now.key, now.api):
            return Outcome(f"{_SENDS}{label(seen, self.bench.setup.keys())}", is_worse=True)
        changed = _changed_options(was, now)
        return Outcome(f"other options: {changed}", is_worse=True) if changed else Outcome(SAME)


def label(seen: Seen, keys: dict[str, str]) -> str:
    """Return in plain words what the client did; `keys` are the names of the setup's keys."""
    sent = seen.sent
    if sent is None:
        is_whole = len(seen.ending) < LONGEST
        return f"sends nothing, and says: {seen.ending}{'' if is_whole else '…'}"
    key = f"the key “{keys.get(sent.key, sent.key)}”" if sent.key else "no key"
    api = f", in the format “{sent.api}”" if sent.api != "chat completions" else ""
    return f"`{sent.model}` at `{sent.url}` with {key}{api}"


def _settings(exported: Done) -> str:
    """Return the exported settings; messages come before them in the output."""
    return exported.output[exported.output.index("{\n") :]


def _said(arguments: Iterable[str]) -> str:
    """Return a command line without the options that answer its question."""
    return shlex.join(each for each in arguments if each not in ("--yes", "-y"))


def _read(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: text for name, text in files.items() if is_read(name)}


def _locks(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: text for name, text in files.items() if name.endswith("qwen.lock")}


def _changed_options(was: Sent, now: Sent) -> str:
    before, after = json.loads(was.options), json.loads(now.options)
    return ", ".join(
        sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    )
