"""Foreign texts are inert where they are shown."""

from __future__ import annotations

import pytest

from results.escaping import csv, hide_home, latex, markdown, terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, naïve, 速い", "plain text, naïve, 速い"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b2J", r"\x9b2J"),
        ("a\rb\nc\td", "a b c d"),
        ("abc\u202edef\u200b", r"abc\u202edef\u200b"),
        ("half \ud800", r"half \ud800"),
        (ValueError("bell \x07"), r"bell \x07"),
    ],
)
def test_nothing_that_a_terminal_obeys_passes(text: object, shown: str) -> None:
    assert terminal(text) == shown
    assert terminal(text).isprintable()


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    cut = terminal("x" * 3_000_000)
    assert len(cut) < 350 and "3,000,000" in cut
    assert terminal("x" * 50, most=10) == "x" * 10 + "... (50 characters)"


HOME = "/root"  # the superuser's, as on any Linux


@pytest.mark.parametrize(
    ("home", "text", "own", "anyone"),
    [
        ("/root", "/rootless/x", "/rootless/x", "/rootless/x"),
        ("/root", "/data/root/x", "/data/root/x", "/data/root/x"),
        (HOME, f"{HOME}/x '{HOME}' {HOME}", "~/x '~' ~", "~/x '~' ~"),
        ("/home/me", "/home/me/x", "~/x", "~/x"),
        ("/home/me", "/home/mean/x", "/home/mean/x", "~/x"),
        ("/home/me", f"{HOME}/x and C:\\Users\\you\\x", f"{HOME}/x and C:\\Users\\you\\x", "~/x and ~\\x"),
        ("/srv/me", "--study=/srv/me/x", "--study=~/x", "--study=~/x"),
        ("/", "/x", "/x", "/x"),
    ],
)
def test_home_folders(monkeypatch: pytest.MonkeyPatch, home: str, text: str, own: str, anyone: str) -> None:
    monkeypatch.setenv("HOME", home)
    assert hide_home(text) == own
    assert hide_home(text, anyone=True) == anyone


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a|b", r"a\textbar{}b"),
        ('say "x"', "say ''x''"),
        ("0.001 -> 0.0003", r"0.001 $\rightarrow$ 0.0003"),
        ("-0.79 to -0.10, n-1, 2-3", r"$-$0.79 to $-$0.10, n-1, 2-3"),
        (r"\input{x} 5 % & #_$~^<>",
         r"\textbackslash{}input\{x\} 5 \% \& \#\_\$\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}"),
        ("two\nlines\t here", "two lines here"),
    ],
)  # fmt: skip
def test_latex_reads_it_as_text(text: str, made: str) -> None:
    assert latex(text) == made


def test_markdown_reads_it_as_text() -> None:
    assert markdown("a|b *c* _d_ [e](f)\n`g` <h> ~~i~~ $j$ &amp; k -> l") == (
        r"a\|b \*c\* \_d\_ \[e\](f) \`g\` \<h> \~\~i\~\~ \$j\$ \&amp; k → l"
    )
    assert markdown("batch_size, p < 0.001, a & b") == "batch_size, p < 0.001, a & b"


def test_a_spreadsheet_runs_no_text_and_numbers_stay_numbers() -> None:
    live = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\t=1", "\r=1"]
    assert [csv(text) for text in live] == [f"'{text}" for text in live]
    plain = ["wide", "a=b", "", -0.5, -1, None, True]
    assert [csv(cell) for cell in plain] == plain
