"""records.jsonl -> the records that count, and the lines that do not with the reason of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from results.checks import EVIDENCE, LINE_BYTES, checked, contradiction
from results.config import RUN_ID
from results.formatting import plural
from results.meta import DatasetInfo
from results.plain import Unreadable
from results.record import Record

FILE_BYTES = 2**31  # 2 GiB: 200,000 runs of a hundred classes
MOST_SHOWN = 10
SCORES = (*(name for name in EVIDENCE if name != "history"), "test_loss")  # what two runs of one config and seed share
NAMED = re.compile(rb'"run_id"\s*:\s*"([^"\\]{1,64})"')


@dataclass(frozen=True)
class Ignored:
    """A line that is not used: its number, the run that it names where it names one, and the rule that it breaks."""

    line: int
    run_id: str | None
    reason: str

    def __str__(self) -> str:
        run = f", run {self.run_id}" if self.run_id else ""
        return f"line {self.line}{run}: {self.reason}"


@dataclass(frozen=True)
class Reading:
    """What records.jsonl holds: the records that count, in order, and the lines that are ignored."""

    records: list[Record] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    @property
    def lost(self) -> set[tuple[str, int]]:
        """Runs by (config hash, seed) that an ignored line names and of which no complete record counts."""
        named = [RUN_ID.fullmatch(i.run_id) for i in self.ignored if i.run_id]
        done = {(r.config_hash, r.seed) for r in self.records if r.status == "complete"}
        return {(m[1], int(m[2])) for m in named if m} - done

    @property
    def names(self) -> set[str]:
        """The run ids that no further record may have, those of ignored lines too."""
        return {r.run_id for r in self.records} | {i.run_id for i in self.ignored if i.run_id}

    def told(self) -> list[str]:
        """Say how many lines are ignored, then each with its reason: the first ten, and how many more."""
        n = len(self.ignored)
        if not n:
            return []
        rest = [f"{n - MOST_SHOWN} more"] if n > MOST_SHOWN else []
        count = f"{plural(n, 'line')} of records.jsonl {'is' if n == 1 else 'are'} ignored"
        return [count, *(str(i) for i in self.ignored[:MOST_SHOWN]), *rest]


def read_records(file: IO[bytes], dataset: DatasetInfo) -> Reading:
    """Read all lines. Of identical ones the first counts, of those that differ under one run_id none does."""
    found: dict[str, tuple[int, Record]] = {}
    lines: dict[str, list[int]] = {}  # per run_id: lines that differ
    ignored: list[Ignored] = []
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            record = checked(line)
            problem = contradiction(record, dataset)
        except Unreadable as error:
            record, problem = None, str(error)
        if record is None or problem:
            ignored.append(Ignored(number, named(line), problem or ""))
            continue
        first = found.setdefault(record.run_id, (number, record))
        if first[1] != record:
            lines.setdefault(record.run_id, [first[0]]).append(number)
    for run_id, numbers in lines.items():
        del found[run_id]
        said = " and ".join(map(str, numbers[:5]))
        ignored += [Ignored(n, run_id, f"lines {said} of this run differ, so none of them counts") for n in numbers]
    for run_id, number, said in _rivals(found):
        del found[run_id]
        ignored.append(Ignored(number, run_id, f"lines {said} have other scores of one config and seed: none counts"))
    return Reading([record for _, record in found.values()], sorted(ignored, key=lambda i: i.line))


def _rivals(found: dict[str, tuple[int, Record]]) -> list[tuple[str, int, str]]:
    """Return the complete runs of one config and seed whose scores differ: run id, line, and the lines of all of them.

    A second attempt is made only while no attempt is complete, so these are not the toolkit's. Copies with the same
    scores take nothing: whichever is used says the same, and times may differ.
    """
    groups: dict[tuple[str, int, str], list[tuple[int, Record]]] = {}
    for number, record in found.values():
        if record.status == "complete":
            of = (record.config_hash, record.seed, record.dataset.fingerprint)
            groups.setdefault(of, []).append((number, record))
    rivals = []
    for group in groups.values():
        first = group[0][1]
        if any(getattr(r, name) != getattr(first, name) for _, r in group for name in SCORES):
            said = " and ".join(str(n) for n, _ in group[:5])
            rivals += [(r.run_id, n, said) for n, r in group]
    return rivals


def holds(file: IO[bytes], run_id: str) -> bool:
    """Whether a line is the record of ``run_id``, to which no second may be added. Parses only lines that name it."""
    return any(run_id.encode() in line and _is(line, run_id) for line in _lines(file))


def named(line: bytes) -> str | None:
    """Return the run that a line names, for show, whatever else it holds."""
    match = NAMED.search(line[: 2**16])
    name = match[1].decode("utf-8", "replace") if match else ""
    return name if RUN_ID.fullmatch(name) else None


def _is(line: bytes, run_id: str) -> bool:
    try:
        return checked(line).run_id == run_id
    except Unreadable:
        return False


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines; of one that is too long only its beginning, so that it is refused and not held."""
    while line := file.readline(LINE_BYTES + 1):
        yield line
        while line and not line.endswith(b"\n") and len(line) > LINE_BYTES:
            line = file.readline(LINE_BYTES + 1)
