"""Time one training epoch: the classic loop against this project's trainer, in turn, on the same threads.

    python -m benchmarks.epoch                       # one thread and all cores, 20 steps a round
    python -m benchmarks.epoch --threads all --steps 176   # whole epochs of 45,000 images

Each contestant is a process of its own, so that each has its own peak memory; while one works the others wait.
A round times every contestant once, in an order that rotates; a ratio is formed within each round.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from benchmarks.gemm import TRAINING_FLOP

EPOCH_IMAGES = 45_000
BATCH = 256
EPOCH_STEPS = -(-EPOCH_IMAGES // BATCH)


class Worker:
    """A process that trains one epoch whenever it is told to. See benchmarks/epoch_worker.py."""

    def __init__(self, what: str, threads: int, images: int, dataset: str) -> None:
        self.what = what
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        command = [sys.executable, "-m", "benchmarks.epoch_worker", what, str(threads), str(images), dataset]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )
        self.answer()  # ready, after a warm-up

    def answer(self) -> dict[str, float]:
        """Wait for its next line. Raises RuntimeError if it died."""
        line = _open(self.process.stdout).readline()
        if not line:
            raise RuntimeError(f"the worker '{self.what}' ended with {self.process.wait()}")
        return dict(json.loads(line))

    def measure(self) -> dict[str, float]:
        """Have it train one epoch (or measure once): its numbers."""
        _open(self.process.stdin).write("go\n")
        return self.answer()

    def close(self) -> None:
        """Let it end."""
        _open(self.process.stdin).close()
        self.process.wait()


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def compare(threads: int, rounds: int, steps: int, dataset: str, log: Any = None) -> dict[str, Any]:
    """Time every contestant ``rounds`` times in turn on ``threads`` threads.

    Returns a dict for JSON: 'classic' and each precision of ours with seconds per epoch (every round, scaled to 176
    steps), images per second, peak memory in MiB, GEMM rate and the share of it; each of ours also with its ratios.
    """
    images = min(steps * BATCH, EPOCH_IMAGES)
    default = default_precision()
    names = ["classic", f"ours-{default}", *(["ours-fp32"] if default != "fp32" else [])]
    dtypes = {"classic": "float32", "ours-fp32": "float32", "ours-bf16": "bfloat16"}
    gemms = {dtype: f"gemm-{dtype}" for dtype in sorted({dtypes[name] for name in names})}
    workers = {what: Worker(what, threads, images, dataset) for what in [*names, *gemms.values()]}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    rates: dict[str, list[float]] = {dtype: [] for dtype in gemms}
    peaks: dict[str, float] = {}
    try:
        for turn in range(rounds):
            for dtype, what in gemms.items():
                rates[dtype].append(workers[what].measure()["rate"])
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                measured = workers[name].measure()
                seconds[name].append(measured["seconds"] * EPOCH_IMAGES / images)
                peaks[name] = measured["peak_mib"]
                if log:
                    log(
                        f"  {threads} thread(s), round {turn + 1}/{rounds}, {name}: {seconds[name][-1]:.1f} s per epoch"
                    )
    finally:
        for worker in workers.values():
            worker.close()
    result: dict[str, Any] = {"threads": threads, "rounds": rounds, "steps": -(-images // BATCH), "images": images}
    result["default_precision"] = default
    for name in names:
        typical = statistics.median(seconds[name])
        rate = statistics.median(rates[dtypes[name]])
        result[name] = {
            "seconds_per_epoch": [round(value, 3) for value in seconds[name]],
            "median_seconds": round(typical, 3),
            "images_per_second": round(EPOCH_IMAGES / typical, 1),
            "gemm_gflops": round(rate / 1e9, 1),
            "share_of_gemm": round(TRAINING_FLOP * EPOCH_IMAGES / typical / rate, 4),
            "peak_mib": round(peaks[name]),
        }
        if name != "classic":
            ratios = [c / o for c, o in zip(seconds["classic"], seconds[name], strict=True)]
            result[name]["ratios"] = [round(ratio, 3) for ratio in ratios]
            result[name]["ratio"] = round(statistics.median(ratios), 3)
    return result


def default_precision() -> str:
    """Return what --precision auto means on this machine's CPU: 'bf16' or 'fp32'."""
    from alexnet.runtime import has_fast_bf16

    return "bf16" if has_fast_bf16("cpu") else "fp32"


def machine() -> dict[str, Any]:
    """Say what the figures were measured on."""
    import torch

    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    capability = torch.backends.cpu.get_cpu_capability()
    return {"cpu": model, "capability": capability, "cores": cores(), "torch": torch.__version__}


def cores() -> int:
    """Count the cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _threads(text: str) -> int:
    if text == "all":
        return cores()
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a number of threads nor 'all'")
    return int(text)


def show(result: dict[str, Any]) -> str:
    """Return the table of one comparison."""
    whole = result["images"] == EPOCH_IMAGES
    basis = "whole epochs" if whole else f"{result['steps']} steps, scaled to {EPOCH_STEPS}"
    lines = [f"{result['threads']} thread(s), {basis}, n = {result['rounds']} rounds, batch {BATCH}, medians"]
    lines.append(
        f"  {'':<12}{'s/epoch':>9}{'images/s':>10}{'of GEMM':>9}{'peak MiB':>10}  times as fast (lowest to highest)"
    )
    for name, row in result.items():
        if not isinstance(row, dict):
            continue
        ratio = ""
        if "ratio" in row:
            ratio = (
                f"{row['ratio']:.2f} ({min(row['ratios']):.2f} to {max(row['ratios']):.2f}, n = {len(row['ratios'])})"
            )
        speed = f"{row['median_seconds']:>9.1f}{row['images_per_second']:>10.0f}{row['share_of_gemm']:>9.0%}"
        default = " *" if name == f"ours-{result['default_precision']}" else ""
        lines.append(f"  {name + default:<12}{speed}{row['peak_mib']:>10}  {ratio}".rstrip())
    gemms = {name.removeprefix("ours-"): row["gemm_gflops"] for name, row in result.items() if name.startswith("ours-")}
    lines.append(
        "  * default precision; GEMM " + ", ".join(f"{name}: {rate:.0f} GFLOP/s" for name, rate in gemms.items())
    )
    return "\n".join(lines)


def main() -> None:
    """Parse, measure, print, and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.epoch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=_threads, help="a number, or 'all' (default: one thread, then all cores)")
    parser.add_argument("--rounds", type=int, default=3, help="times each is measured (default: %(default)s)")
    parser.add_argument(
        "--steps", type=int, default=20, help=f"steps of {BATCH} images a round; {EPOCH_STEPS} is an epoch"
    )
    parser.add_argument("--dataset", default="synthetic", help="images to use; speed does not depend on them")
    parser.add_argument("--json", type=Path, default=Path("runs/bench/epoch.json"), help="default: %(default)s")
    args = parser.parse_args()
    counts = [args.threads] if args.threads else sorted({1, cores()})
    results = []
    for threads in counts:
        results.append(
            compare(threads, args.rounds, args.steps, args.dataset, lambda line: print(line, file=sys.stderr))
        )
        print(show(results[-1]), flush=True)
    document = {"machine": machine(), "comparisons": results}
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"also written to {args.json}")


if __name__ == "__main__":
    main()
