"""The page of a running study: how often it is made, and that nothing that befalls it reaches a training."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from results.files import Folder
from results.store import Study
from study.cli import live_page
from study.cli.live_page import BEAT, LEAST, LivePage, Pace
from tests.support import synthetic
from tests.support.page import check
from tests.support.processes import wait_until

WAIT = 200  # seconds for what is rendered behind all else on a machine that does much else
MAKER = synthetic.Maker(val=60, test=60)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("seed", range(20))
def test_renderings_and_stamps_take_at_most_a_fiftieth_of_the_time(seed: int) -> None:
    """With new records at any time: the worst that can be."""
    clock, luck = Clock(), random.Random(seed)
    pace, begun, spent, stamps = Pace(clock), clock(), 0.0, []
    longest = luck.choice([0.01, 0.5, 4.0, 60.0])
    for _ in range(300):
        clock.now += pace.wait(True)
        seconds = luck.uniform(0, longest)
        if pace.wait(False) <= 0:
            seconds /= 50
            clock.now += seconds
            pace.stamped(seconds)
            stamps.append(clock())
        else:
            free = pace.free
            clock.now += seconds
            pace.rendered(seconds)
            assert pace.free - clock() >= max(50 * seconds, LEAST) - 1e-6
            assert clock() - seconds >= free
        spent += seconds
        assert pace.free - begun >= 50 * spent  # the next begins when it is a fiftieth
    assert all(b - a >= BEAT for a, b in zip(stamps, stamps[1:], strict=False))


def test_nothing_new_is_not_rendered_and_stamped_every_half_minute() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.wait(True) == LEAST and pace.wait(False) == BEAT
    pace.rendered(0.0)
    clock.now += 12
    assert pace.wait(False) == BEAT - 12 and pace.wait(True) == 0.0


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return synthetic.study(tmp_path / "s", trials=6, maker=MAKER)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_page, "LEAST", 0.05)


@pytest.fixture
def page(study: Study, soon: None) -> Iterator[LivePage]:
    made = LivePage(study)
    yield made
    made.close()


def shown(study: Study) -> str:
    file = study.path / "report.html"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def logged(study: Study) -> str:
    file = study.path / "study.log"
    return file.read_text() if file.exists() else ""


def children() -> list[psutil.Process]:
    return [c for c in psutil.Process().children() if "study.report.renderer" in " ".join(c.cmdline())]


def program(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have another process take the renderer's place."""

    def started(self: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    monkeypatch.setattr(LivePage, "_started", started)


@pytest.mark.long
def test_the_page_of_a_held_study_is_rendered_beside_it(study: Study, page: LivePage) -> None:
    records = len(study.records())
    with study.lock():
        before = {p: p.stat().st_mtime_ns for p in study.path.rglob("*") if p.name not in ("report.html", "study.lock")}
        page.expect(2, 9)
        assert wait_until(lambda: "Running, 2 of 9" in shown(study), WAIT)
        check(shown(study))
        page._order["beside"] = 5 - records  # as if three had ended
        page._pace.free = 0
        page(study.records()[0], None)  # type: ignore[arg-type]
        assert wait_until(lambda: "Running, 5 of 9" in shown(study), WAIT)
        page.close()
    assert "Ended early" in shown(study) and "data-ended" in shown(study)
    after = {p: p.stat().st_mtime_ns for p in study.path.rglob("*") if p.name not in ("report.html", "study.lock")}
    assert after == before


@pytest.mark.long
def test_what_a_rendering_says_it_took_is_what_the_kernel_counts(study: Study) -> None:
    """All of it: pauses go by it, and the end of a Python with pandas and seaborn is a seventh more."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    page, before = LivePage(study), spent()
    page._order = {"beside": 0, "of": 9, "at_most": False}
    printed, errors = page._started().communicate()
    seconds, took = json.loads(printed.partition(b"\n")[0])["seconds"], spent() - before
    assert not errors and 0.95 * took < seconds <= took, (seconds, took)


def test_it_ends_at_once_with_its_process(study: Study, page: LivePage) -> None:
    page.expect(0, 9)
    assert wait_until(children, WAIT)
    page.stop()
    assert not children() and not shown(study) and not logged(study)


def test_before_a_record_there_is_a_page_and_no_rendering(tmp_path: Path, soon: None) -> None:
    study = Study.create(tmp_path / "new", synthetic.meta(MAKER))
    page = LivePage(study)
    page.expect(0, 50)
    assert wait_until(lambda: "Running, 0 of 50" in shown(study), 10)
    time.sleep(0.5)
    assert not children()
    page.close()
    assert "Ended early" in shown(study)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import sys; sys.exit('no luck')", "no luck"),
        ("import os; os.kill(os.getpid(), 9)", "ended with -9"),
        ("print('nonsense')", "Expecting value"),
        ("import time; time.sleep(60)", "ended with -9"),
    ],
)
def test_a_rendering_that_fails_is_noted_once(
    study: Study, page: LivePage, monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    program(monkeypatch, code)
    monkeypatch.setattr(live_page, "PATIENCE", 0.3)
    monkeypatch.setattr(live_page, "SHARE", 0.9)
    tries: list[float] = []
    printed = LivePage._printed
    monkeypatch.setattr(LivePage, "_printed", lambda self, until: tries.append(until) or printed(self, until))
    page.expect(0, 9)
    for n in (1, 2):
        assert wait_until(lambda n=n: len(tries) >= n and not page._pending, WAIT)
        assert wait_until(lambda: page._child is None or "sleep" in code, WAIT)
        page(study.records()[0], None)  # type: ignore[arg-type]
    assert wait_until(lambda: len(tries) >= 3, WAIT)
    page.stop()
    assert logged(study).count("the page of the running study was not written") == 1 and says in logged(study)
    assert not shown(study)


def test_a_disk_that_refuses_is_noted_and_no_more(study: Study, page: LivePage) -> None:
    (study.path / "report.html").mkdir()
    page.expect(0, 9)
    assert wait_until(lambda: "trainings go on" in logged(study), WAIT)
    page.close()


def test_a_page_that_a_person_removed_or_replaced_is_left_so(study: Study, page: LivePage) -> None:
    page._beat()
    assert not (study.path / "report.html").exists() and not logged(study)
    (study.path / "report.html").write_text("mine")
    page._beat()
    assert shown(study) == "mine"


def test_a_long_rendering_keeps_nobody_from_saying_that_the_command_lives(
    study: Study, page: LivePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (study.path / "report.html").write_text('<div class="live" data-heard="0000000000001">')
    program(monkeypatch, "import time; time.sleep(60)")
    page._pace.beat = time.monotonic() + 0.5
    page.expect(0, 9)
    now = time.time()
    assert wait_until(lambda: int(shown(study)[30:43]) / 1000 > now - 1, WAIT)
    assert page._child is not None


@pytest.mark.long
def test_killed_in_the_middle_of_writing_it_leaves_the_earlier_page(tmp_path: Path) -> None:
    """Twenty writers of twenty megabytes, each killed where luck has it."""
    folder, luck = Folder(tmp_path), random.Random(3)
    folder.write("report.html", b"whole" + b"0" * 20_000_000 + b"whole")
    code = (
        "import sys; from pathlib import Path; from results.files import Folder\n"
        "for n in range(1, 10**6):\n"
        "    Folder(Path(sys.argv[1])).write('report.html', b'whole' + b'%d' % (n % 10) * 20_000_000 + b'whole')\n"
        "    print(n, flush=True)"
    )
    halves = 0
    for _ in range(20):
        writer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(luck.uniform(0, 0.3))
        writer.kill()
        writer.communicate()
        page = folder.read("report.html", 2**26)
        assert len(page) == 20_000_010 and page.startswith(b"whole") and page.endswith(b"whole")
        assert len(set(page[5:-5])) == 1
        halves += len(list(tmp_path.glob(".report.html.*.tmp")))
        for half in tmp_path.glob(".report.html.*.tmp"):
            half.unlink()
    assert halves  # some were killed while they wrote


def test_pages_are_made_by_the_thread(study: Study, page: LivePage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record's writer hands over a note; where the thread stands still there is no page."""
    monkeypatch.setattr(LivePage, "_work", lambda self: None)
    page.expect(0, 9)
    for _ in range(1000):
        page(study.records()[0], None)  # type: ignore[arg-type]
    assert not children() and not shown(study)
