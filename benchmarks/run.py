"""Measure qwenlock beside what people would use instead: `python benchmarks/run.py`.

Every figure is a ratio of medians of whole processes run in turn in one session, so that it holds
on a slower or busier machine. Prints a Markdown table; exits 1 where a figure is over its limit.

--quick makes fewer rounds, --only GROUP measures one group, --write FILE puts the table into a
page, in place of the one that stands there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Bench, Figure, fastest
from platformdirs import user_cache_path
from projects import BIN, PRE_COMMIT, PYPROJECT, QWENLOCK, monorepo, project, with_plan
from typist import Editor

from qwenlock.text.edit import edit
from qwenlock.text.operations import Set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATH = os.environ["PATH"].split(os.pathsep)
PASS = [sys.executable, "-c", "pass"]
SCRIPTS = Path(__file__).parent / "instead"
LIMITS = {"lock": 8, "lint": 9, "show": 9}
"""The most that a command may take afresh, in starts of Python; 20 where none is given."""


def unchanged(bench: Bench, work: Path) -> Iterator[Figure]:
    """What is remembered of a project that has not changed, and the start-up that `run` adds."""
    project(work)
    (work / ".pre-commit-config.yaml").write_text(PRE_COMMIT, encoding="utf-8")
    uv = [str(BIN / "uv"), "lock"]
    (work / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    subprocess.run(uv, cwd=work, capture_output=True, check=True)
    schema = work / "schema.json"
    schema.write_text('{"type": "object"}', encoding="utf-8")
    bench.run([QWENLOCK, "lock"], work)
    schema_check = [str(BIN / "check-jsonschema"), "--schemafile", str(schema)]
    medians = bench.side_by_side(
        {
            "check": [QWENLOCK, "check"],
            "pass": PASS,
            "pre-commit": [str(BIN / "pre-commit"), "validate-config"],
            "check-jsonschema": [*schema_check, ".qwen/settings.json"],
            "uv": [*uv, "--check", "--python", sys.executable],
            "run": [QWENLOCK, "run", "--", "true"],
            "true": ["true"],
            "lint": [QWENLOCK, "lint"],
            "show": [QWENLOCK, "show"],
        },
        work,
    )
    check, alone = medians["check"], medians["pass"]
    yield Figure("`check`, remembered ÷ `python -c pass`", check / alone, 1.5)
    for name in ("lint", "show"):
        yield Figure(f"`{name}`, remembered ÷ `python -c pass`", medians[name] / alone, 1.5)
    added = medians["run"] - medians["true"]
    yield Figure("what `run -- true` adds to `true` ÷ `python -c pass`", added / alone, 2)
    yield Figure("`check` ÷ `pre-commit validate-config`", check / medians["pre-commit"], 0.15)
    other = medians["check-jsonschema"]
    yield Figure("`check` ÷ `check-jsonschema`", check / other, 0.1)
    yield Figure("`check` ÷ `uv lock --check`", check / medians["uv"], 1.5)


def typical(bench: Bench, work: Path) -> Iterator[Figure]:
    """What compiles or judges a typical project from its files."""
    with_plan(work, 8)
    bench.run([QWENLOCK, "lock"], work)
    medians = bench.side_by_side(
        {
            "pass": PASS,
            "lock": [QWENLOCK, "lock", "--output", "out.lock"],
            "upgrade --check": [QWENLOCK, "upgrade", "--check"],
            "migrate --check": [QWENLOCK, "migrate", "--check"],
            "check, from its stamp": [QWENLOCK, "--debug", "check"],  # an option that is not
            "lint": [QWENLOCK, "--debug", "lint"],  # remembered, and changes nothing else
            "show": [QWENLOCK, "--debug", "show"],
        },
        work,
        before=_another_lock(work),
    )
    alone = medians.pop("pass")
    for name, seconds in medians.items():
        yield Figure(f"`{name}` ÷ `python -c pass`", seconds / alone, LIMITS.get(name, 20))


def _another_lock(*projects: Path) -> Callable[[], None]:
    """Return what puts another lock in `out.lock`: `lock` replaces it, and leaves an equal one."""
    locks = {root / "out.lock": _changed(root) for root in projects}

    def put() -> None:
        for path, text in locks.items():
            path.write_text(text, encoding="utf-8")

    return put


def _changed(root: Path) -> str:
    """Return the text of a project's lock with one change."""
    text = (root / "qwen.lock").read_text(encoding="utf-8")
    return text.replace("timeout = 60000", "timeout = 60001", 1)


def large(bench: Bench, work: Path) -> Iterator[Figure]:
    """Catalogues of 1,000 to 20,000 models."""
    growth = {}
    for count in (1_000, 10_000, 20_000):
        root = work / str(count)
        file = project(root, count)
        one = work / f"one-beside-{count}"
        project(one, 1)
        text = file.read_text(encoding="utf-8")
        loading = fastest(lambda text=text: json.loads(text))
        for directory in (root, one):
            bench.run([QWENLOCK, "lock"], directory)
        commands = {
            "lock": [QWENLOCK, "lock", "--output", "out.lock"],
            "check": [QWENLOCK, "--debug", "check"],
            "lock of one": [QWENLOCK, "lock", str(one), "--output", str(one / "out.lock")],
            "check of one": [QWENLOCK, "--debug", "check", str(one)],
        }
        before = _another_lock(root, one)
        rounds = max(3, bench.rounds // 3)
        medians = bench.side_by_side(commands, root, before=before, rounds=rounds)
        over = medians["lock"] - medians["lock of one"]
        growth[count] = over / count
        if count != 10_000:
            continue
        yield Figure("`lock` of 10,000 models, less that of one ÷ `json.loads`", over / loading, 10)
        over = medians["check"] - medians["check of one"]
        what = "`check` of 10,000 models, from its stamp, less that of one ÷ `json.loads`"
        yield Figure(what, over / loading, 3)
        before()
        over = bench.memory(commands["lock"], root) - bench.memory(commands["lock of one"], root)
        memory = over / (file.stat().st_size / 1024**2)
        yield Figure("`lock` of 10,000 models, memory above start-up ÷ the file", memory, 10)
        yield _difference(bench, root, one)
    per_model = growth[20_000] / growth[1_000]
    yield Figure("`lock`, time a model at 20,000 ÷ at 1,000", per_model, 1.5)


def _difference(bench: Bench, root: Path, one: Path) -> Figure:
    text = (root / "qwen.lock").read_text(encoding="utf-8")
    loading = 2 * fastest(lambda: tomllib.loads(text), rounds=3)
    commands = {}
    for name, folder in (("many", root), ("one", one)):
        files = [str(folder / each) for each in ("qwen.lock", "changed.lock")]
        Path(files[1]).write_text(_changed(folder), encoding="utf-8")
        commands[name] = [QWENLOCK, "--debug", "diff", *files]
    medians = bench.side_by_side(commands, root, rounds=3)
    found = medians["many"] - medians["one"]
    what = "`diff` of two locks of 10,000 models, less that of one ÷ `tomllib.loads` of both"
    return Figure(what, found / loading, 1.5)


def many(bench: Bench, work: Path) -> Iterator[Figure]:
    """A monorepo of 2,000 projects."""
    count = 2_000
    monorepo(work, count)
    recursive = [QWENLOCK, "check", "--recursive", "."]
    bench.run(recursive, work)
    one_core = {"one core": ["taskset", "-c", "0", *recursive]} if shutil.which("taskset") else {}
    medians = bench.side_by_side(
        {"all": recursive, "one": [QWENLOCK, "check", "group-0/project-0"], **one_core},
        work,
        rounds=3,
    )
    each = (medians["all"] - medians["one"]) / count * 1000
    yield Figure(f"`check --recursive` of {count:,} unchanged projects, each", each, 1, " ms")
    if one_core:
        ratio = medians["all"] / medians["one core"]
        yield Figure(f"the same on {os.cpu_count()} cores ÷ on one", ratio, 1)
    cache = Path(bench.environment["HOME"]) / ".cache"
    cold = bench.side_by_side(
        {"cold": recursive}, work, rounds=1, before=lambda: shutil.rmtree(cache)
    )
    each = (cold["cold"] - medians["one"]) / count * 1000
    yield Figure("the same on a machine that has not seen them, each", each, 1, " ms")


def editing(bench: Bench, work: Path) -> Iterator[Figure]:
    """An upgrade of a settings file of 5 MB, and a thousand edits."""
    files = {name: with_plan(work / name, count) for name, count in (("5 MB", 7_000), ("few", 8))}
    original = {file: file.read_bytes() for file in files.values()}

    def restore() -> None:
        for file, data in original.items():
            file.write_bytes(data)

    medians = bench.side_by_side(
        {
            "5 MB": [QWENLOCK, "upgrade", "5 MB", "--yes"],
            "few": [QWENLOCK, "upgrade", "few", "--yes"],
            "judging": [QWENLOCK, "upgrade", "5 MB", "--check"],
            "reading": [QWENLOCK, "lock", "5 MB", "--check"],
        },
        work,
        before=restore,
        rounds=max(3, bench.rounds // 3),
    )
    ratio = medians["5 MB"] / medians["reading"]
    yield Figure("`upgrade` of 5 MB ÷ `lock --check`, which reads and compiles it", ratio, 3)
    ratio = medians["5 MB"] / medians["judging"]
    yield Figure("`upgrade` of 5 MB ÷ `upgrade --check`, which writes nothing", ratio)
    text = original[files["5 MB"]].decode()
    over = medians["5 MB"] - medians["few"]
    ratio = over / fastest(lambda: json.loads(text))
    yield Figure("`upgrade` of 5 MB, less that of a small file ÷ `json.loads`", ratio)
    one = [Set(("modelProviders", "openai", 20, "name"), "new")]
    thousand = [Set(("modelProviders", "openai", 20 + n, "name"), "new") for n in range(1_000)]
    ratio = fastest(lambda: edit(text, thousand)) / fastest(lambda: edit(text, one))
    yield Figure("1,000 edits of 5 MB ÷ one edit", ratio, 2)


def instead(bench: Bench, work: Path) -> Iterator[Figure]:
    """The same work with what people would use instead."""
    file = with_plan(work, 8)
    original = file.read_bytes()
    commands = {"upgrade": [QWENLOCK, "upgrade", "--yes"], "check": [QWENLOCK, "check"]}
    models = work / "models.json"
    shown = [QWENLOCK, "template", "show", "0.23.3", "--plan", "coding-plan", "--region", "china"]
    models.write_bytes(subprocess.run(shown, capture_output=True, check=True).stdout)
    bench.run([QWENLOCK, "lock"], work)
    bench.run([QWENLOCK, "check"], work)
    if shutil.which("jq"):
        commands["a jq script"] = [str(SCRIPTS / "upgrade.sh"), str(file), str(models)]
    if shutil.which("npm"):
        install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(work)]
        subprocess.run([*install, "comment-json@4"], capture_output=True, check=True)
        shutil.copy(SCRIPTS / "upgrade.mjs", work)
        commands["a Node script"] = ["node", "upgrade.mjs", str(file), str(models)]
    client = _client()
    if client is not None:
        commands["client"] = [str(client), "mcp", "list"]
    medians = bench.side_by_side(commands, work, before=lambda: file.write_bytes(original) and None)
    upgrade = medians["upgrade"]
    for name in ("a jq script", "a Node script"):
        if name in medians:
            what = f"`upgrade` ÷ {name} that replaces the models"
            yield Figure(what, upgrade / medians[name])
    if "client" in medians:
        ratio = medians["check"] / medians["client"]
        yield Figure("`check` ÷ `qwen mcp list`, the client's own loading", ratio)


def _client() -> Path | None:
    """Return the newest client that the tests have installed."""
    folder = user_cache_path("qwenlock") / "test-clients" / "0.24.4"
    command = folder / "node_modules" / ".bin" / "qwen"
    return command if command.exists() else None


def typing(bench: Bench, work: Path) -> Iterator[Figure]:
    """What an editor waits for, from a change of the text to what is said about it."""
    for count, most in ((1_000, 300), (10_000, None)):
        editor = Editor(project(work / str(count), count), bench.environment)
        seconds = [editor.seconds_after_typing() for _ in range(max(3, bench.rounds // 3))]
        editor.close()
        what = f"`server`, findings in {count:,} models after a change, with its pause of 100 ms"
        yield Figure(what, statistics.median(seconds) * 1000, most, " ms")


GROUPS = (unchanged, typical, large, many, editing, instead, typing)
_TABLE = re.compile(r"<!-- figures -->\n.*?<!-- end -->", re.DOTALL)


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table, below what they were measured with."""
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    lines = [
        f"Measured on {time.strftime('%Y-%m-%d')}: {machine}.\n",
        "| figure | measured | at most |",
        "| --- | --- | --- |",
    ]
    for each in figures:
        limit = "" if each.limit is None else f"{each.limit:g}{each.unit}"
        lines.append(f"| {each.what} | {each.measured:.2f}{each.unit} | {limit} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the table; return 1 where a figure is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--only", choices=[each.__name__ for each in GROUPS], help="one group")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into a page")
    asked = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            "PATH": os.pathsep.join(each for each in PATH if Path(each) != BIN),
            "HOME": f"{directory}/home",
            "EXAMPLE_API_KEY": "any",
        }
        bench = Bench(environment, 5 if asked.quick else 21)
        for group in GROUPS:
            if asked.only in (None, group.__name__):
                work = Path(directory, group.__name__)
                work.mkdir()
                figures += group(bench, work)
    text = table(figures)
    print(text)
    if asked.write:
        page = asked.write.read_text(encoding="utf-8")
        marked = f"<!-- figures -->\n{text}<!-- end -->"
        asked.write.write_text(_TABLE.sub(lambda _: marked, page), encoding="utf-8")
    return int(any(figure.is_over for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
