"""Drawings: text stays text, ids are the figure's own, colours the page's; the same numbers give the same bytes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from study.report import confusion, figures
from study.report.figures import Forest, Line, Rung


def line(name: str = "one", **options: object) -> str:
    return str(
        figures.lines(
            name, [Line([1, 2, 3], [0.1, 0.0003, 0.3], "trial", "a $label$: <b>; x")], "x", "y", "alt", **options
        )
    )


def test_text_stays_text_and_is_escaped() -> None:
    svg = line()
    assert "a $label$: &lt;b&gt;; x</text>" in svg
    assert "<b>" not in svg and "DejaVu" not in svg


def test_every_colour_is_a_variable_of_the_page() -> None:
    svg = line() + str(figures.forest("f", Forest([Rung("t", 1.0, 0.5)], (-1, 1), 2.0, 7), "x", "alt"))
    assert "var(--fig-trial)" in svg
    assert not re.findall(r"#[0-9a-f]{6}\b", svg)


def test_two_figures_share_no_id_and_each_finds_its_own() -> None:
    one, two = line("one"), line("two")
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, two)]
    assert ids[0] and not ids[0] & ids[1]
    for svg, own in zip((one, two), ids, strict=True):
        assert set(re.findall(r'(?:href="#|url\(#|labelledby=")([^")]+)', svg)) <= own


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert line() == line()


def test_two_thousand_points_are_small_and_all_there() -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(2000, 2)), np.arange(2000) % 10
    svg = str(figures.cloud("c", points, labels, [f"class {i}" for i in range(10)], "x", "y", "alt"))
    assert len(re.findall(r"M\S+ \S+h0", svg)) == 2000
    assert len(svg) < 40_000
    assert all(f"class {i}</text>" in svg for i in range(10))


def test_a_far_trial_becomes_an_arrow_with_its_value() -> None:
    near = [Rung(f"t{i}", 1.0 - i / 4) for i in range(8)]
    assert Forest(near).edge == -float("inf")
    svg = str(figures.forest("f", Forest([*near, Rung("far", -40.0)]), "x", "alt"))
    assert "\u221240.0</text>" in svg
    assert "\u221230</text>" not in svg, "the axis ends before it"


def test_where_less_is_better_the_arrow_lies_at_the_right() -> None:
    near = [Rung(f"t{i}", -1.0 + i / 4) for i in range(8)]
    assert Forest(near, lower=True).edge == float("inf")
    given = Forest([*near, Rung("far", 40.0)], luck=-0.5, by_luck="by luck", lower=True)
    assert given.edge == 4.0 and given.far(40.0) and not given.far(-40.0)
    svg = str(figures.forest("f", given, "x", "alt"))
    assert "+40.0</text>" in svg and ">by luck</text>" in svg
    assert "+30</text>" not in svg, "the axis ends before it"


def test_what_a_margin_calls_near_is_never_far() -> None:
    rungs = [Rung("a", 0.001), Rung("b", -0.01)]
    assert Forest(rungs).edge == pytest.approx(-0.004)
    assert Forest(rungs, least=1.5).edge == -float("inf")


@pytest.mark.parametrize("dark", [False, True])
def test_every_step_of_colour_has_readable_text(dark: bool) -> None:
    steps = confusion.steps(dark)
    assert len(steps) == len(confusion.SHARES) + 2 * len(confusion.DIFFERENCES)
    for name, rgb in steps.items():
        ink = (0.0, 0.0, 0.0) if confusion.ink_on(rgb) == "#000" else (1.0, 1.0, 1.0)
        assert confusion.contrast(rgb, ink) >= 4.5, name


def test_shares_step_by_luminance_alone() -> None:
    for dark in (False, True):
        steps = confusion.steps(dark)
        light = [confusion.luminance(steps[f"c{i}"]) for i in range(1, len(confusion.SHARES) + 1)]
        assert light == sorted(light, reverse=not dark)


def test_the_class_of_a_share_and_of_a_change() -> None:
    assert [confusion.share_class(s) for s in (0, 0.004, 0.005, 0.63, 1)] == ["", "", "c1", "c7", "c8"]
    assert [confusion.gain_class(s, True) for s in (0, 0.004, 0.005, -0.03, 0.5)] == ["", "", "p1", "n3", "p5"]
    assert [confusion.gain_class(s, False) for s in (0, 0.004, 0.005, -0.03, 0.5)] == ["", "", "n1", "p3", "n5"]


def test_labels_are_moved_apart_and_those_that_have_room_stay() -> None:
    middles = [(0.0, 0.0), (0.01, 0.01), (0.0, 0.02), (5.0, 5.0)]
    spots = figures.apart(middles, [(0.1, 0.05)] * 4, (0, 10), (0, 10))
    assert spots[0] == (0.0, 0.0) and spots[3] == (5.0, 5.0)
    assert all(abs(a[1] - b[1]) >= 0.5 for i, a in enumerate(spots[:3]) for b in spots[i + 1 : 3])


def test_labels_at_the_ends_of_lines_are_all_there_in_order_and_apart() -> None:
    ends = [("low", 0.1), ("high", 0.99), ("higher", 0.995), ("highest", 1.0)]
    svg = str(figures.lines("l", [Line([0, 1], [0.0, y], label=label) for label, y in ends], "x", "y", "alt"))
    found = re.findall(r'<text [^>]*?y="([\d.]+)"[^>]*>(low|high|higher|highest)</text>', svg)
    assert [label for _, label in sorted(found, key=lambda f: -float(f[0]))] == [label for label, _ in ends]
    heights = sorted(float(y) for y, _ in found)
    assert min(b - a for a, b in zip(heights, heights[1:], strict=False)) > 7, "a line of text is 8 points tall"
    assert heights[0] > 8, "and none is cut off at the top"


@pytest.mark.filterwarnings("error")
def test_trials_that_all_score_the_same_are_drawn_without_a_warning() -> None:
    given = figures.Values([0.1, 0.2], [0.5, 0.5], ["complete"] * 2, numeric=True, ends=(0.5, 0.5))
    assert figures.hyperparameter("same", given, "alt", str)
