"""How a model is declared, and every slip that a newcomer makes: one line, with what to do."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from results.config import checked_config, read_sets
from results.errors import UserError
from search_spaces import load_space
from study.declare import trainable as declare
from study.protocol import DECLARED, Trainable, load_trainable, of_function
from tests.support import ROOT
from tests.support.trainings import LOSS, run, temporary_module

HEAD = """
import argparse, enum, pathlib
from dataclasses import dataclass, field
from typing import Annotated, Literal
from pydantic import BaseModel, Field
from search_spaces import choice, log_float, integer
from study import Metric, trainable
M = Metric("val_loss", "min")
"""


def load(folder: Path, text: str, at: str = "") -> Trainable:
    return load_trainable(temporary_module(folder, HEAD + text) + at)


def defaults(trainable: Trainable) -> dict[str, Any]:
    return checked_config(trainable.Config, {})


RIGHT = "@trainable(metric=M)\ndef train(lr=0.1, *, run):\n    return {'val_loss': lr}\n"

SLIPS = {
    "no default": (
        "@trainable(metric=M)\ndef train(lr, *, run): ...",
        "parameter 'lr' has no default: the defaults are the baseline",
    ),
    "no run": ("@trainable(metric=M)\ndef train(lr=0.1): ...", "train takes no 'run': def train(..., *, run)"),
    "any settings": (
        "@trainable(metric=M)\ndef train(*, run, **more): ...",
        "parameter '**more' is no setting: name each, with a default",
    ),
    "a metric's name": (
        "@trainable(metric='val_loss')\ndef train(lr=0.1, *, run): ...",
        "metric is a study.Metric, as Metric('val_loss', goal='min')",
    ),
    "no metric": ("@trainable()\ndef train(lr=0.1, *, run): ...", "metric is a study.Metric, as Metric('val_loss'"),
    "no parentheses": (
        "@trainable\ndef train(lr=0.1, *, run): ...",
        "write @trainable(metric=Metric('val_loss', goal='min'))",
    ),
    "a goal": ("Metric('val_loss', 'minimize')", "Metric val_loss: goal is 'minimize'; valid: max, min"),
    "a margin in percent": (
        "Metric('val_acc', unit='%', margin=1)",
        "values with unit '%' are fractions: half a percentage point is 0.005",
    ),
    "an annotation": (
        "@trainable(metric=M)\ndef train(lr: 'Flaot' = 0.1, *, run): ...",
        "its annotations cannot be read: NameError: name 'Flaot'",
    ),
    "a space": ("@trainable(metric=M, space=[1])\ndef train(lr=0.1, *, run): ...", "space is a list, not a dict"),
    "spaces": ("@trainable(metric=M, spaces=3)\ndef train(lr=0.1, *, run): ...", "spaces is a int, not a dict"),
    "data": (
        "@trainable(metric=M, data=3)\ndef train(lr=0.1, *, run): ...",
        "load_data, check, preview, resolve_runtime, describe are functions",
    ),
    "prefix": ("@trainable(metric=M, prefix='no')\ndef train(lr=0.1, *, run): ...", "prefix is True or False"),
    "a field": ("@trainable(metric=M)\ndef train(_lr=0.1, *, run): ...", "its settings are no config"),
    "two": (RIGHT + RIGHT.replace("train(", "other("), "declares 2 trainables: say which, "),
    "nothing": ("x = 1", "has no function with @trainable, and as a module it lacks Config, METRIC, train; docs"),
    "an older module": (
        "class Config(BaseModel): ...\ndef fit(config, seed, data, on_epoch): ...",
        "it lacks METRIC, train; 'fit' of an earlier version became 'train'",
    ),
    "Config": (
        "METRIC, Config = M, dict\ndef train(config, run): ...",
        "its config is a pydantic model, a dataclass, an argparse parser, or a function that parses",
    ),
    "a dataclass's field": (
        "METRIC = M\n@dataclass\nclass Config:\n    lr: float\ndef train(config, run): ...",
        "field 'lr' of Config has no default: the defaults are the baseline",
    ),
    "SPACES": (
        "METRIC, SPACES = M, 3\nclass Config(BaseModel): ...\ndef train(config, run): ...",
        "SPACES is a int, not a dict",
    ),
    "it raises": ("1 / 0", "ZeroDivisionError: division by zero"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_one_line_with_its_mend(slip: str, tmp_path: Path) -> None:
    text, said = SLIPS[slip]
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert "mine.py" in str(caught.value) or "Metric" in text + said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("FILE:trian", "no function 'trian' with @trainable; did you mean 'train'?"),
        ("FILE.nowhere.py", "no trainable at '"),
        ("nowhere", "no trainable 'nowhere': give a module name or a path ending in .py"),
        ("FOLDER", "is a folder: give a module name or a path ending in .py"),
        ("a-b", "no trainable 'a-b'"),
    ],
)
def test_a_name_that_is_none(name: str, said: str, tmp_path: Path) -> None:
    file = temporary_module(tmp_path, HEAD + RIGHT)
    with pytest.raises(UserError) as caught:
        load_trainable(name.replace("FILE", file).replace("FOLDER", str(tmp_path)))
    assert said in str(caught.value)


def test_one_of_two_is_named_after_a_colon(tmp_path: Path) -> None:
    both = RIGHT + RIGHT.replace("train(", "other(").replace("lr", "rate")
    assert list(defaults(load(tmp_path, both, ":other"))) == ["rate"]
    assert load(tmp_path, both, ":train").name == "train (mine.py)"


# -- the signature ---------------------------------------------------------------------------------------------------

SIGNATURE = """
class Kind(enum.Enum):
    A = "a"
    B = "b"

SPACE = {"step": log_float(0.1, 10), "count": integer(1, 4), "whole": choice(1, 2.5)}

@trainable(metric=M, space=SPACE, spaces={"other": {"rate": log_float(0.1, 1)}}, name="mine")
def train(
    lr: Annotated[float, Field(gt=0, le=1)] = 1,
    step=1, count=2, whole=1, typed: int = 1, on=True, how: Literal["up", "down"] = "up", layers=(8, 8),
    limit: int | None = None, kind: Kind = Kind.A, where: pathlib.Path = pathlib.Path("data"), seed=3, *, run
):
    assert isinstance(kind, Kind) and isinstance(where, pathlib.Path) and layers == (8, 8)
    return {"val_loss": lr, "seed": seed}
"""


def test_the_signature_is_the_config(tmp_path: Path) -> None:
    mine = load(tmp_path, SIGNATURE)
    assert defaults(mine) == {
        "lr": 1.0, "step": 1.0, "count": 2, "whole": 1.0, "typed": 1, "on": True, "how": "up", "layers": [8, 8],
        "limit": None, "kind": "a", "where": "data",
    }  # fmt: skip
    kinds = {name: type(value) for name, value in defaults(mine).items()}
    assert kinds["lr"] is kinds["step"] is kinds["whole"] is float  # where a space varies it as one, 1 is 1.0
    assert kinds["count"] is kinds["typed"] is int
    assert (mine.name, sorted(mine.spaces), mine.prefix) == ("mine", ["default", "other"], False)
    assert run(mine, seed=7).history[0].values == {"val_loss": 1.0, "seed": 7.0}  # seed is the run's, no setting
    load_space("default", mine.Config, defaults(mine), {}, mine.spaces)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("lr=0", "lr='0': Input should be greater than 0"),
        ("lr=2", "less than or equal to 1"),
        ("how=left", "Input should be 'up' or 'down'"),
        ("kind=c", "Input should be 'a' or 'b'"),
        ("typed=1.5", "typed='1.5'"),
        ("leyers=1", "did you mean 'layers'?"),
        ("seed=1", "seed"),
    ],
)
def test_its_bounds_hold(word: str, said: str, tmp_path: Path) -> None:
    mine = load(tmp_path, SIGNATURE)
    with pytest.raises(UserError) as caught:
        read_sets([word], mine.Config)
    assert said in str(caught.value)


# -- modules, dataclasses, parsers -----------------------------------------------------------------------------------

MODULE = """
METRIC = M
PREFIX = True
SPACES = {"default": {"rate": log_float(0.1, 1)}}
CONFIG

def load_data():
    return 2.0

def train(config, run):
    assert type(config) is type(ORIGINAL)
    yield {"val_loss": config.rate * run.data}
"""
DATACLASS = """
@dataclass
class Config:
    rate: Annotated[float, Field(gt=0)] = 0.5
    layers: list[int] = field(default_factory=lambda: [1, 2])
ORIGINAL = Config()
"""
PYDANTIC = """
class Config(BaseModel):
    rate: float = Field(0.5, gt=0)
    layers: list[int] = [1, 2]
ORIGINAL = Config()
"""


@pytest.mark.parametrize("config", [DATACLASS, PYDANTIC], ids=["dataclass", "pydantic"])
def test_a_module_with_a_config_of_its_own(config: str, tmp_path: Path) -> None:
    mine = load(tmp_path, MODULE.replace("CONFIG", config))
    assert defaults(mine) == {"rate": 0.5, "layers": [1, 2]} and mine.prefix
    assert run(mine, data=mine.hooks["load_data"](), rate=0.25).history[0].values == {"val_loss": 0.5}
    with pytest.raises(UserError, match="greater than 0"):
        checked_config(mine.Config, {"rate": -1})
    with pytest.raises(UserError, match="did you mean 'rate'"):
        checked_config(mine.Config, {"rat": 1})


PARSER = """
class Parser(argparse.ArgumentParser):
    def parse_args(self, *args, **kwargs):
        found = super().parse_args(*args, **kwargs)
        found.checked = True
        return found

def flag(text):
    return text.lower() in ("yes", "true")

def parse_args():
    parser = MAKE(description="a script")
    parser.add_argument("--lr", type=float, default=1e-3, help="step size")
    parser.add_argument("--momentum", default=0.9)
    parser.add_argument("--opt", choices=["sgd", "adam"], default="sgd")
    parser.add_argument("--drop", type=float, choices=[0.0, 0.5], default=0.5)
    parser.add_argument("--kernels", type=int, nargs="+", default=[3, 5])
    parser.add_argument("--betas", type=float, nargs=2, default=(0.9, 0.999))
    parser.add_argument("--amp", action="store_true")
    parser.add_argument("--no-bias", dest="bias", action="store_false")
    parser.add_argument("--norm", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--augment", type=flag, default=False)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("data"))
    parser.add_argument("--layers", type=lambda text: tuple(map(int, text.split(","))), default="64,32")
    parser.add_argument("--name")
    parser.add_argument("--limit", type=int)
    parser.add_argument("-v", "--verbose", action="count", default=0)
    parser.add_argument("--tag", action="append", default=[])
    parser.add_argument("--seed", type=int, default=5)
    parser.set_defaults(made=3)
    try:
        args = parser.parse_args()
    except Exception:
        args = None
    args.total = sum(args.layers)
    return args

@trainable(metric=M, config=CONFIG)
def train(args, run):
    if CONFIG is parse_args:
        assert args.total == sum(args.layers)
    assert args.made == 3 and isinstance(args.data, pathlib.Path) and isinstance(args.layers, tuple)
    return {"val_loss": args.lr, "total": sum(args.layers), "seed": args.seed, "augment": int(args.augment)}
"""


@pytest.mark.parametrize("make", ["argparse.ArgumentParser", "Parser"])
def test_a_parser_is_a_config_whatever_its_arguments_are(make: str, tmp_path: Path) -> None:
    mine = load(tmp_path, PARSER.replace("MAKE", make).replace("CONFIG", "parse_args"))
    assert defaults(mine) == {
        "lr": 0.001, "momentum": 0.9, "opt": "sgd", "drop": 0.5, "kernels": [3, 5], "betas": [0.9, 0.999], "amp": False,
        "bias": True, "norm": True, "augment": False, "data": "data", "layers": [64, 32], "name": None, "limit": None,
        "verbose": 0, "tag": [],
    }  # fmt: skip
    assert mine.Config.model_fields["lr"].description == "step size"
    assert run(mine, seed=9).history[0].values == {"val_loss": 0.001, "total": 96, "seed": 9, "augment": 0}
    sets = read_sets(["layers=1,2,3", "augment=yes", "lr=0.5", "limit=3", "amp=true"], mine.Config)
    assert sets == {"layers": [1, 2, 3], "augment": True, "lr": 0.5, "limit": 3, "amp": True}
    assert run(mine, **sets).history[0].values == {"val_loss": 0.5, "total": 6, "seed": 1, "augment": 1}
    for word in ("opt=lion", "drop=0.3", "limit=x", "lrr=1"):
        with pytest.raises(UserError):
            read_sets([word], mine.Config)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parser.add_argument('--lr', type=float, required=True)", "argument --lr has no default: the defaults"),
        ("parser.add_argument('root')", "argument root has no default"),
        ("parser.add_argument('--lr', default=argparse.SUPPRESS)", "argument --lr has no default"),
        ("parser.add_subparsers().add_parser('fit')", "its parser has subcommands: give config= the parser of one"),
    ],
)  # fmt: skip
def test_a_parser_that_is_no_config(text: str, said: str, tmp_path: Path) -> None:
    body = f"parser = argparse.ArgumentParser()\n{text}\n@trainable(metric=M, config=parser)\ndef train(args, run): ..."
    with pytest.raises(UserError) as caught:
        load(tmp_path, body)
    assert said in str(caught.value)


def test_a_function_that_parses_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="mine neither parses with argparse nor returns a parser"):
        load(tmp_path, "def mine():\n    return 3\n@trainable(metric=M, config=mine)\ndef train(args, run): ...")


def test_a_parser_itself_is_a_config_and_the_command_line_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = argparse.ArgumentParser.parse_known_args
    monkeypatch.setattr(sys, "argv", ["x", "--lr", "7", "--unknown"])
    body = "parser = argparse.ArgumentParser()\nparser.add_argument('--lr', type=float, default=1.0)\n"
    mine = load(tmp_path, body + "@trainable(metric=M, config=parser)\ndef f(a, run):\n    return {'val_loss': a.lr}")
    assert run(mine, lr=3.0).history[0].values == {"val_loss": 3.0}
    assert argparse.ArgumentParser.parse_known_args is before


# -- where it lies ---------------------------------------------------------------------------------------------------


def test_what_lies_beside_it_can_be_imported_from_anywhere(tmp_path: Path) -> None:
    """``from net import Net``, as a script in that folder does: in the command, and in the process that trains."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir(), elsewhere.mkdir()  # noqa: B018
    (home / "net.py").write_text("FACTOR = 3.0\n")
    (home / "mine.py").write_text(HEAD + "from net import FACTOR\n" + RIGHT.replace("lr}", "lr * FACTOR}"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = ["-m", "study.run", "baseline", "--trainable", str(home / "mine.py"), "--study", "s", "--quiet"]
    done = subprocess.run([sys.executable, *words], cwd=elsewhere, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert '"val_loss":0.3' in (elsewhere / "s" / "records.jsonl").read_text().replace("0.30000000000000004", "0.3")


def test_a_function_of_no_file_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*, run: Any) -> dict[str, float]:
        return {"val_loss": 1.0}

    notebook: Any = SimpleNamespace(__name__="__main__")
    declared = getattr(declare(metric=LOSS)(train), DECLARED)
    assert of_function(declared, notebook, "x").name == "train (__main__)"
