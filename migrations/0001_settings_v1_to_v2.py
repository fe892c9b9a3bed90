"""Settings version 1 to 2: flat keys move into groups.

How Qwen Code reads settings, "Settings versions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.settings.script_api import Draft
from qwenlock.settings.values import VERSION, version_of
from qwenlock.text.operations import Move, Remove, Set

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.settings.script_api import Context, SettingsChange
    from qwenlock.text.operations import Path

NAME = "settings-version"
TITLE = "Group the flat settings of version 1"
REASON = "From version 2 on, the client reads these settings only inside their groups"

_MOVED = {
    "accessibility": "ui.accessibility",
    "allowedTools": "tools.allowed",
    "allowMCPServers": "mcp.allowed",
    "autoAccept": "tools.autoAccept",
    "autoConfigureMaxOldSpaceSize": "advanced.autoConfigureMemory",
    "bugCommand": "advanced.bugCommand",
    "chatCompression": "model.chatCompression",
    "checkpointing": "general.checkpointing",
    "coreTools": "tools.core",
    "contextFileName": "context.fileName",
    "customThemes": "ui.customThemes",
    "customWittyPhrases": "ui.customWittyPhrases",
    "debugKeystrokeLogging": "general.debugKeystrokeLogging",
    "dnsResolutionOrder": "advanced.dnsResolutionOrder",
    "enforcedAuthType": "security.auth.enforcedType",
    "excludeTools": "tools.exclude",
    "excludeMCPServers": "mcp.excluded",
    "excludedProjectEnvVars": "advanced.excludedEnvVars",
    "fileFiltering": "context.fileFiltering",
    "folderTrustFeature": "security.folderTrust.featureEnabled",
    "folderTrust": "security.folderTrust.enabled",
    "hasSeenIdeIntegrationNudge": "ide.hasSeenNudge",
    "hideWindowTitle": "ui.hideWindowTitle",
    "showStatusInTitle": "ui.showStatusInTitle",
    "hideTips": "ui.hideTips",
    "showLineNumbers": "ui.showLineNumbers",
    "showCitations": "ui.showCitations",
    "ideMode": "ide.enabled",
    "includeDirectories": "context.includeDirectories",
    "loadMemoryFromIncludeDirectories": "context.loadFromIncludeDirectories",
    "maxSessionTurns": "model.maxSessionTurns",
    "mcpServerCommand": "mcp.serverCommand",
    "memoryImportFormat": "context.importFormat",
    "model": "model.name",
    "preferredEditor": "general.preferredEditor",
    "sandbox": "tools.sandbox",
    "selectedAuthType": "security.auth.selectedType",
    "shouldUseNodePtyShell": "tools.shell.enableInteractiveShell",
    "shellPager": "tools.shell.pager",
    "shellShowColor": "tools.shell.showColor",
    "skipNextSpeakerCheck": "model.skipNextSpeakerCheck",
    "theme": "ui.theme",
    "toolDiscoveryCommand": "tools.discoveryCommand",
    "toolCallCommand": "tools.callCommand",
    "usageStatisticsEnabled": "privacy.usageStatisticsEnabled",
    "useExternalAuth": "security.auth.useExternal",
    "useRipgrep": "tools.useRipgrep",
    "vimMode": "general.vimMode",
    "enableWelcomeBack": "ui.enableWelcomeBack",
    "approvalMode": "tools.approvalMode",
    "sessionTokenLimit": "model.sessionTokenLimit",
    "contentGenerator": "model.generationConfig",
    "skipLoopDetection": "model.skipLoopDetection",
    "skipStartupContext": "model.skipStartupContext",
    "enableOpenAILogging": "model.enableOpenAILogging",
    "tavilyApiKey": "advanced.tavilyApiKey",
}
_MOVED_TO_VERSION_3 = {"summarizeToolOutput": "model.summarizeToolOutput"}
"""What only clients move that write version 3; later ones leave it where it is."""
# Of these only booleans move, except that for `_ON_OR_OFF` anything but true is false.
_DISABLING = {
    "disableAutoUpdate": "general.disableAutoUpdate",
    "disableUpdateNag": "general.disableUpdateNag",
    "disableLoadingPhrases": "ui.accessibility.disableLoadingPhrases",
    "disableFuzzySearch": "context.fileFiltering.disableFuzzySearch",
    "disableCacheControl": "model.generationConfig.disableCacheControl",
}
_ON_OR_OFF = ("disableAutoUpdate", "disableUpdateNag")
_PATHS = {key: tuple(path.split(".")) for key, path in {**_MOVED, **_DISABLING}.items()}
_PATHS_TO_VERSION_3 = _PATHS | {
    key: tuple(path.split(".")) for key, path in _MOVED_TO_VERSION_3.items()
}


def detect(context: Context) -> bool:
    """Return whether a flat setting is there, in settings that claim no later version."""
    version = version_of(context.settings)
    return (version is None or version < 2) and any(
        key in _paths(context) and not isinstance(value, dict)
        for key, value in context.settings.items()
    )


def change(context: Context) -> SettingsChange:
    """Move every flat setting into its group; what cannot be merged stays where it is."""
    draft, paths = Draft(context.settings), _paths(context)
    for key in _in_order(context.settings, paths):
        if key in _DISABLING:
            _make_boolean(draft, key)
        if key in draft.settings:
            _move(draft, (key,), paths[key])
    draft.do(Set(VERSION, 2))
    return draft.finish()


def _paths(context: Context) -> Mapping[str, Path]:
    """Return where each flat setting goes."""
    return _PATHS_TO_VERSION_3 if context.target_version < 4 else _PATHS


def _in_order(settings: dict[str, object], paths: Mapping[str, Path]) -> list[str]:
    """Return the keys to move: what others move into comes first, else in the file's order."""
    keys = [
        key
        for key, value in settings.items()
        # `model` is also the name of a group.
        if key in paths and not (key == paths[key][0] and isinstance(value, dict))
    ]
    return sorted(keys, key=lambda key: (key != paths[key][0], key in _DISABLING))


def _make_boolean(draft: Draft, key: str) -> None:
    if isinstance(draft.settings[key], bool):
        return
    if key in _ON_OR_OFF:
        draft.do(Set((key,), False))
        draft.note((key,), "is neither true nor false; the client reads it as false")
    else:
        draft.do(Remove((key,)))
        draft.note((key,), "is neither true nor false; the client ignores it, so it is removed")


def _move(draft: Draft, source: Path, target: Path) -> None:
    """Move a setting; objects merge, and a value that already stands at `target` wins."""
    obstacle = _obstacle(draft, source, target)
    if obstacle and draft.get(obstacle) is None:
        draft.do(Set(obstacle, {}))
        obstacle = None
    value, standing = draft.get(source), draft.get(target)
    if obstacle or _cannot_merge(value, standing):
        in_the_way = _shown(obstacle or target)
        draft.note(source, f"was not moved and has no effect: {in_the_way} is in the way")
    elif standing is None:
        draft.do(Move(source, target))
    elif isinstance(value, dict):
        for name in value:
            _move(draft, (*source, name), (*target, name))
        if not draft.get(source):
            draft.do(Remove(source))
    else:
        draft.do(Remove(source))
        draft.note(source, f"is dropped in favour of {_shown(target)}, which is already set")


def _obstacle(draft: Draft, source: Path, target: Path) -> Path | None:
    """Return the parent of `target` that is not an object, unless it is the setting that moves."""
    parents = (target[:length] for length in range(1, len(target)))
    return next(
        (
            parent
            for parent in parents
            if parent != source and not isinstance(draft.get(parent, {}), dict)
        ),
        None,
    )


def _cannot_merge(value: object, standing: object) -> bool:
    both = value is not None and standing is not None
    return both and isinstance(value, dict) != isinstance(standing, dict)


def _shown(path: Path) -> str:
    return ".".join(map(str, path))
