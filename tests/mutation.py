"""Test whether the tests notice mutants of the core: see CONTRIBUTING.md, "Mutations".

mutmut writes every mutant beside the original. mypy, which checks every change of the project,
refuses some of a sample. All tests run once without a mutant, and note the functions that they
reach. Then a process for each other mutant runs the tests that reach its function, up to the first
that fails or takes far too long.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, redirect_stdout, suppress
from fnmatch import fnmatch
from pathlib import Path
from tempfile import gettempdir
from time import monotonic

import pytest
from mutmut.__main__ import copy_also_copy_files, copy_src_dir, create_mutants
from mutmut.configuration import config
from mutmut.mutation.data import MutantLineSpans
from mutmut.mutation.diff_apply import generated_function_names, get_diff_for_mutant
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

GOAL = 0.95
PATIENCE = 20  # seconds that a test may take beyond ten times its time without a mutant
REACHED = Path("mutants/reached.json").resolve()  # each test's seconds and functions
NOTICING = Path("mutants/noticing.txt").resolve()  # the tests that have failed with a mutant

_LONGER = "#" * 10_000
"""Makes a mutant of another size than its original: mypy takes files of one size for equal."""


class Runs:
    """A plugin of pytest that runs the tests of each mutant instead of all tests once.

    Attributes:
        survivors: the mutants that no test has noticed; None if tests fail without a mutant.
    """

    def __init__(self, mutants: list[str], processes: int, *, reuse: bool) -> None:
        self.survivors: list[str] | None = None
        self._mutants, self._processes, self._reuse = mutants, processes, reuse
        self._reached: dict[str, tuple[float, list[str]]] = {}
        self._broken: list[str] = []
        self._terminal = os.fdopen(os.dup(2), "w", buffering=1)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        if self._reuse and REACHED.exists():
            self._reached = json.loads(REACHED.read_text())
        new = [test for test in self._items if test not in self._reached]
        files = sorted({test.partition("::")[0] for test in new})
        shares = [files[part :: self._processes] for part in range(self._processes)]
        parts = {
            f"tests of part {part}": [each for each in new if each.partition("::")[0] in share]
            for part, share in enumerate(shares)
        }
        failed = self._fail(parts)
        for part in parts:
            self._reached |= json.loads(Path(part).read_text())
        REACHED.write_text(json.dumps(self._reached))
        if any(failed.values()):
            return True
        tests = defaultdict(list)
        for test in sorted(self._items, key=lambda each: self._reached[each][0]):
            for function in self._reached[test][1]:
                tests[function].append(test)
        NOTICING.write_text("")
        noticed = self._fail({each: tests[each.partition("__mut")[0]] for each in self._mutants})
        noticing = {json.loads(line) for line in NOTICING.read_text().splitlines()}
        without = self._fail({"tests that noticed one, without it": sorted(noticing)})
        if not any(without.values()):
            self.survivors = [each for each in self._mutants if not noticed[each]]
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self._is_mutant:
            with NOTICING.open("a") as file:
                file.write(json.dumps(report.nodeid) + "\n")
            os._exit(1)
        if report.failed:
            print(f"  {report.nodeid}\n{report.longreprtext}", file=self._terminal)
            self._broken.append(report.nodeid)

    def _fail(self, tests: dict[str, list[str]]) -> dict[str, bool]:
        """Return, for each name of a mutant, whether one of its tests fails."""
        failed: dict[str, bool] = {}
        running: dict[int, str] = {}
        waiting = list(tests)
        while waiting or running:
            while waiting and len(running) < self._processes:
                name = waiting.pop(0)
                process = os.fork()
                if not process:
                    self._run(name, tests[name])
                running[process] = name
            process, status = os.wait()
            name = running.pop(process)
            failed[name] = status != 0
            shutil.rmtree(_folder(process), ignore_errors=True)
            word = "failed" if status else "passed"
            print(f"{len(failed)}/{len(tests)} {word}: {name}", file=self._terminal)
        return failed

    def _run(self, name: str, tests: list[str]) -> None:
        """Run the tests in this process, and end it: with 0 if all pass."""
        self._is_mutant = name in self._mutants
        set_mutant_under_test(name if self._is_mutant else "stats")
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        folder = _folder(os.getpid())
        folder.mkdir()
        reached = {}
        items = [self._items[test] for test in tests]
        code = 1
        _forget()
        try:
            for item, following in zip(items, [*items[1:], None], strict=False):
                item.config._tmp_path_factory._basetemp = folder
                if self._is_mutant:
                    signal.alarm(PATIENCE + int(10 * self._reached[item.nodeid][0]))
                else:
                    _forget()  # or only the first test would reach cached functions
                started = monotonic()
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if item.nodeid not in self._broken:
                    reached[item.nodeid] = monotonic() - started, sorted(state()._stats)
                state()._stats.clear()
            if not self._is_mutant:
                Path(name).write_text(json.dumps(reached))
            code = 1 if self._broken else 0
        finally:
            os._exit(code)


def _forget() -> None:
    """Empty the caches of functions, which may have been filled during collection."""
    ours = [module for name, module in sys.modules.items() if name.startswith("qwenlock")]
    for each in [value for module in ours for value in vars(module).values()]:
        if hasattr(each, "cache_clear"):
            each.cache_clear()


def _folder(process: int) -> Path:
    """Return the directory for the files of a process's tests, outside any repository."""
    return Path(gettempdir()) / f"mutation-{process}"


def _refused(mutants: dict[str, Path], part: int) -> list[str]:
    """Return the mutants of files at these paths that mypy refuses.

    Args:
        part: a number that this thread alone uses.
    """
    mypy = [sys.executable, "-m", "mypy", "--cache-dir", f"mutants/types{part}"]
    subprocess.run(mypy, check=True, stdout=sys.stderr)
    shadow = Path(f"mutants/shadow{part}.py")
    found = []
    for mutant, path in mutants.items():
        shadow.write_text(_source(mutant, path) + _LONGER)
        command = [*mypy, "--shadow-file", str(Path("compiler", *path.parts[1:])), str(shadow)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            found.append(mutant)
    return found


def _source(mutant: str, path: Path) -> str:
    """Return the text of the file at this path, with this mutant in place of the original."""
    names = generated_function_names(mutant)
    sources = MutantLineSpans.load(path).read_function_sources(names)
    name = orig_function_and_class_names_from_key(mutant)[0].rpartition(".")[-1]
    original, changed = (
        source.replace(f"def {each}(", f"def {name}(")
        for each, source in zip(names, sources, strict=True)
    )
    before, found, after = path.read_text().partition(original)
    return f"{before}{changed}{after}" if found else before


def main() -> int:
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__)
    parser.add_argument("patterns", nargs="*", default=["*"], help="names of mutants, with *")
    parser.add_argument("--sample", type=int, default=100, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another sample")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--reuse", action="store_true", help="run without a mutant only tests that are new"
    )
    wanted = parser.parse_args()
    os.environ["HYPOTHESIS_PROFILE"] = "ci"  # all examples, the same for every mutant

    Path("mutants").mkdir(exist_ok=True)
    with suppress(FileExistsError):
        Path("src").symlink_to("compiler")  # mutmut only knows sources in such a folder
    with redirect_stdout(sys.stderr):
        copy_src_dir()
        copy_also_copy_files()
        create_mutants(wanted.processes)
    mutants = {
        mutant: meta.relative_to("mutants").with_suffix("")
        for meta in Path("mutants/src").rglob("*.meta")
        for mutant in json.loads(meta.read_text())["exit_code_by_key"]
        if any(fnmatch(mutant, pattern) for pattern in wanted.patterns)
    }
    chosen = random.Random(wanted.seed)  # noqa: S311
    sample = chosen.sample(sorted(mutants), min(wanted.sample, len(mutants)))
    parts = range(wanted.processes)
    shares = [{each: mutants[each] for each in sample[part :: len(parts)]} for part in parts]
    with ThreadPoolExecutor() as pool:
        by_types = {each for share in pool.map(_refused, shares, parts) for each in share}
    rest = [each for each in sample if each not in by_types]
    runs = Runs(rest, wanted.processes, reuse=wanted.reuse)
    sys.path.insert(0, str(Path("mutants/src").resolve()))  # processes that tests start, as usual
    selection = config().pytest_add_cli_args_test_selection
    with chdir("mutants"):
        pytest.main(
            ["-q", "-s", "-n0", "--rootdir=.", "-p", "no:cacheprovider", *selection], [runs]
        )
    if runs.survivors is None:
        return 2
    for mutant in runs.survivors:
        print(f"\n{mutant}\n{get_diff_for_mutant(mutant)}")  # noqa: T201
    noticed = len(sample) - len(runs.survivors)
    print(  # noqa: T201
        f"\n{noticed} of {len(sample)} mutants noticed: {noticed / len(sample):.1%},"
        f" {len(by_types)} of them by types"
    )
    return 0 if noticed >= GOAL * len(sample) else 1


if __name__ == "__main__":
    sys.exit(main())
