"""Which contacts count, and where their sequence is taken: what the released program does, and what the paper means.

Bins are 0-based numbers within a chromosome; bin x covers bases x * resolution to (x + 1) * resolution, 0-based
half-open.
"""

from dataclasses import asdict, dataclass, fields
from typing import ClassVar

import numpy as np

from expecto.gene_features import STEP
from spex.arguments import positive_number, whole_number
from spex.errors import InputError, parameter, shown

LEAST_DISTANCE = 20_000
"""Contacts nearer than this, in bp, are left out: the gene's own windows see that sequence."""


@dataclass(frozen=True)
class Published:
    """What the released program does, defects included (Chiliński et al. 2023).

    max_dist: bins with 1/sqrt(count) < max_dist are kept.
    """

    max_dist: float = 1.15

    name: ClassVar[str] = "published"
    own_windows_stand_in: ClassVar[bool] = True
    """Whether a gene without any pixel gets the plain sum of its own windows instead of zeros."""

    def __post_init__(self):
        positive_number(self.max_dist, "max_dist")

    def tss_bins(self, tss, resolution):
        """Bin of each TSS: the nearest bin edge, halves to even, not the bin that holds the TSS.

        tss: (n,) int64, 1-based. Returns: (n,) int64; may be one past the chromosome's last bin.
        """
        return np.rint(np.asarray(tss) / resolution).astype(np.int64)

    def keeps(self, counts):
        """Which contacts are strong enough. counts: (n,) float64. Returns: (n,) bool."""
        with np.errstate(divide="ignore"):
            return 1 / np.sqrt(counts) < self.max_dist

    def centres(self, bins, resolution):
        """Centre of the window that stands for each bin: the bin's start. bins: (n,) int64. Returns: (n,) int64, bp."""
        return np.asarray(bins) * resolution

    def weight(self, resolution):
        """How often each bin's window counts: windows were meant to tile the bin, and all sit on its start."""
        return resolution // STEP


@dataclass(frozen=True)
class Corrected:
    """What the paper means, without the defects of the released program.

    min_count: bins with at least this count are kept.
    """

    min_count: float = 2

    name: ClassVar[str] = "corrected"
    own_windows_stand_in: ClassVar[bool] = False

    def __post_init__(self):
        positive_number(self.min_count, "min_count")

    def tss_bins(self, tss, resolution):
        """Bin that holds each TSS. tss: (n,) int64, 1-based. Returns: (n,) int64."""
        return (np.asarray(tss) - 1) // resolution

    def keeps(self, counts):
        """Which contacts are strong enough. counts: (n,) float64. Returns: (n,) bool."""
        return counts >= self.min_count

    def centres(self, bins, resolution):
        """Centre of the window that stands for each bin: its middle. bins: (n,) int64. Returns: (n,) int64, bp."""
        return np.asarray(bins) * resolution + resolution // 2

    def weight(self, resolution):
        """How often each bin's window counts."""
        return 1


RULES = {rule.name: rule for rule in (Published, Corrected)}


def make_rule(name, **thresholds):
    """A contact rule by its name. thresholds: by name; those left out keep their defaults.

    Raises:
        InputError: there is no such rule, or it has no such threshold.
    """
    if name not in RULES:
        raise InputError("no such rule", argument="rule", subject=shown(name), expected=" or ".join(RULES))
    own = _thresholds(RULES[name])
    for threshold, value in thresholds.items():
        if threshold not in own:
            owner = [rule.name for rule in RULES.values() if threshold in _thresholds(rule)]
            belongs = f"belongs to {parameter('rule')} {owner[0]}" if owner else "no rule has it"
            raise InputError(
                f"{belongs}, but the rule is {name}",
                argument=threshold,
                subject=f"{value:g}",
                hint="leave it out, or choose that rule" if owner else f"{name} has {', '.join(own)}",
            )
    return RULES[name](**thresholds)


def _thresholds(rule):
    return [field.name for field in fields(rule)]


def thresholds_of(rule):
    """Every threshold that any rule has, as run.json records them: None for those of other rules."""
    every = {name: None for kind in RULES.values() for name in _thresholds(kind)}
    return every | asdict(rule)


def check_resolution(resolution):
    """Refuse bins that windows cannot tile. resolution: bp per bin."""
    if whole_number(resolution, "resolution", least=1) % STEP:
        raise InputError(
            f"expected a multiple of {STEP}, the distance of the windows", argument="resolution", subject=resolution
        )
