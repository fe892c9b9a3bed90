"""Fuzz with atheris: `PYTHONPATH=tests python -m fuzz --seconds 60 settings`.

The inputs start from the golden cases, and are varied to reach new branches of qwenlock. An input
that breaks a promise is written to a file, which is named. `python -m fuzz settings FILE` runs it
again.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["qwenlock", "tomllib", "dotenv"]):
    import qwenlock

    for each in pkgutil.walk_packages(qwenlock.__path__, "qwenlock."):
        if not each.name.endswith("__main__"):
            importlib.import_module(each.name)
    from fuzz.grammar import seeds, words
    from fuzz.targets import TARGETS, feed, world_in


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="how long; default: 60")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("file", nargs="*", help="inputs to run, instead of making some")
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="qwenlock-fuzz-"))
    corpus = root / "corpus"
    corpus.mkdir()
    for number, data in enumerate(seeds(given.target)):
        (corpus / str(number)).write_bytes(data)
    dictionary = root / "dictionary"
    entries = {word.encode("utf-8", "surrogatepass") for word in words(given.target)} - {b""}
    dictionary.write_text(
        "\n".join(map(_entry, sorted(each for each in entries if len(each) < 64)))
    )
    flags = [
        f"-max_total_time={given.seconds}",
        f"-dict={dictionary}",
        f"-artifact_prefix={root}/",
        "-timeout=0",  # the targets have a watchdog of their own, on the same signal
        "-rss_limit_mb=2048",
        "-max_len=10000",
        "-print_final_stats=1",
    ]
    with world_in(root / "world") as world:
        atheris.Setup(
            ["fuzz", *flags, *(given.file or [str(corpus)])],
            lambda data: feed(given.target, world, data),
        )
        atheris.Fuzz()


def _entry(data: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


main()
