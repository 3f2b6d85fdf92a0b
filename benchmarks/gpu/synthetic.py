"""What a device can be checked on without any download: synthetic weights, genome, genes and contacts.

All of it follows from seeds. The weights are scaled (He) so that probabilities spread over (0, 1) and differ from
window to window; what they predict means nothing.
"""

import math

import numpy as np
import pandas as pd
import torch

from expecto.beluga import CHANNELS, CHECKPOINT_LAYERS, HIDDEN, Beluga
from expecto.gene_features import REACH
from spex.contacts.collect import Contacts
from spex.contacts.rules import LEAST_DISTANCE
from spex.files.atomic import whole_file
from spex.runs.folder import DataFolder

CHROMSIZES = {"chr1": 6_000_000, "chr8": 4_200_000, "chr9": 3_000_000}
"""In bp: whole lines."""

UNKNOWN_STRETCH = slice(1_000_000, 1_030_000)
"""Of every chromosome: N, as at a centromere."""

SIZES = (CHANNELS, HIDDEN)
"""Of the network."""

LINE = 60
BIAS_BOUND = 0.1
CONTACT_REACH = 500_000
"""Largest distance in bp between a TSS and the bins that it touches."""


def make_network(seed=1):
    """A network of the published size with synthetic weights, float32, on the CPU."""
    with torch.device("meta"):
        model = Beluga(*SIZES)
    model = model.to_empty(device="cpu").requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        bound = math.sqrt(6 / parameter[0].numel()) if parameter.dim() > 1 else BIAS_BOUND
        parameter.uniform_(-bound, bound, generator=generator)
    return model


def save_network(model, path):
    """Write a network as a checkpoint in the published form, 600 MB for one of the published size."""
    state = {
        f"{theirs}.{kind}": model.get_parameter(f"{ours}.{kind}")
        for theirs, ours in CHECKPOINT_LAYERS.items()
        for kind in ("weight", "bias")
    }
    with whole_file(path) as file:
        torch.save(state, file)


def write_genome(path, seed=1):
    """Write a FASTA file of random bases, one chromosome of each length in `CHROMSIZES`, each with a stretch of N."""
    generator = np.random.default_rng(seed)
    with whole_file(path, durable=False) as file:
        for chrom, length in CHROMSIZES.items():
            letters = np.frombuffer(b"ACGT", np.uint8)[generator.integers(0, 4, length, dtype=np.uint8)]
            letters[UNKNOWN_STRETCH] = ord("N")
            lines = np.full((length // LINE, LINE + 1), ord("\n"), dtype=np.uint8)
            lines[:, :LINE] = letters.reshape(-1, LINE)
            file.write(f">{chrom}\n".encode())
            file.write(lines.tobytes())


def make_genes(count, seed=1):
    """Genes on both strands; some have windows past the start of their chromosome.

    Returns: DataFrame (count) with id, symbol, chrom, strand, tss (int64, 1-based), in random order.
    """
    generator = np.random.default_rng(seed)
    chroms = generator.choice(list(CHROMSIZES), count)
    tss = np.array([generator.integers(1, CHROMSIZES[chrom]) for chrom in chroms], dtype=np.int64)
    tss[::50] = generator.integers(1, REACH, len(tss[::50]))
    ids = [f"made{number:05d}" for number in range(count)]
    strands = generator.choice(["+", "-"], count)
    return pd.DataFrame({"id": ids, "symbol": ids, "chrom": chroms, "strand": strands, "tss": tss})


def make_contacts(genes, chromsizes, rule, resolution, bins_per_gene, seed=1):
    """Contacts of genes: bins alone and bins side by side, on both sides, and for one gene in eight none.

    genes: DataFrame with id, chrom, strand, tss. chromsizes: name -> bp. rule: Published or Corrected. resolution: bp
    per bin. bins_per_gene: at most. Returns: Contacts, in the order of `genes`.
    """
    generator = np.random.default_rng(seed)
    near, far = LEAST_DISTANCE // resolution, CONTACT_REACH // resolution
    tss_bins = rule.tss_bins(genes["tss"].to_numpy(), resolution)
    bins, downstream = [], []
    for row, (chrom, strand) in enumerate(zip(genes["chrom"], genes["strand"], strict=True)):
        wanted = 0 if row % 8 == 2 else bins_per_gene // 2
        alone = tss_bins[row] + generator.choice([-1, 1], wanted) * generator.integers(near, far, wanted)
        mine = np.unique(np.concatenate([alone, alone + 1]))
        mine = mine[(mine >= 0) & (mine < chromsizes[chrom] // resolution)]
        bins.append(mine[np.abs(mine - tss_bins[row]) >= near].astype(np.int32))
        downstream.append(bins[-1] >= tss_bins[row] if strand == "+" else bins[-1] < tss_bins[row])
    lengths = np.array([len(mine) for mine in bins], dtype=np.int64)
    return Contacts(
        genes=genes["id"].to_numpy(dtype=str),
        chroms=genes["chrom"].to_numpy(dtype=str),
        tss=genes["tss"].to_numpy(dtype=np.int64),
        strands=genes["strand"].to_numpy(dtype=str),
        has_pixels=lengths > 0,
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        bins=np.concatenate(bins),
        counts=np.full(lengths.sum(), 2.0),
        downstream=np.concatenate(downstream),
        resolution=resolution,
        rule=rule,
    )


def empty_folder(path):
    """A data folder without a tensor. path: does not exist, or is empty."""
    folder = DataFolder(path)
    folder.tensors.mkdir(parents=True)
    return folder
