"""Names of variables on Windows, which compares them without case; it is simulated."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qwenlock.edge.environment import with_variables
from qwenlock.lint.variables import missing, unset
from qwenlock.settings.project import Project
from qwenlock.settings.variables import AnyCase, EnvFile
from qwenlock.text.record import replace
from support import locked, models, source

if TYPE_CHECKING:
    import pytest

FILE = EnvFile(Path(".env"), ".env", "project", "my_key=of-file\nMY_KEY=second\nOther=of-file\n")
SETTINGS = models({"id": "a", "envKey": "My_Key", "baseUrl": "https://a.example/v1"}) | {
    "model": {"name": "a"}
}


def project(environment: dict[str, str]) -> Project:
    in_settings = source(SETTINGS | {"env": {"OTHER": "of-settings", "third": "of-settings"}})
    return Project(sources=(in_settings,), environment=environment, env_files=(FILE,))


def test_names_that_differ_in_case_are_the_same_variable() -> None:
    here = project(AnyCase({"PATH": "x"}))
    lock = locked(source(SETTINGS))
    assert here.values()["My_Key"] == here.values().get("MY_key") == "of-file"
    assert here.values().get("unset", "none") == "none"
    assert (here.values()["other"], here.values()["Third"]) == ("of-file", "of-settings")
    assert [each.value for each in here.definitions("oTHER")] == ["of-file", "of-settings"]
    assert "Path" in here.variables()
    assert missing(lock, here) == []
    assert [each.name for each in missing(lock, project({}))] == ["My_Key"]
    assert "Path" not in project({"PATH": "x"}).variables()


def test_a_finding_shows_the_line_of_a_name_in_another_case() -> None:
    file = replace(FILE, text="Other=x\nmy_key=\n")
    here = replace(project(AnyCase({})), env_files=(file,))
    (finding,) = unset(locked(source(SETTINGS)), here)
    assert finding.message == "My_Key is empty in .env; used by openai/a"
    assert finding.place is not None
    assert finding.place.position().line == 2


def test_the_environment_wins_in_any_case() -> None:
    assert project(AnyCase({"my_KEY": "set"})).values()["My_Key"] == "set"


def test_only_windows_ignores_case(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {"HOME": str(tmp_path), "A_KEY": "x"})
    assert "a_key" not in with_variables(Project()).variables()
    monkeypatch.setattr(sys, "platform", "win32")
    assert "a_key" in with_variables(Project()).variables()
