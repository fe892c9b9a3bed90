"""Adds the pages of findings to the site's navigation: one for each code, in their hundreds."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any


def on_config(config: Any) -> Any:
    """Put the pages of all codes below the page that lists them."""
    folder = Path(config.docs_dir, "findings")
    pages = [f"findings/{page.name}" for page in sorted(folder.glob("QL*.md"))]
    hundreds = groupby(pages, key=lambda page: page[: len("findings/QL1")])
    findings = [{f"{start[-3:]}xx": list(group)} for start, group in hundreds]
    for section in config.nav:
        for entries in section.values():
            for entry in entries if isinstance(entries, list) else ():
                if entry.get("Findings") == "findings/index.md":
                    entry["Findings"] = ["findings/index.md", *findings]
    return config
