"""Odd command lines: options x hostile values x odd trainables, spaces, configs and paths, in process, without Ray.

Whatever is typed ends by itself with code 0, 1, 2 or 130, without a traceback; what is refused is one line and leaves
everything as it was, and nothing is ever written outside the study, the log's folder and where ``--out`` says.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from study.cli.main import main
from tests.support import ROOT

HONEST = (ROOT / "examples/digits_sklearn.py").read_text()
SECONDS = 60  # any line ends long before: a hang
NUMBERS = ["0", "1", "2", "-1", "1.5", "nan", "inf", "-inf", "9e29", "1e-300", "9" * 400, "", " ", "x",
    "0x10", "१", "1_0", "\x1b[2J"]  # fmt: skip
NAMES = ["", " ", "best", "baseline", "x" * 5000, "../../x", "/", "a,b", ",", "%s", "\x1b[31m", "\u202e",
    "\0", "\ud800", "-", "{}"]  # fmt: skip
SETS = ["epochs=2", "epochs=0", "epochs", "=", "epochs=", "epochs=nan",
    "epochs=" + "9" * 5000, "learning_rat=1", "learning_rate=inf",
        "gamma=1e999", "__class__=1", "epochs=2\n", "penalty=[]", "x" * 5000 + "=1"]  # fmt: skip
TRAINABLES = {
    "raise": "1 / 0",
    "exit": "raise SystemExit(0)",
    "interpreter": "raise GeneratorExit",
    "syntax": "def",
    "null": "x = '\\0'\0",
    "empty": "",
    "recursion": "def f(): f()\nf()",
    "getattr": "def __getattr__(name): raise RuntimeError(name)",
    "base": "class E(BaseException):\n    def __str__(self): raise ValueError\nraise E",
    "long": "raise ValueError('x' * 3_000_000)",
    "escape": "raise ValueError('\\x1b[2J\\n\\r\\u202e')",
    **{f"member {i}": f"{HONEST}\n{line}" for i, line in enumerate((
        "NAME = None", "NAME = '\\x1b[2J'", "Config = 3", "class Config: pass", "Config = dict", "fit = 3",
            "load_data = None",
        "def load_data(dataset, data_dir): raise KeyError('\\x1b[2J')", "def load_data(): pass",
            "load_data = print",
        "def load_data(dataset, data_dir): return 3", "SPACES = []", "SPACES = {'default': 3}",
            "SPACES = {3: {}}",
        "def check(config, data): raise SystemExit", "def resolve_runtime(*a): return 3",
            "def resolve_runtime(): pass",
        "class Config(Config):\n    inner: dict = {'a': 1}",
            "class Config(Config):\n    rate: float = float('nan')",
        "class Config(Config):\n    need: int", "class Config(Config):\n    epochs: list = [[[[[1]]]]]",
        "def fit(*a, **k): raise ValueError('x' * 3_000_000)", "def fit(*a, **k): return None",
            "def fit(): pass",
        "preview = 3", "PROCESS_ENVIRONMENT = 3", "import os; os.chdir('/')",
            "import os; os.environ['TMPDIR'] = '/'",
    ))},
}  # fmt: skip
SPACES = ["X = {}", "X = 3", "X = {'epochs': [1]}", "X = {'epochs': 'x'}", "X = {'epo': 1}",
    "def X(t): 1 / 0", "def X(): pass", "def X(t): return t",
          "def X(t): raise SystemExit", "def X(t): return {'epochs': t.suggest_int('e', 5, 1)}", "1 / 0",
              "def X(t):\n    return X(t)",
          "from search_spaces import choice\nX = {'epochs': choice()}",
              "from search_spaces import uniform\nX = {'gamma': uniform(0, float('nan'))}",
          "ablations = {'a': 3}", "ablations = {'a': {'epo': 1}}", "ablations = {3: {'epochs': 1}}",
              "ablations = []"]  # fmt: skip
CONFIGS = ["", "{", "[]", "3",
    "{}", '{"epochs": 2}', '{"epochs": {"a": 1}}', '{"epo": 1}', '{"epochs": 1e999}',
    "[" * 100_000, '{"config": {"epochs": 0}}',
           '{"a": ' * 50_000, '{"epochs": NaN}', "\x00\xff", '{"\\ud800": 1}', '{"config": 3}']  # fmt: skip


class Arena:
    """A folder with a good study and everything odd in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "good.py").write_text(HONEST)
        self.words = ["--trainable", str(folder / "good.py"), "--dataset", "digits"]
        assert main(["baseline", "--study", str(folder / "good"), *self.words, "--set", "epochs=1", "--quiet"]) == 0
        self.trainables = self._files("t", list(TRAINABLES.values()), ".py")
        self.spaces = [f"{p}:X" for p in self._files("s", SPACES, ".py")]
        self.configs = self._files("c", CONFIGS, ".json")
        (folder / "loop").symlink_to(folder / "loop")
        (folder / "folder.py").mkdir()
        os.mkfifo(folder / "fifo.py")
        (folder / "other").mkdir()
        (folder / "other" / "thesis.txt").write_text("mine")
        for name in ("out", "tmp", "data"):
            (folder / name).mkdir()
        self.paths = ["loop", "loop/x", "folder.py", "fifo.py", "good.py", "good.py/x", "other", "absent",
            "n" * 300, "d/" * 2000, "", ".", "\0", "/proc/x", "\ud800"]  # fmt: skip

    def _files(self, kind: str, texts: list[str], suffix: str) -> list[str]:
        found = []
        for number, text in enumerate(texts):
            path = self.folder / f"{kind}{number}{suffix}"
            path.write_bytes(text.encode("latin-1", errors="surrogatepass" if suffix == ".json" else "replace"))
            found.append(str(path))
        return found

    def state(self) -> dict[str, Any]:
        """Everything but what a command may always write: the log's folder, the data's and the exports'."""
        found: dict[str, Any] = {}
        for at, folders, files in os.walk(self.folder):
            if Path(at) == self.folder:
                folders[:] = [name for name in folders if name not in ("out", "tmp", "data")]
            for name in [*folders, *files]:
                path = Path(at) / name
                regular = path.is_file() and not path.is_symlink()
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest() if regular else path.lstat().st_mode
        return found


class Lines:
    """Draws command lines."""

    def __init__(self, arena: Arena, seed: int) -> None:
        self.arena, self.rng = arena, random.Random(seed)

    def option(self, command: str) -> list[str]:
        """One option of the command, with a value that may be hostile."""
        a, pick = self.arena, self.rng.choice
        numbers = {"baseline": ["--seeds", "--seed"], "sweep": ["--trials", "--seed", "--reduction-factor",
            "--grace", "--time-limit", "--keep-weights"],
                   "confirm": ["--top", "--seeds", "--margin", "--seed"], "ablate": ["--seeds", "--margin",
                       "--leave-out", "--path-seeds"]}  # fmt: skip
        if command == "report":
            return pick([["--format", pick(["csv", "json", "md", "latex", *NAMES])], ["--table",
                pick(["verdicts", "ablation", "methods", *NAMES])], [pick(NAMES)]])  # fmt: skip
        if command == "export":
            return pick([["--format", pick(["csv", "json", "parquet", *NAMES])], ["--run", pick(NAMES)],
                ["--out", pick(["-", "out/x", "out/a/b/c", "loop", "good.py/x", "n" * 300, "other"])]])  # fmt: skip
        some = [
            [pick(numbers[command]), pick(NUMBERS)],
            [pick(["--concurrency", "--cpus-per-trial", "--gpus-per-trial", "--trial-timeout"]), pick(NUMBERS)],
            ["--set", pick(SETS)],
            ["--config", pick([*a.configs, *a.paths])],
            [
                "--trainable",
                pick([*a.trainables, *a.trainables, "json", "antigravity.", "", "..", "a.b.c", "x.py", *a.paths]),
            ],
            ["--dataset", pick([*NAMES, "loop", "folder.py"])],
            ["--data-dir", pick(["data", "good.py", "loop"])],
            ["--dataset-name", pick(NAMES)],
            ["--address", pick(["", ":", "127.0.0.1:1", "x:99999999", "127.0.0.1", "\x1b"])],
            [pick(["--device", "--precision"]), pick(["cuda", "bf16", "tpu", ""])],
            [pick(["--nothing", "--", "-x", "word", "--help="])],
        ]
        some += {
            "sweep": [["--space", pick([*a.spaces, "x", "", ":", "x.py:", "loop.py:X", "fifo.py:X"])],
                [pick(["--sampler", "--scheduler"]), pick(NAMES)]],
            "ablate": [["--from", pick(NAMES)], ["--parts", pick(NAMES)], ["--changes",
                pick([*NAMES, "epochs"])], ["--space-file",
                pick([s.removesuffix(":X") for s in a.spaces])]],
        }.get(command, [])  # fmt: skip
        return pick(some)

    def draw(self) -> tuple[list[str], str]:
        """Return a line and the study that it names."""
        command = self.rng.choice(["baseline", "sweep", "confirm", "ablate", "report", "export", "baseline", "sweep"])
        study = self.rng.choice([*["good", "new"] * 5, *self.arena.paths])
        words = [command, "--study", study]
        if command in ("baseline", "sweep") and study != "good":
            words += [*self.arena.words, "--set", "epochs=1"] if self.rng.random() < 0.5 else self.arena.words
        if command in ("confirm", "ablate") and self.rng.random() < 0.5:
            words.append("--dry-run")
        for _ in range(self.rng.randint(1, 2)):
            words += self.option(command)
        return words, study


def run(arena: Arena, words: list[str], study: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run one line and hold it to the rules; return its code, for the counts."""
    before = arena.state()
    signal.alarm(SECONDS)
    try:
        code: Any = main(words)
    except SystemExit as left:  # --help
        code = left.code
    finally:
        signal.alarm(0)
    said = capsys.readouterr()
    about = f"{[w[:80] for w in words]} -> {code}: {said.err[-2000:]!r}"
    assert code in (0, 1, 2, 130), about
    assert "Traceback" not in said.err and "Traceback" not in said.out, about
    assert len(said.err) < 20_000 and not set("\x1b\u202e\x07") & set(said.err), about
    after = arena.state()
    own = str(arena.folder / study)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    asked = [
        own,
        *(str(arena.folder / word) for option, word in zip(words, words[1:], strict=False) if option == "--out"),
    ]
    assert not [name for name in changed if not any(f"{name}/".startswith(f"{place}/") for place in asked)], about
    if code == 2:
        errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1 and len(errors[0]) < 2500, about
        written = {name.removeprefix(f"{own}/") for name in changed} - {own}
        assert written <= {"study.log", "study.lock"}, (written, about)
    return f"odd command lines: {words[0]}, code {code}"


def fuzz(
    count: int,
    seed: int,
    folder: Path,
    counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trains(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt  # before any engine: such a line is a good one

    monkeypatch.setenv("STUDY_DATA_DIR", str(folder / "data"))
    arena = Arena(folder)
    monkeypatch.setattr("study.cli.session.run_jobs", trains)
    monkeypatch.setattr("study.search.sweep.run_jobs", trains)
    shutil.copytree(folder / "good", folder.parent / "kept")
    monkeypatch.setattr("tempfile.tempdir", str(folder / "tmp"))
    capsys.readouterr()
    lines = Lines(arena, seed)
    for _ in range(count):
        monkeypatch.chdir(folder)
        words, study = lines.draw()
        counts[run(arena, words, study, capsys)] += 1
        shutil.rmtree(folder / "good")
        shutil.copytree(folder.parent / "kept", folder / "good")
        shutil.rmtree(folder / "new", ignore_errors=True)
        shutil.rmtree(folder / "absent", ignore_errors=True)
    assert sum(n for line, n in counts.items() if line.endswith("code 2")) > count / 3, "most are bad"


@pytest.mark.parametrize("seed", [1])
def test_odd_command_lines(
    seed: int, tmp_path: Path, counts: Counter[str], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "arena").mkdir()
    fuzz(40, seed, tmp_path / "arena", counts, capsys, monkeypatch)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(2, 7))
def test_many_odd_command_lines(
    seed: int, tmp_path: Path, counts: Counter[str], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "arena").mkdir()
    fuzz(100, seed, tmp_path / "arena", counts, capsys, monkeypatch)
