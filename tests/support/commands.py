"""The command line as a person uses it: words, an exit code, what is printed, what is left on the disk."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from study.cli.main import main
from tests.support import ROOT
from tests.support.in_process import everything_in_process


def start(*words: str | Path, cwd: Path | None = None, **options: Any) -> subprocess.Popen[str]:
    """Begin the command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **options.pop("env", {})}
    command = [sys.executable, "-m", "study.run", *map(str, words)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    options.setdefault("preexec_fn", lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # as from a terminal
    return subprocess.Popen(command, cwd=cwd or ROOT, env=environment, **pipes, **options)


def run_apart(*words: str | Path, code: int = 0, **options: Any) -> tuple[str, str]:
    """Run the command in a process of its own, with its workers. Returns what it prints: stdout, stderr."""
    process = start(*words, **options)
    out, err = process.communicate(timeout=240)
    assert process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
    return out, err


def run(
    *words: str | Path, code: int = 0, cwd: Path | None = None, env: dict[str, str] | None = None
) -> tuple[str, str]:
    """As run_apart, in this process: without the seconds that each of the two takes to load its libraries."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))  # some is written as bytes
    with (
        everything_in_process(),
        mock.patch.dict(os.environ, env or {}),
        contextlib.chdir(cwd or ROOT),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            ended = main([str(word) for word in words])
        except SystemExit as exit_:  # of --help
            ended = exit_.code or 0
    for stream in (out, err):
        stream.seek(0)
    said, told = out.read(), err.read()
    assert ended == code, f"exit {ended}\n{said}\n{told}"
    return said, told


def refused(study: Path, *words: str | Path, says: str, **options: Any) -> None:
    """The command ends with one line and code 2, and a study that was not there still is not.

    Below it there may be the command that mends it.
    """
    existed = {p.name for p in study.iterdir()} if study.is_dir() else None
    out, err = run(*words, "--study", study, code=2, **options)
    first, *below = err.splitlines()
    assert first.startswith("error: ") and all(line.startswith("  python -m study.run ") for line in below), err
    assert len(below) <= 1
    assert says in err
    if existed is None:
        assert not study.is_dir() or not any(study.iterdir())
