"""``sweep``: search for configs that beat the baseline, fifty trials at a time, never losing one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.cli.options import DEFAULT_SEED, add_resources, add_study, add_training

if TYPE_CHECKING:
    from search_spaces import Space

EXAMPLES = """\
examples:
  python -m study.run sweep --trials 50                           # the default space; the same command again goes on
  python -m study.run sweep --space optimiser --set epochs=10     # another space, one field the same for all trials
  python -m study.run sweep --space mine.py:WIDE --sampler gp     # your own, see docs/search-spaces.md
  python -m study.run sweep --trials 100 --time-limit 8h          # add fifty, or as many as eight hours allow

Everything a sweep finds is exploratory: the best of 50 equal runs is 2.25 standard deviations above their mean by
luck alone. 'python -m study.run confirm' tells luck from gain.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options."""
    add_study(parser)
    group = parser.add_argument_group("the search")
    group.add_argument(
        "--trials",
        type=int,
        default=None,
        metavar="N",
        help="how many the study's sweep is to have in all, whatever became of them (default: as before, else 50)",
    )
    group.add_argument(
        "--space",
        default=None,
        metavar="NAME|FILE.py:NAME",
        help="what may vary: default, optimiser, architecture, or your own (default: the study's, else 'default')",
    )
    group.add_argument(
        "--sampler", default=None, help="tpe, random, gp or qmc, all seeded by --seed (default: the study's, else tpe)"
    )
    group.add_argument(
        "--scheduler",
        default=None,
        help="asha stops trials that are behind others after as many epochs; none trains all to their end, "
        "at about five times the cost (default: the study's, else asha)",
    )
    group.add_argument(
        "--reduction-factor",
        type=float,
        default=None,
        metavar="X",
        help="asha: one in X goes on past epochs GRACE, GRACE*X, GRACE*X^2, ...; 50 trials of 25 epochs cost about "
        "9 full trainings with 2, 3 or 4 alike (default: 3)",
    )
    group.add_argument(
        "--grace",
        type=int,
        default=None,
        metavar="N",
        help="asha: epochs that no trial is stopped before; with 2 those 50 trials cost about 13 full trainings, with "
        "3 about 17, and slow starters are spared (default: 1)",
    )
    group.add_argument(
        "--time-limit",
        type=duration,
        metavar="TIME",
        help="end cleanly after this, e.g. 90m or 8h; the same command goes on later",
    )
    group.add_argument(
        "--keep-weights",
        type=int,
        default=3,
        metavar="K",
        help="best configs whose weights are kept, beside the baseline's (default: %(default)s)",
    )
    add_training(parser, "one value for all trials (and for the baseline, in a new study)", study_seed=True)
    add_resources(parser)
    parser.epilog = EXAMPLES


def main(args: argparse.Namespace) -> int:
    """Run or go on with the study's sweep."""
    from results.analysis.evidence import Evidence
    from results.errors import UserError
    from study.cli.session import training_session
    from study.engine.resources import Options
    from study.planning.noise import before_sweep
    from study.recording.artefacts import keep_pictures
    from study.search.summary import print_summary
    from study.search.sweep import SweepOptions, sweep

    if args.keep_weights < 0:
        raise UserError(f"--keep-weights {args.keep_weights} must not be negative")
    before = _earlier(args.study)

    def chosen(name: str, key: str, default: Any) -> Any:
        given = getattr(args, name)
        return before.get(key, default) if given is None else given

    args.seed = chosen("seed", "seed", DEFAULT_SEED)
    what = SweepOptions(
        trials=chosen("trials", "trials", 50),
        seed=args.seed,
        sampler=chosen("sampler", "sampler", "tpe"),
        scheduler=chosen("scheduler", "scheduler", "asha"),
        factor=chosen("reduction_factor", "reduction_factor", 3),
        grace=chosen("grace", "grace", 1),
    )
    what.check()
    space = _space(args, chosen("space", "space", "default"))
    with training_session(args, defines_baseline=False) as session:
        session.announce(before_sweep(Evidence.of(session.study), what.trials))
        summary = sweep(
            session.study,
            session.model,
            space,
            what,
            options=Options(
                concurrency=args.concurrency,
                cpus_per_trial=args.cpus_per_trial,
                gpus_per_trial=args.gpus_per_trial,
                address=args.address,
                trial_timeout=args.trial_timeout,
                time_limit=args.time_limit,
                keep_weights=args.keep_weights,
                quiet=args.quiet,
            ),
            context=session.context(),
            after=[keep_pictures(session.study, session.model.trainable, session.model.data)],
            announce=session.announce,
        )
        print_summary(session.study, summary, args.seed)
        if summary.engine is not None and summary.engine.interrupted:
            raise KeyboardInterrupt
        session.report()
        return summary.exit_code


def _earlier(path: Path) -> dict[str, Any]:
    """Return how the study's sweep was made, if it has one: what an option left out means."""
    from results.store import Study

    return (Study.open(path).meta.sweep or {}) if (path / "study.json").exists() else {}


def _space(args: argparse.Namespace, name: str) -> Space:
    """Load and check the space before data are read or a new study is begun."""
    import os

    from results.config import read_config, read_sets, validated
    from results.store import Study
    from search_spaces import load_space
    from study.protocol import load_trainable

    meta = Study.open(args.study).meta if (args.study / "study.json").exists() else None
    trainable = load_trainable(os.path.expanduser(args.trainable or (meta.trainable if meta else "alexnet")))
    sets = read_sets(args.sets, trainable.Config)
    start = read_config(args.config) if args.config else {}
    baseline = meta.baseline if meta else validated({**start, **sets}, trainable.Config)
    return load_space(name, trainable.Config, baseline, sets, getattr(trainable, "SPACES", None))


def duration(text: str) -> float:
    """Parse seconds: 90, 90s, 15m, 1.5h."""
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}.get(text[-1:])
    try:
        value = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no duration: 90, 90s, 15m or 8h") from None
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not above zero")
    return value
