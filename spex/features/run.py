"""A data folder's tensors, from input files to the last gene: read, checked against each other, claimed, made."""

import logging
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from spex.contacts.collect import read_maps
from spex.contacts.rules import Corrected, Published, check_resolution
from spex.errors import InputError, listed
from spex.features.choices import Computing
from spex.features.devices import (
    TensorJob,
    choose_devices,
    choose_precision,
    make_tensors,
    make_tensors_on,
    open_model,
)
from spex.features.write import unfinished_genes
from spex.files.atomic import write_text
from spex.files.checks import require_file, require_folder
from spex.files.hashes import KnownHashes, Watch
from spex.inputs.agree import GRCH38_LENGTHS, check_chromosomes, check_on_genome
from spex.inputs.choices import GeneChoice, Reading
from spex.inputs.genes import (
    PUBLISHED_TABLE_SHA256,
    cached_genes_text,
    choose_genes,
    report_rows,
)
from spex.inputs.genome import chromsizes_of
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.matching import agree_maps
from spex.inputs.maps.reader import check_different, map_sha256, split_uri
from spex.inputs.networks import description_of
from spex.models.splits import TEST_CHROM
from spex.progress import progress
from spex.runs.cache import PredictionStore
from spex.runs.folder import DataFolder, contacts_identity, load_contacts, save_contacts, select_shard
from spex.runs.settings import RunSettings, check_run, claim_run, genes_choice

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class TensorInputs:
    """Paths of what tensors are made from, and how they are used.

    maps: contact maps, none for sequence alone. resolution: bp per bin of the maps. reading: how the maps are read.
    choice: of the genes.
    """

    genes: Path
    genome: Path
    network: Path
    maps: list[Path]
    rule: Published | Corrected
    resolution: int
    choice: GeneChoice = field(default_factory=GeneChoice)
    reading: Reading = field(default_factory=Reading)

    def watch(self):
        """A Watch of all these files."""
        files = [split_uri(path)[0] for path in self.maps]
        return Watch(genes=self.genes, genome=self.genome, network=self.network, maps=files)


def fill_folder(folder: DataFolder, inputs: TensorInputs, computing: Computing, cache, *, shard=None, test_only=False):
    """Make the missing tensors of a data folder.

    computing: what changes speed and memory, and the precision. cache: prediction cache folder, None to go without.
    shard: divisor and remainder of the row numbers of the genes to do, or None for all. test_only: the genes of the
    test chromosome only.

    Raises:
        InputError: an input is not usable or does not fit the others, or the folder was made with other settings.
    """
    start = time.monotonic()
    devices = choose_devices(computing.device, computing.gpus)
    computing = replace(computing, precision=choose_precision(devices, computing.precision))
    check_resolution(inputs.resolution)
    watch = inputs.watch()
    hashes = KnownHashes(folder.input_hashes)
    table, genes, maps = _read_inputs(inputs, folder, hashes)
    settings = _settings(inputs, computing, cache, hashes)
    given = {"genes": [inputs.genes], "genome": [inputs.genome], "network": [inputs.network], "maps": inputs.maps}
    check_run(folder, settings, given)
    chosen = select_shard(_test_genes(genes) if test_only else genes, *(shard or ()))
    pending = unfinished_genes(folder, chosen, settings.width)
    store = cache and (require_folder(cache, "cache"), settings.store_identity, np.dtype(computing.cache_dtype))
    opened = [open_model(inputs.network, computing.precision)] if len(pending) else []
    contacts, found_before, identity = _contacts(folder, inputs, settings, maps, genes)

    # everything that can be refused has been, the maps' pixels too; so far at most the genome's index was written
    watch.check()
    claim_run(folder, settings, given)
    folder.remember(hashes, **given, cache=[] if cache is None else [cache])
    hashes.save()
    report_rows(inputs.genes, table, genes, inputs.choice)
    write_text(folder.cached_genes, cached_genes_text(table, genes))
    if contacts is not None:
        if not found_before:
            save_contacts(folder.contacts_npz, contacts, identity)
        folder.write_contacts_table(contacts)
    _log_start(folder, inputs, devices, computing.precision, len(chosen), len(chosen) - len(pending))
    if len(pending):
        job = TensorJob(folder, inputs.genome, inputs.network, contacts, store, computing, watch)
        counts = _make(job, devices, opened.pop, pending)
        _log_work(counts, store, time.monotonic() - start)
    if store is not None:
        PredictionStore(*store).remove_abandoned()
    watch.check()
    if contacts is not None:
        _log_contacts(contacts, chosen)
    done = len(chosen) - len(pending)
    logger.info("%d genes done, %d already there, in %.1f s", len(pending), done, time.monotonic() - start)


def _read_inputs(inputs, folder, hashes):
    """Read the genes and open genome and maps, checked by themselves and against each other.

    Returns: the whole genes table; the kept genes; contact maps.
    """
    table, genes = choose_genes(inputs.genes, inputs.choice)
    chromsizes = chromsizes_of(require_file(inputs.genome, "genome"), folder.genome_index)
    if hashes.sha256(inputs.genes) == PUBLISHED_TABLE_SHA256:
        check_chromosomes(inputs.genome, chromsizes, GRCH38_LENGTHS)
    check_on_genome(genes, chromsizes, inputs.genes)
    require_file(inputs.network, "network")
    maps = open_maps(inputs.maps, inputs.resolution, inputs.reading, inputs.rule)
    maps = agree_maps(maps, genes, chromsizes)
    check_different(inputs.maps, hashes)
    return table, genes, maps


def _test_genes(genes):
    """The genes of the test chromosome."""
    found = genes[genes["chrom"] == TEST_CHROM]
    if found.empty:
        there = listed(genes["chrom"].unique(), 5)
        raise InputError(
            f"no gene lies on {TEST_CHROM}; the genes table has {there}", argument="test_only", hint="leave it out"
        )
    return found


def _settings(inputs, computing, cache, hashes):
    description = description_of(inputs.network)
    return RunSettings.of(
        genes_sha256=hashes.sha256(inputs.genes),
        genome_sha256=hashes.sha256(inputs.genome),
        beluga_sha256=hashes.sha256(inputs.network),
        network=description and asdict(description.network),
        maps_sha256=sorted(map_sha256(path, hashes) for path in inputs.maps),
        precision=computing.precision,
        cache_dtype="float32" if cache is None else computing.cache_dtype,
        rule=inputs.rule,
        resolution=inputs.resolution,
        reading=inputs.reading,
        **genes_choice(inputs.choice),
    )


def _contacts(folder, inputs, settings, maps, genes):
    """Contacts of all kept genes (None without maps), whether an earlier start had kept them, and their identity."""
    if not maps:
        return None, False, None
    identity = contacts_identity(settings, genes)
    grid = inputs.resolution, settings.window
    found = load_contacts(folder.contacts_npz, identity, inputs.rule, *grid)
    return found or read_maps(maps, genes, inputs.rule, *grid), found is not None, identity


def _make(job, devices, opened, pending):
    with progress(len(pending), "genes", "tensors") as advance:
        if len(devices) == 1:
            return make_tensors(job, opened, devices[0], pending, advance)
        opened()  # of no use here: each process opens its own
        return make_tensors_on(job, devices, pending, advance)


def _log_start(folder, inputs, devices, precision, chosen, done_before):
    maps = ", ".join(map(str, inputs.maps))
    logger.info(
        "%s: %d genes, %d done before; %s; %s, %s",
        *(
            folder.root,
            chosen,
            done_before,
            f"with contacts of {maps}, {inputs.rule.name} rule" if maps else "sequence alone",
        ),
        *(", ".join(devices), precision),
    )


def _log_work(counts, store, elapsed):
    """Log what was computed, and what the prediction store gave and took."""
    rate = f", {counts['windows'] / elapsed:.1f} windows/s" if counts["windows"] else ""
    logger.info("%d windows computed%s", counts["windows"], rate)
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


def _log_contacts(contacts, chosen):
    """Log how many of the chosen genes have no contacts."""
    table = contacts.table().set_index("id").loc[chosen["id"]]
    logger.info(
        "contacts: %d genes without a contacted bin, %d of them without any pixel of the TSS bin",
        (table["downstream_bins"] + table["upstream_bins"] == 0).sum(),
        (table["has_pixels"] == 0).sum(),
    )
