"""The page as a whole: valid, inert, deterministic, self-contained."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import html5lib
import pytest

from results.store import Study
from study.report import render, write_report
from tests import synthetic

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Study:
    maker = synthetic.Maker(val=200, test=300)
    return synthetic.study(tmp_path_factory.mktemp("small"), trials=0, seeds=1, pictures=True, maker=maker)


def check(page: str) -> None:
    """Valid HTML whose ids are unique, whose inner links lead somewhere, and which loads nothing."""
    html5lib.HTMLParser(strict=True).parse(page)
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids)), sorted({i for i in ids if ids.count(i) > 1})
    for target in re.findall(r'href="#([^"]*)"', page):
        assert target in ids, target
    for source in re.findall(
        r'<(?:img|script|link|iframe|image|use)\b[^>]*?\s(?:src|href|xlink:href)="([^"]*)"',
        page,
    ):
        assert source.startswith(("data:", "#")), source
    assert "url(" not in re.sub(r"url\(#", "", page)


def test_the_page_of_a_baseline_is_valid_and_has_its_sections(small: Study) -> None:
    page = render(small)
    check(page)
    for part in (
        "protocol-facts",
        "baseline-scores",
        "learning-curves",
        "confusion",
        "recall",
        "augmented",
        "mistakes",
        "features",
    ):
        assert f'id="{part}"' in page
    assert small.records()[0].command in page


def test_a_study_without_pictures_has_no_chapter_for_them(tmp_path: Path) -> None:
    page = render(synthetic.study(tmp_path, trials=0, seeds=1, maker=synthetic.Maker(val=200, test=300)))
    check(page)
    assert "<img" not in page and 'id="pictures"' not in page


def test_the_same_records_give_the_same_bytes_whatever_the_hash_seed(
    small: Study,
) -> None:
    def made(seed: str) -> bytes:
        script = "import sys; from pathlib import Path; from results.store import Study; from study.report import write_report;"
        script += "sys.stdout.buffer.write(write_report(Study.open(Path(sys.argv[1]))).read_bytes())"
        env = os.environ | {"PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", script, str(small.path)],
            env=env,
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout

    assert made("1") == made("2")


def test_the_report_imports_no_torch(small: Study) -> None:
    script = (
        "import sys; from pathlib import Path; from results.store import Study; from study.report import write_report;"
    )
    script += "write_report(Study.open(Path(sys.argv[1]))); print([m for m in ('torch', 'ray') if m in sys.modules])"
    out = subprocess.run(
        [sys.executable, "-c", script, str(small.path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert out.stdout.strip() == "[]"


def test_write_report_writes_what_render_gives(small: Study) -> None:
    assert write_report(small).read_text(encoding="utf-8") == render(small)
