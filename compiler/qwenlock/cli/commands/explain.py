"""`qwenlock explain`: what a finding means, and how to fix it."""

from __future__ import annotations

from typing import Annotated, Any

from qwenlock.cli import declared as typer
from qwenlock.cli.completion import codes
from qwenlock.cli.options import Format, FormatOption

app = typer.Typer(add_completion=False)


@app.command()
def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="[CODE]",
            autocompletion=codes,
            help="A code, such as QL203; by default, list all codes.",
        ),
    ] = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Explain a finding: what the client does, and how to fix it.

    Examples: `qwenlock explain QL203`, `qwenlock explain`
    """
    from qwenlock.cli.console import emit, emit_json, emit_words
    from qwenlock.edge.pages import read_page
    from qwenlock.findings.codes import check
    from qwenlock.findings.rules import HUNDREDS, RULES

    codes = list(RULES) if code is None else [check(code.upper())]
    if format is Format.json:
        emit_json({"findings": [_as_json(each) for each in codes]})
    elif code is not None:
        emit_words(read_page(codes[0]).rstrip("\n"))
    else:
        for hundred, title in HUNDREDS.items():
            emit(title)
            for each in codes:
                if each[2] == hundred:
                    emit(f"  {each}  {RULES[each].severity:<7}  {RULES[each].title}")
    return 0


def _as_json(code: str) -> dict[str, Any]:
    from qwenlock.edge.pages import read_page
    from qwenlock.findings.rules import RULES

    rule = RULES[code]
    return {
        "code": code,
        "severity": rule.severity,
        "title": rule.title,
        "reason": rule.reason,
        "reasons-by-release": dict(rule.releases),
        "page": read_page(code),
    }
