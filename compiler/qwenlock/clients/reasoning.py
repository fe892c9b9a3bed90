"""`capabilities.reasoning` of a model: the shapes that are valid, as 0.23.3 and 0.23.5 check them.

The client ignores an invalid declaration. It lets some models, which it knows by name, leave parts
out; this module does not know these models, and reports no missing part that could be such a case.
The names are in `reasoning.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qwenlock.clients.profile import Profile

COMPLETE_SINCE = "0.23.3"
"""The first release that reads a declaration with `thinking` and `disableField`."""

PROFILES_SINCE = "0.23.5"
"""The first release that reads a `profile`, or efforts alone."""

KEYS = (
    *("profile", "efforts", "defaultEffort"),
    *("thinking", "disableField", "toggleOnly", "canDisable"),
)


@cache
def names() -> dict[str, Any]:
    """Return what `reasoning.toml` holds: the names that a declaration may hold."""
    text = Path(__file__).with_name("reasoning.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def reasoning_problem(declaration: object, auth_type: str, client: Profile) -> str | None:
    """Return what is wrong with a declaration, in words without its values, or None.

    Args:
        declaration: the value of `capabilities.reasoning`.
        auth_type: the auth type that the model is of, `providerProtocol` and `wireApi` applied.
        client: whose rules hold. One that reads no declaration finds nothing wrong with it.
    """
    if not client.knows(COMPLETE_SINCE):
        return None
    if not isinstance(declaration, Mapping):
        return "must be an object"
    is_partial = "profile" in declaration or not {"thinking", "disableField"} & declaration.keys()
    if is_partial and client.knows(PROFILES_SINCE):
        return _problem_of_partial(declaration, auth_type)
    return _problem_of_complete(declaration)


def _problem_of_complete(given: Mapping[str, Any]) -> str | None:
    if given.get("thinking") is not True:
        return "thinking must be true"
    if given.get("disableField") not in names()["disable-fields"]:
        return f"disableField must be {_any_of(names()['disable-fields'])}"
    if wrong := _problem_of_switches(given):
        return wrong
    if given.get("toggleOnly") is True:
        return None
    return _problem_of_efforts(given) if "efforts" in given else "efforts must be given"


def _problem_of_partial(given: Mapping[str, Any], auth_type: str) -> str | None:
    if not given:
        return "must not be empty"
    if not given.keys() <= set(KEYS):
        return f"may hold {_any_of(KEYS)} only"
    if given.get("thinking", True) is not True:
        return "thinking must be true"
    wrong = _problem_of_switches(given) or _problem_of_efforts(given)
    if wrong or "profile" not in given:
        return wrong
    profile, profiles = given["profile"], names()["profiles"]
    every = dict.fromkeys(name for each in profiles.values() for name in each)
    allowed = profiles.get(auth_type) or [*every]
    if profile not in allowed:
        return f"profile must be {_any_of(allowed)}"
    if profile in names()["without-efforts"] and {"efforts", "defaultEffort"} & given.keys():
        return "efforts and defaultEffort cannot be combined with this profile"
    low = names()["efforts-of-gemini"]
    if profile == "gemini" and not set(given.get("efforts", ())) <= set(low):
        return f"efforts must be {_any_of(low)} for this profile"
    return None


def _problem_of_switches(given: Mapping[str, Any]) -> str | None:
    if not isinstance(given.get("toggleOnly", False), bool):
        return "toggleOnly must be a boolean"
    if given.get("canDisable", False) is not False:
        return "canDisable can only be false"
    return None


def _problem_of_efforts(given: Mapping[str, Any]) -> str | None:
    known = names()["efforts"]
    efforts = given.get("efforts", known)
    if not isinstance(efforts, list) or not efforts:
        return "efforts must be a non-empty array"
    if not all(effort in known for effort in efforts):
        return f"efforts must be {_any_of(known)}"
    if len(set(efforts)) < len(efforts):
        return "efforts lists one twice"
    if "defaultEffort" in given and given["defaultEffort"] not in efforts:
        return "defaultEffort must be one of the efforts"
    return None


def _any_of(values: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(values[:-1]), values[-1]]))
