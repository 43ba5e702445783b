"""The page as a whole: valid, self-contained, deterministic, small, quick, and loading nothing."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from results.commands import shown_path
from results.store import Study
from study.report import chapters
from study.report.blocks import Section, Text
from study.report.chapters import CHAPTERS, certainty, cost
from study.report.page import render, view_of, write_report
from tests.support import ROOT, synthetic
from tests.support.page import HTML, by_id, check, elements, part, text

RENDER = (
    "import sys; from pathlib import Path; "
    "from results.store import Study; from study.report.page import write_report; "
    "sys.stdout.buffer.write(write_report(Study.open(Path(sys.argv[1]))).read_bytes()); "
    "print([m for m in ('torch', 'ray') if m in sys.modules], file=sys.stderr)"
)


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Study:
    maker = synthetic.Maker(val=200, test=300)
    return synthetic.study(tmp_path_factory.mktemp("small"), trials=0, seeds=1, pictures=True, maker=maker)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Fifty trials with pictures, three candidates confirmed, the winner ablated."""
    maker = synthetic.Maker(val=1000, test=2000)
    study = synthetic.study(tmp_path_factory.mktemp("whole"), pictures=True, maker=maker)
    return synthetic.ablate(synthetic.confirm(study, maker), maker)


@pytest.fixture(scope="module")
def page(whole: Study) -> str:
    return render(whole)


def test_the_page_of_a_baseline_has_its_sections(baseline: Study) -> None:
    page = render(baseline)
    tree = check(page)
    parts = "protocol-facts baseline-scores learning-curves noise confusion recall augmented mistakes features methods"
    for name in parts.split():
        by_id(tree, name)
    assert "python -m study.run baseline " in text(by_id(tree, "baseline-scores"))
    assert "Most confused:" in page
    assert "noise floor is unknown" in page
    head = text(next(e for e in elements(tree) if e.tag == f"{HTML}header"))
    assert view_of(baseline).command("baseline", "--seeds", "6") in head


def test_the_whole_page_answers_the_questions_in_their_order(whole: Study, page: str) -> None:
    tree = check(page)
    headings = [text(e) for e in elements(tree) if e.tag == f"{HTML}h2" and e.attrib.get("id", "").endswith("-h")]
    asked = [re.sub(r"^\d+ ", "", h) for h in headings]
    texts = [module.QUESTION for module in CHAPTERS if isinstance(module.QUESTION, str)]
    assert [question for question in asked if question in texts] == texts
    assert len(asked) == len(CHAPTERS) and asked[CHAPTERS.index(cost)] == "What does accuracy cost?"
    for name in (
        "confirmed",
        "ablation",
        "forest",
        "leaderboard",
        "hyperparameter-effects",
        "importance",
        "equal-epochs",
        "frontier",
    ):
        by_id(tree, name)
    for trial in (r.trial for r in whole.records() if r.trial is not None):
        by_id(tree, f"trial-{trial}")


def test_the_folder_of_chapters_holds_chapters_alone() -> None:
    folder = Path(chapters.__file__).parent
    found = {f"study.report.chapters.{file.stem}" for file in folder.glob("[!_]*.py")}
    assert found == {module.__name__ for module in CHAPTERS} and len(found) == len(CHAPTERS)


def test_headings_and_tables_are_fit_for_a_screen_reader(whole: Study, page: str) -> None:
    tree = check(page)
    levels = [int(e.tag[-1]) for e in elements(tree) if re.fullmatch(rf"{HTML}h[1-6]", e.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    for table in (e for e in elements(tree) if e.tag == f"{HTML}table"):
        assert text(table[0]), "a table without a caption"
        heads = [e for e in elements(table) if e.tag == f"{HTML}th"]
        assert heads and all(e.attrib.get("scope") in ("row", "col") for e in heads)
    for image in (e for e in elements(tree) if e.tag == f"{HTML}img"):
        assert image.attrib["alt"].strip()
    for drawing in (e for e in elements(tree) if e.tag.endswith("}svg")):
        assert drawing.attrib["role"] == "img"
        assert drawing.attrib.get("aria-label") or drawing.attrib.get("aria-labelledby")


def test_without_confirmation_a_named_winner_is_called_exploratory(tmp_path: Path) -> None:
    tree = check(render(synthetic.study(tmp_path, trials=25, maker=synthetic.Maker(val=300, test=300))))
    for name in ("forest", "winner-classes"):
        assert "Exploratory" in text(by_id(tree, name)), name
    head = text(next(e for e in elements(tree) if e.tag == f"{HTML}header"))
    assert "Exploratory" in head and "confirmed on fresh seeds" not in head
    assert "Nothing is confirmed" in text(by_id(tree, "validity"))


def test_verdicts_lead_the_page_where_there_are_any(page: str) -> None:
    head = text(next(e for e in elements(check(page)) if e.tag == f"{HTML}header"))
    assert "confirmed on fresh seeds" in head and "beats the baseline" in head and "95 % interval" in head
    assert "xploratory" not in head


def test_an_ablation_confirms_no_winner(tmp_path: Path) -> None:
    def warnings(study: Study) -> str:
        return text(part(certainty.validity(view_of(study))))

    maker = synthetic.Maker(val=300, test=300)
    study = synthetic.ablate(synthetic.study(tmp_path, trials=25, maker=maker), maker)
    assert "Nothing is confirmed" in warnings(study)
    assert "ooked at more than once" not in warnings(synthetic.confirm(study, maker, seeds=6))
    assert "confirmed in 2 " in warnings(synthetic.confirm(study, maker, seeds=8)).replace("\u00a0", " ")


def test_the_policy_allows_this_script_and_nothing_else(whole: Study, page: str) -> None:
    tree = check(page)
    policy = next(
        e.attrib["content"] for e in elements(tree) if e.attrib.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    script = next(e for e in elements(tree) if e.tag == f"{HTML}script")
    digest = base64.b64encode(hashlib.sha256((script.text or "").encode()).digest()).decode()
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": "'unsafe-inline'",
        "script-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


@pytest.fixture(scope="module")
def apart(whole: Study) -> subprocess.CompletedProcess[bytes]:
    """The page written by a process of its own with another hash seed, and the heavy modules that it loaded."""
    command = [sys.executable, "-c", RENDER, str(whole.path)]
    return subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": "1"}, cwd=ROOT, check=True, capture_output=True)


def test_the_same_records_give_the_same_bytes_whatever_the_hash_seed(
    apart: subprocess.CompletedProcess[bytes], page: str
) -> None:
    assert apart.stdout.decode() == page  # this process has another, random hash seed


def test_the_report_imports_neither_torch_nor_ray(apart: subprocess.CompletedProcess[bytes]) -> None:
    assert apart.stderr.decode().strip().splitlines()[-1] == "[]"


def test_the_page_depends_on_nothing_outside_the_folder(baseline: Study, tmp_path: Path) -> None:
    page = write_report(baseline).read_text(encoding="utf-8")
    shutil.copytree(baseline.path, tmp_path / "moved")
    there, here = (shown_path(path) for path in (tmp_path / "moved", baseline.path))
    assert render(Study.open(tmp_path / "moved")).replace(there, here) == page, "commands name the folder, no more"


@pytest.mark.parametrize(
    ("trials", "pictures", "most"), [(50, False, 1_000_000), (50, True, 3_000_000), (500, False, 4_000_000)]
)
def test_the_size_stays_within_bounds(tmp_path: Path, trials: int, pictures: bool, most: int) -> None:
    study = synthetic.study(tmp_path, trials=trials, pictures=pictures, maker=synthetic.Maker(val=500, test=1000))
    assert len(render(study).encode()) <= most


def test_a_section_is_one_function_and_one_name_in_a_list(baseline: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def mine(view: object) -> Section:
        return Section("mine", "My own", [Text(["Hello <b>there</b>"])])

    monkeypatch.setattr(CHAPTERS[0], "SECTIONS", [*CHAPTERS[0].SECTIONS, mine])
    page = render(baseline)
    check(page)
    assert 'id="mine"' in page and "Hello &lt;b&gt;there&lt;/b&gt;" in page
