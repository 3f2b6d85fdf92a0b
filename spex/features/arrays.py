"""Features of genes in memory: the way of `gene_features`, which needs no data folder."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import InputError, shown
from spex.features.devices import BLOCK_SIZE, computing, open_computer
from spex.features.write import blocks_along_genome, in_pieces
from spex.inputs.agree import check_on_genome, same_length
from spex.inputs.genome import Genome
from spex.models.layout import Layout
from spex.models.matrices import Features
from spex.progress import progress
from spex.runs.cache import PredictionStore


def compute_features(genes, genome, model, *, contacts, store, device, precision, batch_size, watch):
    """Features of genes.

    genes: DataFrame (n) with id, chrom, strand, tss. genome: path of a FASTA file. model: as of `devices.open_model`.
    contacts: Contacts or None. store: root, identity and dtype of a prediction store, or None. device, precision,
    batch_size: as in `devices.open_computer`. watch: of the files, asked before anything is kept or returned.

    Returns: Features, in the order of `genes`.
    """
    with tempfile.TemporaryDirectory() as spare:
        sequences = Genome(genome, Path(spare) / "genome.fai")
        try:
            check_on_genome(genes, sequences.chromsizes)
            if contacts is not None:
                _check_contacts(contacts, genes, sequences.chromsizes)
                contacts = replace(contacts, window=model.network.window)
            with computing(device, precision):
                computer = open_computer(
                    genome=sequences,
                    model=model,
                    device=device,
                    precision=precision,
                    store=None if store is None else PredictionStore(*store, watch=watch),
                    contacts=contacts,
                    batch_size=batch_size,
                )
                matrix = _compute(computer, genes)
            watch.check()
            groups = 0 if contacts is None else contacts.rule.groups
            return Features(matrix, genes, Layout.of_network(model.network, groups))
        finally:
            sequences.close()


def _compute(computer, genes):
    """Features of genes, (n, width) float32; what was predicted is kept even when it is stopped on the way."""
    matrix = np.empty((len(genes), computer.width), np.float32)
    numbered = genes.assign(row=np.arange(len(genes)))
    blocks = blocks_along_genome(numbered, BLOCK_SIZE[computer.scanner.device.type])
    try:
        with progress(len(genes), "genes", "features") as advance:
            before = 0
            for block, features in computer.features(in_pieces(blocks), advance):
                matrix[block["row"]] = features.reshape(len(block), -1)
                advance(len(block) - computer.reported, computer.counts["genes"] - before - computer.reported)
                before = computer.counts["genes"]
    finally:
        computer.close()
    return matrix


def _check_contacts(contacts, genes, genome_sizes):
    unknown = genes["id"][~genes["id"].isin(contacts.genes)]
    if len(unknown):
        raise InputError(
            f"{len(unknown):,} of the {len(genes):,} genes are not in them ({shown(unknown.iloc[0])}, ...)",
            argument="contacts",
            expected="contacts that were read for these genes",
        )
    known = pd.DataFrame({"chrom": contacts.chroms, "tss": contacts.tss, "strand": contacts.strands}, contacts.genes)
    moved = (known.loc[genes["id"]].to_numpy() != genes[["chrom", "tss", "strand"]].to_numpy()).any(axis=1)
    if moved.any():
        raise InputError(
            f"they were read for another place or strand of {shown(genes['id'].iloc[moved.argmax()])}",
            argument="contacts",
            expected="contacts that were read for these genes",
        )
    for chrom, length in (contacts.chromsizes or {}).items():
        if chrom in genome_sizes and not same_length(genome_sizes[chrom], length, contacts.resolution):
            raise InputError(
                f"{chrom} is {length:,} bp long in the maps and {genome_sizes[chrom]:,} bp in the genome",
                argument="contacts",
                expected="maps of the same genome build",
            )
