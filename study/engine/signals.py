"""Ctrl-C and SIGTERM as an event, while jobs run."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Iterator
from types import FrameType

PATIENCE = 5.0


@contextlib.contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into an event; a second one ends at once, as usual."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def first(number: int, frame: FrameType | None) -> None:
        event.set()
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, first)
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def interrupted_at_once() -> Iterator[None]:
    """Have Ctrl-C and SIGTERM raise KeyboardInterrupt too, within ``interrupts``: where nothing looks at the event.

    Where code that is not Python's keeps the main thread for PATIENCE seconds more, the process ends as it would have.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    waiting = threading.Thread(target=_end_unheard, args=(reader,), name="interrupts", daemon=True)

    def raising(number: int, frame: FrameType | None) -> None:
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        raise KeyboardInterrupt

    for number in before:
        signal.signal(number, raising)
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    waiting.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        os.close(writer)
        waiting.join()
        os.close(reader)
        for number, handler in before.items():
            if signal.getsignal(number) is raising:
                signal.signal(number, handler)


def _end_unheard(reader: int) -> None:
    """Wait for a signal that the main thread should hear of; end the process where it does not."""
    with contextlib.suppress(OSError):
        while number := os.read(reader, 1):
            if number[0] in (signal.SIGINT, signal.SIGTERM) and not select.select([reader], [], [], PATIENCE)[0]:
                os._exit(128 + signal.SIGINT)
