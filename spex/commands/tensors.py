"""Features of every gene: Beluga over the 40 kb around the TSS, and over the bins that the TSS touches.

    python tensors.py --data_folder DATA --mcool_filename MAP.mcool

Writes DATA/tensors/tensor_gene_<id>.npy, one float32 array per gene. A run that was stopped goes on with the same
command. See README.md.
"""

import logging
import time

import numpy as np

from spex.commands.running import check_shared_options, create_shared_parser, number, run_script, whole_number
from spex.contacts.collect import ContactRule, collect_contacts, load_contacts, save_contacts
from spex.errors import InputError, shown
from spex.features.cache import PredictionStore
from spex.features.compute import tensor_length, unfinished_genes
from spex.features.devices import (
    DTYPES,
    TensorJob,
    choose_devices,
    choose_precision,
    make_tensors,
    make_tensors_on,
    open_model,
)
from spex.files.storage import DataFolder, remove_abandoned, require_file, require_folder, write_text
from spex.inputs.genes import (
    PUBLISHED_TABLE_SHA256,
    cached_genes_text,
    check_on_genome,
    keep_genes,
    read_gene_table,
    report_rows,
    select_shard,
)
from spex.inputs.genome import GRCH38_LENGTHS, Genome, check_chromosomes
from spex.inputs.kinds import require_map
from spex.inputs.maps.cool import ContactMap, check_maps
from spex.progress import progress
from spex.runs.settings import KnownHashes, check_different, check_run, claim_run

PROG = "tensors.py"
FORMAT = 1
"""Version of the numbers: a change that alters any feature raises it, and old folders are then refused."""

TEST_CHROM = "chr8"

logger = logging.getLogger("spex")


def create_parser():
    parser = create_shared_parser(PROG, "Compute the tensor of every gene.")
    add = parser.add_argument_group("tensors.py only").add_argument
    add("--contact_rule", choices=("published", "corrected"), default="published", help="how contacted bins are used")
    add("--min_count", type=number(0), default=2, help="corrected rule: keep bins with at least this count")
    add("--precision", choices=tuple(DTYPES), help="of the network; default: float32 on CPU, tf32 on CUDA")
    add("--block_size", type=whole_number(1), help="genes per block; default: 8 on CPU, 256 on CUDA")
    add(
        "--gpus",
        nargs="+",
        action="extend",
        type=whole_number(0),
        metavar="NUMBER",
        help="GPUs to use, counted from 0; default: all",
    )
    add("--no_pred_cache", action="store_true", help="neither read nor keep predictions in --pred_cache_folder")
    add("--cache_dtype", choices=("float32", "float16"), default="float32", help="float16 halves the prediction cache")
    return parser


def run(args):
    start = time.monotonic()
    check_shared_options(args)
    check_rule_options(args)
    devices = choose_devices(args.compute_platform, args.gpus)
    precision = choose_precision(devices, args.precision)
    folder = DataFolder(args.data_folder)
    rule = ContactRule(args.contact_rule, args.hic_resolution, args.max_dist, args.min_count)
    hashes = KnownHashes(folder.input_hashes)
    table, genes, maps = read_inputs(args, folder, rule, hashes)
    settings = run_settings(hashes, args, rule, precision)
    check_run(folder, settings)
    chosen = select_shard(test_genes(genes) if args.test_only else genes, args.divisor, args.reminder)
    pending = unfinished_genes(folder, chosen, tensor_length(bool(maps)))
    store = None if args.no_pred_cache else store_of(args, settings)
    model = open_model(args.beluga_model_filename) if len(pending) else None
    identity = {**settings, "genes": genes["id"].tolist()}
    found_before = load_contacts(folder.contacts_npz, identity) if maps else None
    contacts = find_contacts(maps, genes, rule) if maps and found_before is None else found_before

    # everything that can be refused has been, the maps' pixels too; so far at most the genome's index was written
    claim_run(folder, settings)
    hashes.save()
    report_rows(args.genes_filename, table, genes, args.gene_type)
    for used in (folder.root, folder.tensors):
        remove_abandoned(used)
    write_text(folder.cached_genes, cached_genes_text(table, genes))
    if maps:
        if found_before is None:
            save_contacts(folder.contacts_npz, contacts, identity)
        write_text(folder.contacts_tsv, contacts.table().to_csv(sep="\t", index=False, lineterminator="\n"))
    done_before = len(chosen) - len(pending)
    features = f"with contacts of {', '.join(args.mcool_filename)}" if maps else "sequence alone"
    logger.info(
        "%s: %d genes, %d done before; %s; %s, %s",
        *(folder.root, len(chosen), done_before, features, ", ".join(devices), precision),
    )
    if len(pending):
        job = TensorJob(
            folder=folder,
            genome=args.genome_filename,
            beluga=args.beluga_model_filename,
            rule=rule,
            contacts=contacts,
            store=store,
            precision=precision,
            batch_size=args.batch_size,
            block_size=args.block_size,
        )
        with progress(len(pending), "genes", "tensors") as advance:
            if len(devices) == 1:
                counts = make_tensors(job, model, devices[0], pending, advance)
            else:
                counts = make_tensors_on(job, devices, pending, advance)
        log_work(counts, store, time.monotonic() - start)
    if contacts is not None:
        log_contacts(contacts, chosen)
    logger.info("%d genes done, %d already there, in %.1f s", len(pending), done_before, time.monotonic() - start)


def check_rule_options(args):
    """Refuse options of the contact rule that would change nothing.

    Raises:
        InputError: any of them without a contact map, --min_count with the published rule, --max_dist with the other.
    """
    rule_of = {"min_count": "corrected", "max_dist": "published"}
    parser = create_parser()
    for option in ("contact_rule", "hic_resolution", "max_dist", "min_count"):
        given = getattr(args, option)
        if not args.mcool_filename and given != parser.get_default(option):
            value = f"{given:g}" if isinstance(given, float) else given
            raise InputError(
                f"--{option} {value}: says how a contact map is used, but none is given; give --mcool_filename too, or "
                f"leave it out"
            )
    for threshold, rule in rule_of.items():
        given = getattr(args, threshold)
        if rule != args.contact_rule and given != parser.get_default(threshold):
            raise InputError(
                f"--{threshold} {given:g}: belongs to --contact_rule {rule}, but the rule is {args.contact_rule}; "
                f"leave it out, or choose that rule"
            )


def read_inputs(args, folder, rule, hashes):
    """Read the genes and open genome and maps, checked by themselves and against each other.

    Returns: the whole genes table; the kept genes; ContactMaps.
    """
    table = read_gene_table(require_file(args.genes_filename, "--genes_filename", "genes"))
    genes = keep_genes(table, args.gene_type)
    genome = Genome(require_file(args.genome_filename, "--genome_filename", "genome"), folder.genome_index)
    genome.close()
    if hashes.sha256(args.genes_filename) == PUBLISHED_TABLE_SHA256:
        check_chromosomes(f"--genome_filename {args.genome_filename}", genome.chromsizes, GRCH38_LENGTHS)
    check_on_genome(genes, genome.chromsizes)
    require_file(args.beluga_model_filename, "--beluga_model_filename", "beluga")
    maps = [ContactMap(require_map(path), rule.resolution) for path in args.mcool_filename]
    check_maps(maps, genes, genome.chromsizes)
    check_different(args.mcool_filename, hashes)
    return table, genes, maps


def test_genes(genes):
    """The genes of the test chromosome."""
    found = genes[genes["chrom"] == TEST_CHROM]
    if found.empty:
        names = ", ".join(map(shown, genes["chrom"].unique()[:5]))
        raise InputError(f"--test_only: no gene lies on {TEST_CHROM}; the genes table has {names}, ...; leave it out")
    return found


def run_settings(hashes, args, rule, precision):
    """What determines the numbers of a run: contents of the inputs, rule, thresholds, precision."""
    settings = {
        "format": FORMAT,
        "genes_sha256": hashes.sha256(args.genes_filename),
        "genome_sha256": hashes.sha256(args.genome_filename),
        "beluga_sha256": hashes.sha256(args.beluga_model_filename),
        "maps_sha256": sorted(hashes.sha256(path) for path in args.mcool_filename),
        "precision": precision,
        "cache_dtype": "float32" if args.no_pred_cache else args.cache_dtype,
    }
    without_maps = dict.fromkeys(rule.settings())
    return {**settings, **(rule.settings() if args.mcool_filename else without_maps)}


def store_of(args, settings):
    """Root, identity and dtype of the prediction store that fits this run's genome, weights and precision."""
    shared = ("format", "genome_sha256", "beluga_sha256", "precision")
    identity = {field: settings[field] for field in shared}
    return require_folder(args.pred_cache_folder, "--pred_cache_folder"), identity, np.dtype(args.cache_dtype)


def find_contacts(maps, genes, rule):
    """Contacts of all kept genes, by one pass over each map."""
    total = sum(map_.pixel_count(genes["chrom"].unique()) for map_ in maps)
    with progress(total, "pixels", "contacts") as advance:
        return collect_contacts(maps, genes, rule, advance)


def log_work(counts, store, elapsed):
    """Log what was computed, and what the prediction store gave and took."""
    logger.info("%d windows computed, %.1f windows/s", counts["windows"], counts["windows"] / elapsed)
    if store is not None:
        used = PredictionStore(*store)
        logger.info(
            "prediction cache %s: own windows of %d genes and %d bins taken from it, %.1f MB written, %.1f MB in all",
            used.folder,
            counts["own from the store"],
            counts["windows from the store"],
            counts["bytes written to the store"] / 1e6,
            used.size() / 1e6,
        )


def log_contacts(contacts, chosen):
    """Log how many of the chosen genes have no contacts."""
    table = contacts.table().set_index("id").loc[chosen["id"]]
    logger.info(
        "contacts: %d genes without a contacted bin, %d of them without any pixel of the TSS bin",
        (table["downstream_bins"] + table["upstream_bins"] == 0).sum(),
        (table["has_pixels"] == 0).sum(),
    )


def main(argv=None):
    return run_script(PROG, run, create_parser().parse_args(argv))
