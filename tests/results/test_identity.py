"""A field that a config got since a study began: earlier runs, their verdicts and what was lost keep what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from results.analysis.ablation import ablation_result
from results.analysis.evidence import Evidence
from results.config import config_hash, run_id
from results.errors import IgnoredRecord, UserError
from results.identity import Identity
from results.record import Record
from results.store import Study
from tests.support import synthetic
from tests.support.looks import look_dict

MAKER = synthetic.Maker(val=200, test=300)
NEW: dict[str, Any] = {"warmup": 0, "ema": False}


@pytest.fixture
def before(tmp_path: Path) -> Study:
    """A study with a sweep, a confirmation and an ablation, as it was before the fields came."""
    study = synthetic.study(tmp_path / "s", 12, 6, maker=MAKER)
    synthetic.ablate(synthetic.confirm(study, MAKER, top=2), MAKER)
    return study


def introduce(study: Study, fields: dict[str, Any] = NEW) -> Study:
    """Do as a command does that finds new fields in the trainable's Config."""
    file = study.path / "study.json"
    value = json.loads(file.read_text())
    value["introduced"] = {**value["introduced"], **fields}
    value["baseline"] |= fields
    file.write_text(json.dumps(value))
    return Study.open(study.path)


def told(evidence: Evidence) -> list[str]:
    return [f"{j.verdict.sentence} {j.note}" for f in ("confirm", "ablation") for j in evidence.verdicts(f)]


def test_a_new_field_changes_no_verdict_ablation_or_trial(before: Study) -> None:
    old = Evidence.of(before)
    expected, ablation = told(old), ablation_result(old)
    now = Evidence.of(introduce(before))
    assert len(expected) > 4 and told(now) == expected
    assert all(r.config["warmup"] == 0 and r.config["ema"] is False for r in now.records)
    assert all(config_hash(r.config) == r.config_hash for r in now.records)
    assert [r.run_id for r in now.records] == [r.run_id for r in old.records]
    assert [(t.label, list(t.changes)) for t in now.trials] == [(t.label, list(t.changes)) for t in old.trials]
    assert len(now.baselines) == len(old.baselines) > 6
    again = ablation_result(now)
    assert ablation is not None and again is not None
    assert again.path == ablation.path and again.interaction == ablation.interaction
    assert [(r.role, r.name, r.changes, r.parameters) for r in again.rows] == [
        (r.role, r.name, r.changes, r.parameters) for r in ablation.rows
    ]
    assert again.disagreements == ablation.disagreements


def test_runs_before_and_after_the_field_are_one_configs_and_share_a_verdict(before: Study) -> None:
    (first, *_) = Evidence.of(before).verdicts("confirm")
    study = introduce(before)
    evidence = Evidence.of(study)
    name = evidence.identity.now(first.pair.candidate)
    candidate = next(r for r in evidence.records if r.config_hash == name)
    later = [MAKER.run(c, 990, "confirm") for c in (candidate.config, study.meta.baseline)]
    assert [r.run_id for r in later] == [run_id(c, 990) for c in (candidate.config, study.meta.baseline)]
    for record in later:
        study.append(record)
    look = evidence.looks("confirm")[-1]
    kept = look_dict(look) | {"number": 2}
    for pair in kept["pairs"]:
        pair["seeds"] = [*pair["seeds"], 990] if pair["candidate"] == name else pair["seeds"]
    study.meta.looks.append(kept)
    study.save_meta()
    found = next(j for j in Evidence.of(Study.open(study.path)).verdicts("confirm") if j.pair.candidate == name)
    assert found.latest.n == first.latest.n + 1 and 990 in found.seeds


def test_fields_that_came_one_after_the_other_lead_to_one_identity(before: Study) -> None:
    expected = told(Evidence.of(before))
    study = introduce(before, {"warmup": 0})
    looks = [look_dict(look) for family in ("confirm", "ablation") for look in Evidence.of(study).looks(family)]
    assert looks != study.meta.looks
    plan = {look["family"]: look for look in looks}
    study.meta.looks = [plan["confirm"], study.meta.looks[-1]]  # one kept after the first field, one before
    study.save_meta()
    assert told(Evidence.of(introduce(study, {"ema": False}))) == expected


def test_a_run_that_is_lost_is_found_under_its_old_name(before: Study) -> None:
    pair = Evidence.of(before).verdicts("confirm")[0].pair
    lost = f"{pair.candidate}-s{pair.seeds[0]}"
    lines = [json.loads(line) for line in before.records_path.read_text().splitlines()]
    edited = [v | {"test": {"test_accuracy": 7.0}} if v["run_id"] == lost else v for v in lines]
    before.records_path.write_text("".join(json.dumps(v) + "\n" for v in edited))
    study = introduce(before)
    with pytest.warns(IgnoredRecord):
        evidence = Evidence.of(study)
    name = evidence.identity.now(pair.candidate)
    assert name != pair.candidate and (name, pair.seeds[0]) in evidence.lost
    assert [p.candidate for p in evidence.withdrawn if p.role == "confirm"] == [name]
    assert all(j.pair.candidate != name for j in evidence.verdicts("confirm"))


def test_a_field_given_another_value_is_another_config() -> None:
    identity = Identity({"warmup": 0})
    own = MAKER.run(synthetic.BASELINE | {"warmup": 5}, 1)
    whole: Record = own.model_copy(deep=True)
    identity.fill(whole)
    assert whole == own and identity.now(own.config_hash) == own.config_hash
    bare = MAKER.run(synthetic.BASELINE, 1)
    identity.fill(bare)
    assert bare.config == synthetic.BASELINE | {"warmup": 0} and bare.config_hash != own.config_hash
    assert identity.now(config_hash(synthetic.BASELINE)) == bare.config_hash


def test_a_config_gets_only_so_many_fields_since_every_record_is_read_with_each(before: Study) -> None:
    """A few kilobytes of study.json kept a reader busy for minutes."""
    many = {f"f{i}": i for i in range(2000)}
    with pytest.raises(UserError, match="2,000 fields came to the config since the study began; at most 100"):
        introduce(before, many)
    with pytest.raises(UserError, match="choose another --study"):
        before.introduce(many)
    assert not before.meta.introduced.keys() & many.keys()
