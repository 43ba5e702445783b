"""Options that commands share. Imports nothing but argparse."""

from __future__ import annotations

import argparse
from pathlib import Path

DEFAULT_STUDY = Path("runs/alexnet-cifar10")
DEFAULT_SEED = 504


def add_study(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes."""
    parser.add_argument(
        "--study", type=Path, default=DEFAULT_STUDY, metavar="DIR", help="the study's folder (default: %(default)s)"
    )
    parser.add_argument("--quiet", action="store_true", help="print results only")


def add_training(parser: argparse.ArgumentParser, sets: str, study_seed: bool = False) -> None:
    """Add what every command that trains takes.

    ``sets`` says what --set means to this one; ``study_seed`` leaves --seed None, for the study's own, if not given.
    """
    group = parser.add_argument_group("what to train")
    group.add_argument(
        "--trainable",
        metavar="MODULE",
        help="module name or path.py of the model to study (default: the study's, else alexnet; see docs/trainable.md)",
    )
    group.add_argument(
        "--dataset",
        metavar="NAME|PATH",
        help="cifar10, digits (bundled), or a folder with train/<class>/* and test/<class>/* "
        "(default: the study's, else cifar10)",
    )
    group.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where downloads and decoded images are kept (default: $STUDY_DATA_DIR, else ./data)",
    )
    group.add_argument("--dataset-name", metavar="NAME", help="how results are labelled (default: the dataset's name)")
    group.add_argument("--config", type=Path, metavar="FILE", help="start from this config: JSON, as a record holds it")
    group.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", dest="sets", help=f"{sets}; repeatable"
    )
    group.add_argument(
        "--seed",
        type=seed,
        default=None if study_seed else DEFAULT_SEED,
        metavar="N",
        help=f"(default: the study's, else {DEFAULT_SEED})" if study_seed else "(default: %(default)s)",
    )
    group = parser.add_argument_group("how to compute")
    group.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="(default: a GPU if there is one)"
    )
    group.add_argument(
        "--precision",
        choices=("auto", "fp32", "bf16"),
        default="auto",
        help="auto is bf16 where the device computes it natively; settled once per study",
    )


def add_resources(parser: argparse.ArgumentParser) -> None:
    """Add what every command that trains more than once takes."""
    group = parser.add_argument_group("how many at once")
    group.add_argument(
        "--concurrency", type=int, metavar="N", help="trainings at a time (default: one per core or GPU share)"
    )
    group.add_argument("--cpus-per-trial", type=int, metavar="N", help="cores, and threads, of each (default: 1)")
    group.add_argument("--gpus-per-trial", type=float, metavar="X", help="share of a GPU, or whole GPUs, of each")
    group.add_argument("--address", metavar="HOST:PORT", help="join a running Ray cluster (see docs/sweep.md)")
    group.add_argument(
        "--trial-timeout", type=float, metavar="SECONDS", help="a training that says nothing for so long has failed"
    )


def seed(text: str) -> int:
    """Parse a seed: an integer from 0 to 2**31 - 1."""
    value = int(text)
    if not 0 <= value < 2**31:
        raise argparse.ArgumentTypeError(f"seed {value} is not in 0..2147483647")
    return value


def positive(text: str) -> int:
    """Parse a count of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return value
