"""The user's choices when setting up a project."""

from __future__ import annotations

from typing import Literal, TypeAlias

from qwenlock.text.record import dataclass

Host: TypeAlias = Literal["github", "gitlab"]
HOSTS: dict[Host, str] = {"github": "GitHub Actions", "gitlab": "GitLab CI"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InitWishes:
    """The user's choices; the same as the options of `qwenlock init`.

    `without_user` leaves the user scope out, whatever the scope options say. `projects` are those
    of a workspace, relative to its root; empty for a project.
    """

    from_env: bool = False
    from_user: bool = False
    all_models: bool = False
    region: str | None = None
    without_user: bool = False
    ci: Host | None = None
    pre_commit: bool = False
    projects: tuple[str, ...] = ()
