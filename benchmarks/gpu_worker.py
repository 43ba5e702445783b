"""A process that trains for benchmarks.gpu: a job in JSON on each line of stdin, its result on a line of stdout.

Not for use by hand. Arguments: folder of the images, device. ``Worker`` is the parent's end.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import without

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


class Worker:
    """One such process."""

    def __init__(self, folder: Path, device: str, threads: int) -> None:
        command = [sys.executable, "-m", "benchmarks.gpu_worker", str(folder), device]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
        self.threads = threads
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )

    def answer(self) -> dict[str, Any]:
        """Wait for its next line (the first says that it is ready). Raises RuntimeError if it died."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a training process ended with {self.process.wait()}")
        return dict(json.loads(line))

    def train(self, until: float, **job: Any) -> dict[str, Any]:
        """Have it train ``config``, ``seed``, ``precision``, stopping after the epoch in which ``until`` passes."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({**job, "seconds": until - time.monotonic(), "threads": self.threads}))
        self.process.stdin.write("\n")
        return self.answer()

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


class Run:
    """What AlexNet needs of a ``study.training.run.Run``: that one needs packages that a bare machine lacks."""

    def __init__(self, job: dict[str, Any], data: Any, device: str) -> None:
        self.seed, self.data, self.device = job["seed"], data, device
        self.precision, self.threads = job["precision"], job["threads"]
        self.given: dict[str, float] = {}  # split -> share of right answers
        self._model: Any = None
        self.best: Any = None

    def keep(self, model: Any, **parts: Any) -> None:
        """Note the model."""
        self._model = model

    def epochs(self, n: int) -> Iterator[int]:
        """Count."""
        return iter(range(1, n + 1))

    def predictions(self, split: str, probabilities: Any, labels: Any) -> None:
        """Keep how many are right."""
        self.given[split] = float((probabilities.argmax(1) == labels).mean())

    def features(self, values: Any) -> None:
        """Nothing."""

    def take_best(self) -> None:
        """Copy the weights."""
        self.best = {name: value.detach().clone() for name, value in self._model.state_dict().items()}

    def restore_best(self) -> None:
        """Load the copy."""
        self._model.load_state_dict(self.best)


def train(job: dict[str, Any], data: Any, device: str) -> dict[str, Any]:
    """Train once: status, seconds, images trained a second after the first epoch, accuracies, peak memory in MiB."""
    import torch

    from alexnet import Config
    from alexnet.train import train as training

    started = time.perf_counter()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    torch.set_num_threads(job["threads"])
    config, run = Config(**job["config"]), Run(job, data, device)
    status, seconds, least, best_val = "complete", [], math.inf, None
    begun = started
    for values in training(config, run):
        now = time.perf_counter()
        seconds.append(now - begun)
        if not math.isfinite(values["val_loss"]):
            status = "diverged"
        elif values["val_loss"] < least:
            least, best_val = values["val_loss"], run.given["val"]
            run.take_best()
        if status == "complete" and now - started > job["seconds"] and len(seconds) < config.epochs:
            status = "stopped"
        if status != "complete":
            break
        begun = time.perf_counter()
    images = round(len(data.train_labels) * (1 - config.validation_fraction))
    return {
        "seed": job["seed"],
        "precision": job["precision"],
        "status": status,
        "epochs": len(seconds),
        "seconds": round(time.perf_counter() - started, 3),
        "images_per_second": round(images * len(seconds[1:]) / sum(seconds[1:]), 1) if seconds[1:] else None,
        "val_accuracy": best_val if status == "complete" else None,
        "test_accuracy": run.given.get("test"),
        **memory(device),
    }


def memory(device: str) -> dict[str, int]:
    """Peak memory in MiB: of this process's tensors; held by its allocator; used on the whole device now."""
    if device != "cuda":
        import resource

        return {"process_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
    import torch

    free, total = torch.cuda.mem_get_info()
    peaks = {"tensors_mib": torch.cuda.max_memory_allocated(), "reserved_mib": torch.cuda.max_memory_reserved()}
    return {name: value // 2**20 for name, value in {**peaks, "device_mib": total - free}.items()}


def main() -> None:
    """Load the images, say so, then train whatever is asked for."""
    without.use_stand_ins()
    import numpy as np
    import torch

    from alexnet.data import Data

    folder, device = Path(sys.argv[1]), sys.argv[2]
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    arrays = [torch.from_numpy(np.load(folder / f"{name}.npy")) for name in ARRAYS]
    data = Data(about["name"], about["fingerprint"], tuple(about["class_names"]), *arrays)
    torch.zeros(1, device=device)  # the device's context, before anything is timed
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(train(json.loads(line), data, device)), flush=True)


if __name__ == "__main__":
    main()
