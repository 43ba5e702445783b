"""``study.json``: what a study is. Checked once, where it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from results import schema1
from results.config import config_hash
from results.errors import UserError, shown
from results.formatting import plural
from results.metric import Metric
from results.plain import Unreadable, check_free, parse, reason
from results.record import MetricTag

SCHEMA = 2
META_BYTES = 2**26  # 64 MiB; one command adds a kilobyte, a class name some ten bytes
SHA256 = "^[0-9a-f]{64}$"
TEMPLATE = 30_000  # characters of a command: what splits it into words takes the square of them
INTRODUCED, CHARACTERS = 100, 10_000
"""How many fields a config may get after its study began, and how long they are with their defaults: every record is
read anew with each of them."""
Count = Annotated[int, Field(ge=0, le=10**9)]


class DatasetInfo(BaseModel):
    """What the report needs to know of the data without seeing them."""

    name: str  # how results are labelled, e.g. cifar10-jpeg
    fingerprint: str
    class_names: list[str] = Field(default=[], max_length=10**6)  # of a classification whose data name them
    train_examples: Count | None = None
    test_examples: Count | None = None
    source: str | None = None  # what --dataset was given, the home folder written as ~
    pictures: bool = False  # whether its examples are images, and are called so

    @property
    def examples(self) -> str:
        """What texts call the members of the data."""
        return "images" if self.pictures else "examples"


class StudyMetric(MetricTag):
    """The study's metric, with the margin of its verdicts."""

    margin: float | None = None

    @model_validator(mode="after")
    def _is_one(self) -> StudyMetric:
        try:
            self.plain  # noqa: B018 - raises where it is none
        except UserError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def plain(self) -> Metric:
        """The metric. Raises UserError where it is none."""
        return Metric(self.name, self.goal, self.unit, self.margin, self.test, self.select)

    @property
    def tag(self) -> MetricTag:
        """What the records of the study keep of it."""
        return MetricTag(**self.plain.tag)

    @classmethod
    def of(cls, metric: Metric) -> StudyMetric:
        """Make what study.json keeps of a metric."""
        return cls(**metric.tag, margin=metric.margin)


class Script(BaseModel):
    """The command that a study runs instead of a trainable of Python. Run only where it is given again."""

    template: Annotated[str, Field(max_length=TEMPLATE)]
    parse: Annotated[str, Field(max_length=TEMPLATE)] | None = None
    files: dict[str, str] = {}  # its words that are files, with their SHA-256 when they last ran


class CommandRun(BaseModel):
    """One command that was run on the study."""

    command: str
    started: str
    environment: dict[str, Any] = {}


Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Stage = Literal["baseline", "sweep", "confirm", "ablation", "done"]


class AutoSplit(BaseModel):
    """How a budget is split, once costs and noise are known."""

    trials: Annotated[int, Field(ge=1, le=10**6)]
    top: Annotated[int, Field(ge=1, le=100)]  # candidates of the confirmation
    sweep: Seconds  # of the budget that may be used when the sweep ends
    kept: Seconds  # for the ablation


class Auto(BaseModel):
    """How far ``auto`` has come in its budget, all starts together."""

    budget: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]  # seconds
    used: Seconds = 0.0
    stage: Stage = "baseline"  # under way
    split: AutoSplit | None = None


class StudyMeta(BaseModel):
    """The contents of ``study.json``."""

    model_config = ConfigDict(extra="allow")

    schema_version: int = Field(default=SCHEMA, alias="schema")
    name: str
    trainable: str
    script: Script | None = None  # where trainable is 'command'
    trainable_sha256: Annotated[str, Field(pattern=SHA256)] | None = None  # of its file, where it is one
    dataset: DatasetInfo
    metric: StudyMetric
    prefix: bool = False  # whether a shorter training is what a longer one was until then, as the trainable declares
    baseline: dict[str, Any]
    introduced: dict[
        str, Any
    ] = {}  # fields that the config got after the study began, with their default then, in order
    device: str
    precision: str
    commands: list[CommandRun] = []
    sweep: dict[str, Any] | None = None  # space, sampler, scheduler of the study's sweep
    looks: list[dict[str, Any]] = []  # interim analyses of earlier versions: pairs, seeds, what they spent
    plans: list[dict[str, Any]] = []  # of confirm and ablate, in order: see results.analysis.plans
    auto: Auto | None = None
    noise: dict[str, Any] | None = None  # the baseline's standard deviation over seeds, as last measured

    @field_validator("introduced")
    @classmethod
    def _few(cls, fields: dict[str, Any]) -> dict[str, Any]:
        if problem := too_many(fields):
            raise ValueError(problem)
        return fields

    @property
    def baseline_hash(self) -> str:
        """The name of the baseline's config: a run is the baseline by it, whatever command asked for the run."""
        return config_hash(self.baseline)

    def document(self) -> bytes:
        """Return study.json."""
        text = json.dumps(self.model_dump(by_alias=True), indent=2, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"


def too_many(introduced: Mapping[str, Any]) -> str | None:
    """Say that a config got more fields since its study began than records can be read with; None for as many."""
    if len(introduced) <= INTRODUCED and len(str(introduced)) <= CHARACTERS:
        return None
    return (
        f"{plural(len(introduced), 'field')} came to the config since the study began; at most {INTRODUCED}, of "
        f"{CHARACTERS:,} characters with their defaults, are taken"
    )


def read_meta(data: bytes, where: str) -> StudyMeta:
    """Read study.json. Raises UserError that begins with ``where``."""
    try:
        value = parse(data)
        schema = value.get("schema", 1)
        if isinstance(schema, int) and schema > SCHEMA:
            raise UserError(f"{where} has schema {shown(schema)}; this version knows {SCHEMA}: use a newer one")
        meta = StudyMeta.model_validate(schema1.meta(value) if schema == 1 else value, strict=True)
        check_free(meta.model_dump(), "it")
    except ValidationError as error:
        raise UserError(f"{where} is not a study.json: {reason(error)}") from None
    except Unreadable as error:
        raise UserError(f"{where} is not a study.json: {error}") from None
    return meta
