"""``sweep`` on the command line: bad input is one clear line and changes nothing; the help says what choices cost."""

from __future__ import annotations

import pytest

from results.store import Study
from study.cli.main import main
from study.search import sweep as module
from tests.support import TOY, flat

TRAINABLE = ["--trainable", TOY, "--dataset", "600"]


def refused(capsys, *arguments: str) -> str:
    """Run the command, which must refuse with code 2 and one line."""
    code = main(["sweep", *arguments])
    error = capsys.readouterr().err
    assert code == 2, error
    lines = [line for line in error.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--trials", "0"], "the nearest is 1"),
        (["--sampler", "tpee"], "did you mean 'tpe'"),
        (["--sampler", "nowhere.py:X"], "no sampler file at 'nowhere.py'"),
        (["--scheduler", "ash"], "did you mean 'asha'"),
        (["--reduction-factor", "1"], "the nearest is 1.1"),
        (["--grace", "0"], "the nearest is 1"),
        (["--space", "optimizer"], "did you mean 'optimiser'"),
        (["--space", "nowhere.py:X"], "no space file at 'nowhere.py'"),
        (["--set", "learning_rat=1"], "did you mean 'learning_rate'"),
        (["--concurrency", "0"], "--concurrency: '0' is not a whole number from 1"),
        (["--cpus-per-trial", "4096"], "more than the"),
        (["--gpus-per-trial", "64"], "more than there are"),
        (["--keep-weights", "-1"], "the nearest is 0"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_trace(capsys, tmp_path, arguments, said):
    study = tmp_path / "study"
    space = tmp_path / "space.py"
    space.write_text("from search_spaces import log_float\nWIDE = {'learning_rate': log_float(1e-3, 1.0)}\n")
    own = [] if "--space" in arguments else ["--space", f"{space}:WIDE"]
    assert said in refused(capsys, "--study", str(study), *TRAINABLE, *own, *arguments)
    assert not study.exists()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{'learning_rat': log_float(1e-3, 1.0)}", "learning_rat"),
        ("{'learning_rate': log_float(-1.0, 1.0)}", "learning_rate"),
        ("{'epochs': choice(0, 3)}", "epochs"),
    ],
)
def test_a_space_that_contradicts_the_config(capsys, tmp_path, body, said):
    space = tmp_path / "space.py"
    space.write_text(f"from search_spaces import choice, log_float\nX = {body}\n")
    assert said in refused(capsys, "--study", str(tmp_path / "s"), *TRAINABLE, "--space", f"{space}:X")
    assert not (tmp_path / "s").exists()


SAMPLERS = """
import optuna
from search_spaces import log_float

X = {"learning_rate": log_float(0.1, 1.0)}

class Fixed(optuna.samplers.BaseSampler):
    def __init__(self, seed):
        self.left = [0.5, 0.25, 0.125]
    def infer_relative_search_space(self, study, trial):
        return {}
    def sample_relative(self, study, trial, space):
        return {}
    def sample_independent(self, study, trial, name, distribution):
        return self.left.pop(0)

class Tired(Fixed):
    def after_trial(self, study, trial, state, values):
        if trial.number == 3:
            raise ValueError("tired")

def wrong(seed):
    return {}[seed]
"""


@pytest.fixture
def own(tmp_path):
    """The words of a sweep with a space and a sampler of one file; the latter's name is left out."""
    file = tmp_path / "mine.py"
    file.write_text(SAMPLERS)
    space = ["--space", f"{file}:X", "--scheduler", "none", "--engine", "here"]
    return ["--study", str(tmp_path / "s"), *TRAINABLE, *space, "--sampler", f"{file}:"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("Fxied", "did you mean 'Fixed'"), ("wrong", "wrong', line 23: KeyError"), ("X", "valid: Fixed, Tired")],
)
def test_a_sampler_of_a_file_that_will_not_do_leaves_no_trace(capsys, tmp_path, own, name, said):
    own[-1] += name
    assert said in refused(capsys, *own)
    assert not (tmp_path / "s").exists()


@pytest.mark.long
def test_the_trials_of_a_sampler_in_a_file_are_what_it_proposes(capsys, tmp_path, own):
    own[-1] += "Fixed"
    assert main(["sweep", *own, "--trials", "3"]) == 0
    assert main(["sweep", *own[:2], "--trials", "4"]) == 0  # begins its list anew, and is answered from the records
    records = sorted(Study.open(tmp_path / "s").records(), key=lambda r: r.trial)
    assert [r.config["learning_rate"] for r in records] == [0.1, 0.5, 0.25, 0.125]
    assert Study.open(tmp_path / "s").meta.sweep["sampler"] == own[-1]
    capsys.readouterr()
    assert "Fixed', line 15: IndexError" in refused(capsys, *own[:2], "--trials", "5")
    assert len(Study.open(tmp_path / "s").records()) == 4


def test_a_sampler_that_raises_in_the_midst_ends_the_sweep_in_a_line(capsys, tmp_path, own):
    own[-1] += "Tired"
    assert "Tired', line 20: ValueError: tired (traceback in" in refused(capsys, *own, "--trials", "9")
    assert len(Study.open(tmp_path / "s").records()) == 4, "what was recorded stays"


def test_help_says_what_stopping_early_costs(capsys):
    with pytest.raises(SystemExit):
        main(["sweep", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "cost about 9 full trainings" in text and "--time-limit" in text


@pytest.mark.long
def test_a_whole_sweep_then_nothing_left_then_more(capsys, tmp_path):
    """The documented way for a user's own trainable and space, twice."""
    space = tmp_path / "space.py"
    space.write_text(
        "from search_spaces import choice\nFEW = {'noise': choice(0.0, 0.3, 1.0), 'epochs': choice(3, 6)}\n"
    )
    command = ["sweep", "--study", str(tmp_path / "s"), "--concurrency", "2", "--cpus-per-trial", "1"]
    assert main([*command, *TRAINABLE, "--space", f"{space}:FEW", "--trials", "50"]) == 0
    told = capsys.readouterr()
    assert "6 of 50 trials" in told.out and "exploratory" in told.out and "is exhausted" in flat(told.err)
    records = (tmp_path / "s" / "records.jsonl").read_bytes()
    assert main([*command, "--trials", "50"]) == 0  # what is left out is the study's
    assert "Nothing was left to train" in capsys.readouterr().out
    assert (tmp_path / "s" / "records.jsonl").read_bytes() == records
    assert "uses --seed 504" in refused(capsys, *command[1:], "--seed", "7")
    made = Study.open(tmp_path / "s").meta.sweep
    space.write_text(space.read_text() + "LESS = {'noise': choice(0.0, 0.3), 'epochs': choice(3)}\n")
    assert main([*command, "--space", f"{space}:LESS", "--trials", "60"]) == 0  # holds nothing new
    assert (tmp_path / "s" / "records.jsonl").read_bytes() == records
    assert Study.open(tmp_path / "s").meta.sweep == made, "the trials came of another space"


def test_what_is_left_out_is_as_the_study_had_it(monkeypatch, tmp_path):
    def asked(*words):
        assert main(["sweep", "--study", str(tmp_path / "s"), "--quiet", *words]) == 0
        return {key: Study.open(tmp_path / "s").meta.sweep[key] for key in ("trials", "seed", "sampler")}

    monkeypatch.setattr(module, "run_jobs", lambda *args, **options: None)  # nothing is trained
    space = tmp_path / "space.py"
    space.write_text("from search_spaces import log_float\nX = {'learning_rate': log_float(1e-3, 1.0)}\n")
    first = [*TRAINABLE, "--space", f"{space}:X", "--trials", "3", "--seed", "7", "--sampler", "random"]
    made = {"trials": 3, "seed": 7, "sampler": "random"}
    assert asked(*first) == made and asked() == made and asked("--trials", "5") == made | {"trials": 5}
