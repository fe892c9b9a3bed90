"""The rules: for each stable code its usual severity, a title, and why Qwen Code behaves so.

A code is never used again for something else.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]


HUNDREDS = {
    "1": "Files and syntax",
    "2": "Providers and models",
    "3": "Merging and scopes",
    "4": "Credentials",
    "5": "Plans",
    "6": "Selection and resolution",
}
"""What the codes of each hundred are about."""


class Client(Protocol):
    """The release that a finding is about, if its reason depends on that."""

    def knows(self, since: str) -> bool:
        """Tell whether it is the release `since`, or a later one."""


class Since(NamedTuple):
    """A sentence that is true of a release and of those after it."""

    release: str
    text: str


class Rule(NamedTuple):
    """What a code stands for.

    Attributes:
        severity: how serious it usually is.
        title: what is wrong, in a few words.
        reason: why, for the guide and for every release.
        releases: what else is true of releases, oldest first; the last that applies counts.
    """

    severity: Severity
    title: str
    reason: str
    releases: tuple[Since, ...] = ()

    def reason_for(self, client: Client | None) -> str:
        """Return why `client` behaves so; without a client, the reason for every release."""
        more = [each.text for each in self.releases if client and client.knows(each.release)]
        return f"{self.reason} {more[-1]}" if more else self.reason


_INVALID_FILES = (
    Since("0.10.1", "This release does not start with such a file."),
    Since(
        "0.15.6",
        "This release renames such a file to settings.json.corrupted.<time>, and starts without "
        "your settings.",
    ),
    Since(
        "0.21.2",
        "This release replaces such a file with {}, keeps a copy as settings.json.corrupted, and "
        "starts without your settings.",
    ),
)

RULES: dict[str, Rule] = {
    "QL101": Rule(
        "error",
        "not valid JSON",
        "Qwen Code reads JSON with // and /* */ comments. A trailing comma, NaN or a single quote "
        "makes the whole file invalid.",
        (
            *_INVALID_FILES,
            Since(
                "0.24.4",
                "This release does not start with such a user file. It replaces such a project "
                "file with {}, and keeps a copy as settings.json.corrupted.",
            ),
        ),
    ),
    "QL102": Rule("error", "not a JSON object", "A settings file holds one object of keys."),
    "QL103": Rule("error", "not UTF-8", "Qwen Code and qwenlock read their files as UTF-8."),
    "QL104": Rule(
        "error",
        "nested too deeply, or too large",
        "qwenlock sets limits so that reading always ends: 500 levels, a million values and "
        "16 MiB a file, 100 levels a model.",
    ),
    "QL105": Rule(
        "error",
        "file that cannot be read",
        "qwenlock can only read a regular file, and needs permission to read it.",
    ),
    "QL106": Rule(
        "note",
        "old settings version",
        "Qwen Code migrates the file when it loads it, if it can. qwenlock compiles the migrated "
        "settings.",
    ),
    "QL107": Rule(
        "warning",
        "settings version that is too new",
        "Qwen Code does not migrate a file of a higher version, and may not find the keys that it "
        "looks for.",
    ),
    "QL108": Rule(
        "warning",
        "number that JavaScript rounds",
        "Qwen Code reads numbers as 64-bit floats, which cannot hold every large integer.",
    ),
    "QL109": Rule(
        "error",
        "text that UTF-8 cannot hold",
        "Half of a surrogate pair is not a character: it can be neither sent to an API nor locked.",
    ),
    "QL110": Rule(
        "error",
        "number that is too large",
        "Qwen Code reads the number as infinity, and sends null instead.",
    ),
    "QL111": Rule(
        "error",
        "merge conflict in the lock",
        "Do not merge a lock by hand: merge the settings, then lock again.",
    ),
    "QL112": Rule("error", "not a lock", "`qwenlock lock` did not write this file."),
    "QL113": Rule(
        "error",
        "lock of another version",
        "This qwenlock reads only formats 1.x and 2.x.",
    ),
    "QL114": Rule(
        "error",
        "lock edited by hand",
        "The digest on the second line does not match the text below it.",
    ),
    "QL115": Rule(
        "note",
        "unused ignore comment",
        "The comment suppresses nothing: the finding is gone, or it is on another line.",
    ),
    "QL116": Rule(
        "warning",
        "duplicate key",
        "If a key appears twice in an object, the last one wins; the others are never read.",
    ),
    "QL117": Rule(
        "error",
        "byte-order mark",
        "Up to 0.24.3 a file that begins with a byte-order mark is not valid JSON for Qwen Code.",
        _INVALID_FILES,
    ),
    "QL118": Rule(
        "warning",
        "misspelt settings key",
        "Qwen Code ignores a key that it does not know, without a message.",
    ),
    "QL119": Rule(
        "warning",
        "key that nothing reads",
        "Qwen Code ignores a key that it does not know, without a message.",
    ),
    "QL120": Rule(
        "error",
        "configuration that is not TOML",
        "A team's choices are in qwenlock.toml, or in [tool.qwenlock] of pyproject.toml.",
    ),
    "QL121": Rule(
        "error",
        "unknown configuration key",
        "If qwenlock ignored a misspelt key, the team's choice would be silently lost.",
    ),
    "QL122": Rule(
        "error",
        "invalid configuration value",
        "Each key takes one kind of value, and any file that it names must exist.",
    ),
    "QL123": Rule(
        "warning",
        "lock in an old format",
        "qwenlock still reads and compares locks in format 1.x. Format 2.0 also records the "
        "other models that the client uses, each model's API, and which choices depend on "
        "variables.",
    ),
    "QL124": Rule(
        "warning",
        "settings.local.json, which nothing reads",
        "Other tools read a settings.local.json beside their settings; Qwen Code does not.",
    ),
    "QL125": Rule(
        "note",
        "committed file that the client rewrites",
        "When it starts, Qwen Code writes its settings version into a file of an older one. So "
        "everyone who starts it has a change to commit, and some releases also reformat the file, "
        "drop its comments and leave a copy beside it.",
    ),
    "QL201": Rule(
        "error",
        "modelProviders is not an object",
        "Its keys are auth types, each with an array of models (guide, Overview).",
    ),
    "QL202": Rule(
        "warning",
        "unknown auth type",
        "Qwen Code silently ignores the key, so /model does not show its models (guide, "
        "Supported Auth Types).",
    ),
    "QL203": Rule(
        "warning",
        "qwen-oauth cannot be overridden",
        "Its models are hard-coded; Qwen Code ignores what the settings say about them (guide, "
        "Overview).",
    ),
    "QL204": Rule("error", "provider is not an array", "An auth type holds an array of models."),
    "QL205": Rule("error", "model is not an object", "A model is an object with id and envKey."),
    "QL206": Rule(
        "error",
        "model without id",
        "The id is required: it identifies the model, and it is sent to the API (guide, Overview).",
    ),
    "QL207": Rule(
        "error",
        "model without envKey",
        "A model must name the variable that holds its key (guide, Overview).",
    ),
    "QL208": Rule(
        "warning",
        "custom model that a plan will hide",
        "An update of the plan puts the plan's models first, and the first of two models with "
        "the same identity wins (guide, Automatic Updates).",
    ),
    "QL209": Rule(
        "warning",
        "duplicate model",
        "The first of two models with the same identity wins, and the other is ignored (guide, "
        "Overview).",
    ),
    "QL210": Rule(
        "error",
        "field of the wrong type",
        "Qwen Code expects another type, and fails if it finds this one.",
    ),
    "QL211": Rule(
        "warning",
        "option of the wrong type or out of range",
        "Qwen Code sends the value unchecked, and the API rejects or ignores it.",
    ),
    "QL212": Rule("warning", "unknown model field", "Qwen Code does not read this field."),
    "QL213": Rule("warning", "unknown option", "Qwen Code does not read this option."),
    "QL214": Rule(
        "warning",
        "extra_body is ignored here",
        "Only OpenAI-compatible requests include it (guide, Local Self-Hosted Models, note).",
    ),
    "QL215": Rule(
        "warning",
        "base URL is not a URL",
        "The SDK needs an absolute http or https URL, and fails on anything else.",
    ),
    "QL216": Rule(
        "warning",
        "base URL with the wrong path",
        "The SDK adds only the path of a request, such as /chat/completions, so the base URL "
        "must contain everything before it (guide, SDKs Used for API Requests).",
    ),
    "QL217": Rule(
        "warning",
        "base URL with the path of a request",
        "The SDK adds the path of a request itself, so the path would appear twice (guide, SDKs "
        "Used for API Requests).",
    ),
    "QL218": Rule(
        "warning",
        "base URL whose /v1 is doubled",
        "The Anthropic SDK adds /v1/messages itself: the request goes to /v1/v1/messages.",
    ),
    "QL219": Rule(
        "warning",
        "plain http to a public host",
        "Anyone on the network can read the key, the prompt, and the code in it.",
    ),
    "QL220": Rule(
        "note",
        "model without envKey, which only later releases accept",
        "From 0.15.6 on, Qwen Code uses the auth type's own variable. The guide requires envKey, "
        "and earlier releases reject the model.",
    ),
    "QL221": Rule(
        "note",
        "one id at two base URLs, which only later releases support",
        "From 0.15.10 on, the id and the base URL together identify a model. By the guide, and "
        "in earlier releases, the first model with an id wins and the others are ignored.",
    ),
    "QL222": Rule(
        "error",
        "wireApi that ends the client",
        'Qwen Code accepts "chat-completions" and "responses", for OpenAI-compatible models only. '
        "With anything else, null included, every start ends with exit code 52.",
    ),
    "QL223": Rule(
        "warning",
        "invalid capabilities.reasoning",
        "Qwen Code ignores an invalid declaration, and warns about it.",
    ),
    "QL224": Rule(
        "warning",
        "anthropic model without baseUrl",
        "Qwen Code has no default endpoint for an Anthropic model of modelProviders, and reads no "
        "variable for it. If this model is selected, the client does not start.",
    ),
    "QL225": Rule(
        "note",
        "header that is not sent",
        "Qwen Code fills in ${session_id} only if outboundCorrelation.allowDynamicHeaderValues is "
        "true, in settings other than the project's. Otherwise it leaves the header out.",
    ),
    "QL226": Rule(
        "error",
        "variable where a lock needs the value",
        "Qwen Code replaces $NAME in any string. But a lock is the same on every machine, so it "
        "must know the name of a key's variable, a wireApi, and what providerProtocol maps to.",
    ),
    "QL301": Rule(
        "warning",
        "models hidden by REPLACE",
        "By the guide the highest scope with modelProviders defines the whole catalogue; models of "
        "lower scopes are not merged in (guide, Generation Config Layering).",
        (
            Since(
                "0.10.1",
                "Your client does this only for the auth types that the higher scope lists.",
            ),
        ),
    ),
    "QL302": Rule(
        "warning",
        "empty catalogue",
        "An empty list replaces those of lower scopes as well, so /model offers none of their "
        "models.",
    ),
    "QL303": Rule(
        "note",
        "the home directory is not a project",
        "Its .qwen/settings.json is the user scope, and Qwen Code does not read it a second time.",
    ),
    "QL304": Rule(
        "note",
        "model defined differently in a lower scope",
        "The highest scope's definition counts as a whole; nothing is merged into it (guide, "
        "Generation Config Layering).",
    ),
    "QL305": Rule(
        "note",
        "lock that depends on the user scope",
        "The guide recommends the user scope for models, but every machine has its own, so the "
        "same commit compiles to a different lock elsewhere (guide, Selection Persistence).",
    ),
    "QL306": Rule(
        "warning",
        "project that Qwen Code does not trust",
        "With security.folderTrust.enabled Qwen Code ignores the settings and .env files of "
        "folders that are not trusted.",
    ),
    "QL307": Rule(
        "warning",
        "models that the lock leaves out and Qwen Code still offers",
        "By the guide the highest scope with modelProviders defines the whole catalogue, and so "
        "does the lock (guide, Generation Config Layering). No release does this: your client "
        "still offers the lower scopes' models of other auth types.",
    ),
    "QL308": Rule(
        "error",
        "model in use hidden by REPLACE",
        "Qwen Code merges modelProviders auth type by auth type, and uses this model. Enforcing a "
        "lock without it would send the requests elsewhere.",
    ),
    "QL401": Rule(
        "error",
        "literal credential",
        "A lock is shared, so it never holds a secret. Keep secrets out of settings too: Qwen "
        "Code replaces $NAME in any string with the value of that variable.",
    ),
    "QL402": Rule(
        "error",
        "envKey is not a variable name",
        "envKey is the name of the environment variable that holds the key, not the key itself "
        "(guide, Overview).",
    ),
    "QL403": Rule(
        "warning",
        "deprecated credential setting",
        "security.auth.apiKey and security.auth.baseUrl will be removed from Qwen Code (guide, "
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
        "variable that is not set",
        "A model or the selection needs this variable. Without it, Qwen Code has no key, or uses "
        "the text $NAME as it is.",
        (Since("0.15.6", "For a missing key, it sends that of the auth type's own variable."),),
    ),
    "QL406": Rule(
        "error",
        "key in a file that git tracks",
        "Everyone with the repository has the key, and its history keeps the key after you delete "
        "it from the file.",
    ),
    "QL407": Rule(
        "warning",
        ".env file hidden by another",
        "Up to 0.15.10 Qwen Code reads only the first .env file that it finds, so one in the "
        "project hides the one in the home directory.",
    ),
    "QL408": Rule(
        "warning",
        "variable with different values",
        "The first place that sets a variable wins: the environment, then .env files, then "
        "settings.env. Qwen Code does not say which one it used; a wrong key is the usual cause of "
        "a 401.",
    ),
    "QL409": Rule(
        "warning",
        "variable that nothing reads",
        "Qwen Code has its own names for these variables. They differ from those of other tools.",
    ),
    "QL410": Rule(
        "note",
        "variable that the selected model ignores",
        "A model of modelProviders is sealed: no variable changes its name or its endpoint (guide, "
        "Generation Config Layering).",
    ),
    "QL501": Rule(
        "warning",
        "edited plan models",
        "The next update of the plan replaces its models, so the changes made to them are lost.",
    ),
    "QL502": Rule(
        "note",
        "plan models of an unknown version",
        "The models match none of the plan's versions that this qwenlock knows.",
    ),
    "QL503": Rule(
        "warning",
        "plan models of several regions",
        "A key is valid in one region; the endpoint of another region rejects it.",
    ),
    "QL504": Rule(
        "note",
        "outdated plan models",
        "Qwen Code offers the update when it starts, and keeps the models until you accept (guide, "
        "Automatic Updates).",
    ),
    "QL505": Rule(
        "note",
        "unknown plan version recorded",
        "This qwenlock does not know the recorded version, so Qwen Code may offer an update that "
        "changes the models.",
    ),
    "QL506": Rule(
        "note",
        "plan models without a recorded version",
        "Qwen Code treats these models as configured by hand. But they have the plan's envKey "
        "and baseUrl, so setting up the plan overwrites them (guide, Manual Configuration).",
    ),
    "QL601": Rule(
        "error",
        "unknown auth type selected",
        "Qwen Code cannot start with an auth type that it does not know.",
    ),
    "QL602": Rule(
        "warning",
        "selected auth type has no models",
        "Without entries Qwen Code builds the model from flags, environment and settings when it "
        "starts: a runtime model (guide, Provider Models vs Runtime Models).",
    ),
    "QL603": Rule(
        "warning",
        "selected model is not defined",
        "A model that no entry defines is a runtime model: its key and endpoint come from flags, "
        "environment and settings (guide, Provider Models vs Runtime Models).",
        (Since("0.10.1", "Without a key or endpoint there, your client uses the first entry."),),
    ),
    "QL604": Rule(
        "warning",
        "no model selected",
        "Without model.name, Qwen Code takes the model from environment variables, or else its "
        "default, which differs between releases.",
    ),
    "QL605": Rule(
        "warning",
        "not a model of qwen-oauth",
        "The models of qwen-oauth are hard-coded; Qwen Code uses its default model instead.",
    ),
    "QL606": Rule(
        "warning",
        "selection of the wrong type",
        "Qwen Code expects a string here, and uses its default for anything else.",
    ),
    "QL607": Rule(
        "note",
        "model that depends on the release",
        "Without model.name Qwen Code uses its built-in default, which differs between releases.",
    ),
    "QL608": Rule(
        "note",
        "generationConfig that the selected model ignores",
        "A model of modelProviders is sealed: model.generationConfig is for runtime models only "
        "(guide, Generation Config Layering).",
    ),
    "QL609": Rule(
        "warning",
        "fast, vision or other model that is not defined",
        "Fast, vision, fallback and other models must be entries of modelProviders. If Qwen Code "
        "does not find one, it mostly uses the selected model instead.",
    ),
    "QL610": Rule(
        "warning",
        "fast, vision or other model that cannot be used",
        "Qwen Code does not use an entry whose fields reserve it for something else, an id that "
        "several entries share, or a fallback after the third.",
    ),
    "QL611": Rule(
        "warning",
        "nothing selected",
        "No release has a default. Without security.auth.selectedType, Qwen Code takes an auth "
        "type from environment variables, or asks for a login. The lock then enforces no "
        "selection.",
    ),
    "QL612": Rule(
        "warning",
        "Qwen OAuth is selected, and its free tier has ended",
        "Its free tier ended on 2026-04-15. Since then a run with qwen-oauth ends with a message "
        "that says so.",
    ),
    "QL613": Rule(
        "error",
        "auth type other than the enforced one",
        "If security.auth.enforcedType is not the auth type in use, every run without a terminal "
        "ends with exit code 1.",
    ),
    "QL614": Rule(
        "note",
        "what an undecided selection comes to here",
        "The settings leave the model to the variables that are set. This is what the client does "
        "with those that are set here.",
    ),
    "QL615": Rule(
        "warning",
        "model.baseUrl that does not decide",
        "From 0.21 on, model.baseUrl only chooses between entries with the same id. If none of "
        "them has exactly that base URL, the first one is used.",
    ),
}
