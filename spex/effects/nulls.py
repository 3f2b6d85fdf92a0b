"""Null variants: random alleles of the same class at places of the same kind, and the rank of an effect among theirs.

Kinds of places, or strata, are the path by which an allele reaches a gene and the class of its distance to the TSS.
Within a stratum each pair of a gene and a base in its local windows, or in the windows of its contacted bins, has the
same chance, and so has each of the three other bases: base composition and CpG are those of such places. A draw over
the whole genome would hardly ever hit one. Classes of alleles are SNVs, and substitutions, deletions and insertions by
their length: an insertion or deletion moves half of a gene's windows, so among SNVs nearly each would rank at an end.
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

SNV = "SNV"
LENGTHS = (2, 6, 21, 101)
"""Lengths in bp at which classes of insertions, deletions and substitutions end; null variants of the last one are no
longer than these."""

KINDS = ("substitution", "deletion", "insertion")
CLASSES = {
    SNV: ("substitution", 1, 1),
    **{
        f"{kind} of {least} bp" if least == most else f"{kind} of {least}-{most} bp": (kind, least, most)
        for kind in KINDS
        for least, most in [(start, end - 1) for start, end in pairwise((1, *LENGTHS))]
        if (kind, most) != ("substitution", 1)
    },
}
"""Classes of alleles that null variants can be drawn of: name -> kind, least and largest length in bp."""

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


def class_of(removed, added):
    """Class of an allele by the numbers of bases that it takes out and puts in; None of those without a name: longer
    ones, and bases replaced by another number of them."""
    kind = KINDS[0] if removed == added else "deletion" if not added else "insertion" if not removed else None
    found = (name for name, (of, least, most) in CLASSES.items() if of == kind and least <= max(removed, added) <= most)
    return next(found, None)


@dataclass(frozen=True, eq=False)
class NullEffects:
    """Effects of null variants on one model's predictions. by_kind: stratum and class -> float64, rising."""

    by_kind: dict[tuple[str, str], np.ndarray]

    @classmethod
    def of(cls, table):
        """Of a table with stratum, class and effect; earlier ones are of SNVs, and have no class."""
        groups = table.assign(**{"class": table.get("class", SNV)}).groupby(["stratum", "class"])["effect"]
        return cls({kind: np.sort(group.to_numpy()) for kind, group in groups})

    def quantiles(self, strata, classes, effects):
        """Signed ranks from -1, below all nulls of the stratum and class, to 1. All: (n,). Returns: (n,) float64.

        Of n nulls of which b are below the effect and e equal to it: 2 (b + (e + 1) / 2) / (n + 1) - 1. NaN where a
        stratum has too few of the class.
        """
        quantiles = np.full(len(effects), np.nan)
        for (name, of_class), nulls in self.by_kind.items():
            mine = (strata == name) & (classes == of_class)
            if len(nulls) >= LEAST_NULLS and mine.any():
                below = np.searchsorted(nulls, effects[mine], side="left")
                equal = np.searchsorted(nulls, effects[mine], side="right") - below
                quantiles[mine] = 2 * (below + (equal + 1) / 2) / (len(nulls) + 1) - 1
        return quantiles


def save_nulls(place, table, identity, classes=(SNV,)):
    """Keep null variants in the folder of a saved model; those of other classes and the same identity stay.

    table: DataFrame with stratum, class, effect and what describes each variant. identity: JSON values that they depend
    on. classes: those that the table was drawn for.
    """
    text = table.to_csv(sep="\t", index=False, lineterminator="\n", float_format="%.9g")
    try:
        known, earlier = _kept(place, identity) or ([], b"")
    except DamagedFileError:
        known = []
    if others := [name for name in known if name not in classes]:
        earlier, new = (
            pd.read_csv(each, sep="\t", dtype=str, na_filter=False)
            for each in map(io.StringIO, (earlier.decode(), text))
        )
        if "class" not in earlier:
            earlier.insert(1, "class", SNV)
        every = pd.concat([earlier[earlier["class"].isin(others)], new])
        order = {"stratum": [*STRATA], "class": [*CLASSES]}
        every = every.sort_values([*order], key=lambda column: column.map(order[column.name].index), kind="stable")
        text = every.to_csv(sep="\t", index=False, lineterminator="\n")
    classes = [name for name in CLASSES if name in classes or name in others]
    with whole_file(place / TABLE) as file:
        file.write(text.encode())
    of_table = {} if classes == [SNV] else {"classes": classes}
    save_sealed_json(place / RECORD, {"identity": identity | of_table, "sha256": file_sha256(place / TABLE)})


def load_nulls(place, identity):
    """NullEffects that `save_nulls` kept; None where there are none, or those of another model or map.

    A DamagedFileError where they are damaged, or a part of them is gone.
    """
    kept, read = _kept(place, identity), {"stratum", "class", "effect"}
    return kept and NullEffects.of(pd.read_csv(io.BytesIO(kept[1]), sep="\t", usecols=read.__contains__))


def kept_classes(place, identity):
    """Classes of the null variants that are kept under an identity; errors as of `load_nulls`."""
    kept = _kept(place, identity)
    return kept[0] if kept else []


def _kept(place, identity):
    """The same, and the table as bytes; None without any."""
    try:
        made = load_sealed_json(place / RECORD)
    except FileNotFoundError:
        return None
    if {name: made["identity"].get(name) for name in identity} != identity:
        return None
    path = place / TABLE
    if not path.is_file() or hashlib.sha256(content := path.read_bytes()).hexdigest() != made["sha256"]:
        raise DamagedFileError(f"{path}: missing or changed since it was written")
    return made["identity"].get("classes", [SNV]), content


class _Draw(NamedTuple):
    """A null variant for one gene."""

    gene: int
    change: Change


class NullDrawer:
    """Draws null variants. inputs: EffectInputs. genome: Genome. seed: of all draws."""

    def __init__(self, inputs, genome, seed):
        self._genome, self._seed, self._index = genome, seed, inputs.index()
        self._window = inputs.settings.window
        self._reach = own_reach(self._window)
        self._tss = inputs.genes["tss"].to_numpy(np.int64)
        self._chroms, self._strands = (inputs.genes[name].to_numpy(str) for name in ("chrom", "strand"))

    def draw(self, name, count, of_class=SNV):
        """Null variants of a stratum and class: list of _Draw, fewer than `count` where there are few such places, or
        none."""
        seeds = [self._seed, [*STRATA].index(name), *([] if of_class == SNV else [[*CLASSES].index(of_class)])]
        generator = np.random.default_rng(seeds)
        drawn, of_own = [], STRATA[name][0] == OWN
        contacts = np.empty(0, np.int64) if of_own or self._index is None else self._of_stratum(name)
        for _ in range(TRIES if of_own or len(contacts) else 0):
            places = self._own_places(generator, name, count) if of_own else self._places(generator, contacts, count)
            for gene, position in zip(*places, strict=True):
                if len(drawn) == count:
                    return drawn
                change = self._change(generator, name, gene, position, of_class)
                if change is not None:
                    drawn.append(_Draw(gene, change))
        return drawn

    def _change(self, generator, name, gene, position, of_class):
        """A random allele of a class at a place; None where its bases are not all known, or it is of another
        stratum."""
        kind, least, most = CLASSES[of_class]
        length = least if least == most else int(generator.integers(least, most + 1))
        chrom, removed = self._chroms[gene], 0 if kind == "insertion" else length
        refs = self._genome.codes(chrom, position, position + max(removed, 1))
        if (refs >= len(BASES)).any():
            return None
        if kind == "substitution":
            if not self._is_of(generator, name, gene, position):
                return None
            others = [generator.choice([base for base in range(len(BASES)) if base != ref]) for ref in refs]
            return Change(chrom, position, length, np.array(others, np.uint8))
        added = generator.integers(0, len(BASES), 0 if removed else length).astype(np.uint8)
        change = Change(chrom, position, removed, added).leftmost(self._genome)
        return change if self._is_of(generator, name, gene, change.start) else None

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


def null_effects(inputs, computer, number, seed, classes=(SNV,)):
    """Effects of null variants through each model.

    computer: FeatureComputer. number: of null variants in each stratum and class, or as many as there are. seed: of the
    draws. classes: names in `CLASSES`.

    Returns: list of DataFrame, one a fit: stratum, class, chrom, pos (1-based, of the first base that changes), ref,
    alt (empty where nothing is taken out or put in), gene_id, tss_distance, effect.
    """
    drawer = NullDrawer(inputs, computer.genome, seed)
    kinds = [(name, of_class) for name in STRATA for of_class in classes]
    draws = [(*kind, draw) for kind in kinds for draw in drawer.draw(kind[0], number, kind[1])]
    scorer = scorer_of(inputs, computer)
    chroms, ids = inputs.genes["chrom"].to_numpy(str), inputs.genes["id"].to_numpy(str)
    tss, strands = inputs.genes["tss"].to_numpy(np.int64), inputs.genes["strand"].to_numpy(str)
    rows, effects = [], []
    with progress(len(draws), "variants", "null variants") as advance:
        for first in range(0, len(draws), AT_ONCE):
            some = draws[first : first + AT_ONCE]
            changes = [draw.change for *_, draw in some]
            found = scorer.effects(changes, only=[draw.gene for *_, draw in some])
            of_draws = np.zeros((len(some), len(inputs.fits)))
            of_draws[found.alleles] = found.own + found.contact
            effects.append(of_draws)
            for name, of_class, (gene, change) in some:
                distance = int(along_gene(change.start, tss[gene], strands[gene]))
                refs = computer.genome.codes(change.chrom, change.start, change.end)
                letters = ["".join(BASES[code] for code in codes) for codes in (refs, change.added)]
                rows.append((name, of_class, chroms[gene], change.start + 1, *letters, ids[gene], distance))
            advance(len(some))
    table = pd.DataFrame(rows, columns=["stratum", "class", "chrom", "pos", "ref", "alt", "gene_id", "tss_distance"])
    effects = np.concatenate([np.empty((0, len(inputs.fits))), *effects])
    return [table.assign(effect=effects[:, number]) for number in range(len(inputs.fits))]
