"""A comparison from data folders to tables: everything is checked first, then one map comes after the other.

What is dear is kept under OUT/parts, by a hash of all that it follows from: the part that all maps share, and the
statistics of each map. A comparison that was stopped goes on from there, and ends with the same bytes.
"""

import hashlib
import io
import json
import logging
import resource
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from spex.arguments import choice, positive_number, whole_number
from spex.compare.arms import DRAWS, MapStatistics, compare_map
from spex.compare.cells import CellTypes
from spex.compare.folders import OWN_WIDTH, find_common_genes, open_base, open_map_folders
from spex.compare.loco import OwnPart
from spex.compare.prepare import LocalSums, MapMaker, find_map_files
from spex.compare.statistics import CORRECTIONS, draw_shifts
from spex.compare.tables import Comparison, enough_chromosomes, make_tables
from spex.compare.verdict import LEAST_GAIN, NO_VERDICT
from spex.errors import InputError
from spex.files.atomic import remove_abandoned
from spex.files.checks import require_folder
from spex.files.hashes import KnownHashes
from spex.files.sealed import DamagedFileError, load_sealed, save_sealed
from spex.models.fits import PSEUDOCOUNT
from spex.progress import progress
from spex.runs.records import versions
from spex.runs.tensors import read_features

FORMAT = 1
"""Version of the numbers: a change that alters any raises it, and what is kept is then made anew."""

PARTS = "parts"
SHOWN_ONLY = "shown without a verdict: contacts by the published rule"

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class Protocol:
    """How maps are compared.

    seed: of control draws, rotations and thinning. rotations: of the residuals along the genome. correction: of
    p-values over maps and tissues. least_gain: of Spearman, below which a gain is nothing. genes_with_contacts: take
    only genes with contacts in every map. thin_to: counts that each map is thinned to, "shallowest" for those of the
    shallowest map, None for all. pseudocount: added to the expression before the logarithm.
    """

    seed: int = 1410
    rotations: int = 19
    correction: str = "bh"
    least_gain: float = LEAST_GAIN
    genes_with_contacts: bool = False
    thin_to: int | str | None = None
    pseudocount: float = PSEUDOCOUNT

    def __post_init__(self):
        whole_number(self.seed, "seed", 0, 2**31 - 1)
        whole_number(self.rotations, "rotations", 2)
        choice(self.correction, "correction", CORRECTIONS)
        positive_number(self.least_gain, "least_gain")
        positive_number(self.pseudocount, "pseudocount")
        if self.thin_to not in (None, SHALLOWEST):
            whole_number(self.thin_to, "thin_to", 1)


SHALLOWEST = "shallowest"


@dataclass(frozen=True)
class CompareInputs:
    """What is compared.

    base: data folder of sequence alone. maps: data folders of maps. expression: DataFrame (genes, tissues) from 0 up,
    indexed by gene id. targets: index and name of each tissue. cache: prediction cache folder. map_files: the maps
    themselves, for thinning and coverage, in any order. cell_types: by map folder as given, the tissues that are its
    own. show_published: whether folders by the published contact rule are taken, without a verdict. version: of this
    program, for the record.
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


def compare_folders(inputs, protocol, out=None):
    """Compare maps.

    inputs: CompareInputs. protocol: Protocol. out: folder under which finished parts are kept; nothing is without it.

    Returns: Comparison.

    Raises:
        InputError: something cannot be used, or does not fit the rest.
    """
    if not inputs.maps:
        raise InputError("none is given", argument="map_folders", expected="the data folder of one map or more")
    base = open_base(inputs.base)
    maps = open_map_folders(inputs.maps, base, show_published=inputs.show_published)
    owners = inputs.cell_types.of(dict(zip(map(str, inputs.maps), maps, strict=True)), inputs.targets)
    cache = require_folder(inputs.cache, "cache")
    makers = [MapMaker.of(each, cache, protocol.seed) for each in maps]
    hashes = KnownHashes(None if out is None else Path(out) / PARTS / "input_hashes.json")
    find_map_files(inputs.map_files, makers, hashes, all_needed=protocol.thin_to is not None)
    genes = find_common_genes(base, maps, inputs.expression, with_contacts=protocol.genes_with_contacts)
    chroms = genes.table["chrom"].to_numpy(str)
    if len(set(chroms)) < 2:
        raise InputError(
            f"all {len(chroms):,} genes that can be compared lie on {chroms[0]}",
            expected="genes of two chromosomes or more",
        )
    for maker in makers:
        maker.check(genes)
    _log_start(genes, len(inputs.targets), base)
    hashes.save()
    _thin(makers, protocol.thin_to)
    work = _Work(base, genes, np.log(genes.observed + protocol.pseudocount), inputs, protocol, out)
    statistics = work.run(makers, LocalSums.of(base, cache, genes.table))
    comparison = _tables(statistics, maps, inputs.targets, protocol, work.settings(makers))
    logger.info("memory: %.1f GB at most", peak_memory() / 1e9)
    return owners.mark(comparison)


def _thin(makers, total):
    """Thin all maps to a number of counts, or to that of the shallowest of them; None leaves them as they are."""
    if total is None:
        return
    for maker in makers:
        maker.measure()
    for maker in makers:
        maker.thin(min(each.depth for each in makers) if total == SHALLOWEST else total)


def peak_memory():
    """The most memory that this process has held so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class _Work:
    """The dear part of a comparison, and where it is kept."""

    def __init__(self, base, genes, observed, inputs, protocol, out):
        self.base, self.genes, self.observed = base, genes, observed
        self.inputs, self.protocol = inputs, protocol
        self.chroms = genes.table["chrom"].to_numpy(str)
        self.parts = None if out is None else require_folder(Path(out), "out") / PARTS
        self.shifts = draw_shifts(len(genes.table), protocol.rotations, protocol.seed)
        self.facts = {}

    def run(self, makers, local):
        """Statistics of every map, in their order. local: LocalSums."""
        if len(self.shifts) < 2:
            raise InputError(f"{len(self.genes.table)} genes that can be compared", expected="many more")
        if self.parts is not None:
            self.parts.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.parts)
        found = {maker.name: self._kept(maker) for maker in makers}
        missing = [maker for maker in makers if found[maker.name] is None]
        for name in found.keys() - {maker.name for maker in missing}:
            logger.info("%s: finished before", name)
        own = self._own() if missing else None
        for maker in missing:
            found[maker.name] = self._compare(own, maker, local)
        return [found[maker.name] for maker in makers]

    def identity(self):
        """All that the part follows from that the maps share."""
        return {
            "format": FORMAT,
            "base": asdict(self.base.settings),
            "genes_sha256": hashlib.sha256("\n".join(self.genes.table["id"]).encode()).hexdigest(),
            "expression_sha256": hashlib.sha256(np.ascontiguousarray(self.observed)).hexdigest(),
            "targets": [list(target) for target in self.inputs.targets],
        }

    def _path(self, kind, identity, suffix):
        text = json.dumps(identity, sort_keys=True)
        return self.parts / f"{kind}_{hashlib.sha256(text.encode()).hexdigest()[:16]}{suffix}"

    def _own(self):
        """The part that all maps share: read where it is kept, made and kept otherwise."""
        path = None if self.parts is None else self._path("own", self.identity(), ".tri")
        if path is not None:
            try:
                return OwnPart.load(path, self.chroms, self.observed)
            except FileNotFoundError:
                pass
            except DamagedFileError as error:
                logger.warning("%s; it is made again", error)
        features, _ = read_features(self.base.folder, self.genes.table["id"], OWN_WIDTH)
        part = OwnPart.of(features, self.chroms, self.observed)
        if path is not None:
            part.save(path)
            remove_others(self.parts, "own_*.tri", path)
        return part

    def _map_identity(self, maker):
        chosen = {name: getattr(self.protocol, name) for name in ("seed", "rotations")}
        return {**self.identity(), **chosen, "map": maker.identity()}

    def _kept(self, maker):
        """Statistics of a map that an earlier start has finished; None without."""
        if self.parts is None:
            return None
        path = self._path("map", self._map_identity(maker), ".npz")
        try:
            content = load_sealed(path)
        except FileNotFoundError:
            return None
        except DamagedFileError as error:
            logger.warning("%s; it is made again", error)
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            self.facts[maker.name] = json.loads(str(arrays["facts"]))
            return MapStatistics.from_arrays(arrays)

    def _compare(self, own, maker, local):
        """Statistics of one map, made and kept."""
        arms, facts = maker.arms(self.genes, local)
        with progress(arms.passes, "arms", maker.name) as advance:
            found = compare_map(own, arms, shifts=self.shifts, advance=advance)
        self.facts[maker.name] = facts | {"own_penalties": own.tried.tolist()}
        if self.parts is not None:
            buffer = io.BytesIO()
            np.savez(buffer, facts=np.array(json.dumps(self.facts[maker.name])), **found.to_arrays())
            save_sealed(self._path("map", self._map_identity(maker), ".npz"), buffer.getbuffer())
        logger.info("%s: done", maker.name)
        return found

    def settings(self, makers):
        """What goes into comparison.json."""
        return {
            **self.identity(),
            **asdict(self.protocol),
            "folder": str(self.inputs.base),
            "genes": {"compared": len(self.genes.table), "left_out": self.genes.left_out},
            "draws": len(DRAWS),
            "shifts": self.shifts.tolist(),
            "maps": {maker.name: self.facts[maker.name] for maker in makers},
            "versions": {"spex": self.inputs.version, **versions()},
        }


def remove_others(folder, pattern, kept):
    """Delete what an earlier comparison left in a folder: gigabytes that nobody asks for any more."""
    for path in folder.glob(pattern):
        if path != kept:
            path.unlink(missing_ok=True)


def _log_start(genes, tissues, base):
    """Log which genes are compared, and the memory that it takes."""
    count = len(genes.table)
    for why, number in genes.left_out.items():
        logger.info("%s genes %s are left out", f"{number:,}", why)
    logger.info(
        "%s of %s genes, %d chromosomes, %d tissues; about %.1f GB of memory",
        *(f"{count:,}", f"{len(base.genes):,}", genes.table["chrom"].nunique(), tissues),
        expected_memory(count, tissues) / 1e9,
    )
    counts = genes.table["chrom"].value_counts().to_numpy()
    if not enough_chromosomes(counts):
        logger.warning("too few chromosomes for a verdict: fewer than 10 with 20 genes each")


def expected_memory(genes, tissues, rotations=19):
    """Bytes: the shared part and the own features while it is made, or the arms of a map."""
    shared = 8 * genes**2
    arms = genes * (4 * 4004 * 5 + 8 * 4004 + 8 * tissues * (2 * rotations + 12)) + 2 * 8 * 4004**2
    return shared + max(4 * genes * OWN_WIDTH, arms) + 0.3e9


def _tables(statistics, maps, targets, protocol, settings):
    """The tables; maps by the published rule stand behind the others, and in no test."""
    decided = [each for each, of in zip(statistics, maps, strict=True) if not of.shown_only]
    shown = [each for each, of in zip(statistics, maps, strict=True) if of.shown_only]
    chosen = {"correction": protocol.correction, "least_gain": protocol.least_gain, "settings": settings}
    tables = [make_tables(each, targets, **chosen) for each in (decided, shown) if each]
    if shown:
        for table in (tables[-1].results, tables[-1].maps):
            table["verdict"], table["words"] = NO_VERDICT, SHOWN_ONLY
    parts = {
        name: pd.concat([getattr(each, name) for each in tables], ignore_index=True)
        for name in ("results", "maps", "groups")
    }
    return Comparison(**parts, settings=settings)
