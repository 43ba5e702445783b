"""Made-up study folders: realistic records, predictions and pictures without any training.

Every image has a difficulty and every run a skill; a run is right where its skill, with noise of its own, exceeds the
difficulty. Scores, confusion matrices, correct bits and probabilities all come from the same answers, so they agree
with each other as those of a real run do. Everything follows from ``seed``.

:class:`Maker` makes classifiers of images, :class:`Regression` runs of a metric where less is better, without classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from results.config import config_hash, run_id
from results.meta import CommandRun, DatasetInfo, StudyMeta, StudyMetric
from results.metric import Metric
from results.outcome import confusion_matrix
from results.record import DatasetTag, Examples, HistoryRow, MetricTag, Record
from results.schema1 import ACCURACY
from results.selection import selected
from results.store import Study

CIFAR = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
CONFUSED = (
    (3, 5, 4.0),
    (1, 9, 3.0),
    (0, 8, 2.5),
    (2, 4, 2.0),
    (4, 7, 2.0),
    (2, 6, 1.5),
)
BASELINE: dict[str, Any] = {
    "architecture": "baseline",
    "learning_rate": 1e-3,
    "batch_size": 256,
    "epochs": 25,
    "normalization": "channel",
    "optimizer": "adam",
    "weight_decay": 0.0,
    "momentum": 0.9,
    "label_smoothing": 0.0,
    "dropout": 0.5,
    "rotation_degrees": 5.0,
    "flip_probability": 0.5,
    "crop_padding": 2,
    "validation_fraction": 0.1,
}
ARCHITECTURES = {
    "baseline": 0.0,
    "batch_norm": 0.3,
    "no_dropout": -0.2,
    "wide": 0.12,
    "narrow": -0.15,
    "shallow": -0.3,
}
DESCRIBED = {
    "dimensions": {
        "learning_rate": {"low": 10**-4.3, "high": 0.01, "log": True, "step": None},
        "batch_size": {"choices": [64, 128, 256, 512]},
        "epochs": {"choices": [10, 15, 20, 25, 30]},
        "normalization": {"choices": ["channel", "half", "none"]},
        "architecture": {"choices": list(ARCHITECTURES)},
    }
}
"""What a sweep leaves in study.json of its space."""


class Maker:
    """Makes runs over one made-up dataset of ``classes`` classes, ``val`` and ``test`` images."""

    metric: Metric = ACCURACY
    baseline: dict[str, Any] = BASELINE
    own_fields: dict[str, Any] = {"trainable": "alexnet", "prefix": True}

    def __init__(
        self,
        names: Sequence[str] = CIFAR,
        val: int = 1000,
        test: int = 2000,
        seed: int = 0,
    ) -> None:
        self.names, self.seed = list(names), seed
        self.classes = len(self.names)
        rng = np.random.default_rng(seed)
        self.labels = {"val": self._balanced(val), "test": self._balanced(test)}
        base = rng.normal(0, 0.35, self.classes)
        self.difficulty = {k: base[v] + rng.logistic(0, 1, len(v)) for k, v in self.labels.items()}
        self.alike = np.ones((self.classes, self.classes)) * 0.25
        for a, b, weight in CONFUSED:
            if max(a, b) < self.classes:
                self.alike[a, b] = self.alike[b, a] = weight
        np.fill_diagonal(self.alike, 0)

    def _balanced(self, n: int) -> np.ndarray:
        return np.arange(n) % self.classes

    def tag(self) -> DatasetTag:
        """The dataset's label in records."""
        return DatasetTag(name="made-up-images", fingerprint=f"{self.seed:08x}c0ffee42")

    def info(self) -> DatasetInfo:
        """The dataset's description in study.json."""
        return DatasetInfo(
            **self.tag().model_dump(),
            class_names=self.names,
            train_examples=10 * len(self.labels["val"]),
            test_examples=len(self.labels["test"]),
            pictures=True,
        )

    def skill(self, config: dict[str, Any], epoch: int, seed: int) -> float:
        """The logit by which a run beats an image of difficulty 0 after ``epoch`` epochs."""
        far = math.log10(config.get("learning_rate", 1e-3) / 8e-4)
        top = 1.25 - 0.9 * far**2 + ARCHITECTURES.get(config.get("architecture", "baseline"), 0.0)
        top -= 0.1 * (math.log2(config.get("batch_size", 256) / 128) / 3) ** 2
        top += {"none": -0.15, "half": -0.03}.get(config.get("normalization", "channel"), 0.0)
        top += np.random.default_rng([self.seed, seed, int(config_hash(config), 16) % 2**31]).normal(0, 0.02)
        return top - 2.2 * math.exp(-epoch / 5.5)

    def answer(self, config: dict[str, Any], seed: int, epoch: int, split: str) -> tuple[np.ndarray, np.ndarray]:
        """(predicted (n,), margin (n,)): the run's answers after an epoch and how far each is from doubt."""
        labels = self.labels[split]
        key = [
            self.seed,
            seed,
            epoch,
            split == "test",
            int(config_hash(config), 16) % 2**31,
        ]
        rng = np.random.default_rng(key)
        margin = self.skill(config, epoch, seed) - self.difficulty[split] + rng.logistic(0, 0.55, len(labels))
        cumulative = np.cumsum(self.alike / self.alike.sum(axis=1, keepdims=True), axis=1)
        wrong = (rng.random(len(labels))[:, None] > cumulative[labels]).sum(axis=1).clip(0, self.classes - 1)
        wrong = np.where(wrong == labels, (labels + 1) % self.classes, wrong)
        return np.where(margin > 0, labels, wrong), margin

    def run(
        self,
        config: dict[str, Any],
        seed: int = 504,
        kind: str = "sweep",
        status: str = "complete",
        epochs: int | None = None,
        every_confusion: bool = False,
        **fields: Any,
    ) -> Record:
        """Return the record of one run of ``config`` that lasted ``epochs`` (all of the config's where None)."""
        full = int(config.get("epochs", 25 if "epochs" in self.baseline else 1))
        epochs = full if epochs is None else epochs
        rng = np.random.default_rng([self.seed, seed, 7, int(config_hash(config), 16) % 2**31])
        pace = 0.9 + 0.5 * (config.get("architecture") == "wide") + 20 / config.get("batch_size", 256)
        history = []
        for epoch in range(1, epochs + 1):
            values = self.measure(config, seed, epoch, rng)
            history.append(HistoryRow(epoch=epoch, values=values, seconds=round(pace * rng.uniform(0.97, 1.06), 3)))
        best = selected(history, self.metric)
        record: dict[str, Any] = {
            "run_id": run_id(config, seed),
            "kind": kind,
            "config": config,
            "config_hash": config_hash(config),
            "seed": seed,
            "dataset": self.tag(),
            "metric": MetricTag(**self.metric.tag),
            "status": status,
            "history": history,
            "seconds": round(sum(row.seconds for row in history), 3),
            "startup_seconds": 0.6,
            "started": "2026-03-01T09:00:00+00:00",
            "device": "cpu",
            "precision": "bf16",
            "parameters": 23_272_266,
            "environment": {"python": "3.11.2", "torch": "2.15.0", "threads": 1, "cpu": "Made-up CPU @ 3.0 GHz"},
            "command": f"python -m study.run baseline --seed {seed}",
        }
        if status == "diverged" and history:
            lost = {name: None for name in history[-1].values if name != "train_accuracy"}
            history[-1] = history[-1].model_copy(update={"values": history[-1].values | lost})
            record["error"] = f"loss was not finite in epoch {epochs}"
        elif best is not None and status != "failed":
            keep = range(1, epochs + 1) if every_confusion else {best.epoch, epochs}
            record |= {"best_epoch": best.epoch, "val": best.values}
            record |= {"val_confusion": self.confusions(config, seed, keep)}
        if status == "complete" and best is not None:
            record |= self.tested(config, seed, best.epoch)
        return Record.model_validate(record | fields)

    def measure(self, config: dict[str, Any], seed: int, epoch: int, rng: np.random.Generator) -> dict[str, float]:
        """Return the values of one epoch."""
        predicted, _ = self.answer(config, seed, epoch, "val")
        accuracy = float((predicted == self.labels["val"]).mean())
        train = min(0.995, accuracy + 0.012 * max(0, epoch - 6))
        loss = 2.3 * (1 - accuracy) + 0.0006 * max(0, epoch - 14) ** 2 + rng.normal(0, 0.006)
        return {
            "train_loss": round(2.3 * (1 - train) + 0.02, 5),
            "train_accuracy": round(train, 5),
            "val_loss": round(loss, 5),
            "val_accuracy": accuracy,
        }

    def confusions(self, config: dict[str, Any], seed: int, epochs: Iterable[int]) -> dict[str, Any]:
        """Return the validation matrices of some epochs."""
        answers = {epoch: self.answer(config, seed, epoch, "val")[0] for epoch in sorted(epochs)}
        return {str(e): confusion_matrix(self.labels["val"], a, self.classes).tolist() for e, a in answers.items()}

    def tested(self, config: dict[str, Any], seed: int, epoch: int) -> dict[str, Any]:
        """Return what a record holds of the test set."""
        predicted, _ = self.answer(config, seed, epoch, "test")
        correct = predicted == self.labels["test"]
        return {
            "test": {"test_loss": round(2.3 * (1 - correct.mean()), 5), "test_accuracy": float(correct.mean())},
            "test_confusion": confusion_matrix(self.labels["test"], predicted, self.classes).tolist(),
            "test_examples": Examples.of(correct),
        }

    def probabilities(self, record: Record, split: str) -> np.ndarray:
        """(n, classes) float16 probabilities whose most probable class is the run's answer."""
        predicted, margin = self.answer(record.config, record.seed, record.best_epoch or 1, split)
        rng = np.random.default_rng([self.seed, record.seed, 11, split == "test"])
        rest = rng.dirichlet(np.full(self.classes, 0.3), len(predicted))
        sure = 0.52 + 0.47 * np.tanh(np.abs(margin) / 2)
        out = rest * (1 - sure)[:, None]
        out[np.arange(len(predicted)), predicted] += sure
        return out.astype(np.float16)

    def images(self, split: str = "test", size: int = 32) -> np.ndarray:
        """(n, size, size, 3) uint8: a disc, stripe or ring whose colour and shape follow the class."""
        labels = self.labels[split]
        rng = np.random.default_rng([self.seed, 13, split == "test"])
        y, x = np.mgrid[0:size, 0:size] / (size - 1) - 0.5
        out = np.empty((len(labels), size, size, 3), np.uint8)
        for i, label in enumerate(labels):
            cx, cy, scale = rng.uniform(-0.15, 0.15, 2).tolist() + [rng.uniform(0.7, 1.2)]
            angle = rng.uniform(0, math.pi)
            radius = np.hypot(x - cx, y - cy) / scale
            across = np.cos(angle) * (x - cx) + np.sin(angle) * (y - cy)
            shape = (
                radius < 0.3,
                np.abs(across) < 0.14,
                (radius > 0.18) & (radius < 0.34),
            )[label % 3]
            hue = label / self.classes * 2 * math.pi
            colour = 128 + 100 * np.cos(hue + np.array([0, 2.1, 4.2]))
            ground = 200 - colour * 0.5 + rng.normal(0, 14, (size, size, 1)) + 60 * y[..., None]
            out[i] = np.where(shape[..., None], colour + rng.normal(0, 10, (size, size, 3)), ground).clip(0, 255)
        return out


class Regression(Maker):
    """Makes runs whose metric is an error, without classes or images.

    Args:
        margin, unit: the metric's; no margin by default is a study in which nothing is ever equivalent.
        tested: whether there is a test set; without, verdicts are about validation.
        each: whether runs leave a score for each test example; the metric is then the mean absolute error, else RMSE.
        epochs: how many the baseline trains; None: a training without epochs, of one measurement.
    """

    own_fields = {"trainable": "fuel.py", "trainable_sha256": "0" * 64, "prefix": False}

    def __init__(
        self,
        val: int = 100,
        test: int = 200,
        seed: int = 0,
        margin: float | None = 0.05,
        unit: str = "mpg",
        tested: bool = True,
        each: bool = False,
        epochs: int | None = 25,
    ) -> None:
        super().__init__(val=val, test=test, seed=seed)
        self.names, self.each = [], each
        error = "mae" if each else "rmse"
        self.metric = Metric(f"val_{error}", "min", unit, margin, f"test_{error}" if tested else None)
        self.baseline = {"learning_rate": 1e-3, "batch_size": 256, "width": 64, "dropout": 0.1}
        if epochs is not None:
            self.baseline["epochs"] = epochs

    def tag(self) -> DatasetTag:
        return DatasetTag(name="made-up-cars", fingerprint=f"{self.seed:08x}ca45ca45")

    def info(self) -> DatasetInfo:
        return DatasetInfo(**self.tag().model_dump())

    def errors(self, config: dict[str, Any], seed: int, epoch: int, split: str) -> np.ndarray:
        """(examples,) absolute errors: large where an example is hard and the run has little skill."""
        skill = self.skill(config, epoch, seed) + 0.3 * math.log2(config["width"] / 64)
        key = [self.seed, seed, epoch, split == "test", int(config_hash(config), 16) % 2**31]
        own = np.random.default_rng(key).normal(0, 1, len(self.labels[split]))
        return np.abs(3 * np.exp(0.15 * self.difficulty[split] - 0.5 * skill) * own).astype(np.float32)

    def values(self, split: str, errors: np.ndarray) -> dict[str, float]:
        """Return the values of a split, by name."""
        exact = errors.astype(np.float64)
        return {f"{split}_rmse": float(np.sqrt((exact**2).mean())), f"{split}_mae": float(exact.mean())}

    def measure(self, config: dict[str, Any], seed: int, epoch: int, rng: np.random.Generator) -> dict[str, float]:
        return self.values("val", self.errors(config, seed, epoch, "val"))

    def confusions(self, config: dict[str, Any], seed: int, epochs: Iterable[int]) -> dict[str, Any]:
        return {}

    def tested(self, config: dict[str, Any], seed: int, epoch: int) -> dict[str, Any]:
        if self.metric.test is None:
            return {}
        errors = self.errors(config, seed, epoch, "test")
        return {"test": self.values("test", errors)} | ({"test_examples": Examples.of(errors)} if self.each else {})


def meta(maker: Maker, **fields: Any) -> StudyMeta:
    """Return a study.json for runs of ``maker``."""
    given: dict[str, Any] = {
        "name": "made-up",
        "dataset": maker.info(),
        "metric": StudyMetric.of(maker.metric),
        "baseline": maker.baseline,
        **maker.own_fields,
        "device": "cpu",
        "precision": "bf16",
        "commands": [
            CommandRun(
                command="python -m study.run baseline --dataset data/images",
                started="2026-03-01T08:59:00+00:00",
                environment={"python": "3.11.2", "torch": "2.15.0", "commit": "0123abc"},
            )
        ],
    }
    return StudyMeta.model_validate(given | fields)


def write(
    path: Path,
    maker: Maker,
    records: Sequence[Record],
    meta_fields: dict[str, Any] | None = None,
    predictions: bool = False,
    pictures: bool = False,
) -> Study:
    """Write a study folder holding ``records``; with predictions and pictures as the runner would leave them."""
    path.mkdir(parents=True, exist_ok=True)
    study = Study(path, meta(maker, **(meta_fields or {})))
    study.save_meta()
    study.files.write(study.records_path, "".join(r.line() + "\n" for r in records).encode())
    for record in records:
        if predictions and maker.names and record.status == "complete":
            arrays = {f"{s}_probabilities": maker.probabilities(record, s) for s in ("val", "test")}
            study.save_arrays(
                study.predictions_path(record.run_id),
                arrays | {f"{s}_labels": maker.labels[s] for s in ("val", "test")},
            )
    if pictures:
        add_pictures(study, maker, records)
    return study


def add_pictures(study: Study, maker: Maker, records: Sequence[Record]) -> None:
    """Write the test images, a grid of augmented ones and the baseline's 2-D features."""
    images = maker.images()
    study.files.write(study.artefact_path("test_images.npy"), lambda file: np.save(file, images))
    rng = np.random.default_rng([maker.seed, 17])
    grid = np.stack([np.stack([images[i]] + [_moved(images[i], rng) for _ in range(7)]) for i in range(4)])
    study.save_arrays(study.artefact_path("augmented.npz"), {"images": grid})
    base = next(
        (r for r in records if r.config_hash == config_hash(study.meta.baseline) and r.status == "complete"),
        None,
    )
    if base is not None:
        n = min(2000, len(images))
        labels = maker.labels["test"][:n]
        angle = labels / maker.classes * 2 * math.pi
        clouds = {}
        for name, far, near in (("pca", 3.0, 1.6), ("tsne", 30.0, 6.0)):
            centre = np.stack([np.cos(angle), np.sin(angle)], axis=1) * far
            clouds[name] = (centre + rng.normal(0, near, (n, 2))).astype(np.float32)
        extra = {
            "labels": labels,
            "index": np.arange(n),
            "variance": np.array([0.31, 0.17], np.float32),
        }
        study.save_arrays(study.artefact_path(f"features-{base.run_id}.npz"), clouds | extra)


def _moved(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    dx, dy = rng.integers(-2, 3, 2)
    moved = np.roll(image, (dx, dy), (0, 1))
    return moved[:, ::-1] if rng.random() < 0.5 else moved


def baselines(maker: Maker, seeds: int = 1, config: dict[str, Any] | None = None, first: int = 504) -> list[Record]:
    """Return ``seeds`` complete baseline runs."""
    config = maker.baseline if config is None else config
    return [maker.run(config, first + i, "baseline", every_confusion=True) for i in range(seeds)]


def proposal(rng: np.random.Generator, baseline: dict[str, Any] = BASELINE) -> dict[str, Any]:
    """Draw a config of the default space, as far as the baseline has its fields."""
    drawn = {
        "learning_rate": float(f"{10 ** rng.uniform(-4.3, -2):.3g}"),
        "batch_size": int(rng.choice([64, 128, 256, 512])),
        "epochs": int(rng.choice([10, 15, 20, 25, 30])),
        "normalization": str(rng.choice(["channel", "half", "none"])),
        "architecture": str(rng.choice(list(ARCHITECTURES))),
    }
    if "width" in baseline:
        drawn["width"] = int(rng.choice([32, 64, 128]))
    return baseline | {name: value for name, value in drawn.items() if name in baseline}


def sweep(maker: Maker, trials: int = 50, seed: int = 504, complete: float = 0.45) -> list[Record]:
    """Return the records of a sweep: about ``complete`` of them complete, others pruned, a few failed or diverged."""
    rng = np.random.default_rng([maker.seed, trials, 5])
    found: list[Record] = []
    for trial in range(trials):
        config = proposal(rng, maker.baseline)
        good = sorted((r for r in found if r.status == "complete"), key=lambda r: -(r.score or 0))[:4]
        if trial > 8 and good and rng.random() < 0.7:  # a sampler that learns: near one of the best, one field anew
            field = str(rng.choice([name for name in DESCRIBED["dimensions"] if name in maker.baseline]))
            config = good[int(rng.integers(len(good)))].config | {field: config[field]}
        if trial == 20:  # what a good sampler would have found by now
            config = maker.baseline | {"learning_rate": 0.0007, "batch_size": 128}
            config |= {"architecture": "batch_norm"} if "architecture" in config else {"width": 128}
        while any(r.config == config for r in found):
            config = config | {"learning_rate": config["learning_rate"] * 1.01}
        how = {
            "trial": trial,
            "sweep": {
                "space": "default",
                "sampler": "tpe",
                "scheduler": "asha",
                "seed": seed,
            },
        }
        how["command"] = f"python -m study.run sweep --trials {trials}"
        draw = rng.random()
        if trial in (7, 13):  # one of each in every sweep that is long enough
            draw, config = (0.99, config) if trial == 7 else (0.1, config | {"learning_rate": 0.0093})
        if config["learning_rate"] > 8e-3 and draw < 0.7:
            found.append(
                maker.run(
                    config,
                    seed,
                    status="diverged",
                    epochs=int(rng.integers(1, 4)),
                    **how,
                )
            )
        elif draw > 0.96 and trial != 20:
            error = "RuntimeError: not enough memory: you tried to allocate 1073741824 bytes."
            found.append(maker.run(config, seed, status="failed", epochs=0, error=error, **how))
        elif draw < complete or trial == 20 or "epochs" not in config:
            found.append(maker.run(config, seed, **how))
        else:
            stop = int(rng.choice([1, 3, 9], p=[0.5, 0.3, 0.2]))
            found.append(
                maker.run(
                    config,
                    seed,
                    status="pruned",
                    epochs=min(stop, config["epochs"] - 1),
                    **how,
                )
            )
    return found


def study(
    path: Path,
    trials: int = 50,
    seeds: int = 6,
    pictures: bool = False,
    maker: Maker | None = None,
    **fields: Any,
) -> Study:
    """Write a whole study: ``seeds`` baselines and a sweep of ``trials``."""
    maker = maker or Maker()
    records = baselines(maker, seeds) + sweep(maker, trials)
    about = {"space": "default", "sampler": "tpe", "scheduler": "asha", "seed": 504} if trials else None
    return write(
        path,
        maker,
        records,
        {"sweep": about} | fields,
        predictions=pictures,
        pictures=pictures,
    )


def confirm(study: Study, maker: Maker, top: int = 3, seeds: int = 6) -> Study:
    """Confirm the ``top`` candidates of a made-up study as earlier versions did: pairs, runs, a look.

    A second call is a further look, at the first seeds and at more.
    """
    from dataclasses import asdict

    from results.analysis.evidence import Evidence
    from results.analysis.looks import Look, Pair

    evidence = Evidence.of(study)
    fresh = tuple(range(900, 900 + seeds))
    chosen = [t.record for t in evidence.ranked[:top]]
    pairs = tuple(Pair(r.config_hash, evidence.baseline_hash, fresh, chosen=r.run_id) for r in chosen)
    configs = {evidence.baseline_hash: study.meta.baseline} | {r.config_hash: r.config for r in chosen}
    for name, config in configs.items():
        for seed in fresh:
            if (name, seed) not in evidence.runs:
                study.append(maker.run(config, seed, "confirm", command="python -m study.run confirm"))
    number = len(evidence.looks("confirm")) + 1
    study.meta.looks.append(asdict(Look("confirm", number, pairs, margin=maker.metric.margin)))
    study.save_meta()
    return study


def ablate(study: Study, maker: Maker, seeds: int = 6) -> Study:
    """Take the best trial of a made-up study apart as earlier versions did, path and interaction included: a look."""
    from dataclasses import asdict, replace

    from results.analysis.ablation_plan import next_step, strongest
    from results.analysis.evidence import Evidence
    from results.analysis.looks import Look, Pair
    from study.planning import ablate as work

    def run(wanted: dict[str, dict[str, Any]], of: Iterable[int], about: dict[str, Any]) -> None:
        known = {(r.config_hash, r.seed) for r in study.records()}
        for name, config in wanted.items():
            for seed in of:
                if (name, seed) not in known:
                    study.append(maker.run(config, seed, "ablation", ablation=about.get(name, about)))

    def runs() -> Any:
        return Evidence.of(study).runs

    def adding(*names: str) -> dict[str, dict[str, Any]]:
        config = plan.adding(*names)
        return {config_hash(config): config}

    start = work.starting_config(Evidence.of(study), "best")
    plan, _ = work.plan_ablation(start, study.meta.baseline, lambda config: dict(config), most=3)
    fresh = tuple(range(900, 900 + seeds))
    pairs = tuple(Pair(*key, fresh, role, name) for key, (role, name) in plan.comparisons().items())
    run(work.configs(plan), fresh, {h: {"role": p.role, "change": p.name} for p in pairs for h in p.key})
    plan = replace(plan, path_seeds=fresh[:1])
    while len(plan.path) < len(plan.changes):
        for name in plan.changes:
            if name not in plan.path:
                run(adding(*plan.path, name), plan.path_seeds, {"role": "path"})
        plan = replace(plan, path=(*plan.path, str(next_step(plan, runs(), plan.path_seeds))))
    plan = replace(plan, interaction=strongest(plan, runs(), fresh))
    if plan.interaction:
        run(adding(*plan.interaction), fresh, {"role": "interaction"})
    look = Look("ablation", 1, pairs, margin=maker.metric.margin, details=plan.as_dict())
    study.meta.looks.append(asdict(look))
    study.save_meta()
    return study
