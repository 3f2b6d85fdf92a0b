"""What there is to do in a study, counted from its inputs and from what it has made already."""

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from expecto.gene_features import SHIFTS
from expecto.network import PUBLISHED, Network
from spex.contacts.collect import read_maps
from spex.errors import InputError
from spex.files.hashes import KnownHashes
from spex.inputs.agree import check_on_genome
from spex.inputs.choices import GeneChoice
from spex.inputs.expression import open_expression, read_expression
from spex.inputs.genes import choose_genes
from spex.inputs.genome import chromsizes_of
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import agree_maps
from spex.inputs.maps.reader import check_different, map_sha256, split_uri
from spex.inputs.networks import network_of
from spex.models.layout import Layout
from spex.models.registry import MODELS
from spex.models.splits import TEST_CHROM, cross_validation_splits, split_by_chromosome
from spex.runs.cache import PredictionStore, own_keys
from spex.runs.folder import DataFolder
from spex.runs.settings import store_identity
from spex.study.plan import SEQUENCE_ALONE

OWN_WINDOWS = len(SHIFTS)


@dataclass(frozen=True)
class FolderWork:
    """What there is to do in a data folder.

    name: of the map, or "sequence alone". tensors: how many it gets, missing: how many of them it lacks. width: numbers
    in each. windows: distinct ones that its tensors need, the genes' own for sequence alone, those of contacted bins
    for a map; to_compute: of them those that missing tensors need and that neither the prediction cache has nor
    folders above. contacts: kept, without_contact: genes without any; None for sequence alone.
    """

    name: str
    tensors: int
    missing: int
    width: int
    windows: int
    to_compute: int
    contacts: int | None = None
    without_contact: int | None = None


@dataclass(frozen=True)
class FitWork:
    """Fits of one kind in one data folder, with `columns` features.

    splits: trainings on other genes each. fits: of all splits, tissues and seeds. rounds: of boosting, at the most;
    None of other models. pooled: whether the splits are folds whose scores are put together.
    """

    name: str
    model: str
    folder: str
    columns: int
    splits: int
    fits: int
    rounds: int | None
    pooled: bool


@dataclass(frozen=True)
class Work:
    """What there is to do in a study. genes: with expression. tissues: how many. folders: sequence alone, then maps.
    network: whose predictions the features are of."""

    genes: int
    tissues: int
    folders: list[FolderWork]
    fits: list[FitWork]
    network: Network = PUBLISHED


def count_work(study):
    """Count what there is to do in a study; reads its inputs, maps included, and writes at most the genome's index.

    Returns: Work.

    Raises:
        InputError: inputs that cannot be used or do not fit each other.
    """
    table, genes = choose_genes(study.genes, GeneChoice(**study.gene_options))
    chromsizes = chromsizes_of(study.genome, DataFolder(study.base_folder).genome_index)
    check_on_genome(genes, chromsizes, study.genes)
    file = open_expression([*study.expression], study.expression_options.get("value"), lambda: table["id"])
    expressed = read_expression(file, [index for index, _ in study.tissues], table, genes).values.index
    splits = {fit.name: _splits(study, fit, genes["chrom"].loc[expressed]) for fit in study.fits}
    _check_copies(study)
    missing = [~DataFolder(study.out / name).has_tensors(genes["id"]) for name in study.folders]
    cache = _Cache(study)
    network = network_of(study.weights)
    folders = [_sequence_alone(network, genes, missing, cache)]
    for map_, of_map in zip(study.maps, missing[1:], strict=True):
        with _about(study, f"map {map_.name}"):
            folders.append(_of_map(network, map_, genes, chromsizes, of_map, cache))
    fits = [_fits(fit, folder, splits[fit.name], len(study.tissues)) for fit in study.fits for folder in folders]
    return Work(len(expressed), len(study.tissues), folders, fits, network)


@contextmanager
def _about(study, part):
    """Add to errors of the library which part of a study they are about, such as "map GM12878"."""
    try:
        yield
    except InputError as error:
        about = ", ".join(map(str, filter(None, [study.path, part, error.subject])))
        raise error.but(argument=None, subject=about) from error


def _check_copies(study):
    """Refuse the same content twice in a map, or in two maps with the same options; only files of one size are read."""
    sizes = Counter(_size(file) for map_ in study.maps for file in map_.files)
    hashes, seen = KnownHashes(), []
    for map_ in study.maps:
        with _about(study, f"map {map_.name}"):
            alike = [file for file in map_.files if sizes[_size(file)] > 1]
            check_different(alike, hashes)
            what = {map_sha256(file, hashes) if file in alike else file for file in map_.files}, map_.options
            twin = next((name for name, other in seen if other == what), None)
            if twin:
                raise InputError(f"its files are copies of those of map {twin}", expected="each map once")
        seen.append((map_.name, what))


def _size(path):
    """Bytes of the file of a path or URI."""
    return split_uri(path)[0].stat().st_size


class _Cache:
    """What the prediction cache of a study has, and what folders that are counted already will have put there."""

    def __init__(self, study):
        self._promised = {}
        self._store = None
        if study.cache.is_dir():
            known = DataFolder(study.base_folder).input_hashes
            hashes = KnownHashes(known if known.exists() else None)
            precision = "tf32" if study.resources["tensors"]["gpus"] else "float32"
            identity = store_identity(hashes.sha256(study.genome), hashes.sha256(study.weights), precision)
            self._store = PredictionStore(study.cache, identity)

    def lacks(self, kind, chrom, keys):
        """How many of some keys are neither there nor promised; they are promised now. keys: (n,) int64."""
        promised = self._promised.get((kind, chrom), np.empty(0, np.int64))
        keys = np.setdiff1d(keys, promised)
        lacking = keys if self._store is None else keys[~self._store.has(kind, chrom, keys)]
        self._promised[kind, chrom] = np.union1d(promised, lacking)
        return len(lacking)


def _sequence_alone(network, genes, missing, cache):
    """The folder of sequence alone, and local windows that any folder needs. missing: by folder, (n,) bool of genes."""
    needed = genes[np.logical_or.reduce(missing)].groupby("chrom")
    return FolderWork(
        name=SEQUENCE_ALONE,
        tensors=len(genes),
        missing=int(missing[0].sum()),
        width=Layout.of_network(network, 0).width,
        windows=OWN_WINDOWS * len(genes),
        to_compute=OWN_WINDOWS * sum(cache.lacks("own", chrom, own_keys(on)) for chrom, on in needed),
    )


def _of_map(network, map_, genes, chromsizes, missing, cache):
    """The folder of a map: its contacts, read in one pass, and the windows of the bins. chromsizes: of the genome."""
    rule, resolution = map_.rule, map_.options["hic_resolution"]
    maps = agree_maps(open_maps([*map_.files], resolution, map_.reading, rule), genes, chromsizes)
    contacts = read_maps(maps, genes, rule, resolution, network.window)
    on = [(chrom, contacts.chrom == chrom) for chrom in genes["chrom"].unique()]
    starts, needed = contacts.window_starts, missing[contacts.gene]
    return FolderWork(
        name=map_.name,
        tensors=len(genes),
        missing=int(missing.sum()),
        width=Layout.of_network(network, rule.groups).width,
        windows=sum(len(np.unique(starts[here])) for _, here in on),
        to_compute=sum(cache.lacks("windows", chrom, starts[here & needed]) for chrom, here in on),
        contacts=len(contacts.bins),
        without_contact=int((contacts.number == 0).sum()),
    )


def _splits(study, fit, chroms):
    """Number of splits of a StudyFit, which have enough genes each. chroms: of the genes, Series."""
    options = fit.options
    with _about(study, f"fit {fit.name}"):
        if "cv" in options:
            return len(cross_validation_splits(chroms, options.get("cv_groups")))
        split_by_chromosome(chroms, options.get("test_chroms", [TEST_CHROM]), options.get("validation_chroms", []))
        return 1


def _fits(fit, folder, splits, tissues):
    """The fits of a StudyFit in a FolderWork. splits, tissues: how many."""
    options = fit.options
    return FitWork(
        name=fit.name,
        model=options["model"],
        folder=folder.name,
        columns=folder.width,
        splits=splits,
        fits=splits * tissues * options.get("repeats", 1),
        rounds=MODELS[options["model"]].read_parameters(options.get("params")).get("num_boost_round"),
        pooled="cv" in options,
    )
