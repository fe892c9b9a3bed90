"""The rules: for each stable code its usual severity, a title, and why the client behaves so.

The codes are grouped: 1xx files and syntax, 2xx providers and models, 3xx merging and scopes, 4xx
credentials, 5xx plans, 6xx selection. A code is never used again for something else.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]


class Rule(NamedTuple):
    """What a code stands for: its usual severity, a title, and why the client behaves so."""

    severity: Severity
    title: str
    reason: str


RULES: dict[str, Rule] = {
    "QL101": Rule(
        "error",
        "not valid JSON",
        "The client reads JSON with // and /* */ comments, and nothing looser: a trailing comma, "
        "NaN or a single quote makes it reject the whole file.",
    ),
    "QL102": Rule("error", "not a JSON object", "Settings are one object of keys."),
    "QL103": Rule("error", "not UTF-8", "The client reads settings as UTF-8."),
    "QL104": Rule(
        "error",
        "nested too deeply, or too large",
        "Limits keep reading bounded: 500 levels, a million values and 16 MiB a file, 100 levels "
        "a model.",
    ),
    "QL105": Rule("error", "cannot be read", "Only a readable regular file can be compiled."),
    "QL106": Rule(
        "note",
        "old settings version",
        "The client migrates the file when it loads it; it is compiled as it would be afterwards.",
    ),
    "QL107": Rule(
        "warning",
        "settings version from the future",
        "The client leaves a higher version alone and may not find what it looks for.",
    ),
    "QL108": Rule(
        "warning",
        "number that JavaScript cannot hold",
        "The client reads numbers as 64-bit floats: larger integers are rounded.",
    ),
    "QL109": Rule(
        "error",
        "text that UTF-8 cannot hold",
        "Half of a surrogate pair is no character; it cannot be sent to an API or locked.",
    ),
    "QL110": Rule(
        "error",
        "number beyond every limit",
        "The client reads the number as infinity, and sends null in its place.",
    ),
    "QL111": Rule(
        "error",
        "merge conflict in the lock",
        "A lock is not merged by hand: it is compiled again from the merged settings.",
    ),
    "QL112": Rule("error", "not a lock", "The file is not what `qwenlock lock` writes."),
    "QL113": Rule(
        "error",
        "lock of another version",
        "A reader takes any 1.x; another major version means another format.",
    ),
    "QL114": Rule(
        "error",
        "lock edited by hand",
        "The digest in its second line covers every byte after it, and does not match.",
    ),
    "QL115": Rule(
        "note",
        "unused ignore comment",
        "The comment suppresses nothing: what it was for is gone, or stands on another line.",
    ),
    "QL116": Rule(
        "warning",
        "duplicate key",
        "Of equal keys in one object the last wins; what stands under the others is never read.",
    ),
    "QL117": Rule(
        "warning",
        "byte-order mark",
        "Up to 0.15.10 the client takes it for a syntax error, and rejects the whole file.",
    ),
    "QL118": Rule(
        "warning",
        "misspelt settings key",
        "The client passes over a key that it does not know, and takes its default.",
    ),
    "QL120": Rule(
        "error",
        "configuration that is not TOML",
        "A team's choices stand in qwenlock.toml, or in [tool.qwenlock] of pyproject.toml.",
    ),
    "QL121": Rule(
        "error",
        "unknown configuration key",
        "A key that is passed over would be a choice that nobody made.",
    ),
    "QL122": Rule(
        "error",
        "configuration value that cannot be",
        "Every key has one kind of value, and a file that is named must be there.",
    ),
    "QL201": Rule(
        "error",
        "modelProviders is not an object",
        "Its keys are auth types, each with an array of models (guide, Overview).",
    ),
    "QL202": Rule(
        "warning",
        "unknown auth type",
        "The client skips the key without a word, and its models do not appear in /model (guide, "
        "Supported Auth Types).",
    ),
    "QL203": Rule(
        "warning",
        "qwen-oauth cannot be overridden",
        "Its models are hard-coded; what the settings say of it is ignored (guide, Overview).",
    ),
    "QL204": Rule("error", "provider is not an array", "An auth type holds an array of models."),
    "QL205": Rule("error", "model is not an object", "A model is an object with id and envKey."),
    "QL206": Rule(
        "error",
        "model without id",
        "The id is required: it names the model and is what the API is sent (guide, Overview).",
    ),
    "QL207": Rule(
        "error",
        "model without envKey",
        "A model must name the variable that holds its key (guide, Overview); from 0.15.6 the "
        "client falls back to the auth type's own.",
    ),
    "QL208": Rule(
        "warning",
        "custom model that a plan will shadow",
        "An update of the plan puts its models first, and the first of one identity wins (guide, "
        "Automatic Updates).",
    ),
    "QL209": Rule(
        "warning",
        "duplicate model",
        "The first of two models with one identity wins, the other is skipped (guide, Overview).",
    ),
    "QL210": Rule(
        "error", "field of the wrong type", "The client expects another type and fails on this one."
    ),
    "QL211": Rule(
        "warning",
        "option of the wrong type or out of range",
        "The client hands the value on unchecked, and the API refuses or ignores it.",
    ),
    "QL212": Rule("warning", "unknown model field", "The client does not read this field."),
    "QL213": Rule("warning", "unknown option", "The client reads no such option."),
    "QL214": Rule(
        "warning",
        "extra_body is ignored here",
        "Only OpenAI-compatible requests carry it (guide, Local Self-Hosted Models, note).",
    ),
    "QL215": Rule(
        "warning",
        "base URL is no URL",
        "The SDK needs an absolute http or https URL, and fails on anything else.",
    ),
    "QL216": Rule(
        "warning",
        "base URL without the path of the API",
        "The openai SDK adds /chat/completions to the base URL as it stands; without what comes "
        "before it, such as /v1, nothing answers there (guide, SDKs Used for API Requests).",
    ),
    "QL217": Rule(
        "warning",
        "base URL with the path of a request",
        "The SDK adds the path of a request itself, so that it would stand there twice (guide, "
        "SDKs Used for API Requests).",
    ),
    "QL218": Rule(
        "warning",
        "base URL whose /v1 is doubled",
        "The Anthropic SDK adds /v1/messages itself: the request goes to /v1/v1/messages.",
    ),
    "QL219": Rule(
        "warning",
        "plain http to a public host",
        "The key, the prompt and the code in it can be read on the way.",
    ),
    "QL220": Rule(
        "note",
        "model without envKey, by a later release only",
        "From 0.15.6 the client falls back to the auth type's own variable; the guide requires "
        "envKey, and earlier releases refuse the model.",
    ),
    "QL221": Rule(
        "note",
        "one id at two base URLs, by a later release only",
        "From 0.15.10 a model is identified by id and base URL; by the guide, and for earlier "
        "releases, the first of one id wins and the others are skipped.",
    ),
    "QL301": Rule(
        "warning",
        "models hidden by REPLACE",
        "The highest scope that has modelProviders owns the whole catalogue; lower scopes' models "
        "are not merged in (guide, Generation Config Layering).",
    ),
    "QL302": Rule(
        "warning",
        "empty catalogue",
        "An empty modelProviders still replaces that of lower scopes: /model offers nothing.",
    ),
    "QL303": Rule(
        "note",
        "the home directory is no project",
        "Its .qwen/settings.json is the user scope; the client reads it once, as that.",
    ),
    "QL304": Rule(
        "note",
        "model defined otherwise in a lower scope",
        "The owning scope's definition is the one that counts, as a whole; nothing is merged in "
        "(guide, Generation Config Layering).",
    ),
    "QL305": Rule(
        "note",
        "lock that depends on the user scope",
        "The guide recommends the user scope for models, but every machine has its own: the same "
        "commit compiles to another lock elsewhere (guide, Selection Persistence).",
    ),
    "QL306": Rule(
        "warning",
        "project that the client does not trust",
        "With security.folderTrust.enabled the client leaves out the settings and .env files of "
        "folders that are not trusted.",
    ),
    "QL307": Rule(
        "warning",
        "hidden models that this client offers all the same",
        "The guide and the client's own schema say REPLACE, but no release seen does it: it merges "
        "modelProviders auth type by auth type.",
    ),
    "QL401": Rule(
        "error",
        "literal credential",
        "A lock is shared and never holds a secret, and neither should settings: the client "
        "replaces $NAME in any string from the environment.",
    ),
    "QL402": Rule(
        "error",
        "envKey is not a variable name",
        "envKey names the environment variable that holds the key; it is not the key itself "
        "(guide, Overview).",
    ),
    "QL403": Rule(
        "warning",
        "deprecated credential setting",
        "security.auth.apiKey and security.auth.baseUrl will be removed from the client (guide, "
        "Resolution Layers and Atomicity).",
    ),
    "QL404": Rule(
        "warning",
        "key kept in settings",
        "settings.env holds its values in clear text; the guide recommends a .env file (guide, "
        "API Key Storage).",
    ),
    "QL405": Rule(
        "error",
        "variable not set",
        "The client reads the key from this variable when it starts, and fails without it.",
    ),
    "QL406": Rule(
        "error",
        "key in a file that git tracks",
        "Whoever has the repository has the key, and its history keeps it when the file does not.",
    ),
    "QL407": Rule(
        "warning",
        ".env file that is hidden by another",
        "Up to 0.15.10 the client reads the first .env file that it finds, and no other; that of a "
        "project hides that of the home directory.",
    ),
    "QL501": Rule(
        "warning",
        "edited plan models",
        "The next update of the plan replaces its models, and what was changed in them is lost.",
    ),
    "QL502": Rule(
        "note",
        "plan models of no known template",
        "The models match no template version that this qwenlock knows.",
    ),
    "QL503": Rule(
        "warning",
        "plan models of several regions",
        "A key is valid in one region; models of another region's endpoint refuse it.",
    ),
    "QL504": Rule(
        "note",
        "outdated plan models",
        "The client offers the update when it starts; until then the models are as they were "
        "(guide, Automatic Updates).",
    ),
    "QL505": Rule(
        "note",
        "unknown plan version",
        "The version that is recorded belongs to no template that this qwenlock knows, so the "
        "client may offer an update that changes the models.",
    ),
    "QL506": Rule(
        "note",
        "plan models that no version is recorded of",
        "They count as a manual configuration, but have the envKey and baseUrl of the automatic "
        "one, which will overwrite them (guide, Manual Configuration).",
    ),
    "QL601": Rule(
        "error", "unknown auth type selected", "The client cannot start with an unknown auth type."
    ),
    "QL602": Rule(
        "warning",
        "selected auth type has no models",
        "Without entries the model is built from flags, environment and settings when the client "
        "starts: a runtime model (guide, Provider Models vs Runtime Models).",
    ),
    "QL603": Rule(
        "warning",
        "selected model is not defined",
        "A model that no entry defines is a runtime model: its key and endpoint come from flags, "
        "environment and settings (guide, Provider Models vs Runtime Models).",
    ),
    "QL604": Rule(
        "warning",
        "no model selected",
        "This auth type has no built-in default; the client needs a model from its environment.",
    ),
    "QL605": Rule(
        "warning",
        "not a model of qwen-oauth",
        "The models of qwen-oauth are hard-coded; the client falls back to its default.",
    ),
    "QL606": Rule(
        "warning",
        "selection of the wrong type",
        "The client reads a string here, and takes its default where it finds something else.",
    ),
    "QL607": Rule(
        "note",
        "model that depends on the release",
        "Without model.name the client takes its built-in default, which differs between releases.",
    ),
    "QL608": Rule(
        "note",
        "generationConfig that the selected model ignores",
        "A model of modelProviders is sealed: model.generationConfig is for runtime models only "
        "(guide, Generation Config Layering).",
    ),
}
