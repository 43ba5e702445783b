"""What ``confirm`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import add_judgement, add_resources, add_script, add_size, add_study, add_training
from study.limits import COUNT

EXAMPLES = """\
examples:
  python -m study.run confirm --top 3                   # by a plan: at most 24 fresh seeds each, as few as will do
  python -m study.run confirm --top 5 --budget 4h       # what four hours can show, by a race if need be
  python -m study.run confirm --top 3 --dry-run --explain   # only say what it would show and cost
  python -m study.run confirm --seeds 6                 # six seeds and one look, no early stop

Verdicts: better, worse, no gain (less than --margin), equivalent, no worse, dropped (behind in a race, not judged) or
undecided. However many candidates, looks and plans a study has, at most one study in twenty calls an equal config
better or worse. 'docs/statistics.md' has the reasons.
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
    add_training(parser, None)
    add_script(parser, margin=False)
    add_resources(parser)
    parser.epilog = EXAMPLES
