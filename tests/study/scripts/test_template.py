"""A command template gives exactly the arguments that were meant, or one line that says what is wrong."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from results.errors import UserError
from results.meta import TEMPLATE, Script
from study.scripts.parse import LONGEST_PATTERN
from study.scripts.template import LONGEST, Template, typed

ECHO = "import json, sys; print(json.dumps(sys.argv[1:]))"


def received(argv: list[str]) -> list[str]:
    """What a program really gets."""
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    got: list[str] = json.loads(done.stdout)
    return got


def test_a_command() -> None:
    template = Template.of("python train.py --lr {lr} --out 'my runs/{name}.{seed}' {epochs}")
    assert template.names == {"lr", "name", "seed", "epochs"}
    assert template.argv({"lr": 0.1, "name": "a b", "epochs": 3, "unused": None}, 7) == [
        *["python", "train.py", "--lr", "0.1", "--out", "my runs/a b.7", "3"]
    ]


def test_seed_is_told_and_wins_over_a_field_of_that_name() -> None:
    assert Template.of("run {seed}").has_seed
    assert not Template.of("run {lr} {{seed}}").has_seed
    assert Template.of("run {seed}").argv({"seed": 1}, 2) == ["run", "2"]


def test_literal_braces() -> None:
    assert Template.of("""run '{{"lr": {lr}}}' {{}}""").argv({"lr": 0.5}, 0) == ["run", '{"lr": 0.5}', "{}"]


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
def test_a_value_stays_one_argument(value: str) -> None:
    assert Template.of("run -x {x} y").argv({"x": value}, 0) == ["run", "-x", value, "y"]


def test_no_shell_sees_a_value(tmp_path: Path) -> None:
    evil = f"; touch {tmp_path}/x $(touch {tmp_path}/x) `touch {tmp_path}/x` | 'é\" * ~"
    argv = Template.of(f"{shlex.quote(sys.executable)} -c {shlex.quote(ECHO)} {{x}}").argv({"x": evil}, 0)
    assert received(argv) == [evil]
    assert not list(tmp_path.iterdir())


@given(st.floats())
def test_floats_are_read_back_as_they_were(value: float) -> None:
    assert float(typed(value)).hex() == value.hex()


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (3, "3"), (1e-5, "1e-05"), (None, "null"), ("adam", "adam"), ("", "")]
    + [([64, 32], "[64, 32]"), ((0.1, True, "ü"), '[0.1, true, "ü"]'), ({"a": [1]}, '{"a": [1]}')],
)
def test_values_as_one_would_type_them(value: Any, text: str) -> None:
    assert Template.of("run {x}").argv({"x": value}, 0) == ["run", text]


def test_numpy_scalars_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    assert [typed(numpy.float32(0.5)), typed(numpy.int64(3)), typed(numpy.bool_(True))] == ["0.5", "3", "true"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no program"),
        ("  ", "names no program"),
        ("'' --lr {lr}", "names no program"),
        ("python 'train.py", "unbalanced quotes"),
        ("python train.py \\", "unbalanced quotes"),
        ("run {lr:.3f}", "write {lr}"),
        ("run {lr!r}", "write {lr}"),
        ("run {lr:{seed}}", "write {lr}"),
        ("run {}", "'{}' is no placeholder"),
        ("awk '{print $1}'", "literal braces are written {{ and }}"),
        ("run {0}", "'{0}' is no placeholder"),
        ("run {lr", "a brace stands alone in '{lr'"),
        ("run lr}", "a brace stands alone in 'lr}'"),
        ("cd x && python train.py", "'&&' needs one; write sh -c"),
        ("cd x; python train.py", "'x;' needs one"),
        ("python train.py > log", "'>' needs one"),
        ("run \0", "a NUL character"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        Template.of(text)
    assert said in str(caught.value) and str(caught.value).startswith("--command") and "\n" not in str(caught.value)


def test_quoted_signs_are_arguments() -> None:
    assert Template.of("""sh -c 'a && b; c' '|' ";" \\;""").argv({}, 0) == ["sh", "-c", "a && b; c", "|", ";", ";"]


def test_an_unknown_placeholder_names_the_nearest() -> None:
    template = Template.of("run {learning_rat} {seed}")
    with pytest.raises(UserError, match=r"placeholder \{learning_rat\}; did you mean 'learning_rate'\?"):
        template.check(["learning_rate", "width"])
    with pytest.raises(UserError, match="learning_rat"):
        template.argv({"learning_rate": 1.0}, 0)
    with pytest.raises(UserError, match="NUL"):
        Template.of("run {x}").argv({"x": "a\0"}, 0)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "train.sh").write_text("#!/bin/sh\n")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "python3").write_text("#!/bin/sh\n")
    (bin_ / "python3").chmod(0o755)

    def said(text: str) -> str:
        with pytest.raises(UserError) as caught:
            Template.of(text).find(tmp_path, str(bin_))
        return str(caught.value)

    assert "'python' is not found on PATH; did you mean 'python3'?" in said("python train.py")
    assert "'qqqq' is not found on PATH" in said("qqqq") and "valid" not in said("qqqq")
    assert "did you mean './train.sh'?" in said("train.sh {lr}")
    assert "may not be run: chmod +x" in said("./train.sh {lr}")
    assert "is not found in" in said("./tarin.sh")
    assert "env CUDA_VISIBLE_DEVICES=0 ..." in said("CUDA_VISIBLE_DEVICES=0 python3 train.py")
    (tmp_path / "train.sh").chmod(0o755)
    Template.of("./train.sh").find(tmp_path, str(bin_))
    Template.of("python3 {lr}").find(tmp_path, str(bin_))
    Template.of("{interpreter} x").find(tmp_path, str(bin_))  # only the values tell


def test_a_command_without_end_is_refused_at_once() -> None:
    """What splits a command takes the square of its length: minutes for a million characters of a study.json."""
    with pytest.raises(UserError, match="1,000,000 characters; at most 30,000"):
        Template.of("x" * 10**6)
    with pytest.raises(ValidationError):
        Script(template="x" * 10**6)
    assert TEMPLATE == LONGEST == LONGEST_PATTERN
    assert Template.of("x " * 10**4).argv({}, 1)[-1] == "x"
