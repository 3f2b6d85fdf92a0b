"""The verbs for a notebook. The commands do the same with the same code, so both give the same numbers.

    import spex

    genes = spex.read_genes("genes.csv")
    contacts = spex.read_contacts(["map.mcool"], genes)
    features = spex.gene_features(genes, "hg38.fa", "deepsea.beluga.pth", contacts=contacts)
    expression = spex.read_expression("expression.csv", genes)
    fit = spex.fit_expression(features, expression, "Liver")
    fit.scores

Positions of TSS are 1-based, ends of stretches 0-based half-open. What is wrong with an input is raised as InputError.
"""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spex import __version__ as _version
from spex.compare.protocol import Protocol
from spex.contacts.collect import Contacts, read_maps
from spex.contacts.rules import Corrected, Published, check_resolution
from spex.contacts.sheet import MapSheet
from spex.errors import InputError, listed, nearest, shown
from spex.files.checks import require_file, require_folder
from spex.files.hashes import KnownHashes, Watch
from spex.inputs import expression as expression_files
from spex.inputs.choices import GeneChoice, Reading
from spex.inputs.expression import select_targets
from spex.inputs.genes import account_of, check_gene_table, choose_genes, read_cached_genes, read_gene_table
from spex.inputs.maps.matching import agree_maps, read_sheet
from spex.inputs.maps.reader import check_different, split_uri
from spex.inputs.normalise import unversioned
from spex.models.choices import CHROMOSOMES, PSEUDOCOUNT, Fitting
from spex.models.fits import Fit, assess, predictions_table
from spex.models.matrices import Features
from spex.models.registry import MODELS
from spex.models.splits import TEST_CHROM, UNSEEN_CHROM, split_by_chromosome, warn_of_few
from spex.options import NUMBER, PATH, PATHS, either, several, takes, text, whole
from spex.progress import progress
from spex.runs.folder import DataFolder
from spex.runs.settings import read_run_settings, store_identity
from spex.runs.tensors import genes_with_tensor, layout_of, read_features

if TYPE_CHECKING:
    from expecto.registry import Model
    from spex.compare.between_tables import CellComparison
    from spex.compare.tables import Comparison
    from spex.features.effect_module import EffectModule

NAMES = several(text("a name"), "one or a list of names")
TARGETS = several(either(text("a name"), whole(1)), "one or a list of names or of indices from 1")
FITS = several(either(text("a name"), PATH), "one or a list of names or of paths")


def read_genes(
    path: str | Path,
    *,
    gene_type: str = GeneChoice.gene_type,
    tss_rule: str = GeneChoice.tss_rule,
    exclude_chroms: Sequence[str] | None = GeneChoice.exclude_chroms,
) -> pd.DataFrame:
    """Read the genes that the model is made for: of one type, on autosomes, without a missing value.

    Parameters
    ----------
    path
        CSV with the columns of the published annotation table: id, symbol, seqnames, strand, TSS,
        CAGE_representative_TSS, type; or CSV or TSV with id, chrom, strand, tss (1-based); or GTF or GFF3.
    gene_type
        "pc" (protein coding), "lincRNA" (lncRNA too) or "all" (everything but rRNA).
    tss_rule
        Of GTF and GFF3, the transcript whose start is the gene's: "mane" (MANE Select), "canonical" (Ensembl's),
        "5prime" (the 5'-most one of the gene's own type), or "auto", the first of these that a gene has.
    exclude_chroms
        Chromosomes whose genes are left out, with or without chr, `scaffolds` among them, or "none"; chrX, chrY, chrM
        and scaffolds without it.

    Returns
    -------
    DataFrame
        Indexed by row number in the file, of GTF and GFF3 by the number of the gene among those that have a TSS: id,
        symbol, chrom, strand ("+" or "-"), tss (int64, 1-based, CAGE_representative_TSS), type, line (of the file).
        `attrs["account"]`: dict of file, unit, used, left_out (reason -> genes), notes.

    Raises
    ------
    InputError
        Not such a file, or no gene is left.

    Examples
    --------
    >>> genes = spex.read_genes("example/genes.csv")
    >>> len(genes)
    64
    >>> genes[["id", "chrom", "strand", "tss"]].head(2)
    """
    choice = GeneChoice.of(gene_type=gene_type, tss_rule=tss_rule, exclude_chroms=exclude_chroms)
    table, genes = choose_genes(PATH.check(path, "genes"), choice)
    genes.attrs = {"table": str(Path(path).resolve()), "account": account_of(path, table, choice).summary()}
    return genes


def read_expression(
    path: str | Path | Sequence[str | Path],
    genes: pd.DataFrame,
    *,
    targets: str | int | Sequence[str | int] | None = None,
    value: str | None = None,
) -> pd.DataFrame:
    """Read the expression of genes: the published table, others with gene ids, files of one sample each, or .h5ad.

    Parameters
    ----------
    path
        A .csv, .tsv, .txt or .gct, compressed (.gz, .bz2, .xz) or not; without gene ids its rows are those of the genes
        table, which is then read again from where `genes` came from. Or an AnnData file (.h5ad). Or several files, or a
        folder of them, with one sample each, such as RSEM's gene quantifications; they are named by their files.
    genes
        From `read_genes`, or some of its rows.
    targets
        One or several tissues by name, shell pattern ("Brain*") in any case, or index from 1; all without it.
    value
        "TPM" or "FPKM", the column that is the expression in files of one sample each; TPM without it.

    Returns
    -------
    DataFrame
        Genes that the file knows x tissues, float64 in the file's unit, indexed by gene id, in the order of `genes`.
        `attrs["account"]`: as of `read_genes`, of the rows of the file.

    Raises
    ------
    InputError
        Not such a file, no such tissue, or rows that cannot be tied to the genes.

    Examples
    --------
    >>> genes = spex.read_genes("example/genes.csv")
    >>> expression = spex.read_expression("example/expression.csv", genes, targets="*EBV*")
    >>> list(expression.columns)
    ['Cells_EBV-transformed_lymphocytes']
    """
    check_gene_table(genes)
    paths = PATHS.check(path, "expression")
    if not paths:
        raise InputError("none is given", argument="expression", expected="one or several files, or a folder")
    file = expression_files.open_expression(paths, value, lambda: genes["id"])
    chosen = _targets(file, targets)
    names = [file.tissues[index - 1] for index in chosen]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError(
            f"{names.count(twice[0])} columns {shown(twice[0])}",
            argument="expression",
            subject=path,
            hint="choose one of them by its index",
        )
    table = None if file.has_id_column else _table_of(genes)
    read = expression_files.read_expression(file, chosen, table, genes)
    values = read.values.set_axis(names, axis=1).set_axis(genes["id"].loc[read.values.index], axis=0)
    values.attrs = {"account": read.account.summary()}
    return values


def _targets(file, targets):
    """Target indices of what the caller named. targets: as of `read_expression`."""
    if targets is None:
        return select_targets(file, indices=["all"])
    named = TARGETS.check(targets, "targets")
    if not named:
        raise InputError("none is given", argument="targets", hint="leave it out for all of them")
    indices = [str(name) for name in named if not isinstance(name, str)]
    try:
        return select_targets(file, indices, [name for name in named if isinstance(name, str)])
    except InputError as error:
        error.argument = "targets"  # the command line has two options for them
        raise


def _table_of(genes):
    """The table that genes were read from; None where it is not known, or they are not numbered by its rows."""
    if "table" not in genes.attrs:
        return None
    table = read_gene_table(require_file(genes.attrs["table"], "genes"))
    rows = genes.index
    numbered = pd.api.types.is_integer_dtype(rows) and rows.isin(table.index).all()
    return table if numbered and (table["id"].loc[rows] == genes["id"]).all() else None


def read_contacts(
    maps: str | Path | Iterable[str | Path],
    genes: pd.DataFrame,
    *,
    resolution: int = 1000,
    rule: Published | Corrected = Published(),  # noqa: B008 (frozen)
    value_column: str = "count",
    count_column: int | str | None = None,
    contact_radius: float | None = None,
) -> Contacts:
    """Read the bins that each TSS contacts in contact maps; on chromosomes that the maps lack, genes have none.

    Parameters
    ----------
    maps
        Contact maps of any format that there is a reader for, with raw counts; counts of several are added. Or 3D
        models, which are read as one ensemble.
    genes
        From `read_genes`, or some of its rows.
    resolution
        bp per bin, a multiple of 200.
    rule
        `Published(max_dist=1.15)`, what the released program does (Chiliński et al. 2023), or `Corrected(min_count=2)`,
        what the paper means.
    value_column
        Column of the pixels that is the count, in .mcool and .cool files.
    count_column
        Column of a table that contains the count: its number from 1 up, or its name in the header.
    contact_radius
        In the units of a 3D model: two beads that are nearer are in contact.

    Returns
    -------
    Contacts
        `.table()` has a row per gene, `.pairs()` a row per kept contact, `.accounts` a dict per file: what was used of
        it, and what was left out for which reason.

    Raises
    ------
    InputError
        A map is damaged, lacks the resolution or all chromosomes of the genes, ends before a TSS, or its counts are
        not raw.

    Examples
    --------
    >>> genes = spex.read_genes("example/genes.csv")
    >>> contacts = spex.read_contacts("example/contacts.mcool", genes, rule=spex.Corrected(min_count=3))
    >>> contacts.pairs().head(2)
    """
    from spex.inputs.maps.formats import open_maps  # noqa: PLC0415 (cooler takes a second to load)

    paths = PATHS.check(maps, "maps")
    if not paths:
        raise InputError("none is given", argument="maps", hint="give one or several, or leave contacts out")
    if not isinstance(rule, Published | Corrected):
        raise InputError(f"found {shown(repr(rule))}", argument="rule", expected="spex.Published() or spex.Corrected()")
    check_gene_table(genes)
    check_resolution(resolution)
    with Watch(maps=[split_uri(each)[0] for each in paths]):
        opened = open_maps(paths, resolution, Reading(value_column, count_column, contact_radius), rule)
        opened = agree_maps(opened, genes)
        check_different(paths, KnownHashes())
        return read_maps(opened, genes, rule, resolution)


def map_sheet(
    path: str | Path,
    genes: pd.DataFrame | None = None,
    *,
    resolution: int = 1000,
    value_column: str = "count",
    count_column: int | str | None = None,
    contact_radius: float | None = None,
) -> MapSheet:
    """Describe a contact map: depth, counts by distance, contacts and coverage of genes.

    Parameters
    ----------
    path
        The contact map, of any format that there is a reader for.
    genes
        From `read_genes`, or some of its rows; nothing is said of genes without it.
    resolution
        bp per bin, a multiple of 200.
    value_column, count_column, contact_radius
        As of `read_contacts`.

    Returns
    -------
    MapSheet
        `.summary()`, `.by_distance()`, `.by_group()`, `.genes`, `.accounts`.

    Raises
    ------
    InputError
        The map is damaged, lacks the resolution or all chromosomes of the genes, ends before a TSS, or its counts are
        not raw.

    Examples
    --------
    >>> sheet = spex.map_sheet("example/contacts.mcool", spex.read_genes("example/genes.csv"))
    >>> sheet.depth
    >>> sheet.by_group()
    """
    from spex.inputs.maps.formats import open_maps  # noqa: PLC0415 (cooler takes a second to load)

    check_resolution(resolution)
    if genes is not None:
        check_gene_table(genes)
    with Watch(maps=split_uri(PATH.check(path, "maps"))[0]):
        (map_,) = open_maps([path], resolution, Reading(value_column, count_column, contact_radius))
        return read_sheet(map_, genes, resolution)


def gene_features(
    genes: pd.DataFrame,
    genome: str | Path,
    network: "str | Path | Model",
    *,
    contacts: Contacts | None = None,
    cache: str | Path | None = None,
    device: str | None = None,
    precision: str | None = None,
    batch_size: int | None = None,
) -> Features:
    """Compute the features of genes: Beluga around each TSS (Zhou et al. 2018), and over the bins that it contacts.

    Parameters
    ----------
    genes
        n genes from `read_genes`, or some of its rows.
    genome
        FASTA, not compressed, with the chromosome names of `genes`.
    network
        Beluga's checkpoint, or a JSON file that describes another network; or what `expecto.beluga.load_beluga` or
        `expecto.described.load_described` made of it.
    contacts
        From `read_contacts`, of these genes at least; sequence alone without it.
    cache
        Folder in which predictions are kept for later calls and for `tensors.py`.
    device
        Of torch, such as "cpu" or "cuda:0"; the first GPU where there is one, else the CPU, without it.
    precision
        "float32", "tf32", "bfloat16" or "float16"; float32 on the CPU and tf32 on a GPU without it.
    batch_size
        Windows that the network sees at once; what suits the device without it.

    Returns
    -------
    Features
        `.X` float32 (n, 20,020), or (n, 24,024) with contacts; of another network 10 or 12 numbers for each of its
        features. Rows in the order of `genes`.

    Raises
    ------
    InputError
        An input is not usable or does not fit the others.

    Examples
    --------
    >>> genes = spex.read_genes("example/genes.csv").head(2)
    >>> network = "example/stand_in_weights.pth"
    >>> features = spex.gene_features(genes, "example/genome.fa", network, cache="example/pred_cache")
    >>> features.X.shape
    (2, 20020)
    """
    from expecto.registry import is_model  # noqa: PLC0415 (torch takes seconds to load)
    from spex.features import devices  # noqa: PLC0415
    from spex.features.arrays import compute_features  # noqa: PLC0415

    check_gene_table(genes)
    device = devices.choose_device(device)
    precision = devices.choose_precision([device], precision)
    if batch_size is not None:
        batch_size = whole(1).check(batch_size, "batch_size")
    is_path = isinstance(network, str | Path)
    if not is_path and not is_model(network):
        expected = "the path of a checkpoint or of a description, or a network of expecto"
        raise InputError(f"found {shown(repr(network))}", argument="network", expected=expected)
    genome = require_file(PATH.check(genome, "genome"), "genome")
    checkpoint = require_file(network, "network") if is_path else None
    watch = Watch(genome=genome, network=checkpoint or ())
    store = None
    if cache is not None:
        if not is_path:
            raise InputError(
                "predictions are kept by the content of the checkpoint",
                argument="network",
                expected="its path, where a cache is given",
            )
        hashes = KnownHashes(require_folder(PATH.check(cache, "cache"), "cache") / "input_hashes.json")
        identity = store_identity(hashes.sha256(genome), hashes.sha256(checkpoint), precision)
        with contextlib.suppress(PermissionError):  # a cache that can only be read serves as well
            hashes.save()
        store = (cache, identity, np.float32)
    return compute_features(
        genes,
        genome,
        devices.open_model(checkpoint, precision) if is_path else network,
        contacts=contacts,
        store=store,
        device=device,
        precision=precision,
        batch_size=batch_size,
        watch=watch,
    )


def load_features(data_folder: str | Path) -> Features:
    """Load the tensors that `tensors.py` (or the published program) wrote in a data folder.

    Parameters
    ----------
    data_folder
        The folder, with `tensors/` and `cached_genes.tsv`.

    Returns
    -------
    Features
        Of the genes that have a tensor, in the order of the genes table. `.X` float32 (n, width), `.genes`, `.columns`,
        `.to_anndata()`.

    Raises
    ------
    InputError
        There are no tensors, or some are damaged.

    Examples
    --------
    >>> features = spex.load_features("example/with_contacts")
    >>> features.X.shape
    (64, 24024)
    >>> features.columns[0]
    """
    folder = DataFolder(PATH.check(data_folder, "data_folder"))
    genes = read_cached_genes(folder.cached_genes)
    genes = genes.loc[genes_with_tensor(folder, genes)]
    layout = layout_of(folder, read_run_settings(folder), genes["id"])
    matrix, _ = read_features(folder, genes["id"], layout.width)
    return Features(matrix, genes, layout)


def fit_expression(
    features: Features,
    expression: pd.DataFrame,
    target: str,
    *,
    model: str = Fitting.model,
    test_chroms: str | Sequence[str] = (TEST_CHROM,),
    validation_chroms: str | Sequence[str] = (UNSEEN_CHROM,),
    seed: int = Fitting.seed,
    parameters: dict | None = None,
    pseudocount: float = PSEUDOCOUNT,
) -> Fit:
    """Fit a model of the expression in one tissue and score it on held-out chromosomes.

    Parameters
    ----------
    features
        From `gene_features` or `load_features`.
    expression
        Genes x tissues, from 0 up, indexed by gene id, as `read_expression` gives it; genes without features, and
        features of genes that are not in it, are left out.
    target
        Column of `expression`.
    model
        "gbtree" (boosted trees with the published parameters), "gblinear" (ExPecto's) or "ridge".
    test_chroms
        Held-out chromosomes that the score is taken on.
    validation_chroms
        Set aside from training, to stop early or to choose a penalty on. Empty, `()`, is the published protocol: the
        test chromosomes serve for that, and the score is biased upwards.
    seed
        Of the trees' column sampling.
    parameters
        In place of the model's own of the same name.
    pseudocount
        Added to the expression before the natural logarithm.

    Returns
    -------
    Fit
        `.scores`, `.predictions` (of the test genes), `.predict(features)`, `.importance`, `.history`, `.chosen`.

    Raises
    ------
    InputError
        No such tissue, values that are no expression, chromosomes without genes, or parameters that the model does not
        take.

    Examples
    --------
    >>> features = spex.load_features("example/with_contacts")
    >>> genes = spex.read_genes("example/genes.csv")
    >>> expression = spex.read_expression("example/expression.csv", genes)
    >>> fit = spex.fit_expression(features, expression, "Liver", model="ridge")
    >>> fit.scores.spearman, fit.chosen
    """
    fitting = Fitting.of(model=model, seed=seed)
    held_out = CHROMOSOMES.check(test_chroms, "test_chroms")
    set_aside = CHROMOSOMES.check(validation_chroms, "validation_chroms")
    kind, pseudocount = MODELS[fitting.model], NUMBER.check(pseudocount, "pseudocount")
    if not isinstance(parameters, dict | None):
        raise InputError(f"found {shown(repr(parameters))}", argument="parameters", expected="a dict as {'eta': 0.1}")
    rows, values = _rows_with_expression(features, expression, target)
    matrix = features.X if len(rows) == len(features) else features.X[rows]
    genes = features.genes.iloc[rows]
    observed = np.log(values + pseudocount)
    split = split_by_chromosome(genes["chrom"], held_out, set_aside)
    warn_of_few(split)
    used = kind.parameters(parameters or {})
    learner = kind.prepare(matrix, split, used, kind.choose_device(None), features.layout.neighbours)
    (fitted,) = learner.fit(observed[:, None], names=[target], wanted=[0], seed=fitting.seed)
    predicted, scores = assess(fitted, matrix[split.test], observed[split.test], target)
    return Fit(
        target=target,
        model=model,
        parameters=used,
        seed=fitting.seed,
        test_chroms=held_out,
        validation_chroms=set_aside,
        scores=scores,
        predictions=predictions_table(genes.iloc[split.test], observed[split.test], predicted),
        history=fitted.history,
        chosen=fitted.chosen,
        importance=fitted.importance,
        fitted=fitted,
    )


@takes(Protocol)
def compare_maps(
    base_folder: str | Path,
    map_folders: str | Path | Sequence[str | Path],
    expression: pd.DataFrame,
    *,
    cache: str | Path = "./pred_cache",
    out: str | Path | None = None,
    maps: str | Path | Sequence[str | Path] = (),
    cell_types: dict[str, str] | None = None,
    show_published: bool = False,
    **protocol: Any,
) -> "Comparison":
    """Measure what contact maps add to the sequence, beside numbers of contacts and other bins.

    Parameters
    ----------
    base_folder
        Data folder that `tensors.py` filled with tensors of sequence alone.
    map_folders
        One data folder or several, each with the contacts of one map by the corrected rule, over the same genes.
    expression
        Genes x tissues, from 0 up, indexed by gene id, as `read_expression` gives it; all its tissues are compared.
    cache
        Prediction cache that the tensors were made with; controls come from there.
    out
        Folder under which finished parts are kept, so that a comparison that is stopped goes on; none without it.
    maps
        The contact maps themselves, in any order: for `thin_to`, and for the arm of their coverage.
    cell_types
        By map folder the tissue, or shell pattern of tissues, that is the map's own.
    show_published
        Take maps by the published contact rule too, without a verdict.
    **protocol
        How maps are compared, as of `spex.Protocol`: thin_to, genes_with_contacts, whole_chromosome_fallback,
        correction, least_gain, rotations, seed, pseudocount.

    Returns
    -------
    Comparison
        `.results` (a row a map and tissue), `.maps` (a row a map), `.pairs` (a row a pair of maps, against each other),
        `.groups` (by number and distance of contacts), `.settings`.

    Raises
    ------
    InputError
        Folders that do not belong together, predictions that the cache lacks, or arguments that cannot be used.

    Examples
    --------
    >>> study = Path("data/demo/synthetic_study")  # of `make demo`
    >>> expression = spex.read_expression(study / "expression.csv", spex.read_genes(study / "genes.csv"))
    >>> comparison = spex.compare_maps(
    ...     study / "own_sequence", study / "informative", expression, cache=study / "pred_cache"
    ... )
    >>> comparison.maps[["map", "gain", "words"]]
    """
    from spex.compare.run import compare_folders  # noqa: PLC0415 (cooler takes a second to load)

    files = base_folder, map_folders, expression, cache, maps
    inputs = _compare_inputs(*files, cell_types or {}, show_published=show_published)
    return compare_folders(inputs, Protocol(**protocol), None if out is None else PATH.check(out, "out"))


@takes(Protocol)
def compare_cells(
    base_folder: str | Path,
    map_folders: Sequence[str | Path],
    expression: pd.DataFrame,
    cell_types: dict[str, str],
    *,
    maps: str | Path | Sequence[str | Path],
    cache: str | Path = "./pred_cache",
    out: str | Path | None = None,
    **protocol: Any,
) -> "CellComparison":
    """Measure what the maps of cells predict of what is different about each cell.

    Expression, sums over contacted bins and numbers of contacts are those of a cell less the mean of the other cells,
    with all maps downsampled to one depth.

    Parameters
    ----------
    base_folder, map_folders, expression, cache, out
        As of `compare_maps`; two maps or more.
    cell_types
        By map folder the tissue of its cell: one for each map, and its own.
    maps
        The contact maps themselves, in any order.
    **protocol
        As of `compare_maps`; `thin_to` is "shallowest" unless it is given.

    Returns
    -------
    CellComparison
        `.cells` (a row a cell, the last one of all cells), `.exchanges` (a row a map and cell), `.settings`.

    Raises
    ------
    InputError
        As of `compare_maps`; a map without a tissue of its own, or fewer than two maps.

    Examples
    --------
    >>> study = Path("data/demo/cells/study")  # of `make cells-demo`
    >>> expression = spex.read_expression(study / "expression.csv", spex.read_genes(study / "genes.csv"))
    >>> cells = {str(study / "liver"): "Liver", str(study / "lung"): "Lung"}
    >>> found = spex.compare_cells(
    ...     study / "own_sequence",
    ...     list(cells),
    ...     expression,
    ...     cells,
    ...     maps=[study / "maps/liver.cool", study / "maps/lung.cool"],
    ...     cache=study / "pred_cache",
    ... )
    >>> found.cells[["map", "gain", "words"]]
    """
    from spex.compare import between  # noqa: PLC0415 (cooler takes a second to load)

    inputs = _compare_inputs(base_folder, map_folders, expression, cache, maps, cell_types)
    return between.compare_cells(inputs, Protocol(**protocol), None if out is None else PATH.check(out, "out"))


def _compare_inputs(base_folder, map_folders, expression, cache, maps, cell_types, *, show_published=False):
    """The CompareInputs of arguments, all tissues of the expression."""
    from spex.compare.cells import CellTypes  # noqa: PLC0415
    from spex.compare.inputs import CompareInputs  # noqa: PLC0415

    return CompareInputs(
        base=PATH.check(base_folder, "base_folder"),
        maps=list(PATHS.check(map_folders, "map_folders")),
        expression=_checked_expression(expression),
        targets=list(enumerate(map(str, expression.columns), start=1)),
        cache=PATH.check(cache, "cache"),
        map_files=PATHS.check(maps, "maps"),
        cell_types=CellTypes({str(where): cell for where, cell in cell_types.items()}),
        show_published=show_published,
        version=_version,
    )


def element_effects(
    data_folder: str | Path,
    models: str | Path | Sequence[str | Path] = (),
    *,
    genome: str | Path | None = None,
    network: str | Path | None = None,
    genes: str | Sequence[str] = (),
    targets: str | Sequence[str] = (),
    own_windows: bool = False,
    uncertainty: bool = False,
    cell_type: str | None = None,
    cache: str | Path | None = None,
    device: str | None = None,
    precision: str | None = None,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Measure what each contacted bin adds to the prediction of a gene: f(with) - f(without), in ln(expression).

    For a linear model these are contributions that add up to the prediction; for trees knock-outs, one at a time.

    Parameters
    ----------
    data_folder
        That `tensors.py` filled, with a contact map.
    models
        Folders of fits under its results, or "ridge", "gblinear", "gbtree", "expecto" (imported) for all such fits
        there; ridge without any.
    genome, network
        FASTA and checkpoint that the tensors were made with; of another model's features there are none.
    genes
        Ids or symbols; every gene of the folder without it.
    targets
        Tissues among those of the models, by name or shell pattern in any case; all without it.
    own_windows
        Score the gene's own windows too, in stretches of 1 kb, which the network has to see again.
    uncertainty
        Fill effect_sd and sign_agrees, for which ridge's training tensors are read and factorised again.
    cell_type
        For the column CellType; the tissue without it.
    cache
        Prediction cache, where windows are taken from and kept; none without it.
    device, precision, batch_size
        As of `gene_features`.

    Returns
    -------
    DataFrame
        A row an element, gene and model: chr, start, end (bp, 0-based half-open), name, class ("contact" or "own"),
        TargetGene, TargetGeneEnsemblID, TargetGeneTSS (1-based), CellType, Score, DistanceToTSS (bp), count, side,
        effect_sd (standard deviation of Score under ridge's posterior), sign_agrees (share of ridge's folds with the
        same sign, 0 to 1), both NaN where they are unknown, tissue, model.

    Raises
    ------
    InputError
        Inputs that do not belong together, or no such gene, tissue or model.

    Examples
    --------
    >>> elements = spex.element_effects(
    ...     "example/with_contacts",
    ...     genome="example/genome.fa",
    ...     network="example/stand_in_weights.pth",
    ...     genes="EX30",
    ...     cache="example/pred_cache",
    ... )
    >>> elements.nlargest(3, "Score")[["name", "TargetGene", "Score"]]
    """
    from spex.effects.elements import ElementScorer  # noqa: PLC0415 (torch takes seconds to load)
    from spex.effects.inputs import find_genes  # noqa: PLC0415

    where = data_folder, models, targets, genome, network, cache, device, precision, batch_size
    inputs = _effect_inputs(*where, linear=False, uncertainty=uncertainty)
    rows = find_genes(inputs.genes, NAMES.check(genes, "genes"))
    with inputs.computer(inputs.sources.devices[0]) as computer, progress(len(rows), "genes", "elements") as advance:
        scorer = ElementScorer(inputs, computer, own_windows=own_windows, cell_type=cell_type)
        return pd.DataFrame(pd.concat(list(scorer.tables(rows, advance)), ignore_index=True))


def variant_effects(
    variants: str | Path | pd.DataFrame,
    data_folder: str | Path,
    models: str | Path | Sequence[str | Path] = (),
    *,
    genome: str | Path,
    network: str | Path,
    targets: str | Sequence[str] = (),
    uncertainty: bool = False,
    cache: str | Path | None = None,
    device: str | None = None,
    precision: str | None = None,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Predict what alleles do to the expression of the genes that they reach, with contacts held fixed.

    Sequence models often get the sign of a difference between individuals wrong (Huang et al. 2023, Nat Genet) and
    under-use distal sequence (Karollus et al. 2023, Genome Biol).

    Parameters
    ----------
    variants
        Path of a .vcf, .vcf.gz or .bcf, or of a table of VCF's first columns; or a DataFrame with chrom, pos (1-based),
        ref, alt (text, or a tuple or list of alleles, as pysam and cyvcf2 have them), id where they have one, and end
        (1-based, of the last base) or svlen for symbolic alleles.
    data_folder, models, genome, network, targets, uncertainty, cache, device, precision, batch_size
        As of `element_effects`; the models are linear: ridge, gblinear or expecto.

    Returns
    -------
    DataFrame
        A row an allele, gene and model: variant_id, chrom, pos, ref, alt, end (1-based, of the last base), gene_id,
        gene_name, tissue, tss_distance (bp along the gene, negative upstream), path ("own", "contact", "both"),
        contact_count, contact_bin, effect, effect_own, effect_contact (change of ln(expression)), effect_sd,
        sign_agrees (as of `element_effects`), quantile, model, status. Alleles that are not scored have one row with
        the reason as status; those that reach no gene have none. `.attrs["account"]`: how many
        alleles are used, and how many are not for which reason.

    Raises
    ------
    InputError
        Inputs that do not belong together, variants that cannot be read, or whose REF differs from the genome's bases
        in more than a tenth.

    Examples
    --------
    >>> effects = spex.variant_effects(
    ...     "example/variants.vcf",
    ...     "example/with_contacts",
    ...     genome="example/genome.fa",
    ...     network="example/stand_in_weights.pth",
    ...     cache="example/pred_cache",
    ... )
    >>> effects.nlargest(3, "effect")[["variant_id", "gene_name", "path", "effect"]]
    """
    from spex.effects.variants import effects_of  # noqa: PLC0415 (torch takes seconds to load)

    where = data_folder, models, targets, genome, network, cache, device, precision, batch_size
    inputs = _effect_inputs(*where, linear=True, uncertainty=uncertainty)
    return effects_of(inputs, variants if isinstance(variants, pd.DataFrame) else PATH.check(variants, "variants"))


def effect_module(
    region: str | None,
    data_folder: str | Path,
    models: str | Path | Sequence[str | Path] = (),
    *,
    gene: str,
    genome: str | Path,
    network: str | Path,
    targets: str | Sequence[str] = (),
    bases: str = "ACGT",
) -> "EffectModule":
    """Make a `torch.nn.Module` of a locus: from its sequence to what that does to the expression of a gene.

    It contains the network, the weights of its windows in the gene's features, and the linear models, so that
    tangermeme and captum can be used on it. What lies outside the locus, and contacts, are those of the reference.

    Parameters
    ----------
    region
        The locus, such as "chr8:1000-2000" (1-based, both ends included); without it the 40 kb around the gene's TSS.
    data_folder, models, genome, network, targets
        As of `element_effects`; the models are linear: ridge, gblinear or expecto.
    gene
        Id or symbol of one gene.
    bases
        Order of the channels; "AGCT" is Beluga's own.

    Returns
    -------
    EffectModule
        On the CPU, in evaluation mode. Called with float32 (n, 4, length of the locus), one-hot, zeros for N, it
        returns float32 (n, models): ln(expression) less that of the reference, for substitutions the `effect` of
        `variant_effects`. `.reference`: float32 (1, 4, length), the genome's bases. `.tissues`: names of the models'.

    Raises
    ------
    InputError
        Inputs that do not belong together, no such region, gene, tissue or model, or the gene has no window there.

    Examples
    --------
    >>> module = spex.effect_module(
    ...     "chr8:122401-122600",
    ...     "example/with_contacts",
    ...     gene="EX30",
    ...     genome="example/genome.fa",
    ...     network="example/stand_in_weights.pth",
    ... )
    >>> module.reference.shape
    torch.Size([1, 4, 200])
    """
    from spex.effects.handover import effect_module as module_of  # noqa: PLC0415 (torch takes seconds to load)
    from spex.effects.inputs import find_genes  # noqa: PLC0415
    from spex.effects.mutagenesis import around_genes  # noqa: PLC0415
    from spex.inputs.regions import read_region  # noqa: PLC0415

    if sorted(bases) != sorted("ACGT"):
        raise InputError(f"found {shown(repr(bases))}", argument="bases", expected="A, C, G, T in some order")
    where = data_folder, models, targets, genome, network, None, "cpu", None, None
    inputs = _effect_inputs(*where, linear=True, uncertainty=False)
    inputs.require_network()
    rows = find_genes(inputs.genes, [text("a gene").check(gene, "gene")], "gene")
    if len(rows) > 1:
        raise InputError(f"{len(rows)} genes", argument="gene", subject=shown(gene), expected="one; give its id")
    sizes = inputs.chromsizes()
    (interval,) = around_genes(inputs.genes, rows, sizes) if region is None else read_region(region, sizes)
    return module_of(inputs, interval, int(rows[0]), bases)


def _effect_inputs(
    data_folder, models, targets, genome, network, cache, device, precision, batch_size, *, linear, uncertainty
):
    """The EffectInputs of both verbs."""
    from spex.effects.inputs import Sources, open_inputs  # noqa: PLC0415 (torch takes seconds to load)
    from spex.features.devices import choose_device  # noqa: PLC0415

    sources = Sources(
        genome=genome and PATH.check(genome, "genome"),
        network=network and PATH.check(network, "network"),
        cache=None if cache is None else PATH.check(cache, "cache"),
        devices=[choose_device(device)],
        precision=precision,
        batch_size=None if batch_size is None else whole(1).check(batch_size, "batch_size"),
    )
    fits = [str(each) for each in FITS.check(models, "models")]
    tissues = NAMES.check(targets, "targets")
    choice = {"linear": linear, "uncertainty": uncertainty}
    return open_inputs(PATH.check(data_folder, "data_folder"), sources, fits, tissues, **choice)


def _checked_expression(expression: pd.DataFrame) -> pd.DataFrame:
    """Genes x tissues, when they are numbers from 0 up with each gene once."""
    if not isinstance(expression, pd.DataFrame):
        raise InputError(
            f"found {type(expression).__name__}", argument="expression", expected="a DataFrame of genes x tissues"
        )
    if expression.index.has_duplicates or not expression.columns.is_unique or expression.shape[1] == 0:
        raise InputError("genes or tissues occur twice, or none at all", argument="expression", expected="each once")
    values = pd.DataFrame(expression.apply(pd.to_numeric, errors="coerce")).astype(np.float64)
    if not (np.isfinite(values.to_numpy()) & (values.to_numpy() >= 0)).all():
        raise InputError("values that are no expression", argument="expression", expected="numbers from 0 up")
    return values


def _rows_with_expression(features, expression, target):
    """Rows of the features whose gene has expression, and the expression of each, float64 from 0 up."""
    for name, value, kind, expected in (
        ("features", features, Features, "Features, as gene_features and load_features give them"),
        ("expression", expression, pd.DataFrame, "a DataFrame of genes x tissues"),
    ):
        if not isinstance(value, kind):
            raise InputError(f"found {type(value).__name__}", argument=name, expected=expected)
    if target not in expression.columns:
        near = nearest(target, expression.columns, most=3, cutoff=0.3)
        raise InputError(
            "no such column of expression",
            argument="target",
            subject=shown(target),
            expected=f"one of {len(expression.columns)}{f', nearest: {listed(near)}' if near else ''}",
        )
    known = pd.Series(expression[target].to_numpy(), unversioned(expression.index.astype(str).to_series()))
    if known.index.has_duplicates or not expression.columns.is_unique:
        raise InputError("genes or tissues occur twice", argument="expression", expected="each once")
    ids = unversioned(features.genes["id"])
    rows = np.flatnonzero(ids.isin(known.index))
    if 2 * len(rows) < len(ids):
        raise InputError(
            f"{len(rows):,} of the {len(ids):,} genes are in its index",
            argument="expression",
            expected=f"at least half of ids like {ids.iloc[0]}",
        )
    if known.dtype.kind not in "iufO" and not pd.api.types.is_string_dtype(known):
        raise InputError(
            f"{shown(target)} is of type {known.dtype}", argument="expression", expected="numbers from 0 up"
        )
    values = pd.Series(pd.to_numeric(known, errors="coerce")).reindex(ids.iloc[rows]).to_numpy(np.float64)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        gene = features.genes["id"].iloc[rows[bad.argmax()]]
        raise InputError(
            f"{shown(target)} of gene {gene} is {values[bad][0]:g}",
            argument="expression",
            expected="a number from 0 up",
        )
    return rows, values
