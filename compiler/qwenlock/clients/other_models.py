"""The models that a client uses beside the main one: where settings name them, and how.

This is data, release by release. `compile.other_models` finds the entry for a name. Source:
the released packages (How Qwen Code reads settings, "Other models").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.clients.profile import Profile

NamingForm: TypeAlias = Literal["id", "selector", "list", "map"]
"""How the value names models: by an id alone; by a selector, `ID` or `AUTHTYPE:ID`; as a string of
selectors with commas between them; or as an object of selectors."""

Search: TypeAlias = Literal["selected", "selected-first", "only-one"]
"""Where a name without an auth type is looked for: among the models of the selected auth type;
among those first, and then among all; or among all, where only one model may have it."""

MAX_FALLBACKS = 3
"""How many names of `modelFallbacks` count; the others are ignored."""

_SELECTORS_SINCE = "0.21"
_WORDS = ("inherit", "fast")


class ModelSetting(NamedTuple):
    """A setting that names a model, or several.

    Attributes:
        role: what the model is for, in a word.
        path: the setting.
        since: the first release that reads it.
        description: one sentence, for editors.
        form: how it names models.
        search: where a name without an auth type is looked for.
        endpoint_since: the first release in which a NUL character and a base URL may follow the
            name, as the client writes it; empty for none.
        unfit: the fields of an entry that keep it from being used, with the first release of each.
        needs: the fields of which an entry must have one, with the first release of each.
        words: texts that name no entry: the main model, or the fast one.
        variable: the variable that wins over the setting, or empty.
        without: what the client does where no entry is found.
        told_since: the first release that answers `/model --ROLE` by itself, without asking a
            model; empty if none does.
    """

    role: str
    path: tuple[str, ...]
    since: str
    description: str
    form: NamingForm = "selector"
    search: Search = "selected-first"
    endpoint_since: str = ""
    unfit: tuple[tuple[str, str], ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = _WORDS
    variable: str = ""
    without: str = "the main model is used"
    told_since: str = ""


_FAST, _VOICE, _IMAGE = ("fastOnly", "0.21"), ("voiceOnly", "0.21"), ("imageOnly", "0.21")
_VISION = ("visionOnly", "0.21.10")
_SENT_AS_IT_IS = "its id is sent to the endpoint of the main model"

OTHER_MODELS: tuple[ModelSetting, ...] = (
    ModelSetting(
        "fast",
        ("fastModel",),
        "0.15.6",
        "The model for small requests beside the main one.",
        search="selected",
        unfit=(_VOICE, _IMAGE, _VISION),
        told_since="0.15.10",
    ),
    ModelSetting(
        "vision",
        ("visionModel",),
        "0.21",
        "The model that describes images to a main model that does not accept them.",
        search="only-one",
        endpoint_since="0.21",
        unfit=(_FAST, _VOICE, _IMAGE),
        without="the client picks one that accepts images",
        told_since="0.23.3",
    ),
    ModelSetting(
        "image",
        ("imageModel",),
        "0.21",
        "The model that creates images; its entry needs an envKey and an https baseUrl.",
        search="only-one",
        endpoint_since="0.21",
        unfit=(_FAST, _VOICE),
        needs=(_IMAGE, ("supportsImageGeneration", "0.23")),
        without="the client cannot create images",
        told_since="0.23.3",
    ),
    ModelSetting(
        "voice",
        ("voiceModel",),
        "0.21",
        "The openai model that transcribes speech.",
        form="id",
        search="only-one",
        unfit=(_IMAGE,),
        words=(),
        without="dictation fails",
        told_since="0.23.3",
    ),
    ModelSetting(
        "fallback",
        ("modelFallbacks",),
        "0.21",
        "Up to three models, with commas between them, that are tried when the main one has no "
        "capacity (a status of 429, 503 or 529).",
        form="list",
        endpoint_since="0.21",
        words=(),
        without="it is skipped",
    ),
    ModelSetting(
        "explore",
        ("agents", "builtin", "exploreModel"),
        "0.21",
        "The built-in Explore agent's model; inherit means the main one, fast means fastModel.",
        unfit=(_IMAGE,),
        without=_SENT_AS_IT_IS,
    ),
    ModelSetting(
        "grade",
        ("agents", "modelGrades"),
        "0.21",
        "The models for the grades of agents, by the name of the grade.",
        form="map",
        unfit=(_IMAGE,),
        without=_SENT_AS_IT_IS,
    ),
    ModelSetting(
        "web-search",
        ("tools", "webSearch", "model"),
        "0.21",
        "The model for web search; its entry needs an envKey and a suitable endpoint.",
        variable="WEB_SEARCH_MODEL",
        words=(),
        without="the client cannot search the web",
    ),
    ModelSetting(
        "compaction",
        ("compactionModel",),
        "0.21.10",
        "The model that summarizes a long conversation.",
        search="selected",
        unfit=(_FAST, _VOICE, _IMAGE, _VISION),
        told_since="0.23.3",
    ),
    ModelSetting(
        "advisor",
        ("advisorModel",),
        "0.23",
        "The model that /advisor asks for a second opinion; it receives the conversation.",
        endpoint_since="0.23.4",
        unfit=(_IMAGE,),
        without=_SENT_AS_IT_IS,
    ),
)
"""In the order of their releases."""


class Wanted(NamedTuple):
    """An entry as a setting names it.

    Attributes:
        model: the entry's id.
        auth_type: the auth type it is of; None if none is named.
        base_url: its `baseUrl`; None if none is named. Empty for an entry that has none.
    """

    model: str
    auth_type: str | None = None
    base_url: str | None = None


def other_models(client: Profile) -> tuple[ModelSetting, ...]:
    """Return the settings that name further models, of those that `client` reads."""
    return tuple(each for each in OTHER_MODELS if client.knows(each.since))


def told_roles(client: Profile) -> tuple[str, ...]:
    """Return the roles whose model `client` names when it is asked."""
    return tuple(
        each.role for each in OTHER_MODELS if each.told_since and client.knows(each.told_since)
    )


def wanted(other: ModelSetting, value: object, client: Profile) -> tuple[Wanted, ...]:
    """Return the entries that the value of a setting names, in order.

    Args:
        other: the setting.
        value: its value; what is not of the setting's form names nothing.
        client: the client whose rules apply.
    """
    texts = [text for _, text in named(other, value)]
    if other.form == "list":
        texts = texts[:MAX_FALLBACKS]
    found = (read(other, text, client) for text in texts)
    return tuple(each for each in found if each is not None)


def unfit(other: ModelSetting, entry: Mapping[str, object], client: Profile) -> str | None:
    """Return the field of an entry that keeps it from this use, or None.

    Args:
        other: the use.
        entry: the entry, as in the settings.
        client: the client whose rules apply.

    Returns:
        The name of a field that the entry has. If the entry lacks a required field, `!` and the
        name of the newest field that would do.
    """
    for name, since in other.unfit:
        if client.knows(since) and entry.get(name):
            return name
    needs = [name for name, since in other.needs if client.knows(since)]
    if needs and not any(entry.get(name) is True for name in needs):
        return f"!{needs[-1]}"
    return None


def named(other: ModelSetting, value: object) -> list[tuple[str | None, str]]:
    """Return the texts that the value of a setting holds, each with its name.

    Args:
        other: the setting.
        value: its value; what is not of the setting's form holds none.

    Returns:
        For an object, its texts by key; for a list, by position from 1; otherwise one text without
        a name.
    """
    if other.form == "map":
        items = value.items() if isinstance(value, dict) else ()
        return [(name, each) for name, each in items if isinstance(each, str) and each.strip()]
    if not isinstance(value, str):
        return []
    if other.form != "list":
        return [(None, value)] if value.strip() else []
    texts = dict.fromkeys(text.strip() for text in value.split(","))
    return [(str(at), text) for at, text in enumerate(filter(None, texts), 1)]


def path_of(role: str, name: str | None) -> tuple[str, ...] | None:
    """Return the setting that holds the text of that name; None for a role that is not known."""
    other = next((each for each in OTHER_MODELS if each.role == role), None)
    if other is None:
        return None
    return (*other.path, name) if name is not None and other.form == "map" else other.path


def read(other: ModelSetting, text: str, client: Profile) -> Wanted | None:
    """Return the entry that a text names; None if it names none, as `inherit` and `fast`."""
    if other.form == "id" or not client.knows(_SELECTORS_SINCE):
        return Wanted(text.strip()) if text.strip() else None
    base_url = None
    if other.endpoint_since and client.knows(other.endpoint_since) and "\0" in text:
        text, _, after = text.partition("\0")
        base_url = after if other.role == "advisor" else after or None
    text = text.strip()
    if not text or text in other.words:
        return None
    before, colon, model = text.partition(":")
    if colon and before.strip() in client.auth_types:
        return Wanted(model.strip(), before.strip(), base_url)
    return Wanted(text, None, base_url)
