"""What is compared and how, read and checked against each other before anything expensive is done."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from spex.compare.cells import CellTypes, Marks
from spex.compare.folders import BaseFolder, CommonGenes, find_common_genes, open_base, open_map_folders
from spex.compare.prepare import LocalSums, MapMaker, find_map_files
from spex.compare.protocol import SHALLOWEST, Protocol
from spex.compare.tables import enough_chromosomes
from spex.errors import InputError, count
from spex.files.checks import require_folder
from spex.files.hashes import KnownHashes, Watch
from spex.inputs.maps.reader import split_uri
from spex.models.matrices import COLUMNS_AT_ONCE

PARTS = "parts"

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class CompareInputs:
    """What is compared.

    base: data folder of sequence alone. maps: data folders of maps. expression: DataFrame (genes, tissues) from 0 up,
    indexed by gene id. targets: index and name of each tissue. cache: prediction cache folder. map_files: the maps
    themselves, for downsampling and coverage, in any order. cell_types: by map folder as given, the tissues that are
    its own. show_published: whether folders by the published contact rule are taken, without a verdict. version: of
    this program, for the record.
    """

    base: Path
    maps: list[Path]
    expression: pd.DataFrame
    targets: list[tuple[int, str]]
    cache: Path
    map_files: tuple[Path, ...] = ()
    cell_types: CellTypes = field(default_factory=CellTypes)
    show_published: bool = False
    version: str = ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a comparison computes with. makers: MapMaker of each map. local: LocalSums. marks: of cell types. observed:
    float64 (n, t), ln(expression + pseudocount). parts: folder of what is kept, or None. watch: of the map files."""

    inputs: CompareInputs
    protocol: Protocol
    base: BaseFolder
    genes: CommonGenes
    makers: list[MapMaker]
    local: LocalSums
    marks: Marks
    observed: np.ndarray
    parts: Path | None
    watch: Watch

    @property
    def chroms(self):
        """Chromosome of each gene, (n,)."""
        return self.genes.table["chrom"].to_numpy(str)


def prepare(inputs, protocol, out=None):
    """Open and check everything, and choose the genes.

    inputs: CompareInputs. protocol: Protocol. out: folder under which finished parts are kept; nothing is without it.

    Returns: Prepared.

    Raises:
        InputError: something cannot be used, or does not fit the rest.
    """
    watch = Watch(maps=[split_uri(path)[0] for path in inputs.map_files])
    if not inputs.maps:
        raise InputError("none is given", argument="map_folders", expected="the data folder of one map or more")
    base = open_base(inputs.base)
    maps = open_map_folders(inputs.maps, base, show_published=inputs.show_published)
    marks = inputs.cell_types.of(dict(zip(map(str, inputs.maps), maps, strict=True)), inputs.targets)
    cache = require_folder(inputs.cache, "cache")
    parts = None if out is None else require_folder(Path(out), "out") / PARTS
    makers = [
        MapMaker.of(each, cache, protocol.seed, whole_chromosome_fallback=protocol.whole_chromosome_fallback)
        for each in maps
    ]
    for maker in makers if protocol.thin_to is not None else ():
        maker.check_weight()
    hashes = KnownHashes(parts and parts / "input_hashes.json")
    find_map_files(inputs.map_files, makers, hashes, all_needed=protocol.thin_to is not None)
    genes = find_common_genes(base, maps, inputs.expression, with_contacts=protocol.genes_with_contacts)
    _check_chromosomes(genes)
    for maker in makers:
        maker.check(genes)
    neighbours = max(each.settings.layout.neighbours for each in maps)
    _log_start(genes, len(inputs.targets), base, neighbours, protocol.rotations)
    hashes.save()
    _thin(makers, protocol.thin_to)
    observed = np.log(genes.observed + protocol.pseudocount)
    local = LocalSums.of(base, cache, genes.table, maps[0].settings.layout.bins)
    return Prepared(inputs, protocol, base, genes, makers, local, marks, observed, parts, watch)


def _check_chromosomes(genes):
    """Refuse genes of one chromosome, which nothing can be left out of."""
    chroms = genes.table["chrom"].unique()
    if len(chroms) < 2:
        raise InputError(
            f"all {len(genes.table):,} genes that can be compared lie on {chroms[0]}",
            expected="genes of two chromosomes or more",
        )


def _thin(makers, total):
    """Downsample all maps to a number of counts, or to that of the shallowest of them; None leaves them as they are."""
    if total is None:
        return
    for maker in makers:
        maker.measure()
    for maker in makers:
        maker.thin(min(each.depth for each in makers) if total == SHALLOWEST else total)


def _log_start(genes, tissues, base, neighbours, rotations):
    """Log which genes are compared, and the memory that it takes."""
    number = len(genes.table)
    for why, left_out in genes.left_out.items():
        logger.info("%s genes %s are left out", f"{left_out:,}", why)
    logger.info(
        "%s of %s genes, %d chromosomes, %s; about %.1f GB of memory",
        *(f"{number:,}", f"{len(base.genes):,}", genes.table["chrom"].nunique(), count(tissues, "tissue")),
        expected_memory(number, tissues, base.settings.width, neighbours, rotations) / 1e9,
    )
    counts = genes.table["chrom"].value_counts().to_numpy()
    if not enough_chromosomes(counts):
        logger.warning("too few chromosomes for a verdict: fewer than 10 with 20 genes each")


def expected_memory(genes, tissues, own, neighbours, rotations):
    """Bytes: of the shared parts the second while it is made, or both with the arms of a map. own, neighbours: columns
    of the genes' own features, and of a map's contacts."""
    triangle, single = 4 * genes**2, 2 * genes**2
    made = 4 * triangle + 3 * 8 * COLUMNS_AT_ONCE * genes + 4 * genes * own  # all of it, its copy, and the first
    arms = genes * (4 * 8 * neighbours + 8 * tissues * (rotations + 12)) + (2 * 8 + 4) * neighbours**2
    return max(made, 2 * (triangle + single) + arms) + 0.3e9
