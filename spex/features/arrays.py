"""Features of genes in memory: the way of `gene_features`, which needs no data folder."""

import tempfile
from pathlib import Path

import numpy as np

from spex.errors import InputError, shown
from spex.features.cache import PredictionStore
from spex.features.devices import BLOCK_SIZE, computing, open_computer
from spex.features.write import blocks_along_genome
from spex.inputs.agree import check_on_genome
from spex.inputs.genome import Genome
from spex.models.matrices import Features
from spex.progress import progress


def compute_features(genes, genome, model, *, contacts, store, device, precision, batch_size):
    """Features of genes.

    genes: DataFrame (n) with id, chrom, strand, tss. genome: path of a FASTA file. model: Beluga. contacts: Contacts or
    None. store: root, identity and dtype of a prediction store, or None. device, precision, batch_size: as in
    `devices.open_computer`.

    Returns: Features, in the order of `genes`.
    """
    with tempfile.TemporaryDirectory() as spare:
        sequences = Genome(genome, Path(spare) / "genome.fai", model.network)
        try:
            check_on_genome(genes, sequences.chromsizes)
            if contacts is not None:
                _check_contacts(contacts, genes, sequences.chromsizes)
            with computing(device, precision), progress(len(genes), "genes", "features") as advance:
                computer = open_computer(
                    genome=sequences,
                    model=model,
                    device=device,
                    precision=precision,
                    store=None if store is None else PredictionStore(*store),
                    contacts=contacts,
                    batch_size=batch_size,
                )
                parts, rows = [], []
                numbered = genes.assign(row=np.arange(len(genes)))
                for block in blocks_along_genome(numbered, BLOCK_SIZE[computer.scanner.device.type]):
                    parts.append(computer.features(block).reshape(len(block), -1))
                    rows.append(block["row"].to_numpy())
                    advance(len(block))
                computer.close()
        finally:
            sequences.close()
    matrix = np.concatenate(parts)
    matrix[np.concatenate(rows)] = matrix.copy()
    return Features(matrix, genes)


def _check_contacts(contacts, genes, genome_sizes):
    unknown = genes["id"][~genes["id"].isin(contacts.genes)]
    if len(unknown):
        raise InputError(
            f"{len(unknown):,} of the {len(genes):,} genes are not in them ({shown(unknown.iloc[0])}, ...)",
            argument="contacts",
            expected="contacts that were read for these genes",
        )
    for chrom, length in (contacts.chromsizes or {}).items():
        if chrom in genome_sizes and genome_sizes[chrom] != length:
            raise InputError(
                f"{chrom} is {length:,} bp long in the maps and {genome_sizes[chrom]:,} bp in the genome",
                argument="contacts",
                expected="maps of the same genome build",
            )
