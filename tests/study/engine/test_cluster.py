"""Ray's folder for temporary files: short enough for sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from study.engine import cluster

SESSION = "session_2026-11-24_10-00-00_123456_1234567"  # as Ray 2.60 names one


@pytest.mark.parametrize("length", range(4, 60, 5))
def test_sockets_fit_below_any_folder_for_temporary_files(
    length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/" + "t" * (length - 1))
    ours = f"{cluster.PREFIX}1234567-abcdefgh"
    assert len(f"{cluster._short_tmp()}/{ours}/{cluster.INSIDE}/{SESSION}/sockets/plasma_store") <= 107
