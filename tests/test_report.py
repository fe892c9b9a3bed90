"""The report as a page: a browser shows it, and it needs no other file."""

from __future__ import annotations

import base64
import itertools
import json
import struct
import zlib
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import pytest

from browser import Browser
from qwenlock.change.upgrade_data import UpgradeStatus
from qwenlock.cli.views.page import COLOURS
from qwenlock.cli.views.results import STATUSES
from qwenlock.compile.verdict import VerdictStatus
from qwenlock.edge.plans import load
from qwenlock.findings.rules import Severity
from support import MODEL, World, models, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD = "<script>alert(1)</script> & \"'`[x](y)` \x1b[31m\u202e模型"
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str | None]


class Page(HTMLParser):
    """A parsed page, whose tags must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]


@pytest.fixture
def rich(world: World) -> World:
    """Return a project with everything in it that a report shows."""
    assert world.run("upgrade", "--region", "global", "--to", "0.12.0", "--yes").exit_code == 0
    settings = json.loads(world.user.read_text())
    settings["modelProviders"]["openai"] += [
        {"id": ODD, "name": ODD, "envKey": "ODD_KEY", "generationConfig": {"extra_body": {ODD: 1}}},
        {**MODEL, "capabilities": {"vision": True}},
    ]
    settings["modelProviders"]["opnai"] = []
    write(world.user, settings)
    write(world.system / "system-defaults.json", models({**MODEL, "id": "hidden-model"}))
    assert world.run("lock").exit_code == 0
    settings["modelProviders"]["openai"][0]["generationConfig"]["timeout"] = 1234
    write(world.user, settings)
    return world


def page_of(world: World) -> str:
    result = world.run("report", "--html", "-")
    assert (result.exit_code, result.err) == (0, "")
    return result.out


def test_page_is_whole_and_has_no_scripts(rich: World) -> None:
    text = page_of(rich)
    page = Page(text)
    assert not page.all("script", "iframe", "img", "link", "object", "embed", "form")
    assert not any(name.startswith("on") for each in page.elements for name in each.attributes)
    assert "@import" not in text
    assert "url(" not in text
    targets = [str(each.attributes["href"]) for each in page.all("a")]
    assert targets
    assert all(target.startswith("#") for target in targets)
    assert "default-src 'none'" in text


def test_page_is_the_same_every_time(rich: World) -> None:
    assert page_of(rich) == page_of(rich)


def test_page_can_be_navigated(rich: World) -> None:
    """It has landmarks, one first heading, no skipped levels, tables with headers, and ids."""
    page = Page(page_of(rich))
    assert page.all("html")[0].attributes["lang"] == "en"
    assert len(page.all("title")) == len(page.all("main")) == len(page.all("h1")) == 1
    assert len(page.all("header")) == len(page.all("footer")) == len(page.all("nav")) == 1
    levels = [int(each.tag[1]) for each in page.all("h1", "h2", "h3", "h4")]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for each in page.elements:
        for name in ("aria-labelledby", "href"):
            target = each.attributes.get(name)
            assert target is None or target.removeprefix("#") in ids, target
    assert all("scope" in each.attributes for each in page.all("th"))
    assert len(page.all("table")) == len(page.all("caption"))


def test_page_shows_everything(rich: World) -> None:
    text = " ".join(Page(page_of(rich)).text.split())
    for said in (
        "drift",
        "The lock differs from its settings",
        "generation-config.timeout",
        "1234",
        "warning QL202",
        '"opnai" is not an auth type',
        "MiniMax-M2.5",
        "1,000,000",
        "https://coding-intl.dashscope.aliyuncs.com/v1",
        "selected",
        "Bailian Coding Plan due",
        f"0.12.0 to {load().plan('coding-plan').newest().version}",
        "qwen3.5-plus generationConfig.timeout: template none, yours",
        "owns the catalogue, makes the selection",
        "Hidden by REPLACE openai/hidden-model",
        "ODD_KEY",
        "<script>alert(1)</script> & \"'`[x](y)` \\x1b[31m\\u202e模型",
    ):
        assert said in text, said


def test_every_status_has_a_colour() -> None:
    statuses = {
        *get_args(VerdictStatus),
        *get_args(UpgradeStatus),
        *get_args(Severity),
        *("added", "removed", "changed", "reordered"),
        *STATUSES,
        "unknown",
    }
    assert statuses - {"not-installed"} <= COLOURS.keys()


@pytest.mark.parametrize("region", ["china", "global"])
def test_upgrade_that_is_not_due_is_reported_as_such(world: World, region: str) -> None:
    world.run("upgrade", "--region", region, "--yes")
    text = " ".join(Page(page_of(world)).text.split())
    assert "Bailian Coding Plan current" in text
    assert "What the upgrade changes" not in text


def test_settings_that_cannot_be_read_are_reported(world: World) -> None:
    write(world.own, "{ nonsense")
    result = world.run("report", "--html", "r.html", "--markdown", "r.md")
    assert result.exit_code == 3
    text = Page((world.project / "r.html").read_text(encoding="utf-8")).text
    assert "error QL101" in text
    assert "QL101" in (world.project / "r.md").read_text(encoding="utf-8")


def test_client_that_is_not_known_is_wrong_use(world: World) -> None:
    assert world.run("report", "--html", "-", "--client", "0.1").exit_code == 2


@pytest.mark.parametrize("options", [[], ["--html", "-", "--markdown", "-"], ["--html", "x/y/z"]])
def test_place_that_cannot_be_written(world: World, options: list[str]) -> None:
    assert world.run("report", *options).exit_code == (4 if "x/y/z" in options else 2)


def test_no_secret_is_shown(world: World) -> None:
    secret = "sk-hunter2hunter2hunter2"
    settings = models({**MODEL, "baseUrl": f"https://u:{secret}@h/v1"}, MODEL)
    settings["security"]["auth"] |= {"apiKey": secret, "baseUrl": f"https://{secret}@h"}
    write(world.user, {**settings, "env": {"X_KEY": secret}})
    for option in ("--html", "--markdown"):
        assert "hunter" not in world.run("report", option, "-").out


# A browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def file(rich: World, tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    file.write_text(page_of(rich), encoding="utf-8")
    return file


@pytest.mark.slow
def test_browser_runs_no_scripts(browser: Browser, tmp_path: Path) -> None:
    """Otherwise the tests below would prove nothing."""
    write(file := tmp_path / "x.html", "<title>a</title><script>document.title = 'b'</script>")
    browser.show(file)
    assert browser.value("document.title") == "a"


@pytest.mark.slow
def test_browser_shows_the_page_without_scripts(browser: Browser, file: Path) -> None:
    browser.show(file)
    shown = " ".join(browser.value("document.body.innerText").split())
    for said in (
        "MODELS OF QWEN CODE project drift",
        "Models 10",
        "model openai/qwen3.5-plus changed generation-config.timeout 1234",
        "MiniMax-M2.5 [Bailian Coding Plan for Global/Intl] MiniMax-M2.5",
        "Bailian Coding Plan due",
        "<script>alert(1)</script> & \"'`[x](y)` \\x1b[31m\\u202e模型",
    ):
        assert said in shown, said
    assert browser.value("document.compatMode") == "CSS1Compat"


@pytest.mark.slow
def test_page_loads_nothing_and_the_browser_reports_nothing(browser: Browser, file: Path) -> None:
    browser.asked.clear()
    browser.said.clear()
    browser.show(file)
    assert (browser.asked, browser.said) == ([file.as_uri()], [])


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1280])
def test_page_is_visible(browser: Browser, file: Path, width: int, dark: bool) -> None:
    browser.show(file, width=width, dark=dark)
    assert browser.value("document.documentElement.scrollWidth") <= width, "only tables scroll"
    rows = rows_of(browser.screenshot())
    assert len(set(rows)) > 400, "lines of text, not an empty page"
    assert (sum(rows[0][1:4]) < 3 * 128) == dark, "dark if the user prefers it"


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_its_ground(browser: Browser, file: Path, dark: bool) -> None:
    """WCAG requires a contrast of 4.5 to 1 at its level AA."""
    browser.show(file, dark=dark)
    pairs = json.loads(browser.value(TEXTS_AND_GROUNDS))
    assert len(pairs) > 5
    for text, ground in pairs:
        assert contrast(text, ground) >= 4.5, (text, ground)


TEXTS_AND_GROUNDS = """JSON.stringify([...new Set([...document.querySelectorAll('body *')].filter(
  each => [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())
).map(each => {
  const ground = of => getComputedStyle(of).backgroundColor;
  let under = each;
  while (ground(under) === 'rgba(0, 0, 0, 0)') under = under.parentElement;
  return [getComputedStyle(each).color, ground(under)].join(';');
}))].map(pair => pair.split(';').map(colour => colour.match(/[0-9]+/g).slice(0, 3).map(Number))))"""


def contrast(one: list[int], other: list[int]) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def luminance(colour: list[int]) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.slow
def test_what_reads_the_page_aloud_finds_its_parts(browser: Browser, file: Path) -> None:
    browser.show(file)
    nodes = browser.do("Accessibility.getFullAXTree")["nodes"]
    found = {
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"]
    }
    for part in (
        ("main", ""),
        ("banner", ""),
        ("navigation", "Sections"),
        ("heading", "project"),
        ("region", "Catalogue"),
        ("table", "The models that /model offers, in order"),
        ("columnheader", "Endpoint"),
        ("columnheader", "Variable"),
    ):
        assert part in found, part


@pytest.mark.slow
def test_page_prints_with_everything_open(browser: Browser, file: Path) -> None:
    browser.show(file)
    browser.do("Emulation.setEmulatedMedia", media="print")
    assert '{"enable_thinking": true}' in browser.value("document.body.innerText")
    assert base64.b64decode(browser.do("Page.printToPDF")["data"]).startswith(b"%PDF")
    browser.do("Emulation.setEmulatedMedia", media="")


def rows_of(png: bytes) -> list[bytes]:
    """Return the rows of a PNG; the first is filtered at most by the left neighbour."""
    assert png.startswith(b"\x89PNG")
    width, height, _, colour = struct.unpack(">IIBB", png[16:26])
    data, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    raw = zlib.decompress(data)
    stride = 1 + width * {2: 3, 6: 4}[colour]
    return [raw[row * stride : (row + 1) * stride] for row in range(height)]


# Results of many checks


def checked(*statuses: str) -> dict[str, Any]:
    projects = [
        {"project": f"p{number}", "status": status, "changes": [], "findings": []}
        for number, status in enumerate(statuses)
    ]
    return {"schema-version": "1.0", "projects": projects}


@pytest.mark.parametrize(
    ("statuses", "exit_code"),
    [([], 0), (["ok", "ok"], 0), (["ok", "drift"], 1), (["edited", "invalid", "ok"], 3)],
)
def test_highest_exit_code_counts(world: World, statuses: list[str], exit_code: int) -> None:
    write(world.project / "all.json", checked(*statuses))
    assert world.run("report", "--merge", "all.json").exit_code == exit_code


@pytest.mark.slow
def test_thousands_of_results_are_merged(world: World) -> None:
    """The results of many jobs are files in folders, and many documents in one file."""
    folder = world.project / "results"
    for number in range(2000):
        (folder / str(number)).mkdir(parents=True)
        write(folder / str(number) / "check.json", checked("ok" if number % 500 else "drift"))
    write(folder / "rest.json", "\n".join(json.dumps(checked("ok")) for _ in range(5000)))
    result = world.run("report", "--merge", "results", "--html", "all.html", "--markdown", "-")
    assert result.exit_code == 1
    assert result.out.startswith("## ⚠️ 7000 projects: 6996 ok, 4 drift\n")
    assert result.out.count("\n| drift |") == 4
    page = Page((world.project / "all.html").read_text(encoding="utf-8"))
    assert page.all("h1")
    assert len(page.all("tr")) == 7000 + 2


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "3",
        "{}",
        "nonsense",
        '{"projects": 3}',
        '{"projects": [3]}',
        '{"projects": [{"project": "p", "status": "new", "changes": [], "findings": []}]}',
        '{"projects": [{"project": "p", "status": "ok", "changes": [{}], "findings": []}]}',
        '{"error": {"message": "x"}}',
        '{"projects": []} x',
        "[" * 100_000,
    ],
)
def test_what_is_not_a_result_cannot_be_merged(world: World, text: str) -> None:
    write(world.project / "r.json", text)
    result = world.run("report", "--merge", "r.json", "--format", "json")
    assert (result.exit_code, json.loads(result.out)["error"]["exit-code"]) == (3, 3)


def test_page_of_results_is_escaped(world: World) -> None:
    document = checked("invalid")
    document["projects"][0] |= {"project": ODD, "error": {"message": ODD}}
    write(world.project / "r.json", document)
    result = world.run("report", "--merge", "r.json", "--html", "-")
    page = Page(result.out)
    assert not page.all("script")
    assert page.text.count("<script>alert(1)</script>") == 2
