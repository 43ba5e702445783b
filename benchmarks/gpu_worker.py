"""A process that trains for benchmarks.gpu: a job in JSON on each line of stdin, its result on a line of stdout.

Not for use by hand. Arguments: folder of the images, device. ``Worker`` is the parent's end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
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


def train(job: dict[str, Any], data: Any, device: str) -> dict[str, Any]:
    """Train once: status, seconds, images trained a second after the first epoch, accuracies, peak memory in MiB."""
    import torch

    from alexnet import Config
    from results.outcome import Runtime
    from study.jobs import Model
    from study.protocol import load_trainable
    from study.training import loop

    started = time.perf_counter()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    runtime = Runtime(device, job["precision"], job["threads"])
    outcome = loop.train(
        Model(load_trainable("alexnet"), "alexnet", data, runtime),
        Config(**job["config"]).model_dump(mode="json"),
        job["seed"],
        lambda epoch, state, last: time.perf_counter() - started > job["seconds"],
    )
    steady = [epoch.seconds for epoch in outcome.history[1:]]
    images = round(len(data.train_labels) * (1 - Config(**job["config"]).validation_fraction))
    return {
        "seed": job["seed"],
        "precision": job["precision"],
        "status": outcome.status,
        "epochs": len(outcome.history),
        "seconds": round(time.perf_counter() - started, 3),
        "images_per_second": round(images * len(steady) / sum(steady), 1) if steady else None,
        "val_accuracy": outcome.val.accuracy if outcome.val else None,
        "test_accuracy": outcome.test.accuracy if outcome.test else None,
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
