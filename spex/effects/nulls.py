"""Null variants: random SNVs at places of the same kind, drawn apart in every stratum, and the rank of an effect there.

Kinds of places, or strata, are the path by which an allele reaches a gene and the class of its distance to the TSS.
Within a stratum each pair of a gene and a base in its local windows, or in the windows of its contacted bins, has the
same chance, and so has each of the three other bases: base composition and CpG are those of such places. A draw over
the whole genome would hardly ever hit one.
"""

import hashlib
import io
import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from expecto.gene_features import along_gene, own_windows
from expecto.network import BASES
from spex.effects.alleles import own_reach, scorer_of
from spex.effects.changes import Change
from spex.files.atomic import whole_file
from spex.files.hashes import file_sha256
from spex.files.sealed import DamagedFileError, load_sealed_json, save_sealed_json
from spex.progress import progress

OWN, CONTACT, BOTH = PATHS = ("own", "contact", "both")
EDGES = {OWN: (1_000, 5_000), CONTACT: (100_000, 500_000), BOTH: ()}
"""Distances to the TSS in bp at which the classes of a path end; the last one has no end."""

TABLE, RECORD = "null_variants.tsv", "null_variants.json"
LEAST_NULLS = 20
"""With fewer, a stratum gives no rank."""

TRIES = 200
"""Draws for each null variant that is wanted before a stratum counts as without places."""

AT_ONCE = 256


def path_of(through_own, through_contacts):
    """Name of the path by which an allele reaches a gene; None where it does not."""
    if through_own:
        return BOTH if through_contacts else OWN
    return CONTACT if through_contacts else None


def stratum(path, distance):
    """Name of the stratum of an allele and a gene. path: in `PATHS`. distance: bp from the TSS, either sign."""
    edges = (0, *EDGES[path])
    if len(edges) == 1:
        return path
    place = bisect_right(edges, abs(distance))
    least = edges[place - 1] // 1000
    return f"{path}, {least}-{edges[place] // 1000} kb" if place < len(edges) else f"{path}, from {least} kb"


STRATA = {
    stratum(path, least): (path, least, most) for path in PATHS for least, most in pairwise((0, *EDGES[path], math.inf))
}
"""Name -> path, and the class's least distance and the one where the next class begins, in bp."""


@dataclass(frozen=True, eq=False)
class NullEffects:
    """Effects of null variants on one model's predictions. by_stratum: name -> float64, rising."""

    by_stratum: dict[str, np.ndarray]

    def quantiles(self, strata, effects):
        """Signed ranks from -1, below all nulls of the stratum, to 1. strata, effects: (n,). Returns: (n,) float64.

        Of n nulls of which b are below the effect and e equal to it: 2 (b + (e + 1) / 2) / (n + 1) - 1. NaN where a
        stratum has too few.
        """
        quantiles = np.full(len(effects), np.nan)
        for name, nulls in self.by_stratum.items():
            mine = strata == name
            if len(nulls) >= LEAST_NULLS and mine.any():
                below = np.searchsorted(nulls, effects[mine], side="left")
                equal = np.searchsorted(nulls, effects[mine], side="right") - below
                quantiles[mine] = 2 * (below + (equal + 1) / 2) / (len(nulls) + 1) - 1
        return quantiles


def save_nulls(place, table, identity):
    """Keep null variants in the folder of a saved model.

    table: DataFrame with stratum, effect and what describes each variant. identity: JSON values that they depend on.
    """
    with whole_file(place / TABLE) as file:
        table.to_csv(file, sep="\t", index=False, lineterminator="\n", float_format="%.9g")
    save_sealed_json(place / RECORD, {"identity": identity, "sha256": file_sha256(place / TABLE)})


def load_nulls(place, identity):
    """NullEffects that `save_nulls` kept; None where there are none, or those of another model or map.

    A DamagedFileError where they are damaged, or a part of them is gone.
    """
    try:
        made = load_sealed_json(place / RECORD)
    except FileNotFoundError:
        return None
    if {name: made["identity"].get(name) for name in identity} != identity:
        return None
    path = place / TABLE
    if not path.is_file() or hashlib.sha256(content := path.read_bytes()).hexdigest() != made["sha256"]:
        raise DamagedFileError(f"{path}: missing or changed since it was written")
    table = pd.read_csv(io.BytesIO(content), sep="\t", usecols=["stratum", "effect"])
    return NullEffects({name: np.sort(group.to_numpy()) for name, group in table.groupby("stratum")["effect"]})


class _Draw(NamedTuple):
    """A null variant for one gene. position: 0-based. ref, alt: base codes."""

    gene: int
    position: int
    ref: int
    alt: int


class NullDrawer:
    """Draws null variants. inputs: EffectInputs. genome: Genome. seed: of all draws."""

    def __init__(self, inputs, genome, seed):
        self._genome, self._seed, self._index = genome, seed, inputs.index()
        self._window = inputs.settings.window
        self._reach = own_reach(self._window)
        self._tss = inputs.genes["tss"].to_numpy(np.int64)
        self._chroms, self._strands = (inputs.genes[name].to_numpy(str) for name in ("chrom", "strand"))

    def draw(self, name, count):
        """Null variants of a stratum: list of _Draw, fewer than `count` where there are few such places, or none."""
        generator = np.random.default_rng([self._seed, [*STRATA].index(name)])
        drawn, of_own = [], STRATA[name][0] == OWN
        contacts = np.empty(0, np.int64) if of_own or self._index is None else self._of_stratum(name)
        for _ in range(TRIES if of_own or len(contacts) else 0):
            places = self._own_places(generator, name, count) if of_own else self._places(generator, contacts, count)
            for gene, position in zip(*places, strict=True):
                if len(drawn) == count:
                    return drawn
                ref = int(self._genome.codes(self._chroms[gene], position, position + 1)[0])
                if ref < len(BASES) and self._is_of(generator, name, gene, position):
                    alt = int(generator.choice([base for base in range(len(BASES)) if base != ref]))
                    drawn.append(_Draw(gene, position, ref, alt))
        return drawn

    def _own_places(self, generator, name, count):
        """Places in local windows, every gene and place alike: genes and 0-based positions, two lists."""
        reach = min(STRATA[name][2], self._reach)
        genes = generator.integers(0, len(self._tss), count)
        distances = generator.integers(-reach, reach + 1, count)
        return genes.tolist(), (self._tss[genes] - 1 + distances).tolist()

    def _places(self, generator, contacts, count):
        """The same in windows of some contacts' bins. contacts: numbers."""
        contacts = contacts[generator.integers(0, len(contacts), count)]
        positions = generator.integers(self._index.first[contacts], self._index.end[contacts])
        return self._index.genes[contacts].tolist(), positions.tolist()

    def _of_stratum(self, name):
        """Contacts whose bins have places of a stratum, and perhaps others: (m,) numbers."""
        first, end = self._index.first, self._index.end
        tss = self._tss[self._index.genes] - 1
        if name == BOTH:
            return np.flatnonzero((first < tss + self._reach) & (end > tss - self._reach))
        nearest = np.where((first <= tss) & (tss < end), 0, np.minimum(abs(first - tss), abs(end - 1 - tss)))
        farthest = np.maximum(abs(first - tss), abs(end - 1 - tss))
        _, least, most = STRATA[name]
        return np.flatnonzero((farthest >= least) & (nearest < most))

    def _is_of(self, generator, name, gene, position):
        """Whether a place is of the stratum for the gene; where several bins lead to it, with a chance of 1 in them."""
        by_bins = 0
        if self._index is not None:
            touching = self._index.touching(self._chroms[gene], position, position + 1)
            by_bins = int((self._index.genes[touching] == gene).sum())
        start, end, _ = own_windows(self._tss[gene], self._strands[gene], self._window)
        path = path_of(start <= position < end, by_bins > 0)
        if path is None or stratum(path, position - (self._tss[gene] - 1)) != name:
            return False
        return path == OWN or generator.random() * by_bins < 1


def null_effects(inputs, computer, number, seed):
    """Effects of null variants through each model.

    computer: FeatureComputer. number: of null variants in each stratum, or as many as there are. seed: of the draws.

    Returns: list of DataFrame, one a fit: stratum, chrom, pos (1-based), ref, alt, gene_id, tss_distance, effect.
    """
    drawer = NullDrawer(inputs, computer.genome, seed)
    draws = [(name, draw) for name in STRATA for draw in drawer.draw(name, number)]
    scorer = scorer_of(inputs, computer)
    chroms, ids = inputs.genes["chrom"].to_numpy(str), inputs.genes["id"].to_numpy(str)
    tss, strands = inputs.genes["tss"].to_numpy(np.int64), inputs.genes["strand"].to_numpy(str)
    rows, effects = [], []
    with progress(len(draws), "variants", "null variants") as advance:
        for first in range(0, len(draws), AT_ONCE):
            some = draws[first : first + AT_ONCE]
            changes = [Change(chroms[draw.gene], draw.position, 1, np.array([draw.alt], np.uint8)) for _, draw in some]
            found = scorer.effects(changes, only=[draw.gene for _, draw in some])
            of_draws = np.zeros((len(some), len(inputs.fits)))
            of_draws[found.alleles] = found.own + found.contact
            effects.append(of_draws)
            for name, draw in some:
                distance = int(along_gene(draw.position, tss[draw.gene], strands[draw.gene]))
                letters = BASES[draw.ref], BASES[draw.alt]
                rows.append((name, chroms[draw.gene], draw.position + 1, *letters, ids[draw.gene], distance))
            advance(len(some))
    table = pd.DataFrame(rows, columns=["stratum", "chrom", "pos", "ref", "alt", "gene_id", "tss_distance"])
    effects = np.concatenate([np.empty((0, len(inputs.fits))), *effects])
    return [table.assign(effect=effects[:, number]) for number in range(len(inputs.fits))]
