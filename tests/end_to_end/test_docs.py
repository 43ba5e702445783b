"""The documents' code, run as a reader would: it works as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alexnet.config import Config
from search_spaces import choice, load_ablations, load_space
from study.contract import check_trainable
from study.protocol import load_trainable
from study.search.own import load_sampler
from study.search.sampler import Proposer, tried
from tests.support import ROOT


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (code,) = blocks("trainable.md", "python")
    path = tmp_path / "mymodel.py"
    path.write_text(code, encoding="utf-8")
    return path


@pytest.mark.parametrize("language", ["python", "py"])
def test_the_trainables_on_the_page_are_as_they_declare(language: str, tmp_path: Path) -> None:
    (code,) = blocks("trainable.md", language)
    path = tmp_path / "mymodel.py"
    path.write_text(code, encoding="utf-8")
    trainable = load_trainable(str(path))
    check_trainable(trainable)
    assert load_space("default", trainable.Config, {}, own=trainable.spaces).warnings == []


def test_the_first_has_ten_lines(model: Path) -> None:
    lines = [line for line in model.read_text().splitlines() if line.strip() and "import" not in line]
    assert len(lines) <= 10


@pytest.mark.long
def test_the_page_runs_as_typed(model: Path) -> None:
    """From a folder outside the project, with no more than the page says (the sweep is tried elsewhere)."""
    (shell,) = blocks("trainable.md", "sh")
    first_two = [line.replace("python", sys.executable, 1) for line in shell.splitlines()[:2]]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    for line in first_two:
        ended = subprocess.run(line.split(), cwd=model.parent, env=environment, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
    assert (model.parent / "runs" / "forest" / "report.html").is_file()


def test_the_spaces_on_the_page_are_spaces(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("\n".join(blocks("search-spaces.md", "python")), encoding="utf-8")
    for name in ("rates", "regularised"):
        space = load_space(f"{path}:{name}", Config, {})
        assert space.warnings == []
    assert load_ablations(str(path), Config)


def test_the_samplers_on_the_page_sample(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    (code,) = blocks("sweep.md", "py")
    path.write_text(code, encoding="utf-8")
    first = {"learning_rate": choice(0.001, 0.003, 0.01), "batch_size": choice(128, 256, 512)}
    space = load_space("first", Config, {}, own={"first": first})
    found: dict[str, list[dict[str, object]]] = {}
    for name in ("Climber", "grid"):
        proposer = Proposer(space, tried(load_sampler(f"{path}:{name}"), space, 0, 40), 0, [])
        while len(proposer.study.trials) < 40 and not proposer.stopped:
            trial, config = proposer.ask()
            proposer.study.tell(trial, config["learning_rate"] * config["batch_size"])
        found[name] = [trial.params for trial in proposer.study.trials]
    corners = [{"learning_rate": r, "batch_size": b} for r in (0.001, 0.003) for b in (128, 256)]
    assert len(found["grid"]) == 4 and all(corner in found["grid"] for corner in corners)
    best = {"learning_rate": 0.01, "batch_size": 512}
    assert found["Climber"].count(best) > 40 / 9 * 2, "it comes back to the best of nine"


def test_the_program_on_the_page_has_all_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("\n".join(blocks("search-spaces.md", "python")), encoding="utf-8")
    (code,) = blocks("search-spaces.md", "py")
    names: dict[str, object] = {}
    exec(code, names)
    assert names["space"].dimensions == ["learning_rate", "batch_size", "crop_padding"]  # type: ignore[attr-defined]


def test_the_program_of_a_sweep_on_the_page_has_all_it_names(tmp_path: Path) -> None:
    """Up to where it would train; on the digits, since nobody waits for CIFAR-10 here."""
    (code,) = blocks("sweep.md", "python")
    before, _, rest = code.replace('"cifar10"', '"digits"').partition("study = Study.open(")
    model = next(line for line in rest.splitlines() if line.startswith("model ="))
    names: dict[str, Any] = {}
    exec(f"{before}\n{model}", names)
    assert names["model"].data.name == "digits"
