"""Eight writers at once on the same files, as processes of the installed command.

Every write keeps in the history the file that it found, and the digest of the file that it left.
The test looks for an order of the writes in which each found what the one before left.
`--writers-seconds 60` lets them write for longer.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from qwenlock.edge.history_records import _decode
from qwenlock.findings.reading import parse
from qwenlock.lock import text

KEY = "sk-planted-4f1d9c"
SETTINGS = """{
  // mine
  "$version": 3,
  "modelProviders": {"openai": [%s]},
  "security": {"auth": {"selectedType": "openai"}},
  "model": {"name": "m0"},
  "env": {"KEY": "sk-planted-4f1d9c"}
}
""" % ", ".join(f'{{"id": "m{number}", "envKey": "KEY"}}' for number in range(8))  # noqa: UP031
COMMANDS = [
    *(f"select m{number} --yes" for number in range(8)),
    "upgrade --region china --yes",
    "upgrade --region global --yes --lock",
    "migrate --env-secrets --yes",
    *["undo --yes"] * 4,
    "lock",
]


def run(root: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("qwenlock"), *command.split()],
        cwd=root / "project",
        env={"PATH": os.environ["PATH"], "HOME": str(root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def writing(root: Path, seed: int, end: float) -> Counter[str]:
    """Run commands until `end`, and count the outcomes."""
    choose = random.Random(seed)  # noqa: S311
    outcomes: Counter[str] = Counter()
    while time.monotonic() < end:
        command = choose.choice(COMMANDS)
        done = run(root, command)
        assert done.returncode in {0, 4}, (command, done)
        assert KEY not in done.stdout + done.stderr
        changed = "undid `" in done.stderr or "undo` reverts it" in done.stderr
        assert not (changed and done.returncode), (command, done)
        changed = changed or "what it saved is kept in" in done.stderr
        outcomes["changed" if changed else f"exit {done.returncode}"] += 1
    return outcomes


def digest(content: bytes | None) -> str | None:
    return None if content is None else f"sha256:{sha256(content).hexdigest()}"


@pytest.mark.slow
def test_some_order_explains_what_eight_writers_leave(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    folder = tmp_path / ".qwen"
    folder.mkdir()
    (tmp_path / "project").mkdir()
    files = [folder / "settings.json", folder / ".env"]
    files[0].write_text(SETTINGS)
    now: dict[str, str | None] = {str(files[0]): digest(SETTINGS.encode())}
    end = time.monotonic() + pytestconfig.getoption("--writers-seconds")
    with ThreadPoolExecutor(8) as pool:
        outcomes = sum(pool.map(lambda seed: writing(tmp_path, seed, end), range(8)), Counter())
    sys.stdout.write(f"{dict(outcomes)}\n")

    backups = sorted((tmp_path / ".local" / "state" / "qwenlock" / "backups").iterdir())
    records = {each: json.loads(each.read_bytes()) for each in backups}
    changes = [each for each in records.values() if each["reason"] != "lock"]  # no old lock
    assert len(changes) == outcomes["changed"] > 0
    for record, document in records.items():
        for file in document["files"]:
            if file["path"] not in map(str, files):
                continue
            assert now.get(file["path"]) == digest(_decode(file["before"])), record.name
            now[file["path"]] = file["after"]
    for path in files:
        assert now.get(str(path)) == digest(path.read_bytes() if path.exists() else None)
    kept = files[0].read_text(encoding="utf-8")
    value: Any = parse(kept, "settings.json").value
    own = [each["id"] for each in value["modelProviders"]["openai"] if each["envKey"] == "KEY"]
    assert own == [f"m{number}" for number in range(8)]
    assert "// mine" in kept
    assert KEY in kept + (files[1].read_text() if files[1].exists() else "")
    locked = tmp_path / "project" / "qwen.lock"
    if locked.exists():
        text.load(locked.read_text(encoding="utf-8"), "qwen.lock")
    assert list(tmp_path.rglob("*.qwenlock-*")) == []
