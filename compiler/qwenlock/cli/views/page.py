"""HTML pages: one file each, without scripts, and reproducible."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from qwenlock import __version__
from qwenlock.cli.views import catalogue, differences, picture, results
from qwenlock.findings.bounded import bounded
from qwenlock.text.credentials import shown
from qwenlock.text.foreign import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwenlock.lock.model import Model

COLOURS = {
    "ok": "good",
    "drift": "warning",
    "edited": "warning",
    "missing": "warning",
    "invalid": "error",
    "unset": "warning",
    "failed": "error",
    "error": "error",
    "warning": "warning",
    "note": "note",
    "current": "good",
    "due": "warning",
    "dismissed": "note",
    "manual": "note",
    "unknown": "warning",
    "added": "good",
    "removed": "error",
    "changed": "warning",
    "reordered": "note",
}
"""The CSS class of a status, a severity or an action."""


def report(about: picture.Picture) -> str:
    """Return the report of a project."""
    findings, more = bounded(about.findings)
    return render(
        "report.html.j2",
        picture=about,
        findings=findings,
        more=more,
        lock=about.lock,
        sentence=picture.STATUS[about.status],
        overview=list(picture.overview(about)),
        summary=differences.summary,
        rows=differences.rows,
        options=catalogue.more,
        window=catalogue.window,
        shown=shown,
    )


def merged(outcomes: Sequence[results.ProjectResult]) -> str:
    """Return the page of the results of several projects."""
    return render(
        "results.html.j2",
        heading=results.heading(outcomes),
        counts=results.counts(outcomes),
        wrong=results.wrong(outcomes),
        well=[outcome for outcome in outcomes if outcome.status == "ok"],
    )


def render(template: str, **names: Any) -> str:
    """Render a page template with `names`; text is cleaned and escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    environment.filters |= {
        "by_auth_type": _by_auth_type,
        "grouped": _grouped,
        "prose": _prose,
        "sentence": differences.sentence,
    }
    made = environment.get_template(template)
    return made.render(colours=COLOURS, version=__version__, **names).strip() + "\n"


def _cleaned(value: Any) -> Any:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _prose(text: str) -> Markup:
    """Return a sentence with the parts between backquotes marked as code."""
    pieces = clean(text).split("`")
    if len(pieces) % 2 == 0:
        return escape(clean(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if index % 2 else piece
        for index, piece in enumerate(pieces)
    )


def _by_auth_type(models: Iterable[Model]) -> list[tuple[str, list[Model]]]:
    return [(name, list(each)) for name, each in groupby(models, lambda model: model.auth_type)]


def _grouped(rows: Iterable[differences.Row]) -> list[list[differences.Row]]:
    """Return rows grouped by subject."""
    return [list(each) for _, each in groupby(rows, lambda row: (row.kind, row.name))]
