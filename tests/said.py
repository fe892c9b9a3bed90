"""All texts of errors, findings and changes in the tests: tests/data/said.txt.

A test often asserts only the few words that matter to it. The page shows every change of the
other words, and somebody can read it for its English. Properties are left out, since their inputs
change from run to run, and so are golden cases, which hold all output already. `--update-golden`
adds new texts to the page. To remove texts that no test brings about any more, delete the page and
update it with all tests. With `-p no:said` nothing is compared: another Python or library may use
other words.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from qwenlock import __version__
from qwenlock.findings.errors import QwenlockError
from qwenlock.findings.file_changes import ProjectChange
from qwenlock.findings.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

PAGE = Path(__file__).parent / "data" / "said.txt"
ROOT = Path(__file__).parent.parent
LEFT_OUT = ("test_golden.py", "test_credential_forms.py")  # the latter tests long tables
_OF_PYTHON = re.compile(r"((?:Syntax|ModuleNotFound)Error|not valid TOML|cannot be read): .*")
_CHANGE = "change: "
_NUMBER = re.compile(r"\b\d+(?:\.\d+)*(?:\.post\d+)?\b")
_COUNTED = re.compile(
    r"(?<=127\.0\.0\.1:)\d+|(?<=/test/)\d+(?=/)|(?<=unknown-)\d+|(?<=unknown-field-)\d+"
    r"|-(?:[0-9a-f]{16}|[0-9a-f]{8}(?=\.json))\b"
)


class Said:
    """A plugin that compares the texts of each test with the page.

    Args:
        update: whether what is new is added to the page instead.
    """

    def __init__(self, *, update: bool) -> None:
        self._update = update
        self._known = set(_read())
        self._new: set[str] = set()
        self._heard: list[str] = []
        Finding("QL101", ""), ProjectChange()  # a record makes its __init__ when it is needed
        self._listen(QwenlockError, lambda each: [_text(type(each).__name__, each)])
        self._listen(Finding, _of_finding)
        self._listen(ProjectChange, _of_change)

    def _listen(self, kind: Any, said: Callable[[Any], list[str]]) -> None:
        made = kind.__init__

        def heard(each: Any, *args: Any, **options: Any) -> None:
            made(each, *args, **options)
            self._heard.extend(said(each))

        kind.__init__ = heard

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Function) -> Generator[None, object, object]:
        self._heard.clear()
        result = yield
        if not (
            hasattr(item.obj, "hypothesis")
            or item.get_closest_marker("slow")
            or item.path.name in LEFT_OUT
        ):
            new = {_line(each, item.funcargs.get("tmp_path")) for each in self._heard}
            self._new |= new - self._known
            if not self._update and not new <= self._known:
                said = "\n".join(sorted(new - self._known))
                pytest.fail(
                    f"tests/data/said.txt does not have this; if it is right, run pytest with "
                    f"--update-golden:\n{said}",
                    pytrace=False,
                )
        return result

    def pytest_sessionfinish(self) -> None:
        if self._update and self._new:
            with FileLock(Path(gettempdir()) / "said.lock"):  # each worker writes its own texts
                text = "\n".join(sorted(self._new.union(_read())))
                PAGE.write_text(text + "\n", encoding="utf-8")


def _read() -> list[str]:
    return PAGE.read_text(encoding="utf-8").split("\n")[:-1] if PAGE.exists() else []


def _of_finding(finding: Finding) -> list[str]:
    repair = [f"repair: {finding.repair}"] if finding.repair else []
    related = [f"related: {each.message}" for each in finding.related]
    return [_text(finding.code, finding), _place(finding), *repair, *related]


def _place(finding: Finding) -> str:
    """Return the severity of a finding, what its place is like, and how safe its repair is."""
    place = finding.place
    where = "at a line" if place else "without a place"
    if place and place.at is None:
        top, *below = [str(each) for each in place.path] or ["whole file"]
        path = ".".join([top if below or not place.path else "*", *("*" for _ in below)])
        where = f"at the {'key' if place.on_key else 'value'} {path}"
    safe = finding.repair and ("safely" if finding.repair.safe else "unsafely")
    return f"{finding.code}, {finding.level} {where}" + (f", repaired {safe}" if safe else "")


def _of_change(change: ProjectChange) -> list[str]:
    """Return the sentences of a change, without lists of models and of edits."""
    said = [*change.reasons, *change.warnings, *change.summary]
    is_list = ("  ", "your edit is ")
    return [f"{_CHANGE}{each}" for each in said if not each.startswith(is_list)]


def _text(kind: str, said: QwenlockError | Finding) -> str:
    return f"{kind}: {said.message}" + (f" → {said.fix}" if said.fix else "")


def _line(text: str, folder: object) -> str:
    """Return a line of the page, without what differs between runs and machines."""
    if isinstance(folder, Path):
        text = text.replace(str(folder.resolve()), "/test").replace(str(folder), "/test")
    for own, name in ((sys.executable, "python"), (str(ROOT), "/here"), (__version__, "VERSION")):
        text = text.replace(own, name)
    if text.startswith(_CHANGE):
        text = _NUMBER.sub("N", text)  # of models and of versions of plans: both will change
    text = _COUNTED.sub("N", _OF_PYTHON.sub(r"\1: …", text))
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
