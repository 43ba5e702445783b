"""Lines are the same however their bytes come, and cost bounded memory."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.scripts.lines import LONGEST, TAIL, Lines


def read(*chunks: bytes) -> list[str]:
    lines = Lines()
    return [line for chunk in chunks for line in lines.feed(chunk)] + lines.last()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\n\r\nb", ["a", "b"]),
        (b"\n\na", ["a"]),
        (b"a\rb\rc\n", ["a\r", "\rb\r", "\rc"]),
        (b"\r1/2\r2/2\ndone\n", ["\r1/2\r", "\r2/2", "done"]),
        (b"a\r", ["a"]),
        ("ä€😀".encode(), ["ä€😀"]),
        (b"\xff\xfea\n", ["��a"]),
        (b"", []),
    ],
)
def test_lines(data: bytes, found: list[str]) -> None:
    assert read(data) == found
    assert read(*(data[i : i + 1] for i in range(len(data)))) == found


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", "é".encode(), b"bc"])), st.integers(1, 5))
def test_chunks_do_not_matter(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    found = read(*(data[i : i + size] for i in range(0, len(data), size)))
    assert found == read(data)
    assert [line.strip("\r") for line in found] == [p for p in re.split(r"[\r\n]+", data.decode()) if p]


def test_the_tail_is_what_a_terminal_shows() -> None:
    lines = Lines()
    lines.feed(
        b"".join(b"line %d\n" % i for i in range(100)) + b"".join(b"\r%d%%" % i for i in range(100)) + b"\nend\n"
    )
    assert list(lines.tail) == [*(f"line {i}" for i in range(82, 100)), "99%", "end"] and len(lines.tail) == TAIL


def test_a_line_without_end_is_cut_and_the_next_is_whole() -> None:
    lines = Lines()
    tracemalloc.start()
    for _ in range(1000):
        assert lines.feed(b"x" * 100_000) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000
    assert lines.feed(b"yz\nacc=1\n") == ["x" * LONGEST, "acc=1"]
