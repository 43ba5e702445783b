"""What --config and --set say is read within bounds, and checked by one rule."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from results.config import checked_config, read_config, read_sets, recorded_config
from results.errors import UserError


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: float = Field(0.1, gt=0)
    layers: list[int] = [8]
    name: str = "plain"


def refusal(function, *args) -> str:
    with pytest.raises(UserError) as caught:
        function(*args)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000, "is not JSON"),
        ("{" * 9, "is not JSON"),
        ("\xff", "is not JSON"),
        ("3", "holds a int"),
        ("", "is not JSON"),
    ],
)
def test_a_file_that_is_no_config(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(text.encode("latin-1"))
    assert says in refusal(read_config, tmp_path / "c.json")


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (tmp_path, tmp_path / "fifo", tmp_path / "loop", tmp_path / "absent", Path("n" * 300)):
        assert refusal(read_config, path).startswith(f"--config '{path}'")


def test_a_config_is_flat_and_finite() -> None:
    assert checked_config(Config, {"layers": [1, 2]}) == {"rate": 0.1, "layers": [1, 2], "name": "plain"}
    assert "numbers are finite" in refusal(checked_config, Config, {"rate": float("inf")})
    said = refusal(checked_config, Config, {"rat": 1}, "--set")
    assert said == "--set: the config has no field 'rat'; did you mean 'rate'?"
    assert refusal(checked_config, Config, {"rate": -1}, "--set") == "--set: rate=-1: Input should be greater than 0"


def test_what_a_study_recorded_of_a_config() -> None:
    recorded = recorded_config({"rate": 0.1, "epochs": 3, "name": "plain", "flag": True, "none": None})
    sets = read_sets(["rate=1", "epochs=5", "name=7", "flag=false", "none=0.5"], recorded)
    assert sets == {"rate": 1.0, "epochs": 5, "name": "7", "flag": False, "none": 0.5} and isinstance(
        sets["rate"], float
    )
    assert "did you mean 'epochs'" in refusal(read_sets, ["epoch=1"], recorded)
    for wrong in ("many", "2.5", "[3]", "1e999", "null"):
        assert "is not like 3" in refusal(read_sets, [f"epochs={wrong}"], recorded)
    for name in ("_private", "__class__", "model_fields", "model_config"):
        assert f"study.json: the baseline has a field '{name}'" in refusal(recorded_config, {name: 1})
