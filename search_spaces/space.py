"""A space: what a sweep may vary, bound to one config class, one baseline and the fields fixed by hand."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cached_property
from math import prod
from typing import Any

from optuna.distributions import BaseDistribution

from results.config import ConfigClass, build, checked_config, config_hash, known_fields
from results.errors import UserError, foreign
from search_spaces import distributions as dists
from search_spaces.check import checked_dimensions, checked_distribution
from search_spaces.dimensions import Scalar, same
from search_spaces.replay import Fixed, SpaceFunction, TooMany, Way, walk

PROBES = 64  # random ways tried through a space before a sweep; the first two are all-lowest and all-highest
LISTED = 64  # a parameter of at most so many values is tried value by value when tracing a config back
CALLS = 10_000  # calls of a space's function for one question, at most


class Space:
    """What may vary. Made by :func:`search_spaces.load_space`; every check has passed when the constructor returns.

    ``name``: as asked for. ``dimensions``: the config fields that vary, in order. ``warnings``: a line each.
    """

    def __init__(
        self,
        name: str,
        definition: Mapping[str, Any] | SpaceFunction,
        config_class: ConfigClass,
        baseline: Mapping[str, Any],
        fixed: Mapping[str, Any],
    ) -> None:
        """Check a space. Raises UserError for whatever could go wrong in the middle of a sweep."""
        self.name = name
        self.sha256: str | None = None  # of the file it came from, where it is one
        self._where = f"space '{name}'"
        self._config_class = config_class
        known_fields(config_class, fixed, "--set")
        self._baseline = checked_config(config_class, baseline, "baseline")
        self._base = checked_config(config_class, {**self._baseline, **fixed}, "--set")
        self.fixed = {field: self._base[field] for field in fixed}
        self._fixed_names = dict(self.fixed)
        self._dict = isinstance(definition, Mapping)
        self._distributions: dict[str, BaseDistribution] = {}  # of a dict space
        if isinstance(definition, Mapping):
            found = checked_dimensions(config_class, definition, self._base, self._where)
            self._distributions = {field: found[field] for field in found if field not in fixed}
            self._function: SpaceFunction = self._suggest_all
        else:
            self._function = definition
        self._ways = self._probe()
        renamed = {p: self.fixed[f] for p, f in self._fields_of_params(self._ways).items() if f in self.fixed}
        if renamed:  # a parameter of another name that sets a fixed field would vary without any effect
            self._fixed_names |= renamed
            self._ways = self._probe()
        if not any(way.params for way in self._ways):
            why = "every dimension is fixed by --set" if self.fixed else "it suggests nothing"
            raise UserError(f"{self._where}: nothing to vary: {why}")
        self._sets = self._fields_of_params(self._ways)
        self.dimensions = self._varying()
        reached = [{f: v for f, v in way.result.items() if f not in self.fixed} for way in self._ways]
        if all(self._reach(fields) == self._baseline for fields in reached):  # both ends of everything among them
            raise UserError(f"{self._where}: nothing to vary: it holds nothing but the baseline")
        self.warnings = self._warnings()

    # -- proposing -------------------------------------------------------------------------------------------------

    def suggest(self, trial: Any) -> dict[str, Any]:
        """Ask an Optuna trial for a point: the fields it sets (never a fixed one).

        The config is ``baseline | fixed | suggest(trial)``.
        """
        return {f: v for f, v in self._function(Fixed(trial, self._fixed_names)).items() if f not in self.fixed}

    def config(self, suggested: Mapping[str, Any]) -> dict[str, Any]:
        """Return the complete config of what :meth:`suggest` gave. Raises UserError if the trainable refuses it."""
        return checked_config(self._config_class, {**self._base, **suggested}, self._where)

    # -- tracing back ----------------------------------------------------------------------------------------------

    def way_to(self, config: Mapping[str, Any]) -> Way | None:
        """Return the parameters that lead to ``config`` and their distributions; None if the space does not hold it.

        ``config`` may lack fields (an older record's): they count as the config's defaults.
        """
        try:
            goal = build(self._config_class, config)
        except ValueError:
            return None

        def guesses(name: str, distribution: BaseDistribution) -> list[Any]:
            if name in self._sets:
                tried = [goal[self._sets[name]]]
            else:  # one that is no field's value: it may decide between branches, or a field be computed from it
                tried = [*goal.values(), *(dists.values(distribution, LISTED) or [])]
            found: list[Any] = []
            for value in tried:
                match = dists.member(distribution, value) if isinstance(value, Scalar) else None
                if match and not any(same(match[0], other) for other in found):
                    found.append(match[0])
            return found

        try:
            for way in walk(self.suggest, guesses, CALLS):
                reached = self._reach(way.result)
                if all(same(reached[field], goal[field]) for field in goal):
                    return way
        except Exception:  # a function may fail on guesses that no sampler would make together, or branch without end
            return None
        return None

    def params_for(self, config: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return Optuna's parameters that lead to ``config``; None if the space does not hold it."""
        way = self.way_to(config)
        return None if way is None else way.params

    def __contains__(self, config: object) -> bool:
        return isinstance(config, Mapping) and self.params_for(config) is not None

    # -- describing ------------------------------------------------------------------------------------------------

    @cached_property
    def size(self) -> int | None:
        """The number of distinct configs; None if continuous or too many to count (above about ten thousand)."""
        if self._dict:
            counts = [dists.count(distribution) for distribution in self._distributions.values()]
            return None if None in counts else prod(c for c in counts if c is not None)

        def every(_: str, distribution: BaseDistribution) -> list[Any]:
            found = dists.values(distribution, CALLS)
            if found is None:
                raise TooMany
            return found

        try:
            return len({config_hash(self._reach(way.result)) for way in walk(self.suggest, every, CALLS)})
        except TooMany:
            return None

    def bounds(self) -> dict[str, dict[str, Any]]:
        """Return each varying field's extent, for seeing that a search ended at its edge; JSON-able.

        ``{"choices": [...]}`` or ``{"low", "high", "log", "step"}``. In a function space, the widest ever offered; a
        field whose value is computed from what was suggested is left out.
        """
        found: dict[str, dict[str, Any] | None] = {}
        for way in self._ways:
            for param, distribution in way.distributions.items():
                field, extent = self._sets.get(param, ""), dists.describe(distribution)
                known = found.get(field, extent)
                found[field] = known and dists.union(known, extent)
        return {field: widest for field in self.dimensions if (widest := found.get(field))}

    def describe(self) -> dict[str, Any]:
        """Return the space as JSON, to be kept with the study. Equal for equal spaces, whatever the process."""
        always = [f for f in self.dimensions if all(f in way.result for way in self._ways)]
        fixed = {f: v for way in self._ways for f, v in way.result.items() if f not in (*self.dimensions, *self.fixed)}
        bounds = self.bounds()
        return {
            "name": self.name,
            "kind": "dict" if self._dict else "function",
            "dimensions": {field: bounds.get(field, {}) for field in self.dimensions},
            "conditional": [field for field in self.dimensions if field not in always],
            "fixed": fixed,
            "pins": self.fixed,
            "size": self.size,
        }

    # -- inside ----------------------------------------------------------------------------------------------------

    def _suggest_all(self, trial: Any) -> dict[str, Any]:
        return {field: dists.suggest(trial, field, distribution) for field, distribution in self._distributions.items()}

    def _reach(self, suggested: Mapping[str, Any]) -> dict[str, Any]:
        return build(self._config_class, {**self._base, **suggested})

    def _probe(self) -> list[Way]:
        """Walk at random, seeded; check each result. The first way takes every low end, the second every high one."""
        rng = random.Random(0)
        ways: list[Way] = []
        seen: dict[str, BaseDistribution] = {}
        for number in range(PROBES):

            def answer(_: str, distribution: BaseDistribution, number: int = number) -> list[Any]:
                return [dists.ends(distribution)[number] if number < 2 else dists.draw(distribution, rng)]

            with foreign(self._where):
                (way,) = walk(lambda trial: self._function(Fixed(trial, self._fixed_names)), answer, CALLS)
            if not isinstance(way.result, Mapping):
                raise UserError(f"{self._where} returns {type(way.result).__name__}, not a dict of config fields")
            for name, distribution in way.distributions.items():
                checked_distribution(name, seen.get(name), distribution, self._where)
                seen[name] = distribution
            known_fields(self._config_class, way.result, self._where)
            self.config({field: value for field, value in way.result.items() if field not in self.fixed})
            ways.append(way)
        return ways

    def _fields_of_params(self, ways: list[Way]) -> dict[str, str]:
        """Return which field each parameter sets, seen from their values being the same wherever both appear."""
        fields = list(dict.fromkeys(field for way in ways for field in way.result))
        found: dict[str, str] = {}
        for param in dict.fromkeys(param for way in ways for param in way.params):
            asked = [way for way in ways if param in way.params]
            for field in sorted(fields, key=lambda field: field != param):
                if all(field in way.result and same(way.result[field], way.params[param]) for way in asked):
                    found[param] = field
                    break
        return found

    def _varying(self) -> list[str]:
        fields = dict.fromkeys(field for way in self._ways for field in way.result if field not in self.fixed)
        reached = {field: [way.result.get(field, self._base[field]) for way in self._ways] for field in fields}
        return [field for field, values in reached.items() if not all(same(v, values[0]) for v in values)]

    def _warnings(self) -> list[str]:
        found = [
            f"--set {field}={value!r} differs from the baseline's {self._baseline[field]!r}: "
            f"no trial of this sweep can be the baseline"
            for field, value in self.fixed.items()
            if not same(value, self._baseline[field])
        ]
        if not found and self.way_to(self._baseline) is None:
            outside = [f"{field}={self._baseline[field]!r}" for field in self.dimensions if not self._holds(field)]
            what = f"the baseline's {', '.join(outside)}" if outside else "the baseline"
            found.append(f"{what} lies outside {self._where}: the sweep cannot find the baseline again")
        if any(self.way_to({**self._base, **way.result, **self.fixed}) is None for way in self._ways[:8]):
            found.append(
                f"{self._where} computes a value from what it suggests, so a config does not tell its suggestions: "
                f"a resumed sweep will not learn from such trials"
            )
        return found

    def _holds(self, field: str) -> bool:
        extent, value = self.bounds().get(field), self._baseline[field]
        if extent is None:
            return True
        if "choices" in extent:
            return any(same(value, option) for option in extent["choices"])
        return isinstance(value, int | float) and bool(extent["low"] <= value <= extent["high"])
