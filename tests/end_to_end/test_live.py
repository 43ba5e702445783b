"""The page of a running study, in a real browser and in front of real kills."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from results.store import Study
from study.report.page import render
from tests.support import ROOT
from tests.support.browser import needs_browser, opened
from tests.support.page import check
from tests.support.processes import MARK, gone, marked, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
WAIT = 400  # seconds for a page that is rendered behind all else on a machine that does much else
PROGRAM = """
import sys
from study.cli import live_page
live_page.SHARE, live_page.LEAST, live_page.BEAT, live_page.NICE = 0.5, 1.0, 3.0, 0  # for a test that takes no hour
from study.cli.main import main
sys.exit(main(sys.argv[1:]))
"""

OPEN = """for (const d of document.querySelectorAll('details'))
    d.open = Boolean(d.id === 'trial-1' || d.querySelector('#trial-1, #leaderboard-table'))"""
FILTER = "form.filter [type=search]"


STARTED: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    while STARTED:
        process = STARTED.pop()
        process.kill()
        process.communicate()


def begin(study: Path, trials: int, pause: float) -> subprocess.Popen[bytes]:
    """Start a sweep of the toy, of up to twelve epochs a trial."""
    words = ["sweep", "--study", str(study), "--trainable", "tests/support/killed_toy.py", "--dataset", "600"]
    more = ["--space", "toy", "--trials", str(trials), "--set", f"pause={pause}", "--concurrency", "1"]
    STARTED.append(
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words, *more, "--engine", "here"],
            cwd=ROOT,
            env={**os.environ, MARK: str(study), "OMP_NUM_THREADS": "1", "TOY_HURRY": str(study.with_name("hurry"))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    )
    return STARTED[-1]


def renderers(study: Path) -> list[psutil.Process]:
    found = []
    for process in marked(str(study)):
        try:
            if "study.report.renderer" in process.cmdline():
                found.append(process)
        except psutil.Error:
            pass
    return found


def shown(study: Path) -> str:
    file = study / "report.html"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def rendered(study: Path) -> bool:
    """Whether there is a page of records."""
    return "Running, " in shown(study) and 'class="subtitle"' in shown(study)


def count(page: Any) -> int:
    return int(page.locator(".live").get_attribute("data-counts").split()[0])


@needs_browser
def test_a_page_changes_by_itself_keeps_the_readers_place_and_stops_at_the_end(browser: Any, tmp_path: Path) -> None:
    study = tmp_path / "s"
    sweep = begin(study, 300, 0.3)  # longer, by far, than all until it is told to hurry
    try:
        assert wait_until(lambda: shown(study), WAIT)
        page = opened(browser, study, wait=WAIT)
        assert page.locator(".running").inner_text().startswith("Running, 0 of 300. Written ")
        page.wait_for_selector("form.filter", state="attached")  # it has come by itself
        first = count(page)

        page.evaluate(OPEN)
        page.locator(FILTER).fill("trial")
        page.get_by_role("button", name="Epochs", exact=True).click()
        page.locator("#trial-1").evaluate(
            "e => scrollTo({top: e.getBoundingClientRect().top + scrollY - 50, behavior: 'instant'})"
        )
        opened_before = open_details(page)
        place = page.locator("#trial-1").bounding_box()["y"]
        assert abs(place - 50) < 2

        page.wait_for_function("n => parseInt(document.querySelector('.live')?.dataset.counts) > n", arg=first)
        page.wait_for_timeout(1500)
        assert count(page) > first
        assert abs(page.locator("#trial-1").bounding_box()["y"] - place) < 2
        assert set(opened_before) <= set(open_details(page)) and "trial-1" in opened_before
        assert page.locator(FILTER).input_value() == "trial"
        assert page.locator("#leaderboard-table [aria-sort]").inner_text().strip().startswith("Epochs")
        assert page.locator("#said").inner_text().startswith(f"Page updated: {count(page)} of 300")

        study.with_name("hurry").touch()
        page.locator(FILTER).fill("trial 1")
        page.locator("#leaderboard").evaluate("e => e.scrollIntoView({behavior: 'instant'})")
        page.wait_for_function("() => !document.querySelector('.live')", timeout=1000 * WAIT)
        page.wait_for_timeout(1500)
        assert page.locator("#said").inner_text() == "Page updated: the command has ended"
        assert page.locator(FILTER).input_value() == "trial 1"
        assert sweep.wait(WAIT) == 0
        asked = len(page.asked)
        page.wait_for_timeout(25_000)
        assert len(page.asked) == asked  # nothing more
        assert set(page.asked) - {"data:,"} == {f"file://{study / 'report.html'}"} and page.complaints == []
    finally:
        sweep.kill()
    assert shown(study) == render(Study.open(study))


def open_details(page: Any) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('details[open]')].map((d) => d.id).filter(Boolean)")


@needs_browser
def test_a_reader_who_types_or_selects_or_looks_elsewhere_is_left_alone(browser: Any, tmp_path: Path) -> None:
    study = tmp_path / "s"
    sweep = begin(study, 400, 0.4)
    assert wait_until(lambda: rendered(study) and 'class="filter js"' in shown(study), WAIT)
    sweep.kill()
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.clock.install(time=heard(study) / 1000 + 10)
    page.clock.pause_at(heard(study) / 1000 + 11)
    page.goto(f"file://{study / 'report.html'}")
    page.evaluate("window.mark = true")

    def waits(seconds: int) -> bool:
        page.clock.run_for(seconds * 1000)
        page.wait_for_timeout(700)
        return bool(page.evaluate("Boolean(window.mark)"))

    assert waits(18)
    page.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))")
    assert waits(10)
    page.evaluate("getSelection().removeAllRanges()")
    page.evaluate(OPEN)
    page.locator(FILTER).press_sequentially("tri")
    assert waits(8)
    with page.expect_navigation():
        page.clock.run_for(20_000)  # the box was scrolled to, smoothly, meanwhile
    assert page.evaluate("!window.mark")
    page.clock.run_for(1000)
    assert page.locator(FILTER).input_value() == "tri"


def heard(study: Path) -> int:
    found = re.search(r'data-heard="(\d{13})"', shown(study))
    assert found
    return int(found[1])


@needs_browser
def test_the_page_of_a_killed_sweep_says_after_two_minutes_that_nothing_was_heard(browser: Any, tmp_path: Path) -> None:
    study = tmp_path / "s"
    sweep = begin(study, 400, 0.4)
    assert wait_until(lambda: rendered(study), WAIT)
    before = heard(study)
    assert wait_until(lambda: heard(study) > before, WAIT)
    sweep.kill()
    sweep.wait()
    assert wait_until(lambda: not marked(str(study)), 10)
    check(shown(study))
    last = heard(study)
    page = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="UTC").new_page()
    page.clock.install(time=last / 1000 + 60)
    page.goto(f"file://{study / 'report.html'}")
    assert page.locator(".running").is_visible() and page.locator(".silent").is_hidden()
    for _ in range(4):
        page.clock.run_for(21_000)
        page.wait_for_timeout(700)
    then = time.strftime("%H:%M", time.gmtime(last / 1000))
    said = page.locator(".live").inner_text()
    assert said == f"Nothing was heard since {then}. The command may have been killed; the same command goes on."
    without = browser.new_context(java_script_enabled=False).new_page()
    without.goto(f"file://{study / 'report.html'}")
    assert without.locator(".live").inner_text().startswith("Running, ")


def test_kills_leave_a_whole_page_and_no_process(tmp_path: Path) -> None:
    """Of the driver, while its renderer starts, works or hands over."""
    study, luck, pages = tmp_path / "s", random.Random(7), set()
    for n in range(8):
        sweep = begin(study, 400, 0.05)
        assert wait_until(lambda: renderers(study), WAIT)
        if n % 2:  # a page of before; else in the middle of the first
            assert wait_until(lambda: rendered(study), WAIT) and wait_until(lambda: renderers(study), WAIT)
        time.sleep(luck.uniform(0, 4))
        alive = marked(str(study))
        sweep.send_signal(signal.SIGKILL)
        sweep.wait()
        assert wait_until(lambda alive=alive: gone(alive), 10)
        pages.add(shown(study))
        check(shown(study))
        assert shown(study).endswith("</html>") or shown(study).endswith("</html>\n")
    assert len(pages) > 2  # some were killed between two pages


def test_renderers_that_are_killed_disturb_no_training(tmp_path: Path) -> None:
    study = tmp_path / "s"
    sweep = begin(study, 24, 0.1)
    killed = 0
    while sweep.poll() is None:
        for process in renderers(study):
            process.kill()
            killed += 1
        time.sleep(0.2)
    assert sweep.returncode == 0 and killed > 1
    assert (study / "study.log").read_text(errors="replace").count("the page of the running study was not written") == 1
    assert len(Study.open(study).records()) == 24
    assert shown(study) == render(Study.open(study))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_a_page_that_says_so(tmp_path: Path, number: int) -> None:
    study = tmp_path / "s"
    sweep = begin(study, 400, 0.2)
    assert wait_until(lambda: rendered(study), WAIT)
    sweep.send_signal(number)
    assert sweep.wait(60) in (130, -number)
    assert len(Study.open(study).records()) < 400
    check(shown(study))
    assert (
        '<p class="ended"><strong>Ended early' in shown(study)
        and 'data-heard="' not in shown(study).split("</style>")[1].split("<script>")[0]
    )
    assert not marked(str(study))
