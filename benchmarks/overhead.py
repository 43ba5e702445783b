"""Measure what a trial costs: the same trivial objective, sampled at random, through Optuna, Ray Tune and this engine.

    python -m benchmarks.overhead              # every contender to 1,000 trials, three rounds
    python -m benchmarks.overhead --quick      # to 200 trials, one round: under two minutes on two cores

CPU seconds of all of a contender's processes, not wall seconds, so that another program on the machine disturbs
little. A further trial's cost is what CPU time grew by between two numbers of ended trials, start-up left out; it
includes the objective, whose own cost is printed. A ratio is formed within each round, in which contenders take turns.
Tune now and then ends a worker that it could use again and starts another, 1.3 s of CPU each; its rounds differ by
that, so the number of each contender's processes is printed, round by round.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.epoch import machine
from benchmarks.overhead_contenders import CONTENDERS, HIGHEST, LOWEST, SEED, score
from benchmarks.programs import Program, revision, write_json
from benchmarks.studies import chooses_engine

MARKS = (50, 150, 200, 900, 1000)  # ended trials at which CPU time is read
SPANS = ((50, 200), (200, 1000))
EARLY, LATE = (50, 150), (900, 1000)
QUICK = 200  # trials
AT = (50, 200, 1000)  # trials that Optuna knows when TPE's own cost is measured
MEMORY, JOURNAL, TUNE, HERE, RAY = CONTENDERS
COSTS = ((RAY, TUNE, 1.5), (HERE, MEMORY, 3.0))  # of a further trial: at most so many times as much


def measure(name: str, trials: int) -> dict[str, float]:
    """Run a contender; return CPU seconds since its start at each mark up to ``trials``, and its count of processes."""
    at = [n for n in MARKS if n <= trials]
    program = Program("benchmarks.overhead_contenders", name, str(trials), ",".join(map(str, at)))
    found = {mark: cpu for mark, cpu, _ in program.marks()}
    return {**found, "processes": program.clock.processes}


def cost(cpu: dict[str, float], span: tuple[int, int]) -> float | None:
    """Return CPU seconds per further trial in ``span``; None where the run was shorter."""
    first, last = map(str, span)
    return (cpu[last] - cpu[first]) / (span[1] - span[0]) if last in cpu else None


def growth(cpu: dict[str, float]) -> float | None:
    """Return how many times an early trial's cost a late one's is; None where the run was shorter."""
    early, late = cost(cpu, EARLY), cost(cpu, LATE)
    return late / early if early and late else None


def evaluate(rounds: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Return medians per contender, and each ratio of every round with its limit, where both sides ran.

    ``rounds``: per round, by contender, what :func:`measure` returned.
    """
    contenders: dict[str, Any] = {}
    for name in rounds[0]:
        mine = [one[name] for one in rounds]
        contenders[name] = {
            "cpu_seconds_at": {str(n): _median([cpu[str(n)] for cpu in mine]) for n in MARKS if str(n) in mine[0]},
            "processes": [cpu.get("processes") for cpu in mine],
            "per_trial": {_span(span): _median([cost(cpu, span) for cpu in mine]) for span in SPANS},
            "growth": _median([growth(cpu) for cpu in mine]),
        }
    ratios = []
    for one, other, limit in COSTS:
        for span in SPANS:
            found = [_over(cost(r[one], span), cost(r[other], span)) for r in rounds if one in r and other in r]
            ratios.append(_ratio(f"a trial of '{one}' / of '{other}', {_span(span)}", found, limit))
    ratios.append(_ratio(f"growth of '{HERE}'", [growth(r[HERE]) for r in rounds if HERE in r], 1.2))
    found = [_over(growth(r[RAY]), growth(r[TUNE])) for r in rounds if RAY in r and TUNE in r]
    ratios.append(_ratio(f"growth of '{RAY}' / of '{TUNE}'", found, 1.1))
    return {"contenders": contenders, "ratios": ratios}


def _ratio(what: str, found: list[float | None], limit: float) -> dict[str, Any]:
    values = [round(v, 3) for v in found if v is not None]
    middle = statistics.median(values) if values else None
    return {
        "what": what,
        "rounds": values,
        "median": middle,
        "limit": limit,
        "kept": None if middle is None else middle <= limit,
    }


def _over(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def _median(values: list[float | None]) -> float | None:
    found = [v for v in values if v is not None]
    return round(statistics.median(found), 5) if found else None


def _span(span: tuple[int, int]) -> str:
    return f"{span[0]}-{span[1]}"


def alone(times: int = 200) -> float:
    """Return CPU seconds of the objective by itself."""
    score(0.1, 0.01)
    started = time.process_time()
    for _ in range(times):
        score(0.1, 0.01)
    return round((time.process_time() - started) / times, 5)


def proposing(sampler: str, known: int, times: int = 30) -> float:
    """Return CPU seconds of asking and telling once, in memory, where Optuna knows ``known`` trials."""
    import optuna

    from study.search.sampler import make_sampler

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    dimension = optuna.distributions.FloatDistribution(LOWEST, HIGHEST, log=True)
    space = {"learning_rate": dimension, "decay": dimension}
    study = optuna.create_study(direction="maximize", sampler=make_sampler("random", SEED, 0))

    def one() -> None:
        trial = study.ask(space)
        study.tell(trial, -abs(trial.params["learning_rate"] - 0.1) - trial.params["decay"])

    for _ in range(known - times // 2):  # so that the middle one of those measured is number ``known``
        one()
    study.sampler = make_sampler(sampler, SEED, known)
    started = time.process_time()
    for _ in range(times):
        one()
    return round((time.process_time() - started) / times, 5)


def show(result: dict[str, Any]) -> str:
    """Return the tables."""
    n = result["rounds"]
    ends = "  ".join(f"{_span(span):>9}" for span in SPANS)
    rounds = f"{n} round{'s' * (n != 1)}"
    lines = [
        f"CPU seconds, medians of n = {rounds}; the objective alone: {result['objective']:.4f} a trial",
        f"  {'':<22}{'to trial':>9}{MARKS[0]:>7}{QUICK:>9}{MARKS[-1]:>9}   a further trial: {ends}   growth  processes",
    ]
    for name, row in result["contenders"].items():
        at = [row["cpu_seconds_at"].get(str(mark)) for mark in (MARKS[0], QUICK, MARKS[-1])]
        costs = "  ".join(f"{_number(row['per_trial'][_span(span)], 4):>9}" for span in SPANS)
        until = "".join(f"{_number(value, 2):>9}" for value in at)
        lines.append(
            f"  {name:<29}{until}                    {costs}  {_number(row['growth'], 2):>7}  {row['processes']}"
        )
    lines.append("ratios (limit; kept?)")
    for row in result["ratios"]:
        kept = {None: "not measured", True: "kept", False: "BROKEN"}[row["kept"]]
        seen = f", {min(row['rounds']):.2f} to {max(row['rounds']):.2f}" if len(row["rounds"]) > 1 else ""
        lines.append(f"  {row['what']:<48}{_number(row['median'], 2):>6}{seen} (at most {row['limit']:g}; {kept})")
    lines.append("asking and telling Optuna once, in memory: CPU seconds where it knows so many trials")
    for sampler, row in result["proposing"].items():
        lines.append(f"  {sampler:<8}" + "  ".join(f"{n}: {value:.4f}" for n, value in row.items()))
    return "\n".join([*lines, *(f"note: {note}" for note in result["notes"])])


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def main() -> None:
    """Parse, measure, print, and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.overhead", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, help="default: 3, one with --quick")
    parser.add_argument("--quick", action="store_true", help=f"one round, to {QUICK} trials")
    parser.add_argument("--only", choices=CONTENDERS, action="append", help="this contender; repeatable (default: all)")
    parser.add_argument("--json", type=Path, default=Path("runs/bench/overhead.json"), help="default: %(default)s")
    args = parser.parse_args()
    names = [name for name in CONTENDERS if name in (args.only or CONTENDERS)]
    notes, trials = [], QUICK if args.quick else MARKS[-1]
    if args.quick:
        notes.append(f"--quick leaves out what comes after {QUICK} trials: the costs up to {MARKS[-1]}, and growth")
    if HERE in names and not chooses_engine():
        names.remove(HERE)
        notes.append(f"this revision cannot be asked for '{HERE}'")
    count = args.rounds or (1 if args.quick else 3)
    rounds = []
    for number in range(count):
        turn = number % len(names)
        found = {}
        for name in names[turn:] + names[:turn]:
            found[name] = measure(name, trials)
            print(f"round {number + 1}/{count}, {name}: {found[name]['returned']:.1f} s of CPU", flush=True)
        rounds.append({name: found[name] for name in names})
    samplers = {name: {str(n): proposing(name, n) for n in AT} for name in ("random", "tpe")}
    result = {"rounds": count, "trials": trials, "objective": alone(), **evaluate(rounds)}
    result |= {"proposing": samplers, "notes": notes}
    print(show(result))
    write_json(args.json, {"machine": machine(), "revision": revision(), **result, "measured": rounds})


if __name__ == "__main__":
    main()
