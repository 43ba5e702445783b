"""Numbers are found in what scripts really print, and not in what only looks like them."""

from __future__ import annotations

import json
import logging
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.errors import UserError
from study.scripts.parse import Parser

OURS = Parser.of(None)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("epoch 3/10 train_loss=0.53 val_acc=0.7123", {"train_loss": 0.53, "val_acc": 0.7123}),
        ("val_loss: 0.3, val_acc: 71.2%", {"val_loss": 0.3, "val_acc": 0.712}),
        ("val_acc = 71.2 %", {"val_acc": 0.712}),
        (
            "Epoch 1 - loss: 0.6931 - val_loss: 6.5e-01 - val/acc: .5",
            {"loss": 0.6931, "val_loss": 0.65, "val/acc": 0.5},
        ),
        ("{'eval_loss': 0.51, 'eval_acc': 0.8, 'epoch': 1.0}", {"eval_loss": 0.51, "eval_acc": 0.8, "epoch": 1.0}),
        ("loss=tensor(0.5312, device='cuda:0') acc=np.float64(0.7)", {"loss": 0.5312, "acc": 0.7}),
        ("INFO:root:val_acc=0.7", {"val_acc": 0.7}),
        ("2024-01-05 12:30:05,123 [INFO] val-acc: -1E-3.", {"val-acc": -0.001}),
        ("[loss=+0.5] (acc=1) <f1=2> a:3;b:4|c=5", {"loss": 0.5, "acc": 1, "f1": 2, "a": 3, "b": 4, "c": 5}),
        (" 40%|####  | 4/10 [00:01<00:02,  2.5it/s, val_acc=0.7]", {"val_acc": 0.7}),
        ("\x1b[1;32mval_acc\x1b[0m: \x1b[33m0.7\x1b[0m", {"val_acc": 0.7}),
        ("\x1b]0;title a=1\x07val_acc=0.7", {"val_acc": 0.7}),
        ("\rloss=0.5 a=1\rloss=0.4\r", {"loss": 0.4, "a": 1}),
        ("1/9 loss: 0.5\b\b\b\b\b\b2/9 loss: 0.4", {"loss": 0.4}),
        ("x=1 x=2", {"x": 2}),
    ],
)
def test_pairs(line: str, values: dict[str, float]) -> None:
    assert OURS.values(line) == values


@pytest.mark.parametrize(
    "line",
    [
        "",
        "12:30:05 started",
        "see http://localhost:8080 or http://x:80/",
        "reading /data/run=3/x C:\\lr=1\\x",
        "eta: 3.2s",
    ]
    + ["Epoch: 3/10", "date: 2024-01-05", "at 2024-01-05T12:30:05", "version=1.2.3", "n=1,234", "acc=0.5,0.6", "a == 3"]
    + ["user@host:22", "train.py:12: UserWarning", "x=nancy", "note: information", "lr=1e-3x", "=3", ": 4", "a = b = c"]
    + ["ETA: 00:05", "1=2", '  File "train.py", line 3, in f', "{broken", "[1, 2]", "3.5", "\x1b[31m", "val_acc 0.7"],
)
def test_what_is_no_metric(line: str) -> None:
    assert OURS.values(line) == {}


def test_not_finite() -> None:
    assert math.isnan(OURS.values("loss=nan")["loss"]) and math.isnan(OURS.values("loss: NaN")["loss"])
    assert OURS.values("a=inf b=-inf c=Infinity") == {"a": math.inf, "b": -math.inf, "c": math.inf}
    read = OURS.values('{"a": NaN, "b": Infinity, "c": -Infinity}')
    assert math.isnan(read.pop("a")) and read == {"b": math.inf, "c": -math.inf}


def test_json_gives_the_numbers_at_its_top() -> None:
    line = '{"val acc": 0.7, "n": 3, "on": true, "text": "x=1", "list": [1], "inner": {"y": 2}, "none": null}'
    assert OURS.values(line) == {"val acc": 0.7, "n": 3.0}
    assert OURS.values(f"  {line}\r") == {"val acc": 0.7, "n": 3.0}
    assert OURS.values("{}") == {}
    assert OURS.values(f'{{"big": {"9" * 400}, "a": 1}}') == {"a": 1.0}
    assert OURS.values(f'{{"a": {"[" * 50_000}{"]" * 50_000}}}') == {}  # deeper than Python goes: no JSON for us


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), st.floats(allow_nan=False), max_size=5))
def test_what_is_printed_is_read_back_exactly(values: dict[str, float]) -> None:
    assert OURS.values(json.dumps(values)) == values
    assert OURS.values(" ".join(f"{name}={value}" for name, value in values.items())) == values
    assert OURS.values(", ".join(f"{name}: {value!r}" for name, value in values.items())) == values
    assert OURS.values(str(values).replace("inf", "Infinity")) == values


@given(st.integers(0, 10_000))
def test_a_percentage_is_the_fraction_to_the_bit(hundredths: int) -> None:
    percent = f"{hundredths // 100}.{hundredths % 100:02d}"
    assert OURS.values(f"val_acc: {percent}%") == {"val_acc": float(f"{hundredths}e-4")}


def test_logging_as_python_prints_it(caplog: pytest.LogCaptureFixture) -> None:
    record = logging.LogRecord("model.fit", logging.INFO, __file__, 1, "val_acc=%.4f", (0.71,), None)
    for form in (logging.BASIC_FORMAT, "%(asctime)s %(levelname)s %(message)s", "%(levelname)s - %(message)s"):
        assert OURS.values(logging.Formatter(form).format(record)) == {"val_acc": 0.71}


@given(st.text(max_size=300))
def test_no_line_is_too_odd(line: str) -> None:
    assert all(isinstance(value, float) for value in OURS.values(line).values())


@pytest.mark.parametrize(
    "part", ["a", "a ", "a=", "a-", '"', "a: ", "1", "=", "[", "\x1b", "{'a': ", "a=1.", "\x1b]0;"]
)
def test_long_lines_take_no_time(part: str) -> None:
    started = time.process_time()
    OURS.values(part * (65_536 // len(part)))
    assert time.process_time() - started < 5  # it takes some ms


def test_a_regex_with_named_groups() -> None:
    parser = Parser.of(r"valid (?P<val_acc>[\d.]+%?)|test (?P<test_acc>[\d.]+)")
    assert parser.values("valid 71% then test 0.5 and x=3") == {"val_acc": 0.71, "test_acc": 0.5}
    assert parser.values("x=3") == {}
    assert parser.values("valid ...") == {}


def test_a_regex_with_name_and_value() -> None:
    parser = Parser.of(r"(?P<name>\w+) -> (?P<value>\S+)")
    assert parser.values("val_acc -> 0.7 loss -> 1e-3 who -> me") == {"val_acc": 0.7, "loss": 0.001}


@pytest.mark.parametrize(
    "regex", ["(", "[", "(?P<a>", "*", r"([\d.]+)", "acc", "", r"(?P<name>\w+)", "(?P<1>x)", "a{9999999999}"]
)
def test_a_regex_that_reads_nothing_is_refused(regex: str) -> None:
    with pytest.raises(UserError) as caught:
        Parser.of(regex)
    assert str(caught.value).startswith("--parse") and "\n" not in str(caught.value)


def test_a_regex_sees_bounded_lines() -> None:
    parser = Parser.of(r"(?P<a>\d)x*x*$")  # takes the square of a line's length
    started = time.process_time()
    parser.values("1" + "x" * 10**6 + "y")
    assert time.process_time() - started < 60
