"""What must hold before any test imports Ray: it reads these variables once, on import."""

from __future__ import annotations

import os

from study.engine import cluster
from tests.support.studies import make_study, toy

__all__ = ["make_study", "toy"]

os.environ.update(cluster.QUIET | cluster.ALONE)
