"""The benchmarks of what a trial costs: all processes' CPU counts, ratios are of one round, the work is the same."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import bulky, cost_table, many, overhead, short, states, trivial
from benchmarks.overhead_contenders import SEED, score
from benchmarks.programs import Program
from benchmarks.studies import model_of
from results.outcome import State
from tests.support import ROOT
from tests.support.trainings import run

QUICK, SLOW = [overhead.MEMORY, overhead.JOURNAL, overhead.HERE], [overhead.TUNE, overhead.RAY]
BURN = """
import subprocess, sys, time
from pathlib import Path
from benchmarks.programs import Marks

def burn(seconds):
    while time.process_time() < seconds: pass

if len(sys.argv) > 1:
    burn(0.6)
    Path("burnt").touch()
    time.sleep(2)  # long enough to be looked at
else:
    marks = Marks()
    me = [sys.executable, "-m", "burning", "child"]
    marks.say("begin")
    start()
    while not Path("burnt").exists(): time.sleep(0.05)
    burn(time.process_time() + 0.2)
    marks.say("end")
"""
CHILD = "def start(): subprocess.Popen(me)"
WAITED_FOR = "def start(): subprocess.run(me)"
ORPHAN = """
def start():
    code = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(1)"
    subprocess.run([sys.executable, "-c", code, *me])
"""


@pytest.mark.parametrize("how", [CHILD, WAITED_FOR, ORPHAN], ids=["child", "waited for", "orphan"])
def test_cpu_time_of_all_processes_counts_once(how, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "burning.py").write_text(f"{how}\n{BURN}")
    at = {mark: cpu for mark, cpu, _ in Program("burning").marks()}
    assert at["end"] - at["begin"] == pytest.approx(0.8, abs=0.15)


def test_every_contender_does_the_same_work():
    outcome = run(model_of(trivial).trainable, SEED, trivial.load_data(), learning_rate=0.2, decay=0.02)
    assert outcome.val.accuracy == score(0.2, 0.02) > 0.8
    assert set(trivial.SPACES["default"]) < set(trivial.Config.model_fields)


def test_ratios_are_formed_within_a_round_and_held_to_their_limits():
    def grows(each: float, late: float) -> dict[str, float]:
        return {str(n): 10 + each * n + (late - each) * max(0, n - 900) for n in overhead.MARKS}

    slow = {overhead.RAY: grows(0.08, 0.08), overhead.TUNE: grows(0.04, 0.05), overhead.MEMORY: grows(0.01, 0.01)}
    fast = {overhead.RAY: grows(0.04, 0.05), overhead.TUNE: grows(0.04, 0.04), overhead.MEMORY: grows(0.01, 0.01)}
    found = overhead.evaluate([slow, fast, fast])
    rows = {row["what"]: row for row in found["ratios"]}
    cost = rows["a trial of 'ray' / of 'Ray Tune', 50-200"]
    assert cost["rounds"] == [2.0, 1.0, 1.0] and cost["median"] == 1.0 and cost["kept"]
    growth = rows["growth of 'ray' / of 'Ray Tune'"]
    assert growth["rounds"] == [0.8, 1.25, 1.25] and growth["kept"] is False
    assert rows["growth of 'here'"]["kept"] is None  # it did not run
    assert found["contenders"][overhead.TUNE]["per_trial"]["50-200"] == pytest.approx(0.04)


def test_a_quick_run_says_nothing_of_late_trials():
    found = overhead.evaluate([{overhead.HERE: {"50": 1.0, "150": 2.0, "200": 3.0}}])
    row = found["contenders"][overhead.HERE]
    assert row["growth"] is None and row["per_trial"] == {"50-200": pytest.approx(2 / 150, abs=1e-5), "200-1000": None}


@pytest.mark.parametrize("name", QUICK + [pytest.param(name, marks=pytest.mark.long) for name in SLOW])
def test_a_contender_says_its_marks(name):
    marks = [mark for mark, _, _ in Program("benchmarks.overhead_contenders", name, "5", "2,5").marks()]
    assert marks == ["2", "5", "returned"]


def test_the_bulky_trainable_goes_on_where_it_was():
    model, config = model_of(bulky), {"right": 60, "megabytes": 1, "pause": 0, "epochs": 3}
    kept: dict[int, State] = {}
    whole = run(model.trainable, 0, model.data, states=kept, **config)
    again = run(model.trainable, 0, model.data, earlier=(1, kept[1]), **config)
    assert len(again.history) == 3 and whole.val.accuracy == 0.6
    np.testing.assert_array_equal(whole.weights["weights"], again.weights["weights"])
    assert sum(array.nbytes for array in kept[1].values()) == pytest.approx(3e6, rel=0.01)
    assert whole.weights["weights"].nbytes == 1e6


@pytest.mark.parametrize("engine", ["here", pytest.param("ray", marks=pytest.mark.long)])
def test_states_end_to_end(engine):
    row = states.evaluate(engine, *([states.measure(engine, size, 0.05)] for size in (4, 1)))
    weights = states.RECORDS * 4
    assert 0.99 * weights < row["kept_mb"] < 1.01 * 4 * weights  # all weights; states as far as the budget goes
    assert row["peak_mb"] > 0 and row["wall_per_record"] > 3 * 0.05 / 2
    assert "CPU per MB" in states.show(row, 4)


@pytest.mark.parametrize("engine", ["here", pytest.param("ray", marks=pytest.mark.long)])
def test_many_end_to_end(engine):
    found = many.measure(engine, 20)
    assert 0 <= found["end_seconds"] < found["wall"] and found["again_cpu"] < found["cpu"]
    text = many.show({"trials": 20, "engine": engine, **found})
    assert "20 trials" in text and "BROKEN" not in text


@pytest.mark.long
def test_short_end_to_end(tmp_path):
    out = tmp_path / "short.json"
    command = [sys.executable, "-m", "benchmarks.short", "--rounds", "1", "--seconds", "1", "--json", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    result = json.loads(out.read_text())
    (one,) = result["rounds"]
    assert (
        one["beside"] == pytest.approx(one["wall"] - one["training"], abs=0.02) and one["training"] > short.SEEDS * 0.3
    )
    assert "beside training" in done.stdout


def test_the_docs_show_the_committed_results():
    page = cost_table.DOCS.read_text(encoding="utf-8")
    assert page.split(cost_table.BEGIN)[1].split(cost_table.END)[0].strip() == cost_table.markdown().strip()


def test_the_table_shows_what_is_there(tmp_path):
    assert cost_table.markdown(tmp_path) == ""
    about = {"machine": {"cores": 2, "cpu": "a CPU"}, "revision": "abc1234"}
    rows = [{"beside": 9.0}, {"beside": 11.0}]
    (tmp_path / "short.json").write_text(json.dumps({**about, "seeds": 3, "median": 10.0, "rounds": rows}))
    text = cost_table.markdown(tmp_path)
    assert "now: 10.0 s beside training (9.0 to 11.0, n = 2" in text and "before" not in text
