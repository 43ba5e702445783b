"""What a space promises the sweep: proposals, the way back from a config, and errors before anything starts."""

from __future__ import annotations

import json
from typing import Any, Literal

import optuna
import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from results.errors import UserError
from search_spaces import Space, choice, integer, load_space, log_float, uniform


class Config(BaseModel):
    """A stand-in for a trainable's config."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(0.01, gt=0, le=1)
    size: int = Field(64, ge=1, le=1000)
    method: Literal["adam", "sgd"] = "adam"
    momentum: float = Field(0.9, ge=0, lt=1)
    depth: int = Field(2, ge=1, le=5)
    width: int = Field(2, ge=1, le=100)
    shuffle: bool = True

    @model_validator(mode="after")
    def _room(self) -> Config:
        if self.depth * self.width > 300:
            raise ValueError("depth times width is above 300")
        return self


BASELINE = Config().model_dump()

plain = {"rate": log_float(1e-3, 1e-1), "size": choice(32, 64, 128), "depth": integer(1, 3)}


def conditional(trial: Any) -> dict[str, Any]:
    config = {"method": trial.suggest_categorical("method", ["adam", "sgd"])}
    if config["method"] == "sgd":
        config["momentum"] = trial.suggest_float("momentum", 0.5, 0.95, step=0.05)
        config["rate"] = trial.suggest_float("sgd_rate", 0.05, 0.5, log=True)
    else:
        config["rate"] = trial.suggest_float("rate", 1e-3, 1e-1, log=True)
    return config


def finite(trial: Any) -> dict[str, Any]:
    """4 configs: adam, and sgd at three momenta; the sizes are made from an exponent."""
    if trial.suggest_categorical("use_momentum", [False, True]):
        return {"method": "sgd", "momentum": trial.suggest_float("momentum", 0.7, 0.9, step=0.1), "size": 64}
    return {"method": "adam", "size": 2 ** trial.suggest_int("log_size", 5, 8)}


def computed(trial: Any) -> dict[str, Any]:
    return {"rate": 10 ** trial.suggest_float("exponent", -3, -1)}


def load(definition: Any, fixed: dict[str, Any] | None = None, **baseline: Any) -> Space:
    return load_space("mine", Config, BASELINE | baseline, fixed or {}, own={"mine": definition})


def ask(space: Space, n: int, seed: int = 0) -> list[tuple[optuna.Trial, dict[str, Any]]]:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    asked = []
    for _ in range(n):
        trial = study.ask()
        asked.append((trial, space.suggest(trial)))
        study.tell(trial, 0.5)
    return asked


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)


# -- proposing and tracing back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("definition", [plain, conditional, finite], ids=["dict", "conditional", "finite"])
@pytest.mark.parametrize("fixed", [{}, {"size": 100}, {"method": "sgd"}, {"rate": 0.5}], ids=str)
def test_what_optuna_proposes_is_a_valid_config_and_traced_back_to_its_parameters(definition: Any, fixed: dict) -> None:
    space = load(definition, fixed)
    rebuilt = optuna.create_study()
    for trial, suggested in ask(space, 40):
        config = space.config(suggested)
        assert config == Config(**(BASELINE | suggested | fixed)).model_dump()
        assert not set(suggested) & set(fixed)
        way = space.way_to(json.loads(json.dumps(config)))
        assert way is not None
        params = way.params
        assert space.config(space.suggest(optuna.trial.FixedTrial(params))) == config
        if definition is not finite or not fixed:  # there a fixed field makes two ways lead to one config
            assert way.distributions == trial.distributions
            assert all(params[k] == pytest.approx(v, abs=1e-12) for k, v in trial.params.items())
        rebuilt.add_trial(optuna.trial.create_trial(params=params, distributions=way.distributions, value=0.5))
    assert len(rebuilt.trials) == 40
    assert space.suggest(rebuilt.ask())  # the sampler takes the rebuilt trials


def test_a_condition_decides_which_fields_a_config_sets() -> None:
    seen = {(s["method"], "momentum" in s) for _, s in ask(load(conditional), 30)}
    assert seen == {("adam", False), ("sgd", True)}
    space = load(conditional)
    assert space.params_for(BASELINE) == {"method": "adam", "rate": 0.01}
    assert space.params_for(BASELINE | {"method": "sgd", "momentum": 0.75, "rate": 0.1}) == {
        "method": "sgd",
        "momentum": 0.75,
        "sgd_rate": 0.1,
    }


@pytest.mark.parametrize(
    ("definition", "config"),
    [
        (plain, {"rate": 0.2}),
        (plain, {"size": 65}),
        (plain, {"depth": 4}),
        (plain, {"momentum": 0.5}),  # a field that the space leaves alone
        (conditional, {"momentum": 0.5}),  # adam leaves momentum alone
        (conditional, {"method": "sgd", "momentum": 0.51, "rate": 0.1}),  # between two steps
        (conditional, {"method": "sgd", "momentum": 0.5, "rate": 0.01}),  # adam's rate
        (finite, {"size": 48}),
        (plain, {"nonsense": 1}),
        (plain, {"size": -1}),
    ],
)
def test_a_config_outside_the_space_has_no_parameters(definition: Any, config: dict) -> None:
    space = load(definition)
    assert space.params_for(BASELINE | config) is None
    assert BASELINE | config not in space
    assert BASELINE in space


def test_a_config_that_contradicts_a_fixed_field_is_outside() -> None:
    space = load(plain, {"size": 100})
    assert space.params_for(BASELINE) is None
    assert space.params_for(BASELINE | {"size": 100}) == {"rate": 0.01, "depth": 2}


def test_true_is_not_one_nor_one_true() -> None:
    space = load({"depth": choice(1, 2), "shuffle": choice(True, False)})
    assert space.params_for(BASELINE | {"depth": 1}) == {"depth": 1, "shuffle": True}
    assert type(space.params_for(BASELINE | {"depth": 1.0})["depth"]) is int


def test_steps_give_the_numbers_a_person_writes() -> None:
    space = load({"momentum": uniform(0, 0.9, step=0.05)})
    assert {s["momentum"] for _, s in ask(space, 200)} <= {round(0.05 * k, 2) for k in range(19)}


# -- size, bounds, description -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definition", "fixed", "size"),
    [
        (plain, {}, None),
        (plain, {"rate": 0.1}, 9),
        (plain, {"rate": 0.1, "depth": 1}, 3),
        (conditional, {}, None),
        (finite, {}, 7),  # 4 sizes with adam, 3 momenta with sgd
        (finite, {"method": "adam"}, 6),  # momentum 0.9 with size 64 is reached in two ways
        ({"momentum": uniform(0.1, 0.35, step=0.1)}, {}, 3),
        ({"size": integer(10, 35, step=10), "depth": choice(1)}, {}, 3),
        ({"size": choice(1, 2), "rate": uniform(0.5, 0.5)}, {}, 2),
        ({"size": integer(1, 1000), "width": integer(1, 60)}, {}, 60_000),
    ],
)
def test_size_counts_distinct_configs(definition: Any, fixed: dict, size: int | None) -> None:
    assert load(definition, fixed).size == size


def test_size_agrees_with_listing_by_chance() -> None:
    space = load(finite)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    found = {json.dumps(space.config(space.suggest(study.ask()))) for _ in range(300)}
    assert len(found) == space.size


def test_two_ways_to_one_config_count_once() -> None:
    def twice(trial: Any) -> dict[str, Any]:
        return {"size": trial.suggest_int("a", 1, 3) + trial.suggest_int("b", 1, 3)}

    assert load(twice).size == 5


def test_dimensions_are_the_fields_that_vary() -> None:
    assert load(plain).dimensions == ["rate", "size", "depth"]
    assert load(plain, {"size": 64}).dimensions == ["rate", "depth"]
    assert set(load(conditional).dimensions) == {"method", "rate", "momentum"}
    assert load(lambda trial: {"depth": 3, "size": trial.suggest_int("size", 1, 9)}).dimensions == ["size"]


def test_bounds_and_description() -> None:
    assert load(plain).bounds() == {
        "rate": {"low": 1e-3, "high": 1e-1, "log": True, "step": None},
        "size": {"choices": [32, 64, 128]},
        "depth": {"low": 1, "high": 3, "log": False, "step": 1},
    }
    assert load(conditional).bounds()["rate"] == {"low": 1e-3, "high": 0.5, "log": True, "step": None}
    assert "size" not in load(finite).bounds()  # computed: its extent is not that of a parameter
    described = load(conditional, {"depth": 1}).describe()
    assert described["conditional"] == ["momentum"]
    assert described["pins"] == {"depth": 1}
    assert json.loads(json.dumps(described)) == described == load(conditional, {"depth": 1}).describe()
    assert load(conditional, {"depth": 2}).describe() != described
    assert load(lambda t: {"depth": 3, "size": t.suggest_int("size", 1, 9)}).describe()["fixed"] == {"depth": 3}


# -- fixed ----------------------------------------------------------------------------------------------------------


def test_a_fixed_field_steers_a_condition_and_is_no_parameter() -> None:
    space = load(conditional, {"method": "sgd"})
    assert all(set(t.params) == {"momentum", "sgd_rate"} for t, _ in ask(space, 5))


def test_a_fixed_field_is_not_varied_under_another_name() -> None:
    space = load(conditional, {"rate": 0.07})
    assert {name for t, _ in ask(space, 20) for name in t.params} == {"method", "momentum"}


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"raet": 1}, "--set: the config has no field 'raet'; did you mean 'rate'?"),
        ({"rate": 7}, "--set: rate=7: Input should be less than or equal to 1"),
        ({"rate": 0.1, "size": 1, "depth": 1}, "space 'mine': nothing to vary: every dimension is fixed by --set"),
    ],
)
def test_bad_pins(fixed: dict, message: str) -> None:
    assert refusal(plain, fixed) == message


# -- what is refused -----------------------------------------------------------------------------------------------


def refusal(definition: Any, fixed: dict[str, Any] | None = None) -> str:
    with pytest.raises(UserError) as caught:
        load(definition, fixed)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"raet": uniform(0, 1)}, "the config has no field 'raet'; did you mean 'rate'?"),
        ({"rate": uniform(0.1, 2)}, "rate=2.0 is not allowed by the config: Input should be less than or equal to 1"),
        ({"rate": uniform(0, 1)}, "rate=0.0 is not allowed by the config: Input should be greater than 0"),
        (
            {"method": choice("adam", "sdg")},
            "method='sdg' is not allowed by the config: Input should be 'adam' or 'sgd'",
        ),
        ({"rate": uniform(0.5, 0.1)}, "rate: low=0.5 is above high=0.1"),
        ({"rate": log_float(0, 0.1)}, "rate: a log range starts above 0, not at low=0"),
        ({"rate": uniform(0.1, 0.5, step=0)}, "rate: step=0 is not above 0"),
        ({"rate": uniform(0.1, float("inf"))}, "rate: high=inf is not finite"),
        ({"rate": uniform("0.1", 1)}, "rate: low='0.1' is not a number"),
        ({"size": integer(1, 2.5)}, "size: high=2.5 is not a whole number"),
        ({"size": choice()}, "size: no value to choose from"),
        ({"size": choice(1, 2, 1)}, "size: 1 is listed twice"),
        ({"size": choice((1, 2))}, "size: (1, 2) is no number, text, bool or None"),
        ({"size": choice("64")}, "size='64' becomes 64 in the config; write it as 64"),
        ({"size": uniform(1, 10)}, "size takes whole numbers; use integer(...)"),
        (
            {"size": [1, 2]},
            "size: [1, 2] is no dimension; use choice(...), integer(...), uniform(...) or log_float(...)",
        ),
        ({"depth": integer(1, 5), "width": integer(1, 100)}, "depth=5, width=100"),  # each allowed, together not
        ({}, "nothing to vary: it suggests nothing"),
    ],
)
def test_bad_dict_spaces(definition: dict, message: str) -> None:
    assert refusal(definition).startswith("space 'mine': ")
    assert message in refusal(definition)


def broken(trial: Any) -> dict[str, Any]:
    return {"size": {}[trial.suggest_categorical("method", ["adam"])]}


def unknown(trial: Any) -> dict[str, Any]:
    return {"rate": 0.1} if trial.suggest_int("size", 1, 9) < 8 else {"raet": 0.1}


def too_wide(trial: Any) -> dict[str, Any]:
    return {"rate": trial.suggest_float("rate", 0.5, 1.5)}


def changing(trial: Any) -> dict[str, Any]:
    some = [1, 2] if trial.suggest_categorical("method", ["adam", "sgd"]) == "sgd" else [1, 2, 3]
    return {"size": trial.suggest_categorical("size", some)}


def two_scales(trial: Any) -> dict[str, Any]:
    return {"rate": trial.suggest_float("rate", 0.1, 0.2, log=trial.suggest_categorical("log", [True, False]))}


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (broken, "KeyError: 'adam'"),
        (unknown, "the config has no field 'raet'; did you mean 'rate'?"),
        (too_wide, "rate=1.5: Input should be less than or equal to 1"),
        (changing, "'size' is suggested from"),
        (two_scales, "'rate' is suggested with log=True and log=False; give the two different names"),
        (lambda trial: trial.suggest_float("rate", 0.1, 0.2), "returns float, not a dict of config fields"),
        (lambda trial: {"rate": 0.1}, "nothing to vary: it suggests nothing"),
        ({"size": choice(64)}, "nothing to vary: it holds nothing but the baseline"),
        (lambda trial: {"rate": trial.suggest_float("rate", 0.2, 0.1)}, "ValueError: "),
        (
            lambda trial: {"size": trial.suggest_categorical("size", [(1, 2)])},
            "(1, 2) is no number, text, bool or None",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Choices for a categorical")
def test_bad_function_spaces(definition: Any, message: str) -> None:
    assert message in refusal(definition)


def test_a_function_that_swallows_exceptions_is_still_probed() -> None:
    def careful(trial: Any) -> dict[str, Any]:
        try:
            return {"size": trial.suggest_int("size", 1, 9)}
        except Exception:
            return {"size": 1}

    assert load(careful).size == 9


# -- warnings ------------------------------------------------------------------------------------------------------


def test_no_warning_where_all_is_well() -> None:
    assert [load(d).warnings for d in (plain, conditional, finite)] == [[], [], []]
    assert load(plain, {"size": 64, "momentum": 0.9}).warnings == []


def test_a_baseline_outside_the_space_is_a_warning() -> None:
    (line,) = load(plain, size=100, depth=5).warnings
    assert (
        line == "the baseline's size=100, depth=5 lies outside space 'mine': the sweep cannot find the baseline again"
    )
    (line,) = load(conditional, method="sgd", rate=0.01).warnings
    assert "the baseline lies outside" in line


def test_a_fixed_field_away_from_the_baseline_is_a_warning() -> None:
    (line,) = load(plain, {"size": 32}).warnings
    assert line.startswith("--set size=32 differs from the baseline's 64")


def test_a_space_that_cannot_be_traced_back_is_a_warning() -> None:
    space = load(computed)
    assert any("will not learn" in line for line in space.warnings)
    assert space.dimensions == ["rate"]
    assert space.bounds() == {}
