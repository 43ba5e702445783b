"""What must hold before any test imports Ray, which reads these variables once; and the counts of the fuzzes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from study.engine import cluster
from tests.support.studies import make_study, toy

__all__ = ["make_study", "toy"]

os.environ.update(cluster.QUIET | cluster.ALONE)

_counted: Counter[str] = Counter()


@pytest.fixture
def counts(record_property: Callable[[str, object], None]) -> Iterator[Counter[str]]:
    """What a fuzz counts; summed over its tests and pytest's workers, and printed at the end of the run."""
    counted: Counter[str] = Counter()
    yield counted
    record_property("counts", dict(counted))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        for name, value in report.user_properties:
            if name == "counts":
                _counted.update(value)  # type: ignore[call-overload]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for what, count in sorted(_counted.items()):
        terminalreporter.write_line(f"{count:6} {what}")
