"""A synthetic chromosome with genes and contacts, for benchmarks of the whole way from sequence to tensors."""

import numpy as np
import pandas as pd

from spex.contacts.collect import Contacts
from spex.contacts.rules import Published
from spex.features.choices import Computing
from spex.features.devices import TensorJob
from spex.runs.folder import DataFolder

LENGTH = 4_000_000
BINS_PER_GENE = 40


def synthetic_genes(count):
    """Genes spread evenly over the chromosome."""
    places = np.linspace(100_000, LENGTH - 100_000, count).astype(int)
    return pd.DataFrame({"id": [f"G{n}" for n in range(count)], "chrom": "chr1", "strand": "+", "tss": places})


def synthetic_genome(folder):
    letters = np.random.default_rng(0).choice(list(b"ACGT"), LENGTH).astype(np.uint8).tobytes().decode()
    path = folder / "genome.fa"
    path.write_text(">chr1\n" + "\n".join(letters[i : i + 60] for i in range(0, LENGTH, 60)) + "\n")
    return path


def synthetic_contacts(genes, generator, keep=None):
    """Contacts with isolated bins of each gene; keep: Contacts of which nine of ten bins are taken over."""
    bins = []
    for gene in range(len(genes)):
        drawn = generator.choice(np.arange(0, LENGTH // 1000, 4), BINS_PER_GENE, replace=False)
        if keep is not None:
            drawn[: BINS_PER_GENE * 9 // 10] = keep.bins.reshape(len(genes), -1)[gene, : BINS_PER_GENE * 9 // 10]
        bins.append(np.sort(drawn))
    total = len(genes) * BINS_PER_GENE
    return Contacts(
        genes=genes["id"].to_numpy(dtype=str),
        chroms=genes["chrom"].to_numpy(dtype=str),
        tss=genes["tss"].to_numpy(),
        strands=genes["strand"].to_numpy(dtype=str),
        has_pixels=np.ones(len(genes), dtype=bool),
        offsets=np.arange(len(genes) + 1) * BINS_PER_GENE,
        bins=np.concatenate(bins).astype(np.int32),
        counts=np.ones(total),
        downstream=np.ones(total, dtype=bool),
        resolution=1000,
        rule=Published(),
    )


def tensor_job(folder, genome, contacts, store=None):
    """What it takes to make tensors in a fresh folder on the CPU, float32."""
    data = DataFolder(folder)
    data.tensors.mkdir(parents=True)
    return TensorJob(
        folder=data,
        genome=genome,
        network=None,
        contacts=contacts,
        store=store,
        computing=Computing(precision="float32"),
    )
