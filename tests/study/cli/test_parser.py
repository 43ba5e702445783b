"""What argparse refuses is one line with code 2, like every other refusal, and names the nearest valid word."""

from __future__ import annotations

import pytest

from study.cli.main import main


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("swep", "unknown command 'swep'; did you mean 'sweep'?"),
        ("sweep --trails 20", "unknown option '--trails'; did you mean '--trials'?"),
        ("sweep --trails=20", "unknown option '--trails'; did you mean '--trials'?"),
        ("baseline runs", "unknown option 'runs': this command takes options only"),
        ("sweep --trials ten", "--trials 'ten' is not a whole number"),
        ("confirm --seeds 0", "--seeds: 0 is not at least 1"),
        ("confirm --seeds 6.5", "--seeds '6.5' is not a whole number, at least 1"),
        ("confirm --margin 0", "--margin: 0 points is not above 0 and below 100"),
        ("confirm --margin wide", "--margin 'wide' is not a number"),
        ("confirm --claim populaton", "--claim: unknown value 'populaton'; did you mean 'population'?"),
        ("report --format pdf", "--format: unknown value 'pdf'; valid: csv, html, json, latex, md"),
        ("sweep --time-limit 3x", "--time-limit: '3x' is no duration: 90, 90s, 15m or 8h"),
    ],
)
def test_a_refusal_is_one_line(words: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(words.split())
    said = capsys.readouterr()
    assert left.value.code == 2 and said.out == ""
    assert said.err == f"error: {says}\n"
