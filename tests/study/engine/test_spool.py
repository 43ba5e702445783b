"""What lies in the spool comes out of it as it went in, on the other side too."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from study.engine.spool import Spool
from tests.support.toy import load_data


def test_a_state_is_taken_once_and_never_a_later_one(tmp_path: Path) -> None:
    spool, other = Spool(tmp_path), pickle.loads(pickle.dumps(Spool(tmp_path)))
    spool.put("from abc-s1", 3, {"w": np.arange(4.0)})
    spool.put("from abc-s1", 5, {"w": np.arange(6.0)})
    assert other.take("from abc-s1", 4) is None
    epoch, state = other.take("from abc-s1", 5) or (0, {})
    assert epoch == 5 and state["w"].tolist() == [0, 1, 2, 3, 4, 5]
    assert other.take("from abc-s1") is None and not list(tmp_path.iterdir())
    assert state["w"].sum() == 15  # it outlives its file
    spool.put("from abc-s1", 1, {})
    spool.drop("from abc-s1")
    spool.drop("from abc-s1")
    assert not list(tmp_path.iterdir())


def test_weights_are_dropped_with_their_reference(tmp_path: Path) -> None:
    one, other = (Spool(tmp_path).state({"w": np.full(3, i)}) for i in (1, 2))
    state = one.open()
    assert state is not None and state["w"].tolist() == [1, 1, 1]
    one.drop()
    assert one.open() is None and other.open() is not None
    other.drop()
    assert not list(tmp_path.iterdir())


def test_data_arrive_read_only_and_without_their_bytes_in_the_message(tmp_path: Path) -> None:
    data = load_data("600", Path("."))
    reference = pickle.loads(pickle.dumps(Spool(tmp_path).pickled(data)))
    again = reference.open()
    assert len(reference.head) < 2000 < data.train_points.nbytes
    for name in ("train_points", "train_labels", "test_points", "test_labels"):
        assert np.array_equal(getattr(again, name), getattr(data, name))
        assert not getattr(again, name).flags.writeable
    nothing = Spool(tmp_path).pickled({"a": np.zeros((0, 3)), "b": 1}).open()
    assert nothing["a"].shape == (0, 3) and nothing["b"] == 1
