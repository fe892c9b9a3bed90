"""Safe repairs: real clients offer, select and send the same before and after `lint --fix`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.behaviours import KEYS, Bench
from qwenlock.clients.profile import profile
from qwenlock.findings.reading import parse
from qwenlock.lint.fix import fix
from qwenlock.lint.subject import Subject
from qwenlock.settings.project import Project
from qwenlock.settings.versions import source_of

if TYPE_CHECKING:
    from conformance.run import Client, Machine
    from conformance.server import Server

pytestmark = pytest.mark.slow  # it starts real clients

SETTINGS = """{
  "$version": 4, // qwenlock: ignore[QL203]
  "model": { "name": "b" },
  "modelProviders": {
    "qwen-oauth": [{ "id": "mine", "envKey": "A_KEY", "baseUrl": "URL/v1" }],
    "openai": [{ "id": "gone", "envKey": "A_KEY", "baseUrl": "URL/v1" }],
    "openai": [
      { "id": "a", "envKey": "A_KEY", "baseUrl": "URL/v1" },
      { "id": "b", "envKey": "A_KEY", "baseUrl": "URL/v1" },
      { "id": "a", "envKey": "A_KEY", "baseUrl": "URL/v1", "name": "again" }
    ],
    "anthropic": [
      {
        "id": "c",
        "envKey": "A_KEY",
        "baseUrl": "URL",
        "generationConfig": { "extra_body": { "x": 1 }, "timeout": 5000 }
      }
    ]
  },
  "model": { "name": "NAME" },
  "security": { "auth": { "selectedType": "TYPE", "apiKey": "" } }
}
"""


def test_a_client_does_the_same_after_safe_fixes(
    client: Client, machine: Machine, server: Server
) -> None:
    bench = Bench(client, machine, server)
    for selected, name in (("openai", "a"), ("anthropic", "c")):
        text = SETTINGS.replace("URL", server.url).replace("NAME", name).replace("TYPE", selected)
        sources = (source_of("user", parse(text, "user")),)
        subject = Subject(Project(sources=sources, client=profile(client.release)))
        fixed = fix(subject, lambda _: True)
        codes = {finding.code for finding in fixed.findings}
        assert codes == {"QL115", "QL116", "QL203", "QL209", "QL214", "QL403"}
        did = []
        for each in (text, fixed.subject.sources[0].document.original):
            machine.write("user", each)
            server.requests.clear()
            request = bench.request()
            assert request is not None
            assert request.body["model"] == name
            did.append((machine.ask(client, KEYS), request.path, sorted(request.body)))
        assert did[0] == did[1]
