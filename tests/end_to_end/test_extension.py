"""What CONTRIBUTING calls one place is one: each addition is made there, in a copy, and the tests concerned pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with an architecture, a dimension, a trainable and a section more."""
    to = tmp_path_factory.mktemp("extension") / "project"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    names = [n for n in listed.stdout.split("\0") if n] if listed.returncode == 0 else []
    for name in names or [
        str(p.relative_to(ROOT)) for p in ROOT.rglob("*.*") if p.is_file() and ".venv" not in p.parts
    ]:
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, to / name)
    entry = 'Architecture("one convolution of 8: how little is enough?", channels=(8, 8, 8, 8, 8), hidden=(32,))'
    insert(to / "alexnet/config.py", "ARCHITECTURES[^\n]*= {\n", f'    "twig": {entry},\n')
    insert(to / "search_spaces/builtin.py", "default = {\n", '    "dropout": uniform(0.0, 0.8, step=0.1),\n')
    chapter = to / "study/report/chapters/certainty.py"
    text = chapter.read_text()
    text = re.sub(r"^SECTIONS = \[", "SECTIONS = [weather, ", text, flags=re.MULTILINE)
    where = text.index("SECTIONS = [")
    function = 'def weather(view: View) -> Section | None:\n    """Added by a stranger."""\n'
    function += '    return Section("weather", "A section more", [])\n\n\n'
    chapter.write_text(text[:where] + function + text[where:])
    example = re.search(r"```python\n(.*?)```", (ROOT / "docs/trainable.md").read_text(), re.DOTALL)
    assert example
    (to / "wines.py").write_text(example.group(1))
    return to


def insert(file: Path, after: str, line: str) -> None:
    text, count = re.subn(f"({after})", lambda found: found.group(1) + line, file.read_text(), count=1)
    assert count == 1
    file.write_text(text)


def run(copy: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *words], cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("tests", "seen"),
    [
        (
            "tests/alexnet/test_model.py tests/search_spaces/test_load.py",
            ("-c", "import alexnet.config as c; print(c.ARCHITECTURES['twig'])"),
        ),
        (
            "tests/search_spaces tests/alexnet/test_model.py tests/benchmarks/test_gpu.py",
            ("-c", "import search_spaces as s, alexnet; print(s.load_space('default', alexnet.Config, {}).dimensions)"),
        ),
        ("tests/study/report/test_page.py", ("-c", "import study.report.chapters.certainty as p; print(p.SECTIONS)")),
        ("tests/test_floors.py", ("-m", "study.contract", "wines.py")),
    ],
    ids=["architecture", "dimension", "section", "trainable"],
)
def test_an_addition_in_its_one_place(tests: str, seen: tuple[str, ...], copy: Path) -> None:
    assert any(word in run(copy, *seen) for word in ("how little", "dropout", "weather", "is as it declares"))
    run(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests.split())


@pytest.mark.long
def test_a_study_with_all_of_them(copy: Path) -> None:
    study = ("--study", "s", "--trainable", "wines.py", "--quiet")
    run(copy, "-m", "study.run", "baseline", *study)
    assert "A section more" in (copy / "s/report.html").read_text()
    tiny = ("--study", "t", "--dataset", "digits", "--set", "architecture=twig", "--set", "epochs=1", "--quiet")
    run(copy, "-m", "study.run", "baseline", *tiny)
