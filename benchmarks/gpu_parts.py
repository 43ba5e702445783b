"""The four parts of benchmarks.gpu. Each gets the same ``Bench`` and a time by which it has to end."""

from __future__ import annotations

import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import without
from benchmarks.gpu_worker import Worker

REFERENCE = Path("results/reference/sweep-cifar10-jpeg")  # its baseline was trained on CPUs with seven seeds
SEED = 504


@dataclass
class Bench:
    """Where the parts train, and on what."""

    folder: Path  # of the images, as the workers read them
    images: Path | None  # the class folder that they come from; None for random ones
    cache: Path  # of decoded images
    fingerprint: str
    device: str
    precision: str  # the default of this device
    cores: int
    settings: dict[str, Any]  # beside the baseline's defaults: --quick trains less
    side_by_side: tuple[int, ...]
    trials: int
    best_count: int = 1  # of trainings at a time, as far as is known
    workers: list[Worker] = field(default_factory=list)

    def started(self, count: int) -> list[Worker]:
        """Return ``count`` workers that wait for a job. Ones with another share of the cores are replaced."""
        threads = max(1, self.cores // count)
        if any(w.threads != threads for w in self.workers):
            self.close()
        fresh = [Worker(self.folder, self.device, threads) for _ in range(count - len(self.workers))]
        self.workers += fresh
        for worker in fresh:
            worker.answer()
        return self.workers[:count]

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers:
            worker.close()
        self.workers = []


def baseline(bench: Bench, until: float) -> dict[str, Any]:
    """Train the baseline once, alone: time and accuracy, beside the CPU's records of the same images."""
    (worker,) = bench.started(1)
    found = worker.train(until, config=bench.settings, seed=SEED, precision=bench.precision)
    return {"run": found, "cpu": cpu_records(bench.fingerprint)}


def cpu_records(fingerprint: str) -> dict[str, Any]:
    """Return the committed CPU records of the baseline; only ``why`` there is nothing to compare for other images."""
    meta = json.loads((REFERENCE / "study.json").read_text(encoding="utf-8"))
    if meta["dataset"]["fingerprint"] != fingerprint:
        return {"why": f"these are not the images of the CPU's records ({meta['dataset']['name']})"}
    lines = (REFERENCE / "records.jsonl").read_text(encoding="utf-8").splitlines()
    same = [r for r in map(json.loads, lines) if r["config"] == meta["baseline"] and r["status"] == "complete"]
    accuracies = [r["test_accuracy"] for r in same]
    return {
        "dataset": meta["dataset"]["name"],
        "n": len(same),
        "test_accuracy": {r["seed"]: r["test_accuracy"] for r in same},
        "mean": statistics.mean(accuracies),
        "standard_deviation": statistics.stdev(accuracies),
        "median_seconds": statistics.median(r["seconds"] for r in same),
    }


def precision(bench: Bench, until: float) -> dict[str, Any]:
    """Train the same seeds in bf16 and in fp32, in turn, as many pairs as the time allows."""
    (worker,) = bench.started(1)
    pairs: list[dict[str, Any]] = []
    longest = 0.0
    while len(pairs) < 10 and (not pairs or time.monotonic() + longest < until):
        began = time.monotonic()
        order = ("bf16", "fp32") if len(pairs) % 2 == 0 else ("fp32", "bf16")
        seed = SEED + 1 + len(pairs)
        runs = {kind: worker.train(until, config=bench.settings, seed=seed, precision=kind) for kind in order}
        pairs.append(runs)
        longest = max(longest, time.monotonic() - began)
        if any(run["status"] != "complete" for run in runs.values()):
            break
    whole = [p for p in pairs if all(run["status"] == "complete" for run in p.values())]
    gains = [100 * (p["bf16"]["test_accuracy"] - p["fp32"]["test_accuracy"]) for p in whole]
    faster = [p["fp32"]["seconds"] / p["bf16"]["seconds"] for p in whole]
    return {
        "n": len(whole),
        "bf16_minus_fp32_percentage_points": [round(gain, 2) for gain in gains],
        "mean_difference": round(statistics.mean(gains), 2) if gains else None,
        "times_as_fast": round(statistics.median(faster), 3) if faster else None,
        "pairs": pairs,
    }


def side_by_side(bench: Bench, until: float) -> dict[str, Any]:
    """Train one to eight baselines at a time, in a process each: images a second, memory."""
    config = {**bench.settings, "epochs": min(5, bench.settings.get("epochs", 25))}
    rows: list[dict[str, Any]] = []
    for count in bench.side_by_side:
        if rows and time.monotonic() + 2 * rows[-1]["wall_seconds"] > until:
            break
        workers = bench.started(count)
        began = time.monotonic()
        with ThreadPoolExecutor(count) as pool:
            waiting = [
                pool.submit(w.train, until, config=config, seed=SEED + i, precision=bench.precision)
                for i, w in enumerate(workers)
            ]
            runs = [each.result() for each in waiting]
        rows.append(
            {
                "at_a_time": count,
                "wall_seconds": round(time.monotonic() - began, 2),
                "images_per_second": round(sum(r["images_per_second"] or 0 for r in runs), 1),
                "slowest_seconds": max(r["seconds"] for r in runs),
                "memory": {name: max(r[name] for r in runs) for name in runs[0] if name.endswith("_mib")},
            }
        )
    bench.best_count = max(rows, key=lambda row: row["images_per_second"])["at_a_time"]
    return {"epochs": config["epochs"], "rows": rows, "most_images_per_second_at": bench.best_count}


def sweep(bench: Bench, until: float) -> dict[str, Any]:
    """Sweep the default space: by the toolkit's own command where all that it needs is there, else in plain form."""
    lacking = without.missing()
    if bench.images is None or set(lacking) - {"ray"}:
        found = plain_sweep(bench, until)
        return {**found, "because": f"missing: {', '.join(lacking)}" if lacking else "the images are random"}
    return own_sweep(bench, bench.images, "here" if lacking else "ray", until)


def own_sweep(bench: Bench, images: Path, engine: str, until: float) -> dict[str, Any]:
    """Run ``python -m study.run sweep`` in a study that is thrown away, with TPE and ASHA."""
    bench.close()  # their memory on the device
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="study-gpu-") as folder:
        study = Path(folder) / "study"
        limit = max(20, until - began - 20)  # the start and the report come on top
        words = f"sweep --engine {engine} --trials {bench.trials} --device {bench.device} --time-limit {limit:.0f}s"
        paths = ("--study", study, "--dataset", images, "--data-dir", bench.cache)
        sets = [word for name, value in bench.settings.items() for word in ("--set", f"{name}={value}")]
        command = [sys.executable, "-m", "study.run", *words.split(), *map(str, paths), *sets]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=max(60, until - began + 60))
        if ran.returncode not in (0, 130):
            raise RuntimeError(f"the sweep ended with {ran.returncode}: {ran.stderr.strip()[-500:]}")
        records = [json.loads(line) for line in (study / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    kept = ("config", "seed", "status", "val_accuracy", "test_accuracy", "seconds")
    runs = [
        {**{name: r[name] for name in kept}, "trial": number, "epochs": len(r["history"])}
        for number, r in enumerate(records)
    ]
    how = f"python -m study.run sweep --engine {engine} (TPE, ASHA), its start and its report included"
    return {"how": how, **summary(runs, bench, time.monotonic() - began, None)}


def plain_sweep(bench: Bench, until: float) -> dict[str, Any]:
    """Train the baseline and random draws from the default space, none pruned, as many at a time as was best."""
    from search_spaces.builtin import default

    source = random.Random(SEED)
    configs = [{}] + [{name: drawn(d, source) for name, d in default.items()} for _ in range(bench.trials - 1)]
    waiting = list(enumerate(configs))[::-1]
    done: list[dict[str, Any]] = []

    def work(worker: Worker) -> None:
        while time.monotonic() < until:
            try:
                number, config = waiting.pop()
            except IndexError:
                return
            config = {**config, **bench.settings}
            run = worker.train(until, config=config, seed=SEED, precision=bench.precision)
            done.append({"trial": number, "config": config, **run})

    began = time.monotonic()
    workers = bench.started(bench.best_count)
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(work, workers))
    how = "plain processes, random draws, no pruning"
    return {"how": how, **summary(done, bench, time.monotonic() - began, len(workers))}


def summary(runs: list[dict[str, Any]], bench: Bench, seconds: float, at_a_time: int | None) -> dict[str, Any]:
    """Sum up a sweep's runs: how many, how long, the best on validation."""
    whole = [r for r in runs if r["status"] == "complete"]
    return {
        "trials": bench.trials,
        "ended": len([r for r in runs if r["status"] != "stopped"]),
        "complete": len(whole),
        "at_a_time": at_a_time,
        "wall_seconds": round(seconds, 1),
        "epochs": sum(r["epochs"] for r in runs),
        "best": max(whole, key=lambda r: r["val_accuracy"], default=None),
        "runs": sorted(runs, key=lambda r: r["trial"]),
    }


def drawn(dimension: Any, source: random.Random) -> Any:
    """Draw a value of any dimension of ``search_spaces``, without Optuna, which a bare machine lacks."""
    if hasattr(dimension, "values"):
        return source.choice(dimension.values)
    low, high, step = dimension.low, dimension.high, dimension.step or (1 if dimension.whole else None)
    if dimension.log:
        value = min(max(math.exp(source.uniform(math.log(low), math.log(high))), low), high)
    elif step:
        value = low + source.randrange(int((high - low) / step + 1e-9) + 1) * step
    else:
        value = source.uniform(low, high)
    return round(value) if dimension.whole else value


PARTS: dict[str, tuple[float, Callable[[Bench, float], dict[str, Any]]]] = {
    "baseline": (0.2, baseline),
    "precision": (0.25, precision),
    "side_by_side": (0.2, side_by_side),
    "sweep": (0.35, sweep),
}
"""Name -> share of the time, part."""
