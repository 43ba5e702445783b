"""The chapter of classes and examples: every number recomputed here from records.jsonl; many classes, few examples."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats as st

from results.record import unpack_bits
from results.store import Study
from study.report.chapters import where
from study.report.page import render, view_of
from study.report.text import distinct, shortened
from tests.support import ROOT, synthetic
from tests.support.page import HTML, by_id, caption, cells, check, elements, numeral, part, tables, text
from tests.support.synthetic import CIFAR, Maker, baselines, confirm, write

CANDIDATE = "8a59ad1f5005"
"""The config that the committed study confirmed."""


class Pairs:
    """The paired runs of a study, read from its file alone."""

    def __init__(self, study: Study, candidate: str | None = None) -> None:
        self.raw = [json.loads(line) for line in study.records_path.read_text().splitlines()]
        base = study.meta.baseline_hash
        looked = [look["pairs"] for look in study.meta.looks if look["family"] == "confirm"][-1]
        wanted = next(p for p in looked if candidate is None or p["candidate"] == candidate)
        runs = {(r["config_hash"], r["seed"]): r for r in self.raw if r["status"] == "complete"}
        self.seeds = sorted(wanted["seeds"])
        self.mine = [runs[wanted["candidate"], s] for s in self.seeds]
        self.its = [runs[base, s] for s in self.seeds]
        self.baselines = [r for (name, _), r in runs.items() if name == base]
        self.section = where.by_class(view_of(study)), where.by_example(view_of(study))


def committed(folder: Path) -> Pairs:
    shutil.copytree(ROOT / "results/reference/sweep-cifar10-jpeg", folder / "study")
    return Pairs(Study.open(folder / "study"), CANDIDATE)


def made_up(folder: Path) -> Pairs:
    maker = Maker(val=300, test=900)
    return Pairs(confirm(synthetic.study(folder / "study", trials=22, seeds=3, maker=maker), maker, top=1, seeds=5))


@pytest.fixture(scope="module", params=[committed, made_up], ids=["committed", "made-up"])
def pairs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    make: Callable[[Path], Pairs] = request.param
    return make(tmp_path_factory.mktemp("classes"))


def recall(run: dict[str, Any], c: int) -> float:
    return run["test_confusion"][c][c] / sum(run["test_confusion"][c])


def bits(run: dict[str, Any]) -> np.ndarray:
    if run["schema"] == 1:
        return unpack_bits(run["test_correct"], run["test_images"])
    return unpack_bits(run["test_examples"]["data"], run["test_examples"]["n"])


def close(shown: str, value: float, digits: int = 1) -> bool:
    return abs(numeral(shown) - value) <= 0.5001 * 10**-digits


def test_each_classs_change_is_that_of_all_pairs_with_its_interval(pairs: Pairs) -> None:
    tree = part(pairs.section[0])
    rows = {row[0]: row for row in cells(by_id(tree, "winner-recall"))}
    figure = text(by_id(tree, "class-changes-figure"))
    wanted = []
    for c, name in enumerate(CIFAR):
        its, mine = [recall(r, c) for r in pairs.its], [recall(r, c) for r in pairs.mine]
        change = 100 * (np.mean(mine) - np.mean(its))
        low, high = st.ttest_rel(mine, its).confidence_interval(1 - 0.05 / 10)
        row = rows[name]
        assert close(row[1], 100 * np.mean(its)) and close(row[2], 100 * np.mean(mine)) and close(row[3], change)
        first, last = row[4].split(" to ")
        assert close(first, 100 * low) and close(last, 100 * high)
        shown = re.search(rf"{name} (\S+)", figure)
        assert shown and close(shown[1], change)
        wanted.append((change, name, low > 0 or high < 0))
    assert list(rows) == [name for _, name, _ in sorted(wanted, key=lambda w: -w[0])]
    said = text(next(e for e in elements(tree) if e.attrib.get("class") == "prose"))
    out = [name for _, name, outside in wanted if outside]
    ends = [name for _, name, _ in (min(wanted), max(wanted))]
    assert said.startswith(
        "Recall changed by more than noise" if out else "No class's recall changed by more than noise"
    )
    assert {w for w in CIFAR if re.search(rf"\b{w}\b", said)} == set(out or ends)
    n = len(pairs.seeds)
    assert f"{n} fresh seeds, {pairs.seeds[0]} to {pairs.seeds[-1]}, both as configured (" in figure.replace(
        "\u00a0", " "
    )


def test_the_matrix_is_the_mean_difference_and_its_colours_say_better_or_worse(pairs: Pairs) -> None:
    (matrix,) = tables(part(pairs.section[0]), "matrix")
    body = [r for e in elements(matrix) if e.tag == f"{HTML}tbody" for r in e]
    step = np.mean([r["test_confusion"] for r in pairs.mine], axis=0) - np.mean(
        [r["test_confusion"] for r in pairs.its], axis=0
    )
    digits = 0 if np.abs(step).max() >= 10 else 1
    coloured = 0
    for a, row in enumerate(body):
        assert [text(c) for c in row][0] == CIFAR[a] and len(row) == 12
        for b in range(10):
            cell = row[1 + b]
            assert close(text(cell), step[a, b], digits)
            shade = cell.attrib.get("class", "")
            better = step[a, b] > 0 if a == b else step[a, b] < 0
            assert shade[:1] == (
                "" if abs(step[a, b]) < 0.005 * sum(pairs.its[0]["test_confusion"][a]) else "np"[int(better)]
            )
            coloured += bool(shade)
        change = np.mean([recall(r, a) for r in pairs.mine]) - np.mean([recall(r, a) for r in pairs.its])
        assert close(text(row[-1]), 100 * change)
    assert coloured > 10 and f"mean of {len(pairs.seeds)} pairs" in caption(matrix).replace("\u00a0", " ")
    assert "recall, points" in cells(matrix, "thead")[0][-1] and not cells(matrix, "tfoot")


def test_what_is_gained_and_lost_stands_beside_what_two_baselines_differ_by(pairs: Pairs) -> None:
    tree = part(pairs.section[1])
    said = text(tree).replace("\u00a0", " ")
    mine, its = [bits(r) for r in pairs.mine], [bits(r) for r in pairs.its]
    gained = np.mean([(a & ~b).sum() for a, b in zip(mine, its, strict=True)])
    lost = np.mean([(~a & b).sum() for a, b in zip(mine, its, strict=True)])
    runs = [bits(r) for r in pairs.baselines]
    apart = np.mean([(runs[i] != runs[j]).sum() for i in range(len(runs)) for j in range(i)])
    found = re.search(
        r"gets ([\d,]+) of ([\d,]+) test .* and ([\d,]+) the other way round: about ([\d,]+) differ", said
    )
    assert found
    for shown, value in zip(found.groups(), [gained, len(mine[0]), lost, gained + lost], strict=True):
        assert close(shown, value, 0)
    between = re.search(r"Between two runs of the baseline ([\d,]+) do", said)
    assert between and close(between[1], apart, 0)
    n = len(mine)
    for row in cells(by_id(tree, "winner-moved")):
        k = int(re.findall(r"\d+", row[0])[0])
        net = [sum(int(a[i]) - int(b[i]) for a, b in zip(mine, its, strict=True)) for i in range(len(mine[0]))]
        assert [numeral(c) for c in row[1:3]] == [sum(x >= k for x in net), sum(x <= -k for x in net)]
        flips = np.random.default_rng(0).choice([-1, 1], (200, n))
        steps = np.array(mine, int) - np.array(its, int)
        chance = np.mean([(f @ steps >= k).sum() for f in flips])
        assert abs(numeral(row[3]) - chance) <= 0.1 + 0.15 * chance
        if k == n:
            reliably = sum(a and not b for a, b in zip(np.all(mine, axis=0), np.any(its, axis=0), strict=True))
            assert numeral(row[1]) == reliably


def test_without_a_confirmation_it_is_one_run_each_and_says_so(tmp_path: Path) -> None:
    maker = Maker(val=300, test=900)
    study = synthetic.study(tmp_path, trials=22, seeds=3, maker=maker)
    view = view_of(study)
    tree = part(where.by_class(view))
    assert "Exploratory" in text(tree) and "one run each, seed 504" in text(tree)
    best = max((r for r in study.records() if r.trial is not None and r.status == "complete"), key=lambda r: r.score)
    base = next(r for r in study.records() if r.kind == "baseline" and r.seed == 504)
    for row in cells(by_id(tree, "winner-recall")):
        c = CIFAR.index(row[0])
        assert close(row[3], 100 * (recall(best.model_dump(), c) - recall(base.model_dump(), c)))
    assert "fresh" not in text(tree) and "mean of" not in text(tree)


def test_two_pairs_claim_no_interval_and_one_pair_is_no_confirmation(tmp_path: Path) -> None:
    maker = Maker(val=200, test=600)
    study = confirm(synthetic.study(tmp_path / "two", trials=22, seeds=3, maker=maker), maker, top=1, seeds=2)
    tree = part(where.by_class(view_of(study)))
    assert "unknown: that takes three pairs of runs" in text(tree) and "intervals" not in text(tree)
    assert {row[4] for row in cells(by_id(tree, "winner-recall"))} == {"unknown"}
    study = confirm(synthetic.study(tmp_path / "one", trials=22, seeds=3, maker=maker), maker, top=1, seeds=1)
    assert "Exploratory" in text(part(where.by_class(view_of(study))))


def test_a_class_of_few_examples_is_not_measurable_rather_than_off_by_hundreds_of_points(tmp_path: Path) -> None:
    maker = Maker(val=200, test=20)
    study = synthetic.study(tmp_path, trials=22, seeds=3, maker=maker)
    tree = part(where.by_class(view_of(study)))
    told = [row[4] for row in cells(by_id(tree, "winner-recall"))]
    assert "not measurable with 2 images" in told
    assert all(numeral(t) <= 100 for t in told if t.startswith("±"))


def test_a_hundred_classes_with_one_beginning_stay_apart_and_the_most_changed_are_drawn(tmp_path: Path) -> None:
    names = [f"a beginning that they all have, number {i}" for i in range(100)]
    maker = Maker(names, val=300, test=3000)
    study = confirm(synthetic.study(tmp_path, trials=12, seeds=3, maker=maker), maker, top=1)
    tree = check(render(study))
    rows = cells(by_id(tree, "winner-recall"))
    assert len({row[0] for row in rows}) == 100 and all(len(row[0]) <= 24 for row in rows)
    assert {re.findall(r"\d+", row[0])[-1] for row in rows} == {str(i) for i in range(100)}
    drawn = [text(e) for e in elements(by_id(tree, "class-changes-figure")) if e.tag.endswith("}text")]
    labels = [d for d in drawn if "…" in d]
    assert len(labels) == len(set(labels)) == 20
    numbers = [int(re.findall(r"\d+", label)[-3]) for label in labels]
    order = [int(re.findall(r"\d+", row[0])[-1]) for row in rows]
    assert numbers == order[:10] + order[-10:]
    assert len({row[0] for row in cells(by_id(tree, "recall-table"))}) == 100
    assert not tables(by_id(tree, "where"), "matrix")


@pytest.mark.parametrize(("classes", "folded", "matrices"), [(12, 0, 1), (20, 1, 1), (21, 1, 0)])
def test_a_large_matrix_is_folded_and_a_larger_one_is_a_table(
    tmp_path: Path, classes: int, folded: int, matrices: int
) -> None:
    maker = Maker([f"kind {i}" for i in range(classes)], val=300, test=900)
    tree = part(where.by_class(view_of(synthetic.study(tmp_path, trials=9, seeds=3, maker=maker))))
    folds = [e for e in elements(tree) if e.tag == f"{HTML}details" and "The numbers" not in text(e)[:12]]
    assert len(folds) == folded and len(tables(tree, "matrix")) == matrices
    if not matrices:
        assert len(tables(folds[0])) == 1


def test_names_are_shortened_in_the_middle_and_numbered_where_that_makes_two_the_same() -> None:
    assert shortened("short", 24) == "short"
    assert shortened("Ardea alba occidentalis (Audubon, 1835), in flight", 24) == "Ardea alba occi…n flight"
    assert distinct(["one", "two"], 8) == ["one", "two"]
    alike = [f"beginning {i} the end of it" for i in range(3)]
    assert distinct(alike, 12) == ["1 beginni…f it", "2 beginni…f it", "3 beginni…f it"]
    assert len(set(distinct(["1 same", "same", "same"], 20))) == 3


def test_the_baselines_command_is_its_own(tmp_path: Path) -> None:
    maker = Maker(val=100, test=200)
    runs = [r.model_copy(update={"command": "python -m study.run sweep --trials 50"}) for r in baselines(maker, 2)]
    tree = check(render(write(tmp_path, maker, runs)))
    (command,) = [text(e) for e in elements(by_id(tree, "baseline-scores")) if e.tag == f"{HTML}pre"]
    assert command.startswith("python -m study.run baseline --study ") and "--seed 504" in command
    for field, setting in synthetic.BASELINE.items():
        assert f"{field}={setting}" in command or f"{field}={setting:g}" in command


def test_pictures_are_those_gained_in_most_seeds(tmp_path: Path) -> None:
    maker = Maker(val=200, test=900)
    study = confirm(synthetic.study(tmp_path, trials=22, seeds=3, pictures=True, maker=maker), maker, top=1)
    pairs = Pairs(study)
    its, mine = sum(bits(r).astype(int) for r in pairs.its), sum(bits(r).astype(int) for r in pairs.mine)
    shown = [e for e in elements(part(pairs.section[1])) if e.tag == f"{HTML}li"]
    assert len(shown) >= 8
    for item in shown:
        i = int(re.search(r"Test image (\d+)", item[0].attrib["alt"])[1])  # type: ignore[index]
        assert text(item) == f"{CIFAR[maker.labels['test'][i]]}right in {mine[i]}, baseline {its[i]}"
        assert abs(mine[i] - its[i]) > 3
