"""A command is a trainable: its fields, its epochs, its end and its failures, with real processes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from results.config import checked_config
from results.errors import BadResult, UserError
from results.metric import Metric
from results.outcome import Epoch, Outcome, Runtime
from study.jobs import Model
from study.scripts.scripted import Script, parse_baseline, parse_metric, scripted
from study.training.loop import train

METRIC = Metric("val_loss", "min", test="test_loss")
SH = """\
echo "starting with $1 and seed $2"
for i in 1 2 3; do
  echo "epoch $i/3 train_loss=$((9 - i)).5 val_loss=0.$((4 - i))$2"
done
echo '{"test_loss": 0.25, "note": "done"}'
"""


def script(folder: Path, text: str, **changed: Any) -> Script:
    (folder / "train.sh").write_text(text)
    given = {"template": "sh train.sh {width} {seed}", "metric": METRIC, "baseline": {"width": 8}} | changed
    return Script(folder=str(folder), **given)


def run(given: Script, seed: int = 5, on_epoch: Callable[[Epoch], bool] = lambda epoch: False) -> Outcome:
    model = Model(scripted(given), "command", None, Runtime())
    return train(model, dict(given.baseline), seed, lambda epoch, state, last: on_epoch(epoch))


def test_a_script_in_sh_leaves_what_it_prints(tmp_path: Path) -> None:
    outcome = run(script(tmp_path, SH))
    assert outcome.status == "complete" and outcome.best_epoch == 3
    assert [epoch.values for epoch in outcome.history] == [
        {"train_loss": 8.5, "val_loss": 0.35},
        {"train_loss": 7.5, "val_loss": 0.25},
        {"train_loss": 6.5, "val_loss": 0.15},
    ]
    assert outcome.test_values == {"test_loss": 0.25}


def test_its_fields_are_the_placeholders_and_its_defaults_the_baseline(tmp_path: Path) -> None:
    given = script(
        tmp_path,
        SH,
        template="sh train.sh {width} {seed} {lr} {kind}",
        baseline={"width": 8, "lr": 0.5, "kind": "a"},
    )
    config = scripted(given).Config
    assert checked_config(config, {}) == {"width": 8, "lr": 0.5, "kind": "a"}
    assert checked_config(config, {"width": 0.5})["width"] == 0.5, "an integer of the baseline may become a float"
    with pytest.raises(UserError, match="lr='fast'"):
        checked_config(config, {"lr": "fast"})


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        ({}, "--baseline lacks a value for width: give --baseline width=..."),
        ({"width": 8, "wide": 1}, "--baseline: the command has no {wide}; did you mean 'width'?"),
    ],
)
def test_a_baseline_that_does_not_fit(baseline: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        scripted(script(tmp_path, SH, baseline=baseline))
    assert str(error.value) == said


def test_a_script_that_never_prints_the_metric_fails_with_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(BadResult) as error:
        run(script(tmp_path, "echo loss=0.5; echo bye"))
    said = "it never printed 'val_loss' (it printed 'loss'); --parse REGEX reads other output; "
    assert str(error.value) == f"{said}its last lines: loss=0.5 | bye"


def test_one_that_never_prints_the_test_metric_fails(tmp_path: Path) -> None:
    with pytest.raises(BadResult, match="never printed 'test_loss', the test metric .*its last lines: val_loss=0.5"):
        run(script(tmp_path, "echo val_loss=0.5"))


def test_one_that_ends_in_error_fails_with_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(BadResult, match="exit code 3; its last lines: .*no such column"):
        run(script(tmp_path, "echo val_loss=0.5; echo 'no such column' >&2; exit 3"))


def test_a_loss_that_is_not_finite_diverges(tmp_path: Path) -> None:
    outcome = run(script(tmp_path, "echo val_loss=0.5; echo val_loss=nan; sleep 60"))
    assert outcome.status == "diverged" and len(outcome.history) == 2


def test_a_pruned_script_ends_at_once_with_what_it_started(tmp_path: Path) -> None:
    text = f"echo val_loss=0.5; {sys.executable} -c 'import time; time.sleep(600)' marked-{tmp_path.name} & wait"

    def stop(epoch: Epoch) -> bool:
        raise SystemExit

    with pytest.raises(SystemExit):
        run(script(tmp_path, text), on_epoch=stop)
    left = [p for p in psutil.process_iter(["cmdline"]) if f"marked-{tmp_path.name}" in (p.info["cmdline"] or [])]
    assert left == []


def test_the_metric_of_a_command_line() -> None:
    assert parse_metric("val_acc:max") == ("val_acc", "max")
    for text, said in (("val_acc", "val_acc:max or val_acc:min"), (":max", "not a name"), ("x:more", "x:max or x:min")):
        with pytest.raises(UserError, match=said):
            Metric(*parse_metric(text))


def test_the_baseline_of_a_command_line() -> None:
    text = 'lr=1e-3, width=16,layers=[8,8],name=adam,deep=true,none=null,quoted="a,b"'
    assert parse_baseline(text) == {
        "lr": 0.001, "width": 16, "layers": [8, 8], "name": "adam", "deep": True, "none": None, "quoted": "a,b"
    }  # fmt: skip
    for wrong, said in (("lr", "'lr' is not FIELD=VALUE"), ("a=1,a=2", "a is given twice"), ("1=2", "is not FIELD")):
        with pytest.raises(UserError, match=said):
            parse_baseline(wrong)


def test_each_run_has_a_folder_of_its_own_that_is_gone_afterwards(tmp_path: Path) -> None:
    text = 'echo "$1" >> folders; ls "$1" | wc -l >> counts; touch "$1/best.pt"; echo val_loss=0.5 test_loss=0.5'
    given = script(tmp_path, text, template="sh train.sh {run_dir} {seed}", baseline={})
    for seed in (1, 2):
        assert run(given, seed).status == "complete"
    folders = (tmp_path / "folders").read_text().split()
    assert len(set(folders)) == 2 and not any(Path(folder).exists() for folder in folders)
    assert (tmp_path / "counts").read_text().split() == ["0", "0"]


def test_an_accuracy_in_percent_beside_the_metric_is_left_out(tmp_path: Path) -> None:
    outcome = run(script(tmp_path, "echo val_loss=0.5 train_acc=71 val_acc=0.7; echo test_loss=0.5"))
    assert outcome.history[0].values == {"val_loss": 0.5, "val_acc": 0.7}
