"""What ``confirm`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import add_judgement, add_resources, add_script, add_size, add_study, add_training
from study.limits import COUNT

EXAMPLES = """\
examples:
  # the best three; at most 24 fresh seeds each, as few as will do
  python -m study.run confirm --study runs/x --top 3
  # what four hours can show: behind in a race, a candidate is dropped
  python -m study.run confirm --study runs/x --top 5 --budget 4h
  # only say what it would show and cost
  python -m study.run confirm --study runs/x --top 3 --dry-run --explain
  # six seeds and one look at the end, no early stop
  python -m study.run confirm --study runs/x --seeds 6

Verdicts: better, worse, no gain (less than --margin), equivalent, no worse,
dropped (behind in a race, not judged) or undecided. However many candidates
and interim analyses (looks) a study has, at most one study in twenty calls an
equal config better or worse. docs/statistics.md has the reasons.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    group = parser.add_argument_group("the confirmation")
    group.add_argument(
        "--top",
        type=COUNT.parse,
        metavar="N",
        help="candidates, best first by validation (default: 1)",
    )
    add_size(group)
    add_judgement(parser)
    add_training(parser, None, begins=False)
    add_script(parser, margin=False, begins=False)
    add_resources(parser)
    parser.epilog = EXAMPLES
