"""What a small study prints is what tests/golden has; 'python -m tests.golden.write' writes it anew."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.golden import COLUMNS, HERE, STORY, on_terminal, piped, shown, story, typescript
from tests.support import ROOT, flat

HELP = [sys.executable, "-m", "study.run", "report"]


@pytest.mark.long
@pytest.mark.parametrize("terminal", [False, True], ids=["piped", "terminal"])
def test_a_small_study_prints_what_it_did(terminal: bool, tmp_path: Path) -> None:
    for name, text in story(tmp_path, terminal).items():
        assert flat(text) == flat((HERE / name).read_text(encoding="utf-8")), f"{name}: see tests/golden/__init__.py"


@pytest.mark.parametrize("name", [f"{where}{command}.txt" for where in ("", "terminal-") for command in STORY])
def test_no_line_is_wider_than_eighty_columns_but_a_command(name: str) -> None:
    text = (HERE / name).read_text(encoding="utf-8")
    assert text.startswith("$ python -m study.run ") and "\x1b" not in text
    wide = [line for line in text.splitlines()[1:] if len(line) > COLUMNS and not line.startswith("  python -m ")]
    assert wide == []


def test_a_screen_is_what_is_left_of_a_live_view() -> None:
    assert shown("one\r\n\x1b[1mtwo\x1b[0m\r\nbar\r\x1b[2K\x1b[1A\x1b[2Kthree\r\n") == "one\nthree\n"


@pytest.mark.long
@pytest.mark.parametrize(("more", "colours"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colours_and_control_sequences_are_for_terminals_that_want_them(
    more: dict[str, str], colours: bool, tmp_path: Path
) -> None:
    words = ["--study", "s", "--trainable", str(ROOT / "examples/digits_sklearn.py"), "--dataset", "digits"]
    command = [*HELP[:3], "baseline", *words, "--set", "epochs=1"]
    code, text = typescript(command, tmp_path, **more)
    assert code == 0 and ("\x1b" in text) == colours
    assert "\x1b" not in piped([*HELP, "--study", "s"], tmp_path)[1]


def test_an_error_wraps_on_a_terminal_and_is_one_line_elsewhere(tmp_path: Path) -> None:
    command = [*HELP, "--study", "a-study-with-a-long-name/" * 4]
    code, text = on_terminal(command, tmp_path)
    assert code == 2 and "error: " in text and "\n  python -m study.run baseline --study " in text
    assert piped(command, tmp_path)[1].count("\n") == 2, "the error, and the command that mends it"
