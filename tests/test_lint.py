"""`lint`: its own rules, comments that suppress findings, and repairs that change nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwenlock.cli.findings import findings_as_json, findings_as_text
from qwenlock.clients.fields import GENERATION_FIELDS, MODEL_FIELDS
from qwenlock.clients.profile import NEWEST, profile
from qwenlock.edge.plans import load
from qwenlock.edge.trust import trust
from qwenlock.findings import repair as repairs
from qwenlock.findings.codes import codes
from qwenlock.findings.diffs import unified
from qwenlock.findings.errors import UsageError
from qwenlock.findings.reading import parse
from qwenlock.findings.repair import Repair
from qwenlock.findings.rules import RULES
from qwenlock.lint.credentials import tracked_key_of
from qwenlock.lint.fix import change_of, fix
from qwenlock.lint.lint import lint
from qwenlock.lint.standing import standings
from qwenlock.lint.subject import Subject
from qwenlock.lint.subject import World as Around
from qwenlock.settings.project import Project
from qwenlock.settings.variables import EnvFile
from qwenlock.text.edit import edit
from qwenlock.text.operations import Deduplicate, Move, Operation, Remove, Set
from qwenlock.text.values import duplicates
from support import JSON, KEYS, MODEL, OBJECTS, OPENAI, TEXT, World, models, source, untimed, write

if TYPE_CHECKING:
    from qwenlock.clients.fields import Field
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.compile.compiler import Compilation
    from qwenlock.findings.finding import Finding
    from qwenlock.lock.model import Merge
    from qwenlock.settings.scopes import Source
    from qwenlock.settings.variables import Location


GUIDE = sorted((Path(__file__).parent.parent / "golden" / "guide").iterdir())


def subject(*sources: Source | dict[str, Any] | str, client: str = "guide") -> Subject:
    """Return what `lint` reads; plain settings are the user's."""
    given = [source(each) if isinstance(each, dict | str) else each for each in sources]
    return Subject(Project(sources=tuple(given), client=profile(client)))


def with_project(before: Subject, **changed: Any) -> Subject:
    return replace(before, project=replace(before.project, **changed))


def found(*sources: Source | dict[str, Any] | str, client: str = "guide") -> list[str]:
    return [each.code for each in lint(subject(*sources, client=client))]


def everything(_: Finding) -> bool:
    return True


# Whether models can be used


def standing(name: ScopeName, *sources: Source, merge: Merge = "replace", client: str) -> list[str]:
    here = with_project(subject(*sources, client=client), merge=merge)
    at = next(each for each in sources if each.scope == name)
    return [each.words for each in standings(here, at)]


def test_models_of_a_lower_scope_are_hidden_by_what_the_client_or_the_lock_takes() -> None:
    both = {"modelProviders": {"openai": [MODEL, MODEL], "gemini": [MODEL]}}
    user, project = source(both), source(models({**MODEL, "id": "own"}), "project")
    still = "hidden by project.json in the lock; Qwen Code 0.24.4 still offers it"
    by_project = "hidden by project.json"
    assert standing("user", user, project, client="guide") == [by_project] * 3
    assert standing("user", user, project, client="0.24.4") == [by_project, by_project, still]
    here = subject(user, project, client="0.24.4")
    assert [each.stands for each in standings(here, user)] == ["hidden"] * 3
    assert [each.stands for each in standings(here, project)] == ["offered"]
    merged = standing("user", user, project, client="0.24.4", merge="client")
    assert merged == [by_project, by_project, "offered"]
    assert standing("project", user, project, client="0.24.4") == ["offered"]
    alone = standing("user", user, client="0.24.4")
    assert alone == ["offered", "ignored: the first, on line 1, wins", "offered"]
    assert standing("user", source(both | OPENAI), client="0.24.4")[0] == "offered"
    named = source(both | OPENAI | {"model": {"name": MODEL["id"]}})
    assert standing("user", named, client="0.24.4")[0] == "selected"


# The base URL of the selection

AT = "https://api.openai.com/v1"
HERE = {"id": "m", "envKey": "K", "baseUrl": "https://a.example/v1"}
NOWHERE = {"id": "m", "envKey": "K"}
MODEL_URLS: list[tuple[list[Any], str, str, str | None]] = [
    ([HERE], "https://a.example/v1", "0.24.4", None),
    ([HERE], "https://a.example/v1/", "0.24.4", None),
    ([{**HERE, "baseUrl": "https://a.example/v1/"}], "https://a.example/v1", "0.24.4", None),
    ([NOWHERE], AT, "0.24.4", None),
    ([NOWHERE], f"{AT}/", "0.24.4", None),
    ([HERE], "", "0.24.4", None),
    ([HERE], "https://$HOST/v1", "0.24.4", None),
    ([{**HERE, "baseUrl": "$URL"}], "https://b.example", "0.24.4", None),
    ([HERE], "https://b.example/v1", "guide", None),
    (
        [HERE], "https://b.example/v1", "0.24.4",
        'no entry "m" has this base URL, so the client uses the one at https://a.example/v1',
    ),
    (
        [NOWHERE], "https://b.example/v1", "0.24.4",
        'no entry "m" has this base URL, so the client uses the one without a baseUrl',
    ),
    (
        [NOWHERE, HERE], "https://a.example/v1", "0.15.10",
        "Qwen Code 0.15.10 does not read model.baseUrl, and uses the one without a baseUrl",
    ),
    ([NOWHERE, HERE], "https://a.example/v1", "0.24.4", None),
    (
        [], "https://a.example/v1", "0.15.10",
        'model.baseUrl has no effect, because no entry defines "m"',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "url", "client", "said"), MODEL_URLS)
def test_base_url_of_the_selection_is_that_of_its_entry(
    entries: list[Any], url: str, client: str, said: str | None
) -> None:
    settings = {**models(*entries), "model": {"name": "m", "baseUrl": url}}
    told = [each for each in lint(subject(settings, client=client)) if each.code == "QL615"]
    assert [each.message for each in told] == ([said] if said else [])


TWICE = [HERE, HERE | {"baseUrl": "https://b.example/v1", "envKey": "L"}]
IN_VARIABLES = {"OPENAI_API_KEY": "k", "OPENAI_MODEL": "x", "OPENAI_BASE_URL": "https://x.test"}
NAMED = {"model": {"name": "x"}}
OUTCOMES: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({}, {}, "no auth type is selected, so the client asks for a login"),
    ({}, IN_VARIABLES, "the client uses openai/x, a runtime model"),
    (models(HERE) | NAMED, {"K": "k"}, "the client uses openai/m, the first entry"),
    (
        models(HERE) | NAMED, {"OPENAI_BASE_URL": "https://x.test"},
        "the client uses openai/x, a runtime model; it has no key",
    ),
    (models(HERE), {"OPENAI_MODEL": "m"}, "the client uses openai/m"),
    (
        models(auth_type="vertex-ai"), {"GOOGLE_API_KEY": "k"},
        "the client uses vertex-ai, a runtime model",
    ),
    *(
        (
            models(*TWICE) | {"model": {"name": "m", "baseUrl": "https://$HOST/v1"}},
            {"HOST": host}, f"the client uses openai/m at https://{host}/v1",
        )
        for host in ("a.example", "b.example")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "variables", "said"), OUTCOMES)
def test_decision_of_the_variables_here_is_reported(
    settings: dict[str, Any], variables: dict[str, str], said: str
) -> None:
    here = with_project(subject(settings, client="0.24.4"), environment=variables)
    told = [each for each in lint(replace(here, world=Around(env=True))) if each.code == "QL614"]
    assert [each.message for each in told] == [f"here {said}"]


def test_base_url_below_the_scope_that_names_the_model_may_belong_to_another() -> None:
    below = source({**models(HERE), "model": {"name": "m", "baseUrl": "https://b.example"}})
    named = source({"model": {"name": "m"}}, "project")
    again = source({"model": {"baseUrl": "https://b.example"}}, "project")
    assert "QL615" not in found(below, named, client="0.24.4")
    assert "QL615" in found(below, again, client="0.24.4")


# Base URLs


@pytest.mark.parametrize(
    ("auth_type", "url", "code", "meant"),
    [
        ("openai", "https://api.openai.com/", "QL216", "https://api.openai.com/v1"),
        ("openai", "https://api.groq.com", "QL216", "https://api.groq.com/openai/v1"),
        ("openai", "https://api.groq.com/X//", "QL216", "https://api.groq.com/openai/v1"),
        ("openai", "https://openrouter.ai/api", "QL216", "https://openrouter.ai/api/v1"),
        ("openai", "http://[::1]:11434", "QL216", "http://[::1]:11434/v1"),
        ("openai", "http://[::1]:8000", "QL216", None),
        ("openai", "https://a.example:99999", "QL216", None),
        (
            "openai",
            "https://dashscope.aliyuncs.com/v1",
            "QL216",
            "https://dashscope.aliyuncs.com/compatible-mode/v1",
        ),
        (
            "openai",
            "https://open.bigmodel.cn/v1/",
            "QL216",
            "https://open.bigmodel.cn/api/paas/v4",
        ),
        (
            "openai",
            "https://coding.dashscope.aliyuncs.com/apps/anthropic",
            "QL216",
            "https://coding.dashscope.aliyuncs.com/v1",
        ),
        (
            "anthropic",
            "https://coding.dashscope.aliyuncs.com/v1",
            "QL216",
            "https://coding.dashscope.aliyuncs.com/apps/anthropic",
        ),
        ("openai", "https://a.example/v1/responses/", "QL217", "https://a.example/v1"),
        ("anthropic", "https://a.example/messages", "QL217", "https://a.example"),
        ("openai", "http://93.184.216.34/v1", "QL219", "https://93.184.216.34/v1"),
        ("gemini", "http://a.example", "QL219", "https://a.example"),
        ("openai", "localhost:11434/v1", "QL215", None),
        ("openai", "https:///v1", "QL215", None),
        ("openai", "https://[::1/v1", "QL215", None),
        ("openai", "https://a.example/v 1", "QL215", None),
        ("openai", "ftp://a.example/v1", "QL215", None),
    ],
)
def test_a_base_url_that_does_not_fit_is_reported_and_the_meant_one_proposed(
    auth_type: str, url: str, code: str, meant: str | None
) -> None:
    settings = models({**MODEL, "baseUrl": url}, auth_type=auth_type)
    before = subject({"$version": 4, "model": {"name": "gpt-4o"}, **settings})
    assert [each.code for each in lint(before)] == [code]
    assert fix(before, everything).findings == ()
    after = fix(before, everything, unsafe=True).subject.compilation
    assert after.entries[0].model.base_url == (meant or url)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.4/v1", "http://172.16.0.1/v1", "http://100.64.0.1/v1", "http://gpu/v1",
        "http://a.local/v1", "http://llm.svc.cluster.local/v1", "http://[fd00::1]/v1", "http://gateway./v1",
        "http://[fe80::1%25eth0]/v1", "https://a.example/api/paas/v4", "https://a.example/v1beta",
        "https://a.example/openai", "https://api.deepseek.com", "$URL", "https://$HOST",
        "https://dashscope.aliyuncs.com/compatible-mode/v1/", "https://api.z.ai/api/coding/paas/v4",
        "https://team.openai.azure.com/openai/deployments/x",
    ],
)  # fmt: skip
def test_unusual_base_urls_have_no_finding(url: str) -> None:
    settings = models({**MODEL, "baseUrl": url})
    assert found({"$version": 4, "model": {"name": "gpt-4o"}, **settings}) == []


def test_the_version_path_of_anthropic_counts_for_releases_only() -> None:
    settings = models({**MODEL, "baseUrl": "https://a.example/v1"}, auth_type="anthropic")
    settings = {"$version": 4, **settings, "model": {"name": MODEL["id"]}}
    assert found(settings) == []
    assert found(settings, client="0.12.0") == ["QL218"]


@given(st.text(max_size=20).map(lambda text: "https://" + text) | st.text(max_size=20))
def test_no_base_url_is_too_odd_to_judge(url: str) -> None:
    assert isinstance(found(models({**MODEL, "baseUrl": url})), list)


@pytest.mark.parametrize("case", GUIDE, ids=lambda case: case.name)
def test_examples_of_the_guide_are_worth_a_note_at_most(case: Path) -> None:
    """Every block of settings that the guide shows is a file of these cases."""
    files = {"user": case / "home", "project": case / "project"}
    sources = [
        source((folder / ".qwen" / "settings.json").read_text(encoding="utf-8"), scope)
        for scope, folder in files.items()
        if (folder / ".qwen" / "settings.json").exists()
    ]
    before = subject(*sources)
    around = with_project(before, plans=load(), stored=b"")
    assert sources
    assert {each.level for each in lint(around)} <= {"note"}


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({"modelProvider": {}}, ["QL118"]),
        ({"securty": {}}, ["QL118"]),
        ({"security": {"auth": {"selectedtype": "openai"}}}, ["QL118"]),
        ({"security": {"auth": {"enforcedType": "openai", "useExternal": True}}}, []),
        ({"model": {"generationConfigs": {}, "sessionTokenLimit": 1}}, ["QL118"]),
        ({"providerProtocol": {}, "providerMetadata": {}, "mcpServers": {}}, []),
    ],
)
def test_keys_that_are_nearly_right_are_reported(
    settings: dict[str, Any], codes: list[str]
) -> None:
    before = subject({"$version": 4, **settings})
    assert [each.code for each in lint(before)] == codes
    assert not fix(before, everything).findings
    after = fix(before, everything, unsafe=True)
    assert [each.code for each in after.findings] == codes


def test_value_in_env_that_looks_random_is_a_key() -> None:
    values = {"LAB": sha256(b"hunter").hexdigest(), "NOTE": "plain words"}
    said = [each.message for each in lint(subject({"$version": 4, "env": values}))]
    assert said[:2] == [
        "settings.env contains a key in clear text",
        "settings.env contains a value that is not a key",
    ]


def test_a_key_is_not_renamed_over_another() -> None:
    before = subject({"$version": 4, "modelProvider": {}, "modelProviders": {"openai": [MODEL]}})
    assert found(before.sources[0]) == ["QL118"]
    assert not fix(before, everything, unsafe=True).findings
    without_home = subject(models({**MODEL, "generationConfig": 1, "timeout": 5}))
    assert "QL212" in [each.code for each in lint(without_home)]
    assert not fix(without_home, everything, unsafe=True).findings


# Trust, git and other files


def in_world(world: Around, *sources: Source) -> list[tuple[str, str]]:
    around = replace(subject(*sources), world=world)
    return [(each.code, each.level) for each in lint(around)]


def where_locked(world: Around, *sources: Source) -> list[tuple[str, str]]:
    around = with_project(replace(subject(*sources), world=world), stored=b"")
    return [(each.code, each.level) for each in lint(around)]


def test_a_lock_of_the_user_scope_is_a_note_and_a_warning_in_ci() -> None:
    user = source({"$version": 4, "modelProviders": {"openai": [MODEL]}})
    shared, user = user, replace(user, path="~/.qwen/settings.json")
    project = source({"$version": 4, "modelProviders": {"openai": [MODEL]}}, "project")
    assert in_world(Around(), user) == []
    assert where_locked(Around(), user) == [("QL305", "note")]
    assert where_locked(Around(in_ci=True), user) == [("QL305", "warning")]
    assert where_locked(Around(in_ci=True), user, project) == []
    assert where_locked(Around(in_ci=True), shared) == []


@pytest.mark.parametrize(
    ("trusted", "levels"),
    [(True, []), (None, [("QL306", "note")]), (False, [("QL306", "warning")])],
)
def test_trust_counts_only_where_the_client_asks_for_it(
    trusted: bool | None, levels: list[tuple[str, str]]
) -> None:
    project = source({"$version": 4}, "project")
    asked = source({"$version": 4, "security": {"folderTrust": {"enabled": True}}})
    assert in_world(Around(trusted=trusted), asked, project) == levels
    assert in_world(Around(trusted=trusted), source({"$version": 4}), project) == []
    assert in_world(Around(trusted=trusted), asked) == []


@pytest.mark.parametrize(
    ("rules", "trusted"),
    [
        ({}, None),
        ({"{project}": "TRUST_FOLDER"}, True),
        ({"{project}": "DO_NOT_TRUST"}, False),
        ({"{project}/below": "TRUST_PARENT"}, True),
        ({"{root}": "TRUST_FOLDER", "{project}": "DO_NOT_TRUST"}, False),
        ({"{root}": "DO_NOT_TRUST", "{project}": "TRUST_FOLDER"}, True),
        ({"{project}": "TRUST_FOLDER", "{project}/x": "DO_NOT_TRUST"}, True),
        ({"{project}": "SOMETHING", "{root}/other": "DO_NOT_TRUST"}, None),
    ],
)
def test_the_nearest_rule_of_the_trusted_folders_decides(
    world: World, rules: dict[str, str], trusted: bool | None
) -> None:
    named = {
        path.format(project=world.project, root=world.root): level for path, level in rules.items()
    }
    write(world.home / ".qwen" / "trustedFolders.json", named)
    assert trust(world.project, profile()).trusted is trusted


def test_an_early_release_trusts_what_is_in_any_trusted_folder(world: World) -> None:
    rules = {str(world.root): "TRUST_FOLDER", str(world.project): "DO_NOT_TRUST"}
    write(world.home / ".qwen" / "trustedFolders.json", rules)
    assert trust(world.project, profile("0.12.0")).trusted is True
    assert trust(world.project, profile("0.24.4")).trusted is False


@pytest.mark.parametrize("file", [".qwen/.env", ".env", "moved/.env"])
def test_home_directory_may_name_the_list_of_trusted_folders(
    world: World, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """As `HOME_ENV_BOOTSTRAP_KEYS` of 0.21.2 and later."""
    named = write(world.root / "list.json", {str(world.project): "DO_NOT_TRUST"})
    if file == "moved/.env":
        (world.home / "moved").mkdir()
        write(world.home / ".env", f"QWEN_HOME={world.home / 'moved'}\n")
    write(world.home / file, f"QWEN_CODE_TRUSTED_FOLDERS_PATH={named}\n")
    write(world.project / ".env", "QWEN_CODE_TRUSTED_FOLDERS_PATH=none.json\n")
    assert trust(world.project, profile("0.21.2")).trusted is False
    assert trust(world.project, profile("0.15.10")).trusted is None
    monkeypatch.setenv("QWEN_CODE_TRUSTED_FOLDERS_PATH", "")
    assert trust(world.project, profile("0.24.4")).trusted is None


@pytest.mark.parametrize(("client", "level"), [("0.15.10", "note"), ("0.24.4", "warning")])
def test_folder_on_no_list_is_not_trusted_by_later_releases(client: str, level: str) -> None:
    user = source({"security": {"folderTrust": {"enabled": True}}})
    project = source({"$version": 4}, "project")
    (finding,) = lint(subject(user, project, client=client))
    assert (finding.code, finding.level) == ("QL306", level)


def test_a_list_of_trusted_folders_that_cannot_be_read_says_nothing(world: World) -> None:
    write(world.home / ".qwen" / "trustedFolders.json", "[")
    assert trust(world.project, profile()).trusted is None


@pytest.mark.parametrize(
    ("value", "is_key"),
    [
        ("sk-abcdefgh12345678", True), ("abcdefgh12345678", True), ("your-key-goes-here", False),
        ("ollama", False), ("not-needed-here", False), ("$OTHER_VARIABLE_NAME", False),
        ("<paste it here>", False), ("xxxxxxxxxxxxxxxx", False),
    ],
)  # fmt: skip
def test_a_tracked_file_is_reported_where_it_holds_a_key_that_works(
    value: str, is_key: bool
) -> None:
    settings = source({"$version": 4, "security": {"auth": {"apiKey": value}}}, "project")
    said = in_world(Around(tracked={"project.json": True}), settings)
    assert (("QL406", "error") in said) is is_key
    assert ("QL406", "error") not in in_world(Around(), settings)


def test_an_env_file_that_hides_a_variable_is_reported_where_nothing_else_sets_it() -> None:
    def env_file(at: Location, text: str | None) -> EnvFile:
        return EnvFile(Path(at) / ".env", f"{at}/.env", at, text)

    def said(client: str, near: str | None, environment: dict[str, str]) -> list[str]:
        files = (env_file("project", near), env_file("home", "# mine\nOPENAI_API_KEY=x\n"))
        before = subject({"$version": 4, "modelProviders": {"openai": [MODEL]}}, client=client)
        around = replace(before.project, env_files=files, environment=environment)
        return [
            f"{each.place.document.label}:{at(each)}"
            for each in lint(replace(before, project=around))
            if each.code == "QL407" and each.place
        ]

    assert said("guide", "PORT=1", {}) == ["home/.env:2"]
    assert said("0.24.4", "PORT=1", {}) == []
    assert said("guide", None, {}) == []
    assert said("guide", "OPENAI_API_KEY=y", {}) == []
    assert said("guide", "PORT=1", {"OPENAI_API_KEY": "z"}) == []


FILES: dict[str, Location] = {".qwen/.env": "project", ".env": "project", "~/.qwen/.env": "home"}
NEAR, FAR = (".env", "X=1\nK=b\n"), ("~/.qwen/.env", "K=c\n")
LOST = [".env", "~/.qwen/.env", "env of project.json"]
EMPTY = "QL405 at {0}: K is empty in {0}; used by openai/m"
IDLE = "has no effect, because openai/m is selected"
SET: list[tuple[str, dict[str, str], list[tuple[str, str]], dict[str, str], list[str]]] = [
    (
        "0.24.4", {"K": "a"}, [NEAR, FAR], {"K": "d"},
        [f"QL408 at .env: K from the environment is used; {' and '.join(LOST)} have other values"],
    ),
    (
        "guide", {}, [NEAR], {"K": "d"},
        ["QL408 at project.json: K from .env is used; env of project.json has another value"],
    ),
    ("0.24.4", {"K": "a"}, [(".env", "K=a")], {"K": "a"}, []),
    (
        "0.12.0", {"K": ""}, [NEAR], {},
        ["QL405: K is empty in the environment, which hides the value in .env; used by openai/m"],
    ),
    ("guide", {"K": ""}, [NEAR], {}, []),
    ("guide", {}, [(".env", "K=\n"), FAR], {}, [EMPTY.format(".env")]),
    (
        "0.24.4", {}, [], {"K": ""},
        ["QL405 at project.json: K is empty in env of project.json; used by openai/m"],
    ),
    (
        "0.24.4", {"K": "a", "OPENAI_KEY": "b"}, [(".env", "OPENAI_KEY=c")], {"OPENAI_KEY": "d"},
        [f"QL409{at}: nothing reads OPENAI_KEY" for at in ("", " at .env", " at project.json")],
    ),
    (
        "0.24.4", {"K": "a", "OPENAI_BASE_URL": "https://b", "OPENAI_MODEL": "m"}, [],
        {"QWEN_MODEL": "x", "OPENAI_BASE_URL": "https://a.example/v1"},
        [f"QL410 at project.json: QWEN_MODEL {IDLE}", f"QL410: OPENAI_BASE_URL {IDLE}"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("client", "environment", "files", "env", "said"), SET)
def test_what_sets_variables_is_told(
    client: str,
    environment: dict[str, str],
    files: list[tuple[str, str]],
    env: dict[str, str],
    said: list[str],
) -> None:
    entry = {"id": "m", "envKey": "K", "baseUrl": "https://a.example/v1"}
    settings = {"$version": 4, **models(entry), "model": {"name": "m"}, "env": env}
    here = with_project(
        subject(source(settings, "project"), client=client),
        environment=environment,
        env_files=tuple(EnvFile(Path(name), name, FILES[name], text) for name, text in files),
    )
    found = [
        f"{each.code}{f' at {each.place.document.label}' if each.place else ''}: {each.message}"
        for each in lint(replace(here, world=Around(env=True)))
    ]
    assert [each for each in found if each[:5] in ("QL405", "QL408", "QL409", "QL410")] == said


@pytest.mark.parametrize(
    ("client", "level", "reason"),
    [
        ("guide", "note", "not valid JSON"),
        ("0.12.0", "error", "does not start"),
        ("0.15.10", "error", "renames such a file"),
        ("0.21.2", "error", "replaces such a file with {}"),
        ("0.24.3", "error", "replaces such a file with {}"),
        ("0.24.4", None, ""),
    ],
)
def test_a_byte_order_mark_matters_to_earlier_releases(
    client: str, level: str | None, reason: str
) -> None:
    marked = parse("\ufeff{}", "user.json")
    before = subject(replace(source({"$version": 4}), document=marked), client=client)
    found = [each for each in lint(before) if each.code == "QL117"]
    assert [each.level for each in found] == ([level] if level else [])
    assert all(reason in each.reason for each in found)


def test_a_plan_without_a_template_for_the_client_has_no_newer_version() -> None:
    models = GUIDE[0].parent.parent / "plans" / "0.10.1-china" / "home" / ".qwen" / "settings.json"
    settings = json.loads(models.read_text(encoding="utf-8"))
    settings["modelProviders"]["openai"].append({"id": "glm-5", "envKey": "MY_KEY"})
    plans = load()
    later = [
        replace(plan, templates=tuple(replace(each, client=">=99") for each in plan.templates))
        for plan in plans
    ]
    before = with_project(subject(settings, client="0.24.4"), plans=plans)
    assert "QL504" in [each.code for each in lint(before)]
    assert "QL504" not in [each.code for each in lint(with_project(before, plans=tuple(later)))]


# Comments that suppress


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"$version": 4,\n"modelProviders": {"opnai": []}} // qwenlock: ignore', []),
        ('{"$version": 4,\n// qwenlock: ignore[QL202, QL302]\n"modelProviders": {"x": []}}', []),
        ('{"$version": 4,\n// qwenlock: ignore[QL2,QL3]\n\n// y\n"modelProviders": {"x": []}}', []),
        ('{"$version": 4,\r\n/* qwenlock:ignore */ "modelProviders": {"x": []}}', []),
        ('{"$version": 4,\r"modelProviders": {"x": []} /* qwenlock: ignore[QL3] */}', ["QL202"]),
        ('// qwenlock: ignore\n{"$version": 4,\n"modelProviders": {"x": []}}',
         ["QL302", "QL202", "QL115"]),
        ('{"$version": 4,\n"modelProviders": {"x": []}} // qwenlock: ignored', ["QL302", "QL202"]),
        ('{"$version": 4, "a": "// qwenlock: ignore"}', []),
        ('{"$version": 4} // qwenlock: ignore[]', ["QL115"]),
        ('{"$version": 4} // qwenlock: ignore[QL305]', []),
    ],
)  # fmt: skip
def test_a_comment_suppresses_what_stands_on_its_line_or_below(text: str, left: list[str]) -> None:
    assert sorted(found(text)) == sorted(left)


def test_comments_count_only_for_lint() -> None:
    text = '{"$version": 4, "modelProviders": {"openai": [{}]}} // qwenlock: ignore'
    assert found(text) == []
    assert subject(text).compilation.lock is None


def test_a_comment_is_unused_only_where_all_rules_ran_on_its_file() -> None:
    user = '{"$version": 4,\n"modelProviders": {"opnai": []}} // qwenlock: ignore'
    assert found(source(user)) == []
    assert found(source(user), source({"$version": 4}, "project")) == []
    models = {"$version": 4, "modelProviders": {"openai": [MODEL]}}
    assert found(source(user), source(models, "project")) == []
    assert found(source('{"$version": 4} // qwenlock: ignore', "project")) == ["QL115"]


@pytest.mark.parametrize("scope", ["user", "project"])
def test_an_empty_credential_is_removed_where_it_overrides_nothing(scope: ScopeName) -> None:
    text = '{"$version": 4, "security": {"auth": {"apiKey": ""}}}'
    lower = source('{"$version": 4, "security": {"auth": {"apiKey": "x"}}}', "system-defaults")
    assert [each.code for each in fix(subject(source(text, scope)), everything).findings] == (
        ["QL403"] if scope == "user" else []
    )
    unsafe = fix(subject(source(text, scope)), everything, unsafe=True)
    assert unsafe.subject.sources[0].document.text == '{"$version": 4, "security": {"auth": {}}}'
    assert not fix(subject(lower, source(text, scope)), everything, unsafe=True).findings


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{\n  // qwenlock: ignore\n  "$version": 4\n}\n', '{\n  "$version": 4\n}\n'),
        ('{\r\n  "$version": 4 // qwenlock: ignore\r\n}', '{\r\n  "$version": 4\r\n}'),
        ('{ /* qwenlock: ignore */ "$version": 4 }', '{ "$version": 4 }'),
        ('\ufeff{\n"$version": 4} // qwenlock: ignore', '{\n"$version": 4}'),
        (
            '{"$version": 4, "modelProviders": {\n"x": [] } } // qwenlock: ignore[QL1,QL202,QL3]',
            '{"$version": 4, "modelProviders": {\n"x": [] } } // qwenlock: ignore[QL202]',
        ),
    ],
)
def test_a_comment_that_suppresses_nothing_is_removed(before: str, after: str) -> None:
    assert repaired(before) == after


@pytest.mark.parametrize(
    ("operations", "after"),
    [
        ([Remove(("a",)), Move(("a",), ("c",))], '{"b": 2, "o": {"x": 1, "y": 2}}'),
        (
            [Move(("a",), ("c",)), Move(("b",), ("c",))],
            '{"c": 1, "b": 2, "c": 3, "o": {"x": 1, "y": 2}}',
        ),
        (
            [Move(("a",), ("c",)), Set(("c", "d"), 1)],
            '{"c": 1, "b": 2, "c": 3, "o": {"x": 1, "y": 2}}',
        ),
        ([Remove(("o", "x")), Remove(("o",))], '{"a": 1, "b": 2, "a": 3}'),
        ([Remove(("o",)), Remove(("o", "x"))], '{"a": 1, "b": 2, "a": 3}'),
        ([Deduplicate(("a",)), Remove(("a",))], '{"b": 2, "o": {"x": 1, "y": 2}}'),
        (
            [Deduplicate(("a",)), Set(("b",), 3), Remove(("o", "x"))],
            '{"b": 3, "a": 3, "o": {"y": 2}}',
        ),
    ],
)
def test_of_repairs_that_meet_at_one_place_the_first_is_made(
    operations: list[Operation], after: str
) -> None:
    document = parse('{"a": 1, "b": 2, "a": 3, "o": {"x": 1, "y": 2}}', "s.json")
    assert repairs.repaired(document, [Repair((each,)) for each in operations]) == after


def test_repair_is_told_in_words() -> None:
    operations = (Remove(("a",)), Remove(("l", 0)), Set(("b",), 1), Move(("a",), ("o", "a")))
    cuts = (repairs.Cut(0, 1), repairs.Cut(2, 3, "x"))
    assert str(Repair(operations, cuts, unmarks=True)) == (
        'remove "a", remove this entry, correct "b", move "a" to o.a, remove the comment, '
        "shorten the comment, remove the byte-order mark"
    )


def test_repairs_of_one_array_are_made_from_its_end() -> None:
    document = parse('{"l": [0,1,2,3,4,5,6,7,8,9,10]}', "s.json")
    removed = [Repair((Remove(("l", at)),)) for at in (2, 10, 0)]
    assert repairs.repaired(document, removed) == '{"l": [1,3,4,5,6,7,8,9]}'


def repaired(text: str, *, unsafe: bool = False) -> str:
    return fix(subject(text), everything, unsafe=unsafe).subject.sources[0].document.original


# Equal keys


def test_duplicates_are_found_in_what_is_in_force() -> None:
    text = '{"a": {"b": 1, "b": 2}, "c": [0, {"d": 1, "e": 2, "d": 3}], "a": {"f": 1}}'
    assert duplicates(text) == [(("a",), False), (("c", 1, "d"), False)]
    assert duplicates('{"a": 1, "a": 2, "b": {"a": 3}}') == [(("a",), True)]
    assert duplicates('{"a": 1, "b": 1, "a": 2, "a": 3, "b": 2}') == [
        (("a",), False),  # without the first b, it keeps the order, too
        (("b",), True),
    ]


KEY = st.sampled_from(["a", "b", "c"])
PAIRS = st.recursive(
    st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(KEY, inner), max_size=4),
    max_leaves=15,
)


def as_text(value: Any) -> str:
    """Return JSON of a value in which a list of pairs is an object, perhaps with equal keys."""
    if not isinstance(value, list):
        return str(value)
    if value and isinstance(value[0], tuple):
        return "{" + ", ".join(f'"{key}": {as_text(inner)}' for key, inner in value) + "}"
    return "[" + ", ".join(map(as_text, value)) + "]"


@given(st.lists(st.tuples(KEY, PAIRS), min_size=1, max_size=4))
def test_deduplicating_leaves_the_value_and_no_duplicates(pairs: list[tuple[str, Any]]) -> None:
    text = as_text(pairs)
    before = parse(text, "")
    after = edit(text, [Deduplicate(path) for path, _ in duplicates(text)])
    assert parse(after, "").value == before.value
    assert duplicates(after) == []
    if all(keeps_order for _, keeps_order in duplicates(text)):
        assert json.dumps(parse(after, "").value) == json.dumps(before.value)


# Repairs, as a property


ODD = {
    name: st.one_of(inner, JSON)
    for name, inner in {
        "$version": st.sampled_from([1, 2, 3, 4, 5, 6]),
        "modelProviders": st.dictionaries(
            st.sampled_from(["openai", "anthropic", "qwen-oauth", "opnai", "__proto__"]),
            st.lists(OBJECTS | st.fixed_dictionaries({"id": KEYS, "envKey": KEYS}), max_size=3)
            | st.fixed_dictionaries({"protocol": KEYS, "models": JSON}),
        ),
        "security": st.fixed_dictionaries(
            {}, optional={"auth": OBJECTS, "folderTrust": JSON | st.just({"enabled": True})}
        ),
        "selectedAuthType": TEXT,
        "model": st.fixed_dictionaries({}, optional={"name": JSON, "generationConfig": JSON}),
        "env": st.dictionaries(KEYS, JSON, max_size=2),
        "codingPlan": OBJECTS,
    }.items()
}
COMMENTS = st.sampled_from(
    ["", "", "", "// note\n", "// qwenlock: ignore\n", "/* qwenlock: ignore[QL209] */",
     "// qwenlock: ignore[QL203,QL214]\n", "\n// qwenlock: ignore[QL116]\n", "\n"]
)  # fmt: skip
FIELD = st.one_of(
    st.tuples(st.just("id"), st.sampled_from(['"a"', '"b"'])),
    st.tuples(st.just("envKey"), st.sampled_from(['"KEY"', '"OTHER"'])),
    st.tuples(st.just("baseUrl"), st.sampled_from(['"https://a.example/v1"', '"https://b.co"'])),
    st.tuples(
        st.sampled_from(["generationConfig", "generationConfg"]),
        st.sampled_from(
            ['{"extra_body": {}}', '{"timeout": 1, "extra_body": {"a": [1]}, "timout": 2}', "{}"]
        ),
    ),
    st.tuples(st.sampled_from(["nam", "name"]), st.just('"n"')),
)


@st.composite
def settings_texts(draw: st.DrawFn) -> str:
    """Draw settings with everything that can be repaired, and comments in between."""

    def members(pairs: list[tuple[str, str]]) -> str:
        written = [f'{draw(COMMENTS)}"{key}": {value}' for key, value in pairs]
        return "{" + ",".join(written) + draw(COMMENTS) + "}"

    def entry() -> str:
        return members([("id", '"a"'), ("envKey", '"KEY"'), *draw(st.lists(FIELD, max_size=4))])

    auth_types = draw(
        st.lists(st.sampled_from(["openai", "anthropic", "qwen-oauth", "opnai"]), max_size=4)
    )
    providers = [
        (auth_type, f"[{','.join(entry() for _ in range(draw(st.integers(0, 4))))}]")
        for auth_type in auth_types
    ]
    auth = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["apiKey", "baseUrl", "selectedType"]),
                st.sampled_from(['""', '"openai"']),
            ),
            max_size=3,
        )
    )
    sections = [
        ("$version", "4"),
        ("modelProviders", members(providers)),
        ("security", members([("auth", members(auth))])),
    ]
    return members(draw(st.permutations([*sections, *draw(st.lists(st.sampled_from(sections)))])))


def compiled(compilation: Compilation) -> list[Any]:
    """Return what a client offers, selects, sends and needs."""
    offered = [
        replace(entry.model, generation_config=_sent(entry.model.generation_config, entry.model))
        for entry in compilation.entries
        if not entry.skipped
    ]
    environment = compilation.lock.environment if compilation.lock else None
    return [offered, compilation.selection, compilation.plans, environment]


def _sent(config: dict[str, Any] | None, model: Any) -> dict[str, Any] | None:
    if config is None or model.auth_type == "openai":
        return config
    return {name: value for name, value in config.items() if name != "extra_body"}


ONE_OF_TWO_IS_SUPPRESSED = """{"$version": 4, "modelProviders": {"anthropic": [],
"openai": [], "anthropic": [{"id": "a"}], "openai": [{"id": "a"}]} // qwenlock: ignore
}"""


@untimed(300)
@given(settings_texts(), st.sampled_from(["guide", "0.12.0", "0.24.4"]))
@example(ONE_OF_TWO_IS_SUPPRESSED, "0.24.4")
def test_safe_fixes_leave_what_is_compiled_and_nothing_to_fix(text: str, client: str) -> None:
    before = subject(text, client=client)
    fixed = fix(before, everything)
    assert compiled(fixed.subject.compilation) == compiled(before.compilation)
    left = [each for each in lint(fixed.subject) if each.repair and each.repair.safe]
    assert left == []
    assert fix(fixed.subject, everything).findings == ()
    if not fixed.findings:
        assert fixed.subject.sources[0].document.original == text


@untimed(150)
@given(settings_texts())
def test_unsafe_fixes_come_to_an_end(text: str) -> None:
    fixed = fix(subject(text), everything, unsafe=True)
    assert [each for each in lint(fixed.subject) if each.repair] == []


@untimed(100)
@given(settings_texts(), st.data())
def test_a_comment_above_takes_away_the_findings_of_its_line_and_no_other(
    text: str, data: st.DataObject
) -> None:
    text = text.replace("qwenlock:", "")
    findings = [each for each in lint(subject(text)) if each.place is not None]
    if not findings:
        return
    chosen = data.draw(st.sampled_from(findings))
    line = chosen.place.position().line if chosen.place else 0
    lines = text.split("\n")
    lines[line - 1 : line - 1] = [f"// qwenlock: ignore[{chosen.code}]"]
    if line == 1:
        return  # the root's own line: a comment before it is above the whole file
    after = lint(subject("\n".join(lines)))
    gone = [each for each in findings if each.code == chosen.code and at(each) == line]
    assert len(after) == len(lint(subject(text))) - len(gone)


def at(finding: Finding) -> int:
    return finding.place.position().line if finding.place else 0


def test_fixes_do_not_touch_what_a_plan_owns_nor_the_system_scope(world: World) -> None:
    settings = {"$version": 4, "modelProviders": {"qwen-oauth": []}}
    write(world.system / "settings.json", settings)
    result = world.run("lint", "--fix", "--yes")
    assert "QL203" in result.err
    assert "fixable" not in result.err
    assert json.loads((world.system / "settings.json").read_text()) == settings


def test_fixing_is_undone_as_every_other_change(world: World) -> None:
    text = '{"$version": 4, "modelProviders": {"qwen-oauth": []}}'
    write(world.own, text)
    assert world.run("lint", "--fix", "--yes").exit_code == 0
    assert world.own.read_text() == '{"$version": 4, "modelProviders": {}}'
    assert world.run("undo", "--yes").exit_code == 0
    assert world.own.read_text() == text


def test_the_file_of_two_scopes_is_changed_once(world: World) -> None:
    write(world.own, '{"$version": 4, "a": 1, "a": 2}')
    result = world.run("lint", "--user", str(world.own), "--fix", "--yes")
    assert result.exit_code == 0
    assert world.own.read_text() == '{"$version": 4, "a": 2}'
    assert "no findings" in result.err


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_a_diff_is_not_mixed_with_annotations(world: World, form: str) -> None:
    write(world.own, '{"$version": 4, "modelProviders": {"qwen-oauth": []}}')
    result = world.run("lint", "--fix", "--yes", "--format", form)
    assert (result.exit_code, result.out) == (2, "")


def test_only_selected_findings_are_fixed(world: World) -> None:
    write(world.own, '{"$version": 4, "$version": 4, "modelProviders": {"qwen-oauth": []}}')
    world.run("lint", "--fix", "--yes", "--select", "QL1")
    assert world.own.read_text() == '{"$version": 4, "modelProviders": {"qwen-oauth": []}}'


def test_what_a_plan_owns_is_not_repaired(world: World) -> None:
    plan = {
        "envKey": "BAILIAN_CODING_PLAN_API_KEY",
        "baseUrl": "https://coding.dashscope.aliyuncs.com/v1",
    }
    first, again = {"id": "qwen3-max", **plan}, {"id": "qwen3-max", **plan}
    write(world.own, {"$version": 4, "modelProviders": {"openai": [first, again]}})
    result = world.run("lint", "--fix", "--yes", "--select", "QL209")
    assert "wrote" not in result.err
    assert "fixable" not in result.err


# Codes


def test_codes_are_named_whole_or_by_a_prefix() -> None:
    assert codes(["QL203,QL3", " QL1 "]) == ("QL203", "QL3", "QL1")
    with pytest.raises(UsageError) as error:
        codes(["QL230"])
    assert "did you mean QL2" in str(error.value.fix)
    for bad in ("203", "X", "QL1,QL9"):
        with pytest.raises(UsageError):
            codes([bad])


# Hostile input


PLANTED = "sk-" + "planted0123456789" * 2


@pytest.mark.parametrize(
    "text",
    [
        '{"$version": 4, "a": 1, "KEY": 1, "KEY": 2}',
        '{"modelProviders": {"KEY": [], "openai": [{"KEY": 1}]}}',
        '{"modelProviders": {"openai": [{"id": "KEY"}, {"id": "KEY"}]}} // qwenlock: ignore[KEY]',
        '{"modelProviders": {"openai": [{"id": "a", "baseUrl": "http://u:KEY@a.co/messages?key=KEY"}]}}',
        '{"modelProviders": {"openai": [{"id": "a", "envKey": "K", "baseUrl": "https://KEY"}]}}',
        '{"model": {"name": "KEY", "generationConfig": {"timeout": 1}}, "model": {"name": "KEY"}}',
    ],
)
def test_no_finding_shows_a_key(text: str, tmp_path: Path) -> None:
    text = text.replace("KEY", PLANTED)
    for client in ("guide", "0.24.4"):
        before = replace(subject(text, client=client), world=Around(tracked={"user.json": True}))
        findings = lint(before)
        assert findings
        shown = findings_as_text(findings) + json.dumps(findings_as_json(findings))
        change = change_of(before, fix(before, everything, unsafe=True), {"user": tmp_path})
        assert "planted" not in shown + "".join(change.reasons)


@untimed(300)
@given(
    settings_texts(),
    st.sampled_from(
        ['"a"', '"KEY"', "envKey", "timeout", "openai", "opnai", "note", "QL2", "b.co"]
    ),
    st.sampled_from(["guide", "0.12.0", "0.24.4"]),
)
def test_key_is_hidden_wherever_it_is(text: str, place: str, client: str) -> None:
    text = text.replace(place, f'"{PLANTED}"' if place[0] == '"' else PLANTED)
    before = replace(subject(text, client=client), world=Around(tracked={"user.json": True}))
    change = change_of(before, fix(before, everything, unsafe=True), {"user": Path("user.json")})
    shown = findings_as_text(lint(before)) + "".join(map(unified, change.files))
    assert "planted" not in shown + "".join(change.reasons)


@untimed(200)
@given(st.fixed_dictionaries({}, optional=ODD), st.sampled_from(["guide", "0.10.1", "0.24.4"]))
def test_no_settings_are_too_odd_to_lint(settings: dict[str, Any], client: str) -> None:
    odd = replace(
        subject(settings, source(settings, "project"), client=client),
        world=Around(in_ci=True, tracked={"project.json": True}),
    )
    odd = with_project(odd, plans=load(), stored=b"")
    findings_as_text(lint(odd))
    fixed = fix(odd, everything)
    assert fix(fixed.subject, everything).findings == ()


MANY = 5_000
ENTRIES = ",".join(f'{{"id":"m{index}","envKey":"K"}}' for index in range(MANY))
OBJECTS = ",".join('{"a":1,"a":2}' for _ in range(MANY))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f'{{"$version":4,"modelProviders":{{"openai":[{ENTRIES}]}}}}', 0),
        (f'{{"$version":4,"modelProviders":{{"openai":[{ENTRIES},{ENTRIES}]}}}}', MANY),
        ('{"$version":4,' + ",".join(f'"k{at % 5}":{at}' for at in range(MANY)) + "}", 5),
        (f'{{"$version":4,"x":[{OBJECTS}]}}', MANY),
        ("// qwenlock: ignore[QL203]\n" * MANY + '{"$version":4}', MANY),
        ("/* qwenlock: ignore */ " * MANY + '{"$version":4}', MANY),
    ],
)
def test_thousands_of_findings_are_repaired_in_one_go(text: str, count: int) -> None:
    before = subject(text)
    assert len(lint(before)) == count
    fixed = fix(before, everything)
    assert len(fixed.findings) == count
    assert lint(fixed.subject) == []


def test_every_code_has_a_known_group_and_a_title() -> None:
    for code, rule in RULES.items():
        assert code[:2] == "QL"
        assert code[2] in "123456"
        assert rule.title
        assert rule.reason.endswith(".")


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv("CI", raising=False)
    return world


# Less noise


def messages_of(settings: dict[str, Any], client: str = NEWEST) -> dict[str, list[str]]:
    """Return the messages of linting a user's settings, by their level and code."""
    by_code: dict[str, list[str]] = {}
    for each in lint(subject(settings, client=client)):
        by_code.setdefault(f"{each.level}[{each.code}]", []).append(each.message)
    return by_code


@pytest.mark.parametrize(
    ("name", "value", "level"),
    [
        ("LAB_KEY", "hunter-2-is-a-key", "warning"),
        ("OPENAI_API_KEY", "hunter-2-is-a-key", "warning"),
        ("NAMED", "hunter-2-is-a-key", "warning"),
        ("ANYTHING", "sk-hunter12345678", "warning"),
        ("OPENAI_API_KEY", "ollama", "note"),
        ("LAB_KEY", "not-needed", "note"),
        ("LAB_KEY", "YOUR_API_KEY", "note"),
        ("OPENAI_MODEL", "lab-large", "note"),
        ("HTTP_PROXY", "http://proxy.example", "note"),
    ],
)
def test_value_in_settings_env_is_a_warning_only_if_it_is_a_key(
    name: str, value: str, level: str
) -> None:
    settings = models({**MODEL, "envKey": "NAMED"}) | {"env": {name: value}}
    assert f"{level}[QL404]" in messages_of(settings | {"model": {"name": "gpt-4o"}})


def test_no_field_is_too_new_for_the_newest_client() -> None:
    entry = {
        **MODEL,
        **{field.name: sample(field) for field in MODEL_FIELDS if field.name not in MODEL},
        "generationConfig": {field.name: sample(field) for field in GENERATION_FIELDS},
    }
    there = messages_of(models(entry) | {"model": {"name": "gpt-4o"}})
    said = [message for messages in there.values() for message in messages]
    assert not [message for message in said if "is read from" in message or "unknown" in message]


def sample(field: Field) -> Any:
    """Return a value that a field may have."""
    if field.values:
        return field.values[0]
    values: dict[str, Any] = {
        "string": "text", "boolean": False, "object": {}, "array": [], "integer": 1, "number": 1,
    }  # fmt: skip
    return values.get(field.kind)


def test_selection_without_models_is_reported_once() -> None:
    named = OPENAI | {"model": {"name": "m"}}
    for client in ("guide", "0.12.0", NEWEST):
        assert sum(map(len, messages_of(OPENAI, client).values())) == 1
        declared = named | {"modelProviders": {"anthropic": []}}
        assert "warning[QL602]" in messages_of(declared, client)
        assert len(messages_of(named, client)) == (1 if client == "guide" else 0)


def test_enforced_type_is_compared_with_the_api_of_the_model() -> None:
    entry = dict(MODEL) | {"wireApi": "responses"}
    for enforced, expected in (("openai", ["QL613"]), ("openai-responses", [])):
        auth = {"security": {"auth": {"selectedType": "openai", "enforcedType": enforced}}}
        settings = {"$version": 4} | models(entry) | {"model": {"name": "gpt-4o"}} | auth
        found = lint(subject(settings, client=NEWEST))
        assert [each.code for each in found] == expected


def test_a_duplicate_for_another_api_is_not_removed_safely() -> None:
    other = dict(MODEL) | {"wireApi": "responses"}
    for second, safe in ((other, False), (MODEL, True)):
        settings = {"$version": 4} | models(MODEL, dict(second)) | {"model": {"name": "gpt-4o"}}
        found = lint(subject(settings, client="0.23.3"))
        (repair,) = (each.repair for each in found if each.code == "QL209")
        assert repair is not None
        assert repair.safe is safe


@pytest.mark.parametrize(
    ("path", "home"),
    [
        (("generationConfig", "temperature"), "generationConfig.samplingParams.temperature"),
        (("generationConfig", "maxTokens"), "generationConfig.samplingParams.max_tokens"),
        (("temperature",), "generationConfig.samplingParams.temperature"),
        (("timeout",), "generationConfig.timeout"),
    ],
)
def test_option_in_the_wrong_place_is_reported_with_the_right_one(
    path: tuple[str, ...], home: str
) -> None:
    entry = dict(MODEL) | ({path[0]: 1} if len(path) == 1 else {path[0]: {path[1]: 1}})
    settings = {"$version": 4} | models(entry) | {"model": {"name": "gpt-4o"}}
    (finding,) = lint(subject(settings, client=NEWEST))
    assert finding.fix == f"write it as {home}"
    assert finding.repair is not None
    assert not finding.repair.safe
    (move,) = finding.repair.operations
    assert move == Move(
        ("modelProviders", "openai", 0, *path), ("modelProviders", "openai", 0, *home.split("."))
    )


def test_repair_names_what_it_moves_even_in_place_of_its_parent() -> None:
    inside = Move(("modelProviders", "openai", "models"), ("modelProviders", "openai"))
    beside = Move(("a", "b"), ("a", "c"))
    elsewhere = Move(("a", "b"), ("a", "c", "b"))
    assert [str(Repair((each,))) for each in (inside, beside, elsewhere)] == [
        'move "models" to openai',
        'rename "b" to "c"',
        'move "b" to c.b',
    ]


# What is written where nobody reads it

IN_A_MODEL = "of a model in modelProviders"
UNREAD: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"apiKey": "sk-abcdefgh12345678"},
        [('error: Qwen Code does not read "apiKey", and it holds a key in clear text; remove it, '
         "put the key into a .env file, and name its variable in a model's envKey; None")],
    ),
    (
        {"apiToken": "$MY_KEY"},
        [('warning: Qwen Code does not read "apiToken"; remove it, put the key into a .env file, '
         "and name its variable in a model's envKey; None")],
    ),
    (
        {"baseURL": "https://a.example"},
        [('warning: Qwen Code does not read "baseURL"; '
         f"write it as the baseUrl {IN_A_MODEL}; None")],
    ),
    (
        {"provider": "openai"},
        [('warning: Qwen Code does not read "provider"; set security.auth.selectedType; '
         "move \"provider\" to security.auth.selectedType")],
    ),
    (
        {"provider": "acme"},
        ['warning: Qwen Code does not read "provider"; set security.auth.selectedType; None'],
    ),
    (
        {"provider": "openai", "security": {"auth": {"selectedType": "gemini"}}},
        ['warning: Qwen Code does not read "provider"; set security.auth.selectedType; None'],
    ),
    (
        {"provider": "openai", "security": {"auth": []}},
        ['warning: Qwen Code does not read "provider"; set security.auth.selectedType; None'],
    ),
    (
        {"modelName": "m"},
        [('warning: Qwen Code does not read "modelName"; set model.name; '
         'move "modelName" to model.name')],
    ),
    (
        {"modelName": ""},
        ['warning: Qwen Code does not read "modelName"; set model.name; None'],
    ),
    (
        {"models": []},
        [('warning: Qwen Code does not read "models"; define models in modelProviders, under their '
         "auth type; None")],
    ),
    (
        {"systemPrompt": "x"},
        ['warning: Qwen Code does not read "systemPrompt"; write it into QWEN.md; None'],
    ),
    (
        {"maxTokens": 1},
        [('warning: Qwen Code does not read "maxTokens"; '
         "write it as model.generationConfig.samplingParams.max_tokens; None")],
    ),
    (
        {"generationConfig": {}},
        [('warning: Qwen Code does not read "generationConfig"; '
         "write it as model.generationConfig; None")],
    ),
    (
        {"model": {"name": "m", "timeoutMs": 1}, **models(MODEL)},
        [('warning: Qwen Code does not read "model.timeoutMs"; '
         f"write it as generationConfig.timeout {IN_A_MODEL}; None")],
    ),
    (
        {"model": {"name": "m", "generationConfig": {"top_p": 1, "timeout": 1}}},
        [('warning: Qwen Code does not read "model.generationConfig.top_p"; '
         "write it as model.generationConfig.samplingParams.top_p; None")],
    ),
    (
        {"theme": "Dark", "selectedAuthType": "openai"},
        [('note: "theme" is written as in settings version 1, so Qwen Code does not read it here; '
         'write it as ui.theme; move "theme" to ui.theme'),
         ('warning: "selectedAuthType" is written as in settings version 1, so Qwen Code does not '
         "read it here; write it as security.auth.selectedType; "
         'move "selectedAuthType" to security.auth.selectedType')],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "said"), UNREAD)
def test_setting_that_nothing_reads_is_reported_with_its_right_place(
    settings: dict[str, Any], said: list[str]
) -> None:
    told = lint(subject({"$version": 4, **settings}, client="0.24.4"))
    assert [
        f"{each.level}: {each.message}; {each.fix}; {each.repair}"
        for each in told
        if each.code == "QL119"
    ] == said


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (
            '{\n "sk-planted1": 1, "password": 12345678,\n "A_KEY": "hunter2-hunter2-hunter2",\n'
            + '"b": 1,' * 500,
            (3, 11),
        ),
        ('{\n "env": {\n  "A_KEY": "hunter2-hunter2-hunter2"\n', (3, 12)),
        ('{\n "env": {\n  "A_KEY": "hunter2-hunter2-hunter2"\n}}', (3, 12)),
    ],
)
def test_key_in_settings_is_reported_at_its_place_even_if_they_are_broken(
    text: str, at: tuple[int, int]
) -> None:
    (found,) = tracked_key_of(text, "x.json", is_known=True)
    assert (found.code, found.message) == ("QL406", "git tracks x.json, which holds a key")
    assert found.place is not None
    assert found.place.document.label == "x.json"
    assert (found.place.position().line, found.place.position().column) == at
