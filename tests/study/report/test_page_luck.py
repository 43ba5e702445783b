"""Wherever a page, a table or the sweep's last lines speak of luck before anything is confirmed, they say one thing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from results.store import Study
from study.report.page import render
from study.search.summary import print_summary
from study.search.sweep import SweepSummary
from tests.support import ROOT, flat, synthetic
from tests.support.page import HTML, by_id, check, elements, text
from tests.support.synthetic import BASELINE, Maker

MAKER = Maker(val=1000, test=1000)


def made(path: Path, seeds: int) -> Study:
    return synthetic.write(path, MAKER, [*synthetic.baselines(MAKER, seeds), *synthetic.sweep(MAKER, 40)])


def said(study: Study, *parts: str) -> list[str]:
    """The head of the page, then the named parts of it."""
    tree = check(render(study))
    head = next(e for e in elements(tree) if e.tag == f"{HTML}header")
    return [text(e).replace("\u00a0", " ") for e in (head, *(by_id(tree, name) for name in parts))]


def last_lines(study: Study, capsys: pytest.CaptureFixture[str]) -> str:
    records = [r for r in study.records() if r.of_sweep]
    print_summary(study, SweepSummary(records, len(records), None, [], False), 504)
    return flat(capsys.readouterr().out)


def test_headline_noise_warning_and_last_lines_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = made(tmp_path, 6)
    head, noise, validity = said(study, "noise", "validity")
    pattern = r"(?:about|\w+ than) \d+ in [\d,]+ sweeps of (\d+) unchanged configs would show as much by luck"
    found = [re.search(pattern, said) for said in (head, noise, last_lines(study, capsys))]
    assert all(found) and len({m[0] for m in found if m}) == 1
    tried = sum(r.status in ("complete", "pruned") for r in study.records() if r.of_sweep and r.config != BASELINE)
    assert found[0] and int(found[0][1]) == tried, "pruned ones too"
    assert "pruned trials count" in head and f"the best of {tried} was picked" in validity
    lead = re.search(r"against the mean of its 6 seeds that is (\S+),", head)
    assert lead and f"lies {lead[1]} points above the baseline's mean" in noise


def test_with_one_seed_it_is_unknown_and_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = made(tmp_path, 1)
    head, noise, forest = said(study, "noise", "forest")
    assert "how much of that is luck is unknown: the baseline was run with one seed only" in head
    assert "unchanged configs" not in head + noise + forest
    assert "is luck is not known: the baseline was run with one seed only" in last_lines(study, capsys)


def test_with_seeds_that_all_agree_it_is_unknown_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = synthetic.baselines(MAKER, 1)[0]
    same = [first.model_copy(update={"seed": s, "run_id": first.run_id[:-3] + str(s)}) for s in (504, 505, 506)]
    study = synthetic.write(tmp_path, MAKER, [*same, *synthetic.sweep(MAKER, 40)])
    head, forest = said(study, "forest")
    assert "is luck is unknown: its 3 seeds gave the same score" in head and "unchanged configs" not in head + forest
    assert "is luck is not known: the baseline gave the same score with its 3 seeds" in last_lines(study, capsys)


def test_what_two_seeds_leave_to_luck_is_told_and_not_drawn(tmp_path: Path) -> None:
    """With one degree of freedom 1 in 20 sweeps reaches thirty deviations: the line would squeeze all the trials."""
    page = render(made(tmp_path, 2))
    assert "Beyond the edge: +" in text(by_id(check(page), "forest")) and "by luck: 1 in 20 sweeps</text>" not in page
    assert "by luck: 1 in 20 sweeps</text>" in render(made(tmp_path / "six", 6))


def test_the_reference_sweep_before_it_was_confirmed(tmp_path: Path) -> None:
    """One in ten sweeps of unchanged configs would show as much: nothing on the page may call that beyond luck."""
    reference = Study.open(ROOT / "results/reference/sweep-cifar10-jpeg")
    reference.meta.looks = []
    study = Study(tmp_path, reference.meta)
    study.save_meta()
    study.records_path.write_bytes(reference.records_path.read_bytes())
    head, noise, forest = said(study, "noise", "forest")
    chance = "about 10 in 100 sweeps of 49 unchanged configs would show as much by luck alone (pruned trials count)"
    assert "+1.90 percentage points above the baseline" in head and chance in head and chance in noise
    assert "Differences under 2.20 percentage points" in noise and "Dashed: +2.35, which the best full dot" in forest
    assert "expected" not in head + noise + forest
