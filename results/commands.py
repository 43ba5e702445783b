"""The one place that writes a command of this toolkit: complete, its study named, as a person can paste it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from results.code import OWN, is_in_file
from results.escaping import hide_home

if TYPE_CHECKING:  # help and refusals, which write commands too, do without pydantic
    from results.meta import StudyMeta

PROGRAM = ("python", "-m", "study.run")
TRAINING = ("baseline", "sweep", "confirm", "ablate", "auto")


def command(name: str, study: Path | str, *words: str) -> str:
    """Return ``python -m study.run NAME --study STUDY WORDS`` as a shell reads it; ``name`` may be '' for none."""
    place = shown_path(study)
    quoted = f"~/{shlex.quote(place[2:])}" if place.startswith("~/") else shlex.quote(place)
    return " ".join([*PROGRAM, name, "--study", quoted, *map(shlex.quote, words)])


def shown_path(path: Path | str) -> str:
    """A path as a person here would type it: relative where it lies below the working directory, else absolute."""
    absolute = os.path.abspath(path)
    relative = os.path.relpath(absolute)
    if relative.startswith(("-", "~")):  # neither an option nor anyone's home
        return f"./{relative}"
    return relative if not relative.startswith(os.pardir) else hide_home(absolute)


def given_again(meta: StudyMeta) -> list[str]:
    """The words that each training command of a study must repeat: its script, or a trainable that is a module.

    A study's word alone runs neither. A file with its fingerprint, and what the toolkit has itself, need no word.
    """
    if meta.script is not None:
        return ["--command", meta.script.template]
    return [] if meta.trainable in OWN or is_in_file(meta.trainable) else ["--trainable", meta.trainable]


def next_command(name: str, study: Path | str, meta: StudyMeta, *words: str) -> str:
    """The same with what a training command of this study must be given again."""
    return command(name, study, *words, *(given_again(meta) if name in TRAINING else ()))


def contract_command(trainable: str, *words: str) -> str:
    """Return the command that trains a trainable a few times, shortly, and says whether it is as it declares."""
    return shlex.join([*PROGRAM[:2], "study.contract", trainable, *words])


def as_typed(argv: Sequence[str], study: Path | str | None) -> str:
    """Return the command that was typed, its study named."""
    named = any(word == "--study" or word.startswith("--study=") for word in argv)
    more = [] if named or study is None else ["--study", shown_path(study)]
    return " ".join([*PROGRAM, *map(shlex.quote, [*argv, *more])])
