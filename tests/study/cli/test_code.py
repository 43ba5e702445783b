"""A study's folder is a stranger's: what only its study.json names runs where it is what the study began with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from results.code import fingerprint
from study.cli.main import main
from tests.support import ROOT, flat, synthetic
from tests.support.in_process import everything_in_process

HONEST = (ROOT / "examples/digits_sklearn.py").read_text()
SPACE = "from search_spaces import log_float\nX = {'learning_rate': log_float(0.1, 1.0)}\n"
SAMPLER = "from optuna.samplers import RandomSampler as X\n"
FROM_FILES = {"space": SPACE, "sampler": SAMPLER}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of a trainable in a file, with a sweep that is said to come of a space in a file."""
    folder = tmp_path_factory.mktemp("code")
    (folder / "mine.py").write_text(HONEST)
    for option, text in FROM_FILES.items():
        (folder / f"{option}.py").write_text(text)
    words = ["--study", str(folder / "s"), "--trainable", str(folder / "mine.py"), "--dataset", "digits"]
    assert main(["baseline", *words, "--set", "epochs=1", "--quiet"]) == 0
    return folder


@pytest.fixture
def place(started: Path, tmp_path: Path) -> Path:
    """A copy in which everything names the copy."""
    for file in started.rglob("*"):
        if file.is_file():
            copy = tmp_path / file.relative_to(started)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(file.read_bytes())
    edit(tmp_path, trainable=str(tmp_path / "mine.py"))
    return tmp_path


def edit(place: Path, **changes: Any) -> None:
    file = place / "s" / "study.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def trap(place: Path, name: str, text: str) -> None:
    """Make a file tell when it is executed."""
    (place / name).write_text(
        f"open({str(place / 'executed')!r}, 'w').close()\n{text.replace('from __future__', '# ')}"
    )


def command(place: Path, *words: str) -> int:
    with everything_in_process():
        return main([words[0], "--study", str(place / "s"), *words[1:]])


def test_a_trainable_that_changed_is_refused_before_it_runs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trap(place, "mine.py", HONEST)
    for words in (["baseline"], ["baseline", "--seeds", "2"], ["sweep"], ["confirm"], ["ablate"]):
        assert command(place, *words) == 2
        said = capsys.readouterr().err
        assert f"trainable '{place / 'mine.py'}' was changed since this study began" in said
        assert "--trainable" in said and said.count("\n") == 1
    assert not (place / "executed").exists()
    before = json.loads((place / "s" / "study.json").read_text())["trainable_sha256"]
    assert command(place, "baseline", "--trainable", str(place / "mine.py"), "--quiet") == 0
    assert "is not what this study was started with" in flat(capsys.readouterr().err)
    assert json.loads((place / "s" / "study.json").read_text())["trainable_sha256"] != before
    assert (place / "executed").exists()
    assert command(place, "baseline", "--quiet") == 0  # the new fingerprint is kept


def test_a_trainable_without_fingerprint_or_by_module_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trap(place, "mine.py", HONEST)
    edit(place, trainable_sha256=None)
    assert command(place, "baseline") == 2
    assert "keeps no fingerprint" in capsys.readouterr().err
    for name in ("tests.support.toy", "antigravity", "alexnet.train"):
        edit(place, trainable=name)
        assert command(place, "baseline") == 2
        assert "a study's word alone runs no module" in capsys.readouterr().err
    assert not (place / "executed").exists()


@pytest.mark.parametrize("kept", ["", "0", "A" * 64, "f" * 65, "\n"])
def test_a_fingerprint_that_is_none_runs_nothing(kept: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trap(place, "mine.py", HONEST)
    trap(place, "space.py", SPACE)
    edit(place, trainable_sha256=kept)
    assert command(place, "baseline") == 2
    assert "trainable_sha256" in capsys.readouterr().err
    edit(place, trainable="alexnet", trainable_sha256=None)
    trap(place, "sampler.py", SAMPLER)
    for option in FROM_FILES:
        name = f"{place / option}.py:X"
        edit(place, sweep={option: name, "trials": 5, f"{option}_sha256": kept})
        assert command(place, "sweep") == 2
        assert f"keeps no fingerprint of its {option}" in capsys.readouterr().err
    assert not (place / "executed").exists()


@pytest.mark.parametrize("where", ["in it", "by a link in it", "by a link to it"])
def test_a_file_that_came_in_the_studys_folder_runs_only_when_given(
    where: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = place / "s" if where != "by a link to it" else place / "link"
    if where == "by a link to it":
        at.symlink_to(place / "s")
    for name, text in (("model.py", HONEST), ("room.py", SPACE), ("who.py", SAMPLER)):
        trap(place, name, text)
        if where == "by a link in it":
            (place / "s" / name).symlink_to(place / name)
        else:
            (place / name).rename(place / "s" / name)
    model, room = at / "model.py", at / "room.py"
    edit(place, trainable=str(model), trainable_sha256=fingerprint(model, "trainable"))
    assert command(place, "baseline") == 2
    assert f"lies in the folder of study '{place / 's'}'" in capsys.readouterr().err
    edit(place, sweep={"space": f"{room}:X", "trials": 1, "space_sha256": fingerprint(room, "space file")})
    assert command(place, "sweep", "--trainable", "alexnet") == 2  # another's
    assert not (place / "executed").exists()
    edit(place, trainable="alexnet", trainable_sha256=None)
    assert command(place, "sweep") == 2
    assert "space" in (said := capsys.readouterr().err) and "lies in the folder" in said
    who = at / "who.py"
    edit(place, sweep={"sampler": f"{who}:X", "trials": 1, "sampler_sha256": fingerprint(who, "sampler file")})
    assert command(place, "sweep") == 2
    assert "sampler" in (said := capsys.readouterr().err) and "lies in the folder" in said
    assert not (place / "executed").exists()
    edit(place, trainable=str(model), trainable_sha256=fingerprint(model, "trainable"))
    assert command(place, "baseline", "--trainable", str(model), "--quiet") == 0
    assert (place / "executed").exists()


def test_a_folder_is_no_trainable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "--study", str(tmp_path / "s"), "--trainable", str(tmp_path)]) == 2
    assert f"trainable '{tmp_path}' is a folder: give" in capsys.readouterr().err


def test_what_is_given_by_hand_runs_and_not_the_studys(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trap(place, "mine.py", HONEST)
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "theirs.py").write_text(HONEST)  # what the study began with, in another place
    assert command(place, "baseline", "--trainable", str(place / "elsewhere/theirs.py"), "--quiet") == 0
    assert not (place / "executed").exists()
    assert json.loads((place / "s" / "study.json").read_text())["trainable"].endswith("theirs.py")
    (place / "elsewhere" / "other.py").write_text(HONEST + "# other\n")
    assert command(place, "baseline", "--trainable", str(place / "elsewhere/other.py")) == 2
    assert "is of trainable" in capsys.readouterr().err


def test_a_relative_path_says_from_where_it_is_looked_for(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(place, trainable="mine.py")
    monkeypatch.chdir(place)
    assert command(place, "baseline", "--quiet") == 0
    monkeypatch.chdir(place / "s")
    assert command(place, "baseline") == 2
    said = capsys.readouterr().err
    assert f"no trainable at 'mine.py' in '{place / 's'}'" in said and "--trainable FILE" in said


def test_a_cache_beside_the_file_is_not_executed(place: Path) -> None:
    import py_compile

    trap(place, "mine.py", HONEST)
    py_compile.compile(str(place / "mine.py"))
    status = (place / "mine.py").stat()
    (place / "mine.py").write_text(HONEST)
    (cache,) = (place / "__pycache__").iterdir()
    size = (place / "mine.py").stat().st_size
    forged = cache.read_bytes()
    cache.write_bytes(
        forged[:8] + int(status.st_mtime).to_bytes(4, "little") + size.to_bytes(4, "little") + forged[16:]
    )
    os.utime(place / "mine.py", (status.st_mtime, status.st_mtime))
    assert command(place, "baseline", "--quiet") == 0
    assert not (place / "executed").exists()


@pytest.mark.parametrize("option", FROM_FILES)
@pytest.mark.parametrize("kept", ["changed", "absent"])
def test_a_space_or_sampler_that_changed_is_refused_before_it_runs(
    kept: str, option: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = place / f"{option}.py"
    name = f"{file}:X"
    sha = {} if kept == "absent" else {f"{option}_sha256": fingerprint(file, option)}
    edit(place, sweep={option: name, "trials": 5, **sha})
    before = (place / "s" / "study.json").read_bytes()
    trap(place, file.name, FROM_FILES[option])
    assert command(place, "sweep") == 2
    said = capsys.readouterr().err
    assert option in said and f"--{option} {name}" in said and said.count("\n") == 1
    assert not (place / "executed").exists() and (place / "s" / "study.json").read_bytes() == before
    assert command(place, "sweep", f"--{option}", name, "--trials", "2", "--engine", "here", "--quiet") == 0
    assert (place / "executed").exists()
    kept_now = json.loads((place / "s" / "study.json").read_text())["sweep"]
    assert kept_now[option] == name and kept_now[f"{option}_sha256"] == fingerprint(file, option)
    assert command(place, "sweep", "--trials", "3", "--engine", "here", "--quiet") == 0, "the new one is kept"


def test_report_export_and_dry_runs_execute_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trap(place, "mine.py", HONEST)
    trap(place, "space.py", SPACE)
    edit(place, sweep={"space": f"{place / 'space.py'}:X", "trials": 5})
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in place.rglob("*") if p.is_file()}
    assert command(place, "export", "--out", "-") == 0
    assert command(place, "report", "--format", "csv") == 0
    assert command(place, "confirm", "--dry-run") == 2  # nothing to confirm yet
    assert command(place, "ablate", "--from", "baseline", "--dry-run", "--set", "epochs=3") == 2  # nor to ablate
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in place.rglob("*") if p.is_file()} == before
    assert command(place, "report") == 0
    assert not (place / "executed").exists()
    assert "Traceback" not in capsys.readouterr().err


BAD = {
    "raise": ("1 / 0\n", "line 1: ZeroDivisionError: division by zero"),
    "exit": ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
    "syntax": ("def\n", "line 1: SyntaxError"),
    "name": (HONEST + "\nNAME = 7\n", "its name is a text"),
    "config": (HONEST + "\nclass Config:\n    pass\n", "its config is a pydantic model, a dataclass"),
    "nested": (HONEST + "\nclass Config(Config):\n    inner: dict = {}\n", "inner is a dict: a config is flat"),
    "infinite": (HONEST + "\nclass Config(Config):\n    rate: float = float('inf')\n", "numbers are finite"),
    "data": (HONEST + "\ndef load_data(dataset, data_dir):\n    return 1 / 0\n", "loading its data"),
    "nothing": (
        HONEST + "\ndef load_data(dataset):\n    return (i for i in ())\n",
        "give them an attribute 'fingerprint'",
    ),
    "check": (HONEST + "\ndef check(config, data):\n    raise KeyError('x')\n", "check"),
    "spaces": (HONEST + "\nSPACES = 3\n", "SPACES is a int, not a dict"),
    "validator": (
        HONEST + "\nfrom pydantic import field_validator\nclass Config(Config):\n"
        "    @field_validator('epochs')\n    @classmethod\n    def no(cls, value):\n        return {}[value]\n",
        "KeyError",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_odd_trainable_is_one_line(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, says = BAD[kind]
    (tmp_path / "odd.py").write_text(text)
    words = ["--trainable", str(tmp_path / "odd.py"), "--dataset", "digits", "--set", "epochs=1"]
    assert main(["baseline", "--study", str(tmp_path / "s"), *words]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1
    assert "odd.py" in said or "its data" in says or kind == "nothing"  # which the name of the trainable tells
    assert not (tmp_path / "s").exists()


def test_a_trainable_that_changes_directory_moves_no_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    away = tmp_path / "away"
    away.mkdir()
    monkeypatch.chdir(tmp_path)
    jump = f"import os; os.chdir({str(away)!r})"
    (tmp_path / "mine.py").write_text(HONEST.replace("def load_data():", f"{jump}\ndef load_data():\n    {jump}"))
    words = ["--trainable", "mine.py", "--dataset", "digits", "--set", "epochs=1", "--quiet"]
    assert main(["baseline", "--study", "s", *words]) == 0
    assert (tmp_path / "s" / "report.html").exists() and list(away.iterdir()) == []


def test_a_dry_run_plans_a_sweep_of_a_trainable_that_it_never_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maker = synthetic.Maker(val=200, test=300)
    study = synthetic.write(tmp_path / "s", maker, synthetic.baselines(maker, 2) + synthetic.sweep(maker, 12))
    trap(tmp_path, "mine.py", HONEST)
    here = tmp_path if (tmp_path / "s" / "study.json").exists() else study.path.parent
    for name in (str(tmp_path / "mine.py"), "a.module"):
        file = study.path / "study.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "trainable": name, "trainable_sha256": None}))
        before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in here.rglob("*") if p.is_file()}
        for words, says in (
            (["confirm", "--top", "2"], "and the baseline, with at most 24 fresh seeds each"),
            (["ablate"], "What: "),
            (["ablate", "--set", "epochs=3"], "(leave-one-out)"),
        ):
            assert main([*words, "--study", str(study.path), "--dry-run"]) == 0, capsys.readouterr().err
            assert says in capsys.readouterr().out
        for wrong, says in (("epoch=3", "did you mean 'epochs'"), ("epochs=x", "epochs='x': is not like")):
            assert main(["ablate", "--study", str(study.path), "--dry-run", "--set", wrong]) == 2
            assert says in capsys.readouterr().err
        assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in here.rglob("*") if p.is_file()} == before
    assert not (tmp_path / "executed").exists()
