"""``python -m tests.golden.write``: write the golden texts anew, to be read before they are committed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.golden import HERE, story

if __name__ == "__main__":
    for terminal in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in story(Path(folder), terminal).items():
                (HERE / name).write_text(text, encoding="utf-8")
