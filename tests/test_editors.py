"""The schema in an editor: set up by docs/how-to/editors.md, and read by VS Code's service."""

from __future__ import annotations

import fnmatch
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from conformance.clients import package
from pages import ROOT, blocks
from qwenlock.clients.fields import GENERATION_FIELDS, MODEL_FIELDS, SAMPLING_FIELDS
from qwenlock.clients.profile import GUIDE, NEWEST, profile
from qwenlock.clients.schema import settings_schema
from qwenlock.edge.plans import load

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.slow  # npm installs what VS Code uses, and node runs it

PAGE = (ROOT / "docs" / "how-to" / "editors.md").read_text(encoding="utf-8")
FILES = {block.title: block.body for block in blocks(PAGE) if block.title}
SETTINGS = ".qwen/settings.json"
SERVICE = ("vscode-json-languageservice", "5.7.2")


def ask(*texts: str, client: str = GUIDE, path: str = SETTINGS) -> list[dict[str, Any]]:
    """Ask the language service about settings; `|` marks the cursor."""
    schema = settings_schema(profile(client), load())
    (association,) = json.loads(FILES[".vscode/settings.json"])["json.schemas"]
    asked = {
        "associations": [
            {"uri": association["url"], "fileMatch": association["fileMatch"], "schema": schema}
        ],
        "requests": [{"path": path, "text": text} for text in texts],
    }
    modules = package(*SERVICE, "-".join(SERVICE)) / "node_modules"
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("editor.js")), str(modules)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def offered(text: str, client: str = GUIDE) -> list[str]:
    (answer,) = ask(text, client=client)
    return list(answer["offered"])


def names(fields: Iterable[Any], client: str) -> list[str]:
    return [field.name for field in fields if profile(client).knows(field.since)]


IN_MODEL = '{"modelProviders": {"openai": [{"id": "x", "envKey": "X", %s}]}}'


@pytest.mark.parametrize("client", [GUIDE, "0.12.0", NEWEST])
def test_every_field_that_a_client_reads_is_offered(client: str) -> None:
    model, options, sampling = ask(
        '{"modelProviders": {"openai": [{ | }]}}',
        IN_MODEL % '"generationConfig": { | }',
        IN_MODEL % '"generationConfig": {"samplingParams": { | }}',
        client=client,
    )
    assert list(model["offered"]) == names(MODEL_FIELDS, client)
    assert list(options["offered"]) == names(GENERATION_FIELDS, client)
    assert list(sampling["offered"]) == names(SAMPLING_FIELDS, client)


def test_auth_types_and_values_are_offered() -> None:
    assert offered('{"modelProviders": { | }}') == ["openai", "anthropic", "gemini", "vertex-ai"]
    assert '"qwen-oauth"' in offered('{"security": {"auth": {"selectedType": | }}}')
    variables = offered(IN_MODEL.replace('"envKey": "X"', '"envKey": |') % '"name": "x"')
    own = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
    assert variables == [f'"{name}"' for name in (*own, *(plan.env_key for plan in load()))]
    assert '"auto"' in offered(IN_MODEL % '"generationConfig": {"schemaCompliance": | }')
    assert offered('{"codingPlan": { | }}') == ["version", "region"]
    assert offered('{"codingPlan": {"region": | }}') == ['"china"', '"global"']


def test_what_a_release_adds_is_offered() -> None:
    wire, efforts, enforced, other = ask(
        IN_MODEL % '"wireApi": | ',
        IN_MODEL % '"capabilities": {"reasoning": {"efforts": [ | ]}}',
        '{"security": {"auth": {"enforcedType": | }}}',
        "{ | }",
        client=NEWEST,
    )
    assert list(wire["offered"]) == ['"chat-completions"', '"responses"']
    assert '"xhigh"' in efforts["offered"]
    assert '"openai"' in enforced["offered"]
    assert {"fastModel", "modelFallbacks", "providerProtocol"} <= set(other["offered"])


@pytest.mark.parametrize("auth_type", ["openai", "anthropic", "gemini", "vertex-ai"])
def test_model_is_offered_whole(auth_type: str) -> None:
    (answer,) = ask(f'{{"modelProviders": {{"{auth_type}": [ | ]}}}}')
    (body,) = answer["offered"].values()
    assert [line.split('"')[1] for line in body.splitlines() if ":" in line] == [
        "id",
        "name",
        "envKey",
        "baseUrl",
    ]
    assert "${1:" in body


def test_hover_says_what_a_field_means() -> None:
    (answer,) = ask(IN_MODEL % '"generationConfig": {"extra|_body": {}}')
    assert "Further fields of an OpenAI-compatible request." in answer["hover"]
    assert "*Atomic:*" in answer["hover"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"modelProviders": {"openaii": []}}', "Property openaii is not allowed."),
        ('{"modelProviders": {"openai": [{"id": "x"}]}}', 'Missing property "envKey".'),
        ('{"modelProviders": {"openai": {}}}', 'Incorrect type. Expected "array".'),
        ('{"modelProviders": {"qwen-oauth": []}}', "cannot be overridden"),
        ('{"security": {"auth": {"apiKey": "x"}}}', "Deprecated: use a modelProviders entry"),
        ('{"security": {"auth": {"selectedType": "x"}}}', "Value is not accepted"),
        ('{"env": {"X": 1}}', 'Incorrect type. Expected "string".'),
        ('{"codingPlan": {"region": "moon"}}', "Value is not accepted"),
        ('{"theme": "x",}', "Trailing comma"),
        (IN_MODEL % '"generationConfig": {"timeout": -1}', "below the minimum of 0"),
        (IN_MODEL.replace('"X"', '"my key"') % '"name": "x"', "does not match the pattern"),
    ],
)
def test_mistakes_are_marked(text: str, problem: str) -> None:
    (answer,) = ask(text)
    assert len(answer["problems"]) == 1, answer
    assert problem in answer["problems"][0]


def test_examples_of_the_guide_are_not_marked() -> None:
    files = sorted((ROOT / "golden" / "guide").glob("*/home/.qwen/settings.json"))
    assert len(files) > 5
    for file, answer in zip(files, ask(*[file.read_text() for file in files]), strict=True):
        assert answer["problems"] == [], file


def test_other_files_are_left_alone() -> None:
    assert (
        ask('{"modelProviders": {"openaii": []}}', path="other/settings.json")[0]["problems"] == []
    )


def test_vs_code_reads_the_settings_with_comments() -> None:
    associations = json.loads(FILES[".vscode/settings.json"])["files.associations"]
    (pattern,) = associations
    assert fnmatch.fnmatch(f"project/{SETTINGS}", pattern)
    assert associations[pattern] == "jsonc"
    assert ask('{\n  // why\n  "theme": /* so */ "x"\n}')[0]["problems"] == []


def test_mapping_of_jetbrains_names_the_files() -> None:
    mapping = FILES[".idea/jsonSchemas.xml"]
    options = {
        option.get("name"): option.get("value")
        for option in ET.fromstring(mapping).iter("option")  # noqa: S314  (our own page)
    }
    (schema,) = json.loads(FILES[".vscode/settings.json"])["json.schemas"]
    assert f"./{options['relativePathToSchema']}" == schema["url"]
    assert options["path"] == SETTINGS
