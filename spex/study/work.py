"""What there is to do in a study, counted from its inputs and from what it has made already."""

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from expecto.gene_features import SHIFTS, tensor_length
from expecto.network import BELUGA
from spex.contacts.collect import read_maps
from spex.errors import InputError
from spex.files.hashes import KnownHashes
from spex.inputs.agree import check_on_genome
from spex.inputs.chromosomes import excluded_chromosomes
from spex.inputs.expression import open_expression, read_expression
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.genome import Genome
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import agree_maps
from spex.inputs.maps.reader import check_different, map_sha256, split_uri
from spex.models.registry import MODELS
from spex.models.splits import TEST_CHROM, cross_validation_splits, split_by_chromosome
from spex.runs.cache import PredictionStore, own_keys
from spex.runs.folder import DataFolder
from spex.runs.settings import store_identity
from spex.study.reading import reading_of, rule_of

OWN_WINDOWS = len(SHIFTS)
SEQUENCE_ALONE = "sequence alone"


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

    splits: trainings on other genes each. fits: of all splits, tissues and seeds. parameters: of the model, from name
    to value. pooled: whether the splits are folds whose scores are put together.
    """

    name: str
    model: str
    folder: str
    columns: int
    splits: int
    fits: int
    parameters: dict
    pooled: bool


@dataclass(frozen=True)
class Work:
    """What there is to do in a study. genes: with expression. tissues: how many. folders: sequence alone, then maps."""

    genes: int
    tissues: int
    folders: list[FolderWork]
    fits: list[FitWork]


def count_work(study):
    """Count what there is to do in a study; reads its inputs, maps included, and writes at most the genome's index.

    Returns: Work.

    Raises:
        InputError: inputs that cannot be used or do not fit each other.
    """
    table, genes = genes_of(study)
    chromsizes = _chromsizes(study, genes)
    chroms = genes["chrom"].loc[_expressed(study, table, genes)]
    splits = {fit.name: _splits(study, fit, chroms) for fit in study.fits}
    _check_copies(study)
    todo = {folder.root: _missing(folder, genes) for folder in _data_folders(study)}
    cache = _Cache(study)
    folders = [_sequence_alone(study, genes, todo, cache)]
    for map_ in study.maps:
        with _about(study, f"map {map_.name}"):
            folders.append(_of_map(study, map_, genes, chromsizes, todo, cache))
    fits = [_fits(fit, folder, splits[fit.name], len(study.tissues)) for fit in study.fits for folder in folders]
    return Work(len(chroms), len(study.tissues), folders, fits)


@contextmanager
def _about(study, part):
    """Tell in errors of the library which part of a study they are about, such as "map GM12878"."""
    try:
        yield
    except InputError as error:
        about = ", ".join(map(str, filter(None, [study.path, part, error.subject])))
        raise InputError(error.found, subject=about, expected=error.expected, hint=error.hint) from error


def _check_copies(study):
    """Refuse maps whose files are copies of each other's; only files of one size are read.

    Raises:
        InputError: the same content twice in a map, or in two maps with the same options.
    """
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


def genes_of(study):
    """The whole genes table, and the genes that the study is made for."""
    options = study.gene_options
    table = read_gene_table(study.genes, options.get("tss_rule", "auto"))
    excluded = excluded_chromosomes(options.get("exclude_chroms"))
    return table, keep_genes(table, options.get("gene_type", "all"), excluded)


def _chromsizes(study, genes):
    """Chromosome name -> bp, of a genome that has the genes."""
    genome = Genome(study.genome, DataFolder(study.base_folder).genome_index)
    genome.close()
    check_on_genome(genes, genome.chromsizes)
    return genome.chromsizes


def _expressed(study, table, genes):
    """Rows of the genes with expression."""
    paths = [*study.expression]
    file = open_expression(
        paths if len(paths) > 1 else paths[0], study.expression_options.get("value"), lambda: table["id"]
    )
    return read_expression(file, [index for index, _ in study.tissues], table, genes).values.index


def _data_folders(study):
    return [DataFolder(study.base_folder), *(DataFolder(study.map_folder(each.name)) for each in study.maps)]


def _missing(folder, genes):
    """Which genes have no tensor in a data folder, (n,) bool."""
    there = {path.name for path in folder.tensors.glob("*.npy")}
    return np.array([folder.tensor_path(gene).name not in there for gene in genes["id"]], dtype=bool)


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
        """How many of some keys are neither there nor promised; they are promised now. keys: (n,) int64, each once."""
        lacking = keys if self._store is None else keys[~self._store.has(kind, chrom, keys)]
        before = self._promised.get((kind, chrom), np.empty(0, np.int64))
        new = np.setdiff1d(lacking, before)
        self._promised[kind, chrom] = np.union1d(before, new)
        return len(new)


def _sequence_alone(study, genes, todo, cache):
    """The folder of sequence alone, and own windows that any folder needs. todo: by folder, (n,) bool of its genes."""
    needed = genes[np.logical_or.reduce([*todo.values()])]
    lacking = sum(cache.lacks("own", chrom, np.unique(own_keys(on))) for chrom, on in needed.groupby("chrom"))
    return FolderWork(
        name=SEQUENCE_ALONE,
        tensors=len(genes),
        missing=int(todo[DataFolder(study.base_folder).root].sum()),
        width=tensor_length(BELUGA, 0),
        windows=OWN_WINDOWS * len(genes),
        to_compute=OWN_WINDOWS * lacking,
    )


def _of_map(study, map_, genes, chromsizes, todo, cache):
    """The folder of a map: its contacts, read in one pass, and the windows of the bins. chromsizes: of the genome."""
    rule = rule_of(map_)
    resolution = map_.options["hic_resolution"]
    maps = agree_maps(open_maps([*map_.files], resolution, reading_of(map_), rule), genes, chromsizes)
    contacts = read_maps(maps, genes, rule, resolution)
    missing = todo[DataFolder(study.map_folder(map_.name)).root]
    starts = contacts.window_starts
    windows = to_compute = 0
    for chrom in genes["chrom"].unique():
        here = contacts.chrom == chrom
        windows += len(np.unique(starts[here]))
        to_compute += cache.lacks("windows", chrom, np.unique(starts[here & missing[contacts.gene]]))
    return FolderWork(
        name=map_.name,
        tensors=len(genes),
        missing=int(missing.sum()),
        width=tensor_length(BELUGA, rule.groups),
        windows=windows,
        to_compute=to_compute,
        contacts=len(contacts.bins),
        without_contact=int((contacts.number == 0).sum()),
    )


def _splits(study, fit, chroms):
    """Number of splits of a StudyFit's genes, which have enough genes each. chroms: of the genes, Series."""
    options = fit.options
    with _about(study, f"fit {fit.name}"):
        if "cv" in options:
            return len(cross_validation_splits(chroms, options.get("cv_groups")))
        split_by_chromosome(chroms, options.get("test_chroms", [TEST_CHROM]), options.get("validation_chroms", []))
        return 1


def _fits(fit, folder, splits, tissues):
    """The fits of a StudyFit in a folder. folder: FolderWork. splits: how many. tissues: how many."""
    options = fit.options
    parameters = MODELS[options["model"]].read_parameters(options.get("params"))
    if "neighbour_penalties" in options and folder.contacts is not None:
        parameters = parameters | {"neighbour_penalties": options["neighbour_penalties"]}
    return FitWork(
        name=fit.name,
        model=options["model"],
        folder=folder.name,
        columns=folder.width,
        splits=splits,
        fits=splits * tissues * options.get("repeats", 1),
        parameters=parameters,
        pooled="cv" in options,
    )
