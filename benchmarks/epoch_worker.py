"""One contestant of benchmarks.epoch: warms up, then measures once for each line on stdin and answers in JSON.

Not for use by hand. Arguments: what (classic, ours-fp32, ours-bf16, gemm-float32, gemm-bfloat16), threads, images,
dataset.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.epoch import BATCH


def answer(**values: float) -> None:
    """Write one line of JSON to the parent."""
    print(json.dumps(values), flush=True)


def told_to_go() -> bool:
    """Wait for the parent; False when it wants no more."""
    return bool(sys.stdin.readline())


def peak_mib() -> float:
    """Peak memory of this process, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def repeat(measure: Callable[[], Any]) -> None:
    """Warm up once, then measure whenever told to."""
    measure()
    answer(ready=1)
    while told_to_go():
        start = time.perf_counter()
        measure()
        answer(seconds=time.perf_counter() - start, peak_mib=peak_mib())


def images(n: int, dataset: str) -> Any:
    """Return ``n`` training images as alexnet.data.Data, random unless a dataset is named (then repeated as needed)."""
    from alexnet.data import Data, load

    if dataset == "synthetic":
        random = np.random.default_rng(0)
        pictures = torch.from_numpy(random.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8))
        labels, names = torch.from_numpy(random.integers(0, 10, n)), tuple("0123456789")
    else:
        real = load(dataset, Path(os.environ.get("STUDY_DATA_DIR") or "data"), progress=False)
        index = torch.arange(n) % len(real.train_labels)
        pictures, labels, names = real.train_images[index], real.train_labels[index], real.class_names
    return Data("bench", "", names, pictures, labels, pictures[:1], labels[:1])


def classic(n: int, dataset: str) -> None:
    """Time the classic loop's training epochs."""
    from benchmarks import classic as loop

    data = images(n + 1, dataset)
    training, _, _ = loop.loaders(data, BATCH, validation=1)
    model = loop.AlexNet(len(data.class_names))
    model.apply(loop.initialize)
    optimizer, criterion = torch.optim.Adam(model.parameters(), lr=1e-3), torch.nn.CrossEntropyLoss()
    repeat(lambda: loop.train_epoch(model, training, optimizer, criterion))


def ours(n: int, dataset: str, precision: str, threads: int) -> None:
    """Time AlexNet's epochs through its public face; one image validates, so an epoch is its training."""
    from results.outcome import Runtime
    from study.jobs import Model
    from study.protocol import load_trainable
    from study.training.loop import train

    start = 0.0

    def on_epoch(epoch: Any, state: Any, last: bool) -> bool:
        nonlocal start
        if epoch.epoch == 1:
            answer(ready=1)
        else:
            answer(seconds=time.perf_counter() - start, peak_mib=peak_mib())
        go = told_to_go()
        start = time.perf_counter()
        return not go

    model = Model(load_trainable("alexnet"), "alexnet", images(n + 1, dataset), Runtime("cpu", precision, threads))
    config = model.trainable.Config(epochs=10_000, batch_size=BATCH, validation_fraction=1 / (n + 1))
    train(model, config.model_dump(mode="json"), 0, on_epoch)


def gemm(dtype: str) -> None:
    """Measure the rate of matrix products."""
    from benchmarks.gemm import rate

    answer(ready=1)
    while told_to_go():
        answer(rate=rate(getattr(torch, dtype)))


def main() -> None:
    """Run one contestant."""
    what, threads, n, dataset = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(threads)
    kind, _, detail = what.partition("-")
    if kind == "classic":
        classic(n, dataset)
    elif kind == "ours":
        ours(n, dataset, detail, threads)
    else:
        gemm(detail)


if __name__ == "__main__":
    main()
