"""Features of every gene: Beluga over the 40 kb around the TSS, and over the bins that the TSS touches.

    python tensors.py --data_folder DATA --mcool_filename MAP.mcool

Writes DATA/tensors/tensor_gene_<id>.npy, one float32 array per gene. A run that was stopped goes on with the same
command. See README.md.
"""

import logging
import sys
import time

import numpy as np
import torch

from expecto.beluga import load_beluga
from expecto.scan import Scanner
from spex.cli import check_shared_options, create_shared_parser, number, progress, run_script, whole_number
from spex.contacts import (
    ContactMap,
    ContactRule,
    check_maps,
    collect_contacts,
    load_contacts,
    save_contacts,
)
from spex.errors import InputError
from spex.genes import cached_genes_text, check_on_genome, keep_genes, read_gene_table, select_shard
from spex.genome import Genome
from spex.pipeline import TensorPipeline, tensor_length, unfinished_genes
from spex.prediction_store import PredictionStore
from spex.storage import (
    DataFolder,
    KnownHashes,
    check_run,
    claim_run,
    remove_abandoned,
    require_file,
    write_text,
)

PROG = "tensors.py"
FORMAT = 1
"""Version of the numbers: a change that alters any feature raises it, and old folders are then refused."""

DTYPES = {"float32": "float32", "tf32": "float32", "bfloat16": "bfloat16", "float16": "float16"}
WINDOWS_PER_PASS = {"cpu": 200, "cuda": 6400}
BLOCK_SIZE = {"cpu": 32, "cuda": 256}
TEST_CHROM = "chr8"

logger = logging.getLogger("spex")


def create_parser():
    parser = create_shared_parser(PROG, "Compute the tensor of every gene.")
    add = parser.add_argument_group("tensors.py only").add_argument
    add("--contact_rule", choices=("published", "corrected"), default="published", help="how contacted bins are used")
    add("--min_count", type=number(0), default=2, help="corrected rule: keep bins with at least this count")
    add("--precision", choices=tuple(DTYPES), help="of the network; default: float32 on CPU, tf32 on CUDA")
    add("--block_size", type=whole_number(1), help="genes per block; default: 32 on CPU, 256 on CUDA")
    add("--no_pred_cache", action="store_true", help="neither read nor keep predictions in --pred_cache_folder")
    add("--cache_dtype", choices=("float32", "float16"), default="float32", help="float16 halves the prediction cache")
    return parser


def run(args):
    start = time.monotonic()
    check_shared_options(args)
    device, precision = choose_device(args.compute_platform, args.precision)
    folder = DataFolder(args.data_folder)
    rule = ContactRule(args.contact_rule, args.hic_resolution, args.max_dist, args.min_count)

    table = read_gene_table(require_file(args.genes_filename, "--genes_filename", "genes"))
    genes = keep_genes(table, args.gene_type)
    genome = Genome(require_file(args.genome_filename, "--genome_filename", "genome"), folder.genome_index)
    check_on_genome(genes, genome.chromsizes)
    maps = [
        ContactMap(require_file(path, "--mcool_filename", "contacts"), rule.resolution) for path in args.mcool_filename
    ]
    check_maps(maps, genes, genome.chromsizes)
    beluga_path = require_file(args.beluga_model_filename, "--beluga_model_filename", "beluga")

    hashes = KnownHashes(folder.input_hashes)
    settings = run_settings(hashes, args, rule, precision)
    check_run(folder, settings)
    chosen = select_shard(genes[genes["chrom"] == TEST_CHROM] if args.test_only else genes, args.divisor, args.reminder)
    pending = unfinished_genes(folder, chosen, tensor_length(bool(maps)))
    scanner = open_scanner(beluga_path, device, precision) if len(pending) else None

    claim_run(folder, settings)
    hashes.save()
    for used in (folder.root, folder.tensors):
        remove_abandoned(used)
    write_text(folder.cached_genes, cached_genes_text(table, genes))
    contacts = find_contacts(folder, maps, genes, rule, settings) if maps else None
    logger.info(
        "%s: %d genes, %d done before; %s, %s", folder.root, len(chosen), len(chosen) - len(pending), device, precision
    )
    pipeline = TensorPipeline(
        genome=genome,
        scanner=scanner,
        store=None if args.no_pred_cache else open_store(args, settings),
        folder=folder,
        rule=rule,
        contacts=contacts,
        windows_per_pass=max(args.batch_size, WINDOWS_PER_PASS[device]),
    )
    if len(pending):
        with progress(len(pending), "genes", "tensors") as advance:
            pipeline.run(pending, args.block_size or BLOCK_SIZE[device], advance)
    summarise(pipeline, chosen, len(chosen) - len(pending), time.monotonic() - start)
    genome.close()


def choose_device(platform, precision):
    """The torch device type, "cpu" or "cuda", and the precision's name."""
    if platform == "CUDA" and not torch.cuda.is_available():
        raise InputError("--compute_platform CUDA: PyTorch finds no CUDA device here; take CPU, or check the driver")
    device = "cuda" if platform == "CUDA" or (platform is None and torch.cuda.is_available()) else "cpu"
    if precision == "tf32" and device == "cpu":
        raise InputError("--precision tf32: only CUDA devices have it; on the CPU take float32 or bfloat16")
    return device, precision or ("tf32" if device == "cuda" else "float32")


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


def open_scanner(path, device, precision):
    """The network on its device."""
    try:
        model = load_beluga(path)
    except ValueError as error:
        raise InputError(
            f"--beluga_model_filename {error}; get it again with: python -m spex.resources get beluga"
        ) from error
    tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
    return Scanner(model, device, getattr(torch, DTYPES[precision]))


def open_store(args, settings):
    """The store of predictions that fit this run's genome, weights and precision."""
    shared = ("format", "genome_sha256", "beluga_sha256", "precision")
    identity = {field: settings[field] for field in shared}
    return PredictionStore(args.pred_cache_folder, identity, np.dtype(args.cache_dtype))


def find_contacts(folder, maps, genes, rule, settings):
    """Contacts of all kept genes: those found before, or found now by one pass over each map."""
    identity = {**settings, "genes": genes["id"].tolist()}
    contacts = load_contacts(folder.contacts_npz, identity)
    if contacts is None:
        total = sum(map_.pixel_count(genes["chrom"].unique()) for map_ in maps)
        with progress(total, "pixels", "contacts") as advance:
            contacts = collect_contacts(maps, genes, rule, advance)
        save_contacts(folder.contacts_npz, contacts, identity)
    write_text(folder.contacts_tsv, contacts.table().to_csv(sep="\t", index=False, lineterminator="\n"))
    return contacts


def summarise(pipeline, chosen, done_before, elapsed):
    """Log what the run did."""
    counts = pipeline.counts
    logger.info("%d genes done, %d already there, in %.1f s", counts["genes"], done_before, elapsed)
    if pipeline.contacts is not None:
        table = pipeline.contacts.table().set_index("id").loc[chosen["id"]]
        no_bins = int((table["downstream_bins"] + table["upstream_bins"] == 0).sum())
        logger.info(
            "contacts: %d genes without a contacted bin, %d of them without any pixel of the TSS bin",
            no_bins,
            int((table["has_pixels"] == 0).sum()),
        )
    logger.info("%d windows computed, %.1f windows/s", counts["windows"], counts["windows"] / elapsed)
    if pipeline.store is not None:
        logger.info(
            "prediction cache %s: %d genes and %d bins taken from it, %.1f MB written, %.1f MB in all",
            pipeline.store.folder,
            counts["own from the store"],
            counts["windows from the store"],
            pipeline.store.bytes_written / 1e6,
            pipeline.store.size() / 1e6,
        )


def main(argv=None):
    return run_script(PROG, run, create_parser().parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
