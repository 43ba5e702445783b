"""Process-wide settings that make training fast; none changes a result."""

from __future__ import annotations

import ctypes
import functools

import torch

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # malloc.h


@functools.cache
def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory instead of returning it after every step: page faults cost ~10 % of a step.

    The same as the environment variables MALLOC_TRIM_THRESHOLD_ and friends, which need setting before the process
    starts. A C library without mallopt is left as it is.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(M_MMAP_MAX, 0)
    mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(M_TOP_PAD, 64 * 2**20)


def has_fast_bf16(device: str) -> bool:
    """Whether ``device`` ('cpu' or 'cuda') computes in bfloat16 natively rather than by emulation."""
    if device == "cuda":
        return torch.cuda.is_available() and torch.cuda.get_device_capability()[0] >= 8
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # AMX machines have it too
    return bool(probe and probe())
