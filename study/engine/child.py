"""The process that the executor ``here`` trains in: ``python -m study.engine.child DESCRIPTOR FOLDER``.

It gets one TrialSpec after another. Each Message that it sends is answered with whether the training is to stop; after
the last one of a training, None says that it is ready for the next.
"""

from __future__ import annotations

import contextlib
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from results.outcome import Outcome, State
from study.engine.messages import Held, Mailbox, Message, Reference
from study.engine.spool import Spool
from study.engine.worker import run_job


class _Link:
    def __init__(self, connection: Connection, spool: Spool) -> None:
        self._connection, self._spool = connection, spool
        self.mailbox: Mailbox = spool

    def report(self, message: Message) -> None:
        self._connection.send(message)
        if self._connection.recv():
            raise SystemExit

    def refer(self, value: Outcome | State) -> Reference:
        return Held(value) if isinstance(value, Outcome) else self._spool.state(value)


def main(descriptor: int, folder: Path) -> None:
    """Train what the driver sends until it closes the connection."""
    with Connection(descriptor) as connection:
        os.register_at_fork(after_in_child=connection.close)  # what a training forks must not speak for it
        link = _Link(connection, Spool(folder))
        try:
            while True:
                with contextlib.suppress(SystemExit):
                    run_job(connection.recv(), link)
                connection.send(None)
        except (EOFError, BrokenPipeError, ConnectionResetError):  # the driver is gone, or has no further job
            return


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
