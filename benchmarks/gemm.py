"""The machine's own rate of matrix multiplication: the ceiling a training step is held against.

python -m benchmarks.gemm --threads 1
"""

from __future__ import annotations

import argparse
import json
import time

import torch

TRAINING_FLOP = 2 * (3 * 62_742_528 - 442_368)
"""Floating-point operations to train the baseline on one image: forward, and backward to weights and inputs.

62.7 million multiply-adds forward; the first convolution (0.44 million) has no gradient of its input to compute.
"""


def rate(dtype: torch.dtype, seconds: float = 1.5, size: int = 4096) -> float:
    """Measure the best rate, in FLOP/s, of square ``size`` matrix products in ``dtype`` on torch's present threads."""
    a, b = (torch.randn(size, size).to(dtype) for _ in range(2))
    torch.mm(a, b)  # warm up: kernels are made, memory is touched
    best, start = float("inf"), time.perf_counter()
    while time.perf_counter() - start < seconds:
        before = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - before)
    return 2 * size**3 / best


def main() -> None:
    """Print the rates as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gemm", description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--size", type=int, default=4096, help="rows and columns (default: %(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rates = {name: rate(getattr(torch, name), size=args.size) / 1e9 for name in ("float32", "bfloat16")}
    print(
        json.dumps(
            {"threads": args.threads, "size": args.size, **{f"{k}_gflops": round(v, 1) for k, v in rates.items()}}
        )
    )


if __name__ == "__main__":
    main()
