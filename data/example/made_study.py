"""Write a made study as files: data folders of one base and four maps, the maps, a prediction cache, expression.

    python -m data.example.made_study FOLDER [GENES]

What is true of it is known (`made_world`). The CNN is left out: chromatin features, of the real number, are made from
hidden factors of the genome's bins. Everything else is as `tensors.py` leaves it. 1.3 GB.
"""

import argparse
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd

from data.example.made_world import BIN, CHROMOSOMES, FACTORS, MAPS, make_expression, make_world
from data.example.make_example import CREATION_DATE
from expecto.gene_features import OWN_SUMS
from expecto.network import BELUGA
from spex.contacts.collect import read_maps
from spex.contacts.rules import Corrected
from spex.contacts.sums import sum_by_side
from spex.files.atomic import write_text
from spex.files.hashes import file_sha256
from spex.files.sealed import save_array
from spex.inputs.genes import cached_genes_text, keep_genes, read_gene_table
from spex.inputs.maps.formats import open_maps
from spex.runs.cache import PredictionStore
from spex.runs.folder import DataFolder, contacts_identity, save_contacts
from spex.runs.settings import RunSettings, claim_run

GRID = BIN, BELUGA.window
"""What bins are and what they are read by, in bp."""

GENES, TISSUES, SEED = 2273, 4, 4
"""The seed is chosen: of ten, one made the region's effect look like that of the touched bins, as such an effect does
now and then."""

CACHE_DTYPE = "float16"
MEAN_PROBABILITY, SKEW, OWN_NOISE = 0.05, 0.5, 0.3
"""A feature is MEAN_PROBABILITY * exp(SKEW * (factors + OWN_NOISE * noise)), at most 1."""

LOCAL_BINS = 4
"""Bins on either side of the TSS bin that the gene's own windows reach."""

OWN_WINDOWS = 200
GENES_AT_ONCE = 256


@dataclass(frozen=True)
class MadeStudy:
    """Where the parts of a made study are. maps: name -> data folder; map_files: name -> contact map."""

    base: Path
    maps: dict[str, Path]
    map_files: dict[str, Path]
    genes: Path
    expression: Path
    cache: Path

    @classmethod
    def of(cls, root, names=tuple(MAPS)):
        """names: of its maps."""
        root = Path(root)
        return cls(
            base=root / "own_sequence",
            maps={name: root / name for name in names},
            map_files={name: root / "maps" / f"{name}.cool" for name in names},
            genes=root / "genes.csv",
            expression=root / "expression.csv",
            cache=root / "pred_cache",
        )


def write_made_study(root, genes=GENES, tissues=TISSUES, seed=SEED, chromosomes=CHROMOSOMES):
    """Write a made study.

    root: folder. genes: about how many, at least 22 a chromosome; verdicts come out right with some 2,000 on all
    chromosomes. The same arguments give the same bytes.

    Returns: MadeStudy.
    """
    random = np.random.default_rng(seed)
    world = make_world(random, genes, chromosomes)
    names = [f"Tissue {number}" for number in range(1, tissues + 1)]
    return write_study(root, random, world, lambda contacts: make_expression(random, world, contacts, tissues), names)


def write_study(root, random, world, express, tissues):
    """Write a study of a World and its maps; the expression table comes last, so where it is, everything is.

    root: folder. express: takes the maps' contacts as the program reads them, map -> Contacts, and gives expression,
    (n, tissues). tissues: their names.

    Returns: MadeStudy.
    """
    study = MadeStudy.of(root, tuple(world.pixels))
    table, kept, contacts = write_maps(study, world)
    values = express(contacts)
    _write_folders(study, table, kept, contacts, Features(random, world))
    write_expression(study, kept, values, tissues)
    return study


def write_maps(study, world):
    """Write the genes and the maps of a study.

    Returns: the genes table; DataFrame of the genes kept; map -> Contacts, as the program reads them.
    """
    for path in study.map_files.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    write_text(study.genes, _gene_table(world.genes).to_csv(index=False, lineterminator="\n"))
    table = read_gene_table(study.genes)
    kept = keep_genes(table)
    contacts = {}
    for name, path in study.map_files.items():
        _write_map(path, world.chromsizes, world.pixels[name])
        contacts[name] = read_maps(open_maps([path], BIN), kept, Corrected(), BIN)
    return table, kept, contacts


def write_expression(study, kept, values, tissues):
    """Write the expression table of a study. values: (genes, tissues). tissues: their names."""
    expression = pd.DataFrame(values.round(4), columns=tissues)
    expression.insert(0, "id", kept["id"].to_numpy())
    write_text(study.expression, expression.to_csv(index=False, lineterminator="\n"))


def _gene_table(genes):
    """The genes in the published form."""
    ids = [f"MADE{number:08d}" for number in range(1, len(genes) + 1)]
    columns = {"id": ids, "symbol": ids, "seqnames": genes["chrom"], "strand": genes["strand"], "TSS": genes["tss"]}
    return pd.DataFrame({**columns, "CAGE_representative_TSS": genes["tss"], "type": "protein_coding"})


def _write_map(path, chromsizes, pixels):
    """Write pixels as a .cool, with the same bytes every time."""
    bins = cooler.binnify(pd.Series(chromsizes), BIN)
    first = bins.reset_index().groupby("chrom", observed=True)["index"].min()
    offset = pixels["chrom"].map(first.to_dict()).to_numpy()
    table = pd.DataFrame(
        {"bin1_id": pixels["bin1"] + offset, "bin2_id": pixels["bin2"] + offset, "count": pixels["count"]}
    )
    with tempfile.TemporaryDirectory() as folder:
        made = f"{folder}/made.cool"
        cooler.create_cooler(made, bins, table.sort_values(["bin1_id", "bin2_id"]), ordered=True)
        with h5py.File(made) as source, h5py.File(path, "w") as file:  # the copy holds no trace of the date
            for name in source:
                source.copy(name, file)
            file.attrs.update({**source.attrs, "creation-date": CREATION_DATE})


class Features:
    """Made chromatin features of bins and of genes' own windows."""

    def __init__(self, random, world):
        self.world = world
        self.seed = int(random.integers(2**32))
        own_factors = world.gene_factors.shape[1]
        self.of_bins = self._mixing(random, FACTORS, BELUGA.features)
        self.of_genes = self._mixing(random, own_factors, OWN_SUMS * BELUGA.features)

    @staticmethod
    def _mixing(random, factors, features):
        return (random.normal(size=(factors, features)) / np.sqrt(factors)).astype(np.float32)

    def _positive(self, factors, mixing, key):
        """Features of factors, float32; noise of its own by what it is of. key: whole numbers."""
        mixed = factors.astype(np.float32) @ mixing
        mixed += OWN_NOISE * np.random.default_rng([self.seed, *key]).standard_normal(mixed.shape, dtype=np.float32)
        return np.minimum(MEAN_PROBABILITY * np.exp(SKEW * mixed), 1, dtype=np.float32)

    def bins(self, chrom, bins):
        """Predictions of bins, (m, features)."""
        return self._positive(self.world.factors[chrom][bins], self.of_bins, [0, int(chrom.removeprefix("chr"))])

    def own(self, rows):
        """The ten sums and the plain one of the own windows of genes, (m, 11 * features). rows: slice of the genes."""
        sums = self._positive(self.world.gene_factors[rows], self.of_genes, [1, rows.start])
        around = np.stack([self._around(gene) for gene in self.world.genes[rows].itertuples()])
        plain = self._positive(around, self.of_bins, [2, rows.start])
        return OWN_WINDOWS * np.concatenate([sums, plain], axis=1)

    def _around(self, gene):
        own = (gene.tss - 1) // BIN
        return self.world.factors[gene.chrom][own - LOCAL_BINS : own + LOCAL_BINS + 1].mean(axis=0)


def _write_folders(study, table, genes, contacts, features):
    """Tensors and what stands beside them, for the base and for each map, and the prediction cache."""
    common = {"genes_sha256": file_sha256(study.genes), "genome_sha256": _stands_for("genome")}
    common |= {"beluga_sha256": _stands_for("network"), "precision": "float32", "cache_dtype": CACHE_DTYPE}
    of_base = RunSettings(**common, maps_sha256=[])
    settings = {
        name: RunSettings.of(**common, maps_sha256=[file_sha256(path)], rule=Corrected(), resolution=BIN)
        for name, path in study.map_files.items()
    }
    folders = {name: DataFolder(path) for name, path in study.maps.items()}
    store = PredictionStore(study.cache, of_base.store_identity, np.dtype(CACHE_DTYPE))
    for folder, of_folder in (
        (DataFolder(study.base), of_base),
        *((folders[name], settings[name]) for name in folders),
    ):
        folder.root.mkdir(parents=True, exist_ok=True)
        claim_run(folder, of_folder)
        write_text(folder.cached_genes, cached_genes_text(table, genes))
    for name, folder in folders.items():
        identity = contacts_identity(settings[name], genes)
        save_contacts(folder.contacts_npz, contacts[name], identity)
        write_text(folder.contacts_tsv, contacts[name].table().to_csv(sep="\t", index=False, lineterminator="\n"))
    _keep_bins(store, contacts.values(), features)
    for first in range(0, len(genes), GENES_AT_ONCE):
        rows = slice(first, min(first + GENES_AT_ONCE, len(genes)))
        own = store.stored(features.own(rows))
        _keep_own(store, genes[rows], own)
        _write_tensors(DataFolder(study.base), genes["id"][rows], own[:, : OWN_SUMS * BELUGA.features])
        for name, folder in folders.items():
            sums = _neighbour_sums(store, contacts[name], rows)
            _write_tensors(
                folder, genes["id"][rows], np.concatenate([own[:, : OWN_SUMS * BELUGA.features], sums], axis=1)
            )
    store.flush()


def fill_store(store, genes, contacts, features):
    """Keep predictions of all that tensors of these genes with these contacts need, so that no network is asked.

    store: PredictionStore. genes: DataFrame. contacts: map -> Contacts. features: Features.
    """
    _keep_bins(store, contacts.values(), features)
    for first in range(0, len(genes), GENES_AT_ONCE):
        rows = slice(first, min(first + GENES_AT_ONCE, len(genes)))
        _keep_own(store, genes[rows], features.own(rows))
    store.flush()


def _stands_for(what):
    """A hash in the place of that of a file that there is none of."""
    return hashlib.sha256(f"a made {what}".encode()).hexdigest()


def _starts(windows):
    """Starts of windows, by which the cache keeps them."""
    return Corrected().starts(windows, *GRID)


def _keep_bins(store, several, features):
    """Keep predictions of all bins that any map touches, the same for every window of a bin."""
    chroms, bins = (
        np.concatenate(parts)
        for parts in zip(*((np.repeat(each.chroms, np.diff(each.offsets)), each.bins) for each in several), strict=True)
    )
    for chrom in dict.fromkeys(chroms.tolist()):
        mine = np.unique(bins[chroms == chrom])
        rows = np.repeat(features.bins(chrom, mine), Corrected().tiles(*GRID), axis=0)
        store.put("windows", chrom, _starts(Corrected().windows(mine, *GRID)), rows)
    store.flush()


def _keep_own(store, genes, own):
    """Keep the sums over the genes' own windows. genes: DataFrame (m). own: float32 (m, 11 * features)."""
    keys = genes["tss"].to_numpy() * 2 + (genes["strand"] == "-").to_numpy()
    for chrom in genes["chrom"].unique():
        mine = (genes["chrom"] == chrom).to_numpy()
        store.put("own", chrom, keys[mine], own[mine])


def _neighbour_sums(store, contacts, rows):
    """Sums over the bins that genes touch, downstream and upstream, out of the cache: float32 (m, 2 * features)."""
    count = rows.stop - rows.start
    span = slice(contacts.offsets[rows.start], contacts.offsets[rows.stop])
    gene = np.repeat(np.arange(count), np.diff(contacts.offsets[rows.start : rows.stop + 1]))
    bins, upstream = contacts.bins[span], ~contacts.downstream[span]
    sums = np.zeros((2 * count, BELUGA.features))
    for chrom in np.unique(contacts.chroms[rows]):
        mine = contacts.chroms[rows][gene] == chrom
        touched, places = np.unique(bins[mine], return_inverse=True)
        if len(touched):
            first = Corrected().windows(touched, *GRID)[
                :: Corrected().tiles(*GRID)
            ]  # all windows of a bin hold the same
            predictions = store.get("windows", chrom, _starts(first))[1]
            sums += sum_by_side((2 * gene + upstream)[mine], places, predictions, len(sums))
    return sums.astype(np.float32).reshape(count, -1)


def _write_tensors(folder, ids, rows):
    for gene, row in zip(ids, rows, strict=True):
        save_array(folder.tensor_path(gene), row, durable=False)


def main(argv=None):
    parser = argparse.ArgumentParser(description="Write a made study.")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("genes", metavar="GENES", nargs="?", type=int, default=GENES)
    args = parser.parse_args(argv)
    write_made_study(args.folder, args.genes)


if __name__ == "__main__":
    main()
