"""records.jsonl -> the records that count, and the lines that do not with the reason of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from results.checks import LINE_BYTES, checked, contradiction
from results.config import RUN_ID
from results.formatting import plural
from results.identity import Identity
from results.meta import StudyMeta
from results.plain import Unreadable
from results.record import Record

FILE_BYTES = 2**31  # 2 GiB: 200,000 runs of a hundred classes
MOST_SHOWN = 10
SCORES = ("best_epoch", "val", "test", "test_examples", "test_confusion")  # what two runs of one config and seed share
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
    identity: Identity = field(default_factory=Identity, compare=False)

    @property
    def lost(self) -> set[tuple[str, int]]:
        """Runs by (config hash, seed) that an ignored line names and of which no complete record counts."""
        named = [RUN_ID.fullmatch(i.run_id) for i in self.ignored if i.run_id]
        done = {(r.config_hash, r.seed) for r in self.records if r.status == "complete"}
        return {(self.identity.now(m[1]), int(m[2])) for m in named if m} - done

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


class Index:
    """The lines of records.jsonl as far as they were read or written, and at any time which of them count.

    Of identical lines the first counts, of those that differ under one run_id none does, and neither do complete runs
    of one config and seed whose scores differ.
    """

    def __init__(self, study: StudyMeta) -> None:
        self.recorded: set[str] = set()  # run ids of which no second record may be added
        self._study = study
        self._identity = Identity.of(study)
        self._lines = 0
        self._found: dict[str, tuple[int, Record]] = {}
        self._differing: dict[str, list[int]] = {}  # per run_id: lines that differ
        self._pairs: dict[tuple[str, int, str], list[str]] = {}  # complete runs of one config, seed and dataset
        self._ignored: list[Ignored] = []
        self._shared: dict[str, Any] = {}

    @classmethod
    def of(cls, file: IO[bytes], study: StudyMeta) -> Index:
        """Read all lines."""
        index = cls(study)
        for line in _lines(file):
            index.add(line)
        return index

    def add(self, line: bytes) -> None:
        """Take note of the file's next line."""
        self._lines += 1
        if not line.strip():
            return
        try:
            record = checked(line)
        except Unreadable as error:
            self._ignored.append(Ignored(self._lines, named(line), str(error)))
            return
        self.recorded.add(record.run_id)
        if problem := contradiction(record, self._study):
            self._ignored.append(Ignored(self._lines, named(line), problem))
            return
        self._identity.fill(record)
        first = self._found.get(record.run_id)
        if first is not None:
            if first[1] != record:
                self._differing.setdefault(record.run_id, [first[0]]).append(self._lines)
            return
        for name in ("dataset", "metric", "environment", "sweep"):
            if value := getattr(record, name):
                setattr(record, name, self._share(value))
        self._found[record.run_id] = (self._lines, record)
        if record.status == "complete":
            of = (record.config_hash, record.seed, record.dataset.fingerprint)
            self._pairs.setdefault(of, []).append(record.run_id)

    def reading(self) -> Reading:
        """Return the records that count, in order, and what is ignored."""
        found, ignored = dict(self._found), list(self._ignored)
        for run_id, numbers in self._differing.items():
            del found[run_id]
            said = " and ".join(map(str, numbers[:5]))
            ignored += [Ignored(n, run_id, f"lines {said} of this run differ, so none of them counts") for n in numbers]
        for run_id, number, said in self._rivals(found):
            del found[run_id]
            why = f"lines {said} have other scores of one config and seed: none counts"
            ignored.append(Ignored(number, run_id, why))
        return Reading([record for _, record in found.values()], sorted(ignored, key=lambda i: i.line), self._identity)

    def _rivals(self, found: dict[str, tuple[int, Record]]) -> list[tuple[str, int, str]]:
        """Return the complete runs of one config and seed whose scores differ: run id, line, the lines of all of them.

        A second attempt is made only while no attempt is complete, so these are not the toolkit's. Copies with the
        same scores take nothing: whichever is used says the same, and times may differ.
        """
        rivals = []
        for run_ids in self._pairs.values():
            group = [found[run_id] for run_id in run_ids if run_id in found] if len(run_ids) > 1 else []
            if any(getattr(r, name) != getattr(group[0][1], name) for _, r in group[1:] for name in SCORES):
                said = " and ".join(str(n) for n, _ in group[:5])
                rivals += [(r.run_id, n, said) for n, r in group]
        return rivals

    def _share(self, value: Any) -> Any:
        """Return the first value that was the same; by its text, since 1 == 1.0 == True."""
        return self._shared.setdefault(repr(value), value)


def named(line: bytes) -> str | None:
    """Return the run that a line names, for show, whatever else it holds."""
    match = NAMED.search(line[: 2**16])
    name = match[1].decode("utf-8", "replace") if match else ""
    return name if RUN_ID.fullmatch(name) else None


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines; of one that is too long only its beginning, so that it is refused and not held."""
    while line := file.readline(LINE_BYTES + 1):
        yield line
        while line and not line.endswith(b"\n") and len(line) > LINE_BYTES:
            line = file.readline(LINE_BYTES + 1)
