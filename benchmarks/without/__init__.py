"""What stands in for libraries that a borrowed GPU machine may lack. Found last: an installed one always wins."""

import sys
from importlib.util import find_spec
from pathlib import Path

ENGINE = ("ray", "optuna", "pydantic", "pandas", "safetensors", "scipy", "sqlalchemy", "rich", "jinja2", "seaborn")
"""What the toolkit's own sweep needs beside torch and numpy."""


def missing() -> list[str]:
    """Name the libraries of ENGINE that are not installed."""
    return [name for name in ENGINE if not _installed(name)]


def use_stand_ins() -> None:
    """Let what is missing be found here, after everything that is installed."""
    folder = str(Path(__file__).parent)
    if folder not in sys.path:
        sys.path.append(folder)


def _installed(name: str) -> bool:
    try:
        spec = find_spec(name)
    except ImportError:
        return False
    return spec is not None and Path(__file__).parent not in Path(spec.origin or "/").parents
