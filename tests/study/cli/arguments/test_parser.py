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
        ("sweep --trials ten", "--trials: 'ten' is not a whole number from 1 to 1000000"),
        ("confirm --seeds 0", "--seeds: '0' is not a whole number from 1 to 10000; the nearest is 1"),
        ("confirm --seeds 6.5", "--seeds: '6.5' is not a whole number from 1 to 10000; the nearest is 6"),
        ("confirm --margin 0", "--margin: '0' is not a number from 1e-09 to 1000000000; the nearest is 1e-09"),
        ("confirm --margin wide", "--margin: 'wide' is not a number from 1e-09 to 1000000000"),
        ("confirm --claim populaton", "--claim: unknown value 'populaton'; did you mean 'population'?"),
        ("report --format pdf", "--format: unknown value 'pdf'; valid: csv, html, json, latex, md"),
        ("sweep --time-limit 3x", "--time-limit: '3x' is no duration: 90, 90s, 15m or 8h"),
        (
            "sweep --time-limit 9e29h",
            "--time-limit: '9e29h': in seconds, '3.24e+33' is not a number from 0.1 to 315360000; "
            "the nearest is 315360000",
        ),
        ("sweep --trial-timeout -1", "--trial-timeout: '-1' is not a number from 0.1 to 315360000; the nearest is 0.1"),
        ("sweep --trial-timeout nan", "--trial-timeout: 'nan' is not a number from 0.1 to 315360000"),
        ("sweep --gpus-per-trial nan", "--gpus-per-trial: 'nan' is not a number from 0 to 10000"),
        (
            "sweep --concurrency 9e29",
            "--concurrency: '9e29' is not a whole number from 1 to 10000; the nearest is 10000",
        ),
        ("baseline --seeds 9e29", "--seeds: '9e29' is not a whole number from 1 to 10000; the nearest is 10000"),
        ("baseline --seed -1", "--seed: '-1' is not a whole number from 0 to 2147483647; the nearest is 0"),
        ("baseline --seed " + "9" * 5000, "--seed: '" + "9" * 60 + "' is not a whole number from 0 to 2147483647"),
        (
            "sweep --reduction-factor inf",
            "--reduction-factor: 'inf' is not a number from 1.1 to 1000; the nearest is 1000",
        ),
        ("sweep --grace 0", "--grace: '0' is not a whole number from 1 to 1000000; the nearest is 1"),
        ("sweep --keep-weights -1", "--keep-weights: '-1' is not a whole number from 0 to 1000000; the nearest is 0"),
    ],
)
def test_a_refusal_is_one_line(words: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"error: {says}\n"
