"""A module imports only from its own floor's lower ones, and light modules stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

ALLOWED = {  # what each package may import of ours, beside itself
    "results": set(),
    "alexnet": {"results"},
    "search_spaces": {"results"},  # of alexnet the config only, see below
    "study": {"results", "search_spaces", "report_templates"},  # trainables come by name, never by import
}
OURS = {"alexnet", "results", "search_spaces", "study", "report_templates", "tests", "benchmarks", "examples"}


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_only_from_below(package: str) -> None:
    wrong = []
    for file in sorted((ROOT / package).rglob("*.py")):
        for name in imports(file):
            top = name.split(".")[0]
            if top in OURS and top != package and top not in ALLOWED[package] and name != "alexnet.config":
                wrong.append(f"{file.relative_to(ROOT)} imports {name}")
    assert not wrong


@pytest.mark.parametrize(
    ("module", "banned"),
    [
        ("alexnet.config", {"torch", "numpy", "pandas"}),
        ("results.store", {"torch", "pandas", "optuna", "ray"}),
        ("results.frame", {"torch", "optuna", "ray"}),
        ("study.report.page", {"torch", "ray"}),
        ("study.run", {"numpy", "pydantic", "torch", "pandas", "ray", "optuna", "rich"}),
        ("study.cli.sweep", {"numpy", "pydantic", "torch", "pandas", "ray", "optuna", "rich"}),
        ("study.cli.baseline", {"numpy", "pydantic", "torch", "pandas", "ray", "optuna", "rich"}),
    ],
)
def test_light_modules_stay_light(module: str, banned: set[str]) -> None:
    code = f"import {module}, sys; print(*({banned!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
