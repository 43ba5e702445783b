"""``python -m study.run COMMAND``: nothing but a call of the command line."""

import sys

from study.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
