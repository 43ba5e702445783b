"""Every number the page shows, recomputed from records.jsonl by other means than the report's own."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from scipy import stats as st
from statsmodels.stats.proportion import proportion_confint

from results.config import config_hash
from results.frame import frame
from results.record import unpack_bits
from results.store import Study
from study.report.page import render
from tests.support import synthetic
from tests.support.page import HTML, by_id, caption, cells, check, elements, numeral, tables, text

MAKER = synthetic.Maker(val=1000, test=2000)
N = len(synthetic.CIFAR)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = synthetic.study(tmp_path_factory.mktemp("numbers"), pictures=True, maker=MAKER)
    return synthetic.confirm(made, MAKER, top=2)


@pytest.fixture(scope="module")
def raw(study: Study) -> list[dict[str, Any]]:
    return [flat(json.loads(line)) for line in study.records_path.read_text().splitlines()]


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """A record with its named values beside its other fields; None for what it does not have."""
    rows = [{**row, **row.pop("values")} for row in record["history"]]
    none = dict.fromkeys(("val_loss", "val_accuracy", "test_loss", "test_accuracy"))
    return {**none, **record, **record["val"], **record["test"], "history": rows}


@pytest.fixture(scope="module")
def tree(study: Study) -> Any:
    return check(render(study))


def score(record: dict[str, Any], epochs: int | None = None) -> float:
    rows = record["history"][:epochs]
    return rows[int(np.argmin([r["val_loss"] for r in rows]))]["val_accuracy"]


@pytest.fixture(scope="module")
def base(raw: list[dict[str, Any]]) -> dict[str, Any]:
    return next(r for r in raw if r["kind"] == "baseline" and r["seed"] == 504)


def trials(raw: list[dict[str, Any]], *statuses: str) -> list[dict[str, Any]]:
    return [r for r in raw if r["trial"] is not None and r["status"] in statuses]


def bases(raw: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [r for r in raw if r["config"] == synthetic.BASELINE and r["status"] == "complete"]
    return sorted(found, key=lambda r: r["seed"])


def close(shown: str, value: float, digits: int = 2) -> bool:
    return abs(numeral(shown) - value) <= 0.5001 * 10**-digits


def test_the_leaderboard_ranks_complete_trials_as_the_frame_does(study: Study, raw: Any, tree: Any) -> None:
    rows = cells(by_id(tree, "leaderboard-table"))
    table = frame(study.records(), study.meta)
    full = table[(table.kind == "sweep") & (table.status == "complete") & ~table.is_baseline]
    wanted = full.sort_values(["val_accuracy", "trial"], ascending=[False, True]).trial.tolist()
    ranked = [row for row in rows if re.fullmatch(r"\d+", row[1])]
    assert [int(numeral(row[0].partition("trial")[2])) for row in ranked] == wanted
    assert [int(row[1]) for row in ranked] == list(range(1, len(wanted) + 1))
    assert len(rows) == 1 + len(trials(raw, "complete"))
    place = [row[0] for row in rows].index("baseline, seed 504")
    assert place == sum(r["val_accuracy"] > bases(raw)[0]["val_accuracy"] for r in trials(raw, "complete"))


def test_every_cell_of_the_leaderboard_is_its_record(raw: Any, tree: Any, base: Any) -> None:
    by_trial = {r["trial"]: r for r in trials(raw, "complete")}
    seen = 0
    for row in cells(by_id(tree, "leaderboard-table")):
        if row[0].startswith("baseline"):
            continue
        r = by_trial[int(row[0].split()[1])]
        seen += 1
        assert close(row[2], 100 * (score(r) - score(base))) and close(row[3], 100 * score(r))
        assert numeral(row[4]) == len(r["history"]) and close(row[6], 100 * r["test_accuracy"])
        changed = {f for f in r["config"] if r["config"][f] != synthetic.BASELINE[f]}
        assert set(re.findall(r"(\w+)=", row[0])) == changed
    assert seen == len(by_trial)


def test_pruned_trials_are_listed_by_how_far_they_came_and_never_ranked(raw: Any, tree: Any, base: Any) -> None:
    by_trial = {r["trial"]: r for r in trials(raw, "pruned")}
    rows = cells(by_id(tree, "pruned-list"))
    assert len(rows) == len(by_trial) > 5
    for row in rows:
        r = by_trial[int(row[0].split()[1])]
        k = len(r["history"])
        assert numeral(row[1]) == k and close(row[2], 100 * (score(r, k) - score(base, k)))
    epochs = [numeral(row[1]) for row in rows]
    assert epochs == sorted(epochs, reverse=True)


def test_nothing_sorts_by_test(tree: Any) -> None:
    heads = [
        e for e in elements(by_id(tree, "leaderboard-table")) if e.tag == f"{HTML}th" and e.attrib["scope"] == "col"
    ]
    assert all("data-sort" not in h.attrib for h in heads if "Test" in text(h))
    assert sum("data-sort" in h.attrib for h in heads) == len(heads) - 1
    column = [text(h) for h in heads].index("Test (not ranked)")
    body = [r for r in elements(by_id(tree, "leaderboard-table")) if r.tag == f"{HTML}tr"][1:]
    assert all("data-k" not in row[column].attrib for row in body)


def test_the_noise_floor_and_the_line_of_luck(raw: Any, tree: Any, base: Any) -> None:
    said = text(by_id(tree, "noise"))
    scores = np.array([r["val_accuracy"] for r in bases(raw)])
    n, sd = len(scores), scores.std(ddof=1)
    assert f"over {n} seeds" in said.replace("\u00a0", " ")
    assert f"{100 * scores.mean():.2f}" in said and f"deviation of {100 * sd:.2f} percentage points" in said
    single = st.t.ppf(0.975, n - 1) * sd * np.sqrt(2)
    assert f"Differences under {100 * single:.2f} percentage points" in said
    own = np.array([r["test_accuracy"] for r in bases(raw)])
    apart = st.t.ppf(0.975, n - 1) * own.std(ddof=1) * np.sqrt(2)
    assert f"{100 * apart:.2f} points of test accuracy cannot be told apart" in said
    assert "of that variance is what a test set" in said
    k = len(trials(raw, "complete")) + len(trials(raw, "pruned"))  # all that validation chose among
    best = max(score(r) for r in trials(raw, "complete"))
    rng = np.random.default_rng(0)  # sweeps of unchanged configs, and baselines of their own to measure them by
    own, tried = rng.normal(size=(40_000, n)), rng.normal(size=(40_000, k)).max(axis=1)
    leads = (tried - own.mean(axis=1)) / own.std(axis=1, ddof=1)
    chance, of = re.search(r"about (\d+) in (1,000|100) sweeps of", said).groups()  # type: ignore[union-attr]
    among = float(of.replace(",", ""))
    simulated = np.mean(leads >= (best - scores.mean()) / sd)
    assert f"sweeps of {k} unchanged configs would show as much by luck alone (pruned trials count)" in said
    assert abs(int(chance) / among - simulated) < 0.5 / among + 4 * np.sqrt(simulated / 40_000)
    shown = numeral(re.search(r"hence at (\S+) against", said)[1])  # type: ignore[index]
    reached = (shown / 100 - scores.mean() + base["val_accuracy"]) / sd
    assert np.mean(leads >= reached) == pytest.approx(0.05, abs=0.005)
    assert f"Dashed: +{shown:.2f}" in text(by_id(tree, "forest")) or f"Beyond the edge: +{shown:.2f}" in text(
        by_id(tree, "forest")
    )


def test_the_baselines_table(raw: Any, tree: Any) -> None:
    for row, r in zip(cells(by_id(tree, "baseline-runs")), bases(raw), strict=True):
        assert int(row[0]) == r["seed"]
        assert close(row[1], 100 * r["val_accuracy"]) and close(row[4], 100 * r["test_accuracy"])
        assert close(row[2], r["val_loss"], 4) and close(row[5], r["test_loss"], 4)
        assert row[3] == f"{r['best_epoch']} of {len(r['history'])}"


def test_the_learning_curves_numbers(tree: Any, base: Any) -> None:
    accuracy, loss = tables(by_id(tree, "learning-curves"))
    for row, other, h in zip(cells(accuracy), cells(loss), base["history"], strict=True):
        assert close(row[1], 100 * h["train_accuracy"]) and close(row[2], 100 * h["val_accuracy"])
        assert close(other[1], h["train_loss"], 4) and close(other[2], h["val_loss"], 4)


def numbers(table: Any) -> np.ndarray:
    return np.array([[numeral(c) for c in row[1 : N + 1]] for row in cells(table)]).astype(int)


def test_the_baselines_matrix_sums_to_its_support(tree: Any, base: Any) -> None:
    (table,) = tables(by_id(tree, "confusion"), "matrix")
    shown = numbers(table)
    assert (shown == np.array(base["test_confusion"])).all()
    assert (shown.sum(axis=1) == 200).all()


def test_the_most_confused_pairs(tree: Any, base: Any) -> None:
    matrix = np.array(base["test_confusion"])
    np.fill_diagonal(matrix, 0)
    said = text(by_id(tree, "confusion"))
    counts = [int(c) for c in re.findall(r"\((\d+) of 200\)", said)]
    assert counts == sorted(matrix.ravel().tolist(), reverse=True)[:3]
    for truth, taken, count in re.findall(r"(\w+) taken for (\w+) \((\d+) of", said):
        assert matrix[synthetic.CIFAR.index(truth), synthetic.CIFAR.index(taken)] == int(count)


def test_recall_and_its_wilson_interval(tree: Any, base: Any) -> None:
    matrix = np.array(base["test_confusion"])
    for row in cells(by_id(tree, "recall-table")):
        i = synthetic.CIFAR.index(row[0])
        low, high = proportion_confint(matrix[i, i], matrix[i].sum(), method="wilson")
        first, last = row[2].split(" to ")
        assert close(row[1], 100 * matrix[i, i] / matrix[i].sum(), 1)
        assert close(first, 100 * low, 1) and close(last, 100 * high, 1)
        assert row[3] == f"{matrix[i, i]} of {matrix[i].sum()}"


def test_every_trials_matrix_and_its_signed_difference(raw: Any, tree: Any, base: Any) -> None:
    shown = 0
    for r in trials(raw, "complete", "pruned"):
        (table,) = tables(by_id(tree, f"trial-{r['trial']}"), "matrix")
        if r["status"] == "complete":
            mine, its = r["test_confusion"], base["test_confusion"]
        else:
            k = str(len(r["history"]))
            mine, its = r["val_confusion"][k], base["val_confusion"][k]
        found = np.array([[[numeral(n) for n in cell.split()] for cell in row[1:]] for row in cells(table)])
        shown += 1
        assert (found[:, :, 0] == np.array(mine)).all()
        assert (found[:, :, 1] == np.array(mine) - np.array(its)).all()
    assert shown == len(trials(raw, "complete", "pruned"))


def test_every_class_whose_recall_left_the_noise_is_named(raw: Any, tree: Any, base: Any) -> None:
    recalls = np.array([np.diag(r["test_confusion"]) / np.sum(r["test_confusion"], axis=1) for r in bases(raw)])
    noise = st.t.ppf(1 - 0.025 / N, len(recalls) - 1) * np.sqrt(2) * recalls.std(axis=0, ddof=1)
    flagged = 0
    for r in trials(raw, "complete"):
        said = text(by_id(tree, f"trial-{r['trial']}"))
        mine = np.diag(r["test_confusion"]) / np.sum(r["test_confusion"], axis=1)
        step = mine - np.diag(base["test_confusion"]) / np.sum(base["test_confusion"], axis=1)
        sentence = re.search(r"Outside the noise: (.*?)\. ", said)
        named = dict(re.findall(r"(\w+) (\S+) percentage points", sentence[1])) if sentence else {}
        for i, name in enumerate(synthetic.CIFAR):
            assert (name in named) == (abs(step[i]) > noise[i])
            assert name not in named or close(named[name], 100 * step[i], 1)
        flagged += len(named)
    assert flagged, "the test shows nothing unless some class is flagged"


def test_images_gained_and_lost(raw: Any, tree: Any, base: Any) -> None:
    def bits(r: dict[str, Any]) -> np.ndarray:
        return unpack_bits(r["test_examples"]["data"], r["test_examples"]["n"])

    for r in trials(raw, "complete"):
        said = text(by_id(tree, f"trial-{r['trial']}"))
        found = re.search(r"it gains ([\d,]+) that the baseline gets wrong and loses ([\d,]+)", said)
        assert found
        assert [numeral(g) for g in found.groups()] == [(bits(r) & ~bits(base)).sum(), (~bits(r) & bits(base)).sum()]


def test_pictures_of_gained_images_are_right_and_surest_first(study: Study, raw: Any, tree: Any, base: Any) -> None:
    best = max(trials(raw, "complete"), key=lambda r: r["val_accuracy"])
    figures = [e for e in elements(by_id(tree, f"trial-{best['trial']}")) if e.attrib.get("class") == "pictures"]
    predictions = study.predictions(best["run_id"], "test")
    old = study.predictions(base["run_id"], "test")
    assert predictions is not None and old is not None
    for figure, gained in zip(figures, (True, False), strict=True):
        index = [
            int(re.match(r"Test image (\d+)", e.attrib["alt"])[1]) for e in elements(figure) if e.tag == f"{HTML}img"
        ]  # type: ignore[index]
        assert (predictions.correct[index] == gained).all() and (old.correct[index] != gained).all()
        sure = predictions.probabilities[index].max(axis=1)
        assert (np.diff(sure) <= 0).all()


def test_hyperparameter_tables_count_every_trial_once(raw: Any, tree: Any) -> None:
    found = [t for t in tables(by_id(tree, "hyperparameter-effects")) if caption(t).startswith("Trials by ")]
    assert [caption(t).removeprefix("Trials by ") for t in found] == [
        f for f in synthetic.BASELINE if len({str(r["config"][f]) for r in raw if r["trial"] is not None}) > 1
    ]
    for table in found:
        sums = np.array([[numeral(row[i]) for i in (1, 4, 5)] for row in cells(table)]).sum(axis=0)
        wanted = [len(trials(raw, "complete")), len(trials(raw, "pruned")), len(trials(raw, "failed", "diverged"))]
        assert sums.tolist() == wanted
    architecture = next(t for t in found if caption(t).endswith("architecture"))
    for row in cells(architecture):
        scores = [r["val_accuracy"] for r in trials(raw, "complete") if r["config"]["architecture"] == row[0]]
        if scores:
            assert close(row[2], 100 * float(np.median(scores))) and close(row[3], 100 * max(scores))


def test_importance_sums_to_one(tree: Any) -> None:
    (table,) = tables(by_id(tree, "importance"))
    assert sum(numeral(row[1]) for row in cells(table)) == pytest.approx(100, abs=0.05 * len(cells(table)))


def test_the_expected_best(raw: Any, tree: Any) -> None:
    scores = np.array([r["val_accuracy"] for r in trials(raw, "complete")])
    rng = np.random.default_rng(0)
    for row in cells(tables(by_id(tree, "expected-best"))[0]):
        drawn = rng.choice(scores, size=(20_000, int(row[0]))).max(axis=1)
        assert abs(numeral(row[1]) - 100 * drawn.mean()) < 0.006 + 400 * drawn.std() / 20_000**0.5


def test_the_frontier_and_what_the_sweep_cost(raw: Any, tree: Any) -> None:
    runs = {f"trial {r['trial']}": r for r in trials(raw, "complete")} | {"baseline": bases(raw)[0]}
    shown = {row[0] for row in cells(tables(by_id(tree, "frontier"))[0])}
    for name, r in runs.items():
        beaten = any(
            o["seconds"] <= r["seconds"] and o["val_accuracy"] >= r["val_accuracy"] and o is not r
            for o in runs.values()
        )
        assert (name in shown) == (not beaten), name
    epochs = sum(len(r["history"]) for r in raw if r["trial"] is not None)
    assert f"{epochs:,} epochs together" in text(by_id(tree, "frontier")).replace("\u00a0", " ")
    assert f"{epochs / 25:.1f} runs" in text(by_id(tree, "frontier"))


def test_verdicts_are_the_paired_differences_of_the_records(study: Study, raw: Any, tree: Any) -> None:
    look = study.meta.looks[0]
    for row, pair in zip(cells(by_id(tree, "confirm-table")), look["pairs"], strict=True):
        runs = {(r["config_hash"], r["seed"]): r["test_accuracy"] for r in raw if r["status"] == "complete"}
        baseline = config_hash(synthetic.BASELINE)
        d = np.array([runs[pair["candidate"], s] - runs[baseline, s] for s in pair["seeds"]])
        half = st.t.ppf(0.975, len(d) - 1) * d.std(ddof=1) / np.sqrt(len(d))
        assert close(row[2], 100 * d.mean()) and int(row[4]) == len(d)
        low, high = row[3].split(" to ")
        assert close(low, 100 * (d.mean() - half)) and close(high, 100 * (d.mean() + half))


def test_failures_are_all_listed_with_their_reason(raw: Any, tree: Any) -> None:
    lost = trials(raw, "failed", "diverged")
    table = tables(by_id(tree, "failed"))
    if not lost:
        assert not table
        return
    rows = {row[0]: row for row in cells(table[0])}
    for r in lost:
        assert r["error"] in rows[f"trial {r['trial']}"][3]


def test_the_command_of_a_trial_gives_back_its_config(raw: Any, tree: Any) -> None:
    import shlex

    for r in (r for r in raw if r["trial"] is not None):
        code = [text(e) for e in elements(by_id(tree, f"trial-{r['trial']}")) if e.tag == f"{HTML}pre"][-1]
        words = shlex.split(code)
        sets = dict(words[i + 1].split("=", 1) for i, w in enumerate(words) if w == "--set")
        assert {k: type(r["config"][k])(v) for k, v in sets.items()} == r["config"]
        assert words[words.index("--seed") + 1] == str(r["seed"])
