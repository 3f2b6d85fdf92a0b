"""`spex elements`: what each contacted bin adds to the prediction of a gene, as a table, tracks and pictures.

    spex elements DATA_FOLDER --model FIT [--genes ...] [--target ...]

Writes elements.tsv and tracks for genome browsers, and a picture of every gene that --genes names.
docs/elements.md says how to read them.
"""

import contextlib
import logging
from functools import partial

import pandas as pd

from spex.commands.choices import CHROMATIN_FEATURES
from spex.commands.effect_inputs import open_effect_inputs
from spex.commands.main import start
from spex.commands.printed import pair_table
from spex.effects.elements import COLUMNS, LARGE, OWN, PLACE, ElementBenchmark, ElementScorer, on_genome
from spex.effects.inputs import find_genes
from spex.errors import InputError, count
from spex.files.atomic import remove_where_allowed
from spex.files.checks import require_folder
from spex.files.streamed_tables import require_format, write_tables
from spex.inputs.chromatin import find_chromatin_features
from spex.inputs.crispr import of_cell_type, read_credible_sets, read_crispr_pairs
from spex.models.benchmark import score_pairs
from spex.models.registry import MODELS
from spex.progress import progress
from spex.reports.benchmark_figure import draw_benchmark
from spex.reports.effect_page import write_element_page
from spex.reports.element_figure import draw_gene
from spex.reports.element_tracks import require_bigwig, write_tracks
from spex.runs.records import readable, write_table

MOST_PICTURES = 50
"""Pictures that one run draws: a gene in a tissue each."""

TRACKED_ROWS = 2_000_000
"""Rows whose tracks are written: larger ones open in no browser."""

BINS_NAMED, FEATURES_NAMED = 3, 4
BENCHMARK, PAGE = "benchmark.csv", "elements.html"

logger = logging.getLogger("spex")


def run(args):
    require_format(args.format)
    if args.bigwig:
        require_bigwig()
    pairs = of_cell_type(read_crispr_pairs(args.benchmark), args.cell_type) if args.benchmark else None
    pairs = read_credible_sets(args.credible_sets) if args.credible_sets else pairs
    inputs = open_effect_inputs(args, linear=False, uncertainty=args.uncertainty)
    if args.credible_sets and not inputs.settings.features:
        with contextlib.closing(inputs.genome()) as genome:
            pairs = on_genome(pairs, genome, args.credible_sets)
    out = require_folder(args.out or inputs.folder.root / args.default_out, "out")
    rows = find_genes(inputs.genes, args.named_genes, "named_genes")
    benchmark = (
        None
        if pairs is None
        else ElementBenchmark(
            pairs, inputs.genes, args.resample_by, "credible_sets" if args.credible_sets else "benchmark"
        )
    )
    if benchmark is not None and args.named_genes:
        benchmark.keep(rows)
    elif benchmark is not None:
        rows = benchmark.rows
    if args.own_windows:
        inputs.require_network()
    if inputs.contacts is None and not args.own_windows:
        raise InputError(
            "its tensors are of sequence alone, so no bin is contacted",
            argument="data_folder",
            subject=args.data_folder,
            hint="give --own_windows for the gene's local windows, or a folder that was made with a contact map",
        )
    features = find_chromatin_features(
        args.chromatin_features, CHROMATIN_FEATURES, inputs.settings.predictor, [inputs.sources.network]
    )
    with inputs.computer(inputs.sources.devices[0]) as computer:
        scorer = ElementScorer(inputs, computer, own_windows=args.own_windows, cell_type=args.cell_type)
        kept = _Kept(TRACKED_ROWS)
        with progress(len(rows), "genes", "elements") as advance:
            tables = kept.passing(inputs.watch.passing(scorer.tables(rows, advance)))
            tables = tables if benchmark is None else benchmark.passing(tables)
            tables = _last_of(tables, [out / BENCHMARK, out / PAGE, *sorted(out.glob("benchmark_*.png"))])
            written = write_tables(out, "elements", tables, COLUMNS, args.format, gzip_past=LARGE, place=PLACE)
        table = kept.table()
        if table is not None:
            write_tracks(out / "tracks", table, computer.genome.chromsizes, args.bigwig)
        if args.page and table is not None:
            write_element_page(out / PAGE, table, inputs.genes, computer.genome.chromsizes)
        if args.named_genes and table is not None:
            _draw(out, inputs, scorer, rows, table, features)
    if table is None:
        logger.info("%s rows: tracks, pictures and a page are for fewer than %s", f"{kept.rows:,}", f"{TRACKED_ROWS:,}")
    if benchmark is not None:
        _score(out, inputs, benchmark)
    if any(not MODELS[each.model].linear for each in inputs.fits):
        logger.info("effects through trees are knock-outs, one element at a time; they need not add up to anything")
    logger.info("%s of %s", count(kept.rows // len(inputs.fits), "element"), count(len(rows), "gene"))
    print(written)


class _Kept:
    """Tables that pass by, kept unless they come to more than so many rows. rows: of all."""

    def __init__(self, most):
        self._most, self._tables, self.rows = most, [], 0

    def passing(self, tables):
        for table in tables:
            self.rows += len(table)
            self._tables.append(table)
            if self.rows > self._most:
                self._tables.clear()
            yield table

    def table(self):
        """All of them as one; None where there were too many."""
        return None if self.rows > self._most else pd.concat(self._tables, ignore_index=True)


def _draw(out, inputs, scorer, rows, table, features):
    """Draw the genes that were named, in each tissue, up to `MOST_PICTURES`."""
    wanted = [(row, number) for row in rows.tolist() for number in range(len(inputs.fits))]
    if len(wanted) > MOST_PICTURES:
        logger.info("the first %d of %d pictures are drawn; name fewer genes or tissues", MOST_PICTURES, len(wanted))
    names = list(inputs.folder.named(inputs.settings.layout).bin_names) or None
    if features is not None:
        names = features.agg(" ".join, axis=1).str.strip().tolist()
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    for row, number in wanted[:MOST_PICTURES]:
        gene, fit = inputs.genes.iloc[row], inputs.fits[number]
        mine = table[(table["TargetGeneEnsemblID"] == gene["id"]) & (table["model"] == fit.name)]
        own = mine[mine["class"] == OWN]
        named = None if names is None else scorer.strongest_features(row, number, BINS_NAMED, FEATURES_NAMED, names)
        file = out / "pictures" / f"{readable(gene['id'])}_{readable(fit.name)}.png"
        draw_gene(file, gene, mine, own if len(own) else None, named)


def _last_of(tables, before):
    """The tables as they come; then what was made of older ones is removed, before these take their place."""
    yield from tables
    for path in before:
        remove_where_allowed(path)


def _score(out, inputs, benchmark):
    """Score the effects of each model on tested pairs, write benchmark.csv and draw the first of them."""
    benchmark.account.report()
    parts = []
    for number, fit in enumerate(inputs.fits):
        pairs = benchmark.pairs(fit.name)
        scores = score_pairs(pairs)
        parts.append(scores.assign(tissue=fit.tissue, model=fit.name))
        if number < MOST_PICTURES and scores["auroc"].notna().any():
            draw_benchmark(out / f"benchmark_{readable(fit.name)}.png", pairs, scores, fit.tissue)
    scores = pd.concat(parts, ignore_index=True)
    write_table(out / BENCHMARK, scores)
    whole = scores[scores["class"] == "all"].iloc[0]
    about = f"{whole['positives']:,} of {count(whole['pairs'], 'pair')}", count(whole["blocks"], "block")
    logger.info("%s are regulated; they are resampled in %s", *about)
    print(pair_table(scores))


main = partial(start, "elements")
