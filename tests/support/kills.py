"""Many SIGKILLs at random moments over whole studies: ``python -m tests.support.kills --engine here --kills 200``.

Each study is baseline, sweep, confirm and ablate of the toy through the real command line. A command is started again
and again until it ends by itself; meanwhile drivers, workers and Ray's daemons are killed. See whole.py for what must
hold at its end. Prints what was killed and every fault, and exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import psutil

from results.analysis.evidence import Evidence
from results.analysis.plans import judge
from results.config import config_hash
from results.record import Record
from results.store import Study
from study.jobs import completed
from tests.support import ROOT
from tests.support.killed_toy import SPACES
from tests.support.processes import MARK, kind, marked
from tests.support.whole import check_same_as_uninterrupted, check_whole

TOY = "tests/support/killed_toy.py"
SEEDS, TRIALS = 4, 16
COMMANDS = {
    "baseline": ["--trainable", TOY, "--dataset", "600", "--seeds", str(SEEDS)],
    "sweep": ["--trainable", TOY, "--space", "toy", "--trials", str(TRIALS)],
    "confirm": ["--trainable", TOY, "--max-seeds", str(SEEDS)],
    "ablate": ["--trainable", TOY, "--max-seeds", str(SEEDS), "--leave-out", "2"],
}
INTERRUPTS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}  # of the driver; these are not counted as kills
INTERRUPTED = (130, -2)  # Python ends by SIGINT itself, 130 to a shell, where the exception met it in exec("text")
TARGETS = {  # how often, relative to each other
    "here": {"driver": 6, "worker": 4, "SIGINT": 0.5, "SIGTERM": 0.5},
    "ray": {"driver": 5, "worker": 3, "raylet": 1.5, "gcs": 1.5, "SIGINT": 0.5, "SIGTERM": 0.5},
}
WORKERS_A_START = 2  # a training that loses three workers in one start has rightly failed
GONE = 10.0  # seconds after the driver's death that anything of it may live
TOLD = 60.0  # seconds that a driver may take to see that Ray's daemon is dead
LONGEST = 300.0  # seconds of a command that nobody interrupts


class Start:
    """One start of a command, from its first moment to the death of its last process."""

    def __init__(self, number: int, command: str, arguments: list[str], folder: Path, environment: dict[str, str]):
        self.command, self.number = command, number
        self.mark = f"{folder.name}-{number}"
        self.journal = folder / f"{number}.journal"
        self.out, self.err = folder / f"{number}.out", folder / f"{number}.err"
        self.begun, self.died = time.monotonic(), 0.0
        environment = environment | {MARK: self.mark, "TOY_JOURNAL": str(self.journal)}
        with self.out.open("w") as out, self.err.open("w") as err:
            line = [sys.executable, "-m", "study.run", command, *arguments]
            hears = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731 - what a shell puts behind does not
            self.process = subprocess.Popen(line, cwd=ROOT, env=environment, stdout=out, stderr=err, preexec_fn=hears)

    def over(self) -> bool:
        if not self.died and self.process.poll() is not None:
            self.died = time.monotonic()
        return bool(self.died)

    def trained(self) -> list[str]:
        """One line per epoch."""
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def family(self) -> list[psutil.Process]:
        return marked(self.mark)


class Exercise:
    """Kills until it has killed enough; ``only``: during these commands, the others are left in peace."""

    def __init__(
        self,
        engine: str,
        kills: int,
        seed: int,
        folder: Path,
        say: Callable[[str], None] = print,
        only: Collection[str] = tuple(COMMANDS),
    ) -> None:
        self._only = only
        self.engine, self.left, self.folder, self.say = engine, kills, folder, say
        self.random = random.Random(seed)
        self.killed: Counter[str] = Counter()  # "command target"
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self._begun = time.monotonic()
        self._dying: list[Start] = []
        self._drivers: list[int] = []
        self._start_seconds = 1.0  # from a start to its first epoch, as last seen
        self._temporary = folder / "t"
        self._temporary.mkdir(parents=True)
        self._environment = os.environ | {
            "TMPDIR": str(self._temporary),
            "STUDY_ENGINE": engine,
            "STUDY_CHECKPOINT_SECONDS": "0.1",
            "PYTHONPATH": str(ROOT),
        }

    def run(self) -> None:
        """Begin studies and end them until no kill is left."""
        while self.left > 0:
            path = self.folder / f"study-{self.counts['studies']}"
            try:
                self._study(path)
            except Exception:  # noqa: BLE001 - of the exercise itself; the next study may do
                self._fault(f"{path.name}: {traceback.format_exc()}")
            self.counts["studies"] += 1
        for start in self._dying:
            self._wait(lambda start=start: start not in self._dying, 2 * GONE)
        if left := [p.name for p in self._temporary.iterdir()]:
            self._fault(f"left in the folder for temporary files: {left}")
        if left := [p.name for pid in self._drivers for p in self._folders(pid)]:
            self._fault(f"left of drivers: {left}")

    def summary(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "kills": sum(self.killed.values()),
            "killed": dict(sorted(self.killed.items())),
            **dict(sorted(self.counts.items())),
            "seconds": round(time.monotonic() - self._begun),
            "faults": self.faults,
        }

    # -- one study ---------------------------------------------------------------------------------------------------

    def _study(self, path: Path) -> None:
        for command in COMMANDS:
            kills = self.random.randint(3, 9) if command in self._only else 0
            while not self._once(path, command, min(kills, self.left)):
                kills -= self._last_kills
                if not self._last_kills:
                    return  # it fails by itself, which is noted
        before = self._bytes(path)
        for command in COMMANDS:  # all is done: nothing more happens
            if not self._once(path, command, 0):
                return
        if self._bytes(path) != before:
            self._fault(f"{path.name}: what was done was done again")
        try:
            records = check_whole(path, SPACES["toy"])
            self._check_plans(path, records)
            self.counts["resumed"] += check_same_as_uninterrupted(path)
            self.counts["records"] += len(records)
        except AssertionError:
            self._fault(f"{path.name}: {traceback.format_exc()}")
        else:
            shutil.rmtree(path)

    def _once(self, path: Path, command: str, kills: int) -> bool:
        """Start ``command`` and kill, at most so often; return whether it came to its end."""
        before, complete = self._bytes(path), self._complete(path)
        earlier = list(self._dying)
        start = self._start(path, command)
        self._last_kills = workers = 0
        name = ""
        while self._last_kills < kills and name in ("", "worker") and self._moment(start, path):
            target = self._target(start, workers)
            if target is None:
                break
            name, process = target
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(INTERRUPTS.get(name, signal.SIGKILL))
                self._last_kills += 1
                workers += name == "worker"
                self.left -= name not in INTERRUPTS
                (self.counts if name in INTERRUPTS else self.killed)[f"{command} {name}"] += 1
                self.say(f"{start.number}: {command}, {name} after {time.monotonic() - start.begun:.1f} s")
        self._end(start, name)
        if not self._bytes(path).startswith(before):
            self._fault(f"{start.number}: records.jsonl does not begin with what it held")
        if again := {" ".join(line.split()[:2]) for line in start.trained()} & complete:
            self._fault(f"{start.number}: trained again: {sorted(again)}")
        for other in earlier:
            self._no_folder(other, start)
        return start.process.returncode == 0

    def _start(self, path: Path, command: str) -> Start:
        arguments = ["--study", str(path), *COMMANDS[command], "--quiet"]
        if command == "baseline":
            arguments += ["--set", "epochs=9", "--set", "pause=0.08"]
        if self.engine == "ray":
            arguments += ["--concurrency", "2", "--cpus-per-trial", "1"]
        self.counts["starts"] += 1
        start = Start(self.counts["starts"], command, arguments, self.folder, self._environment)
        self._drivers.append(start.process.pid)
        return start

    def _moment(self, start: Start, path: Path) -> bool:
        """Wait for a random moment: while it starts, while it trains, or when the last record is there."""
        when = self.random.choices(("starting", "training", "ending"), (2, 5, 1))[0]
        if when == "starting":
            if start.trained():
                when = "training"
            else:
                self._wait(start.over, self.random.uniform(0.0, self._start_seconds))
        if when == "training":
            seen = len(start.trained())
            self._wait(lambda: start.over() or len(start.trained()) > seen, LONGEST)
            if not seen and start.trained():
                self._start_seconds = time.monotonic() - start.begun
            self._wait(start.over, self.random.uniform(0.0, 1.0))
        if when == "ending":
            size = -1
            while not start.over() and size != len(self._bytes(path)):  # no record for a while: the last it seems
                size = len(self._bytes(path))
                self._wait(start.over, 1.5 if start.trained() else self._start_seconds)
            self._wait(start.over, self.random.uniform(0.0, 1.0))
        return not start.over()

    def _target(self, start: Start, workers: int) -> tuple[str, psutil.Process] | None:
        weights = dict(TARGETS[self.engine])
        if workers >= WORKERS_A_START:
            weights.pop("worker")
        name = self.random.choices(list(weights), list(weights.values()))[0]
        found = [p for p in start.family() if kind(p) == name]
        if start.over():
            return None
        if name in ("driver", *INTERRUPTS) or not found:  # there may be no worker yet, or none between two trainings
            return name if name in INTERRUPTS else "driver", psutil.Process(start.process.pid)
        return name, self.random.choice(found)

    def _end(self, start: Start, hit: str) -> None:
        """Wait for the driver's end, and see to it that what it says is one line. ``hit``: what was killed last."""
        expects_end = hit in ("", "worker")
        if not self._wait(start.over, LONGEST if expects_end else GONE if hit in INTERRUPTS else TOLD):
            state = [f"{p.pid} {kind(p)}" for p in start.family()]
            self._fault(f"{start.number}: {start.command} does not end: {state}")
            start.process.kill()
            start.process.wait()
        start.over()
        self._dying.append(start)
        code, errors = start.process.returncode, start.err.read_text()
        said = [line for line in errors.splitlines() if line.strip() and not line.startswith("  python -m study.run ")]
        if hit in INTERRUPTS:
            at_once = code == -INTERRUPTS[hit] and not start.out.stat().st_size  # while Python itself was starting
            if not at_once and (code not in (0, *INTERRUPTED) or "Traceback" in errors):
                self._fault(f"{start.number}: {start.command} ended with code {code} after {hit}: {said[-8:]}")
        elif code != -9 and code != 0 and (not said or "Traceback" in errors or not said[-1].startswith("error: ")):
            self._fault(f"{start.number}: {start.command} ended with code {code} and said {said[-8:]}")
        elif code not in (0, -9):
            self.counts["ended with one line"] += 1
            self.say(f"{start.number}: {said[-1]}")
            if expects_end:
                self._fault(f"{start.number}: {start.command} ended with code {code}: {said[-3:]}")
        if self.random.random() < 0.5:  # the next start meets what the last one left, or does not
            self._wait(lambda: start not in self._dying, 2 * GONE)

    # -- what must hold ----------------------------------------------------------------------------------------------

    def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return True
            self._watch()
            time.sleep(0.05)
        return condition()

    def _watch(self) -> None:
        """Look for what outlives its driver."""
        for start in list(self._dying):
            left = start.family()
            if not left:
                self._dying.remove(start)
                self.counts["slowest end, ms"] = max(
                    self.counts["slowest end, ms"], round(1000 * (time.monotonic() - start.died))
                )
            elif time.monotonic() - start.died > GONE:
                self._fault(f"{start.number}: alive {GONE:g} s after the driver: {sorted(map(kind, left))}")
                for process in left:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()

    def _no_folder(self, earlier: Start, start: Start) -> None:
        """Nothing of an earlier start lies in the folder for temporary files once the next has trained."""
        if start.trained() and (left := self._folders(earlier.process.pid)):
            self._fault(f"{start.number}: found {left} of start {earlier.number}, as it ended")

    def _folders(self, pid: int) -> list[Path]:
        """What a driver has where temporary files lie; Ray's sockets may need a shorter path than $TMPDIR."""
        places = (self._temporary, Path("/tmp"), Path("/dev/shm"))  # noqa: S108
        return [p for folder in places for p in folder.glob(f"study-*-{pid}-*")]

    def _check_plans(self, path: Path, records: list[Record]) -> None:
        """Both plans have ended, with the verdicts and digests that whoever judges the records afresh comes to."""
        study = Study.open(path)
        evidence = Evidence(records, study.meta)
        assert not evidence.withdrawn, evidence.withdrawn
        plans = [judged.plan for family in ("confirm", "ablation") for judged in evidence.judged(family)]
        assert [(p.family, p.number) for p in plans] == [("confirm", 1), ("ablation", 2)]
        for plan in plans:
            runs = {(r.config_hash, r.seed): r for r in records if r.status == "complete"}
            judged = judge(plan, runs)
            assert judged.ended and len(plan.seeds) == SEEDS
            assert (plan.rounds, plan.verdicts) == (judged.digests(), judged.verdicts())
        confirmed = {h for p in plans[0].pairs for h in p.key}
        seeds = {s for plan in plans for s in plan.seeds}
        for record in records:
            assert record.kind in ("baseline", "sweep") or record.seed in seeds, record.run_id
            assert record.kind != "confirm" or record.config_hash in confirmed, record.run_id
        baseline = config_hash(study.meta.baseline)
        assert sum(r.kind == "baseline" for r in records) == SEEDS
        assert {r.config_hash for r in records if r.kind == "baseline"} == {baseline}
        assert len([r for r in records if r.kind == "sweep"]) == TRIALS

    def _bytes(self, path: Path) -> bytes:
        file = path / "records.jsonl"
        return file.read_bytes() if file.exists() else b""

    def _complete(self, path: Path) -> set[str]:
        if not (path / "study.json").exists():
            return set()
        return {f"{name} {seed}" for name, seed in completed(Study.open(path).records())}

    def _fault(self, text: str) -> None:
        self.faults.append(text)
        self.say(f"FAULT {text}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=tuple(TARGETS), required=True)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=tuple(COMMANDS), default=tuple(COMMANDS), help="kill during these")
    parser.add_argument("--json", type=Path, help="where the counts go")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kills-", dir="/tmp"))  # short, for Ray's sockets
    exercise = Exercise(args.engine, args.kills, args.seed, folder, lambda text: print(text, flush=True), args.only)
    exercise.run()
    told = json.dumps(exercise.summary(), indent=2)
    print(told)
    if args.json:
        args.json.write_text(told + "\n")
    if exercise.faults:
        print(f"what lies behind it is in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
