"""What a map's contacts are compared with: other bins at the same distances, other genes' contacts, numbers alone."""

import hashlib
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, replace

import numpy as np

from spex.contacts.rules import LEAST_DISTANCE

WITHIN = {"within 25 %": (3, 5), "within 50 %": (2, 6), "within 100 %": (0, 8)}
"""Nearest and farthest distance of a matched bin, in quarters of the contact's own."""

FARTHER = {"up to 4 times as far": (0, 16), "up to 8 times as far": (0, 32)}
"""The same, when nothing of `WITHIN` is left."""

ELSEWHERE, ITS_OWN = "elsewhere on the chromosome", "its own"
"""Where a matched bin is, when none at such distances was left."""

BEYOND_TWICE = (*FARTHER, ELSEWHERE)
"""Places that are more than twice as far from the TSS as the contact, or anywhere."""

LIKE_IN_NUMBER = 10
"""Genes with about as many contacts, among which contacts are exchanged."""

NUMBER_COLUMNS = (
    *(
        f"{side} {what}{scale}"
        for scale in ("", ", log")
        for side in ("downstream", "upstream")
        for what in ("bins", "count")
    ),
    "no contact",
)
"""Columns of `number_columns` for one group of contacts, each of which counts once."""


@dataclass(frozen=True)
class MatchShares:
    """How well a draw matched. found: where matched bins were, from the nearest on -> share of all contacts.
    median_shift: median over contacts of |distance drawn - own distance| / own distance."""

    found: dict[str, float]
    median_shift: float


def select_genes(contacts, gene_ids):
    """Contacts of some genes, in the order of `gene_ids`, each of which the contacts must have."""
    place = {gene: row for row, gene in enumerate(contacts.genes.tolist())}
    return contacts.of_rows([place[gene] for gene in gene_ids])


def draw_matched(contacts, seed, draw=0, *, whole_chromosome=False):
    """For every contact another bin at about its distance that some gene contacts, without replacement.

    The pool of a chromosome is every bin that is kept for any of `contacts`' genes there. A contact at distance d gets
    a bin of the pool on the same side of the TSS, at a distance within 25 % of d, at least 20 kb away, that the gene
    does not contact and that was not drawn for it before, each with the same chance. Where none is left the distance
    may differ by 50 %, then by 100 %, then be up to four and up to eight times as large, so that a control stays within
    the gene's region as long as it can; then any bin of the pool serves, on either side, and counts on the contact's
    side; then the contact keeps its own. Numbers of bins, counts, sides, groups and weights stay those of the map: a
    drawn bin takes all these from the contact that it replaces. A gene's contacts are processed in random order.

    contacts: Contacts. seed, draw: whole numbers from 0 up; what is drawn for a gene depends on them, its id, its
    contacts and the pool alone, not on the other genes' order. whole_chromosome: any bin of the chromosome serves
    as soon as none within 100 % is left.

    Returns: Contacts of the same genes, bins ascending within each; MatchShares.
    """
    reaches = WITHIN if whole_chromosome else WITHIN | FARTHER
    bins, levels = contacts.bins.astype(np.int64), np.empty(len(contacts.bins), np.int8)
    tss_bins = contacts.tss_bins
    least = -(-LEAST_DISTANCE // contacts.resolution)
    for genes, pool in _genes_and_pools(contacts):
        mine = np.isin(contacts.gene, [row for row, _ in genes])
        at = np.cumsum(mine) - 1
        begins, ends = _stretches(pool, contacts.bins[mine], tss_bins[contacts.gene[mine]], least, reaches.values())
        for row, span in genes:
            random = np.random.default_rng([seed, draw, *_entropy(contacts.genes[row])])
            there = slice(at[span.start], at[span.start] + span.stop - span.start)
            near = np.searchsorted(pool, [tss_bins[row] - least + 1, tss_bins[row] + least])
            own, stretches = contacts.bins[span].astype(np.int64), (begins[there], ends[there])
            bins[span], levels[span] = _draw_for_gene(pool, own, range(*near.tolist()), stretches, random)
    names = (*reaches, ELSEWHERE, ITS_OWN)
    distance = np.abs(bins - tss_bins[contacts.gene])
    return _with_bins(contacts, bins), _shares(contacts.distance, distance, levels, names)


def _genes_and_pools(contacts):
    """Yield for each chromosome its genes that have contacts, as list of row and slice of these, and its pool,
    ascending."""
    for chrom in dict.fromkeys(contacts.chroms.tolist()):
        rows = np.flatnonzero(contacts.chroms == chrom)
        spans = [contacts.of_gene(row) for row in rows]
        pool = np.unique(np.concatenate([contacts.bins[span] for span in spans])).astype(np.int64)
        yield [(row, span) for row, span in zip(rows, spans, strict=True) if span.start < span.stop], pool


def _entropy(gene):
    """Numbers that represent a gene's id in a seed."""
    return np.frombuffer(hashlib.sha256(str(gene).encode()).digest()[:8], "<u4").tolist()


def _draw_for_gene(pool, own, near, stretches, random):
    """Matched bins of one gene, int64, and their levels. pool, own (its bins): ascending. near: places in the pool that
    are too near the TSS. stretches: of its contacts, as of `_stretches`.

    A level is the number of the reach that a bin was found in; the next one means the whole chromosome, the last
    for the contact's own bin.

    Places in the pool that may not be drawn are kept in an ascending list; of k free places of a stretch the number
    floor(u k) is drawn, u uniform on [0, 1).
    """
    begins, ends = stretches
    its_own = len(begins[0])
    taken = sorted({*np.searchsorted(pool, own).tolist(), *near})
    turns, chances = random.permutation(len(own)).tolist(), random.random(len(own)).tolist()
    places, levels = np.empty(len(own), np.int64), np.full(len(own), its_own, np.int8)
    for turn in turns:
        for level, (begin, end) in enumerate(zip(begins[turn], ends[turn], strict=True)):
            below = bisect_left(taken, begin)
            free = end - begin - (bisect_left(taken, end) - below)
            if free <= 0:
                continue
            place = wanted = begin + int(chances[turn] * free)
            while (there := wanted + bisect_right(taken, place) - below) != place:
                place = there
            insort(taken, place)
            places[turn], levels[turn] = place, level
            break
    kept = levels == its_own
    places[kept] = np.searchsorted(pool, own[kept])
    return pool[places], levels


def _stretches(pool, bins, tss_bin, least, reaches):
    """Where in the pool bins may be drawn: first place and place after it, each a list (contacts) of lists (levels).

    bins, tss_bin: (contacts), of the contacts and of their genes.
    """
    offsets = bins - tss_bin
    sign, distance = np.sign(offsets), np.abs(offsets)
    begins, ends = [], []
    for nearest, farthest in reaches:
        near = np.maximum(-(-nearest * distance // 4), least)
        far = farthest * distance // 4
        begins.append(np.searchsorted(pool, tss_bin + np.where(sign > 0, near, -far)))
        ends.append(np.searchsorted(pool, tss_bin + np.where(sign > 0, far, -near), side="right"))
    begins.append(np.zeros(len(offsets), np.int64))
    ends.append(np.full(len(offsets), len(pool)))
    return np.stack(begins, axis=1).tolist(), np.stack(ends, axis=1).tolist()


def _with_bins(contacts, bins):
    """The contacts with other bins, which are sorted within each gene; counts, sides and weights go with them."""
    order = np.lexsort((bins, contacts.gene))
    return replace(contacts, **contacts.taken(order) | {"bins": bins[order].astype(np.int32)})


def _shares(own, drawn, levels, names):
    """MatchShares of a draw. own, drawn: distances in bins. levels: of each contact, its number among the names."""
    counts = np.bincount(levels, minlength=len(names)) / max(len(levels), 1)
    shift = float(np.median(np.abs(drawn - own) / own)) if len(own) else float("nan")
    return MatchShares(dict(zip(names, counts.tolist(), strict=True)), shift)


def draw_by_distance(contacts, seed):
    """In place of every gene's contacts as many bins drawn by distance alone, with a chance that falls as 1/distance.

    On each side of the TSS bin, of the bins of the pool (as of `draw_matched`; the gene's own contacts among them) from
    20 kb up to the gene's farthest contact on that side, without replacement.

    Returns: Contacts of the same genes, bins ascending within each.
    """
    bins = contacts.bins.astype(np.int64)
    tss_bins = contacts.tss_bins
    least = -(-LEAST_DISTANCE // contacts.resolution)
    for genes, pool in _genes_and_pools(contacts):
        for row, span in genes:
            random = np.random.default_rng([seed, *_entropy(contacts.genes[row])])
            offsets = bins[span] - tss_bins[row]
            for mine, edges in (
                (offsets < 0, (offsets.min(), -least)),
                (offsets > 0, (least, offsets.max())),
            ):
                if not mine.any():
                    continue
                first, behind = np.searchsorted(pool, tss_bins[row] + np.array(edges) + [0, 1])
                reach = pool[first:behind]
                # the first by waiting times are a draw without replacement (Efraimidis & Spirakis 2006)
                times = random.exponential(size=len(reach)) * np.abs(reach - tss_bins[row])
                first_ones = np.argpartition(times, mine.sum() - 1)[: mine.sum()]
                bins[span.start + np.flatnonzero(mine)] = np.sort(reach[first_ones])
    return _with_bins(contacts, bins)


def share_touched(contacts, drawn):
    """Share of drawn bins that their gene contacts itself; 0 without any. drawn: Contacts of the same genes."""
    own, bins = (each.gene.astype(np.int64) << 32 | each.bins for each in (contacts, drawn))
    return float(np.isin(bins, own).mean()) if len(bins) else 0.0


def exchange(contacts, seed):
    """For every gene another one with about as many contacts, whose contacts it gets.

    Genes with contacts are ranked by their number, equal ones in random order, and in groups of ten each takes the
    next one's in random order; genes without contacts keep none.

    Returns: (n,) int64, the row whose contacts each gene gets.
    """
    random = np.random.default_rng(seed)
    numbers = contacts.number
    ids = np.argsort(contacts.genes, kind="stable")  # so that the genes' order changes nothing
    shuffled = random.permutation(ids)
    ranked = shuffled[np.argsort(numbers[shuffled], kind="stable")]
    ranked = ranked[numbers[ranked] > 0]
    partner = np.arange(len(numbers))
    groups = np.array_split(ranked, max(len(ranked) // LIKE_IN_NUMBER, 1))
    for group in groups:
        turn = random.permutation(group)
        partner[turn] = np.roll(turn, 1)
    return partner


def number_columns(contacts):
    """The contact counts of each gene, without any sequence: float64 (n, 9), as `NUMBER_COLUMNS`.

    Bins and sum of counts on each side, as they are and as log(1 + x), and 1 for genes without a contact. The same of
    each group where there are several, with the sum of the weights beside that of the counts where contacts have any.
    """
    columns = 2 * contacts.rule.groups
    sums, count = columns * contacts.gene + contacts.column, columns * len(contacts.genes)
    amounts = [np.ones(len(sums)), contacts.counts, *(() if contacts.weights is None else (contacts.weights,))]
    raw = np.stack([np.bincount(sums, each, minlength=count) for each in amounts], axis=1)
    raw = raw.reshape(len(contacts.genes), -1)
    none = contacts.number == 0
    return np.column_stack([raw, np.log1p(raw), none])
