"""What was tried: figures, leaderboard and counts of the committed sweep, recomputed from its records.jsonl."""

from __future__ import annotations

import base64
import csv
import functools
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from results.config import config_hash
from results.store import Study
from study.report import figures, view
from study.report.chapters import trials as trials_chapter
from study.report.page import render, render_format
from study.search.summary import print_summary
from study.search.sweep import SweepSummary
from tests.support import ROOT, synthetic
from tests.support.page import HTML, by_id, cells, check, elements, numeral, tables, text

REFERENCE = ROOT / "results/reference/sweep-cifar10-jpeg"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study.open(Path(shutil.copytree(REFERENCE, tmp_path_factory.mktemp("tried") / "study")))


@pytest.fixture(scope="module")
def raw() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (REFERENCE / "records.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def drawn(study: Study) -> dict[str, tuple[Any, ...]]:
    """What each figure was drawn from, by its name."""
    found: dict[str, tuple[Any, ...]] = {}
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("forest", "dots", "parallel", "hyperparameter"):
            patch.setattr(figures, kind, functools.partial(_keep, found, getattr(figures, kind)))
        found["page"] = (render(study),)
    return found


def _keep(found: dict[str, tuple[Any, ...]], draw: Any, name: str, *given: Any, **more: Any) -> Any:
    found[name] = given
    return draw(name, *given, **more)


@pytest.fixture(scope="module")
def tree(drawn: dict[str, tuple[Any, ...]]) -> Any:
    return check(drawn["page"][0])


def baseline_config() -> Any:
    return json.loads((REFERENCE / "study.json").read_text())["baseline"]


def trials(raw: list[dict[str, Any]], *statuses: str) -> list[dict[str, Any]]:
    """The runs of the sweep of another config than the baseline's."""
    own = baseline_config()
    return [r for r in raw if r["kind"] == "sweep" and r["config"] != own and r["status"] in statuses]


def base_of(raw: list[dict[str, Any]]) -> dict[str, Any]:
    own = baseline_config()
    return next(r for r in raw if r["config"] == own and r["seed"] == 504)


def score(record: dict[str, Any], epochs: int | None = None) -> float:
    rows = record["history"][:epochs]
    return float(rows[int(np.argmin([row["val_loss"] for row in rows]))]["val_accuracy"])


def test_the_baseline_is_nowhere_a_trial(study: Study, raw: Any, tree: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The page, the screen, the files to take away, the methods, importance and cost count the same trials."""
    complete, pruned = trials(raw, "complete"), trials(raw, "pruned")
    assert (len(complete), len(pruned)) == (12, 37)
    said = text(by_id(tree, "main")).replace("\u00a0", " ")
    assert "12 complete of 49 trials" in said and "37 pruned trials" in said
    records = [r for r in study.records() if r.kind == "sweep"]
    print_summary(study, SweepSummary(records, 50, None, [], False), 504)
    screen = " ".join(capsys.readouterr().out.split())
    epochs = sum(len(r["history"]) for r in complete + pruned)
    assert "50 trials, the baseline and 49 others: 12 complete, 37 stopped early" in screen
    worth = f"{epochs / 25:.1f}"
    assert f"as many as {worth} baselines" in screen and f"{worth} runs of the baseline" in said
    rows = list(csv.DictReader(io.StringIO(render_format(study, "csv"))))
    assert sum(r["kind"] == "trial" for r in rows) == 49 and sum(bool(r["rank"]) for r in rows) == 12
    assert "A search of 49 trials" in render_format(study, "md", "methods")
    lengths = sorted((len(r["history"]) for r in complete + pruned), reverse=True)
    within = sum(n >= lengths[19] for n in lengths)  # the most epochs that twenty of them had
    assert f"PED-ANOVA over {within} trials within {lengths[19]} epochs" in said
    first = numeral(cells(tables(by_id(tree, "importance"))[0])[0][1])
    told = re.search(r"puts learning_rate first among the changes \((\d+) %", said)
    assert told is None or abs(int(told[1]) - first) <= 0.5, "the ablation's sentence and the figure"


def test_the_forest_is_the_difference_to_the_baseline(raw: Any, drawn: Any, tree: Any) -> None:
    base = base_of(raw)
    complete = sorted(trials(raw, "complete"), key=lambda r: -score(r))
    rungs = drawn["forest"][0].rungs
    assert [r.label for r in rungs] == [f"trial {r['trial']}" for r in complete]
    assert [r.full for r in rungs] == pytest.approx([100 * (score(r) - score(base)) for r in complete])
    equal = [100 * (score(r) - score(base, len(r["history"]))) for r in complete]
    assert [r.equal for r in rungs] == pytest.approx(equal)
    ahead = sum(score(r) > score(base) for r in complete)
    assert f"{ahead} of 12 complete trials lie above" in text(by_id(tree, "forest-figure")).replace("\u00a0", " ")


def test_pruned_trials_stand_where_they_were_stopped(raw: Any, drawn: Any, tree: Any) -> None:
    base, pruned = base_of(raw), trials(raw, "pruned")
    (dots,), plane = drawn["pruned"][0], drawn["pruned"][1]
    wanted = sorted((len(r["history"]), round(100 * (score(r) - score(base, len(r["history"]))), 6)) for r in pruned)
    nearest = [min(plane.ticks, key=lambda epoch: abs(epoch - x)) for x in dots.x]  # spread a little, not to cover
    assert sorted(zip(nearest, (round(y, 6) for y in dots.y), strict=True)) == wanted
    ahead = sum(d > 0 for _, d in wanted)
    assert f"{ahead} of 37 pruned trials stood above" in text(by_id(tree, "pruned-figure")).replace("\u00a0", " ")


def test_a_line_of_the_parallel_coordinates_is_its_config_and_its_score(raw: Any, drawn: Any) -> None:
    axes, strands, best, base = drawn["parallel"][:4]
    complete = sorted(trials(raw, "complete"), key=lambda r: -score(r))
    runs = [*complete, base_of(raw)]
    names = [axis.name for axis in axes]
    own = baseline_config()
    tried = trials(raw, "complete", "pruned", "failed", "diverged")
    assert names[:-1] == [f for f in own if len({str(r["config"][f]) for r in [*tried, {"config": own}]}) > 1]
    rates, scores = ([get(r) for r in runs] for get in (lambda r: r["config"]["learning_rate"], score))
    places = [best.places, *(s.places for s in strands), base.places]
    for column, values in ((names.index("learning_rate"), rates), (len(names) - 1, scores)):
        low, high = min(values), max(values)
        assert [p[column] for p in places] == pytest.approx([(v - low) / (high - low) for v in values])
    kinds = sorted({r["config"]["architecture"] for r in runs})
    at = names.index("architecture")
    assert [round(p[at] * (len(kinds) - 1)) for p in places] == [kinds.index(r["config"]["architecture"]) for r in runs]


def test_a_small_plot_shows_pruned_trials_at_their_value(raw: Any, drawn: Any) -> None:
    given = next(drawn[f"effect-{i}"][0] for i in range(9) if 128 in map(_number, drawn[f"effect-{i}"][0].values))
    pruned = trials(raw, "pruned")
    complete = trials(raw, "complete")
    assert len(given.scores) == len(pruned) + len(complete)
    floor = min(given.ends)
    wanted = sorted(round(max(100 * score(r), 100 * floor), 4) for r in pruned)
    shown = sorted(round(100 * s, 4) for s, state in zip(given.scores, given.states, strict=True) if state == "pruned")
    assert shown == wanted and min(given.ends) < 100 * min(score(r) for r in complete)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def test_the_leaderboard_of_the_committed_sweep(raw: Any, tree: Any) -> None:
    base = base_of(raw)
    rows = [row for row in cells(by_id(tree, "leaderboard-table")) if row[1].isdigit()]
    complete = sorted(trials(raw, "complete"), key=lambda r: -score(r))
    for row, r in zip(rows, complete, strict=True):
        assert int(row[0].split()[1]) == r["trial"]
        assert numeral(row[2]) == pytest.approx(100 * (score(r) - score(base)), abs=0.005)
        assert numeral(row[6]) == pytest.approx(100 * r["test_accuracy"], abs=0.005)
    assert "on fresh seeds: better" in rows[0][0] and "fresh" not in " ".join(row[0] for row in rows[1:])


def test_each_trial_stands_once_in_full(raw: Any, tree: Any) -> None:
    """Its settings with every digit, its matrix with the signed differences, its command."""
    parts = [e for e in elements(tree) if e.attrib.get("class") == "trial"]
    everyone = trials(raw, "complete", "pruned")
    assert len(parts) == len(everyone) == 49
    for r in everyone:
        part = by_id(tree, f"trial-{r['trial']}")
        facts = next(e for e in elements(part) if e.attrib.get("class") == "lines")
        assert repr(r["config"]["learning_rate"]) in "".join(facts.itertext())
        assert len(tables(part, "matrix")) == 1
        assert f"--set learning_rate={r['config']['learning_rate']!r}" in text(part)


def test_a_matrix_as_a_picture_keeps_every_number(study: Study, raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials_chapter, "WHOLE", 0)
    tree = check(render(study))
    base = np.array(base_of(raw)["test_confusion"])
    for r in trials(raw, "complete"):
        part = by_id(tree, f"trial-{r['trial']}")
        shown = next(e for e in elements(part) if e.tag == f"{HTML}pre" and "truth" in text(e))
        lines = "".join(shown.itertext()).split("\n")[1:]
        counts = np.array([[[numeral(n) for n in cell.split(" ")] for cell in line.split("\t")[1:]] for line in lines])
        mine = np.array(r["test_confusion"])
        assert (counts[:, :, 0] == mine).all() and (counts[:, :, 1] == mine - base).all()
        (source,) = (e.attrib["src"] for e in elements(part) if e.tag == f"{HTML}img")
        pixels = np.array(Image.open(io.BytesIO(base64.b64decode(source.partition("base64,")[2]))).convert("RGBA"))
        step = (mine - base) / mine.sum(axis=1, keepdims=True)
        assert ((pixels[:, :, 3] > 0) == (np.abs(step) >= 0.005 - 1e-9)).all()
        bluer = pixels[:, :, 2] > pixels[:, :, 0]  # better: more on the diagonal, fewer beside it
        better = np.where(np.eye(len(step), dtype=bool), step, -step)
        assert bluer[better > 0.01].all() and not bluer[better < -0.01].any()


def test_of_more_trials_than_the_page_holds_it_shows_the_first_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = synthetic.Maker(val=100, test=100)
    study = synthetic.study(tmp_path, trials=80, seeds=2, maker=maker)
    monkeypatch.setattr(view, "MOST", 30)
    tree = check(render(study))  # every link leads somewhere
    parts = [e.attrib["id"] for e in elements(tree) if e.attrib.get("class") == "trial"]
    sweep = [r for r in study.records() if r.trial is not None and r.config_hash != config_hash(synthetic.BASELINE)]
    complete = sorted((r for r in sweep if r.status == "complete"), key=lambda r: (-(r.score or 0), r.trial))
    pruned = sorted((r for r in sweep if r.status == "pruned"), key=lambda r: -len(r.history))
    assert len(complete) > 30 and parts == [f"trial-{r.trial}" for r in complete[:30]]
    said = text(by_id(tree, "main")).replace("\u00a0", " ")
    assert said.count(f"30 of {len(sweep)} trials") >= 2
    assert f"{len(complete)} complete of {len(sweep)} trials" in said and f"of {len(pruned)} pruned trials" in said
    assert "--format csv" in text(by_id(tree, "leaderboard"))


@pytest.mark.parametrize("status", ["failed", "pruned"])
def test_a_sweep_of_which_nothing_ended(tmp_path: Path, status: str) -> None:
    maker = synthetic.Maker(val=100, test=100)
    runs = [
        maker.run(
            synthetic.BASELINE | {"learning_rate": 0.001 + i / 10_000}, 504, "sweep", status=status,
            epochs=0 if status == "failed" else 2, error="RuntimeError: no" if status == "failed" else None, trial=i,
        )
        for i in range(1, 8)
    ]  # fmt: skip
    tree = check(render(synthetic.write(tmp_path, maker, [*synthetic.baselines(maker, 2), *runs])))
    ids = {e.attrib.get("id") for e in elements(tree)}
    assert {"trial-1", "trial-7"} <= ids and "forest-figure" not in ids
    assert ("pruned-figure" in ids) == (status == "pruned")
