"""``report`` beside a command that runs, and once it has ended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from results.store import Study
from study.cli import report
from study.cli.main import main
from tests.support import synthetic
from tests.support.page import check


def test_beside_a_running_command_it_is_a_snapshot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = synthetic.study(tmp_path / "s", trials=4, maker=synthetic.Maker(val=60, test=60))
    with study.lock():
        assert main(["report", "--study", str(study.path)]) == 0
    said, page = " ".join(capsys.readouterr().out.split()), (study.path / "report.html").read_text(encoding="utf-8")
    assert "a snapshot" in said and f"is being written by process {os.getpid()}" in said
    check(page)
    assert "Running." in page and 'data-heard="' in page
    assert main(["report", "--study", str(study.path)]) == 0
    page = (study.path / "report.html").read_text(encoding="utf-8")
    assert "Running." not in page and "snapshot" not in capsys.readouterr().out


def test_a_command_that_ends_meanwhile_leaves_a_final_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = synthetic.study(tmp_path / "s", trials=4, maker=synthetic.Maker(val=60, test=60))
    lock = study.lock()
    lock.__enter__()
    render = report.render

    def rendered(*words: object) -> str:
        made = render(*words)  # type: ignore[arg-type]
        lock.__exit__(None, None, None)
        return made

    monkeypatch.setattr(report, "render", rendered)
    assert main(["report", "--study", str(study.path)]) == 0
    assert (study.path / "report.html").read_text(encoding="utf-8") == render(Study.open(study.path))
