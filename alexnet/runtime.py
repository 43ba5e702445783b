"""Where and how to compute: device, precision, and process settings that only make it faster."""

from __future__ import annotations

import torch

from results.errors import UserError
from results.outcome import Runtime


def has_fast_bf16(device: str) -> bool:
    """Whether ``device`` ('cpu' or 'cuda') computes in bfloat16 natively rather than by emulation."""
    if device == "cuda":
        return torch.cuda.is_available() and torch.cuda.get_device_capability()[0] >= 8
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # AMX machines have it too
    return bool(probe and probe())


def resolve_runtime(device: str, precision: str, threads: int) -> Runtime:
    """Settle ``auto``: a GPU where there is one, bf16 where the device computes it natively.

    Raises UserError for a device or precision that is not to be had here.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: torch finds no CUDA device here; use --device cpu or auto")
    if precision == "auto":
        precision = "bf16" if has_fast_bf16(device) else "fp32"
    return Runtime(device=device, precision=precision, threads=threads)
