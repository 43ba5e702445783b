"""Every command printed anywhere, in help, documents, errors and real runs: it parses as printed, its study named."""

from __future__ import annotations

import ast
import re
import shlex
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from results.errors import UserError
from study.cli.main import COMMANDS, main, parser_for
from tests.support import ROOT, flat

QUICK = ["--trainable", str(ROOT / "examples/digits_sklearn.py"), "--dataset", "digits", "--engine", "here"]
SHORT = {  # the quick start's form, which means the default study, as the first page of the project has it
    "python -m study.run baseline",
    "python -m study.run sweep --trials 50",
}
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.*")]
)
GOLDEN = sorted((ROOT / "tests/golden").glob("*.txt"))
WRITERS = ("results/commands.py", "study/cli/main.py", "study/run.py", "study/recording/provenance.py")  # and help
LONE = re.compile(r"study\.run (?:\w+)|'(?:baseline|sweep|confirm|ablate|auto|report|export)(?: --[\w -]+)?'")


def commands_of(text: str) -> Iterator[str]:
    """The commands of a text, their lines joined where they go on, without a comment or what the shell does."""
    text = re.sub(r"\\\n\s*", "", text)
    for found in re.findall(r"python3? -m study\.run[^\n`]*", text):
        words = []
        for word in shlex.split(found, comments=True):
            if word in ("|", "&&", ">", "||"):
                break
            words.append(word)
        if len(words) > 3 and words[3] not in ("COMMAND", "-"):
            yield shlex.join(words)


def parsed(command: str) -> Namespace:
    """The command as the command line reads it; fails where it refuses it, or where its study is left to a default."""
    words = shlex.split(command)[3:]
    if "--help" not in words and command not in SHORT:
        assert "--study" in words, f"names no study: {command}"
    try:
        return parser_for(words[0]).parse_args([w for w in words if w != "--help"])
    except UserError as error:
        pytest.fail(f"{command}: {error}")


def help_of(command: str | None) -> str:
    parser = parser_for(command)
    if command is None:
        return parser.format_help()
    (sub,) = (a for a in parser._actions if a.dest == "command")
    return str(sub.choices[command].format_help())  # type: ignore[index]


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_has_complete_examples_in_eighty_columns(command: str | None) -> None:
    text = help_of(command)
    assert max(map(len, text.splitlines())) <= 80
    examples = [c for c in commands_of(text.partition("example")[2])]
    assert examples
    for example in examples:
        parsed(example)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_show_commands_that_parse(document: Path) -> None:
    for command in commands_of(document.read_text(encoding="utf-8")):
        parsed(command)


def test_documents_are_read_at_all() -> None:
    assert sum(len(list(commands_of(d.read_text(encoding="utf-8")))) for d in DOCUMENTS) > 30


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_what_real_runs_print_parses(golden: Path) -> None:
    text = golden.read_text(encoding="utf-8")
    found = [c for c in commands_of(text) if not c.endswith("...")]
    assert found and "next:" in text
    for command in found:
        parsed(command)


def test_no_module_writes_a_command_of_its_own() -> None:
    """But for the texts of help, which the tests above read."""
    wrong = []
    for file in sorted([*(ROOT / "results").rglob("*.py"), *(ROOT / "study").rglob("*.py")]):
        name = str(file.relative_to(ROOT))
        if name in WRITERS or name.startswith("study/cli/arguments/"):
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                wrong += [f"{name}: {hit}" for hit in LONE.findall(node.value)]
    assert wrong == []


def test_errors_end_with_the_command_that_mends_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "a study"

    def refusal(*words: str) -> str:
        assert main([*words, "--study", str(study)]) == 2
        first, below = capsys.readouterr().err.splitlines()
        assert first.startswith("error: ") and below.startswith("  python -m study.run ")
        assert parsed(below.strip()).study == study
        return below.split()[3]

    assert refusal("report") == refusal("export") == refusal("confirm", "--dry-run") == "baseline"
    assert main(["baseline", "--study", str(study), *QUICK, "--set", "epochs=1", "--quiet"]) == 0
    capsys.readouterr()
    assert refusal("confirm", "--dry-run") == refusal("ablate", "--dry-run") == "sweep"


def test_help_hides_what_a_command_refuses() -> None:
    for command, hidden in (
        (
            "confirm",
            ("--config", "--set", "--dataset-name", "--precision", "--metric", "--unit", "--parse", "--baseline"),
        ),
        ("ablate", ("--config", "--dataset-name", "--precision", "--metric", "--unit", "--parse", "--baseline")),
    ):
        shown = set(re.findall(r"--[\w-]+", help_of(command).partition("example")[0]))
        assert not shown & set(hidden) and {"--study", "--trainable", "--command", "--dry-run"} <= shown


def test_a_dry_run_of_a_study_that_is_not_there_makes_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["baseline", "--seeds", "6"], ["sweep", "--trials", "9"], ["auto", "--budget", "9m"]):
        assert main([*words, "--study", str(tmp_path / "s"), *QUICK, "--dry-run"]) == 0
        said = flat(capsys.readouterr().out)
        assert "of unknown length" in said or "is not recorded yet" in said
        assert list(tmp_path.iterdir()) == []


def test_a_dry_run_of_a_study_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "s"
    assert main(["baseline", "--study", str(study), *QUICK, "--set", "epochs=1", "--quiet"]) == 0
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in study.rglob("*") if p.is_file()}
    capsys.readouterr()
    for words, says in (
        (["baseline", "--seeds", "6"], "Cost: 5 trainings, about "),
        (["sweep", "--trials", "9"], "Cost: 9 trials, about "),
        (["sweep", "--set", "epochs=2", "--set", "penalty=1e-4"], "'default', all with penalty=0.0001, epochs=2."),
        (["auto", "--budget", "9m"], "Split: a sweep of "),
    ):
        assert main([*words, "--study", str(study), "--dry-run"]) == 0
        said = capsys.readouterr().out
        assert says in flat(said) and max(map(len, said.splitlines())) <= 80
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in study.rglob("*") if p.is_file()} == before


@pytest.mark.long
def test_each_printed_command_is_a_step_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the baseline on, whatever is printed as next is run as printed, asked first what it would do."""
    study = tmp_path / "s"
    words = ["baseline", "--study", str(study), *QUICK, "--set", "epochs=2"]
    done: list[str] = []
    for _ in range(8):
        takes_engine = words[0] in ("baseline", "sweep", "confirm", "ablate", "auto")
        if takes_engine:
            assert main([*words, "--dry-run"]) == 0, capsys.readouterr().err
        capsys.readouterr()
        more = ["--engine", "here"] if takes_engine and "--engine" not in words else []
        assert main([*words, *more]) == 0
        done.append(words[0])
        said = capsys.readouterr()
        told = (said.out + said.err).rpartition("next: ")[2]
        following = list(commands_of(told))
        if done[-1] in ("export", "report") or not following:
            break
        parsed(following[0])
        words = shlex.split(following[0])[3:]
    assert done[:4] == ["baseline", "baseline", "sweep", "confirm"] and len(done) >= 5, done
