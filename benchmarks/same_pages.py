"""Show that a change moves code and nothing else: pages and tables of the same studies, byte for byte.

    python -m benchmarks.same_pages REV          # REV against the working tree
    python -m benchmarks.same_pages REV OTHER    # REV against OTHER

Each revision is checked out into a folder of its own. REV makes three studies up (a sweep; one with confirmation,
ablation and pictures; a baseline alone) and copies the committed reference sweep. Both revisions then write every page
and table of all four by their own command line; ends with 1 where any differ.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MADE_UP = """
import sys
from pathlib import Path

try:
    from tests.support import synthetic
except ImportError:
    from tests import synthetic  # before 2026-11-24

folder = Path(sys.argv[1])
synthetic.study(folder / "exploratory", trials=30, seeds=3)
synthetic.study(folder / "baseline", trials=0, seeds=6)
maker = synthetic.Maker()
study = synthetic.study(folder / "confirmed", trials=20, seeds=6, pictures=True, maker=maker)
synthetic.ablate(synthetic.confirm(study, maker), maker)
"""
REFERENCE = "results/reference/sweep-cifar10-jpeg"
TABLES = [[], *(["--format", f] for f in ("csv", "json", "md", "latex"))]
TABLES += [["--format", f, "--table", t] for t in ("verdicts", "ablation", "methods") for f in ("md", "latex")]


def run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the code of ``tree``, whatever is installed."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run([sys.executable, *words], cwd=tree, env=environment, capture_output=True, text=True)


def outputs(tree: Path, studies: Path) -> dict[str, str]:
    """Return study and options -> digest of all that ``report`` and ``export`` give, errors included."""
    found = {}
    for study in sorted(studies.iterdir()):
        for words in [["report", *table] for table in TABLES] + [["export", "--out", "-"]]:
            page = study / "report.html"
            page.unlink(missing_ok=True)
            done = run(tree, "-m", "study.run", *words, "--study", str(study))
            data = page.read_bytes() if words == ["report"] and page.exists() else (done.stdout + done.stderr).encode()
            found[f"{study.name}: {' '.join(words)}"] = f"{hashlib.sha256(data).hexdigest()[:16]} {len(data)} bytes"
    return found


def main() -> int:
    """Compare and print a line for each page and table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.same_pages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("before", metavar="REV")
    parser.add_argument("after", metavar="OTHER", nargs="?", help="default: the working tree")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="study-same-") as made:
        folder = Path(made)
        trees = [folder / "before", folder / "after" if args.after else ROOT]
        try:
            for tree, revision in zip(trees, (args.before, args.after), strict=True):
                if revision:
                    subprocess.run(["git", "worktree", "add", "-q", "--detach", tree, revision], cwd=ROOT, check=True)
            studies = folder / "studies"
            shutil.copytree(trees[0] / REFERENCE, studies / "reference")
            run(trees[0], "-c", MADE_UP, str(studies)).check_returncode()
            before, after = outputs(trees[0], studies), outputs(trees[1], studies)
        finally:
            for tree in trees:
                if tree != ROOT and tree.exists():
                    subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)
    for name, digest in before.items():
        print(f"{'same' if after[name] == digest else 'DIFFERENT'}  {name}: {digest}")
    differ = sum(after[name] != digest for name, digest in before.items())
    print(f"{len(before)} pages and tables of 4 studies, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
