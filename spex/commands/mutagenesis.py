"""`spex mutagenesis`: what every SNV of a region does to the genes that it reaches.

    spex mutagenesis REGION DATA_FOLDER --out FOLDER [--deletions]
    spex mutagenesis DATA_FOLDER --gene GENE --out FOLDER
    spex mutagenesis DATA_FOLDER --elements FILE.bed --out FOLDER

Writes FOLDER/mutagenesis.tsv, a row an allele, gene and tissue as `spex variants` has them, the same as arrays, sums by
interval and pictures. docs/mutagenesis.md.
"""

import contextlib
import logging
from functools import partial

import pandas as pd
from tqdm import tqdm

from spex.commands.effect_inputs import open_effect_inputs
from spex.commands.main import start
from spex.effects.inputs import find_genes
from spex.effects.motifs import HITS, motif_hits, read_motifs, strongest
from spex.effects.mutagenesis import SUMS, Mutations, around_genes, by_interval, of_genes, seconds_of_deletions
from spex.effects.variant_tables import COLUMNS, PLACE
from spex.effects.variants import VariantRun
from spex.errors import InputError, count, parameter
from spex.files.checks import require_folder
from spex.files.streamed_tables import require_format, write_tables
from spex.inputs.regions import Interval, read_bed, read_region
from spex.reports.mutation_figure import draw_mutations
from spex.runs.records import readable

MOST_PICTURES = 50

logger = logging.getLogger("spex")


def run(args):
    if args.regions and args.elements:
        hint = "give one of them"
        raise InputError(f"is given beside {parameter('elements')}", argument="regions", hint=hint)
    if not (args.regions or args.elements or args.named_genes):
        hint = f"give one before the data folder, or {parameter('named_genes')}, or {parameter('elements')}"
        raise InputError("none is given", argument="regions", hint=hint)
    require_format(args.format)
    motifs = read_motifs(args.motifs) if args.motifs else None
    inputs = open_effect_inputs(args, linear=True, uncertainty=args.uncertainty)
    inputs.require_network()
    out, sizes = require_folder(args.out, "out"), inputs.chromsizes()
    rows = find_genes(inputs.genes, args.named_genes, "named_genes")
    if args.regions or args.elements:
        intervals = read_region(args.regions, sizes) if args.regions else read_bed(args.elements, sizes)
    else:
        intervals = around_genes(inputs.genes, rows, sizes)
    inputs = of_genes(inputs, rows) if args.named_genes else inputs
    mutations = Mutations(inputs, intervals, deletions=args.deletions)
    run_ = VariantRun(inputs, mutations, out, block_rows=args.block_size)
    announce(run_)
    run_.score()
    written = write_tables(out, "mutagenesis", run_.tables(), COLUMNS, args.format, place=PLACE)
    run_.account.notes.append("contacts are held fixed")
    write_rest(inputs, run_, out, motifs)
    run_.account.report()
    print(written)


def announce(run_):
    """Log how many alleles there are to score, and, where any part is missing, how long deletions take."""
    mutations = run_.file
    logger.info("%s of %s", count(mutations.snvs, "SNV"), count(mutations.snvs // 3, "base"))
    if mutations.deleted and not all(map(run_.parts.has, range(len(run_.sizes)))):
        seconds = seconds_of_deletions(run_.inputs, mutations)
        logger.info(
            "%s: some %s on one device, as a few of them took; a deletion changes whole windows",
            count(mutations.deleted, "deletion"),
            tqdm.format_interval(seconds),
        )


def write_rest(inputs, run_, out, motifs):
    """Write arrays, pictures, sums by interval and, with motifs, the table of their hits."""
    sums, stretches, drawn, without = [], [], 0, 0
    (out / "arrays").mkdir(exist_ok=True)
    for found in by_interval(run_):
        if isinstance(found, Interval):
            without += 1
            continue
        name = readable(found.interval.place.replace(":", "_"))
        found.save(out / "arrays" / f"{name}.npz")
        sums.append(found.sums())
        if motifs is not None:
            stretches.append(strongest(found))
        for tissue, fit in enumerate(inputs.fits[: MOST_PICTURES - drawn]):
            (out / "pictures").mkdir(exist_ok=True)
            draw_mutations(out / "pictures" / f"{name}_{readable(fit.name)}.png", found, tissue, inputs.contacts)
            drawn += 1
    write_tables(out, "sums", sums or [pd.DataFrame(columns=list(SUMS))], SUMS)
    if motifs is not None:
        with contextlib.closing(inputs.genome()) as genome:
            hits = [motif_hits(motifs, each, genome) for each in stretches]
        write_tables(out, "motif_hits", hits or [pd.DataFrame(columns=list(HITS))], HITS)
        logger.info("%s in the strongest stretches", count(sum(map(len, hits)), "motif hit"))
    notes = run_.account.notes
    if run_.file.unknown:
        notes.append(f"{count(run_.file.unknown, 'base')} of the genome unknown (N), without an allele")
    if without:
        notes.append(f"{count(without, 'interval')} reach no gene")
    if drawn == MOST_PICTURES:
        notes.append(f"the first {MOST_PICTURES} pictures are drawn")


main = partial(start, "mutagenesis")
