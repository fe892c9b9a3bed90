"""What a user asks for when a project is set up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Host: TypeAlias = Literal["github", "gitlab"]
HOSTS: dict[Host, str] = {"github": "GitHub Actions", "gitlab": "GitLab CI"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user asks for; the same as the options of `qwenlock init`.

    `without_user` is None where nothing is said: what the options of the scopes say counts.
    """

    from_env: bool = False
    region: str | None = None
    without_user: bool | None = None
    ci: Host | None = None
    pre_commit: bool = False
