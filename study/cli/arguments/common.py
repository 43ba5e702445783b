"""Options that commands share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from study.limits import COUNT, DEFAULT_SEED, GPUS, MARGIN, SEED, SEEDS, TIMEOUT, duration

DEFAULT_STUDY = "runs/alexnet-cifar10"
DEEPEST = 100  # folders within folders: making more of them ends in a RecursionError


def path(text: str) -> Path:
    """Parse a path."""
    if not text:
        raise argparse.ArgumentTypeError("'' is no path: give a name, or '.' for this folder")
    if text.count("/") > DEEPEST:
        raise argparse.ArgumentTypeError(f"'{text[:60]}...' is more than {DEEPEST} folders deep")
    return Path(text)


def folder(text: str) -> Path:
    """Parse the path of a folder: made absolute here, once, so that code that changes directory moves no study."""
    return Path(os.path.abspath(path(text)))


def add_study(parser: argparse.ArgumentParser, default: str = DEFAULT_STUDY) -> None:
    """Add what every command takes."""
    parser.add_argument(
        "--study", type=folder, default=default, metavar="DIR", help="the study's folder (default: %(default)s)"
    )
    parser.add_argument("--quiet", action="store_true", help="print results only")


def add_dry_run(group: argparse._ActionsContainer) -> None:
    """Add the way to ask what a command would do."""
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="say what it would train, what that can show and what it costs, and stop; runs no code that the study "
        "names, and writes nothing",
    )


def add_training(
    parser: argparse.ArgumentParser, sets: str | None, study_seed: bool = False, begins: bool = True
) -> None:
    """Add what every command that trains takes.

    ``sets`` says what --set means to this one, None that it takes none; ``study_seed`` leaves --seed None, for the
    study's own, if not given; ``begins``: whether it may begin a study. One that only goes on with a study does not
    show what that has settled, and refuses it with the study's own value.
    """
    settled = None if begins else argparse.SUPPRESS
    group = parser.add_argument_group("what to train")
    group.add_argument(
        "--trainable",
        metavar="MODULE",
        help="module name, path.py or path.py:function of the model to study (default: the study's, else alexnet; see "
        "docs/trainable.md)",
    )
    group.add_argument(
        "--dataset",
        metavar="NAME|PATH",
        help="cifar10, digits (bundled), or a folder with train/<class>/* and test/<class>/* "
        "(default: the study's, else cifar10)"
        if begins
        else "where the study's data are now, if elsewhere",
    )
    group.add_argument(
        "--data-dir",
        type=folder,
        metavar="DIR",
        help="where downloads and decoded images are kept (default: $STUDY_DATA_DIR, else ./data)",
    )
    group.add_argument(
        "--dataset-name", metavar="NAME", help=settled or "how results are labelled (default: the dataset's name)"
    )
    group.add_argument(
        "--config", type=path, metavar="FILE", help=settled or "start from this config: JSON, as a record holds it"
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="sets",
        help=argparse.SUPPRESS if sets is None else f"{sets}; repeatable",
    )
    group.add_argument(
        "--seed",
        type=SEED.parse,
        default=None if study_seed else DEFAULT_SEED,
        metavar="N",
        help=f"the seed of all trials (default: the study's, else {DEFAULT_SEED})"
        if study_seed
        else f"{'the first seed' if begins else 'where fresh seeds begin'} (default: %(default)s)",
    )
    group = parser.add_argument_group("how to compute")
    group.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where to train (default: auto, a GPU if there is one)",
    )
    group.add_argument(
        "--precision",
        choices=("auto", "fp32", "bf16"),
        default="auto",
        help=settled or "auto is bf16 where the device computes it natively; settled once per study",
    )


def add_script(parser: argparse.ArgumentParser, margin: bool, begins: bool = True) -> None:
    """Add what a script takes; ``margin``: also the margin, which a command that gives verdicts has anyway.

    ``begins``: as add_training has it.
    """
    settled = None if begins else argparse.SUPPRESS
    group = parser.add_argument_group("any script instead of a trainable (see docs/trainable.md)")
    group.add_argument(
        "--command",
        dest="script",  # 'command' is which of ours is run
        metavar="'PROGRAM {FIELD} {seed}'",
        help="what to run, with a placeholder for each field and for the seed; no shell reads it"
        if begins
        else "the study's command, which is to be given again",
    )
    group.add_argument(
        "--metric", metavar="NAME:max|min", help=settled or "the number it prints that is the score, and which way"
    )
    group.add_argument("--test-metric", metavar="NAME", help=settled or "the same on test data, printed at the end")
    group.add_argument(
        "--unit", metavar="UNIT", help=settled or "'%%' for fractions, which are shown as percent, or another"
    )
    if margin:
        add_margin(group, "script_margin", default="")
    group.add_argument(
        "--parse",
        metavar="REGEX",
        help=settled or "how its output is read, by named groups (default: name=value, name: value, JSON lines)",
    )
    group.add_argument(
        "--baseline",
        metavar="FIELD=VALUE,...",
        help=settled or "a value for each placeholder: what all is compared with",
    )


def add_resources(parser: argparse.ArgumentParser) -> None:
    """Add what every command that trains more than once takes."""
    group = parser.add_argument_group("how to run")
    group.add_argument(
        "--engine",
        choices=("auto", "here", "ray"),
        help="ray: Ray Tune, side by side on cores, GPUs and clusters; here: one after another in a process on this "
        "machine, each on all cores; auto: a sweep is Ray Tune, others by how many trainings there are and how long "
        "recorded ones took (default: auto)",
    )
    group.add_argument(
        "--concurrency",
        type=COUNT.parse,
        metavar="N",
        help="trainings at a time (default: one per core or GPU share)",
    )
    group.add_argument(
        "--cpus-per-trial", type=COUNT.parse, metavar="N", help="cores, and threads, of each (default: 1)"
    )
    group.add_argument("--gpus-per-trial", type=GPUS.parse, metavar="X", help="share of a GPU, or whole GPUs, of each")
    group.add_argument("--address", metavar="HOST:PORT", help="join a running Ray cluster (see docs/sweep.md)")
    group.add_argument(
        "--trial-timeout",
        type=TIMEOUT.parse,
        metavar="SECONDS",
        help="a training that says nothing for so long has failed",
    )
    group.add_argument(
        "--verbose", action="store_true", help="also say how long trainings took to start, and how busy the slots were"
    )


def add_size(group: argparse._ArgumentGroup) -> None:
    """Add how much a plan may take."""
    size = group.add_mutually_exclusive_group()
    size.add_argument(
        "--max-seeds",
        type=SEEDS.parse,
        metavar="N",
        help="fresh seeds of each at most (default: as many as find a gain of the margin, 6 to 24)",
    )
    size.add_argument(
        "--budget",
        type=duration,
        metavar="TIME",
        help="what it may take by the clock, as recorded runs took: 90m, 4h",
    )
    size.add_argument(
        "--seeds", type=SEEDS.parse, metavar="K", help="just so many fresh seeds, and one look at the end"
    )
    group.add_argument(
        "--further",
        action="store_true",
        help="a further plan for what is undecided: on fresh seeds, with half of the error that is left",
    )


def add_margin(
    group: argparse._ArgumentGroup, dest: str = "margin", default: str = " (default: the metric's own)"
) -> None:
    """Add the margin of verdicts."""
    group.add_argument(
        "--margin",
        dest=dest,
        type=MARGIN.parse,
        metavar="DIFFERENCE",
        help="the least difference worth having, in the metric's unit, percentage points where that is %%; smaller "
        f"ones are as good as none{default}",
    )


def add_explain(group: argparse._ArgumentGroup) -> None:
    """Add how much of a plan is said."""
    group.add_argument("--explain", action="store_true", help="say all of the plan: boundaries, error, seeds, claim")


def add_judgement(parser: argparse.ArgumentParser) -> None:
    """Add what every command that gives verdicts takes."""
    group = parser.add_argument_group("the verdicts")
    add_margin(group)
    group.add_argument(
        "--claim",
        choices=("test-set", "population"),
        help="about the expected score on this test set, or in the population it was drawn from (needs more, has no "
        "early stop) (default: test-set)",
    )
    add_dry_run(group)
    add_explain(group)
