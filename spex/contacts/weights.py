"""What a kept contact counts as in its sum: once, its count, or what its count means beside the rest of the map."""

import numpy as np

from spex.contacts.rules import EVERY_ONE
from spex.errors import InputError

OF_WHOLE_MAP = ("balanced", "expected")
"""Weights that follow from all of a map, not from a contact alone."""


def check_weights(rule, maps):
    """Refuse maps that have nothing for the rule's weights.

    Raises:
        InputError: several maps, each balanced for itself, or a format without what is needed.
    """
    about = {"argument": "contact_weight", "subject": rule.contact_weight}
    if rule.contact_weight == "balanced" and len(maps) > 1:
        raise InputError(
            f"{len(maps)} contact maps are given, each balanced for itself; their sum is not",
            **about,
            expected="one map",
            hint="add them with: cooler merge; then balance the sum with: cooler balance",
        )
    for map_ in maps if rule.contact_weight in OF_WHOLE_MAP else ():
        balanced = rule.contact_weight == "balanced"
        if not (map_.has_balancing if balanced else map_.chromsizes):
            lacks = "keeps no weights of bins" if balanced else "does not say how many pairs of bins there are"
            expected = ".mcool or .cool files" if balanced else "maps of all pairs of bins (.mcool, .cool, .hic)"
            raise InputError(f"the format of {map_.path} {lacks}", **about, expected=expected)


def passes(rule):
    """How often the pixels of a map are read."""
    return 2 if rule.contact_weight == "expected" else 1


def weigher(rule, maps, chrom, resolution, advance):
    """What weighs the contacts of a chromosome; None where each counts once.

    maps: contact maps that `check_weights` let pass. resolution: bp per bin. advance: called with the number of pixels
    read.

    Returns: function from the two bins of contacts, (n,) int64, and their counts, (n,), to weights, (n,) float64: NaN
    where a bin has none, so that the contact cannot be kept.
    """
    if rule.contact_weight == EVERY_ONE:
        return None
    if rule.contact_weight == "count":
        return lambda one, other, counts: counts
    if rule.contact_weight == "log":
        return lambda one, other, counts: np.log1p(counts)
    if rule.contact_weight == "balanced":
        of_bin = maps[0].balancing(chrom)
        return lambda one, other, counts: counts * of_bin[one] * of_bin[other]
    expected = mean_by_distance(maps, chrom, resolution, advance)
    return lambda one, other, counts: counts / expected[np.abs(one - other)]


def mean_by_distance(maps, chrom, resolution, advance):
    """Mean count of all pairs of bins at each distance, those without a pixel among them, summed over maps.

    Returns: float64 (bins of the chromosome,), by distance in bins.
    """
    bins = -(-max(map_.chromsizes.get(chrom, 0) for map_ in maps) // resolution)
    sums = np.zeros(bins)
    for map_ in maps:
        for part in map_.parts(chrom, advance):
            sums += np.bincount(part.bin2 - part.bin1, part.counts, minlength=bins)
    return sums / np.arange(bins, 0, -1)  # of n bins n - d pairs are d apart
