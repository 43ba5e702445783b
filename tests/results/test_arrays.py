"""States as files: what safetensors' own reader makes of them, and what is refused."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from results.arrays import Damaged, map_state, read_header, read_state, write_state

STATE = {
    "number": np.array(7),
    "single": np.float32(3.5),
    "turned": np.arange(6, dtype=np.int16).reshape(2, 3).T,
    "none": np.zeros((0, 4)),
    "bits": np.array([True, False]),
    "big end": np.arange(5, dtype=">f8"),
    "half": np.arange(3, dtype=np.float16),
}


def same(one, other) -> bool:
    return set(one) == set(other) and all(
        np.array_equal(one[k], other[k]) and np.shape(one[k]) == np.shape(other[k]) for k in one
    )


def test_a_state_is_what_safetensors_reads(tmp_path: Path) -> None:
    file = io.BytesIO()
    write_state(file, STATE, {"about": "it"})
    assert same(load(file.getvalue()), STATE)
    path = tmp_path / "state"
    path.write_bytes(file.getvalue())
    with open(path, "rb") as again:
        assert read_header(again).notes == {"about": "it"}
        assert same(read_state(again), STATE)
        mapped = map_state(again)
    assert same(mapped, STATE) and not any(a.flags.writeable for a in mapped.values())


def test_what_safetensors_writes_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "state"
    plain = {k: np.ascontiguousarray(v.astype(v.dtype.newbyteorder("<"))) for k, v in STATE.items() if k != "none"}
    path.write_bytes(save(plain))
    with open(path, "rb") as file:
        assert same(map_state(file), plain)


def test_a_state_is_written_without_a_second_copy(tmp_path: Path) -> None:
    state = {str(i): np.zeros(2**21) for i in range(8)}  # 16 MiB each
    with open(tmp_path / "state", "wb") as file:
        tracemalloc.start()
        write_state(file, state)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize("cut", [4, 40, 1])
def test_half_a_file_is_damaged(tmp_path: Path, cut: int) -> None:
    file = io.BytesIO()
    write_state(file, STATE)
    path = tmp_path / "state"
    path.write_bytes(file.getvalue()[: -len(file.getvalue()) // cut] if cut > 1 else b"")
    for read in (read_state, map_state):
        with open(path, "rb") as half, pytest.raises(Damaged):
            read(half)
