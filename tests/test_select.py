"""Selecting a model: where it is written, what is refused, and what does not change."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import typer

from qwenlock.change.select import select
from qwenlock.clients.profile import profile
from qwenlock.compile.compiler import compile_lock
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.settings.project import Project
from support import World, source, write
from test_upgrade import after, scopes

if TYPE_CHECKING:
    from qwenlock.findings.file_changes import ProjectChange

ONE = {"id": "one", "envKey": "ONE_KEY", "baseUrl": "https://one.example"}
TWO = {"id": "two", "envKey": "TWO_KEY", "baseUrl": "https://two.example"}
CATALOGUE = {"openai": [ONE, TWO], "anthropic": [{"id": "two", "envKey": "TWO_KEY"}]}


def selected(
    model: str, auth_type: str | None = None, client: str = "guide", **given: Any
) -> ProjectChange:
    """Select a model in scopes, which are named with _ for -."""
    return select(replace(scopes(**given), client=profile(client)), model, auth_type)


def settings(**more: Any) -> dict[str, Any]:
    return {"$version": 4, "modelProviders": CATALOGUE, **more}


def choice(auth_type: str, model: str, **more: str) -> dict[str, Any]:
    return {"security": {"auth": {"selectedType": auth_type}}, "model": {"name": model, **more}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"user": settings()}, "user"),
        ({"project": settings()}, "project"),
        ({"user": settings(), "project": settings()}, "project"),
        ({"user": settings(), "project": {"theme": "x"}}, "user"),
        ({"system_defaults": settings()}, "user"),
        ({"system": settings()}, "user"),
        ({"system": settings(), "project": settings()}, "project"),
    ],
)
def test_selection_goes_to_the_nearest_writable_scope_with_models_else_to_the_user(
    given: dict[str, Any], expected: str
) -> None:
    change = selected("one", **given)
    assert [file.label for file in change.files] == [f"{expected}.json"]
    assert (change.files[0].before is None) == (expected not in given)
    assert after(change).items() >= choice("openai", "one").items()
    assert change.report["scope"] == expected


def test_what_is_selected_is_what_compiles() -> None:
    change = selected("two", "anthropic", user=settings(**choice("openai", "one")))
    lock = compile_lock([source(after(change))], (), profile()).lock
    assert lock is not None
    assert (lock.selection.auth_type, lock.selection.model) == ("anthropic", "two")
    assert change.report["selection"] == {"from": "openai/one", "to": "anthropic/two"}


def test_model_of_several_auth_types_needs_one() -> None:
    with pytest.raises(UsageError, match="two is defined for openai and anthropic") as caught:
        selected("two", user=settings())
    assert caught.value.fix == "add --auth-type openai|anthropic"
    assert after(selected("two", "openai", user=settings()))["model"] == {"name": "two"}


@pytest.mark.parametrize(
    ("model", "auth_type", "said", "fix"),
    [
        ("$runtime|openai|x", None, "settings cannot select a runtime", "modelProviders"),
        ("tow", None, "the model 'tow' is not offered", 'did you mean "two"?'),
        ("something-else", None, "the model 'something-else'", "qwenlock show"),
        ("one", "anthropic", "the model 'one'", "qwenlock show"),
        ("one", "open-ai", "'open-ai' is not an auth type", 'did you mean "openai"?'),
        ("sk-0123456789abcdef", None, r"the model '\*\*\*'", "qwenlock show"),
    ],
)
def test_what_cannot_be_selected_is_refused_with_the_reason(
    model: str, auth_type: str | None, said: str, fix: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        selected(model, auth_type, user=settings())
    assert fix in (caught.value.fix or "")


def test_entry_with_an_error_is_not_called_unknown() -> None:
    broken = {"$version": 4, "modelProviders": {"openai": [ONE | {"envKey": "$ONE_KEY"}]}}
    with pytest.raises(UsageError, match="the entry of one has an error") as caught:
        selected("one", user=broken)
    assert "qwenlock lint" in str(caught.value.fix)


def test_built_in_model_can_be_selected_without_any_file() -> None:
    assert after(selected("coder-model")) == {"$version": 4, **choice("qwen-oauth", "coder-model")}


def test_current_selection_is_not_written_again() -> None:
    for where in ("user", "project", "system"):
        given = {"user": settings(), where: settings(**choice("openai", "one"))}
        change = selected("one", **given)
        assert change.files == ()
        assert change.reasons == ("openai/one is already selected",)
        scope = "user" if where == "system" else where
        assert change.report == {
            "scope": scope,
            "file": f"{scope}.json",
            "selection": {"from": "openai/one", "to": "openai/one"},
        }
    without_url = {"modelProviders": {"openai": [ONE, {"id": "one", "envKey": "ONE_KEY"}]}}
    named = {"user": without_url, "project": choice("openai", "one")}
    assert selected("one", client="0.24.4", **named).files == ()
    stale = settings(**choice("openai", "one", baseUrl="https://gone.example"))
    assert selected("one", user=stale).files == ()
    assert after(selected("one", client="0.21.2", user=stale))["model"]["baseUrl"] == ONE["baseUrl"]


def test_base_url_is_written_where_the_client_reads_it_and_removed_elsewhere() -> None:
    before = settings(**choice("openai", "one", baseUrl=ONE["baseUrl"]))
    later = after(selected("two", "openai", "0.24.4", user=before))
    assert later["model"] == {"name": "two", "baseUrl": TWO["baseUrl"]}
    assert after(selected("two", "openai", user=before))["model"] == {"name": "two"}
    assert after(selected("two", "anthropic", "0.24.4", user=before))["model"] == {"name": "two"}


def test_scope_that_overrides_the_selection_is_named() -> None:
    project = {"model": {"name": "two"}}
    (warning,) = selected("one", user=settings(), project=project).warnings
    assert "model.name in project.json (project scope) overrides it" in warning


def test_old_settings_must_be_migrated_first() -> None:
    with pytest.raises(InputError, match="another settings version"):
        selected("one", user={"modelProviders": CATALOGUE, "selectedAuthType": "x"})


def test_selection_at_the_second_endpoint_stays_selected() -> None:
    first, second = ({**ONE, "baseUrl": f"https://{name}.example"} for name in ("a", "b"))
    there = {
        "$version": 4,
        "modelProviders": {"openai": [first, second]},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": ONE["id"], "baseUrl": second["baseUrl"]},
    }
    assert selected(ONE["id"], client="0.24.4", user=there).files == ()


def test_scope_that_is_left_out_is_refused() -> None:
    with pytest.raises(UsageError, match="the user scope"):
        select(Project(), "coder-model")


def test_comments_and_layout_stay() -> None:
    text = """{
\t"modelProviders": {"openai": [
\t\t{"id": "one", "envKey": "ONE_KEY"}, // the first
\t\t{"id": "two", "envKey": "TWO_KEY"}]},
\t"security": {"auth": {"selectedType": "openai"}}, // here
\t"model": {"name": /* not */ "one"}
}""".replace("\n", "\r\n")
    result = selected("two", user=text).files[0].after
    assert result == text.replace('/* not */ "one"', '/* not */ "two"')


def test_command_asks_writes_and_locks(world: World) -> None:
    before = write(world.user, settings()).read_bytes()
    assert world.run("select", "one", "--dry-run").exit_code == 0
    refused = world.run("select", "one")
    assert (refused.exit_code, "--yes" in refused.err) == (2, True)
    assert world.user.read_bytes() == before
    done = world.run("select", "one", "--yes", "--lock")
    assert done.exit_code == 0
    assert 'model = "one"' in world.lock.read_text(encoding="utf-8")
    again = json.loads(world.run("select", "one", "--yes", "--format", "json").out)
    assert (again["written"], again["diff"]) == (False, "")
    assert world.run("select", "two").exit_code == 2
    assert world.run("select").exit_code == 2
    assert world.run("undo", "--yes").exit_code == 0
    assert world.user.read_bytes() == before


# The models to choose from, and the scope to write to

NEWER = "0.24.4"
FIRST, SECOND = ({**ONE, "baseUrl": f"https://{host}.example"} for host in ("a", "b"))


def test_base_url_chooses_between_entries_of_one_id() -> None:
    user = {"modelProviders": {"openai": [FIRST, SECOND]}}
    change = select_at(user, "https://b.example", NEWER)
    assert after(change)["model"] == {"name": "one", "baseUrl": "https://b.example"}
    with pytest.raises(UsageError, match=r"one is not offered at https://c\.example") as caught:
        select_at(user, "https://c.example", NEWER)
    assert caught.value.fix == "use https://a.example or https://b.example"


def test_base_url_is_refused_where_the_client_takes_the_first() -> None:
    user = {"modelProviders": {"openai": [FIRST, SECOND]}}
    assert after(select_at(user, "https://a.example", "0.12.0"))["model"] == {"name": "one"}
    with pytest.raises(UsageError, match="cannot select one by its base URL"):
        select_at(user, "https://b.example", "0.12.0")


def select_at(user: Any, url: str, client: str) -> ProjectChange:
    return select(replace(scopes(user=user), client=profile(client)), "one", base_url=url)


def test_selection_is_written_to_the_scope_that_is_named(world: World) -> None:
    write(world.user, settings(**choice("openai", "one")))
    assert world.run("select", "two", "--auth-type", "openai", "--scope", "project", "-y")[0] == 0
    assert json.loads(world.own.read_text())["model"] == {"name": "two"}
    assert json.loads(world.user.read_text())["model"] == {"name": "one"}


def test_models_that_the_project_hides_are_named(world: World) -> None:
    write(world.user, settings(**choice("openai", "one")))
    own = {"$version": 4, "modelProviders": {"openai": [FIRST]}, **choice("openai", "one")}
    write(world.own, own)
    result = world.run("select", "two", "--auth-type", "anthropic", "--scope", "user", "--yes")
    assert result.exit_code == 0
    for said in (
        "model.name in .qwen/settings.json (project scope) overrides it",
        "modelProviders in .qwen/settings.json hides anthropic/two here",
    ):
        assert f"warning: {said}" in result.err
    assert json.loads(world.user.read_text())["model"] == {"name": "two"}


def test_model_of_the_project_alone_is_not_selected_for_the_user(world: World) -> None:
    write(world.user, settings())
    write(world.own, {"$version": 4, "modelProviders": {"openai": [{**ONE, "id": "own"}]}})
    assert "'own' is not offered" in world.run("select", "own", "--scope", "user", "--yes").err
    assert "help: name one: one, two" in world.run("select", "--scope", "user").err


def test_without_a_model_a_list_is_offered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world.user, settings(**choice("openai", "one")))
    refused = world.run("select")
    assert (refused.exit_code, "help: name one: one, two" in refused.err) == (2, True)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    answers = iter([9, 3])
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: next(answers))
    result = world.run("select", "--yes")
    assert "* 1  openai/one\n  2  openai/two\n  3  anthropic/two\n" in result.err
    assert json.loads(world.user.read_text()).items() >= choice("anthropic", "two").items()


def test_list_marks_the_model_that_is_used_of_two_with_one_id(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = [{**ONE, "baseUrl": f"https://{at}.example/v1"} for at in ("a", "b")]
    providers = {"modelProviders": {"openai": two}}
    write(world.user, {"$version": 4, **providers, **choice("openai", "one")})
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: 2)
    for number in (1, 2):
        listed = world.run("select", "--client", "0.24.4", "--yes").err
        assert f"\n* {number}  openai/one" in listed


def test_without_any_model_nothing_can_be_chosen(world: World) -> None:
    assert "no model is offered" in world.run("select", "--client", "0.24.4").err
