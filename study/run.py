"""``python -m study.run COMMAND``: nothing but a call of the command line."""

import os
import sys

from study.cli.main import main

if __name__ == "__main__":
    code = main()
    if code == 130:  # what an interrupt left half made, as Ray's library while it starts, may crash Python's own end
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
