"""The keys at the top level of settings in the schema of each release, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qwenlock.clients.profile import GUIDE

if TYPE_CHECKING:
    from qwenlock.clients.profile import Profile


class _Keys(NamedTuple):
    """Keys with the first release that reads them, and the first that no longer does, if any."""

    since: str
    until: str
    names: str


_KEYS = (
    _Keys("0.10.1", "", "$schema $version advanced context env general ide mcp mcpServers model"),
    _Keys("0.10.1", "", "modelProviders output privacy security telemetry tools ui"),
    _Keys("0.10.1", "0.15.6", "webSearch"),
    _Keys("0.10.1", "", "codingPlan"),
    _Keys("0.10.1", "0.12.0", "experimental"),
    _Keys("0.12.0", "", "hooks"),
    _Keys("0.12.0", "0.15.6", "hooksConfig"),
    _Keys("0.15.6", "", "agents channels disableAllHooks dualOutput experimental fastModel memory"),
    _Keys("0.15.6", "", "permissions slashCommands"),
    _Keys("0.15.10", "", "modelPricing providerMetadata proxy tokenPlan"),
    _Keys("0.21", "", "artifact imageModel modelFallbacks outboundCorrelation plansDirectory"),
    _Keys("0.21", "", "policy providerProtocol serve skills stopHookBlockingCap"),
    _Keys("0.21", "", "visionBridgeTimeoutMs visionModel voiceModel worktree"),
    _Keys("0.21.10", "", "compactionModel"),
    _Keys("0.23", "", "advisorModel goals review"),
    _Keys("0.24", "", "omni"),
)
"""`$schema` is for editors. Releases move the record of a plan (`codingPlan`, `tokenPlan`) if
their schema does not have it."""


def known_keys(client: Profile) -> frozenset[str]:
    """Return the keys that `client` knows at the top level of settings; all for the guide."""
    return frozenset(
        name
        for since, until, names in _KEYS
        if client.name == GUIDE or (client.knows(since) and not (until and client.knows(until)))
        for name in names.split()
    )


def known_since(key: str) -> str | None:
    """Return the first release that knows a key at the top level of settings, or None."""
    return next((since for since, _, names in _KEYS if key in names.split()), None)
