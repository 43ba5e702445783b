"""The banner of a page whose command runs: what it says, what of it changes, what is left of it at the end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from results.store import Study
from study.report.live import STAMP, Live, ended, stamped, waiting
from study.report.page import render
from tests.support import synthetic
from tests.support.page import HTML, check, elements, text

THEN = datetime(2026, 3, 29, 12, 3, 20, tzinfo=timezone(timedelta(hours=5, minutes=30)))
LIVE = Live(17, 50, written=THEN)
BANNER = re.compile(r'<div class="live".*?</div>\n', re.DOTALL)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """One whose name looks like a stamp."""
    folder = tmp_path_factory.mktemp("live") / 'data-heard="1234567890123"'
    return synthetic.study(folder, trials=8, maker=synthetic.Maker(val=100, test=100))


@pytest.fixture(scope="module")
def page(study: Study) -> str:
    return render(study, LIVE)


def banner(page: str) -> dict[str, str]:
    """The texts of a valid page's banner that are shown, by class."""
    found = next(e for e in elements(check(page)) if e.attrib.get("class") == "live")
    return {p.attrib["class"]: text(p) for p in found if "hidden" not in p.attrib}


def test_it_says_how_far_the_command_is_and_when_that_was(page: str) -> None:
    said = banner(page)
    assert list(said) == ["running"]
    assert said["running"].startswith("Running, 17 of 50. Written 2026-03-29 12:03:20+05:30")
    assert f'data-heard="{int(THEN.timestamp() * 1000)}"' in page


def test_what_nobody_knows_it_does_not_say() -> None:
    assert [Live(3, 24, at_most=True).counts, Live(3).counts, Live(1200, 5000).counts] == [
        "3 of at most 24",
        "",
        "1,200 of 5,000",
    ]
    assert Live().written.utcoffset() is not None


def test_without_the_banner_it_is_the_final_page_byte_for_byte(study: Study, page: str) -> None:
    final = render(study)
    assert BANNER.sub("", page, count=1) == final == render(study)
    assert 'data-heard="' not in final.split("<script>")[0].split("</style>")[1]


def test_a_stamp_changes_thirteen_digits_and_nothing_else(page: str) -> None:
    before = page.encode()
    after = stamped(before, 1795907290515)
    differing = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert 0 < len(differing) <= 13 and max(differing) - min(differing) < 13
    assert len(STAMP.findall(after)) == 1 and b'data-heard="1795907290515"' in after


def test_a_page_without_a_banner_is_left_alone(study: Study) -> None:
    final = render(study).encode()
    assert stamped(final, 1) == ended(final) == final


def test_a_command_that_ended_early_says_so(page: str) -> None:
    said = banner(ended(page.encode()).decode())
    assert list(said) == ["ended"]
    assert "Ended early" in said["ended"] and "17 of 50" in said["ended"]
    assert b'data-heard="' not in ended(page.encode()).split(b"<script>")[0].split(b"</style>")[1]


def test_before_any_record_there_is_a_page() -> None:
    page = waiting("<b>odd</b> & \u202e", Live(0, 50, written=THEN.astimezone(UTC)))
    assert banner(page)["running"].startswith("Running, 0 of 50. Written 2026-03-29 06:33:20+00:00")
    title = next(e for e in elements(check(page)) if e.tag == f"{HTML}h1")
    assert text(title).startswith("<b>odd</b> &")
    assert "No training has ended yet" in page
