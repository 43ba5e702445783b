"""What has ended is on the disk, whatever happens to the disk, the screen, the keyboard or the worker just then."""

from __future__ import annotations

import errno
import os
import pty
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from results.outcome import Outcome, Runtime
from results.store import Study
from study.engine import FixedJobs, Job, Model, Options, run_jobs
from study.engine.driver import Driver
from study.protocol import load_trainable
from study.recording import checkpoints
from study.recording.records import Context, Trace, stopped
from study.recording.writer import Writer
from study.terminal.log import Log
from study.training.loop import train
from tests.support import TOY
from tests.support.processes import is_worker
from tests.support.studies import make_toy_study

ALONE = """
    import os, signal, sys, threading, time
    from pathlib import Path
    from results.outcome import Runtime
    from results.store import Study
    from study.engine import FixedJobs, Job, Model, Options, run_jobs
    from study.protocol import load_trainable

    study, toy = Study.open(Path(sys.argv[1])), load_trainable(sys.argv[2])
    save = Study.save_predictions

    def slowly(self, run_id, outcome):
        {before}
        time.sleep(1.5)
        save(self, run_id, outcome)

    Study.save_predictions = slowly
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as 'disown' has it
    data = toy.hooks["load_data"]("600", Path("."))
    model = Model(toy, sys.argv[2], data, Runtime())
    jobs = FixedJobs([Job("baseline", study.meta.baseline, 1)])
    done = run_jobs(study, model, jobs, options=Options(engine="here"))
    sys.exit(130 if done.interrupted else 0)
"""


def alone(study: Study, before: str = "pass", **streams) -> subprocess.Popen:
    """One training in a process of its own, on a disk that takes its time."""
    code = textwrap.dedent(ALONE).replace("{before}", before)
    command = [sys.executable, "-c", code, str(study.path), TOY]
    as_from_a_terminal = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731 - background jobs ignore it
    return subprocess.Popen(command, cwd=Path.cwd(), preexec_fn=as_from_a_terminal, **streams)


def end(study: Study, writer: Writer, seed: int) -> None:
    job = Job("baseline", study.meta.baseline, seed)
    record = stopped(study, job, "failed", "x", Trace([], [], None, None), Context())
    writer.end(record, Outcome("diverged", []))


def run(study: Study, data, jobs, trainable: str = TOY, **options):
    with study.lock():
        return run_jobs(
            study,
            Model(load_trainable(trainable), trainable, data, Runtime()),
            FixedJobs(jobs),
            options=Options(concurrency=1, cpus_per_trial=1, quiet=True),
            **options,
        )


def test_a_full_disk_is_said_even_where_the_log_is_on_it(make_study, monkeypatch):
    study, _ = make_study()

    def full(record):
        raise OSError(errno.ENOSPC, "No space left on device", str(study.records_path))

    log = Log(study.files)
    with open("/dev/full", "wb") as disk:
        os.dup2(disk.fileno(), log.fileno())
    monkeypatch.setattr(study, "append", full)
    writer = Writer(study, 3, [], log)
    end(study, writer, 1)
    waiting = threading.Thread(target=writer.flush, daemon=True)
    waiting.start()
    waiting.join(10)
    assert not waiting.is_alive()
    with pytest.raises(Exception, match="No space left on device"):
        writer.check()


def test_no_record_waits_for_pictures(make_study):
    study, _ = make_study()
    drawn = threading.Event()
    writer = Writer(study, 3, [lambda record, outcome: lambda: drawn.wait(30)], Log(study.files))
    for seed in range(6):
        end(study, writer, seed)
    writer.flush()
    assert len(study.records()) == 6 and not drawn.is_set()
    drawn.set()
    writer.close()


def test_ctrl_c_while_the_end_is_written(make_study):
    study, _ = make_study(epochs=3)
    now = "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()"
    process = alone(study, now, stderr=subprocess.DEVNULL)
    assert process.wait(60) != 0
    assert [r.status for r in study.records()] == ["complete"]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_screen_that_is_gone_ends_no_training(make_study, terminal):
    study, _ = make_study(epochs=20, pause=0.1)
    if terminal:
        ours, theirs = pty.openpty()
        process = alone(study, stderr=theirs)
        os.close(theirs)
        os.read(ours, 1)
        time.sleep(0.5)
        os.close(ours)
    else:
        process = alone(study, stderr=subprocess.PIPE)
        process.stderr.readline()
        process.stderr.close()
    process.wait(60)
    assert [(r.status, r.error, len(r.history)) for r in study.records()] == [("complete", None, 20)]


def cut(study: Study, data, monkeypatch) -> Job:
    """A training interrupted after its first epoch."""
    toy, states, job = load_trainable(TOY), {}, Job("baseline", study.meta.baseline, 1)
    with monkeypatch.context() as context:
        context.setenv("TOY_IN_PROCESS", "1")
        model = Model(toy, TOY, data, Runtime())
        train(model, job.config, 1, lambda e, copy, last: bool(states.update({e.epoch: (e, copy())})))
    checkpoints.save(study, checkpoints.Interrupted(job, [states[1][0]]), states[1][1])
    return job


def test_a_checkpoint_that_cannot_be_read_now_is_kept(make_study, monkeypatch):
    study, data = make_study(epochs=3)
    opened = study.files.open

    def short(name, most):
        if Path(name) == path:
            raise OSError(errno.EMFILE, "Too many open files")
        return opened(name, most)

    path = study.checkpoint_path(cut(study, data, monkeypatch).run_id)
    with monkeypatch.context() as context:
        context.setattr(study.files, "open", short)
        assert not checkpoints.interrupted_jobs(study)
    assert len(checkpoints.interrupted_jobs(study)) == 1
    path.write_bytes(path.read_bytes()[:100])
    assert not checkpoints.interrupted_jobs(study) and not path.exists()


@pytest.mark.long
def test_a_worker_killed_after_its_last_word_is_replaced(make_study, monkeypatch):
    study, data = make_study(epochs=4, pause=0.1)
    told, outcome = [], Driver._outcome

    def after_its_death(self, trial_id, run, *references):
        if not told:
            told.append(run)
            for process in psutil.Process().children(recursive=True):
                if is_worker(process):
                    process.kill()
            time.sleep(2)
        outcome(self, trial_id, run, *references)

    monkeypatch.setattr(Driver, "_outcome", after_its_death)
    run(study, data, [Job("baseline", study.meta.baseline, 1)])
    assert told and [(r.status, len(r.history)) for r in study.records()] == [("complete", 4)]


@pytest.mark.long
def test_what_cannot_be_written_fails_alone(tmp_path):
    file = tmp_path / "bad.py"
    file.write_text(
        textwrap.dedent("""
            import numpy as np
            from tests.support import toy
            from tests.support.toy import *

            def train(config, run):
                if run.seed == 1:
                    raise ValueError("cannot read caf\\udce9.png")
                if run.seed == 2:
                    run.keep({"classes": np.array(["cat", "dog"])})
                return (yield from toy.train(config, run))
        """)
    )
    study, data = make_toy_study(tmp_path / "toy", trainable=str(file), epochs=2)
    run(study, data, [Job("baseline", study.meta.baseline, seed) for seed in (1, 2, 3)], str(file))
    records = {r.seed: r for r in study.records()}
    assert [records[seed].status for seed in (1, 2, 3)] == ["failed", "failed", "complete"]
    assert records[1].error == "ValueError: cannot read caf\\udce9.png (bad.py, line 8)"
    assert "classes is an array of <U3, not of numbers or bools" in records[2].error


@pytest.mark.long
def test_a_job_whose_state_cannot_be_loaded_at_once_is_not_lost(make_study, monkeypatch):
    study, data = make_study(epochs=3)
    job, load, tried = cut(study, data, monkeypatch), study.map_state, []

    def short_of_memory(path):
        if not tried:
            tried.append(path)
            raise MemoryError("unable to allocate 300 MB")
        return load(path)

    monkeypatch.setattr(study, "map_state", short_of_memory)
    run(study, data, [job])
    assert tried and [(r.status, r.resumed_at) for r in study.records()] == [("complete", [1])]


@pytest.mark.long
def test_ctrl_c_while_the_last_files_are_written_is_told(make_study):
    study, data = make_study(epochs=2)

    def after(record, outcome):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)

    assert run(study, data, [Job("baseline", study.meta.baseline, 1)], after=[after]).interrupted


@pytest.mark.long
def test_a_screen_that_is_gone_ends_no_sweep(tmp_path):
    path = tmp_path / "toy"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.sweep_toy", str(path), "8"], cwd=Path.cwd(), stderr=subprocess.PIPE
    )
    process.stderr.readline()
    process.stderr.close()
    assert process.wait(120) == 0
    assert len(Study.open(path).records()) == 8


@pytest.mark.long
def test_a_driver_that_was_held_up_blames_no_worker(make_study, monkeypatch):
    """A slow disk holds the driver up for longer than --trial-timeout while a worker's report waits to be heard."""
    study, data = make_study(epochs=30, pause=0.3)
    died, save = study.path / "died", checkpoints.save

    def slowly(study, cut, state):
        time.sleep(9 if died.exists() else 0.1)
        save(study, cut, state)

    monkeypatch.setattr(checkpoints, "save", slowly)
    monkeypatch.setattr("study.recording.writer.SHARE", 1e9)
    monkeypatch.setattr("study.recording.writer.MOST", 1e9)
    monkeypatch.setenv("STUDY_CHECKPOINT_SECONDS", "0")
    dies = study.meta.baseline | {"misbehave": "die", "misbehave_at": 12, "marker": str(died)}
    jobs = [Job("baseline", study.meta.baseline, 1), Job("baseline", dies, 2)]
    with study.lock():
        run_jobs(
            study,
            Model(load_trainable(TOY), TOY, data, Runtime()),
            FixedJobs(jobs),
            options=Options(concurrency=2, cpus_per_trial=1, quiet=True, trial_timeout=6),
        )
    assert died.exists() and {r.status for r in study.records()} == {"complete"}
