"""Bytes as a process writes them -> lines, in bounded memory."""

from __future__ import annotations

import collections
import re

LONGEST = 65_536  # bytes of a line; the rest of it is dropped
TAIL = 20  # lines kept for messages
_ENDS = re.compile(rb"\r\n|[\r\n]")


class Lines:
    r"""See the module.

    A carriage return ends a line too, for a progress bar may print nothing else during a whole training. What is drawn
    over, or over something, keeps its ``\r`` on that side: ``"\r" in line`` tells such a line from one that stays.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._returned = False  # whether the last end was \r
        self._drawn = False  # whether the tail's last line is drawn over by the next
        self.tail: collections.deque[str] = collections.deque(maxlen=TAIL)
        """The last lines as a terminal would show them: of what is drawn over, the last state."""

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that ``data`` completes. Empty ones are left out."""
        data, found, at = self._rest + data, [], 0
        if b"\n" not in data and b"\r" not in data:  # ten times as fast as the pattern, should it print gigabytes
            self._rest = data[:LONGEST]
            return []
        for end in _ENDS.finditer(data):
            if end[0] == b"\r" and end.end() == len(data):
                break  # perhaps the first half of \r\n
            found += self._line(data[at : end.start()], end[0] == b"\r")
            at = end.end()
        waiting = data[at:]
        returned = waiting.endswith(b"\r")
        self._rest = waiting.removesuffix(b"\r")[:LONGEST] + (b"\r" if returned else b"")
        return found

    def last(self) -> list[str]:
        """Return what no end follows, at the end of all."""
        rest, self._rest = self._rest, b""
        return self._line(rest.removesuffix(b"\r"), False)

    def _line(self, data: bytes, returned: bool) -> list[str]:
        over, self._returned = self._returned, returned
        if not data:
            self._drawn = self._drawn and returned
            return []
        text = data[:LONGEST].decode("utf-8", "replace")
        if self._drawn:
            self.tail.pop()
        self.tail.append(text)
        self._drawn = returned
        return [("\r" if over else "") + text + ("\r" if returned else "")]
