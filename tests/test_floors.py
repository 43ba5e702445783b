"""The house stands: arrows run down, in no circle; light modules stay light; the tests mirror the packages."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support import ROOT

FLOORS = (  # wings, lowest floor first: a module imports from its own wing and from lower floors
    ("results",),
    ("results.analysis",),
    ("alexnet",),
    ("search_spaces",),
    ("study.configs", "study.limits"),
    ("study.protocol",),
    ("study.jobs",),
    ("study.planning", "study.recording", "study.scripts", "study.terminal"),
    ("study.training",),
    ("study.engine", "study.report"),
    ("study.contract", "study.declare", "study.search"),
    ("study.cli",),
    ("study.run",),
)
APART = {  # though lower, and all that may be had of it: a trainable comes by name, never by import
    ("search_spaces", "alexnet"): {"alexnet.config"},
    **{(wing, "alexnet"): set() for floor in FLOORS for wing in floor if wing.startswith("study")},
}
PACKAGES = ("results", "search_spaces", "alexnet", "study")
HEAVY = {"numpy", "pydantic", "torch", "pandas", "ray", "optuna", "rich"}  # what --help must do without
DRAWING = {"torch", "ray", "pandas", "matplotlib", "seaborn"}  # what no training waits for


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(file): file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))}


def imports(file: Path) -> set[str]:
    """Our modules that ``file`` imports, wherever in it, for types alone too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} & set(MODULES) or {node.module}
    return (found & set(MODULES)) - {name_of(file)}


def wing_of(module: str) -> str:
    wings = [wing for floor in FLOORS for wing in floor if f"{module}.".startswith(f"{wing}.")]
    return max(wings, key=len, default="")


def floor_of(wing: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if wing in floor)


def test_every_module_has_its_wing() -> None:
    assert [module for module in MODULES if not wing_of(module) and module != "study"] == []


def test_arrows_run_down() -> None:
    wrong = []
    for module, file in MODULES.items():
        own = wing_of(module)
        for other in imports(file) - {"study"}:
            wing = wing_of(other)
            allowed = wing == own or floor_of(wing) < floor_of(own) and other in APART.get((own, wing), {other})
            if not allowed:
                wrong.append(f"{module} imports {other}")
    assert wrong == []


def test_no_circles() -> None:
    try:
        TopologicalSorter({module: imports(file) for module, file in MODULES.items()}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_an_import_inside_a_function_says_why() -> None:
    """Ruff (PLC0415) finds the imports; here each exception must have a reason."""
    silent = [
        f"{module}: {line.strip()}"
        for module, file in MODULES.items()
        for line in file.read_text(encoding="utf-8").splitlines()
        if "noqa: PLC0415" in line and not re.search(r"noqa: PLC0415 - \w+ \w+", line)
    ]
    assert silent == []


def test_the_tests_mirror_the_packages() -> None:
    lost = []
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        folder = file.parent.relative_to(ROOT / "tests")
        if folder.parts[:1] and folder.parts[0] in PACKAGES:
            words = file.stem.removeprefix("test_").split("_")
            names = ["_".join(words[:i]) for i in range(1, len(words) + 1)]  # test_page_odd.py: of page.py, an aspect
            beside = ROOT / folder
            if not any((beside / f"{name}.py").exists() or (beside / name / "__init__.py").exists() for name in names):
                lost.append(str(file.relative_to(ROOT)))
    assert lost == []


@pytest.mark.parametrize(
    ("module", "banned"),
    [
        ("alexnet.config", {"torch", "numpy", "pandas"}),
        ("results.store", {"torch", "pandas", "optuna", "ray"}),
        ("results.frame", {"torch", "optuna", "ray"}),
        ("study.report.page", {"torch", "ray"}),
        ("search_spaces.dimensions", {"torch", "optuna"}),
        *((f"study.scripts.{module}", {*HEAVY, "scipy"}) for module in ("template", "parse", "measure", "process")),
        ("study.engine.worker", {"torch", "pandas", "scipy", "optuna", "matplotlib"}),
        *((f"study.cli.{command}", DRAWING) for command in ("baseline", "sweep", "confirm", "ablate", "auto")),
        *((module, HEAVY) for module in MODULES if module.startswith(("study.run", "study.cli.arguments"))),
    ],
)
def test_light_modules_stay_light(module: str, banned: set[str]) -> None:
    code = f"import {module}, sys; print(*({banned!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
