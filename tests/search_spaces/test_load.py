"""From a name to a space or one line that says what is wrong; the built-in spaces; ablations by hand."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from alexnet.config import ARCHITECTURES
from alexnet.config import Config as AlexNetConfig
from results.errors import UserError
from search_spaces import choice, load_ablations, load_space
from search_spaces.builtin import SPACES, architecture
from tests.support import ROOT


class Config(BaseModel):
    """A stand-in for a trainable's config."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(0.1, gt=0)
    depth: int = Field(2, ge=1)


FILE = """
from __future__ import annotations
from dataclasses import dataclass
from search_spaces import choice, log_float

@dataclass
class Note:
    text: str

wide = {"rate": log_float(1e-3, 1), "depth": choice(1, 2, 3)}

def deep(trial):
    return {"depth": trial.suggest_int("depth", 1, 9)}

SPACES = {"default": {"rate": log_float(0.05, 0.2)}}
ablations = {"shallow": {"depth": 1}, "slow and deep": {"rate": 0.01, "depth": 4}}
wrong = {"flat": {"depth": 0}}
number = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my space.py"
    path.write_text(FILE)
    return path


def load(name: str, **kwargs: Any) -> Any:
    return load_space(name, Config, {}, **kwargs)


def refusal(function: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(UserError) as caught:
        function(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "fields"), [("wide", ["rate", "depth"]), ("deep", ["depth"]), ("default", ["rate"])])
def test_a_space_in_a_file(file: Path, name: str, fields: list[str]) -> None:
    space = load(f"{file}:{name}")
    assert space.dimensions == fields
    assert space.name == f"{file}:{name}"


def test_a_file_is_read_anew_each_time(file: Path) -> None:
    assert load(f"{file}:wide").bounds()["depth"] == {"choices": [1, 2, 3]}
    file.write_text(FILE.replace("1, 2, 3", "4, 5, 6"))  # as long, within the same second
    assert load(f"{file}:wide").bounds()["depth"] == {"choices": [4, 5, 6]}


def test_the_trainables_own_names_come_before_the_built_in_ones() -> None:
    own = {"default": {"depth": choice(1, 2)}}
    assert load("default", own=own).dimensions == ["depth"]
    assert "is AlexNet's, and this config has no field" in refusal(load, "default")
    assert "use --space path.py:NAME, or declare one with the model" in refusal(load, "default")
    assert "use --space path.py:NAME, or declare one" in refusal(load, "optimiser", own=own)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("defualt", "unknown space 'defualt'; did you mean 'default'?; or path.py:NAME"),
        ("x", "unknown space 'x'; valid: architecture, augmentation, default, optimiser; or path.py:NAME"),
        ("nowhere.py:wide", "no space file at 'nowhere.py'"),
        ("nowhere.py", "no space file at 'nowhere.py'"),
    ],
)
def test_unknown_names(name: str, message: str) -> None:
    assert refusal(load, name) == message


def test_unknown_names_in_a_file(file: Path) -> None:
    assert refusal(load, f"{file}:wied") == f"space file '{file}' has no space 'wied'; did you mean 'wide'?"
    assert refusal(load, f"{file}:number").startswith(f"space file '{file}' has no space 'number'; valid: ")
    assert refusal(load, str(file)).endswith(":NAME; it has: wide, deep, wrong, default")
    file.write_text("x = 1")
    assert refusal(load, f"{file}:x") == f"space file '{file}' has no space 'x'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ndef broken(:\n", ", line 2: SyntaxError: invalid syntax"),
        ("import nothing_of_that_name", ", line 1: ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("x = 1\nraise ValueError('one\\nanother')", ", line 2: ValueError: one another"),
        ("raise SystemExit(3)", ", line 1: SystemExit: 3"),
    ],
)
def test_a_file_that_does_not_run(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    assert refusal(load, f"{path}:x") == f"space file '{path}'{message}"
    assert [p.name for p in tmp_path.iterdir()] == ["bad.py"]


# -- ablations -----------------------------------------------------------------------------------------------------


def test_ablations_by_hand(file: Path) -> None:
    expected = {"shallow": {"depth": 1}, "slow and deep": {"rate": 0.01, "depth": 4}}
    assert load_ablations(str(file)) == load_ablations(f"{file}:ablations", Config) == expected


def test_bad_ablations(file: Path) -> None:
    said = refusal(load_ablations, f"{file}:wrong", Config)
    assert said == f"ablation 'flat' of '{file}': depth=0: Input should be greater than or equal to 1"
    assert "has no 'other'" in refusal(load_ablations, f"{file}:other")
    assert "is not a dict" in refusal(load_ablations, f"{file}:number")
    file.write_text("ablations = {'a': {'detph': 1}, 'b': 3}")
    assert "no field 'detph'; did you mean 'depth'?" in refusal(load_ablations, str(file), Config)
    assert "ablation 'b'" in refusal(load_ablations, str(file))


# -- the built-in spaces -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPACES)
def test_a_built_in_space_fits_alexnet_and_holds_its_baseline(name: str) -> None:
    space = load_space(name, AlexNetConfig, {})
    assert space.warnings == []
    assert AlexNetConfig().model_dump() in space


def test_default_varies_what_people_vary_first_and_no_trial_is_longer_than_the_baseline() -> None:
    first = {"learning_rate", "batch_size", "epochs", "normalization", "architecture"}
    space = load_space("default", AlexNetConfig, {})
    assert first <= set(space.dimensions)
    assert max(space.bounds()["epochs"]["choices"]) == AlexNetConfig().epochs
    fixed = load_space("default", AlexNetConfig, {"epochs": 6}, {"epochs": 6}).dimensions
    assert set(fixed) == set(space.dimensions) - {"epochs"}


def test_dropout_varies_only_where_there_is_some() -> None:
    class Trial:
        def __init__(self, name: str) -> None:
            self.name = name

        def suggest_categorical(self, _: str, choices: list[str]) -> str:
            assert self.name in choices
            return self.name

        def suggest_float(self, _: str, low: float, *args: Any, **kwargs: Any) -> float:
            return low

    for name, kind in ARCHITECTURES.items():
        if name != "tiny":
            assert ("dropout" in architecture(Trial(name))) == (kind.use_dropout and bool(kind.hidden)), name


def test_no_torch_is_imported() -> None:
    code = "import sys, search_spaces, search_spaces.builtin; sys.exit('torch' in sys.modules or 'ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_fingerprint_is_of_the_bytes_that_ran(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    text = FILE + f"\nopen({str(path)!r}, 'a').write('#')\n"
    path.write_text(text)
    assert load_space(f"{path}:wide", Config, {}).sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert path.read_text() != text
