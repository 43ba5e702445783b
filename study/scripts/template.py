"""A command template, ``python train.py --lr {lr} --seed {seed}``, and the argument list that it makes of a config.

Split into words once, before any value is put in, and run without a shell: a value with spaces, quotes or ``;`` stays
one argument. ``string.Template`` (``$lr``) was the alternative, but people type ``$HOME`` in commands.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from results.errors import UserError, nearest, shown

SEED, RUN_DIR = "seed", "run_dir"
OPTION = "--command"
LONGEST = 30_000  # characters: what splits it into words takes the square of them; study.json's limit too
_NAME = re.compile(r"[^\W\d][\w.-]*")
_SHELL = {"&&", "||", "|", ";", "&", ">", ">>", "<", "<<", "2>", "2>&1", "&>"}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_Word = tuple[tuple[str, str | None], ...]  # literal text, then the name of the value behind it, or None


@dataclass(frozen=True)
class Template:
    """See the module. ``words``: of each argument its parts."""

    text: str
    words: tuple[_Word, ...]

    @classmethod
    def of(cls, text: str) -> Template:
        """Read a template. Raises UserError for one that no config could fill."""
        if "\0" in text:
            raise UserError(f"{OPTION} {shown(text)}: a NUL character cannot be part of a command")
        if len(text) > LONGEST:
            raise UserError(f"{OPTION} has {len(text):,} characters; at most {LONGEST:,} are taken")
        try:
            words = shlex.split(text)
        except ValueError as error:  # "No closing quotation", "No escaped character"
            raise UserError(f"{OPTION} {shown(text)}: unbalanced quotes or backslash ({error})") from error
        if not words or not words[0]:
            raise UserError(f"{OPTION} {shown(text)}: names no program, as in 'python train.py --lr {{lr}}'")
        _no_shell(text)
        return cls(text, tuple(_parts(word) for word in words))

    @property
    def names(self) -> frozenset[str]:
        """The values that it uses, ``seed`` among them."""
        return frozenset(name for word in self.words for _, name in word if name is not None)

    @property
    def has_seed(self) -> bool:
        """Whether repeated runs can differ; without, no verdict is possible."""
        return SEED in self.names

    def check(self, fields: Iterable[str]) -> None:
        """Raise UserError for a placeholder that is no field of the config."""
        known = {*fields, SEED, RUN_DIR}
        for name in sorted(self.names - known):
            raise UserError(f"{OPTION}: there is no value for the placeholder {{{name}}}{nearest(name, known)}")

    def find(self, cwd: str | Path = ".", path: str | None = None) -> None:
        """Raise UserError where its program cannot be run from ``cwd``; one that a value names shows when run."""
        if all(name is None for _, name in self.words[0]):
            find_program("".join(text for text, _ in self.words[0]), cwd, path)

    @property
    def fields(self) -> frozenset[str]:
        """The values that a config is to have: neither the seed nor the run's folder."""
        return self.names - {SEED, RUN_DIR}

    def argv(self, values: Mapping[str, Any], seed: int, run_dir: str = ".") -> list[str]:
        """Return the arguments for a config. A field called ``seed`` gives way to the seed.

        ``run_dir``: a folder for what the run writes.
        """
        self.check(values)
        given = {**values, SEED: seed, RUN_DIR: run_dir}
        made = ["".join(text + ("" if name is None else typed(given[name])) for text, name in w) for w in self.words]
        if wrong := [word for word in made if "\0" in word]:
            raise UserError(f"{OPTION}: a NUL character cannot be part of the argument {shown(wrong[0])}")
        return made


def typed(value: Any) -> str:
    """Write a value as one would type it, so that it is read back as the same: 0.001, true, null, [64, 32], adam.

    repr of a float is the shortest text that means this float and no other. true and false, not Python's True: JSON,
    YAML, Lua and Julia read them, and what reads Python's must name both anyway (``bool("False")`` is True).
    """
    if isinstance(value, Enum):
        return typed(value.value)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():  # a number of NumPy's
        return typed(value.item())
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float):
        return float.__repr__(value)  # nan, inf and -inf too
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(dict(value) if isinstance(value, Mapping) else value, ensure_ascii=False, default=typed)
    return str(value)


def find_program(program: str, cwd: str | Path, path: str | None = None) -> None:
    """Raise UserError where a shell in ``cwd`` would not find ``program``. ``path``: PATH, else this process's."""
    if os.sep in program:
        file = Path(cwd, program)
        if not file.is_file():
            raise UserError(f"{OPTION}: the program {shown(program)} is not found in {shown(str(cwd))}")
        if not os.access(file, os.X_OK):
            raise UserError(f"{OPTION}: the program {shown(program)} may not be run: chmod +x, or name what runs it")
        return
    if shutil.which(program, path=path) is not None:
        return
    if _ASSIGNMENT.match(program):
        mend = f"; for a variable write: env {program} ..."
    elif Path(cwd, program).is_file():
        mend = f"; did you mean './{program}'?"
    else:
        mend = nearest(program, _programs(path))
        mend = mend if "did you mean" in mend else ""  # else it would list the whole of PATH
    raise UserError(f"{OPTION}: the program {shown(program)} is not found on PATH{mend}")


def _programs(path: str | None) -> set[str]:
    found: set[str] = set()
    for folder in (os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep):
        if os.path.isdir(folder):
            found.update(os.listdir(folder))
    return found


def _parts(word: str) -> _Word:
    try:
        found = list(string.Formatter().parse(word))
    except ValueError as error:  # "Single '}' encountered in format string", "expected '}' before end of string"
        raise UserError(
            f"{OPTION}: a brace stands alone in {shown(word)}; a literal one is written {{{{ or }}}}"
        ) from error
    for _, name, form, conversion in found:
        if name is None:
            continue
        if form or conversion:
            raise UserError(
                f"{OPTION}: {shown(word)} formats a value, but values are put in exactly; "
                f"write {shown('{' + name + '}')[1:-1]}"
            )
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{OPTION}: {shown('{' + name + '}')} is no placeholder, which is a name in braces; "
                "literal braces are written {{ and }}"
            )
    return tuple((text, name) for text, name, _, _ in found) or (("", None),)


def _no_shell(text: str) -> None:
    """Refuse what only a shell would read, unless quoted: as an argument it would be silently misunderstood."""
    try:
        words = shlex.split(text, posix=False)  # keeps the quotes: '|' is an argument, | is a mistake
    except ValueError:  # such an escape as it does not know: then nothing can be said
        return
    for word in words:
        several = word.endswith(";") and not word.endswith("\\;") and word[0] not in "\"'"
        if word in _SHELL or several:
            raise UserError(
                f"{OPTION}: no shell runs it, and {shown(word)} needs one; write sh -c '...', or quote it if meant"
            )
