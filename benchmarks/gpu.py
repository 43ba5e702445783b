"""What only a GPU can show, in one call of under ten minutes: docs/gpu.md says what each figure means.

    python -m benchmarks.gpu --images cifar10-images.tar.xz
    python -m benchmarks.gpu --device cpu --quick           # the same on a CPU, in a minute: that it runs

Needs torch, numpy and PIL; says what else is missing and does without. Without --images the images are random: times
and memory are as with real ones, accuracies mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks import without
from benchmarks.gpu_parts import PARTS, REFERENCE, Bench
from benchmarks.gpu_worker import ARRAYS
from results.errors import UserError
from results.files import write_atomic

BUDGET = 540  # seconds for everything
QUICK = {"architecture": "tiny", "epochs": 2, "batch_size": 64}


def image_folder(given: Path | None, temporary: Path) -> Path | None:
    """Return the folder that holds train/ and test/: ``given``, or what an archive holds, unpacked."""
    if given is None or given.is_dir():
        return given and given.resolve()
    with tarfile.open(given) as archive:
        # Python before 3.11.4 has no filters; the archive is the user's own
        archive.extractall(temporary, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    found = [path.parent for path in temporary.rglob("train") if (path.parent / "test").is_dir()]
    if not found:
        raise UserError(f"'{given}' holds no folder with train/ and test/")
    return found[0]


def prepare(images: Path | None, quick: bool, folder: Path) -> dict[str, Any]:
    """Write the images into ``folder`` as the workers read them. Returns what they are."""
    import numpy as np

    from alexnet.data import fingerprint, load

    if images:
        data = load(str(images), folder / "cache", progress=False)
        arrays = [getattr(data, name).numpy() for name in ARRAYS]
        name, names = data.name, data.class_names
    else:
        source, counts = np.random.default_rng(0), (600, 100) if quick else (50_000, 10_000)
        arrays = [
            made
            for n in counts
            for made in (source.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8), source.integers(0, 10, n))
        ]
        name, names = "random images: accuracies mean nothing", tuple("0123456789")
    known = json.loads((REFERENCE / "study.json").read_text(encoding="utf-8"))["dataset"]
    content = fingerprint(names, tuple(arrays))
    if content == known["fingerprint"]:
        name = known["name"]
    for each, array in zip(ARRAYS, arrays, strict=True):
        np.save(folder / f"{each}.npy", array)
    about = {"name": name, "fingerprint": content, "class_names": list(names), "train_images": len(arrays[1])}
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return about


def machine(device: str) -> dict[str, Any]:
    """Say what the figures are measured on, and what is not installed there."""
    import torch

    found: dict[str, Any] = {"torch": torch.__version__, "python": sys.version.split()[0], "cores": cores()}
    if device == "cuda":
        card = torch.cuda.get_device_properties(0)
        found |= {"gpu": card.name, "memory_mib": card.total_memory // 2**20, "cuda": torch.version.cuda}
        found["tf32"] = {"matmul": torch.backends.cuda.matmul.allow_tf32, "cudnn": torch.backends.cudnn.allow_tf32}
    return found | {"missing": without.missing()}


def cores() -> int:
    """Count the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure(bench: Bench, document: dict[str, Any], path: Path, ends: float) -> None:
    """Do all parts; each is printed and on the disk as soon as it is known. One that fails says why."""
    names = list(PARTS)
    for number, name in enumerate(names):
        share, part = PARTS[name]
        now = time.monotonic()
        budget = (ends - now) * share / sum(PARTS[other][0] for other in names[number:])
        if budget <= 0:
            document[name] = {"error": "no time was left"}
            continue
        watch = threading.Timer(ends - now, bench.close)  # a worker that hangs ends with the whole call
        watch.start()
        try:
            found: dict[str, Any] = part(bench, now + budget)
        except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
            bench.close()
            found = {"error": f"{type(error).__name__}: {error}"}
        finally:
            watch.cancel()
        document[name] = {**found, "part_seconds": round(time.monotonic() - now, 1), "budget": round(budget, 1)}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, (json.dumps(document, indent=2) + "\n").encode())
        shown = {key: value for key, value in document[name].items() if key not in ("pairs", "runs")}
        print(f"{name}: {json.dumps(shown)}", flush=True)


def main() -> None:
    """Parse, prepare, measure."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, help="class folders train/ and test/, or an archive of them (.tar.xz)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="a small network, few epochs, four trials: that it runs")
    parser.add_argument("--seconds", type=float, default=BUDGET, help="for everything (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=Path("runs/bench/gpu.json"), help="default: %(default)s")
    args = parser.parse_args()
    ends = time.monotonic() + args.seconds
    without.use_stand_ins()
    from alexnet.runtime import resolve_runtime

    try:
        default = resolve_runtime(args.device, "auto", 1).precision
        with tempfile.TemporaryDirectory(prefix="study-gpu-") as folder:
            images = image_folder(args.images, Path(folder) / "unpacked")
            about = prepare(images, args.quick, Path(folder))
            bench = Bench(
                folder=Path(folder),
                images=images,
                cache=Path(folder) / "cache",
                fingerprint=about["fingerprint"],
                device=args.device,
                precision=default,
                cores=cores(),
                settings=QUICK if args.quick else {},
                side_by_side=(1, 2) if args.quick else (1, 2, 4, 8),
                trials=4 if args.quick else 50,
            )
            document = {"machine": machine(args.device), "data": about, "precision_default": default}
            print(json.dumps(document), flush=True)
            try:
                measure(bench, document, args.json, ends)
            finally:
                bench.close()
    except UserError as error:
        raise SystemExit(f"error: {error}") from None
    print(f"also written to {args.json}")


if __name__ == "__main__":
    main()
