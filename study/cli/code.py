"""The door of code: what a command may execute. A study's folder is a stranger's until the command line says otherwise.

What is given on the command line runs. What only study.json names runs where it is the toolkit's own, or a file outside
the study's folder with the SHA-256 that study.json keeps, compared before anything of it is executed. That tells that a
file of yours was changed since. It tells nothing of whom to trust: whoever made the study wrote its fingerprint too, so
a file that came along with the folder, beside it say, passes. Only one inside the folder is known to have come with it.
"""

from __future__ import annotations

import os
import re
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.code import OWN, absolute, file_and_name, fingerprint, is_in_file
from results.config import checked_config
from results.errors import UserError
from results.escaping import hide_home
from results.meta import SHA256, StudyMeta
from study.cli.script import open_script
from study.protocol import Trainable, load_trainable
from study.scripts.scripted import COMMAND
from study.terminal.screen import note

DEFAULT = "alexnet"


@dataclass(frozen=True)
class Loaded:
    """A trainable that may run. ``name`` is what study.json keeps, ``path`` what ``load_trainable`` takes anywhere."""

    name: str
    path: str
    sha256: str | None  # None for a module: its files may be many
    model: Trainable

    def record(self, meta: StudyMeta) -> None:
        """Make the study's name and fingerprint those of what runs now, and say so where they were others."""
        if self.sha256 != meta.trainable_sha256 is not None:
            note(
                f"note: '{self.name}' is not what this study was started with, and was given again: its new "
                "fingerprint is kept; if it trains otherwise now, old and new runs do not compare"
            )
        if _place(self.name) != _place(meta.trainable):  # else as it was written first
            meta.trainable = self.name
        meta.trainable_sha256 = self.sha256


def open_trainable(args: Namespace, meta: StudyMeta | None) -> Loaded:
    """Load the trainable of a command: what its command line gives, else that of the study, else AlexNet.

    Raises UserError, before anything is executed, for one that only study.json names and that may not run.
    """
    given, study = args.trainable, args.study
    if (script := open_script(args, meta)) is not None:
        return Loaded(COMMAND, COMMAND, None, script)
    name = given if given is not None else meta.trainable if meta is not None else DEFAULT
    path = absolute(name) if is_in_file(name) else name
    expected, mend = None, f": give it on this command line, --trainable {name}, or choose another --study"
    if meta is not None and given is None:
        expected = _expected(meta, study, mend)
    sha256 = fingerprint(_file(name), "trainable") if is_in_file(name) else None
    if meta is not None and given is not None:
        _same(meta, name, sha256, study)
    model = load_trainable(name, sha256 if expected is None else expected, mend)
    checked_config(model.Config, {}, f"trainable '{name}': the defaults of its Config")
    return Loaded(hide_home(name), path, sha256, model)


def _file(name: str) -> Path:
    return file_and_name(name)[0].expanduser()


def _expected(meta: StudyMeta, study: Path, mend: str) -> str | None:
    name = meta.trainable
    if not is_in_file(name):
        if name not in OWN:
            raise UserError(f"study '{study}' names module '{name}', and a study's word alone runs no module{mend}")
        return None
    path = _file(name)
    if not path.is_file():
        where = "" if path.is_absolute() else f" in '{Path.cwd()}', where this command was started"
        raise UserError(f"no trainable at '{name}'{where}, as study '{study}' has it: give --trainable FILE")
    if meta.trainable_sha256 is None:
        raise UserError(f"study '{study}' keeps no fingerprint of its trainable '{name}'{mend}")
    if _inside(path, study):
        raise UserError(
            f"trainable '{name}' lies in the folder of study '{study}', whose word alone does not run it{mend}"
        )
    return meta.trainable_sha256


def _inside(file: Path, study: Path) -> bool:
    """Whether a file came with the study, as its path is written or as its links lead."""
    absolute, folder = Path(os.path.abspath(file)), study.resolve()
    return any(p.is_relative_to(folder) for p in (absolute, absolute.parent.resolve() / file.name, file.resolve()))


def _same(meta: StudyMeta, name: str, sha256: str | None, study: Path) -> None:
    """A file is the study's where its place or its content is, however its path is written."""
    if _place(name) != _place(meta.trainable) and (sha256 is None or sha256 != meta.trainable_sha256):
        raise UserError(f"study '{study}' is of trainable '{meta.trainable}', not '{name}'; choose another --study")


def _place(name: str) -> str:
    return str(_file(name).resolve()) + file_and_name(name)[1] if is_in_file(name) else name


def expected_file(option: str, given: str | None, earlier: dict[str, Any], study: Path) -> str | None:
    """Return what the file of the sweep's 'space' or 'sampler' must be, as study.json has it; None where any will do.

    That is one that was given, or one that is in no file. Raises UserError for a file that only study.json names and
    keeps no fingerprint of, or that lies in the study's folder.
    """
    if given is not None:
        return None
    name, kept = str(earlier.get(option, "")), earlier.get(f"{option}_sha256")
    if not is_in_file(name):
        return None
    mend = f": give it on this command line, --{option} {name}"
    if not isinstance(kept, str) or not re.fullmatch(SHA256, kept):
        raise UserError(f"study '{study}' keeps no fingerprint of its {option} '{name}'{mend}")
    if _inside(file_and_name(name)[0], study):
        raise UserError(
            f"{option} '{name}' lies in the folder of study '{study}', whose word alone does not run it{mend}"
        )
    return kept
