"""What a run is: its filled config and its seed. A field that a config got later has the default that it had then.

Hashes as stored stay in run ids, looks and old records; here they are translated to those of the filled configs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from results.config import config_hash
from results.meta import StudyMeta
from results.record import Record


class Identity:
    """Fills configs that were recorded before a study's config got further fields.

    ``introduced``: those fields with the default that each had when it came, in order.
    """

    def __init__(self, introduced: Mapping[str, Any] | None = None) -> None:
        self._introduced = dict(introduced or {})
        self._now: dict[str, str] = {}  # stored hash -> hash of the filled config

    @classmethod
    def of(cls, study: StudyMeta) -> Identity:
        """Return that of a study; it knows the names that its baseline had."""
        found = cls(study.introduced)
        before = dict(study.baseline)
        for field in reversed(found._introduced):
            before.pop(field, None)
            found._now[config_hash(before)] = study.baseline_hash
        return found

    def filled(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a config with every field; its hash as stored is known from then on."""
        whole, stored = dict(config), []
        for name, value in self._introduced.items():
            if name not in whole:
                stored.append(config_hash(whole))  # what a look may have called it before this field came, or a record
                whole[name] = value
        if stored:
            self._now |= dict.fromkeys(stored, config_hash(whole))
        return whole

    def fill(self, record: Record) -> None:
        """Make a record's config and hash those of the filled config; its run id stays what it is."""
        if self._introduced.keys() - record.config.keys():
            record.config = self.filled(record.config)
            record.config_hash = self.now(record.config_hash)

    def now(self, name: str) -> str:
        """Translate a config's hash as stored."""
        return self._now.get(name, name)
