"""Scripts are read as they print, told to end, and their failures are quoted."""

from __future__ import annotations

import ast
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from results.errors import UserError
from study.scripts.process import Process, ScriptFailed, ending
from tests.support.processes import gone, wait_until

PATIENCE = 60.0  # seconds that a loaded machine may take for what takes a fraction of one


def sh(code: str, folder: Path, **others: float) -> Process:
    return Process(["sh", "-c", code], folder, **others)


def test_a_shell_script(tmp_path: Path) -> None:
    code = (
        'echo "acc=$A é"; echo oops >&2; pwd; read x || echo no input; for i in 1 2; do printf "e=$i\\r"; done; exit 3'
    )
    with Process(["sh", "-c", code], tmp_path, {"A": "ü b"}) as process:
        found = list(process.lines())
        assert found == ["acc=ü b é", "oops", str(tmp_path), "no input", "e=1\r", "\re=2"]
        assert process.wait() == 3 and process.wait() == 3
        assert process.tail == ["acc=ü b é", "oops", str(tmp_path), "no input", "e=2"]


def test_lines_come_as_they_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Python too, which would keep them for the end: the script waits for what its line sets off."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    (tmp_path / "x.py").write_text("import os, time\nprint('one')\nwhile not os.path.exists('go'): time.sleep(0.01)\n")
    with Process([sys.executable, "x.py"], tmp_path) as process:
        lines = process.lines()
        assert next(lines) == "one"
        (tmp_path / "go").touch()
        assert list(lines) == [] and process.wait() == 0


def test_arguments_and_environment_arrive_byte_for_byte(tmp_path: Path) -> None:
    code = "import os, sys; print([*map(os.fsencode, sys.argv[1:])], os.environb[b'X'], os.environb[b'PATH'], sep=';')"
    odd = ["", "a b", "'\"\\", "é€😀", "\udcff", "\n", "x" * 10_000]
    with Process([sys.executable, "-c", code, *odd], tmp_path, {"X": "é\udcff"}) as process:
        arguments, added, inherited = next(process.lines()).split(";")
    assert ast.literal_eval(arguments) == [os.fsencode(word) for word in odd]
    assert ast.literal_eval(added) == os.fsencode("é\udcff")
    assert ast.literal_eval(inherited) == os.environb[b"PATH"]


def test_a_big_environment_arrives(tmp_path: Path) -> None:
    """Bigger than a pipe: the order is not one write."""
    big = {f"BIG{i}": "x" * 100_000 for i in range(10)}
    with Process(["sh", "-c", "echo ${#BIG9}"], tmp_path, big) as process:
        assert list(process.lines()) == ["100000"]


def test_it_leads_a_session_of_its_own(tmp_path: Path) -> None:
    with sh("echo; sleep 1000", tmp_path) as process:
        assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid != os.getsid(0)
        there = psutil.Process(process.pid)
    assert gone([there])


def test_an_exit_code_quotes_the_last_lines(tmp_path: Path) -> None:
    code = "for i in $(seq 100); do echo line $i; done; echo 'ValueError: \033[31mno\033[0m such file' >&2; exit 7"
    with sh(code, tmp_path) as process, pytest.raises(ScriptFailed) as caught:
        process.check()
    said = str(caught.value)
    assert said.startswith("the command ended with exit code 7; its last lines: line 82 | line 83 |")
    assert said.endswith("no\\x1b[0m such file") and "\n" not in said and "\x1b" not in said
    with sh("exit 1", tmp_path) as process, pytest.raises(ScriptFailed, match="exit code 1; it printed nothing"):
        process.check()
    with sh("kill -9 $$", tmp_path) as process, pytest.raises(ScriptFailed, match="was killed by SIGKILL"):
        process.check()
    with sh("exit 0", tmp_path) as process:
        process.check()


def test_long_last_lines_are_quoted_from_the_end() -> None:
    said = str(ScriptFailed.quoting("no", ["x" * 250] * 20 + ["the end"]))
    assert len(said) < 1600 and said.endswith("the end") and said.startswith("no; its last lines: ...x")


def test_codes_as_people_know_them() -> None:
    assert [ending(1), ending(-15), ending(137), ending(255), ending(-300)] == [
        *["ended with exit code 1", "was killed by SIGTERM", "ended with exit code 137 (of a shell: SIGKILL)"],
        *["ended with exit code 255", "was killed by signal 300"],
    ]


def test_what_cannot_be_started(tmp_path: Path) -> None:
    def said(*argv: str, cwd: Path = tmp_path) -> str:
        with pytest.raises(UserError) as caught, Process(argv, cwd):
            pass
        assert "\n" not in str(caught.value)
        return str(caught.value)

    (tmp_path / "x.sh").write_text("echo\n")
    assert "'pyhton3' is not found on PATH; did you mean" in said("pyhton3", "train.py")
    assert "'./y.sh' is not found in" in said("./y.sh")
    assert "chmod +x" in said("./x.sh")
    (tmp_path / "x.sh").chmod(0o755)
    assert "begin it with #!" in said("./x.sh")
    (tmp_path / "x.sh").write_text("#!/nowhere/python\n")
    assert "first line (#!)" in said("./x.sh")
    assert "does not exist" in said("true", cwd=tmp_path / "none")


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with sh("echo a", tmp_path) as process:
            process.check()
        with sh("echo a; sleep 1000", tmp_path):
            pass
        with pytest.raises(UserError), Process(["./none"], tmp_path):
            pass
    assert len(os.listdir("/proc/self/fd")) <= before
    assert not psutil.Process().children()


def test_sigterm_is_heard_and_what_is_printed_then_is_read(tmp_path: Path) -> None:
    """Ten times what a pipe holds: a script that waits for a reader would be killed before it has saved."""
    code = "trap 'head -c 1000000 /dev/zero | tr \\\\0 x; echo; echo saved; exit 5' TERM; echo on"
    code += "; while :; do sleep 0.1; done"
    with sh(code, tmp_path, grace=PATIENCE) as process:
        assert next(process.lines()) == "on"
        process.end()
        assert process.wait() == 5 and process.tail[-1] == "saved"
        process.end()


def test_what_is_started_while_it_ends_is_told_too(tmp_path: Path) -> None:
    """It would else live through the whole grace."""
    late = 'sh -c "touch up; exec sleep 1000" & while [ ! -e up ]; do :; done; exit 5'
    code = f"trap '{late}' TERM; echo on; while :; do sleep 0.1; done"
    started = time.monotonic()
    with sh(code, tmp_path, grace=10 * PATIENCE) as process:
        next(process.lines())
        process.end()
        assert process.wait() == 5 and time.monotonic() - started < PATIENCE


def test_a_stopped_script_hears_it_too(tmp_path: Path) -> None:
    with sh("trap 'exit 5' TERM; echo on; kill -STOP $$; sleep 1000", tmp_path, grace=PATIENCE) as process:
        next(process.lines())
        assert wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, PATIENCE)
        process.end()
        assert process.wait() == 5


def test_who_leaves_the_generator_ends_the_script(tmp_path: Path) -> None:
    """As pruning does it."""

    def training() -> Iterator[str]:
        with sh("while :; do echo acc=1; sleep 0.01; done", tmp_path) as process:
            there.append(psutil.Process(process.pid))
            yield from process.lines()

    there: list[psutil.Process] = []
    generator = training()
    assert next(generator) == "acc=1" and not gone(there)
    generator.close()
    assert gone(there)


def test_a_script_that_closes_its_output_is_waited_for(tmp_path: Path) -> None:
    with sh("echo a; exec >&- 2>&-; sleep 0.3; touch done; exit 4", tmp_path) as process:
        assert list(process.lines()) == ["a"] and process.wait() == 4
        assert (tmp_path / "done").exists()


def test_gigabytes_without_an_end_of_line_fill_no_memory(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with sh("head -c 300000000 /dev/zero | tr '\\0' x; echo; echo acc=1", tmp_path) as process:
        assert [len(line) for line in process.lines()] == [65_536, 5]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KB
