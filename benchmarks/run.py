"""Measure qwenlock beside what people would use instead: `python benchmarks/run.py`.

Every figure is a ratio of medians of whole processes run in turn in one session, so that it holds
on a slower or busier machine. Prints a Markdown table; `--quick` makes fewer rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

BIN = Path(sys.executable).parent


class Sample(NamedTuple):
    """One finished process: wall time in seconds, peak memory in MiB."""

    seconds: float
    memory: float


class Figure(NamedTuple):
    """What was compared, the ratio that was measured, and the most it may be."""

    what: str
    measured: float
    limit: float
    unit: str = "×"


def run(command: list[str], cwd: Path, environment: dict[str, str]) -> Sample:
    """Run a command to its end, which must be a success."""
    begin = time.perf_counter()
    null = os.open(os.devnull, os.O_RDWR)
    pid = os.fork()
    if pid == 0:
        os.chdir(cwd)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.execve(command[0], command, environment)
    os.close(null)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Sample(time.perf_counter() - begin, usage.ru_maxrss / 1024)


def side_by_side(
    commands: dict[str, list[str]], cwd: Path, environment: dict[str, str], rounds: int
) -> dict[str, Sample]:
    """Run the commands in turn, `rounds` times after one warm-up; return their medians."""
    samples: dict[str, list[Sample]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            sample = run(command, cwd, environment)
            if number:
                samples[name].append(sample)
    return {
        name: Sample(
            statistics.median(each.seconds for each in found), max(each.memory for each in found)
        )
        for name, found in samples.items()
    }


def model(number: int) -> dict[str, object]:
    """Return a typical model entry."""
    return {
        "id": f"model-{number}",
        "name": f"Model number {number}",
        "baseUrl": "https://api.example.com/v1",
        "envKey": "EXAMPLE_API_KEY",
        "description": "A model like many others",
        "capabilities": {"vision": True},
        "generationConfig": {
            "timeout": 60000,
            "maxRetries": 3,
            "contextWindowSize": 128000,
            "customHeaders": {"X-Team": "models"},
            "extra_body": {"enable_thinking": True},
            "samplingParams": {"temperature": 0.2, "top_p": 0.8, "max_tokens": 4096},
        },
    }


def project(root: Path, count: int) -> Path:
    """Make a project whose settings declare `count` models; return its settings file."""
    settings = root / ".qwen" / "settings.json"
    settings.parent.mkdir(parents=True)
    content = {
        "$version": 4,
        "modelProviders": {"openai": [model(number) for number in range(count)]},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": "model-0"},
    }
    settings.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return settings


def check_figures(work: Path, environment: dict[str, str], rounds: int) -> list[Figure]:
    """Compare `qwenlock check` of an unchanged project with other tools' checks."""
    root = work / "typical"
    project(root, 10)
    (root / ".pre-commit-config.yaml").write_text(PRE_COMMIT, encoding="utf-8")
    schema = root / "schema.json"
    schema.write_text('{"type": "object"}', encoding="utf-8")
    qwenlock = str(BIN / "qwenlock")
    run([qwenlock, "lock"], root, environment)
    medians = side_by_side(
        {
            "check": [qwenlock, "check"],
            "pass": [sys.executable, "-c", "pass"],
            "pre-commit": [str(BIN / "pre-commit"), "validate-config"],
            "check-jsonschema": [
                str(BIN / "check-jsonschema"),
                "--schemafile",
                str(schema),
                ".qwen/settings.json",
            ],
        },
        root,
        environment,
        rounds,
    )
    check = medians["check"].seconds
    return [
        Figure("check ÷ `python -c pass`", check / medians["pass"].seconds, 8),
        Figure("check ÷ `pre-commit validate-config`", check / medians["pre-commit"].seconds, 0.5),
        Figure("check ÷ `check-jsonschema`", check / medians["check-jsonschema"].seconds, 1 / 3),
    ]


def lock_figures(work: Path, environment: dict[str, str], rounds: int) -> list[Figure]:
    """Compare `qwenlock lock` of large catalogues with `json.loads` of the same file."""
    figures = []
    per_model = {}
    for count in (1_000, 10_000, 100_000):
        root = work / f"models-{count}"
        settings = project(root, count)
        text = settings.read_text(encoding="utf-8")
        begin = time.perf_counter()
        json.loads(text)
        loading = time.perf_counter() - begin
        qwenlock = str(BIN / "qwenlock")
        medians = side_by_side(
            {
                "lock": [qwenlock, "lock", "--output", "out.lock"],
                "start": [qwenlock, "schema", "settings"],
            },
            root,
            environment,
            max(1, rounds // 3) if count < 100_000 else 1,
        )
        working = medians["lock"].seconds - medians["start"].seconds
        per_model[count] = working / count
        if count == 10_000:
            what = "lock of 10,000 models, less start-up ÷ `json.loads`"
            figures.append(Figure(what, working / loading, 15))
            what = "lock of 10,000 models, peak memory"
            figures.append(Figure(what, medians["lock"].memory, 300, " MiB"))
    growth = per_model[100_000] / per_model[1_000]
    figures.append(Figure("lock, time a model at 100,000 ÷ at 1,000", growth, 1.5))
    return figures


PRE_COMMIT = """\
repos:
  - repo: local
    hooks:
      - {id: qwenlock, name: qwenlock, entry: qwenlock check, language: system}
"""


def main() -> int:
    """Print the table; return 1 where a figure is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 5 if parser.parse_args().quick else 21
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        environment = {"PATH": f"{BIN}:{os.defpath}", "HOME": str(work / "home")}
        figures = check_figures(work, environment, rounds) + lock_figures(work, environment, rounds)
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}"
    )
    print("\n| figure | measured | limit |\n| --- | --- | --- |")
    for figure in figures:
        unit = figure.unit
        print(f"| {figure.what} | {figure.measured:.2f}{unit} | {figure.limit:.2f}{unit} |")
    return int(any(figure.measured > figure.limit for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
