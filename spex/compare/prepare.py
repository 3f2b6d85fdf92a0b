"""One map's arms: from its data folder, the prediction cache and, where it is given, the map itself."""

import hashlib
import logging
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial

import numpy as np
import pandas as pd

from spex.compare.arms import DRAWS, MapArms
from spex.compare.folders import MapFolder
from spex.compare.neighbours import BinPredictions, local_sums, neighbour_blocks
from spex.contacts.collect import OF_WHOLE_MAP, count_pixels, read_maps
from spex.contacts.controls import (
    draw_by_distance,
    draw_matched,
    exchange,
    number_columns,
    select_genes,
    share_touched,
)
from spex.contacts.maps import DownsampledMap
from spex.errors import InputError, parameter
from spex.files.sealed import if_whole, load_arrays
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import agree_maps
from spex.inputs.maps.model3d import ModelMap
from spex.inputs.maps.reader import map_sha256, require_map
from spex.progress import progress
from spex.runs.cache import PredictionStore, own_keys
from spex.runs.tensors import read_features

QUARTERS = 4
MOSTLY_ITSELF = 0.5
"""Share of the bins drawn by distance that genes touch themselves above which they are no control, but the map again:
where contacts are dense there are hardly other bins to draw."""

logger = logging.getLogger("spex")


@dataclass(frozen=True, eq=False)
class LocalSums:
    """Plain sums over the genes' local windows, which all maps share. there: whether the prediction cache has them.
    bins: numbers of a bin, and so of such a sum. given: the sums, float32 (n, bins), of features of another model."""

    store: PredictionStore
    genes: object
    there: bool
    bins: int
    given: np.ndarray | None = None

    @classmethod
    def of(cls, base, cache, genes, bins):
        """base: BaseFolder. cache: prediction cache folder. genes: DataFrame (n) with chrom, strand, tss."""
        store = _store(cache, base.settings)
        if base.settings.features:
            given = _given_local(base, genes) if base.settings.features["local"] == bins else None
            if given is None:
                logger.warning("no sums over the genes' surroundings in the terms of bins, so there is no such control")
            return cls(store, genes, given is not None, bins, given)
        there = all(store.has("own", chrom, own_keys(of)).all() for chrom, of in genes.groupby("chrom"))
        if not there:
            logger.warning("the prediction cache lacks genes' local windows, so there is no control of local sums")
        return cls(store, genes, there, bins)

    @cached_property
    def values(self):
        """float32 (n, features)."""
        return local_sums(self.store, self.genes, self.bins) if self.given is None else self.given


def _given_local(base, genes):
    """Sums over the surroundings of genes, by their ids, (n, bins) float32; None where some are not there."""
    kept = if_whole(load_arrays, base.folder.local_npz)
    if kept is None:
        return None
    rows = pd.Index(kept["ids"]).get_indexer(genes["id"])
    return None if (rows < 0).any() else kept["local"][rows]


def _store(cache, settings):
    return PredictionStore(cache, settings.store_identity, np.dtype(settings.cache_dtype))


@dataclass(eq=False)
class MapMaker:
    """What a map's arms are made from.

    map_folder: MapFolder. predictions: of its bins. seed: of draws and downsampling. files: the maps that its tensors
    were made from, opened; empty where they were not given. share: of its counts that are kept, None for all as they
    are. whole_chromosome_fallback: as `whole_chromosome` of `draw_matched`.
    """

    map_folder: MapFolder
    predictions: BinPredictions
    seed: int
    whole_chromosome_fallback: bool = False
    files: list = field(default_factory=list)
    depth: float | None = None
    share: float | None = None

    @classmethod
    def of(cls, map_folder, cache, seed, *, whole_chromosome_fallback=False):
        """cache: prediction cache folder."""
        settings = map_folder.settings
        predictions = BinPredictions(_store(cache, settings), map_folder.folder.root, bool(settings.features))
        return cls(map_folder, predictions, seed, whole_chromosome_fallback)

    @property
    def name(self):
        return self.map_folder.name

    def check(self, genes):
        """Refuse a prediction cache without the bins that controls are drawn from. genes: CommonGenes."""
        self.predictions.check(self.map_folder.contacts, genes.table["chrom"].unique())

    def open_files(self, by_hash):
        """Take what was given of the maps that the tensors were made from. by_hash: path of each given map."""
        settings = self.map_folder.settings
        if all(each in by_hash for each in settings.maps_sha256):
            paths = [by_hash[each] for each in settings.maps_sha256]
            opened = open_maps(paths, settings.hic_resolution, settings.reading, self.map_folder.rule)
            self.files = agree_maps(opened, self._gene_table())

    def check_weight(self):
        """Refuse to downsample a map whose weights follow from the whole map."""
        weight = self.map_folder.rule.contact_weight
        if weight in OF_WHOLE_MAP:
            raise InputError(
                f"contacts of {self.map_folder.folder.root} have {weight} weights, which a downsampled map lacks",
                argument="thin_to",
                hint="leave it out, or compare tensors with other weights",
            )

    def measure(self):
        """Sum up the counts on the genes' chromosomes.

        Raises:
            InputError: it is a 3D model, whose contacts are no counts of anything.
        """
        if any(isinstance(each, ModelMap) for each in self.files):
            raise InputError(
                "a 3D model has no counts to draw from", argument="thin_to", subject=self.name, hint="leave it out"
            )
        chroms = self._gene_table()["chrom"].unique()
        with progress(count_pixels(self.files, chroms), "pixels", self.name) as advance:
            self.depth = sum(each.depth(chroms, advance) for each in self.files)

    def thin(self, total):
        """Go on with so many counts; with all where there are not as many."""
        self.share = min(total / self.depth, 1.0) if self.depth else 1.0
        logger.info("%s: %s counts, downsampled to %.4g of them", self.name, f"{self.depth:,.0f}", self.share)
        hashes = self.map_folder.settings.maps_sha256
        self.files = [
            DownsampledMap(each, self.share, self.seed, name) for each, name in zip(self.files, hashes, strict=True)
        ]

    def identity(self):
        """What the map's statistics follow from, beside genes, expression and seeds: dict of JSON values."""
        ids = "\n".join(self.map_folder.contacts.genes)
        return {
            "name": self.name,
            "settings": self.map_folder.settings.recorded(),
            "pool": hashlib.sha256(ids.encode()).hexdigest(),
            "share": self.share,
            "coverage": bool(self.files),
        }

    def _gene_table(self):
        """The genes whose contacts are known, as a table for the reader of maps."""
        contacts = self.map_folder.contacts
        return pd.DataFrame(
            {"id": contacts.genes, "chrom": contacts.chroms, "strand": contacts.strands, "tss": contacts.tss}
        )

    @cached_property
    def _contacts(self):
        """Contacts of all genes of the folder, downsampled where that is asked for."""
        of_folder = self.map_folder.contacts
        if self.share is None:
            return of_folder
        grid = of_folder.resolution, of_folder.window
        return read_maps(self.files, self._gene_table(), of_folder.rule, *grid)

    def arms(self, genes, local):
        """The map's arms. genes: CommonGenes. local: LocalSums.

        Returns: MapArms; a dict that contains, once the arms were used, what the settings record of the map.
        """
        ids = genes.table["id"].tolist()
        contacts = select_genes(self._contacts, ids)
        facts = self._facts(contacts)
        controls = _Controls(self, contacts, ids, facts)
        neighbours = controls.neighbours
        others = {"shuffled": lambda: neighbours[exchange(contacts, self.seed)]}
        if local.there:
            others["local_sum"] = lambda: local.values
        if self.files:
            others["coverage"] = lambda: coverage(self.files, contacts, self.name)
        if controls.by_distance is not None:
            others["distance_only"] = partial(controls.block, "distance_only")
        groups, labels = group_genes(contacts)
        arms = MapArms(
            name=self.name,
            numbers=number_columns(contacts),
            neighbours=neighbours,
            draws=lambda draw: controls.block(DRAWS[draw]),
            others=others,
            groups=groups,
            group_labels=labels,
        )
        return arms, facts

    def _facts(self, contacts):
        facts = {"folder": str(self.map_folder.folder.root), "made_with": self.map_folder.settings.recorded()}
        counts = {
            "contacts": len(contacts.bins),
            "genes_with_contacts": int((contacts.number > 0).sum()),
        }
        downsampled = {} if self.share is None else {"depth": self.depth, "share_kept": self.share}
        return facts | counts | downsampled


class _Controls:
    """Neighbour blocks of one map and its controls; those that are drawn are made together, each bin read once."""

    def __init__(self, maker, contacts, ids, facts):
        self._maker, self._contacts, self._ids, self._facts = maker, contacts, ids, facts
        self._blocks = None
        self.neighbours = self._read()
        self.by_distance = self._draw_by_distance()

    def _read(self):
        """The map's own block, (n, neighbours): out of the tensors, or summed again where it is downsampled."""
        if self._maker.share is not None:
            return self._sum([self._contacts])[0]
        of_map = self._maker.map_folder
        layout = of_map.settings.layout
        read = read_features(of_map.folder, self._ids, layout.width, slice(layout.own_width, None))
        block, self._facts["tensors_sha256"] = read
        return block

    def _draw_by_distance(self):
        """Contacts drawn by distance; None where most of them are the gene's own."""
        drawn = select_genes(draw_by_distance(self._maker._contacts, self._maker.seed), self._ids)
        share = share_touched(self._contacts, drawn)
        self._facts["distance_only"] = {"touched": share}
        if share <= MOSTLY_ITSELF:
            return drawn
        logger.info("%s: %.0f %% of the bins drawn by distance alone are the gene's own", self._maker.name, 100 * share)
        return None

    def block(self, name):
        """A control's block, by its name among `DRAWS` or "distance_only"."""
        if self._blocks is None:
            self._blocks = self._make()
        return self._blocks[name]

    def _make(self):
        whole, seed = self._maker._contacts, self._maker.seed
        drawn, self._facts["draws"] = {}, {}
        for number, name in enumerate(DRAWS):
            contacts, shares = draw_matched(whole, seed, number, whole_chromosome=self._maker.whole_chromosome_fallback)
            drawn[name] = select_genes(contacts, self._ids)
            self._facts["draws"][name] = asdict(shares)
        if self.by_distance is not None:
            drawn["distance_only"] = self.by_distance
        blocks = self._sum(list(drawn.values()))
        alone = self._contacts.number == 0
        for block in blocks:  # by the published rule local windows may stand there
            block[alone] = self.neighbours[alone]
        return dict(zip(drawn, blocks, strict=True))

    def _sum(self, several):
        with progress(len(self._ids), "genes", f"{self._maker.name}: bins") as advance:
            bins = self._maker.map_folder.settings.layout.bins
            return neighbour_blocks(several, self._maker.predictions, bins, advance)


def coverage(maps, contacts, name):
    """How much of a map there is at each gene: float64 (n, 4), row sum and diagonal of the TSS bin, plain and log.

    maps: contact maps, whose counts are added. contacts: Contacts of the genes. name: of the map, for the progress bar.
    """
    tss_bins = contacts.tss_bins
    found = np.zeros((len(tss_bins), 2))
    chroms = list(dict.fromkeys(contacts.chroms.tolist()))
    with progress(count_pixels(maps, chroms), "pixels", f"{name}: coverage") as advance:
        for chrom in chroms:
            rows = np.flatnonzero(contacts.chroms == chrom)
            wanted, place = np.unique(tss_bins[rows], return_inverse=True)
            for each in maps:
                viewpoints, others, counts = each.pixels_of(chrom, wanted, advance)
                of_each = np.searchsorted(wanted, viewpoints)
                sums = np.bincount(of_each, counts, minlength=len(wanted))
                diagonal = np.bincount(of_each, counts * (viewpoints == others), minlength=len(wanted))
                found[rows] += np.stack([sums, diagonal], axis=1)[place]
    for each in maps:
        each.close()
    return np.column_stack([found, np.log1p(found)])


def group_genes(contacts):
    """Genes by number of contacts (none, then quarters) and by their contacts' median distance (quarters).

    Returns: by view "contacts" and "distance", int (n,) group of each gene, -1 in none; by view the groups' names.
    """
    numbers, distances = contacts.number, contacts.distance * contacts.resolution
    with_contacts = np.flatnonzero(numbers > 0)
    medians = np.array([np.median(distances[contacts.of_gene(row)]) for row in with_contacts])
    by_number, names = _quarters(numbers[with_contacts], "{:.0f}", "{} to {}")
    by_distance, lengths = _quarters(medians / 1000, "{:.0f}", "{} to {} kb")
    groups = {"contacts": np.zeros(len(numbers), np.int64), "distance": np.full(len(numbers), -1)}
    groups["contacts"][with_contacts] = 1 + by_number
    groups["distance"][with_contacts] = by_distance
    return groups, {"contacts": ["none", *names], "distance": lengths}


def _quarters(values, number, span):
    """Four groups of about equal size, fewer where many values are the same. Returns: (n,) group, and their names."""
    if len(values) == 0:
        return np.empty(0, np.int64), []
    edges = np.unique(np.quantile(values, np.arange(1, QUARTERS) / QUARTERS, method="lower"))
    group = np.searchsorted(edges, values)  # a value that is an edge belongs below it
    _, group = np.unique(group, return_inverse=True)
    names = []
    for each in range(group.max() + 1):
        ends = [number.format(end(values[group == each])) for end in (np.min, np.max)]
        names.append(span.format(*ends) if ends[0] != ends[1] else span.format(*ends).replace(f"{ends[0]} to ", "", 1))
    return group, names


def find_map_files(paths, makers, hashes, *, all_needed):
    """Give each map folder the maps that its tensors were made from.

    paths: of maps. makers: list of MapMaker. hashes: KnownHashes. all_needed: whether no folder may go without, as maps
    that are downsampled are read again.

    Raises:
        InputError: a map that none of the folders was made from, one that cannot be read, or one that is needed and was
            not given.
    """
    wanted = {each for maker in makers for each in maker.map_folder.settings.maps_sha256}
    by_hash = {}
    for path in paths:
        digest = map_sha256(require_map(path), hashes)
        if digest not in wanted:
            raise InputError(
                "none of the folders that are compared was made from it",
                argument="maps",
                subject=path,
                expected="the maps that their tensors were made from",
            )
        by_hash[digest] = path
    for maker in makers:
        maker.open_files(by_hash)
        if all_needed and not maker.files:
            raise InputError(
                f"needs the map that {maker.map_folder.folder.root} was made with",
                argument="thin_to",
                hint=f"give it with {parameter('maps')}",
            )
