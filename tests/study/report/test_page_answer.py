"""The first screen, verdicts and the ablation: each number recomputed from records.jsonl by json, numpy and scipy."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats as st

from results.meta import StudyMeta
from results.record import Record
from results.store import Study
from study.cli.main import parser_for
from study.report.answer import answer
from study.report.page import render, view_of
from tests.support import ROOT, synthetic
from tests.support.page import HTML, by_id, caption, cells, check, elements, numeral, tables, text
from tests.support.planned import planned_study
from tests.support.synthetic import BASELINE, Maker, Regression

REFERENCE = ROOT / "results/reference"
SMALL = Maker(val=300, test=300)


@dataclass
class Page:
    """A study's page beside what lies in its files, read without the toolkit."""

    study: Study
    tree: Any
    meta: dict[str, Any]
    records: list[dict[str, Any]]

    def test_accuracy(self, name: str, seed: int) -> float:
        run = self.of(name, seed)  # of the first schema or of a later one
        return float(run["test_accuracy"] if "test_accuracy" in run else run["test"]["test_accuracy"])

    def of(self, name: str, seed: int) -> dict[str, Any]:
        known = [r for r in self.records if (r["config_hash"], r["seed"], r["status"]) == (name, seed, "complete")]
        return known[0]

    def look(self, family: str) -> dict[str, Any]:
        return next(look for look in reversed(self.meta["looks"]) if look["family"] == family)

    def gains(self, pair: dict[str, Any]) -> np.ndarray:
        """Percentage points, by seed."""
        two = [[self.test_accuracy(pair[side], s) for side in ("candidate", "reference")] for s in pair["seeds"]]
        return 100 * (np.array(two)[:, 0] - np.array(two)[:, 1])

    @property
    def head(self) -> Any:
        return next(e for e in elements(self.tree) if e.tag == f"{HTML}header")

    @property
    def tiles(self) -> dict[str, tuple[str, str]]:
        (shown,) = (e for e in elements(self.head) if e.attrib.get("class") == "tiles")
        return {text(div[0]): (text(div[1]), text(div[2]).replace("\u00a0", " ")) for div in shown}


def of(study: Study) -> Page:
    raw = [json.loads(line) for line in study.records_path.read_text().splitlines()]
    return Page(study, check(render(study)), json.loads((study.path / "study.json").read_text()), raw)


def copied(path: Path, keep: Callable[[Record], bool], looks: tuple[str, ...] = (), **fields: Any) -> Study:
    """The committed sweep as it was earlier: without some of its runs and looks."""
    reference = Study.open(REFERENCE / "sweep-cifar10-jpeg")
    kept = [look for look in reference.meta.looks if look["family"] in looks]
    meta = StudyMeta.model_validate(reference.meta.model_dump() | {"looks": kept} | fields)
    path.mkdir(parents=True)
    study = Study(path, meta)
    study.save_meta()
    records = [r for r in reference.records() if keep(r)]
    if "sweep" in fields:  # before there was one: the sweep had tried the baseline, too
        alone = {"kind": "baseline", "trial": None, "sweep": None}
        records = [r.model_copy(update=alone) for r in records]
    study.records_path.write_text("".join(r.line() + "\n" for r in records))
    return study


@pytest.fixture(scope="module", params=["committed", "made up"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Page:
    if request.param == "committed":
        path = tmp_path_factory.mktemp("committed") / "sweep"
        return of(copied(path, lambda r: True, ("confirm", "ablation")))
    made = synthetic.study(tmp_path_factory.mktemp("made"), trials=30, maker=SMALL)
    return of(synthetic.ablate(synthetic.confirm(made, SMALL, top=1), SMALL))


def numbers_of(words: str) -> list[float]:
    """The numbers of a text as a reader sees them, in order."""
    plain = words.replace("\u00a0", " ").replace("\u2212", "-").replace(",", "")
    return [float(found) for found in re.findall(r"(?<![\w.])[-+]?\d+(?:\.\d+)?", plain)]


# -- the first screen --------------------------------------------------------------------------------------------------


def test_the_sentence_is_the_mean_paired_difference_with_its_interval(page: Page) -> None:
    (pair,) = page.look("confirm")["pairs"]
    gains = page.gains(pair)
    low, high = st.ttest_1samp(gains, 0).confidence_interval(0.95)
    (said,) = (text(e) for e in elements(page.head) if e.attrib.get("class") == "sentence")
    shown = re.search(
        r"baseline: (\S+) percentage points of test accuracy, 95.% interval (\S+) to (\S+), over (\d+)", said
    )
    assert shown is not None
    assert [numeral(n) for n in shown.groups()[:3]] == pytest.approx([gains.mean(), low, high], abs=0.00501)
    assert int(shown[4]) == len(gains) == len(pair["seeds"])
    (mark,) = (text(e) for e in elements(page.head) if e.attrib.get("class") == "mark")
    assert mark.startswith("Better") and low > 0


def test_before_and_after_are_of_the_same_fresh_seeds(page: Page) -> None:
    (pair,) = page.look("confirm")["pairs"]
    runs = [[page.of(pair[side], s) for s in pair["seeds"]] for side in ("reference", "candidate")]
    means = [100 * np.mean([page.test_accuracy(r["config_hash"], r["seed"]) for r in side]) for side in runs]
    assert numbers_of(page.tiles["Test accuracy"][0]) == pytest.approx(means, abs=0.00501)
    sizes = [side[0]["parameters"] for side in runs]
    value, detail = page.tiles["Parameters"]
    assert numbers_of(value) == pytest.approx([round(n / 1e6, 1) for n in dict.fromkeys(sizes)])
    assert numbers_of(detail)[: len(set(sizes))] == list(dict.fromkeys(sizes))
    seconds = [np.mean([r["seconds"] for r in side]) for side in runs]
    assert page.tiles["Training time per run"][0].replace("\u00a0", " ").split(" → ") == [clock(s) for s in seconds]
    count, seeds = page.tiles["Fresh paired seeds"]
    assert int(count) == len(pair["seeds"]) and f"{min(pair['seeds'])} to {max(pair['seeds'])}" in seeds
    assert not set(pair["seeds"]) & {r["seed"] for r in page.records if r["trial"] is not None}
    epochs = {r["config"]["epochs"] for side in runs for r in side}
    assert (f"each run {epochs.pop()} epochs" in seeds) == (not epochs)


def clock(seconds: float) -> str:
    """Below a minute in seconds, below ten minutes in both, else in minutes."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole >= 10 else f"{seconds:.1f} s"
    return f"{whole // 60} min {whole % 60:02d} s" if whole < 600 else f"{round(whole / 60)} min"


def test_each_pair_and_the_means_are_the_records(page: Page) -> None:
    (pair,) = page.look("confirm")["pairs"]
    gains, rows = page.gains(pair), cells(by_id(page.tree, "paired-table"))
    assert [row[0] for row in rows] == [*map(str, pair["seeds"]), "mean"]
    both = [[100 * page.test_accuracy(pair[side], s) for side in ("reference", "candidate")] for s in pair["seeds"]]
    wanted = [[*two, gain] for two, gain in zip(both, gains, strict=True)]
    wanted.append([*np.mean(both, axis=0), gains.mean()])
    assert [[numeral(n) for n in row[1:]] for row in rows] == [pytest.approx(w, abs=0.00501) for w in wanted]


def test_the_drawing_of_the_pairs_tells_every_number_in_words(page: Page) -> None:
    (pair,) = page.look("confirm")["pairs"]
    gains = page.gains(pair)
    alt = text(by_id(page.tree, "paired-alt"))
    told = {int(seed): numeral(n) for seed, n in re.findall(r"seed (\d+) ([+\u2212]?[\d.]+\d)", alt)}
    assert told == {s: pytest.approx(g, abs=0.00501) for s, g in zip(pair["seeds"], gains, strict=True)}
    assert f"{(gains > 0).sum()} of {len(gains)} seeds speak for" in alt
    mean = re.search(r"Mean (\S+), 95 % interval (\S+) to (\S+?)\. ", alt)
    ends = st.ttest_1samp(gains, 0).confidence_interval(0.95)
    assert mean is not None
    assert [numeral(n) for n in mean.groups()] == pytest.approx([gains.mean(), *ends], abs=0.00501)


def dots(page: Page, role: str) -> list[tuple[float, float]]:
    """Where the marks of a colour lie in the drawing of the pairs."""
    drawing = by_id(page.tree, "paired-figure")
    uses = [e for e in elements(drawing) if e.tag.endswith("}use") and f"--fig-{role})" in e.attrib.get("style", "")]
    return [(float(e.attrib["x"]), float(e.attrib["y"])) for e in uses]


def test_the_dots_lie_where_the_differences_are(page: Page) -> None:
    """Places are a straight line of the differences, whatever the scale; matplotlib drew them, json read them."""
    (pair,) = page.look("confirm")["pairs"]
    gains, drawn = page.gains(pair), dots(page, "trial")
    assert len(drawn) == len(gains)
    assert [y for _, y in drawn] == sorted(y for _, y in drawn), "one row a seed, in order"
    fit = st.linregress(gains, [x for x, _ in drawn])
    assert fit.rvalue == pytest.approx(1, abs=1e-4)
    ((x, y),) = dots(page, "good")
    assert x == pytest.approx(fit.slope * gains.mean() + fit.intercept, abs=0.2) and y > drawn[-1][1]


def test_the_settings_are_exact_and_their_options_give_them_back(page: Page) -> None:
    (pair,) = page.look("confirm")["pairs"]
    config = page.of(pair["candidate"], pair["seeds"][0])["config"]
    changed = {k: v for k, v in config.items() if v != page.meta["baseline"][k]}
    rows = {row[0]: row[1:] for row in cells(by_id(page.tree, "changed-settings"))}
    assert {k: [_read(v) for v in two] for k, two in rows.items()} == {
        k: [page.meta["baseline"][k], v] for k, v in changed.items()
    }
    (options,) = (w for w in commands(page.head) if w[0] == "--set")
    assert options[::2] == ["--set"] * len(changed)
    assert {k: _read(v) for k, v in (word.split("=", 1) for word in options[1::2])} == changed


def _read(setting: str) -> Any:
    try:
        return json.loads(setting)
    except ValueError:
        return setting


def commands(element: Any) -> list[list[str]]:
    pres = [text(e) for e in elements(element) if e.tag == f"{HTML}pre"]
    return [shlex.split(words) for words in pres if words.startswith(("python ", "--set "))]


def test_every_command_of_the_page_is_one_that_the_toolkit_takes_and_names_its_study(page: Page) -> None:
    names = set()
    for words in commands(page.tree):
        if words[:3] == ["python", "-m", "study.run"]:
            args = parser_for(words[3]).parse_args(words[3:])
            assert args.study is not None and "--study" in words, words
            names.add(words[3])
    assert {"baseline", "export"} <= names


def test_what_trains_it_again_is_a_study_of_its_own_with_every_setting(page: Page) -> None:
    (pair,) = page.look("confirm")["pairs"]
    chosen = next(r for r in page.records if r["run_id"] == pair["chosen"])
    (words,) = (w for w in commands(page.head) if w[3:4] == ["baseline"])
    given = dict(w.split("=", 1) for w in words if "=" in w)
    assert {k: _read(v) for k, v in given.items()} == chosen["config"]
    assert words[words.index("--seed") + 1] == str(chosen["seed"])
    assert words[words.index("--study") + 1].endswith(chosen["run_id"])
    assert Path(words[words.index("--study") + 1]).resolve() != page.study.path


def test_weights_are_said_where_they_lie_and_only_then(tmp_path: Path) -> None:
    study = copied(tmp_path / "s", lambda r: True, ("confirm",))
    (pair,) = study.meta.looks[-1]["pairs"]
    assert "Weights: none are kept in this study." in text(of(study).head)
    path = study.weights_path(f"{pair['candidate']}-s505")
    path.parent.mkdir()
    path.write_bytes(b"x")
    assert f"Weights: weights/{path.name} in the study's folder (seed 505)." in text(of(study).head)


# -- verdicts and the ablation -----------------------------------------------------------------------------------------


def test_the_table_of_verdicts_is_the_records(page: Page) -> None:
    look = page.look("confirm")
    table = by_id(page.tree, "confirm-table")
    assert len(cells(table)) == len(look["pairs"])
    for row, pair in zip(cells(table), look["pairs"], strict=True):
        check_row(row, page.gains(pair))
        assert row[1].startswith("better")


def check_row(row: list[str], gains: np.ndarray) -> None:
    """(name, verdict, difference, interval, seeds, ...)."""
    low, high = st.ttest_1samp(gains, 0).confidence_interval(0.95)
    shown = [numeral(row[2]), *(numeral(end) for end in row[3].split(" to "))]
    assert shown == pytest.approx([gains.mean(), low, high], abs=0.00501) and int(row[4]) == len(gains)


def test_the_ablations_tables_and_chart_are_the_records(page: Page) -> None:
    look = page.look("ablation")
    own = {frozenset((p["candidate"], p["reference"])) for p in page.look("confirm")["pairs"]}
    by_role: dict[str, list[dict[str, Any]]] = {}
    for pair in look["pairs"]:
        by_role.setdefault(pair["role"], []).append(pair)
    shown = {caption(t).split(":")[0].lower(): t for t in tables(by_id(page.tree, "ablation-numbers"))}
    alt = text(by_id(page.tree, "ablation-effects-alt"))
    told = [numeral(n) for n in re.findall(r" ([+\u2212]?\d+\.\d+) \(", alt)]
    wanted = []
    for role, table in shown.items():
        for row, pair in zip(cells(table), by_role[role], strict=True):
            if frozenset((pair["candidate"], pair["reference"])) in own:  # confirm judged it, on its own seeds
                (pair,) = page.look("confirm")["pairs"]
            gains = page.gains(pair)
            check_row(row, gains)
            wanted.append(float(gains.mean()))
            name = page.of(pair["reference" if role == "leave-one-out" else "candidate"], pair["seeds"][0])
            assert numeral(row[6]) == name["parameters"]
    assert told == pytest.approx(wanted[: len(told)], abs=0.00501) and len(told) == min(12, len(wanted))
    drawn = " ".join(text(e) for e in elements(by_id(page.tree, "ablation-effects-figure")) if e.tag.endswith("}text"))
    assert all(f"{x:+.2f}".replace("-", "\u2212") in drawn for x in wanted if abs(x) > 0.005)


def test_effects_at_other_settings_never_stand_unexplained_beside_the_confirmations(page: Page) -> None:
    fixed = page.look("ablation")["details"].get("pins", {})
    said = text(by_id(page.tree, "ablation"))
    for field, setting in fixed.items():
        assert f"at {field} = {setting}, n = 7 seeds" in said.replace("\u00a0", " ")
        assert f"These effects hold at {field} = {setting}; the confirmation ran at {field} = 25" in said
        assert "all changes together make +3.82 here and +2.24 there" in said
    assert bool(fixed) == ("Other settings than the confirmation" in said)


def test_several_changes_without_an_ablation_name_its_command_once(tmp_path: Path) -> None:
    shown = of(copied(tmp_path / "s", lambda r: r.kind != "ablation", ("confirm",)))
    assert "4 changes of trial 42 were only tried together" in text(by_id(shown.tree, "ablation")).replace(
        "\u00a0", " "
    )
    asked = [words for words in commands(shown.tree) if words[3:4] == ["ablate"]]
    assert len(asked) == 1 and asked[0] in commands(shown.head)
    assert re.search(r"\(at most \d+ trainings, about \d+ h", text(shown.head).replace("\u00a0", " "))


# -- other states ------------------------------------------------------------------------------------------------------

BASE = "393eaf971088"


def test_without_a_confirmation_it_is_exploratory_with_its_luck_and_the_command_to_confirm(tmp_path: Path) -> None:
    study = copied(tmp_path / "s", lambda r: r.kind == "sweep" or r.config_hash == BASE)
    shown = of(study)
    said = text(shown.head).replace("\u00a0", " ")
    assert "Exploratory" in said and "not confirmed" in said and "by luck alone" in said
    runs = [r for r in shown.records if r["status"] == "complete" and r["seed"] == 504]
    before = next(r for r in runs if r["config_hash"] == BASE)["val"]["val_accuracy"]
    best = max(r["val"]["val_accuracy"] for r in runs)
    assert numbers_of(shown.tiles["Validation accuracy"][0]) == pytest.approx([100 * before, 100 * best], abs=0.00501)
    assert int(shown.tiles["Trials"][0]) == sum(
        r["trial"] is not None and r["config_hash"] != BASE for r in shown.records
    )
    assert [w[3] for w in commands(shown.head) if w[3:4] == ["confirm"]] == ["confirm"]
    assert "Test accuracy" not in shown.tiles, "nothing on test before there are fresh seeds"


@pytest.mark.parametrize("seeds", [1, 7])
def test_a_baseline_alone_is_told_with_its_noise_and_what_is_next(tmp_path: Path, seeds: int) -> None:
    chosen = range(504, 504 + seeds)
    study = copied(tmp_path / "s", lambda r: r.config_hash == BASE and r.seed in chosen, sweep=None)
    shown = of(study)
    scores = [100 * r["test"]["test_accuracy"] for r in shown.records]
    assert numbers_of(shown.tiles["Test accuracy"][0]) == pytest.approx([np.mean(scores)], abs=0.00501)
    (words,) = commands(shown.head)
    if seeds == 1:
        assert shown.tiles["Noise floor"][0] == "unknown" and words[3] == "baseline" and words[-2:] == ["--seeds", "6"]
    else:
        apart = st.t.ppf(0.975, seeds - 1) * np.std(scores, ddof=1) * np.sqrt(2)
        assert numeral(shown.tiles["Noise floor"][0]) == pytest.approx(apart, abs=0.00501) and words[3] == "sweep"
    assert not {"changed-settings", "paired-figure"} & {e.attrib.get("id") for e in elements(shown.tree)}


def lost(kind: str, error: str, n: int) -> Iterator[Record]:
    for i in range(n):
        config = BASELINE | ({"learning_rate": 0.002 + i / 1000} if kind == "sweep" else {})
        more = {"trial": i} if kind == "sweep" else {}
        yield SMALL.run(
            config, 504 + (i if kind == "baseline" else 0), kind, status="failed", epochs=0, error=error, **more
        )


@pytest.mark.parametrize("kind", ["baseline", "sweep"])
def test_what_failed_says_the_commonest_reason_and_how_to_find_out(tmp_path: Path, kind: str) -> None:
    base = synthetic.baselines(SMALL, 3) if kind == "sweep" else []
    common, rare = "RuntimeError: no\u202e room\n  at line 3", "ValueError: odd"
    runs = [r.model_copy(update={"error": rare}) if i == 1 else r for i, r in enumerate(lost(kind, common, 5))]
    study = synthetic.write(
        tmp_path, SMALL, [*base, *runs], {"sweep": {"sampler": "tpe", "trials": 5}} if base else None
    )
    (tmp_path / "study.log").write_text("what happened")
    head = of(study).head
    said = text(head).replace("\u00a0", " ")
    assert "No result" in said and "4 of 5: RuntimeError: no\\u202e room." in said and "line 3" not in said
    assert "study.log in the study's folder" in said
    assert ["python", "-m", "study.contract", "alexnet"] in [w[:4] for w in commands(head)]


def test_a_study_without_test_values_parameters_or_epochs_has_no_tile_of_them(tmp_path: Path) -> None:
    maker = Regression(tested=False, epochs=None)
    study = synthetic.confirm(synthetic.study(tmp_path, trials=12, maker=maker), maker, top=1)
    rows = [json.loads(line) | {"parameters": None} for line in study.records_path.read_text().splitlines()]
    study.records_path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = of(Study.open(tmp_path))
    assert list(shown.tiles) == ["Validation RMSE", "Training time per run", "Fresh paired seeds"]
    assert "epoch" not in text(shown.head) and shown.tiles["Validation RMSE"][0].endswith("mpg")
    (pair,) = shown.look("confirm")["pairs"]
    means = [
        np.mean([shown.of(pair[side], s)["val"]["val_rmse"] for s in pair["seeds"]])
        for side in ("reference", "candidate")
    ]
    assert numbers_of(shown.tiles["Validation RMSE"][0]) == pytest.approx(means, abs=0.000501)


@pytest.mark.parametrize(
    ("effect", "mark"),
    [(0.03, "Better, confirmed"), (-0.03, "Worse, confirmed"), (0.0, "Equivalent, confirmed"), (0.004, "Undecided")],
)
def test_each_verdict_has_its_mark(tmp_path: Path, effect: float, mark: str) -> None:
    study = planned_study(tmp_path / "s", (effect,), noise=0.02 if mark == "Undecided" else 0.0005)
    assert answer(view_of(study)).mark.startswith(mark)


def test_other_candidates_stand_in_one_line_with_their_verdicts(tmp_path: Path) -> None:
    study = planned_study(tmp_path / "s", (0.03, 0.0, -0.03), noise=0.001)
    head = text(of(study).head).replace("\u00a0", " ")
    found = re.search(
        r"Also tried on fresh seeds: trial 1 (\S+) \((.+?)\) and trial 2 (\S+) \(worse\); in numbers\.", head
    )
    assert found is not None and found[2] in ("equivalent", "no gain")
    for trial, shown in ((1, found[1]), (2, found[3])):
        j = next(
            j for j in view_of(study).verdicts("confirm") if study.records()[3 + trial].config_hash == j.pair.candidate
        )
        assert numeral(shown) == pytest.approx(100 * np.mean(j.differences), abs=0.00501)


@pytest.mark.parametrize("name", ["blood-regression", "tumours-auc", "digits-plan", "digits-script", "sonnets-char-lm"])
def test_no_committed_study_has_an_empty_or_wrong_tile(name: str) -> None:
    shown = of(Study.open(REFERENCE / name))
    for label, (value, detail) in shown.tiles.items():
        assert value and not re.search(r"None|nan|–", f"{label}{value}{detail}"), label
    assert shown.tiles["Fresh paired seeds"][0].isdigit() and "Training time per run" in shown.tiles
    again = next(w for w in commands(shown.head) if w[3:4] == ["baseline"])
    args, words = parser_for("baseline").parse_args(again[3:]), again[again.index("--seed") :]
    given = dict(part.split("=", 1) for word in words if "=" in word for part in word.split(","))
    chosen = next(r for r in shown.records if r["run_id"] == str(args.study).removeprefix(str(args.study)[:-17]))
    assert {k: _read(v) for k, v in given.items()} == chosen["config"]
    assert args.trainable == shown.meta["trainable"] or args.script == shown.meta["script"]["template"]
    known = any(r["parameters"] for r in shown.records)
    assert ("Parameters" in shown.tiles) == known
