"""The report in a real browser."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from results.store import Study
from study.report.page import render_format, write_report
from tests.support import ROOT, synthetic
from tests.support.browser import SIZES, needs_browser, opened

pytestmark = [pytest.mark.long, needs_browser]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Fifty trials with pictures, three candidates confirmed, the winner ablated."""
    maker = synthetic.Maker(val=1000, test=2000)
    made = synthetic.study(tmp_path_factory.mktemp("browser"), pictures=True, maker=maker)
    made = synthetic.ablate(synthetic.confirm(made, maker), maker)
    write_report(made)
    return made


def test_it_requests_nothing_and_reports_no_error(browser: Any, study: Study) -> None:
    page = opened(browser, study.path)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert [u for u in page.asked if not u.startswith("data:")] == [f"file://{study.path / 'report.html'}"]
    assert page.complaints == []


def test_the_policy_stops_a_script_that_got_in_anyway(browser: Any, study: Study, tmp_path: Path) -> None:
    text = (study.path / "report.html").read_text(encoding="utf-8")
    evil = '<script>document.title="owned"</script><img src="data:," onerror="document.title=\'owned\'"></main>'
    (tmp_path / "report.html").write_text(text.replace("</main>", evil), encoding="utf-8")
    page = opened(browser, tmp_path)
    assert "owned" not in page.title()
    assert any("Content Security Policy" in complaint for complaint in page.complaints)


def test_it_is_readable_within_a_second(browser: Any, study: Study) -> None:
    def painted() -> float:
        page = opened(browser, study.path)
        script = """() => new Promise((done) => new PerformanceObserver((list) => done(list.getEntries()[0].startTime))
            .observe({type: 'paint', buffered: true}))"""
        value = float(page.evaluate(script))
        page.context.close()
        return value

    assert min(painted() for _ in range(3)) < 1000


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "colours",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}],
    ids=["light", "dark", "forced"],
)
@pytest.mark.parametrize("compared", ["", "#compare=trial-12,trial-20"], ids=["page", "comparison"])
def test_axe_finds_no_violation(browser: Any, study: Study, size: str, colours: dict[str, str], compared: str) -> None:
    page = opened(browser, study.path, size, compared, **colours)
    page.evaluate(
        """document.querySelectorAll('details').forEach((d, i) => {
            d.open = i % 7 === 0 || d.id === 'trial-20' || d.classList.contains('chapter');
        })"""
    )
    source = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)  # through the debugger: the page's own policy does not apply to it
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    said = [
        f"{v['id']}: {v['nodes'][0]['html'][:200]} {v['nodes'][0].get('failureSummary', '')[:300]}"
        for v in found["violations"]
    ]
    assert said == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_scrolls_sideways_and_no_text_is_cut(browser: Any, study: Study, size: str) -> None:
    page = opened(browser, study.path, size)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    cut = page.evaluate(
        """() => {
      const wide = document.documentElement.clientWidth, found = [];
      for (const e of document.querySelectorAll('body *')) {
        if (e.closest('.scroll, .sr, .skip, svg, script, [hidden]') && !e.matches('.scroll, svg')) continue;
        const box = e.getBoundingClientRect();
        if (!box.width || !box.height) continue;
        if (box.right > wide + 1 || box.left < -1) found.push('outside: ' + e.outerHTML.slice(0, 120));
        const clips = ['hidden', 'clip'].includes(getComputedStyle(e).overflowX);
        if (clips && e.scrollWidth > e.clientWidth + 1) found.push('clipped: ' + e.outerHTML.slice(0, 120));
      }
      for (const svg of document.querySelectorAll('.drawing svg')) {
        const frame = svg.getBoundingClientRect();
        for (const t of svg.querySelectorAll('text')) {
          const box = t.getBoundingClientRect();
          if (box.left < frame.left - 2 || box.right > frame.right + 2
              || box.top < frame.top - 2 || box.bottom > frame.bottom + 2)
            found.push('cut in a figure: ' + t.textContent);
        }
      }
      for (const m of document.querySelectorAll('.scroll:has(> .matrix)'))
        if (m.scrollWidth > m.clientWidth + 1) found.push('ten classes that do not fit: ' + m.ariaLabel);
      return found;
    }"""
    )
    assert cut == []


@pytest.mark.parametrize("size", SIZES)
def test_matrices_keep_their_colours_in_forced_ones_and_can_be_read(browser: Any, study: Study, size: str) -> None:
    page = opened(browser, study.path, size, forced_colors="active")
    page.evaluate("document.querySelectorAll('#where details, #baseline').forEach((d) => { d.open = true; })")
    found = page.evaluate(
        """() => [...document.querySelectorAll('#where .matrix td, #confusion .matrix td')]
      .filter((e) => /^[cnp][0-9]/.test(e.className)).map((e) => [e.className, getComputedStyle(e)])
      .map(([name, style]) => [name, style.backgroundColor, style.color, parseFloat(style.fontSize)])"""
    )
    grounds = {name: ground for name, ground, _, _ in found}
    assert len(grounds) == len(set(grounds.values())) > 8
    assert all(ground != ink and height >= 11 for _, ground, ink, height in found)


def unfolded(page: Any) -> None:
    """Open the fold of the whole leaderboard."""
    page.locator("details:has(> .scroll > #leaderboard-table) > summary").press("Enter")


def ranks(page: Any) -> list[str]:
    return page.locator("#leaderboard-table tbody tr:visible th").evaluate_all(
        "all => all.map(e => e.textContent.split(' ').slice(0, 2).join(' '))"
    )


def test_sorting_by_keyboard(browser: Any, study: Study) -> None:
    page = opened(browser, study.path)
    unfolded(page)
    before = ranks(page)
    button = page.get_by_role("button", name="Epochs", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    head = page.locator("#leaderboard-table th", has=button)
    assert head.get_attribute("aria-sort") == "ascending"
    epochs = page.locator("#leaderboard-table tbody tr td:nth-child(5)").all_inner_texts()
    values = [int(re.match(r"\d+", e)[0]) for e in epochs]  # type: ignore[index]
    assert values == sorted(values)
    assert "Sorted by Epochs, ascending" in page.locator("#said").inner_text()
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="Rank", exact=True).press("Enter")
    assert [r for r in ranks(page) if r.startswith("trial")] == [r for r in before if r.startswith("trial")]
    assert page.locator("#leaderboard-table th[aria-sort]").count() == 1
    assert page.get_by_role("button", name="Test").count() == 0


def test_filtering_by_keyboard(browser: Any, study: Study) -> None:
    page = opened(browser, study.path)
    unfolded(page)
    page.get_by_role("searchbox").focus()
    page.keyboard.type("batch_norm")
    complete = [r for r in study.records() if r.trial is not None and r.status == "complete"]
    wanted = {f"trial {r.trial}" for r in complete if r.config["architecture"] == "batch_norm"}
    assert set(ranks(page)) == wanted
    assert f"{len(wanted)} of " in page.locator(".count").inner_text()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    assert len(ranks(page)) == len(complete) + 1  # the baseline among them


def test_deep_links_open_what_they_point_to(browser: Any, study: Study) -> None:
    page = opened(browser, study.path, hash="#trial-20")
    page.wait_for_function("document.activeElement.parentElement.id === 'trial-20'")
    assert page.locator("#trial-20").get_attribute("open") is not None
    assert page.locator("#trial-20").bounding_box()["y"] < 300
    other = page.locator("#leaderboard tbody a").nth(5)
    target = other.get_attribute("href")
    other.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("t => document.querySelector(t).open", arg=target)


def test_a_summary_opens_by_keyboard(browser: Any, study: Study) -> None:
    page = opened(browser, study.path)
    page.locator("#trials > summary").press("Enter")
    page.locator("#trial-2 > summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#trial-2 table.matrix").first.is_visible()


@pytest.mark.parametrize("script", [True, False])
def test_downloads_by_keyboard_with_and_without_javascript(browser: Any, study: Study, script: bool) -> None:
    page = opened(browser, study.path, java_script_enabled=script, offline=False)  # offline cancels data: downloads too
    for label, kind in (("CSV", "csv"), ("JSON", "json"), ("Markdown", "md"), ("LaTeX", "latex")):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=label, exact=True).press("Enter")
        text = Path(waiting.value.path()).read_text(encoding="utf-8")
        assert text == render_format(study, kind)
    assert len(list(csv.reader(io.StringIO(render_format(study, "csv"))))) > 50
    json.loads(render_format(study, "json"))


def test_every_figure_saves_as_a_file_of_its_own(browser: Any, study: Study, tmp_path: Path) -> None:
    page = opened(browser, study.path)
    buttons = page.locator("button.save")
    assert buttons.count() == page.locator("figure.fig").count() > 10
    for i in range(buttons.count()):
        with page.expect_download() as waiting:
            buttons.nth(i).press("Enter")
        page.wait_for_timeout(120)  # Chromium drops a page's eleventh download of blobs within a second
        text = Path(waiting.value.path()).read_text(encoding="utf-8")
        assert waiting.value.suggested_filename.endswith(".svg")
        assert text.startswith("<svg") and 'xmlns="http://www.w3.org/2000/svg"' in text
        assert "var(" not in text
        if i in (0, 3):
            (tmp_path / "one.svg").write_text(text, encoding="utf-8")
            alone = browser.new_page()
            alone.goto(f"file://{tmp_path / 'one.svg'}")
            assert alone.evaluate("document.documentElement.tagName") == "svg"


def test_without_javascript_everything_is_there(browser: Any, study: Study) -> None:
    page = opened(browser, study.path, java_script_enabled=False)
    assert page.locator(".filter").is_hidden() and page.locator("button:visible").count() == 0
    for part in ("#leaderboard table", "#forest svg", "#winner-classes svg", ".verdict", ".next pre"):
        assert page.locator(part).first.is_visible()
    assert page.locator("input.pick, .compare-bar").count() == 0
    page.locator("details:not([open]) > summary").first.wait_for()
    for r in (r for r in study.records() if r.trial is not None):
        assert page.locator(f"#trial-{r.trial} > summary").count() == 1
    page.locator("#trials > summary").click()
    page.locator("#trial-20 > summary").click()
    for inner in ("table.matrix", "pre.lines", ".command pre"):
        assert page.locator(f"#trial-20 {inner}").first.is_visible()


@pytest.mark.skipif(
    not shutil.which("pdftotext") and not os.environ.get("REQUIRE_BROWSER"), reason="missing: pdftotext"
)
def test_paper_shows_what_is_open(browser: Any, study: Study, tmp_path: Path) -> None:
    """At most fifteen sheets as it opens; with a trial opened, that too."""
    page = opened(browser, study.path)
    assert sheets(page.pdf(format="A4"), tmp_path)[0] <= 15
    page.evaluate("document.querySelectorAll('#trials, #trial-20').forEach((d) => { d.open = true; })")
    run = next(r for r in study.records() if r.trial == 20)
    assert f"runs/made-up-{run.run_id}" in sheets(page.pdf(format="A4"), tmp_path)[1]


def sheets(pdf: bytes, folder: Path) -> tuple[int, str]:
    """Return how many pages a document has, and its text without spaces."""
    assert pdf.startswith(b"%PDF")
    (folder / "report.pdf").write_bytes(pdf)
    text = subprocess.run(["pdftotext", folder / "report.pdf", "-"], capture_output=True, text=True, check=True).stdout
    return text.count("\f"), re.sub(r"\s+", "", text)


def test_two_trials_compared_by_keyboard_alone(browser: Any, study: Study) -> None:
    """The address keeps the selection; the panel tells what differs, and its matrix is the records' difference."""
    page = opened(browser, study.path)
    names = page.locator("#leaderboard table:visible a[href^='#trial-']").all_inner_texts()[:2]
    for name in names:
        page.locator("#leaderboard").get_by_role("checkbox", name=f"Compare {name}", exact=True).first.press("Space")
    page.get_by_role("button", name="Compare 2 trials").press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Close"
    wanted = ",".join(name.replace(" ", "-") for name in names)
    assert page.evaluate("location.hash") == f"#compare={wanted}"
    one, other = (next(r for r in study.records() if f"trial {r.trial}" == name) for name in names)
    panel = page.locator("dialog")
    differ = {f for f in one.config if one.config[f] != other.config[f]}
    assert set(panel.locator("table").first.locator("tbody th").all_inner_texts()) == differ
    rows = panel.locator("table.matrix tbody tr")
    shown = [[int(c.replace("\u2212", "-")) for c in row.locator("td").all_inner_texts()] for row in rows.all()]
    mine, its = one.test_confusion, other.test_confusion
    assert mine and its
    assert shown == [[a - b for a, b in zip(x, y, strict=True)] for x, y in zip(mine, its, strict=True)]
    assert panel.locator("polyline.t").count() == 2
    page.keyboard.press("Escape")
    assert panel.is_hidden()
    again = opened(browser, study.path, hash=f"#compare={wanted}")
    assert again.locator("dialog h2").inner_text() == f"{names[0]}, {names[1]} side by side"
    assert again.locator("input.pick:checked").count() >= 2
    again.evaluate("location.hash = '#compare=trial-1,no-such-trial,%E0%A4'")
    again.wait_for_function("document.querySelector('.compare-bar button').disabled")
    assert page.complaints == [] and again.complaints == []


@pytest.mark.parametrize(("size", "chapter", "whole"), [("desktop", 2300, 7000), ("phone", 3600, 10_000)])
def test_the_committed_sweep_stays_short(browser: Any, tmp_path: Path, size: str, chapter: int, whole: int) -> None:
    study = Study.open(Path(shutil.copytree(ROOT / "results/reference/sweep-cifar10-jpeg", tmp_path / "study")))
    write_report(study)
    page = opened(browser, study.path, size)
    assert page.locator("#tried").bounding_box()["height"] <= chapter
    assert page.evaluate("document.documentElement.scrollHeight") <= whole
    small = page.evaluate(
        """() => [...document.querySelectorAll('#tried svg text, #tried td, #tried th, #tried small')]
            .filter((e) => e.checkVisibility() && e.textContent.trim())
            .map((e) => [e.textContent.trim(), parseFloat(getComputedStyle(e).fontSize) * (e.getScreenCTM?.().a ?? 1)])
            .filter(([, size]) => size < 10.9)"""
    )
    assert small == []


def test_the_page_of_five_hundred_trials_works(browser: Any, tmp_path: Path) -> None:
    study = synthetic.study(tmp_path, trials=501, maker=synthetic.Maker(val=300, test=500))
    write_report(study)
    page = opened(browser, study.path)
    assert page.evaluate("document.documentElement.scrollHeight") < 12_000
    assert page.evaluate("document.querySelectorAll('*').length") < 40_000
    assert page.locator("details.trial").count() == 500
    last = page.locator("details.trial").last.get_attribute("id")
    page.evaluate("id => { location.hash = id; }", last)
    page.wait_for_function("id => document.getElementById(id).open", arg=last)
    unfolded(page)
    page.get_by_role("button", name="Validation", exact=True).press("Enter")
    complete = sum(r.status == "complete" and r.trial is not None for r in study.records())
    assert page.locator("#leaderboard-table tbody tr").count() == complete + 1
    assert page.complaints == []


FACTS = {
    "verdict": ".verdict .mark",
    "difference and interval": ".verdict .sentence",
    "before and after": ".tiles div:nth-child(1) .value",
    "parameters": ".tiles div:nth-child(2) .value",
    "time": ".tiles div:nth-child(3) .value",
    "seeds": ".tiles div:nth-child(4) .value",
    "each pair": "#paired-figure svg",
    "settings": "#changed-settings",
    "settings to copy": ".use > .command pre",
    "weights": ".use > .prose",
    "next command": ".next pre",
    "what it can show": ".next .command > p",
}


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The sweep of the repository, rendered elsewhere."""
    path = tmp_path_factory.mktemp("committed") / "sweep"
    shutil.copytree(ROOT / "results/reference/sweep-cifar10-jpeg", path)
    made = Study.open(path)
    write_report(made)
    return made


@pytest.mark.parametrize(("size", "height"), [("desktop", 900), ("phone", 1600)])
def test_the_first_screen_answers(browser: Any, committed: Study, size: str, height: int) -> None:
    """One screen of a desk, two of a phone: every fact lies within, none cut off, the text as large as one can read."""
    page = opened(browser, committed.path, size)
    found = page.evaluate(
        """facts => Object.fromEntries(Object.entries(facts).map(([name, query]) => {
            const e = document.querySelector(query), box = e.getBoundingClientRect();
            return [name, [box.left, box.top, box.right, box.bottom, e.textContent.trim()]];
        }))""",
        FACTS,
    )
    for name, (left, top, right, bottom, said) in found.items():
        assert said and right > left >= 0 and right <= SIZES[size][0] and 0 <= top < bottom <= height, (name, bottom)
    wanted = {
        "verdict": "Better",
        "difference and interval": "+2.24",
        "before and after": "74.24 → 76.48",
        "seeds": "6",
    }
    wanted |= {"parameters": "23.3", "settings to copy": "--set learning_rate=0.0007587666262878342"}
    wanted |= {"next command": f"--study {committed.path}"}
    assert all(part in found[name][-1].replace("\u00a0", " ") for name, part in wanted.items()), found
    smallest = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll(".head *")].filter(e => e.checkVisibility()
            && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).map(e => {
                const svg = e.closest("svg"), size = parseFloat(getComputedStyle(e).fontSize);
                return svg ? size * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : size;
            }))"""
    )
    assert smallest >= 10.9
    assert page.complaints == []


@pytest.mark.parametrize("clipboard", [True, False])
def test_a_command_is_copied_as_it_is(browser: Any, committed: Study, clipboard: bool) -> None:
    """With the clipboard's own interface, and as on a page that has none."""
    page = opened(browser, committed.path, permissions=["clipboard-read", "clipboard-write"])
    if not clipboard:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    for query in (".use > .command", ".next .command"):
        page.locator(f"{query} button.copy").click()
        page.locator(f"{query} button.copy", has_text="Copied").wait_for()
        wanted = page.locator(f"{query} code").text_content()
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<textarea id=paste></textarea>')")
        page.locator("#paste").focus()
        page.keyboard.press("Control+V")
        assert page.evaluate("document.getElementById('paste').value").strip() == wanted
        assert "\n" not in wanted and wanted.startswith(("--set ", "python -m study.run "))
        page.evaluate("document.getElementById('paste').remove()")
    assert page.complaints == []


def test_without_javascript_a_command_can_be_selected_and_has_no_button(browser: Any, committed: Study) -> None:
    page = opened(browser, committed.path, java_script_enabled=False)
    assert not page.locator(".use > .command button.copy").is_visible()
    code = page.locator(".use > .command code")
    assert code.is_visible() and "--set batch_size=128" in code.inner_text()
    style = page.locator(".use > .command pre").evaluate("e => getComputedStyle(e).userSelect")
    assert style in ("auto", "text")
