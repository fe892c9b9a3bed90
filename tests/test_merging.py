"""`merge`: a catalogue by REPLACE, or as a client merges scopes; what REPLACE may not hide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.clients.profile import profile
from qwenlock.compile.compiler import compile_lock
from qwenlock.enforce.enforcing import enforcing_settings
from qwenlock.lock.model import settings_entry
from qwenlock.resolve.resolution import resolve
from qwenlock.settings.scopes import merge as merge_settings
from support import World, codes, source, strict, untimed, write

if TYPE_CHECKING:
    from qwenlock.compile.compiler import Compilation
    from qwenlock.lock.model import Lock, Merge

NEW = "0.24.4"
RELEASES = ("0.12.0", "0.15.10", "0.21.2", NEW)


def entry(name: str, host: str = "models", **more: Any) -> dict[str, Any]:
    return {"id": name, "envKey": "MY_KEY", "baseUrl": f"https://{host}.example/v1", **more}


def chosen(auth_type: str, model: str, **more: Any) -> dict[str, Any]:
    return {"security": {"auth": {"selectedType": auth_type}}, "model": {"name": model}, **more}


def compiled(user: Any, project: Any, client: str = NEW, merge: Merge = "replace") -> Compilation:
    sources = [source(user), source(project, "project")]
    return compile_lock(sources, (), profile(client), merge=merge)


def lock_of(user: Any, project: Any, client: str = NEW, merge: Merge = "replace") -> Lock:
    lock = compiled(user, project, client, merge).lock
    assert lock is not None
    return lock


def offered(lock: Lock) -> list[str]:
    return [f"{model.auth_type}/{model.id} of {model.scope}" for model in lock.models]


# As a client merges


def test_highest_scope_wins_for_each_auth_type() -> None:
    user = {"modelProviders": {"openai": [entry("a")], "anthropic": [entry("b")]}}
    project = {"modelProviders": {"openai": [entry("c")], "gemini": [entry("d")]}}
    lock = lock_of(user, project, merge="client")
    assert offered(lock) == ["openai/c of project", "anthropic/b of user", "gemini/d of project"]
    assert lock.merge == "client"
    assert [each.scope for each in lock.inputs] == ["user", "project"]


def test_nothing_is_hidden_where_scopes_merge() -> None:
    user = {"modelProviders": {"openai": [entry("a")], "anthropic": [entry("b")]}}
    project = {"modelProviders": {"openai": []}, **chosen("anthropic", "b")}
    compilation = compiled(user, project, merge="client")
    assert compilation.hidden == ()
    assert codes(compilation) == []
    assert offered(lock_of(user, project, merge="client")) == ["anthropic/b of user"]


def test_custom_provider_ids_merge_by_their_own_name() -> None:
    user = {"modelProviders": {"lab": [entry("a")]}, "providerProtocol": {"lab": "openai"}}
    project = {"modelProviders": {"openai": [entry("a", "other"), entry("b")]}}
    lock = lock_of(user, project, merge="client")
    assert offered(lock) == [
        "openai/a of user",
        "openai/a of project",
        "openai/b of project",
    ]


def test_duplicate_of_another_scope_says_which_file_wins() -> None:
    user = {"modelProviders": {"lab": [entry("a")]}, "providerProtocol": {"lab": "openai"}}
    project = {"modelProviders": {"openai": [entry("a")]}}
    (finding,) = [
        each for each in compiled(user, project, merge="client").findings if each.code == "QL209"
    ]
    assert "of user.json" in finding.message
    assert finding.place is not None
    assert finding.place.document.label == "project.json"


# What REPLACE may not hide

USER = {"modelProviders": {"anthropic": [entry("mine")]}}
PROJECT = {"modelProviders": {"openai": [entry("ours")]}}


@pytest.mark.parametrize("client", RELEASES)
def test_selected_model_that_replace_hides_is_refused_with_two_ways_out(client: str) -> None:
    user = USER | chosen("anthropic", "mine")
    compilation = compiled(user, PROJECT, client)
    assert compilation.lock is None
    (finding,) = [each for each in compilation.findings if each.level == "error"]
    assert finding.code == "QL308"
    assert "anthropic/mine is selected" in finding.message
    assert finding.fix == (
        "run `qwenlock lock --merge client`, or copy anthropic/mine into project.json"
    )
    assert lock_of(user, PROJECT, client, "client").selection.model == "mine"
    copied = {"modelProviders": PROJECT["modelProviders"] | USER["modelProviders"]}
    assert lock_of(user, copied, client).selection.model == "mine"


def test_guide_replaces_whatever_is_selected() -> None:
    assert compiled(USER | chosen("anthropic", "mine"), PROJECT, "guide").lock is not None


def test_model_that_is_hidden_and_not_used_is_not_a_reason() -> None:
    assert compiled(USER, PROJECT | chosen("openai", "ours")).lock is not None


@pytest.mark.parametrize(
    ("hidden", "counted"),
    [
        ("a", "openai/a is"),
        ("abc", "openai/a, openai/b, openai/c are"),
        ("abcd", "openai/a, openai/b, openai/c and 1 more are"),
    ],
)
def test_three_hidden_models_are_named(hidden: str, counted: str) -> None:
    user = {"modelProviders": {"openai": [*map(entry, hidden)]}}
    (finding,) = compiled(user, PROJECT | chosen("openai", "ours"), "guide").findings
    assert finding.message == (
        f"the project scope's modelProviders replaces that of the user scope: {counted} not offered"
    )
    assert [each.message for each in finding.related] == ["hidden"] * len(hidden)


@pytest.mark.parametrize(
    ("others", "setting"),
    [
        ({"fastModel": "anthropic:mine"}, "fastModel"),
        ({"modelFallbacks": "ours,mine"}, "modelFallbacks"),
        ({"agents": {"modelGrades": {"high": "mine"}}}, "agents.modelGrades.high"),
    ],
)
def test_other_model_that_replace_hides_is_refused(others: Any, setting: str) -> None:
    compilation = compiled(USER, PROJECT | chosen("openai", "ours") | others)
    (finding,) = [each for each in compilation.findings if each.level == "error"]
    assert finding.code == "QL308"
    assert f"anthropic/mine is named by {setting}" in finding.message


def test_model_that_variables_could_select_is_refused() -> None:
    (finding,) = [each for each in compiled(USER, PROJECT).findings if each.level == "error"]
    assert "anthropic/mine can be selected by variables" in finding.message
    settings = PROJECT | {"security": {"auth": {"selectedType": "openai"}}}
    assert compiled(USER, settings).lock is not None


def test_same_model_in_another_scope_with_other_fields_is_refused() -> None:
    """In the client `lab` comes first by its name, and wins if both are one model."""
    protocols = {"providerProtocol": {"lab": "openai"}}
    user = {"modelProviders": {"lab": [entry("m", timeout=1)]}, **protocols}
    project = {"modelProviders": {"openai": [entry("m", timeout=2)]}, **chosen("openai", "m")}
    assert "QL308" in codes(compiled(user, project))


# Properties

IDS = st.sampled_from(["a", "b"])
ENTRIES = st.lists(st.builds(entry, IDS, st.sampled_from(["one", "two"])), max_size=2)
PROVIDERS = st.dictionaries(st.sampled_from(["openai", "anthropic", "lab"]), ENTRIES, max_size=3)
SELECTIONS = st.one_of(
    st.just({}), st.builds(chosen, st.sampled_from(["openai", "anthropic"]), IDS)
)
OTHERS = st.sampled_from([{}, {"fastModel": "a"}, {"modelFallbacks": "b, a"}])
SETTINGS = st.builds(
    lambda providers, *more: {
        "providerProtocol": {"lab": "openai"},
        **({"modelProviders": providers} if providers is not None else {}),
        **{key: value for each in more for key, value in each.items()},
    },
    st.none() | PROVIDERS,
    SELECTIONS,
    OTHERS,
)
VARIABLES = st.fixed_dictionaries(
    {"MY_KEY": st.just("k")},
    optional={
        "OPENAI_API_KEY": st.just("o"),
        "OPENAI_BASE_URL": st.just("https://env.example/v1"),
        "OPENAI_MODEL": st.sampled_from(["a", "c"]),
    },
)


@untimed(300)
@given(
    SETTINGS, SETTINGS, VARIABLES, st.sampled_from(RELEASES), st.sampled_from(["replace", "client"])
)
def test_enforcing_a_lock_leaves_what_is_resolved_as_it_was(
    user: Any, project: Any, variables: dict[str, str], client: str, merge: Merge
) -> None:
    """Never worse: the same model, endpoint and key, or no lock."""
    lock = compiled(user, project, client, merge).lock
    if lock is None:
        return
    enforced = source(enforcing_settings(lock, [user, project]), "system")
    before = [source(user), source(project, "project")]
    after = [*before, enforced]
    sent = [resolve(sources, variables, profile(client)) for sources in (before, after)]
    for name in ("authType", "model", "apiKey", "baseUrl"):
        assert sent[0].fields[name].value == sent[1].fields[name].value, name


@untimed(200)
@given(SETTINGS, SETTINGS, st.sampled_from(RELEASES))
def test_client_merge_offers_what_the_merged_settings_do(
    user: Any, project: Any, client: str
) -> None:
    merged = merge_settings(merge_settings({}, user), project)
    alone = compile_lock([source(merged, "project")], (), profile(client)).lock
    lock = compiled(user, project, client, "client").lock
    assert alone is not None
    assert lock is not None
    entries = [[settings_entry(model) for model in each.models] for each in (lock, alone)]
    assert strict(entries[0]) == strict(entries[1])
    assert lock.selection.route == alone.selection.route
    assert [each.route for each in lock.other_models] == [each.route for each in alone.other_models]


# The command line


@pytest.mark.parametrize("client", ["guide", "0.15.10", NEW])
def test_lock_is_the_same_whichever_variables_are_set(
    world: World, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    texts = set()
    for settings in ({}, PROJECT, PROJECT | {"model": {"name": "router"}}):
        write(world.own, settings)
        for variables in ({}, {"OPENAI_API_KEY": "k", "OPENAI_MODEL": "m", "OPENAI_BASE_URL": "u"}):
            for name, value in variables.items():
                monkeypatch.setenv(name, value)
            assert world.run("lock", "--client", client).exit_code == 0
            texts.add((str(settings), world.lock.read_text()))
            for name in variables:
                monkeypatch.delenv(name)
    assert len(texts) == 3


def test_option_goes_before_the_lock_and_the_lock_before_the_default(world: World) -> None:
    write(world.user, USER | chosen("openai", "ours"))
    write(world.own, PROJECT)
    assert world.run("lock", "--client", NEW, "--merge", "client").exit_code == 0
    assert 'merge = "client"' in world.lock.read_text()
    assert world.agreed() == 0
    assert world.run("lock").exit_code == 0
    assert 'merge = "client"' in world.lock.read_text()
    assert world.run("lock", "--merge", "replace").exit_code == 0
    assert 'merge = "replace"' in world.lock.read_text()
    assert world.agreed() == 0


def test_lint_goes_by_the_merge_of_the_lock(world: World) -> None:
    write(world.user, USER | chosen("openai", "ours"))
    write(world.own, PROJECT)
    world.run("lock", "--client", NEW)
    assert "QL307" in world.run("lint").err
    world.run("lock", "--merge", "client")
    assert "QL307" not in world.run("lint").err
