"""The projects that are measured: made up, typical in shape, of any size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
QWENLOCK = str(BIN / "qwenlock")
TYPICAL = 10
"""How many models a typical project has."""

PRE_COMMIT = """\
repos:
  - repo: local
    hooks:
      - {id: qwenlock, name: qwenlock, entry: qwenlock check, language: system}
"""

PYPROJECT = """\
[project]
name = "typical"
version = "1"
requires-python = ">=3.11"
dependencies = ["jinja2", "pydantic", "rich", "typer", "pre-commit", "pytest", "requests"]
"""


def model(number: int) -> dict[str, Any]:
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


def settings(models: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return settings with a catalogue, its first model selected."""
    return {
        "$version": 3,
        "modelProviders": {"openai": models},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": models[0]["id"]},
        **more,
    }


def project(root: Path, count: int = TYPICAL) -> Path:
    """Make a project whose settings declare `count` models; return its settings file."""
    return _write(root, settings([model(number) for number in range(count)]))


def with_plan(root: Path, count: int, version: str = "0.12.0", region: str = "china") -> Path:
    """Make a project with an installed plan and `count` models of one's own."""
    shown = subprocess.run(
        [QWENLOCK, "template", "show", version, "--region", region],
        capture_output=True,
        check=True,
    )
    models = json.loads(shown.stdout)
    listed = subprocess.run(
        [QWENLOCK, "template", "verify", "--format", "json"], capture_output=True, check=True
    )
    (digest,) = (
        each["digest"].removeprefix("sha256:")
        for each in json.loads(listed.stdout)["templates"]
        if (each["version"], each["region"]) == (version, region)
    )
    models += [model(number) for number in range(count)]
    return _write(root, settings(models, codingPlan={"version": digest, "region": region}))


def _write(root: Path, content: dict[str, Any]) -> Path:
    file = root / ".qwen" / "settings.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return file


def monorepo(root: Path, count: int) -> None:
    """Make `count` projects with up-to-date locks."""
    for number in range(count):
        project(root / f"group-{number // 50}" / f"project-{number}")
    first = root / "group-0" / "project-0"
    subprocess.run([QWENLOCK, "lock", str(first)], capture_output=True, check=True)
    lock = (first / "qwen.lock").read_bytes()
    for number in range(1, count):
        (root / f"group-{number // 50}" / f"project-{number}" / "qwen.lock").write_bytes(lock)
