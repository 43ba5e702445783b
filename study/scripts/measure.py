"""The numbers that a script prints, one line after another, and the epochs that they are.

A line with the validation metric ends an epoch, to which belongs all that was printed since the last one. To wait for
the first name to come again was the alternative: it would know an epoch only when the next has begun, so that pruning
would come an epoch late, and the last epoch's values could not be told from those of the end.
"""

from __future__ import annotations

from results.names import is_name

MOST = 900
"""Names that are read; of those beyond, which a list of files with a number each may have, no epoch could keep all."""


EPOCH = "epoch"


class Measuring:
    """See the module.

    Args:
        metric_name: the validation metric.
        test_name: the test metric. It belongs to no epoch: seen anywhere it is a final value, of several the last.
    """

    def __init__(self, metric_name: str, test_name: str | None = None) -> None:
        self._metric, self._test = metric_name, test_name
        self._since: dict[str, float] = {}
        self._tested: dict[str, float] = {}
        self._last: float | None = None  # the metric's value of the last epoch
        self._number: float | None = None  # and what its line said to be its number
        self._epochs_test = False  # whether an epoch's line had the test metric
        self.names: dict[str, float] = {}
        """Whatever has been seen, with its last value: what a person is shown after the first run."""

    def line(self, values: dict[str, float], redrawn: bool = False) -> dict[str, float] | None:
        """Take a line's values; return an epoch's, when this line ends one.

        ``redrawn``: the line is a state of a progress bar, drawn again and again with the same values; then the metric
        ends an epoch only when it has changed, or a value called 'epoch' has. Else two epochs of the same value on such
        a bar are one: what is printed on a line of its own has no such limit.

        What no record takes for a name, a key of JSON with spaces say, is left out: the script means no harm by it.

        A line with both metrics, after epochs whose lines had no test metric, is the summary at the end: no epoch.
        """
        given = {}
        for name, value in values.items():
            known = name in (self._metric, self._test) or name in self.names
            if known or (len(self.names) < MOST and is_name(name)):
                self.names[name] = given[name] = value
        if self._test is not None and self._test != self._metric and self._test in given:
            self._tested = {self._test: given.pop(self._test)}
        if self._metric not in given:
            self._since.update(given)
            return None
        value = given[self._metric]
        has_test = self._test in values
        summary = has_test and self._last is not None and not self._epochs_test
        if summary or (redrawn and self._same(value) and given.get(EPOCH) in (None, self._number)):
            del given[self._metric]
            self._since.update(given)
            return None
        epoch = {**self._since, **given}
        self._since, self._last, self._epochs_test = {}, value, has_test
        self._number = given.get(EPOCH)
        return epoch

    def _same(self, value: float) -> bool:
        """Whether the last epoch had this value; NaN is like NaN here."""
        return self._last is not None and (value == self._last or value != value and self._last != self._last)

    @property
    def final(self) -> dict[str, float]:
        """The values behind the last epoch, and the test metric wherever it stood."""
        return {**self._since, **self._tested}
