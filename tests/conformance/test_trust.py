"""Folder trust: whether a project's settings count with a list of trusted folders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.behaviours import KEYS
from conformance.clients import OLD
from qwenlock.clients.profile import profile
from qwenlock.edge.trust import trust
from qwenlock.enforce.agreement import parse

if TYPE_CHECKING:
    from conformance.run import Client, Machine
    from conformance.server import Server

pytestmark = pytest.mark.slow  # it starts real clients


@pytest.mark.parametrize(
    "rules",
    [{}, {"{project}": "TRUST_FOLDER"}, {"{project}/below": "TRUST_PARENT"},
     {"{project}": "DO_NOT_TRUST"}, {"{root}": "DO_NOT_TRUST", "{project}": "TRUST_FOLDER"}],
)  # fmt: skip
def test_settings_count_where_the_list_trusts_the_folder(
    rules: dict[str, str],
    client: Client,
    machine: Machine,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def models(name: str) -> dict[str, object]:
        entry = {"id": name, "envKey": "A_KEY", "baseUrl": f"{server.url}/v1"}
        return {"$version": 4, "modelProviders": {"openai": [entry]}}

    security = {"auth": {"selectedType": "openai"}, "folderTrust": {"enabled": True}}
    machine.write("user", {**models("of-the-user"), "security": security})
    machine.write("project", models("of-the-project"))
    named = {
        path.format(root=machine.root, project=machine.project): level
        for path, level in rules.items()
    }
    listed = machine.home / ".qwen" / "trustedFolders.json"
    if "{project}/below" in rules:  # from 0.21.2 on, another file; which earlier ones do not read
        listed = machine.home / "list.json"
        set_there = f"QWEN_CODE_TRUSTED_FOLDERS_PATH={listed}\n"
        (machine.home / ".qwen" / ".env").write_text(set_there)
    listed.write_text(json.dumps(named))
    monkeypatch.setenv("HOME", str(machine.home))
    monkeypatch.delenv("QWEN_CODE_TRUSTED_FOLDERS_PATH", raising=False)

    said = trust(machine.project, profile(client.release)).trusted
    counts = client.release == OLD if said is None else said
    offered = [parse(each.model_id, {}) for each in machine.ask(client, KEYS).offered]
    ids = {each.id for each in offered if each and each.auth_type == "openai"}
    assert ids == {"of-the-project" if counts else "of-the-user"}
