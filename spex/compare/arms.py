"""The arms of a comparison: baseline, numbers of contacts, the map's neighbour block, and its controls.

The models (arms) are nested, each with the columns of those above it: B own features and an intercept; N the numbers of
contacts too, at a weak fixed penalty (N*: at a chosen one); M the map's neighbour block on top of N, D1-D3 the sums
over matched bins in its place, and the others likewise. Each is fitted with every chromosome left out in turn.

Effect sizes and chosen penalties are those of the genes as they are. The tests by circular shifts compare the same arms
of the whitened genes (`spex.compare.whitening`), at the penalties of the others.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from itertools import chain

import numpy as np

from spex.compare.loco import Columns
from spex.compare.statistics import rotate, spearman_by_chromosome

BASELINE, NUMBERS, NUMBERS_CHOSEN, MAP = "B", "N", "N*", "M"
DRAWS = ("D1", "D2", "D3")
NUMBER_PENALTIES = (1 / 230, 1 / 23, 1 / 2.3)
"""Penalties of the columns of numbers, times the genes. The first one is that of arm N, and below all other arms."""

NEIGHBOUR_PENALTIES = (1.0, 1 / 3, 1 / 10, 1 / 30)
"""Penalties of a neighbour block, times the one for tests."""

ASSUMED_SHARE = 0.02
"""Share of the variance that the penalty for tests would be best for; a third or three times of it cost little."""

UNSEEN, UNSEEN_VIEW, UNSEEN_LABEL = ("chr8", "chr9"), "chr8_chr9", "chr8 and chr9"
"""Chromosomes that the network was not trained on; their genes are a group of their own where both are there."""

LEFT_OUT = np.inf
"""In place of a penalty: the columns are left out."""


@dataclass(frozen=True, eq=False)
class MapArms:
    """What a map adds to the own features of n genes, in their order.

    name: of the map. numbers: float64 (n, 9), columns of numbers of contacts. neighbours: float32 (n, q), sums over
    contacted bins. draws: from 0, 1, 2 to float32 (n, q), the same over matched bins; made when asked for. others: by
    name, functions that give (n, any). groups: by view, (n,) int group of each gene, -1 in none. group_labels: by
    view, the groups' names.
    """

    name: str
    numbers: np.ndarray
    neighbours: np.ndarray
    draws: Callable[[int], np.ndarray]
    others: dict[str, Callable[[], np.ndarray]] = field(default_factory=dict)
    groups: dict[str, np.ndarray] = field(default_factory=dict)
    group_labels: dict[str, list[str]] = field(default_factory=dict)

    @property
    def passes(self):
        """How often `compare_map` reports that another arm is done."""
        return 2 + len(DRAWS) + len(self.others)


@dataclass(frozen=True, eq=False)
class MapStatistics:
    """What all tests and tables of a map are made from, for c chromosomes and t tissues.

    name: of the map. chroms: c names. genes: (c,) how many. arms: a names, "B", "N", "N*", "M", "D1" to "D3", others.
    rho: float64 (a, c, t), Spearman on chromosomes left out, penalties chosen. gain_map, gain_matched: (1 + K, t),
    1 - SSE / SSE(N) of whitened genes at the penalty for tests of M, and the mean over draws, observed expression
    first, then after circular shifts. missed: (a, t), SSE / SST on chromosomes left out. own_penalty, test_penalty:
    k0, kz. number_penalty, map_penalty: (c, t), chosen for N* and M, infinite where the columns are left out. shifts:
    (K,). views, labels: g names each, of groups of genes. group_genes: (g,). group_squares: (3, g, t), SSE at the
    penalty for tests of N, M, and the mean over draws.
    """

    name: str
    chroms: list[str]
    genes: np.ndarray
    arms: list[str]
    rho: np.ndarray
    gain_map: np.ndarray
    gain_matched: np.ndarray
    missed: np.ndarray
    own_penalty: float
    test_penalty: float
    number_penalty: np.ndarray
    map_penalty: np.ndarray
    shifts: np.ndarray
    views: list[str]
    labels: list[str]
    group_genes: np.ndarray
    group_squares: np.ndarray

    def to_arrays(self):
        """As arrays by name, for a `.npz` file."""
        return {each.name: np.asarray(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_arrays(cls, arrays):
        """The same again from what `to_arrays` gave."""
        plain = {"name": str, "own_penalty": float, "test_penalty": float}
        lists = ("chroms", "arms", "views", "labels")
        values = {each.name: np.asarray(arrays[each.name]) for each in fields(cls)}
        values |= {name: kind(values[name]) for name, kind in plain.items()}
        return cls(**values | {name: [str(each) for each in values[name]] for name in lists})

    def of(self, arm):
        """Spearman of an arm by chromosome, (c, t)."""
        return self.rho[self.arms.index(arm)]


@dataclass(frozen=True, eq=False)
class _Fitted:
    """An arm with a neighbour block. errors: (n, t) at chosen penalties. penalty: (c, t), these. by_gene: (n, t),
    squared errors at the penalty for tests. gain: (1 + K, t), whitened, as of `MapStatistics`; None without tests."""

    errors: np.ndarray
    penalty: np.ndarray
    by_gene: np.ndarray
    gain: np.ndarray | None = None


def compare_map(own, tested, arms, *, shifts, advance=lambda count: None):
    """Fit every arm of one map to every tissue.

    own: OwnPart, with the tissues. tested: the same whitened, which tests are made with. arms: MapArms. shifts: (K,)
    int64, genes by which residuals are moved along the genome; those of all maps of a comparison. advance: called with
    1 after each of `arms.passes` arms.

    Returns: MapStatistics.
    """
    world = _World(own, arms)
    tests = Tests(tested, arms, shifts, world.test_penalty)
    advance(1)

    def fit(block):
        found = replace(world.fit(block, world.test_penalty), gain=tests.gain(block))
        advance(1)
        return found

    found = {MAP: fit(arms.neighbours)}
    found |= {name: fit(arms.draws(draw)) for draw, name in enumerate(DRAWS)}
    for name, make in arms.others.items():
        found[name] = world.fit(make())
        advance(1)
    return world.statistics(found, tests.shifts)


class _World:
    """Arms B, N, N* of a map, for effect sizes."""

    def __init__(self, own, arms):
        self.own, self.arms = own, arms
        self.observed, self.tissues = own.observed, own.observed.shape[1]
        before = own.times(self.observed)
        self.base_errors = own.baseline.leave_out(before)
        before = own.baseline.after(before)
        numbers = Columns(own.baseline, arms.numbers)
        self.numbers = numbers.at(NUMBER_PENALTIES[0] * len(own))
        self.number_errors = self.numbers.leave_out(before)
        self.chosen_errors, self.number_penalty = self._choose(
            (penalty * len(own), numbers.at(penalty * len(own)).leave_out(before)) for penalty in NUMBER_PENALTIES
        )
        self.total = ((self.observed - self.observed.mean(axis=0)) ** 2).sum(axis=0)
        columns = int(np.count_nonzero(arms.neighbours.min(axis=0) < arms.neighbours.max(axis=0)))
        self.test_penalty = self._penalty_of(columns)
        # arm N again in the precision of the arms above it, so that empty columns change nothing at all
        self.before = np.asfortranarray(self.numbers.after(before), dtype=arms.neighbours.dtype)
        for block, errors in self.numbers.left_out_after(self.before):
            self.number_errors[block] = errors

    def _choose(self, tried, without=None):
        """Per tissue and chromosome the penalty with the least squared error on all other chromosomes.

        tried: pairs of a penalty and errors (n, t). without: errors where the columns are left out, by default those
        of arm B. Equal errors leave the columns out. Returns: errors (n, t), penalties (c, t).
        """
        errors = self.base_errors if without is None else without
        penalty, best = np.full((2, len(self.own.blocks), self.tissues), LEFT_OUT)
        chosen = np.empty_like(errors)
        for value, candidate in chain([(LEFT_OUT, errors)], tried):
            squares = np.stack([(candidate[block] ** 2).sum(axis=0) for block in self.own.blocks])
            others = squares.sum(axis=0) - squares
            for row, block in enumerate(self.own.blocks):
                better = others[row] < best[row]
                chosen[block, better] = candidate[block, better]
                best[row, better], penalty[row, better] = others[row, better], value
        return chosen, penalty

    def _penalty_of(self, columns):
        """The penalty for tests of some number of columns: right if they carried `ASSUMED_SHARE` of the variance."""
        return max(columns, 1) * float(self._missed(self.number_errors).mean()) / ASSUMED_SHARE

    def _missed(self, errors):
        squares = (errors**2).sum(axis=0)
        return np.divide(squares, self.total, out=np.ones_like(squares), where=self.total > 0)

    def fit(self, block, penalty=None):
        """An arm with a neighbour block: a `_Fitted`. block: float32 (n, q). penalty: that for tests, of which others
        are tried around; by default that of as many columns."""
        columns = Columns(self.numbers, block)
        penalty = self._penalty_of(len(columns)) if penalty is None else penalty
        tried = {}
        for factor in NEIGHBOUR_PENALTIES:
            tried[factor * penalty] = columns.at(factor * penalty).leave_out(self.before)
        chosen, penalties = self._choose(tried.items(), without=self.number_errors)
        return _Fitted(chosen, penalties, tried[penalty] ** 2)

    def statistics(self, found, shifts):
        """The MapStatistics. found: by arm, `_Fitted`."""
        errors = {BASELINE: self.base_errors, NUMBERS: self.number_errors, NUMBERS_CHOSEN: self.chosen_errors}
        errors |= {name: each.errors for name, each in found.items()}
        rho = [spearman_by_chromosome(self.observed, self.observed - each, self.own.blocks) for each in errors.values()]
        draws = [found[name] for name in DRAWS]
        squares = np.stack(
            [self.number_errors**2, found[MAP].by_gene, np.mean([draw.by_gene for draw in draws], axis=0)]
        )
        return MapStatistics(
            name=self.arms.name,
            chroms=self.own.chroms,
            genes=self.own.genes,
            arms=list(errors),
            rho=np.stack(rho),
            gain_map=found[MAP].gain,
            gain_matched=np.mean([draw.gain for draw in draws], axis=0),
            missed=np.stack([self._missed(each) for each in errors.values()]),
            own_penalty=self.own.penalty,
            test_penalty=self.test_penalty,
            number_penalty=self.number_penalty,
            map_penalty=found[MAP].penalty,
            shifts=shifts,
            **self._group(squares),
        )

    def _group(self, squares):
        """Sums of squared errors (3, n, t) over each group of genes."""
        views, labels, members = [], [], []
        for view, group_of in self.arms.groups.items():
            for number, label in enumerate(self.arms.group_labels[view]):
                views.append(view)
                labels.append(label)
                members.append(np.flatnonzero(group_of == number))
        if set(UNSEEN) <= set(self.own.chroms):
            views.append(UNSEEN_VIEW)
            labels.append(UNSEEN_LABEL)
            blocks = dict(zip(self.own.chroms, self.own.blocks, strict=True))
            members.append(np.concatenate([np.arange(len(self.own))[blocks[chrom]] for chrom in UNSEEN]))
        sums = np.zeros((3, len(members), self.tissues))
        for place, genes in enumerate(members):
            sums[:, place] = squares[:, genes].sum(axis=1)
        counts = np.array([len(genes) for genes in members], dtype=np.int64)
        return {"views": views, "labels": labels, "group_genes": counts, "group_squares": sums}


class Tests:
    """What neighbour blocks gain over arm N, and what with its residuals shifted along the genome."""

    def __init__(self, part, arms, shifts, penalty):
        """part: OwnPart, whitened. arms: MapArms. shifts: (K,). penalty: of neighbour blocks."""
        self.part, self.shifts, self.penalty = part, np.asarray(shifts), penalty
        self.tissues = part.observed.shape[1]
        before = part.baseline.after(part.times(part.observed))
        self.numbers = Columns(part.baseline, part.prepare(arms.numbers)).at(NUMBER_PENALTIES[0] * len(part))
        errors = self.numbers.leave_out(before)
        fitted = part.observed - errors
        wide = arms.neighbours.dtype
        self.right = np.empty((len(part), (1 + len(self.shifts)) * self.tissues), dtype=wide, order="F")
        self.right[:, : self.tissues] = self.numbers.after(before)
        for place, shift in enumerate(self.shifts, start=1):
            columns = slice(place * self.tissues, (place + 1) * self.tissues)
            self.right[:, columns] = self.numbers.times(rotate(fitted, errors, shift).astype(wide))
        # in the precision of the arms above it, so that empty columns change nothing at all
        self.squares = self._squares(self.numbers.left_out_after(self.right))

    def _squares(self, left_out):
        """Sums of squares (1 + K, t) of residuals that come by chromosome."""
        return sum((errors**2).sum(axis=0) for _, errors in left_out).reshape(-1, self.tissues)

    def gain(self, block):
        """Of a neighbour block (n, q), float64 (1 + K, t), as of `MapStatistics`."""
        columns = Columns(self.numbers, self.part.prepare(block))
        squares = self._squares(columns.at(self.penalty).left_out(self.right))
        return 1 - np.divide(squares, self.squares, out=np.ones_like(squares), where=self.squares > 0)
