"""What ``confirm`` takes."""

from __future__ import annotations

import argparse

from study.cli.arguments.common import add_judgement, add_resources, add_script, add_study, add_training
from study.limits import COUNT, SEEDS

EXAMPLES = """\
examples:
  python -m study.run confirm --top 3                   # the three best by validation, 6 fresh seeds each
  python -m study.run confirm --top 3 --seeds 10        # later: four seeds more; the error stays at 5 % over both looks
  python -m study.run confirm --top 1 --dry-run         # only say what it would show and cost

Verdicts: better, worse, equivalent (within --margin) or undecided. However many candidates and interim analyses
(looks) a study has, at most one study in twenty calls an equal config better or worse. 'docs/statistics.md' has the
reasons.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    group = parser.add_argument_group("the confirmation")
    group.add_argument(
        "--top",
        type=COUNT.parse,
        default=1,
        metavar="N",
        help="candidates, best first by validation (default: %(default)s)",
    )
    group.add_argument(
        "--seeds",
        type=SEEDS.parse,
        default=6,
        metavar="K",
        help="fresh seeds per candidate in all, earlier looks included (default: %(default)s)",
    )
    add_judgement(parser)
    add_training(parser, None)
    add_script(parser, margin=False)
    add_resources(parser)
    parser.epilog = EXAMPLES
