"""Independent random streams from one seed.

Every draw of a run comes from a stream named by (seed, purpose, epoch), so a run resumed after epoch k draws what an
uninterrupted one would, no draw depends on how many another purpose made, and no generator state needs saving.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch


def derive(seed: int, purpose: str, epoch: int = 0) -> int:
    """Return a 63-bit seed for one stream (numpy's SeedSequence mixes the three)."""
    sequence = np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), epoch])
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)


def generator(seed: int, purpose: str, epoch: int = 0) -> torch.Generator:
    """Return a CPU generator at the start of one stream: draws are the same on every device."""
    return torch.Generator().manual_seed(derive(seed, purpose, epoch))
