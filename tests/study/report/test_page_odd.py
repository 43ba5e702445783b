"""Odd studies render sensibly, and names from outside are inert."""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from results.config import config_hash, run_id
from results.errors import IgnoredRecord
from results.record import Record
from results.store import Study
from study.report.answer import answer
from study.report.blocks import Section
from study.report.chapters import ablation, certainty, methods
from study.report.page import FORMATS, render, render_format, view_of
from study.report.parts import errors, hyperparameters
from tests.support import synthetic
from tests.support.page import HTML, by_id, cells, check, elements, part, tables, text
from tests.support.synthetic import BASELINE, Maker, baselines, sweep, write

pytestmark = pytest.mark.filterwarnings("ignore::results.store.IgnoredRecord")
SMALL = Maker(val=200, test=300)


def head(tree: Any) -> str:
    return text(next(e for e in elements(tree) if e.tag == f"{HTML}header"))


def has(tree: Any, name: str) -> bool:
    return any(e.attrib.get("id") == name for e in elements(tree))


def rendered(study: Study) -> Any:
    """The whole page, checked; every other format is written too."""
    with warnings.catch_warnings():
        for kind in (RuntimeWarning, UserWarning):  # a division by zero or a missing glyph would be a defect
            warnings.simplefilter("error", kind)
        warnings.simplefilter("ignore", IgnoredRecord)  # a UserWarning
        page = render(study)
        for name in FORMATS[1:]:
            render_format(study, name)
    assert len(page.encode()) < 2_000_000
    tree = check(page)
    shown = [e for e in elements(tree) if e.tag in (f"{HTML}header", f"{HTML}main")]
    assert not re.search(r"\b(nan|NaN|inf|None(?! of))\b", " ".join(map(text, shown)))
    return tree


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page of one study with several oddities that do not touch one another."""
    first = SMALL.run(BASELINE | {"batch_size": 64}, status="failed", epochs=0, error="lost", trial=0)
    records = [
        *baselines(SMALL, 1, BASELINE | {"epochs": 3}),
        *baselines(SMALL, 1),
        first,
        SMALL.run(BASELINE | {"batch_size": 64}, trial=0, run_id=first.run_id + "-2"),
        SMALL.run(BASELINE, 77, trial=1),
        SMALL.run(BASELINE | {"epochs": 5}, 1, trial=2),
        Maker(val=200, test=300, seed=8).run(BASELINE | {"batch_size": 128}, trial=99),
    ]
    study = write(tmp_path_factory.mktemp("mixed"), SMALL, records)
    with open(study.records_path, "ab") as file:
        file.write(b'{"schema": 1, "run_id": "torn')
    return rendered(study)


def said(study: Study) -> str:
    """The warnings of a study, without the rest of its page."""
    return text(part(certainty.validity(view_of(study)))).replace("\u00a0", " ")


def test_no_record_at_all(tmp_path: Path) -> None:
    tree = rendered(write(tmp_path, SMALL, []))
    assert "Nothing has been run" in head(tree)


def test_no_records_file(tmp_path: Path) -> None:
    study = write(tmp_path, SMALL, [])
    study.records_path.unlink()
    assert "Nothing has been run" in head(rendered(study))


def test_baseline_missing(tmp_path: Path) -> None:
    tree = rendered(write(tmp_path, SMALL, sweep(SMALL, 25)))
    assert "No baseline" in head(tree)
    assert "Baseline missing" in text(by_id(tree, "validity"))
    assert has(tree, "leaderboard") and not has(tree, "forest")


def test_a_baseline_older_than_the_studys_is_said(mixed: Any) -> None:
    assert "Another baseline" in text(by_id(mixed, "validity"))


def test_a_trial_that_changes_nothing_but_the_seed_is_the_baseline(mixed: Any) -> None:
    assert len(tables(by_id(mixed, "baseline-scores"))[0].findall(f".//{HTML}tbody/{HTML}tr")) == 2
    assert not has(mixed, "trial-1")


def test_a_torn_line_is_left_out_and_said(mixed: Any) -> None:
    assert "1 line of records.jsonl" in text(by_id(mixed, "validity")).replace("\u00a0", " ")


def test_runs_on_other_images_are_left_out_and_said(mixed: Any) -> None:
    assert "Mixed datasets" in text(by_id(mixed, "validity")) and not has(mixed, "trial-99")


def test_a_trial_without_a_baseline_of_its_seed_is_said(mixed: Any) -> None:
    assert "Other splits" in text(by_id(mixed, "validity"))


def test_two_attempts_at_a_trial_have_links_of_their_own(mixed: Any) -> None:
    assert has(mixed, "trial-0") and has(mixed, "trial-0-2")


def test_one_trial(tmp_path: Path) -> None:
    records = [*baselines(SMALL, 1), SMALL.run(BASELINE | {"batch_size": 64}, trial=0)]
    tree = rendered(write(tmp_path, SMALL, records))
    assert "1\u00a0complete trial" in head(tree) or "1 complete trial" in head(tree)
    assert "noise floor is unknown" in text(by_id(tree, "noise"))
    assert "it needs 20 trials that compare" in text(by_id(tree, "tried"))


@pytest.mark.parametrize(
    ("status", "epochs", "word"),
    [("failed", 0, "12 failed"), ("pruned", 2, "12 pruned"), ("diverged", 2, "12 diverged")],
)
def test_all_trials_without_a_full_score(tmp_path: Path, status: str, epochs: int, word: str) -> None:
    runs = [
        SMALL.run(BASELINE | {"batch_size": 32 + i}, status=status, epochs=epochs, trial=i, error=None)
        for i in range(12)
    ]
    tree = rendered(write(tmp_path, SMALL, baselines(SMALL, 1) + runs))
    assert "No result" in head(tree) and word in head(tree).replace("\u00a0", " ")
    assert not has(tree, "changed-settings") and has(tree, "trial-0")


def test_the_only_baseline_run_failed(tmp_path: Path) -> None:
    lost = SMALL.run(BASELINE, kind="baseline", status="failed", epochs=0, error="out of memory")
    tree = rendered(write(tmp_path, SMALL, [lost]))
    assert "No result" in head(tree) and "out of memory" in text(by_id(tree, "failed"))


def edited(records: list[Record], edit: Callable[[dict[str, Any]], None]) -> str:
    lines = []
    for record in records:
        plain = json.loads(record.line())
        edit(plain)
        name = config_hash(plain["config"])
        plain |= {"config_hash": name, "run_id": run_id(plain["config"], plain["seed"])}
        lines.append(json.dumps(plain))  # NaN is written as NaN, as an older version might have
    return "\n".join(lines) + "\n"


def test_scores_that_are_not_numbers_are_ignored_and_said(tmp_path: Path) -> None:
    def spoil(r: dict[str, Any]) -> None:
        if r["trial"] in (0, 1, 2):
            r["seconds"] = float("nan")
            r["val"] = dict.fromkeys(r["val"], float("nan"))
            r["test"] = dict.fromkeys(r["test"], float("inf"))
            for row in r["history"]:
                row |= {"values": dict.fromkeys(row["values"], float("nan")), "seconds": float("nan")}

    study = write(tmp_path, SMALL, baselines(SMALL, 2) + sweep(SMALL, 12))
    study.records_path.write_text(edited(study.records(), spoil))
    tree = rendered(study)
    assert not has(tree, "trial-0") and has(tree, "trial-3")
    told = text(by_id(tree, "validity"))
    assert "3 lines of records.jsonl are ignored. line 3, run " in told and "a number is not finite" in told


def test_records_of_an_older_schema(tmp_path: Path) -> None:
    def age(r: dict[str, Any]) -> None:
        r["schema"] = 0
        for field in ("val_confusion", "test_confusion", "test_examples", "environment", "parameters",
                      "seconds", "device", "precision", "started", "command"):  # fmt: skip
            r.pop(field)
        r["config"] = {k: v for k, v in r["config"].items() if k != "crop_padding"} | {"an_old_field": True}

    old = {k: v for k, v in BASELINE.items() if k != "crop_padding"} | {"an_old_field": True}
    study = write(tmp_path, SMALL, baselines(SMALL, 2) + sweep(SMALL, 12), {"baseline": old})
    study.records_path.write_text(edited(study.records(), age))
    tree = rendered(study)
    assert not has(tree, "confusion") and has(tree, "leaderboard")


PAIR = {"candidate": "c" * 12, "reference": "b" * 12, "seeds": [1, 2, 3]}


LOOKS = [
    {"from": "the future"},
    {"number": 1, "pairs": []},
    {"number": 1, "pairs": [PAIR], "claim": "per-class"},
    {"number": 0, "pairs": [PAIR]},
    {"number": 1, "pairs": [PAIR], "claim": "population"},
    {"number": "one", "pairs": 3},
]


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study whose records have a field of a later version."""
    study = write(tmp_path_factory.mktemp("newer"), SMALL, baselines(SMALL, 1) + sweep(SMALL, 5))
    study.records_path.write_text(edited(study.records(), lambda r: r.update(new={"a": [1]})))
    return study


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("family", ["confirm", "ablation"])
def test_looks_of_another_version_are_no_obstacle(newer: Study, look: dict, family: str) -> None:
    newer.meta.looks = [{"family": family, **look}]
    view = view_of(newer)
    assert answer(view).mark == "Exploratory" or view.looks(family)
    for make in (certainty.confirmed, ablation.ablation, methods.done, certainty.validity):
        if (section := make(view)) is not None:
            part(section)


def test_fields_of_a_newer_schema_are_no_obstacle(newer: Study) -> None:
    newer.meta.looks = [{"family": family, **look} for family in ("confirm", "ablation") for look in LOOKS]
    tree = rendered(newer)
    assert has(tree, "leaderboard") and "Verdicts left out" in text(by_id(tree, "validity"))


def test_records_of_a_newer_schema_are_ignored_and_said(tmp_path: Path) -> None:
    study = write(tmp_path, SMALL, baselines(SMALL, 1) + sweep(SMALL, 12))
    study.records_path.write_text(edited(study.records(), lambda r: r.update(schema=9)))
    assert all(words in said(study) for words in ("13 lines", "its schema is 9", "3 more"))


def test_the_end_of_a_search_range_is_said(tmp_path: Path) -> None:
    runs = [SMALL.run(BASELINE | {"batch_size": size}, trial=i) for i, size in enumerate((64, 128, 512))]
    best = max(runs, key=lambda r: r.score or 0)
    study = write(tmp_path, SMALL, baselines(SMALL, 1) + runs)
    assert ("batch_size" in said(study)) == (best.config["batch_size"] in (64, 512))
    low, high = sorted((best.config["batch_size"], 4 * best.config["batch_size"]))
    study.meta.sweep = {"describe": {"dimensions": {"batch_size": {"low": low / 4, "high": high, "log": True}}}}
    study.save_meta()
    assert "At the edge" not in said(study)


@pytest.mark.parametrize("classes", [2, 100])
def test_few_and_many_classes(tmp_path: Path, classes: int) -> None:
    maker = Maker([f"class number {i}" for i in range(classes)], val=400, test=800)
    tree = rendered(synthetic.study(tmp_path, trials=12, seeds=3, pictures=True, maker=maker))
    assert bool(tables(by_id(tree, "confusion"), "matrix")) == (classes == 2)
    assert has(tree, "recall") and has(tree, "winner-classes")


@pytest.mark.parametrize(("classes", "matrices"), [(20, 1), (21, 0)])
def test_whole_matrices_are_shown_up_to_twenty_classes(tmp_path: Path, classes: int, matrices: int) -> None:
    maker = Maker([f"class number {i}" for i in range(classes)], val=400, test=800)
    view = view_of(write(tmp_path, maker, baselines(maker, 1)))
    assert len(tables(part(errors.confusion_matrix(view)), "matrix")) == matrices


def test_a_table_counts_every_trial_where_the_plot_shows_the_first_values_only(tmp_path: Path) -> None:
    runs = [SMALL.run(BASELINE | {"architecture": f"kind {i}"}, trial=i) for i in range(20)]
    view = view_of(write(tmp_path, SMALL, baselines(SMALL, 1) + runs))
    (table,) = tables(part(Section("effects", "", hyperparameters.effects(view))))
    assert sum(int(row[1]) for row in cells(table)) == 20


def test_a_matrix_or_artefact_of_another_size_is_left_out(tmp_path: Path) -> None:
    study = synthetic.study(tmp_path, trials=3, seeds=1, pictures=True, maker=SMALL)
    study.meta.dataset.class_names = [*study.meta.dataset.class_names, "eleventh"]
    tree = rendered(study)
    assert not has(tree, "confusion") and not has(tree, "mistakes")
    study.artefact_path("test_images.npy").write_bytes(b"not an array")
    study.artefact_path("augmented.npz").write_bytes(b"not an archive")
    rendered(study)


NASTY = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "evil\u202egnp.exe\u2066 rtl \u200f\u200b",
    "new\nline\r\n\ttab\x00null\x1b[31m",
    "{{ 7*7 }} {% raw %} ${x} $\\frac{1}{0}$ %s {0}",
    "=HYPERLINK(\"https://evil.example\",\"x\")",
    "| a | *b* | [c](https://evil.example) ` ` \\input{/etc/passwd} & # _ ^ ~",
    "\ud800 lone surrogate",
    "x" * 10_000,
    "",
    "   ",
    "javascript:alert(1)",
    "日本語 العربية 🎉",
]  # fmt: skip


def spoken(name: str) -> str:
    """A name as a record file can hold it: without what UTF-8 cannot."""
    return name.replace("\ud800", "\ufffd")


def test_hostile_names_are_inert(tmp_path: Path) -> None:
    names = [spoken(n) for n in NASTY[:10]]
    maker = Maker(names, val=200, test=300)
    config = BASELINE | {spoken(NASTY[i]): spoken(NASTY[-1 - i]) for i in range(6)}
    records = baselines(maker, 3, config)
    for i, nasty in enumerate(map(spoken, NASTY)):
        changed = config | {"architecture": nasty, spoken(NASTY[1]): nasty}
        status = ("complete", "pruned", "failed")[i % 3]
        record = maker.run(changed, trial=i, status=status, epochs=3 if status == "pruned" else None, error=nasty)
        update = {
            "command": nasty,
            "device": nasty,
            "environment": {nasty: nasty},
            "precision": nasty,
            "started": nasty,
        }
        records.append(record.model_copy(update=update))
    records.append(records[0].model_copy(update={"run_id": '0/../<img onerror=x>" onclick=x'}))
    about = {"name": spoken(NASTY[1]), "trainable": spoken(NASTY[3]), "device": spoken(NASTY[0])}
    about["sweep"] = {"space": spoken(NASTY[0]), "sampler": spoken(NASTY[3]), "scheduler": spoken(NASTY[4])}
    study = write(tmp_path, maker, records, {"baseline": config} | about, predictions=False, pictures=True)
    study.meta.dataset.name = spoken(NASTY[2])
    study.save_meta()
    page = render(Study.open(tmp_path))
    tree = check(page)  # one script, no handler, no address that loads
    assert not any(e.attrib.get("src") == "x" for e in elements(tree))
    assert not set(page) & set("\u202e\u2066\u200f\u200b\x00\x1b"), (
        "direction and control characters are shown as codes"
    )
    assert "\\u202e" in page
    assert "x" * 700 not in page
    assert "(10,000 characters)" in page
    assert len(page) < 2_000_000
    for kind in FORMATS[1:]:
        made = render_format(study, kind)
        made.encode("utf-8")
        assert not set(made) & set("\u202e\u2066\u200f\x00\x1b")
    for row in csv.reader(io.StringIO(render_format(study, "csv"))):
        assert not any(cell[:1] in ("=", "@") for cell in row)
    json.loads(render_format(study, "json"))


def test_no_home_folder_appears(tmp_path: Path) -> None:
    homes = ["/home/alice", "/Users/alice", "C:\\Users\\alice", "/root"]
    inside = [f"{home}/secret/images" if "/" in home else f"{home}\\secret" for home in homes]
    records = baselines(SMALL)
    for i, where in enumerate(inside):
        lost = {"status": "failed", "epochs": 0, "error": f"no file '{where}/x.jpg'"}
        run = SMALL.run(BASELINE | {"batch_size": 64 + i}, trial=i, **lost)
        records.append(run.model_copy(update={"command": f"python -m study.run baseline --data-dir {where}"}))
    study = write(tmp_path, SMALL, records, {"trainable": f"{inside[0]}/model.py"})
    study.meta.commands[0].command = f"python -m study.run baseline --dataset {' '.join(inside)}"
    for kind in FORMATS:
        made = render_format(study, kind)
        assert [home for home in homes if home in made] == [], kind


def test_the_renderers_own_home_is_hidden_wherever_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/people/bob")
    lost = SMALL.run(BASELINE | {"batch_size": 64}, status="failed", epochs=0, error="no /srv/people/bob/x", trial=0)
    page = render(write(tmp_path, SMALL, [*baselines(SMALL), lost]))
    assert "/srv/people/bob" not in page and "no ~/x" in page


def test_a_shorter_training_that_leads_at_equal_epochs_is_said(tmp_path: Path) -> None:
    short = SMALL.run(BASELINE | {"architecture": "batch_norm", "epochs": 6}, trial=0)
    tree = rendered(write(tmp_path, SMALL, [*baselines(SMALL, 1), short]))
    assert "None of 1" in head(tree).replace("\u00a0", " ")
    assert "Within equal epochs" in head(tree) and "trial 0 by +" in head(tree)
