"""The built wheel works from outside the checkout, templates included."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT


@pytest.mark.long
def test_the_wheel_renders_a_report_outside_the_checkout(tmp_path: Path) -> None:
    source = tmp_path / "source"  # a copy, since building leaves files behind
    subprocess.run(["git", "clone", "-q", ROOT, source], check=True)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--disable-pip-version-check",
        "-w",
        tmp_path,
        source,
    ]
    subprocess.run(build, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    assert not (site / "tests").exists()

    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PYTHONPATH": str(site)}
    study = tmp_path / "study"
    words = ["baseline", "--trainable", str(ROOT / "examples/digits_sklearn.py"), "--dataset", "digits"]
    code = "import sys, study; assert study.__file__.startswith(sys.argv.pop(1)), study.__file__; "
    code += "from study.run import main; sys.exit(main())"
    command = [sys.executable, "-c", code, str(site), *words, "--set", "epochs=2", "--study", str(study)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (study / "report.html").stat().st_size > 10_000
