"""What the commands of one small study print, in a file and on a terminal of 80 columns, read top to bottom as a story.

    python -m tests.golden.write      writes the texts anew; tests/golden/test_golden.py compares

Durations, counts that follow from them, cores and configs' hashes are left out; all else is the same on every machine.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

from tests.support import ROOT

HERE = Path(__file__).parent
COLUMNS, ROWS = 80, 50
FAST = ["--set", "epochs=3", "--engine", "here"]
MODEL = ["--trainable", "digits.py", "--dataset", "digits"]
STORY = {
    "baseline": ["--study", "study", *MODEL, "--seeds", "6", *FAST],
    "sweep": ["--study", "study", "--trials", "12", "--scheduler", "none", *FAST],
    "confirm": ["--study", "study", "--top", "1", "--max-seeds", "12", "--engine", "here"],
    "ablate": ["--study", "study", "--parts", "leave-one-out", "--max-seeds", "6", "--engine", "here"],
    "auto": ["--study", "auto", "--budget", "20m", "--trials", "12", "--margin", "3", *FAST],
}
BEFORE_AUTO = "confirm"  # how many trials fit into auto's time is the machine's: it begins with the sweep recorded
IDENTITY = r"\b(?=[a-f]*\d)([0-9a-f]{6})([0-9a-f]{6})?\b"  # of a config: its hash, or as much as is shown
SPAN = r"(?:\d+\s+h\s+\d\d\s+min|\d+\s+min(?:\s+\d\d\s+s)?|\d+(?:\.\d+)?\s+m?s)\b"


def story(folder: Path, terminal: bool) -> dict[str, str]:
    """Run the story in an empty folder; return each command's text, normalised, by the name of its file."""
    shutil.copy(ROOT / "examples/digits_sklearn.py", folder / "digits.py")
    found = {}
    for name, words in STORY.items():
        if name == BEFORE_AUTO:
            shutil.copytree(folder / "study", folder / "auto")
        command = ["-m", "study.run", name, *words]
        code, text = (on_terminal if terminal else piped)([sys.executable, *command], folder)
        assert code == 0, text
        found[f"{'terminal-' * terminal}{name}.txt"] = f"$ {' '.join(['python', *command])}\n{normalised(text)}"
    return found


def environment(**more: str) -> dict[str, str]:
    left_out = {"NO_COLOR", "COLUMNS", "FORCE_COLOR", "STUDY_ENGINE"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return kept | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | more


def piped(command: list[str], folder: Path, **more: str) -> tuple[int, str]:
    """Run a command whose output, both streams, goes into a pipe."""
    done = subprocess.run(
        command, cwd=folder, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.returncode, done.stdout


def on_terminal(command: list[str], folder: Path, **more: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; return what is on the screen, and above it, in the end."""
    code, text = typescript(command, folder, **more)
    return code, shown(text)


def typescript(command: list[str], folder: Path, **more: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; return all that it was sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(**{"TERM": "xterm-256color"} | more),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    text = bytearray()
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        text += part
    os.close(ours)
    return process.wait(), text.decode()


def shown(text: str) -> str:
    """Return the lines that a terminal shows of a text: it goes up, to a line's begin, and erases lines, no more."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|\x1b.|[\r\n]|[^\x1b\r\n]+", text):
        if part == "\n":
            row, lines = row + 1, lines + [""] * (row + 2 - len(lines))
        elif part == "\r":
            column = 0
        elif found := re.fullmatch(r"\x1b\[(\d*)A", part):
            row -= int(found[1] or 1)
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part[0] != "\x1b":
            before = lines[row].ljust(column)
            lines[row] = before[:column] + part + before[column + len(part) :]
            column += len(part)
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


def normalised(text: str) -> str:
    """Return a text without what another machine, or another minute, would have otherwise."""
    # how far it is, said now and then in a line or two, up to the next line that begins with a time
    text = re.sub(rf"(?ms)^{SPAN}  \d+(/\d+)? done, \d+ running.*?\n(?={SPAN}  )", "", text)
    text = re.sub(r"for about\s+\d+(\s+trainings)", r"for about N\1", text)
    text = re.sub(r"\d+ cores?\b", "N cores", text)
    # TPE's proposals differ in a last digit between processors (numpy's vector exp), and so their configs' hashes do
    known: dict[str, str] = {}
    text = re.sub(IDENTITY, lambda of: known.setdefault(of[1], f"id{len(known) + 1:04}") + "0" * len(of[2] or ""), text)
    return re.sub(SPAN, "T", text)
