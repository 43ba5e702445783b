"""The door of data: what can be classified, and what is refused in a line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from results.errors import UserError
from study.recording.data import check_data

LABELS = np.array([0, 1, 2, 0, 1, 2])
DATA = SimpleNamespace(name="d", fingerprint="f", class_names=["a", "b", "c"], train_labels=LABELS, test_labels=LABELS)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"class_names": ["a", "b", "a"]}, "data with two classes called 'a'"),
        ({"class_names": []}, "data with 0 class names: at least two are needed"),
        ({"class_names": 3}, "data that cannot be read: TypeError"),
        ({"train_labels": np.linspace(0, 2, 6)}, "train_labels are float64: not class numbers 0..2 (a regression?)"),
        ({"test_labels": LABELS + 1}, "data whose test_labels go from 1 to 3, not within 0..2: labels count from 0"),
        ({"test_labels": []}, "data whose test_labels are of shape (0,)"),
        ({"fingerprint": None}, "data whose fingerprint is None, not a text"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_classified_are_refused(changed: dict[str, Any], said: str) -> None:
    check_data("t", DATA)
    with pytest.raises(UserError, match="^trainable 't': load_data returned ") as caught:
        check_data("t", SimpleNamespace(**(vars(DATA) | changed)))
    assert said in str(caught.value)
