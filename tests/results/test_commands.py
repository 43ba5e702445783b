"""A command is written so that a shell, wherever it is pasted, finds the study and the very same words."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from results.commands import as_typed, command, given_again, next_command, shown_path
from results.meta import Script
from tests.support.runs import meta

ODD = ["a b", "x;rm -rf .", "-s", "--study", "'q'", "$HOME", "~", "~x", "a/../b", "ü", "*"]


@pytest.mark.parametrize("name", ODD)
def test_a_shell_reads_the_studys_folder_back(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for study in (tmp_path / name, Path(name)):
        words = shlex.split(command("confirm", study, "--set", "a=b c"))
        assert words[:5] == ["python", "-m", "study.run", "confirm", "--study"] and words[6:] == ["--set", "a=b c"]
        assert not words[5].startswith("-") and os.path.abspath(words[5]) == os.path.abspath(study)


def test_a_folder_below_this_one_is_written_relative_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown_path(tmp_path / "runs/x") == "runs/x" and shown_path("/nowhere/x") == "/nowhere/x"


def test_a_script_and_a_module_are_given_again_where_something_is_trained() -> None:
    scripted = meta(script=Script(template="sh t.sh {seed} {lr}"))
    assert given_again(scripted) == ["--command", "sh t.sh {seed} {lr}"]
    assert next_command("confirm", "s", scripted).endswith("--command 'sh t.sh {seed} {lr}'")
    assert next_command("report", "s", scripted) == "python -m study.run report --study s"
    assert given_again(meta()) == ["--trainable", "toy"], "a module: a study's word alone runs none"


def test_what_was_typed_names_its_study() -> None:
    assert as_typed(["sweep", "--trials", "9"], "runs/x") == "python -m study.run sweep --trials 9 --study runs/x"
    assert as_typed(["sweep", "--study=a b"], "a b") == "python -m study.run sweep '--study=a b'"
    assert as_typed(["--help"], None) == "python -m study.run --help"
