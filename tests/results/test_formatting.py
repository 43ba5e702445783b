"""Numbers as a reader sees them, each kind in one way."""

from __future__ import annotations

import pytest

from results.formatting import duration, number, p_number, p_text, percent, plural, points, setting


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "-"), (float("nan"), "-"), (0, "0.0 s"), (0.0042, "4.2 ms"), (0.0594, "59 ms"),
     (0.9996, "1.0 s"), (9.4, "9.4 s"), (9.6, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"),
     (200, "3 min 20 s"), (599.6, "10 min"), (1920.0, "32 min"), (3571, "1 h 00 min"), (7500, "2 h 05 min")],
)  # fmt: skip
def test_a_duration(seconds: float | None, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("p", "alpha", "shown"),
    [(0.0004, 0.05, "< 0.001"), (0.04951, 0.05, "0.050"), (0.0503, 0.05, "0.0503"), (0.0103, 0.01, "0.0103"),
     (0.31, 0.05, "0.310")],
)  # fmt: skip
def test_a_p_value_shows_on_which_side_of_alpha_it_lies(p: float, alpha: float, shown: str) -> None:
    assert p_number(p, alpha) == shown


def test_a_p_value_in_a_sentence() -> None:
    assert [p_text(p, 0.05) for p in (0.0001, 0.0123, 0.314)] == ["p < 0.001", "p = 0.012", "p = 0.31"]


def test_percentages_and_points_of_what_is_missing_are_dashes_and_zero_has_no_sign() -> None:
    assert [percent(0.76784), percent(0.5, 0), percent(None)] == ["76.78 %", "50 %", "-"]
    assert [points(v) for v in (0.0082, -0.0034, -0.00001, None)] == ["+0.82", "-0.34", "0.00", "-"]
    assert points(0.0082, signed=False) == "0.82"


def test_counts_and_numbers() -> None:
    assert [plural(1, "look"), plural(1024, "image"), plural(2, "was", "were")] == ["1 look", "1,024 images", "2 were"]
    assert [number(v) for v in (None, 23272266, 0.000316228, -3.0)] == ["-", "23,272,266", "0.0003162", "-3"]


def test_a_setting_is_written_as_one_would_type_it() -> None:
    assert [setting(v) for v in (None, True, 0.000316228, 256, "wide")] == ["-", "true", "0.0003162", "256", "wide"]
