"""The page writes every number as terminals and tables do, but for typography."""

from __future__ import annotations

import pytest

from results import formatting
from study.report import text
from study.report.text import MINUS, NBSP


@pytest.mark.parametrize("seconds", [None, 4.2, 42.0, 200.0, 1920.0, 7500.0])
def test_one_duration_everywhere(seconds: float | None) -> None:
    shown = text.duration(seconds).replace(NBSP, " ")
    assert shown == ("–" if seconds is None else formatting.duration(seconds))


@pytest.mark.parametrize("fraction", [None, 0.76784, 0.0, -0.0034, 0.0082])
def test_one_percentage_and_one_difference_everywhere(fraction: float | None) -> None:
    for ours, plain in ((text.percent, formatting.percent), (text.points, formatting.points)):
        shown = ours(fraction).replace(NBSP, " ").replace(MINUS, "-")
        assert shown == ("–" if fraction is None else plain(fraction))


def test_a_plain_text_is_as_it_was_and_what_hides_or_reorders_is_shown_as_a_code() -> None:
    assert text.clean("naïve, 速い, 5 %") == "naïve, 速い, 5 %"
    assert text.clean(f"32{NBSP}min") == f"32{NBSP}min"
    assert text.clean("a\u202eb\x1b\nc") == "a\\u202eb\\u001b⏎c"
    assert text.clean("x" * 400) == "x" * 300 + "… (400 characters)"
