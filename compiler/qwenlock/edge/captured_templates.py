"""The lists that an installed client was made to write: kept in the user's data directory.

This machine recognises them and can upgrade to them, but a lock never depends on them, because
other machines do not have them. `capturing` makes the client write them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qwenlock.edge import cache
from qwenlock.edge.plans import read_template
from qwenlock.findings.errors import InputError
from qwenlock.plans.files import TEMPLATE
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.plans.collection import Plans
    from qwenlock.plans.plan import Plan, Template


def folder() -> Path:
    """Return the directory of captured templates, which need not exist."""
    return Path(cache.place("data"), "captured")


def with_captured(plans: Plans) -> Plans:
    """Return `plans` with the captured templates, which are recognised but never the default.

    Looking at a plan raises an InputError if a captured file of it is invalid.
    """
    return plans.changed(_with_captured)


def is_captured(template: Template) -> bool:
    """Tell whether a template is one of those that `with_captured` adds."""
    return template.file.startswith(str(folder()))


def _with_captured(plan: Plan) -> Plan:
    own = folder() / plan.id
    others = [each for each in plan.templates if not each.file.startswith(f"{own}{os.sep}")]
    return replace(plan, templates=(*others, *_templates(plan, own)))


def _templates(plan: Plan, own: Path) -> Iterator[Template]:
    for file in sorted(own.glob(f"*{TEMPLATE}")) if own.is_dir() else ():
        try:
            yield replace(read_template(file, plan), recognised_only=True)
        except InputError as error:
            raise InputError(error.message, f"remove {file}", error.findings) from None
