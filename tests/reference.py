"""The pages of the reference that are generated from the code, by `pytest --update-docs`."""

from __future__ import annotations

import json
from collections import Counter
from textwrap import fill
from typing import TYPE_CHECKING, Any

import typer

from pages import ROOT
from qwenlock.cli.app import app
from qwenlock.cli.start import BUG
from qwenlock.clients.fields import (
    CAPABILITY_FIELDS,
    GENERATION_FIELDS,
    MODEL_FIELDS,
    SAMPLING_FIELDS,
    Field,
)
from qwenlock.clients.other_models import OTHER_MODELS, ModelSetting
from qwenlock.clients.profile import API_KEY_VARIABLES, GUIDE, NEWEST, RELEASES, profile
from qwenlock.clients.schema import settings_schema
from qwenlock.edge.plans import load
from qwenlock.findings.errors import InputError, QwenlockError, UsageError, WriteError
from qwenlock.findings.rules import HUNDREDS, RULES
from qwenlock.lock.schema import lock_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from examples import Example
    from qwenlock.plans.plan import Plan, Region

FOLDER = ROOT / "docs" / "reference"
MADE = "<!-- Generated from the code by `pytest --update-docs`. -->\n"
_LATER = " and later**: "
_SHARED_BY = 5
"""An option that this many commands have, with the same meaning, is explained once."""


def pages() -> dict[Path, str]:
    """Return the text of every generated page, by its path."""
    made: dict[str, Callable[[], str]] = {
        "commands.md": commands,
        "exit-codes.md": exit_codes,
        "plans.md": plans,
        "settings.md": settings,
        "settings.schema.json": lambda: _as_json(settings_schema(profile(NEWEST), load())),
        "lock.schema.json": lambda: _as_json(lock_schema()),
    }
    return {FOLDER / name: make() for name, make in made.items()}


def _as_json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell or ' ' for cell in line)} |\n" for line in lines)


# Commands


def commands() -> str:
    """Return the page of all commands, their arguments, options and defaults."""
    root: Any = typer.main.get_command(app)
    found = list(leaves())
    count = Counter(_row(each) for _, command in found for each in _options(command))
    shared = {row for row, times in count.items() if times >= _SHARED_BY}
    text = (
        f"# Commands\n\n{MADE}\n{_help(root.help)}\n"
        "`PROJECT` is a directory. By default it is the nearest directory upward with a\n"
        "`qwen.lock` or a `.qwen/settings.json`, or else the working directory. Data goes to\n"
        "stdout, messages to stderr. The [exit code](exit-codes.md) says whether a command\n"
        "succeeded.\n\n"
        "## Global options\n\n"
        "Write them before the command: `qwenlock --debug lock`.\n\n"
        f"{_table(['option', 'default', 'meaning'], map(_row, _options(root)))}\n"
        "## Shared options\n\n"
        "They mean the same for every command that has them.\n\n"
        f"{_table(['option', 'default', 'meaning'], sorted(shared))}\n"
    )
    return text + "\n".join(_command(name, command, shared) for name, command in found)


def leaves(name: str = "qwenlock", command: Any = None) -> Iterator[tuple[str, Any]]:
    """Yield every command that is not a group, with its whole name."""
    command = command or typer.main.get_command(app)
    if not hasattr(command, "list_commands"):
        yield name, command
        return
    for each in command.list_commands(None):
        yield from leaves(f"{name} {each}", command.get_command(None, each))


def _command(name: str, command: Any, shared: set[tuple[str, str, str]]) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    usage = " ".join([name, "[OPTIONS]", *(each.metavar for each in arguments)])
    rows = [_row(each) for each in _options(command)]
    own = [row for row in rows if row not in shared]
    text = f"## {name}\n\n{_help(command.help)}\n```text\n{usage}\n```\n\n"
    if command.epilog:
        text += f"{command.epilog}\n\n"
    if arguments:
        text += _table(
            ["argument", "meaning"], [(f"`{each.metavar}`", each.help or "") for each in arguments]
        )
        text += "\n"
    if own:
        text += _table(["option", "default", "meaning"], own) + "\n"
    names = [each.opts[0] for each in _options(command) if _row(each) in shared]
    if names:
        text += f"[Shared options](#shared-options): {', '.join(f'`{each}`' for each in names)}.\n"
    return text


def _options(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "option" and not each.hidden]


def _row(option: Any) -> tuple[str, str, str]:
    """Return the row of an option: its form, its default, its meaning."""
    takes = "" if option.is_flag else f" {option.metavar or _choices(option)}"
    written = ", ".join(_code(f"{name}{takes}") for name in [*option.opts, *option.secondary_opts])
    default = option.default
    if default is None or default is False or default == []:
        default = ""
    else:
        default = f"`{getattr(default, 'value', default)}`"
    assert option.help, option.opts
    repeatable = " Repeatable." if option.multiple and "Repeatable" not in option.help else ""
    return written, default, option.help + repeatable


def _code(text: str) -> str:
    """Return `text` as code for a table; GitHub and the site read `|` in backticks differently."""
    return f"<code>{text.replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"


def _choices(option: Any) -> str:
    choices = getattr(option.type, "choices", None)
    return "|".join(str(getattr(each, "value", each)) for each in choices or [option.type.name])


def _help(text: str) -> str:
    """Return the text of `--help`, wrapped as Markdown."""
    return "\n".join(f"{fill(part, 95)}\n" for part in text.split("\n\n"))


# Exit codes


def exit_codes() -> str:
    rows = [
        ("0", "Done, or nothing to do."),
        (
            str(QwenlockError.exit_code),
            "A lock is missing, edited or out of date; git tracks a key; or something is due.",
        ),
        (
            str(UsageError.exit_code),
            "Wrong use: an unknown command or option, or an impossible request.",
        ),
        (
            str(InputError.exit_code),
            "An input cannot be used: the settings, the lock or a template has an error.",
        ),
        (
            str(WriteError.exit_code),
            "A change or the output could not be written. If it was a change, nothing was changed.",
        ),
        (str(BUG), "A bug in `qwenlock`. `--debug` shows where."),
        ("130", "Stopped by Ctrl-C."),
        ("141", "The program that reads the output has ended."),
    ]
    return (
        f"# Exit codes\n\n{MADE}\n{_table(['code', 'meaning'], rows)}\n"
        "For several projects, the exit code is the highest one. With `--format json`, an error\n"
        "is a JSON document too. `qwenlock run` ends with the exit code of the command that it\n"
        "starts.\n"
    )


# Plans


def plans() -> str:
    """Return the page of all plans that come with qwenlock."""
    known = load()
    rows = [
        (
            f"`{plan.id}`",
            plan.title,
            f"`{plan.env_key}`",
            "; or ".join(_marks(plan)),
            f"{plan.offered()[0].version} to {plan.newest().version}",
        )
        for plan in known
    ]
    regions = [
        (f"`{plan.id}`", _names(region), f"`{region.base_url}`")
        for plan in known
        for region in plan.regions.values()
    ]
    return (
        f"# Plans\n\n{MADE}\n"
        "Qwen Code itself installs and updates these lists of models. A model belongs to a plan\n"
        "if it is listed under the plan's auth type, has the plan's variable as its `envKey`, and\n"
        "meets the condition in the column *and*. Every other model is yours: it survives every\n"
        "upgrade.\n\n"
        f"{_table(['id', 'plan', 'variable', 'and', 'versions'], rows)}\n"
        "A version is named after the first release that has the list. It is for the releases\n"
        "from there up to the next version. `qwenlock template list` shows all versions, and\n"
        "[Files of a plan](plan-files.md) describes the files.\n\n"
        "## Regions\n\n"
        "A region is an endpoint; `--region` takes its name. If a model belongs to the plan by\n"
        "its name or host but has another endpoint, it counts as one of the first region.\n\n"
        f"{_table(['plan', 'region', 'endpoint'], regions)}"
    )


def _marks(plan: Plan) -> Iterator[str]:
    """Yield the other conditions under which a model belongs to the plan."""
    if plan.ownership.endpoint:
        yield "the endpoint of a region"
    if plan.ownership.name_prefix:
        yield f"a name that begins with `{plan.ownership.name_prefix}`"
    if plan.ownership.hosts:
        yield "an endpoint at " + " or ".join(f"`{host}`" for host in plan.ownership.hosts)


def _names(region: Region) -> str:
    return f"`{region.name}`" + (f" (`{region.alias}`)" if region.alias else "")


# Settings


def settings() -> str:
    newest = profile(NEWEST)
    types = [
        (
            f"`{name}`",
            f"`{API_KEY_VARIABLES[name]}`" if name in API_KEY_VARIABLES else "",
            "the guide" if name in profile(GUIDE).auth_types else _since(name),
        )
        for name in newest.auth_types
    ]
    head = ["field", "type", "since", "meaning"]
    return (
        f"# Settings that choose models\n\n{MADE}\n"
        "These are the fields of `settings.json` that `qwenlock` knows: those in the guide, and\n"
        "those of later releases. `qwenlock schema settings` prints them as a JSON Schema; [this\n"
        f"is the schema](settings.schema.json) for {NEWEST}.\n\n"
        "## Auth types\n\nThe keys of `modelProviders`.\n\n"
        f"{_table(['auth type', 'variable for its key', 'since'], types)}\n"
        "## A model\n\nAn element of `modelProviders.AUTHTYPE`.\n\n"
        f"{_table(head, map(_field, MODEL_FIELDS))}\n"
        "## capabilities\n\n"
        f"{_table(head, map(_field, CAPABILITY_FIELDS))}\n"
        "## generationConfig\n\n"
        "For a model; `model.generationConfig` has the same fields, for runtime models. An\n"
        "*atomic* object replaces that of lower layers as a whole ([Sealed\n"
        "providers](../explanation/sealed.md)).\n\n"
        f"{_table(head, map(_field, GENERATION_FIELDS))}\n"
        "## samplingParams\n\n"
        f"{_table(head, map(_field, SAMPLING_FIELDS))}\n"
        "## Other models\n\n"
        "These settings name the models that a client uses besides the main one: by an id, or by\n"
        "an auth type, a colon and an id.\n\n"
        f"{_table(['setting', 'since', 'meaning', 'if no model fits'], map(_other, OTHER_MODELS))}"
    )


def _other(other: ModelSetting) -> tuple[str, str, str, str]:
    since = next(each for each in RELEASES if profile(each).knows(other.since))
    without = f"{other.without[0].upper()}{other.without[1:]}."
    return f"`{'.'.join(other.path)}`", since, other.description, without


def _since(auth_type: str) -> str:
    """Return the first release of the profiles that knows an auth type."""
    return next(each for each in RELEASES if auth_type in profile(each).auth_types)


def _field(field: Field) -> tuple[str, str, str, str]:
    words = [field.description]
    if field.values:
        words.append("One of " + ", ".join(f"`{value}`" for value in field.values) + ".")
    if field.minimum is not None and field.maximum is not None:
        words.append(f"From {field.minimum} to {field.maximum}.")
    elif field.minimum is not None:
        words.append(f"At least {field.minimum}.")
    if field.atomic:
        words.append("Atomic.")
    kind = f"{field.kind} of {field.members}" if field.members else field.kind
    return f"`{field.name}`", kind, field.since or "the guide", " ".join(words)


# Findings


def headed(code: str, page: str) -> str:
    """Return the page of a finding with what its rule says at the top; a new page may lack that."""
    rule = RULES[code]
    paragraphs = page.split("\n\n")
    top = paragraphs[:3] if page.startswith("# ") else []  # title, severity, reason
    rest = paragraphs[len(top) :]
    repaired = "".join("".join(top[1:2]).partition(" · ")[1:])
    releases = "\n".join(
        _wrapped(f"- **{each.release}{_LATER}{each.text}", indent="  ") for each in rule.releases
    )
    parts = [f"# {code}: {rule.title}", f"**{rule.severity}**{repaired}", _wrapped(rule.reason)]
    parts += [releases] if releases else []
    return "\n\n".join([*parts, *(each for each in rest if _LATER not in each)])


def _wrapped(text: str, indent: str = "") -> str:
    return fill(text, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def findings(pages: Mapping[str, Example]) -> str:
    """Return the page that lists all codes."""
    text = (
        "# Findings\n\nEverything that `qwenlock` can find, by code. A code never changes its "
        "meaning.\n`qwenlock explain CODE` shows the same pages.\n"
    )
    for hundred, title in HUNDREDS.items():
        rows = [
            (f"[{code}]({code}.md)", rule.title, rule.severity, pages[code].repair or "–")
            for code, rule in RULES.items()
            if code[2] == hundred
        ]
        text += f"\n## {title}\n\n{_table(['code', 'what', 'severity', '`lint --fix`'], rows)}"
    return text
