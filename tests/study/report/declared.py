"""Made-up studies of other metrics than an accuracy, written by hand: a regression, a loss, an AUC, no epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from results.analysis.ablation_plan import AblationPlan
from results.analysis.looks import Look, Pair
from results.config import config_hash, run_id
from results.meta import CommandRun, DatasetInfo, StudyMeta, StudyMetric
from results.metric import Metric
from results.record import DatasetTag, Examples, HistoryRow, MetricTag, Record
from results.selection import selected
from results.store import Study

NAMES = ("healthy", "ill")


@dataclass(frozen=True)
class Kind:
    """What a study is of. ``worst``, ``size``: where its values begin, and how far a training could move them."""

    metric: Metric
    worst: float
    size: float
    losses: tuple[str, ...] = ()  # of training and validation, beside the metric
    training: str = ""  # the metric's own value on training data
    epochs: bool = True
    prefix: bool = False
    names: tuple[str, ...] | None = None  # of a classification, by its runs
    classes: int = 0
    each: bool = False  # a number for each test example
    pruning: bool = True

    def config(self, **changes: Any) -> dict[str, Any]:
        """The baseline with changes."""
        return {"rate": 0.001, "depth": 3, "kind": "tree", **({"epochs": 6} if self.epochs else {}), **changes}


RMSE = Metric("val_rmse", "min", "mpg", margin=0.05, test="test_rmse")
REGRESSION = Kind(RMSE, 5.2, 2.4, ("train_loss", "val_loss"), "train_rmse", each=False)
LOSS = Kind(Metric("val_loss", "min"), 3.1, 1.4, ("train_loss",), pruning=True)
AUC = Metric("val_auc", "max", margin=0.01, test="test_auc", select="val_loss:min")
CLASSES = Kind(AUC, 0.55, 0.4, ("train_loss", "val_loss"), prefix=True, names=NAMES, classes=2)
NUMBERED = Kind(AUC, 0.55, 0.4, ("train_loss", "val_loss"), prefix=True, classes=3)
RANKING = Kind(Metric("val_auc", test="test_auc"), 0.55, 0.4, prefix=True)
FOREST = Kind(Metric("mae", "min", "°C", margin=0.1, test="test_mae"), 9.0, 3.0, epochs=False, each=True)
KINDS = {
    "regression": REGRESSION,
    "loss": LOSS,
    "auc-classes": CLASSES,
    "auc-numbered": NUMBERED,
    "auc": RANKING,
    "no-epochs": FOREST,
}


def quality(config: dict[str, Any], epoch: int, seed: int, split: str) -> float:
    """How far a training has come, about 0.2 to 1: better with a rate near 0.003 and with depth."""
    far = math.log10(config["rate"] / 0.003)
    top = 0.72 - 0.12 * far**2 + 0.03 * (config["depth"] - 3) + 0.02 * (config["kind"] == "wide")
    random = np.random.default_rng([seed, epoch, int(config_hash(config), 16) % 2**31, len(split)])
    return top * (1 - math.exp(-epoch / 2.0)) / (1 - math.exp(-3.0)) + float(random.normal(0, 0.006))


class Made:
    """Makes the runs of one kind of study."""

    def __init__(self, kind: Kind, examples: int = 120) -> None:
        self.kind, self.metric, self.examples = kind, kind.metric, examples

    def tag(self) -> DatasetTag:
        """The dataset's label."""
        return DatasetTag(name="made-up", fingerprint="c0ffee42")

    def value(self, config: dict[str, Any], epoch: int, seed: int, split: str) -> float:
        """The metric's value."""
        turned = 1 if self.metric.goal == "max" else -1
        return round(self.kind.worst + turned * self.kind.size * quality(config, epoch, seed, split), 6)

    def row(self, config: dict[str, Any], epoch: int, seed: int) -> HistoryRow:
        """One epoch."""
        values = {self.metric.name: self.value(config, epoch, seed, "val")}
        for name in self.kind.losses:
            values[name] = round(2 - 1.5 * quality(config, epoch, seed, name), 5)
        if self.kind.training:
            values[self.kind.training] = round(values[self.metric.name] * 0.9, 5)
        return HistoryRow(epoch=epoch, values=values, seconds=0.5)

    def run(
        self,
        config: dict[str, Any],
        seed: int = 1,
        kind: str = "sweep",
        status: str = "complete",
        epochs: int | None = None,
        **fields: Any,
    ) -> Record:
        """The record of one training, of ``epochs`` (all of the config's where None)."""
        whole = int(config.get("epochs", 1))
        rows = [self.row(config, e, seed) for e in range(1, (whole if epochs is None else epochs) + 1)]
        if not self.kind.epochs and rows:
            rows = [HistoryRow(epoch=1, values=self.row(config, 6, seed).values, seconds=1.5)]
        best = selected(rows, self.metric) if status in ("complete", "pruned") else None
        record: dict[str, Any] = {
            "run_id": run_id(config, seed),
            "kind": kind,
            "config": config,
            "config_hash": config_hash(config),
            "seed": seed,
            "dataset": self.tag(),
            "metric": MetricTag(**self.metric.tag),
            "status": status,
            "history": rows,
            "best_epoch": best.epoch if best else None,
            "val": best.values if best else {},
            "seconds": round(sum(r.seconds for r in rows) * (1 + 0.2 * config["depth"]), 3),
            "started": "2026-03-01T09:00:00+00:00",
            "device": "cpu",
            "precision": "fp32",
            "environment": {"python": "3.11.2", "threads": 1},
            "command": f"python -m study.run baseline --trainable mine.py --seed {seed}",
        }
        if self.kind.classes:
            record["class_names"] = list(self.kind.names) if self.kind.names else None
            record["val_confusion"] = {str(r.epoch): self.matrix(config, r.epoch, seed) for r in rows}
        if status == "complete" and self.metric.test:
            self._test(record, config, best.epoch if best else 1, seed)
        return Record(**{**record, **fields})

    def _test(self, record: dict[str, Any], config: dict[str, Any], epoch: int, seed: int) -> None:
        value = self.value(config, epoch if self.kind.epochs else 6, seed, "test!")
        if self.kind.each:
            noise = np.random.default_rng([seed, 5]).normal(0, 0.3, self.examples)
            each = (value + noise - noise.mean()).astype(np.float32)
            record["test_examples"] = Examples.of(each)
            value = float(each.mean(dtype=np.float64))
        record["test"] = {str(self.metric.test): value}
        if "val_loss" in self.kind.losses:
            record["test"]["test_loss"] = round(2 - 1.5 * quality(config, epoch, seed, "loss"), 5)
        if self.kind.classes:
            record["test_confusion"] = self.matrix(config, epoch, seed)

    def matrix(self, config: dict[str, Any], epoch: int, seed: int) -> list[list[int]]:
        """Counts of ``examples`` in equal classes."""
        k = self.kind.classes
        own = self.examples // k
        right = min(own, round(own * quality(config, epoch, seed, "matrix")))
        rest = [(own - right) // (k - 1)] * (k - 1)
        rest[0] += own - right - sum(rest)
        return [[*rest[:i], right, *rest[i:]] for i in range(k)]

    def meta(self, path: Path, **fields: Any) -> StudyMeta:
        """What study.json holds."""
        about: dict[str, Any] = {
            "name": path.name,
            "trainable": "mine.py",
            "dataset": DatasetInfo(**self.tag().model_dump()),
            "metric": StudyMetric.of(self.metric),
            "prefix": self.kind.prefix,
            "baseline": self.kind.config(),
            "device": "cpu",
            "precision": "fp32",
            "commands": [CommandRun(command="python -m study.run sweep --trials 30", started="2026-03-01T09:00:00Z")],
        }
        return StudyMeta(**{**about, **fields})


def trials(kind: Kind, made: Made, count: int) -> list[Record]:
    """Records of a sweep: most complete, some pruned where there are epochs, one failed, one diverged."""
    random = np.random.default_rng(3)
    records = []
    for i in range(count):
        changes: dict[str, Any] = {
            "rate": float(10 ** random.uniform(-4, -1.7)),
            "depth": int(random.integers(2, 7)),
            "kind": str(random.choice(["tree", "wide"])),
        }
        if kind.epochs:
            changes["epochs"] = int(random.choice([4, 6, 6, 8]))
        config = kind.config(**changes)
        if i == 5:
            records.append(made.run(config, status="failed", epochs=0, error="ValueError: too deep", trial=i))
        elif i == 6 and kind.epochs:
            records.append(made.run(config, status="diverged", epochs=2, error="val was not finite", trial=i))
        elif kind.epochs and kind.pruning and i % 5 == 4:
            records.append(made.run(config, status="pruned", epochs=2, trial=i))
        else:
            records.append(made.run(config, trial=i))
    return records


def study(path: Path, kind: Kind, count: int = 24, seeds: int = 6, confirmed: bool = True) -> Study:
    """A study with a baseline, a sweep, a confirmation of its best two and an ablation of the best."""
    made = Made(kind)
    records = [made.run(kind.config(), seed, "baseline") for seed in range(1, seeds + 1)] + trials(kind, made, count)
    about = {"space": "mine", "sampler": "tpe", "scheduler": "asha" if kind.epochs else "none", "seed": 1}
    meta = made.meta(path, sweep=about if count else None)
    found = Study.create(path, meta)
    scored = [r for r in records if r.trial is not None and r.status == "complete"]
    best = sorted(scored, key=lambda r: -(r.score or 0))[:2]
    if confirmed and best:
        fresh = tuple(range(900, 906))
        records += [made.run(kind.config(), s, "confirm") for s in fresh]
        records += [made.run(b.config, s, "confirm") for b in best for s in fresh]
        looks = [confirm_look(kind, best, fresh), ablation_look(kind, best[0].config, fresh)]
        plan = AblationPlan.from_dict(looks[1].details)
        for name in plan.changes:
            records += [made.run(c, s, "ablation") for c in (plan.without(name), plan.adding(name)) for s in fresh]
        meta.looks = [asdict(look) for look in looks]
        found.save_meta()
    kept: dict[str, Record] = {}
    for record in records:
        kept.setdefault(record.run_id, record)
    for record in kept.values():
        found.append(record)
    return found


def confirm_look(kind: Kind, best: Sequence[Record], fresh: tuple[int, ...]) -> Look:
    """The interim analysis that confirm leaves."""
    reference = config_hash(kind.config())
    pairs = tuple(Pair(b.config_hash, reference, fresh, chosen=b.run_id) for b in best)
    return Look("confirm", 1, pairs, margin=kind.metric.margin)


def ablation_look(kind: Kind, start: dict[str, Any], fresh: tuple[int, ...]) -> Look:
    """The interim analysis that ablate leaves, of at most three changes."""
    base = kind.config()
    changed = [f for f in base if start[f] != base[f]]
    plan = AblationPlan(start, base, {f: {f: start[f]} for f in changed}, path=tuple(changed[:1]), path_seeds=fresh[:1])
    pairs = tuple(Pair(*key, fresh, role, name) for key, (role, name) in plan.comparisons().items())
    return Look("ablation", 1, pairs, margin=kind.metric.margin, details=plan.as_dict())
