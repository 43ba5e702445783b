"""Studies that somebody mails: changed in every way, read and shown without a traceback, a hang or a write outside.

Each case copies a small made-up study, changes one thing by its number, then reads all of it; the page is rendered for
the first cases of each kind. What the records say is held against plain json, hashlib and counting.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import random
import shutil
import socket
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from results.analysis.evidence import Evidence
from results.analysis.looks import Pair
from results.analysis.plans import Plan
from results.errors import IgnoredRecord, UserError
from results.record import Record
from results.store import Study
from study.recording import checkpoints
from study.recording.checkpoints import Interrupted
from study.report.page import FORMATS, render, render_format
from tests.support import synthetic
from tests.support.planned import made, planned_study
from tests.support.runs import BASE, hash_of

pytestmark = pytest.mark.filterwarnings("ignore::results.errors.IgnoredRecord")
CASES, RENDERED = 600, 6  # in the long form: in all, and pages per kind of change
SHORT = 84  # with a page for some of the kinds
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 2, 10**4, 10**11, 2**53 + 1, 2**63, 10**40, 1e30, 0.5, 1.7, -0.1, 1e308, 0.95),
    *(float("nan"), float("inf"), -float("inf"), "", "x", "\ud800", "../../x", "a\0b", "1", "\x1b[31m", "x" * 10**5),
    *([], {}, [[]], [1, 2], {"a": 1}, {"a": {"b": [{}]}}, [None], ["x"], [[1]], [[1, -1], [0, 10**20]]),
]
NESTED = ["[" * 10**5, '{"a":' * 10**5, "[" * 900 + "]" * 900, '{"a":' * 40 + "1" + "}" * 40]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    maker = synthetic.Maker(["a", "b", "c"], val=30, test=40)
    path = tmp_path_factory.mktemp("base") / "study"
    study = synthetic.study(path, trials=22, seeds=3, maker=maker, pictures=True)
    synthetic.confirm(study, maker, top=1, seeds=3)
    run = study.records()[0]
    state = {"w": synthetic.np.arange(6.0).reshape(2, 3), "n": synthetic.np.array(3)}
    study.save_state(study.weights_path(run.run_id), state)
    from results.outcome import Epoch
    from study.jobs import Job

    job = Job("sweep", run.config | {"epochs": 9}, 504)
    seen = [Epoch(1, {"val_loss": 1.0, "val_accuracy": 1.0}, 1.0, synthetic.np.eye(3, dtype=int))]
    checkpoints.save(study, Interrupted(job, seen), state)
    return path


# -- changes: each takes a copy, and what is random ------------------------------------------------------------------


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something may be changed: every key, and a few entries of each list."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))[:2] if isinstance(value, list) else []
    return (
        [at, *(p for k in keys for p in places(value[k], (*at, k)))]
        if at
        else [p for k in keys for p in places(value[k], (k,))]
    )


def put(value: Any, at: tuple[Any, ...], new: Any) -> None:
    for key in at[:-1]:
        value = value[key]
    value[at[-1]] = new


def lines(folder: Path) -> list[str]:
    return (folder / "records.jsonl").read_text().splitlines()


def save(folder: Path, made: list[str]) -> None:
    (folder / "records.jsonl").write_bytes("".join(f"{line}\n" for line in made).encode("utf-8", "surrogatepass"))


def odd_record(folder: Path, rng: random.Random) -> str:
    made = lines(folder)
    n = rng.randrange(len(made))
    value = json.loads(made[n])
    at = rng.choice(places(value))
    put(value, at, rng.choice(ODD))
    made[n] = json.dumps(value)
    save(folder, made)
    return f"line {n + 1}: {at}"


def odd_meta(folder: Path, rng: random.Random) -> str:
    value = json.loads((folder / "study.json").read_text())
    at = rng.choice(places(value))
    put(value, at, rng.choice(ODD))
    (folder / "study.json").write_text(json.dumps(value))
    return str(at)


def doubled(folder: Path, rng: random.Random) -> str:
    made = lines(folder)
    value = json.loads(rng.choice(made))
    value |= rng.choice(
        [
            *({}, {"seconds": 1.0}, {"test": {"test_accuracy": 1.7}}, {"test": {"test_accuracy": 0.95}}, {"trial": 7}),
            *({"schema": 9}, {"schema": 1}, {"schema": "1"}, {"schema": None}, {"test_accuracy": 0.95}),
        ]
    )
    made.insert(rng.choice([0, len(made)]), json.dumps(value))
    save(folder, made)
    return "doubled"


def contradicting(folder: Path, rng: random.Random) -> str:
    made = lines(folder)
    n = rng.choice([i for i, line in enumerate(made) if '"status":"complete"' in line])
    value = json.loads(made[n])
    n_examples = value["test_examples"]["n"]
    field, new = rng.choice(
        [
            ("best_epoch", rng.randint(-1, 40)),
            ("seed", rng.randint(0, 9)),
            ("status", rng.choice(["failed", "pruned", "diverged"])),
            ("metric", value["metric"] | {"goal": "min"}),
            ("metric", value["metric"] | {"select": rng.choice(["last", "val_accuracy:min", "nothing:max"])}),
            ("test_examples", value["test_examples"] | {"n": n_examples + rng.choice([-1, 1, 8])}),
            ("test_examples", value["test_examples"] | {"data": base64.b64encode(rng.randbytes(5)).decode()}),
            ("test_examples", floats(n_examples, rng)),
            ("val", value["val"] | {rng.choice(["val_loss", "val_accuracy"]): rng.random()}),
            ("test", value["test"] | {"test_accuracy": rng.random()}),
            ("test", value["test"] | {f"x{i}": 1.0 for i in range(1000)}),
        ]
    )
    value[field] = new
    made[n] = json.dumps(value)
    save(folder, made)
    return field


def floats(n: int, rng: random.Random) -> dict[str, Any]:
    numbers = synthetic.np.full(n, rng.choice([math.nan, math.inf, 3e38, 0.5]), "<f4")
    return {"kind": "float32", "n": n, "data": base64.b64encode(numbers.tobytes()).decode()}


NAMES = ["<img src=x>", "=1+1", "\x1b[2J", "$x$", "\\input{x}", "a\nb", "|", "\u202e", "x" * 10**5, "loss", "val_loss"]
METRICS: list[dict[str, Any]] = [
    *({"name": n} for n in NAMES),
    *({"unit": n} for n in [*NAMES, "°C", "% "]),
    *({"test": n} for n in [*NAMES, None]),
    *({"select": n} for n in ["last", "val_accuracy:max", "nothing:min", "x", "", ":min", 7]),
    *({"margin": n} for n in [0, -1, math.nan, 1e300, 5e-324, 0.5, "x", True, None]),
    {"goal": "min"},
]


def another_metric(folder: Path, rng: random.Random) -> str:
    """The study's and, half the time, its records' too: then they may agree, on something odd."""
    change, meta = rng.choice(METRICS), json.loads((folder / "study.json").read_text())
    meta["metric"] |= change
    (folder / "study.json").write_text(json.dumps(meta))
    if rng.random() < 0.5:
        made = [json.loads(line) for line in lines(folder)]
        for value in made:
            value["metric"] |= {k: v for k, v in change.items() if k != "margin"}
        save(folder, [json.dumps(value) for value in made])
    return str(change)[:100]


def introduced(folder: Path, rng: random.Random) -> str:
    """Fields that came later, which is not so: runs, looks and the baseline may then be told apart no more."""
    meta = json.loads((folder / "study.json").read_text())
    known = list(meta["baseline"])
    new = rng.choice(
        [
            {rng.choice(known): rng.choice(ODD)},
            {name: meta["baseline"][name] for name in rng.sample(known, len(known))},
            {f"f{i}": i for i in range(rng.choice([3, 100, 10**5]))},
            {rng.choice(NAMES): rng.choice(NAMES)},
            {"new": rng.choice(ODD)},
        ]
    )
    meta["introduced"] = new
    if rng.random() < 0.5:
        meta["baseline"] |= new
    (folder / "study.json").write_text(json.dumps(meta))
    return str(new)[:100]


def out_of_reach(folder: Path, rng: random.Random) -> str:
    """Values as they are just before infinity, or no more than rounding."""
    scale, made = rng.choice([1e308, -1e308, 1e160, 1e99, -1e99, 1e-320]), [json.loads(x) for x in lines(folder)]
    for value in rng.sample(made, rng.choice([1, len(made)])):
        for row in value["history"]:
            row["values"]["val_loss"] = scale * (row["values"]["val_loss"] or 1)
        best = [row for row in value["history"] if row["epoch"] == value["best_epoch"]]
        value["val"] = dict(best[0]["values"]) if best and value["val"] else value["val"]
        if value["test"]:
            value["test"]["test_loss"] = scale
    save(folder, [json.dumps(value) for value in made])
    return str(scale)


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "study.lock")


def flipped(folder: Path, rng: random.Random) -> str:
    path = rng.choice(files(folder))
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 3, 50])):
        data[rng.randrange(min(len(data), rng.choice([200, len(data)])))] = rng.randrange(256)
    path.write_bytes(bytes(data))
    return path.name


def cut_short(folder: Path, rng: random.Random) -> str:
    path = rng.choice(files(folder))
    data = path.read_bytes()
    path.write_bytes(data[: rng.randrange(len(data))] + rng.choice([b"", b"", b"\0" * 100, b"\n\n[" + b"[" * 5000]))
    return path.name


def replaced(folder: Path, rng: random.Random) -> str:
    path = rng.choice(
        [*files(folder), *(p for p in folder.iterdir() if p.is_dir()), folder / "study.lock", folder / "study.log"]
    )
    kind = rng.choice(["link", "link", "folder", "fifo", "socket", "gone", "nowhere", "self"])
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    outside = folder.parent / "outside"
    if kind == "link":
        path.symlink_to(outside / rng.choice(["mine", "", "records.jsonl"]))
    elif kind in ("nowhere", "self"):
        path.symlink_to("/nowhere/x" if kind == "nowhere" else path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            at = os.open(".", os.O_RDONLY)
            os.chdir(path.parent)
            made.bind(path.name)
            os.chdir(at)
            os.close(at)
    return f"{path.name} {kind}"


def nested(folder: Path, rng: random.Random) -> str:
    bomb = rng.choice(NESTED)
    if rng.random() < 0.4:
        (folder / "study.json").write_text(bomb)
        return "study.json"
    made = lines(folder)
    n = rng.randrange(len(made))
    made[n] = rng.choice(
        [bomb, made[n].replace('"environment":{', '"environment":{"a":' + bomb + ","), "1e999", '"x"', "null"]
    )
    save(folder, made)
    return "records.jsonl"


def looked(folder: Path, rng: random.Random) -> str:
    value = json.loads((folder / "study.json").read_text())
    if not value["looks"]:
        plan = value["plans"][0] if value["plans"] else planned([json.loads(line) for line in lines(folder)])
        pairs = [pair | {"seeds": plan["seeds"], "without": []} for pair in plan["pairs"]]
        value["looks"] = [{k: plan[k] for k in ("family", "number", "claim", "margin", "alpha")} | {"pairs": pairs}]
    look = value["looks"][0]
    at = rng.choice(places(look))
    put(look, at, rng.choice(ODD))
    value["looks"] *= rng.choice([1, 1, 3, 200])
    (folder / "study.json").write_text(json.dumps(value))
    return str(at)


def odd_plans(folder: Path, rng: random.Random) -> str:
    """A plan with something odd in it, or many of them."""
    value = json.loads((folder / "study.json").read_text())
    plan = value["plans"][0] if value["plans"] else planned([json.loads(line) for line in lines(folder)])
    at = rng.choice(places(plan))
    put(plan, at, rng.choice([*ODD, [0.5] * 10**5, [[3.0] * 1000] * 100, [None] * 5]))
    value["plans"] = [plan] * rng.choice([1, 1, 2, 50])
    (folder / "study.json").write_text(json.dumps(value))
    return f"{at} x {len(value['plans'])}"


def planned(records: list[dict[str, Any]]) -> dict[str, Any]:
    """A plan that compares two configs of the study on seeds that one has."""
    reference = next(r["config_hash"] for r in records if r["kind"] == "baseline")
    other = next(r["config_hash"] for r in records if r["status"] == "complete" and r["config_hash"] != reference)
    seeds = tuple(sorted({r["seed"] for r in records if r["config_hash"] == reference}))[:3]
    table = ((math.inf, math.inf, 4.0),)
    pair = Pair(other, reference, seeds)
    return Plan("confirm", 1, (pair,), seeds, 0.005, "test-set", 0.04, table, halving=(3,)).sealed().as_dict()


CHANGES = [
    odd_plans,
    odd_record,
    odd_meta,
    doubled,
    contradicting,
    flipped,
    cut_short,
    replaced,
    nested,
    looked,
    another_metric,
    introduced,
    out_of_reach,
]


SIZES = [(1, 100, 50, True), (4, 100, 50, True), (4, 1, 500, True), (4, 10, 500, True)]  # plans, pairs, seeds, read
SIZES += [(n, m, r, False) for n, m, r in [(1, 100, 500), (1, 100, 51), (1, 1, 501), (5, 1, 500), (5, 100, 50)]]
SIZES += [(51, 1, 3, False), (1000, 1, 3, False)]


@pytest.fixture(scope="module")
def many_runs(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study with 500 runs each of the baseline and of a candidate."""
    study = planned_study(tmp_path_factory.mktemp("large") / "study", rounds=3)
    for config, gain in ((BASE, 0.0), (BASE | {"width": 16}, 0.02)):
        runs = {r.seed for r in study.records() if r.config == config}
        for seed in range(2000, 2500):
            assert seed not in runs
            study.append(made(config, seed, gain, 0.02, study.meta.metric.plain, "confirm"))
    return study


@pytest.mark.parametrize(("plans", "pairs", "seeds", "read"), SIZES)
def test_a_study_of_large_plans_is_read_in_seconds_or_refused(many_runs, plans, pairs, seeds, read):
    """Whatever their runs: each round is there, and nothing is ever decided."""
    chosen = tuple(range(2000, 2000 + seeds))
    pair = Pair(hash_of(width=16), hash_of(), chosen)
    table = ((math.inf, math.inf, *(1e9,) * (seeds - 2)),) * pairs
    many_runs.meta.plans, before = [], ""
    for n in range(plans):
        plan = Plan("confirm", n + 1, (pair,) * pairs, chosen, 0.005, "test-set", 0.04, table, previous=before).sealed()
        many_runs.meta.plans.append(plan.as_dict())
        before = plan.hash
    many_runs.save_meta()
    started = time.process_time()
    evidence = Evidence.of(Study.open(many_runs.path))
    assert bool(evidence.unknown_plans) is not read
    if read:
        judged = evidence.judged("confirm")
        assert [j.rounds for j in judged] == [seeds] * plans and len(evidence.verdicts("confirm")) == 1
        assert all(j.ended for j in judged)
    assert time.process_time() - started < 10


# -- what must hold --------------------------------------------------------------------------------------------------


def consistent(r: Record, introduced: bool) -> bool:
    """Whether a record agrees with itself, told without the product's own rules; a config may be filled."""
    plain = {k: float(v) if type(v) is int else v for k, v in r.config.items()}
    name = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]
    of_rows = [v for row in r.history for v in row.values.values()]
    numbers = [*r.val.values(), *r.test.values(), r.seconds, *of_rows]
    fits = name == r.config_hash and (introduced or r.run_id.startswith(f"{name}-s{r.seed}"))
    fits &= all(n is None or abs(n) < 1e101 for n in numbers)
    accuracy = r.test.get("test_accuracy")
    fits &= all(a is None or 0 <= a <= 1 for a in (r.val.get("val_accuracy"), accuracy))
    fits &= [h.epoch for h in r.history] == sorted({h.epoch for h in r.history})
    if accuracy is not None and r.test_examples is not None and r.test_examples.kind == "bits":
        bits = "".join(f"{byte:08b}" for byte in base64.b64decode(r.test_examples.data))[: r.test_examples.n]
        fits &= abs(bits.count("1") / r.test_examples.n - accuracy) < 1e-6
    if accuracy is not None and r.test_confusion:
        right = sum(row[i] for i, row in enumerate(r.test_confusion))
        fits &= abs(right / sum(map(sum, r.test_confusion)) - accuracy) < 1e-6
    return bool(fits and (r.status == "complete" or not r.test))


def read_all(folder: Path) -> Study:
    """Open a study and everything that it names."""
    study = Study.open(folder)
    for r in study.read().records:
        assert consistent(r, bool(study.meta.introduced)), r.run_id
        study.predictions(r.run_id, "test")
        study.load_state(study.weights_path(r.run_id))
        study.arrays(study.artefact_path(f"features-{r.run_id}.npz"))
    evidence = Evidence.of(study)
    if not evidence.unknown_plans:
        assert evidence.withdrawn is not None and evidence.verdicts("confirm") is not None
    study.images(study.artefact_path("test_images.npy"))
    study.arrays(study.artefact_path("augmented.npz"))
    with study.lock():
        checkpoints.interrupted_jobs(study)
    return study


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(folder.rglob("*")) if p.is_file()}


def run_cases(
    base: Path, tmp_path: Path, change: Callable[[Path, random.Random], str], cases: int, pages: int
) -> Counter[str]:
    outside, copy = tmp_path / "outside", tmp_path / "study"
    outside.mkdir()
    (outside / "mine").write_bytes(b"mine")
    (outside / ".half.tmp").write_bytes(b"mine")
    shutil.copy(base / "records.jsonl", outside)
    before, told, rendered = snapshot(outside), Counter[str](), 0
    for case in range(cases):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(base, copy)
        what = change(copy, random.Random(f"{change.__name__} {case}"))
        started = time.monotonic()
        try:
            study = read_all(copy)
            told["read"] += 1
            if rendered < pages:
                rendered += 1
                for format in FORMATS[1:] if rendered % 2 else ():
                    render_format(study, format)
                page = render(study)
                assert "<img src=x>" not in page and "\x1b" not in page, what
                study.files.write("report.html", b"page")
        except UserError as error:
            told["refused"] += 1
            assert "\n" not in str(error), what
        except BaseException as error:
            raise AssertionError(f"{change.__name__} {case}, {what}: {type(error).__name__}: {error}") from error
        assert time.monotonic() - started < 60, f"{change.__name__} {case}, {what}: hangs"
        assert snapshot(outside) == before, f"{change.__name__} {case}, {what}: wrote outside"
    return Counter({f"changed studies: {what}": n for what, n in (*told.items(), ("rendered as a page", rendered))})


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_a_few_changed_studies(
    base: Path, tmp_path: Path, counts: Counter[str], change: Callable[[Path, random.Random], str]
) -> None:
    counts.update(
        run_cases(
            base,
            tmp_path,
            change,
            SHORT // len(CHANGES),
            int(change in (odd_record, looked, odd_plans, another_metric, out_of_reach)),
        )
    )


@pytest.mark.long
@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_many_changed_studies(
    base: Path, tmp_path: Path, counts: Counter[str], change: Callable[[Path, random.Random], str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredRecord)
        counts.update(run_cases(base, tmp_path, change, -(-CASES // len(CHANGES)), RENDERED))
