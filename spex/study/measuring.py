"""How fast this machine computes features, measured on a few genes of a study, in place of what others measured."""

from dataclasses import replace

import numpy as np

from spex.contacts.rules import Corrected
from spex.features.devices import choose_devices, choose_precision, computing, open_computer, open_model
from spex.features.machine import describe_machine, thread_count
from spex.features.made import make_contacts
from spex.features.speed import measure_speed
from spex.inputs.genome import Genome
from spex.runs.folder import DataFolder
from spex.study.work import OWN_WINDOWS, genes_of

TIMED = {"cpu": 2, "cuda": 256}
"""Genes that are timed, by the kind of device."""

BINS_PER_GENE, RESOLUTION = 24, 1000


def measure_rates(study, rates):
    """Rates with those of the network measured here, on the device that the study asks for.

    rates: Rates, which the others are taken from. Returns: Rates.

    Raises:
        InputError: weights or genome cannot be used, or the study asks for a GPU and there is none here.
    """
    device = choose_devices("CUDA" if study.resources["tensors"]["gpus"] else "CPU", None)[0]
    kind = device.partition(":")[0]
    precision = choose_precision([device], None)
    _, genes = genes_of(study)
    genes = genes.iloc[np.unique(np.linspace(0, len(genes) - 1, TIMED[kind]).astype(int))]
    genome = Genome(study.genome, DataFolder(study.base_folder).genome_index)
    contacts = make_contacts(genes, genome.chromsizes, Corrected(), RESOLUTION, BINS_PER_GENE)
    model = open_model(study.weights)
    speeds = []
    with computing(device, precision):
        for given in (None, contacts):
            computer = open_computer(
                genome=genome, model=model, device=device, precision=precision, store=None, contacts=given
            )
            speeds.append(measure_speed(computer, given, genes))
    own, both = speeds
    gene, windows = own.whole / own.genes, both.windows - own.windows
    window = (both.whole - own.whole) / windows if windows and both.whole > own.whole else gene / OWN_WINDOWS
    facts = describe_machine([device])
    if kind == "cuda":
        return replace(rates, gpu=f"{facts[f'GPU {device}']}; {precision}", gpu_gene=gene, gpu_window=window)
    cores = thread_count()
    return replace(rates, cpu=f"{facts['processor']}; {precision}", gene=cores * gene, window=cores * window)
