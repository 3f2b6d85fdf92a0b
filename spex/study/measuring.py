"""How fast this machine computes features, measured on a few genes of a study, in place of what others measured."""

import contextlib
import time
from dataclasses import replace

import numpy as np

from expecto.network import BELUGA
from spex.features.devices import (
    choose_devices,
    choose_precision,
    computing,
    describe_device,
    open_computer,
    open_model,
)
from spex.features.write import blocks_along_genome
from spex.inputs.genome import Genome
from spex.runs.folder import DataFolder
from spex.study.work import genes_of

TIMED = {"cpu": (2, 40), "cuda": (256, 5_000)}
"""Genes, and windows that lie alone, that are timed by the kind of device."""


def measure_rates(study, rates):
    """Rates with those of the network measured here, on the device that the study asks for.

    rates: Rates, which the others are taken from. Returns: Rates.

    Raises:
        InputError: weights or genome cannot be used, or the study asks for a GPU and there is none here.
    """
    device = choose_devices("CUDA" if study.resources["tensors"]["gpus"] else "CPU", None)[0]
    kind = device.partition(":")[0]
    precision = choose_precision([device], None)
    count, alone = TIMED[kind]
    _, genes = genes_of(study)
    genes = genes.iloc[np.unique(np.linspace(0, len(genes) - 1, count).astype(int))]
    genome = Genome(study.genome, DataFolder(study.base_folder).genome_index)
    with contextlib.closing(genome), computing(device, precision):
        model = open_model(study.weights)
        computer = open_computer(
            genome=genome, model=model, device=device, precision=precision, store=None, contacts=None
        )
        starts = np.arange(alone, dtype=np.int64) * BELUGA.window
        codes = np.resize(np.arange(len(BELUGA.bases), dtype=np.uint8), alone * BELUGA.window)
        gene = _seconds(lambda: [*computer.features(blocks_along_genome(genes, len(genes)))]) / len(genes)
        window = _seconds(lambda: computer.predict(codes, starts)) / alone
    name, threads = describe_device(device)
    if kind == "cuda":
        return replace(rates, gpu=f"{name}, {precision}", gpu_gene=gene, gpu_window=window)
    return replace(rates, cpu=f"{name}, {precision}", gene=threads * gene, window=threads * window)


def _seconds(work):
    """Seconds that some work takes, the second time that it is done."""
    work()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
