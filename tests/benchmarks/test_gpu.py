"""benchmarks.gpu in its CPU form: every part, where nothing but torch, numpy and PIL is installed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.gpu_parts import cpu_records, drawn
from search_spaces import choice, integer, log_float, log_integer, uniform
from search_spaces import distributions as dists
from tests.support import ROOT

BARE = ("ray", "optuna", "pydantic", "pandas", "safetensors", "scipy", "sqlalchemy", "rich", "jinja2", "seaborn")
HIDE = f"""
import sys
from importlib.machinery import PathFinder
class Hidden:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in {BARE!r}:
            spec = PathFinder.find_spec(name, path or [p for p in sys.path if "-packages" not in p])
            if spec is None:
                raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)
            return spec
sys.meta_path.insert(0, Hidden)
"""


@pytest.mark.long
def test_every_part_runs_on_a_bare_machine_from_an_archive(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    for split, count in (("train", 30), ("test", 8)):
        for name in ("cat", "dog"):
            folder = tmp_path / "small-jpeg" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                Image.fromarray(source.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(folder / f"{i}.jpg")
    with tarfile.open(tmp_path / "small.tar.xz", "w:xz") as archive:
        archive.add(tmp_path / "small-jpeg", "small-jpeg")
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(HIDE)
    words = ["--device", "cpu", "--quick", "--images", tmp_path / "small.tar.xz", "--json", tmp_path / "gpu.json"]
    environment = os.environ | {"PYTHONPATH": f"{tmp_path / 'hide'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "benchmarks.gpu", *map(str, words)]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0, ran.stderr
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["machine"]["missing"] == list(BARE)
    assert found["data"]["name"] == "small-jpeg" and found["data"]["train_images"] == 60
    assert found["baseline"]["run"]["status"] == "complete" and "mean" not in found["baseline"]["cpu"]
    assert found["precision"]["n"] > 0
    assert [row["at_a_time"] for row in found["side_by_side"]["rows"]] == [1, 2]
    sweep = found["sweep"]
    assert sweep["how"].startswith("plain") and "optuna" in sweep["because"]
    assert sweep["complete"] == 4 and [run["trial"] for run in sweep["runs"]] == [0, 1, 2, 3]


def test_cpu_records_are_the_committed_ones_of_the_baseline() -> None:
    meta = json.loads((ROOT / "results/reference/sweep-cifar10-jpeg/study.json").read_text())
    found = cpu_records(meta["dataset"]["fingerprint"])
    assert found["n"] == 7 and found["test_accuracy"][504] == 0.7454 and round(found["mean"], 4) == 0.7429
    assert found["dataset"] == "cifar10-jpeg"


def test_any_dimension_that_the_default_space_may_get_is_drawn_from() -> None:
    dimensions = [choice("a", None), uniform(0.0, 0.8, step=0.1), uniform(-1, 1), log_float(1e-4, 1e-2)]
    dimensions += [integer(0, 4), integer(1, 10, step=3), log_integer(1, 400)]
    source = random.Random(0)
    for dimension in dimensions:
        values = [drawn(dimension, source) for _ in range(200)]
        assert all(dists.member(dimension.distribution(), value) for value in values), dimension
        assert len(set(values)) >= min(5, dists.count(dimension.distribution()) or 5), dimension
