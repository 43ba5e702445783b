"""Foreign texts are inert where they are shown."""

from __future__ import annotations

import pytest

from results.escaping import hide_home, terminal


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


@pytest.mark.parametrize(
    ("home", "text", "own", "anyone"),
    [
        ("/root", "/rootless/x", "/rootless/x", "/rootless/x"),
        ("/root", "/data/root/x", "/data/root/x", "/data/root/x"),
        ("/root", "/root/x '/root' /root", "~/x '~' ~", "~/x '~' ~"),
        ("/home/me", "/home/me/x", "~/x", "~/x"),
        ("/home/me", "/home/mean/x", "/home/mean/x", "~/x"),
        ("/home/me", "/root/x and C:\\Users\\you\\x", "/root/x and C:\\Users\\you\\x", "~/x and ~\\x"),
        ("/srv/me", "--study=/srv/me/x", "--study=~/x", "--study=~/x"),
        ("/", "/x", "/x", "/x"),
    ],
)
def test_home_folders(monkeypatch: pytest.MonkeyPatch, home: str, text: str, own: str, anyone: str) -> None:
    monkeypatch.setenv("HOME", home)
    assert hide_home(text) == own
    assert hide_home(text, anyone=True) == anyone
