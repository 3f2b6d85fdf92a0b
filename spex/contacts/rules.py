"""Which contacts count, and where their sequence is taken: what the released program does, and what the paper means.

Bins are 0-based numbers within a chromosome; bin x covers bases x * resolution to (x + 1) * resolution, 0-based
half-open. Each bin is read by one window, or by several that tile it; windows are numbered along the chromosome, those
of bin x from x * tiles to (x + 1) * tiles - 1. Methods take the bins' resolution and the windows' length, both in bp.
"""

from dataclasses import KW_ONLY, dataclass, fields
from itertools import pairwise
from typing import ClassVar

import numpy as np

from expecto.gene_features import STEP
from spex.errors import InputError, parameter
from spex.options import NUMBER, Options, one_of, option, several, whole

LEAST_DISTANCE = 20_000
"""Contacts nearer than this, in bp, are left out: the gene's local windows see that sequence."""

EVERY_ONE = "one"
WEIGHTS = (EVERY_ONE, "count", "log", "balanced", "expected")
"""Weights that a kept contact may have; see `collect`."""


@dataclass(frozen=True, repr=False)
class Rule(Options):
    """What every rule has, and what it leaves open.

    distance_edges: spatial distances at which groups of contacts end, ascending: 1/sqrt(count), which is the measured
    distance where a 3D model gives the count. The first group has those nearer than the first edge, the next those
    from there up to the second; contacts from the last edge on are left out. None: one group of all. contact_weight:
    the weight of each contact in its sum, a name in `WEIGHTS`.

    Raises:
        InputError: edges that do not ascend from above 0, a last group that the rule's threshold empties, or an unknown
            weight.
    """

    _: KW_ONLY
    distance_edges: tuple[float, ...] = option(
        (),
        several(NUMBER, "numbers above 0, one or a list"),
        "sum contacts separately by 1/sqrt(count), in groups up to these distances; none beyond the last (default: "
        "one group of all)",
        metavar="DISTANCE",
        example="[0.5, 1.0]",
        rare=True,
    )
    contact_weight: str = option(EVERY_ONE, one_of(WEIGHTS), "weight of each kept bin in its sum", rare=True)

    def __post_init__(self):
        super().__post_init__()
        edges = tuple(map(float, self.distance_edges))
        object.__setattr__(self, "distance_edges", edges)
        if any(one >= other for one, other in pairwise(edges)):
            raise InputError(
                f"found {_listed(edges)}", argument="distance_edges", expected="numbers that rise, each one once"
            )
        if len(edges) > 1 and not self.is_strong(np.array([edges[-2] ** -2.0]))[0]:
            raise InputError(
                f"the {self.name} rule keeps nothing from {edges[-2]:g} on, so the last group would be empty",
                argument="distance_edges",
                subject=_listed(edges),
                hint="leave the last one out, or loosen the rule's threshold",
            )

    @property
    def groups(self):
        """How many groups the contacts fall into, each with sums of its own downstream and upstream."""
        return len(self.distance_edges) or 1

    def keeps(self, counts):
        """Which contacts are kept: strong enough, and nearer than the last edge. counts: (n,). Returns: (n,) bool."""
        strong = self.is_strong(counts)
        return strong & (self.groups_of(counts) < self.groups) if self.distance_edges else strong

    def groups_of(self, counts):
        """Group of each contact, from the nearest on, (n,) int64; `groups` beyond the last edge. counts: (n,)."""
        if not self.distance_edges:
            return np.zeros(len(counts), np.int64)
        with np.errstate(divide="ignore"):
            return np.searchsorted(self.distance_edges, 1 / np.sqrt(counts), side="right")

    def windows(self, bins, resolution, window):
        """Numbers of the windows of bins, (n,) int -> (n * tiles,) int64, bin after bin."""
        tiles = self.tiles(resolution, window)
        return (np.asarray(bins, np.int64)[:, None] * tiles + np.arange(tiles)).ravel()

    def starts(self, windows, resolution, window):
        """Where windows start, 0-based in bp; may lie before the chromosome. windows: numbers of any shape."""
        return self.centres(windows, resolution, window) - window // 2

    def __repr__(self):
        names = [*thresholds_in(self), *(name for name in SHARED if getattr(self, name) != getattr(Rule, name))]
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"


SHARED = tuple(field.name for field in fields(Rule))
"""Options that every rule has."""


@dataclass(frozen=True, repr=False)
class Published(Rule):
    """What the released program does, defects included (Chiliński et al. 2023).

    max_dist: bins with 1/sqrt(count) < max_dist are kept. distance_edges, contact_weight: as of Rule; the released
    program has neither.

    Examples
    --------
    >>> spex.Published(distance_edges=(0.3, 0.6, 1.15))
    Published(max_dist=1.15, distance_edges=(0.3, 0.6, 1.15))
    """

    max_dist: float = option(1.15, NUMBER, "published rule: keep bins with 1/sqrt(count) below this")

    name: ClassVar[str] = "published"
    own_windows_stand_in: ClassVar[bool] = True
    """Whether a gene without any pixel gets the plain sum of its local windows instead of zeros, in every group."""

    def tss_bins(self, tss, resolution):
        """Bin of each TSS: the nearest bin edge, halves to even, not the bin that contains the TSS.

        tss: (n,) int64, 1-based. Returns: (n,) int64; may be one past the chromosome's last bin.
        """
        return np.rint(np.asarray(tss) / resolution).astype(np.int64)

    def is_strong(self, counts):
        """Which contacts are strong enough. counts: (n,) float64. Returns: (n,) bool."""
        with np.errstate(divide="ignore"):
            return 1 / np.sqrt(counts) < self.max_dist

    def tiles(self, resolution, window):
        """Number of windows of a bin."""
        return 1

    def centres(self, windows, resolution, window):
        """Centre of each window: the start of its bin. windows: (n,) int64. Returns: (n,) int64, bp."""
        return np.asarray(windows) * resolution

    def weight(self, resolution, window):
        """How often each window counts: windows were meant to tile the bin, and all sit on its start."""
        return resolution // STEP


@dataclass(frozen=True, repr=False)
class Corrected(Rule):
    """What the paper means, without the defects of the released program.

    min_count: bins with at least this count are kept. distance_edges, contact_weight: as of Rule.

    Examples
    --------
    >>> spex.Corrected(min_count=3, contact_weight="log")
    Corrected(min_count=3, contact_weight='log')
    """

    min_count: float = option(2, NUMBER, "corrected rule: keep bins with at least this count")

    name: ClassVar[str] = "corrected"
    own_windows_stand_in: ClassVar[bool] = False

    def tss_bins(self, tss, resolution):
        """Bin that contains each TSS. tss: (n,) int64, 1-based. Returns: (n,) int64."""
        return (np.asarray(tss) - 1) // resolution

    def is_strong(self, counts):
        """Which contacts are strong enough. counts: (n,) float64. Returns: (n,) bool."""
        return counts >= self.min_count

    def tiles(self, resolution, window):
        """Number of windows of a bin: as many as cover it, ceil(resolution / window)."""
        return -(-resolution // window)

    def centres(self, windows, resolution, window):
        """Centre of each window. windows: (n,) int64. Returns: (n,) int64, bp.

        A single window lies in the middle of its bin. Of k that tile it, number t from 0 has its centre
        window / 2 + t (resolution - window) / (k - 1) bp after the bin's start, halves rounded to even: evenly spaced,
        the first begins with the bin, the last ends with it, and the two halves of the bin mirror each other.
        """
        bins, number = np.divmod(np.asarray(windows), self.tiles(resolution, window))
        last = self.tiles(resolution, window) - 1
        if not last:
            return bins * resolution + resolution // 2
        within = np.rint(number * (resolution - window) / last).astype(np.int64)
        return bins * resolution + window // 2 + within

    def weight(self, resolution, window):
        """How often each window counts: a bin adds the mean of its windows."""
        return 1 / self.tiles(resolution, window)


RULES = {rule.name: rule for rule in (Published, Corrected)}


def make_rule(name, **options):
    """A contact rule by its name. options: by name; those left out keep their defaults.

    Raises:
        InputError: there is no such rule, or it has no such threshold.
    """
    own = thresholds_in(RULES[one_of(RULES).check(name, "rule")])
    for threshold, value in options.items():
        if threshold not in (*own, *SHARED):
            owner = [rule.name for rule in RULES.values() if threshold in thresholds_in(rule)]
            belongs = f"belongs to {parameter('rule')} {owner[0]}" if owner else "no rule has it"
            raise InputError(
                f"{belongs}, but the rule is {name}",
                argument=threshold,
                subject=f"{value:g}",
                hint="leave it out, or choose that rule" if owner else f"{name} has {', '.join(own)}",
            )
    return RULES[name](**options)


def thresholds_in(rule):
    """Names of a rule's own thresholds. rule: one, or its class."""
    return [field.name for field in fields(rule) if field.name not in SHARED]


def options_of(rule, resolution, window):
    """Every option that any rule has, as run.json records them.

    Thresholds of other rules are None; so are groups and weights that are left to their defaults, and windows_per_bin,
    the tiles of a bin, where there is one.
    """
    every = dict.fromkeys(name for kind in RULES.values() for name in thresholds_in(kind))
    tiles = rule.tiles(resolution, window)
    return every | {
        **{name: getattr(rule, name) for name in thresholds_in(rule)},
        "distance_edges": list(rule.distance_edges) or None,
        "contact_weight": None if rule.contact_weight == EVERY_ONE else rule.contact_weight,
        "windows_per_bin": None if tiles == 1 else tiles,
    }


def check_resolution(resolution):
    """Refuse bins that windows cannot tile. resolution: bp per bin."""
    if whole(1).check(resolution, "resolution") % STEP:
        raise InputError(
            f"expected a multiple of {STEP}, the distance of the windows", argument="resolution", subject=resolution
        )


def _listed(edges):
    return " ".join(f"{edge:g}" for edge in edges)
