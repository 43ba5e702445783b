"""The page of a running study: rendered anew by a process of its own after new records, at most 2 % of the time.

The driver alone writes it, and holds the study for that; the process only prints. So the driver may say in the page
every half minute that it lives while a rendering takes minutes beside trainings that leave it nothing, and a process
that is killed leaves the page as it was.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from results.errors import UserError
from results.outcome import Outcome
from results.record import Record
from results.store import Study
from study.engine.guard import MARK
from study.engine.here import search_path
from study.report.live import PAGE, Live, ended, stamped, waiting
from study.terminal.log import Log

SHARE = 0.02  # of the time; of one processor's, where renderings wait for one
LEAST = 5.0  # seconds between renderings, and before the first: a command that takes no longer has none
NICE = 10  # of renderings: at 19 half a second of work took over 44 s beside two loops on two cores
BEAT = 30.0  # seconds between stamps; a page is thought dead after 120
PATIENCE = 900.0  # seconds for a rendering
MOST = 2**27  # bytes of a page that is stamped


class Pace:
    """When the page may next be rendered, and when stamped: all that is spent on it is a share of the time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.free = clock() + LEAST  # when it may be rendered
        self.beat = clock() + BEAT  # when it is to be stamped

    def rendered(self, seconds: float) -> None:
        """Note what a rendering has cost, which has just ended."""
        now = self._clock()
        self.free = max(max(self.free, now) + seconds / SHARE, now + LEAST)
        self.beat = now + BEAT

    def stamped(self, seconds: float) -> None:
        """Note what a stamp has cost."""
        now = self._clock()
        self.free = max(self.free, now) + seconds / SHARE
        self.beat = now + max(BEAT, seconds / SHARE)

    def wait(self, pending: bool) -> float:
        """Return the seconds until there is something to do."""
        return max(0.0, (min(self.free, self.beat) if pending else self.beat) - self._clock())


class LivePage:
    """Of one command, from its first training to its report. None of its methods raises what befalls the page."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._order: dict[str, int | bool | None] = {}
        self._pending = self._closing = self._noted = False
        self._pace = Pace()

    def expect(self, done: int, of: int | None, at_most: bool = False) -> None:
        """Say what is trained next: so many are ``done`` of it already."""
        with self._changed:
            there = len(self._study.records())
            self._order = {"beside": done - there, "of": of, "at_most": at_most}
            self._pending = there > 0
            self._changed.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="page", daemon=True)
            self._thread.start()

    def __call__(self, record: Record, outcome: Outcome) -> None:
        """Take note of a record that is on the disk."""
        with self._changed:
            self._pending = True
            self._changed.notify_all()

    def stop(self) -> None:
        """End: from now on the page is another's."""
        with self._changed:
            self._closing = True
            if self._child is not None:
                self._child.kill()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """End; a page that no report has taken the place of says that the command has ended."""
        self.stop()
        if self._thread is not None:
            self._try(lambda: self._rewrite(ended))

    # -- the thread: the process ends with it, so it does all there is to do ---------------------------------------

    def _work(self) -> None:
        if not self._study.records():
            self._try(self._begin)
        while self._waited():
            self._try(self._beat if self._pace.wait(False) <= 0 else self._render)

    def _waited(self) -> bool:
        """Wait until there is something to do; False at the end."""
        with self._changed:
            while not self._closing and (left := self._pace.wait(self._pending)) > 0:
                self._changed.wait(left)
            return not self._closing

    def _begin(self) -> None:
        """Write a page before there is anything to show."""
        started = time.monotonic()
        page = waiting(self._study.meta.name, Live(0, self._order["of"], bool(self._order["at_most"])))
        self._study.files.write(PAGE, page.encode())
        self._pace.stamped(time.monotonic() - started)

    def _beat(self) -> None:
        """Say in the page that the command lives."""
        started = time.monotonic()
        try:
            self._rewrite(lambda page: stamped(page, int(time.time() * 1000)))
        finally:
            self._pace.stamped(time.monotonic() - started)

    def _rewrite(self, change: Callable[[bytes], bytes]) -> None:
        with contextlib.suppress(FileNotFoundError):  # a person has removed it
            page = self._study.files.read(PAGE, MOST)
            if (changed := change(page)) != page:
                self._study.files.write(PAGE, changed)

    def _render(self) -> None:
        started, waited = time.monotonic(), 0.0
        try:
            self._pending = False
            printed = self._printed(started + PATIENCE)
            if printed:
                head, _, page = printed.partition(b"\n")
                waited = time.monotonic() - started - float(json.loads(head)["seconds"])
                self._study.files.write(PAGE, stamped(page, int(time.time() * 1000)))
        finally:  # what it waited for a processor, behind trainings, was none of its time
            self._pace.rendered(time.monotonic() - started - max(0.0, waited))

    def _printed(self, deadline: float) -> bytes:
        """Return what the process prints; nothing where it was ended. Raises RuntimeError for one that fails."""
        with self._changed:
            if self._closing:
                return b""
            self._child = child = self._started()
        while True:
            try:
                out, err = child.communicate(timeout=min(LEAST, max(0.1, deadline - time.monotonic())))
                break
            except subprocess.TimeoutExpired:
                if time.monotonic() >= deadline:
                    child.kill()
                elif self._pace.wait(False) <= 0:
                    self._try(self._beat)
        with self._changed:
            self._child = None
            if self._closing:
                return b""
        if child.returncode != 0:
            said = err.decode(errors="replace").strip()[-2000:]
            raise RuntimeError(f"its process ended with {child.returncode}\n{said}".strip())
        return out

    def _started(self) -> subprocess.Popen[bytes]:
        words = [str(self._study.path), json.dumps(self._order), str(os.getpid()), str(NICE)]
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "study.report.renderer", *words],
            env={k: v for k, v in os.environ.items() if k != MARK}  # it is not the engine's, whose end is not its
            | {"PYTHONPATH": search_path(), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C at the terminal is the driver's
        )

    def _try(self, task: Callable[[], None]) -> None:
        """Do what no training is to be disturbed by; what it raises is noted once."""
        try:
            task()
        except Exception as error:  # noqa: BLE001 - the page is made anew from the records at any time
            if not self._noted:
                self._noted = True
                self._note(f"the page of the running study was not written, and trainings go on: {error}")

    def _note(self, text: str) -> None:
        with contextlib.suppress(UserError, OSError), contextlib.closing(Log(self._study.files)) as log:
            log(text)  # a disk that refuses the page may refuse this, too
