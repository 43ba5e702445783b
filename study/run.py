"""The command line: ``python -m study.run COMMAND``. Parses, dispatches, and turns errors into one line."""

from __future__ import annotations

import sys

from study.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
