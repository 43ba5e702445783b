"""Pages of studies not about an accuracy: right numbers with the right signs, and no word of what is absent."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats as st

from results.store import Study
from study.report.formats import TABLES
from study.report.page import render, render_format
from tests.study.report import declared
from tests.support import ROOT
from tests.support.page import HTML, MINUS, by_id, cells, check, elements, numeral, tables, text

OF_CLASSES = r"accurac|\bclass|image|confus|recall|mistake|thumbnail|percentage"
OF_EPOCHS = r"epoch|prun|curve|scheduler"
OF_TESTS = r"\btest (set|value|loss|rmse)|on test\b|test figures|not ranked"
OF_MARGINS = r"equivalen|margin"


@dataclass
class Made:
    """A study with its page."""

    study: Study
    page: str
    tree: Any
    raw: list[dict[str, Any]]

    def by_trial(self, *statuses: str) -> dict[int, dict[str, Any]]:
        """The records of trials, as they lie in the file."""
        return {r["trial"]: r for r in self.raw if r["trial"] is not None and r["status"] in statuses}

    def baseline(self, seed: int = 1) -> dict[str, Any]:
        """The baseline's record of a seed."""
        config = self.study.meta.baseline
        return next(r for r in self.raw if r["config"] == config and r["seed"] == seed)

    def said(self, name: str) -> str:
        """The text of a part of the page."""
        return text(by_id(self.tree, name)).replace("\u00a0", " ")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Made]:
    found: dict[Any, Made] = {}

    def make(kind: str, **options: Any) -> Made:
        key = kind, *sorted(options.items())
        if key not in found:
            study = declared.study(tmp_path_factory.mktemp("s") / "mine", declared.KINDS[kind], **options)
            page = render(study)
            raw = [json.loads(line) for line in study.records_path.read_text().splitlines()]
            found[key] = Made(study, page, check(page), raw)
        return found[key]

    return make


def words(tree: Any) -> Iterator[str]:
    """All that a reader may come across: texts, attributes but for classes and drawings' own, embedded files."""
    for e in elements(tree):
        own = e.tag.rpartition("}")[2] not in ("script", "style")
        yield from ((e.text or "") if own else "", e.tail or "")
        for key, value in e.attrib.items():
            if key in ("class", "style", "d", "points", "transform", "http-equiv", "content"):
                continue
            if value.startswith("data:") and "base64," in value:
                value = base64.b64decode(value.partition("base64,")[2]).decode()
            yield value


ABSENT = {
    "regression": (OF_CLASSES,),
    "loss": (OF_CLASSES, OF_TESTS, OF_MARGINS),
    "auc": (OF_CLASSES, OF_MARGINS),
    "auc-classes": (r"accurac|image|percentage points of",),
    "no-epochs": (OF_CLASSES, OF_EPOCHS),
}
WHOLE: dict[str, Any] = {}
SWEEP = {"confirmed": False, "seeds": 2}
ALONE = {"confirmed": False, "count": 0, "seeds": 1}


@pytest.mark.parametrize("options", [WHOLE, SWEEP, ALONE], ids=["whole", "sweep", "baseline"])
@pytest.mark.parametrize("kind", ABSENT)
def test_no_word_of_what_the_study_does_not_have(made: Callable[..., Made], kind: str, options: dict) -> None:
    it = made(kind, **options)
    for pattern in ABSENT[kind]:
        found = [w for w in words(it.tree) if re.search(pattern, w, re.IGNORECASE) and not EXCUSED.search(w)]
        assert not found, (pattern, found[:3])


EXCUSED = re.compile("no test value|there was no test set")
"""Where the page says that there is none."""


@pytest.mark.parametrize("kind", ABSENT)
@pytest.mark.parametrize("table", TABLES)
def test_no_table_speaks_of_it_either(made: Callable[..., Made], kind: str, table: str) -> None:
    it = made(kind)
    for format in ("md", "latex") if table == "methods" else ("csv", "json", "md", "latex"):
        found = render_format(it.study, format, table)
        for pattern in ABSENT[kind]:
            assert not re.search(pattern, EXCUSED.sub("", found), re.IGNORECASE), (format, pattern)


@pytest.mark.parametrize(("kind", "tail"), [("regression", " mpg"), ("loss", ""), ("no-epochs", " °C"), ("auc", "")])
def test_the_leaderboard_shows_values_and_differences_as_they_are(
    made: Callable[..., Made], kind: str, tail: str
) -> None:
    it, metric = made(kind), declared.KINDS[kind].metric
    base = it.baseline()["val"][metric.name]
    trials = it.by_trial("complete")
    table = by_id(it.tree, "leaderboard-table")
    heads = [text(e) for e in elements(table) if e.tag == f"{HTML}th" and e.attrib["scope"] == "col"]
    value, difference = heads.index("Validation"), heads.index("Against baseline")
    ranked = [row for row in cells(table) if row[1].isdigit()]
    order = sorted(trials, key=lambda t: trials[t]["val"][metric.name], reverse=metric.goal == "max")
    assert [int(re.findall(r"trial (\d+)", row[0])[0]) for row in ranked] == order
    for row, trial in zip(ranked, order, strict=True):
        own = trials[trial]["val"][metric.name]
        assert row[value].replace("\u00a0", " ").endswith(tail)
        assert numeral(row[value].replace("\u00a0", " ").removesuffix(tail)) == pytest.approx(own, rel=2e-3)
        assert numeral(row[difference]) == pytest.approx(own - base, abs=6e-3)
        assert (row[difference][0] == MINUS) == (own - base <= -0.005) or abs(own - base) < 0.005
    assert ("Test (not ranked)" in heads) == (metric.test is not None)
    assert ("Epochs" in heads) == (kind != "no-epochs")


def paired(it: Made, pair: dict[str, Any], values: str, name: str) -> np.ndarray:
    runs = {(r["config_hash"], r["seed"]): r[values][name] for r in it.raw if r["status"] == "complete"}
    return np.array([runs[pair["candidate"], s] - runs[pair["reference"], s] for s in pair["seeds"]])


@pytest.mark.parametrize(
    ("kind", "values", "name"),
    [("regression", "test", "test_rmse"), ("loss", "val", "val_loss"), ("no-epochs", "test", "test_mae")],
)
def test_verdicts_are_the_paired_differences_of_values(
    made: Callable[..., Made], kind: str, values: str, name: str
) -> None:
    it = made(kind)
    pairs = it.study.meta.looks[0]["pairs"]
    rows = cells(by_id(it.tree, "confirm-table"))
    for row, line, pair in zip(rows, csv_of(it, "verdicts"), pairs, strict=True):
        d = paired(it, pair, values, name)
        low, high = st.ttest_1samp(d, 0).confidence_interval(0.95)
        first, last = row[3].split(" to ")
        shown = [numeral(row[2]), numeral(first), numeral(last)]
        assert shown == pytest.approx([d.mean(), low, high], abs=6e-3)
        assert [float(line[k]) for k in ("difference", "low", "high")] == pytest.approx([d.mean(), low, high])
        assert d.mean() < 0 and row[1].startswith("better"), "less is better here"
    head = text(next(e for e in elements(it.tree) if e.tag == f"{HTML}header"))
    assert f"beats the baseline: {MINUS}" in head


def csv_of(it: Made, table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render_format(it.study, "csv", table))))


def test_the_ablations_effects_have_the_sign_of_values(made: Callable[..., Made]) -> None:
    it = made("regression")
    for line, pair in zip(csv_of(it, "ablation"), it.study.meta.looks[1]["pairs"], strict=True):
        assert float(line["difference"]) == pytest.approx(paired(it, pair, "test", "test_rmse").mean())
        assert float(line["low"]) < float(line["difference"]) < float(line["high"])
    assert "A negative difference speaks for the change" in it.said("ablation")
    assert "effect (mpg)" in render_format(it.study, "md", "ablation")


def test_the_noise_floor_in_the_metrics_unit(made: Callable[..., Made]) -> None:
    it = made("regression")
    same = [r["val"]["val_rmse"] for r in it.raw if r["config"] == it.study.meta.baseline]
    said = it.said("noise")
    assert f"validation RMSE is {np.mean(same):.3f} mpg" in said
    assert f"standard deviation of {np.std(same, ddof=1):.3f} mpg" in said
    lowest = re.search(rf"sweeps of (\d+) unchanged configs .* least ([\d.]+) mpg below .* hence at {MINUS}", said)
    assert lowest and int(lowest[1]) == len(it.by_trial("complete", "pruned"))
    rng = np.random.default_rng(0)
    own, best = rng.normal(size=(40_000, len(same))), rng.normal(size=(40_000, int(lowest[1]))).min(axis=1)
    below = np.std(same, ddof=1) * (own.mean(axis=1) - best) / own.std(axis=1, ddof=1)
    assert np.mean(below >= float(lowest[2])) == pytest.approx(0.05, abs=0.006)


def test_medians_and_the_best_of_a_hyperparameter_are_values(made: Callable[..., Made]) -> None:
    it = made("regression")
    table = next(t for t in tables(by_id(it.tree, "hyperparameter-effects")) if "kind" in text(t[0]))
    for row in cells(table):
        own = [r["val"]["val_rmse"] for r in it.by_trial("complete").values() if r["config"]["kind"] == row[0]]
        shown = [numeral(c.replace("\u00a0", " ").removesuffix(" mpg")) for c in row[2:4]]
        assert shown == pytest.approx([np.median(own), min(own)], abs=6e-4)


def test_the_expected_best_falls_where_less_is_better(made: Callable[..., Made]) -> None:
    it = made("loss")
    scores = [r["val"]["val_loss"] for r in it.by_trial("complete").values()]
    rng = np.random.default_rng(0)
    for row in cells(tables(by_id(it.tree, "expected-best"))[0]):
        drawn = rng.choice(scores, size=(20_000, int(row[0]))).min(axis=1)
        assert numeral(row[1]) == pytest.approx(drawn.mean(), abs=0.01)


def test_pruned_trials_compare_only_where_the_trainings_have_one_length(made: Callable[..., Made]) -> None:
    it = made("regression")  # a shorter training is no prefix of a longer one
    seen = set()
    for row in cells(by_id(it.tree, "pruned-list")):
        same = it.by_trial("pruned")[int(row[0].split()[1])]["config"]["epochs"] == 6
        assert (row[2] == "–") != same
        seen.add(same)
    assert seen == {True, False} and "more compare with nothing at that epoch" in it.said("forest")


def test_a_training_that_is_a_prefix_compares_at_equal_epochs(made: Callable[..., Made]) -> None:
    it = made("auc")
    base, trials = it.baseline(), it.by_trial("pruned")
    rows = cells(by_id(it.tree, "pruned-list"))
    assert len(rows) == len(trials) > 0
    for row in rows:
        own, n = trials[int(row[0].split()[1])], int(numeral(row[1]))
        mine, its = (max(h["values"]["val_auc"] for h in r["history"][:n]) for r in (own, base))
        assert float(row[2].replace(MINUS, "-")) == pytest.approx(mine - its, abs=6e-4)


@pytest.mark.parametrize(("kind", "names"), [("auc-classes", ["healthy", "ill"]), ("auc-numbered", ["0", "1", "2"])])
def test_a_classification_by_its_runs_predictions_alone(made: Callable[..., Made], kind: str, names: list) -> None:
    it = made(kind)
    (table,) = tables(by_id(it.tree, "confusion"), "matrix")
    rows = cells(table)
    assert [row[0] for row in rows] == names
    assert [[int(c) for c in row[1:]] for row in rows] == it.baseline()["test_confusion"]
    assert sorted(row[0] for row in cells(by_id(it.tree, "recall-table"))) == names
    pruned = next(iter(it.by_trial("pruned").values()))
    (own,) = tables(by_id(it.tree, f"trial-{pruned['trial']}"), "matrix")
    assert [[int(c.split()[0]) for c in row[1:]] for row in cells(own)] == pruned["val_confusion"]["2"]
    assert "test examples" in it.said("recall")


def test_every_figure_where_less_is_better_says_so(made: Callable[..., Made]) -> None:
    for kind in ("regression", "loss", "no-epochs"):
        it = made(kind)
        figures = [text(e) for e in elements(it.tree) if e.attrib.get("id", "").endswith("-figure")]
        of_values = [f for f in figures if not re.match(r"Save|.*(Importance|Loss by epoch)\.", f)]
        assert of_values and all("Lower is better" in f for f in of_values), kind
        assert "higher" not in it.said("main")


def test_curves_are_drawn_of_the_metric_and_of_what_is_called_a_loss(made: Callable[..., Made]) -> None:
    def titles(kind: str) -> list[str]:
        return [text(t[0]).split(",")[0] for t in tables(by_id(made(kind).tree, "learning-curves"))]

    assert titles("regression") == ["RMSE by epoch", "Loss by epoch"]
    assert titles("loss") == ["Loss by epoch"]
    assert titles("auc") == ["AUC by epoch"]
    (table,) = tables(by_id(made("loss").tree, "learning-curves"))
    for row, h in zip(cells(table), made("loss").baseline()["history"], strict=True):
        assert [numeral(c) for c in row[1:]] == pytest.approx(
            [h["values"]["train_loss"], h["values"]["val_loss"]], rel=1e-3
        )


def test_one_exploded_training_does_not_squeeze_the_others(tmp_path: Any) -> None:
    kind = declared.LOSS
    study = declared.study(tmp_path / "s", kind, count=12, confirmed=False)
    run = declared.Made(kind).run(kind.config(depth=9), trial=99)
    rows = [row.model_copy(update={"values": {**row.values, "val_loss": 1e6 / row.epoch}}) for row in run.history]
    study.append(run.model_copy(update={"history": rows, "best_epoch": 6, "val": rows[5].values}))
    tree = check(render(study))
    for name in ("hyperparameter-effects", "frontier", "equal-epochs"):
        assert "is drawn at the edge" in text(by_id(tree, name)), name
    ticks = [text(e) for e in elements(by_id(tree, "effects")) if e.tag.endswith("}text")]
    assert all(abs(float(t)) < 100 for t in ticks if re.fullmatch(r"[\d.e+]+", t)), ticks
    assert "trial 99" in text(by_id(tree, "leaderboard"))


REFERENCES = {
    "blood-regression": "accurac|class|image|confusion|recall|epoch",
    "sonnets-char-lm": "accurac|class|image|confusion|recall",
    "tumours-auc": "accurac|image",
    "digits-script": "class|image|confusion|recall",
}


@pytest.mark.parametrize("name", REFERENCES)
def test_no_page_of_a_committed_study_speaks_of_what_it_has_not(name: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "results/reference" / name, tmp_path / "study")
    tree = check(render(Study.open(tmp_path / "study")))
    found = [text for text in words(tree) if re.search(REFERENCES[name], text, re.IGNORECASE)]
    assert found == []
