"""What is looked at on a GPU, part by part, and in what words it is reported.

Each part is a generator over a Subject; it yields what was looked at, what was measured, what is allowed, the verdict.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import spex
from benchmarks.gpu import parity, synthetic
from benchmarks.gpu.machine import describe_machine
from benchmarks.gpu.models import ALLOWED, fit_and_predict, make_study
from benchmarks.gpu.speed import matrix_product_speed, measure_speed
from expecto.beluga import Beluga
from spex.contacts.collect import Contacts
from spex.features.choices import DTYPES, Computing
from spex.features.devices import TensorJob, computing, open_computer
from spex.inputs.genome import Genome
from spex.models import boosters
from spex.models.registry import MODELS

OK, FAILED, NOT_HERE, TOLD = "ok", "FAILED", "not here", ""
WINDOWS_AT_ONCE = 200
"""On one GPU and on several, where every byte is compared: as many as fit the smallest."""


@dataclass(frozen=True)
class Sizes:
    """How much is done. compared, timed: genes. bins: of contacts a gene. product: side of the matrix product. study:
    genes and features that models are fitted on."""

    compared: int
    timed: int
    bins: int
    product: int
    study: tuple[int, int]


SIZES = {
    ("cpu", "quick"): Sizes(compared=1, timed=2, bins=4, product=1024, study=(200, 400)),
    ("cpu", "whole"): Sizes(compared=3, timed=2, bins=24, product=2048, study=(1000, 4004)),
    ("gpu", "quick"): Sizes(compared=3, timed=64, bins=24, product=8192, study=(1000, 4004)),
    ("gpu", "whole"): Sizes(compared=8, timed=1024, bins=24, product=8192, study=(4000, 24_024)),
}


@dataclass(frozen=True)
class Subject:
    """What is checked, and on what. checkpoint: where the network's weights are, or would be written."""

    devices: list[str]
    precisions: list[str]
    network: Beluga
    checkpoint: Path
    genome: Genome
    genes: pd.DataFrame
    contacts: Contacts
    sizes: Sizes

    @property
    def device(self):
        return self.devices[0]

    @property
    def on_gpu(self):
        return self.device != "cpu"

    def some_genes(self, count):
        """`count` genes from all over the table, or all of fewer."""
        return self.genes.iloc[np.unique(np.linspace(0, len(self.genes) - 1, count).astype(int))]

    def computer(self, device, precision):
        return open_computer(
            genome=self.genome,
            model=self.network,
            device=device,
            precision=precision,
            store=None,
            contacts=self.contacts,
        )


def check_machine(subject):
    facts = describe_machine(subject.devices)
    facts["xgboost"] = f"{boosters.xgboost.__version__}; on a GPU: {MODELS['gbtree'].cuda_problem() or 'yes'}"
    facts["spex"] = spex.__version__
    facts["checked"] = ", ".join(subject.devices)
    for what, measured in facts.items():
        yield what, measured, "", TOLD


def check_parity(subject):
    """Every precision against float32 on the CPU."""
    genes = subject.some_genes(subject.sizes.compared)
    with computing("cpu", "float32"):
        expected = parity.predictions(subject.computer("cpu", "float32"), genes)
    for precision in DTYPES:
        if precision not in subject.precisions:
            yield precision, "not asked for, or nothing that the device is made for", "", NOT_HERE
            continue
        with computing(subject.device, precision):
            found = parity.predictions(subject.computer(subject.device, precision), genes)
        for kind, of in expected:
            measured = parity.relative_difference(found[kind, of], expected[kind, of])
            allowed = parity.allowed_difference(precision, kind, of)
            kept = all(figure <= most for figure, most in zip(measured, allowed, strict=True))
            yield f"{precision}, {kind} windows: {of}", _figures(measured), _figures(allowed), OK if kept else FAILED


def _figures(pair):
    return f"median {pair[0]:.2g}, largest {pair[1]:.2g}"


def check_speed(subject):
    """Genes from FASTA to file, the network alone, and the matrix product, in every precision."""
    genes = subject.some_genes(subject.sizes.timed)
    for precision in subject.precisions:
        with computing(subject.device, precision):
            peak = matrix_product_speed(subject.device, precision, subject.sizes.product)
            computer = subject.computer(subject.device, precision)
            for kind, contacts in (("own windows", None), ("with contacts", subject.contacts)):
                speed = measure_speed(computer, contacts, genes)
                measured = (
                    f"{speed.genes} genes: {speed.genes_per_second:.3g} genes/s, {speed.windows_per_second:.4g} "
                    f"windows/s; the network alone {speed.operations_per_second / 1e12:.3g} TFLOP/s, "
                    f"{speed.operations_per_second / peak:.2f} of the matrix product's {peak / 1e12:.3g}; the device "
                    f"waits {speed.waiting:.2f} of the time"
                )
                yield f"{precision}, {kind}", measured, "", TOLD


def check_devices(subject):
    """Several GPUs against one, byte for byte."""
    if len(subject.devices) == 1:
        yield "several GPUs against one", f"{subject.device} alone", "0 genes with other bytes", NOT_HERE
        return
    if not subject.checkpoint.exists():
        synthetic.save_network(subject.network, subject.checkpoint)
    genes = subject.some_genes(4 * len(subject.devices))
    for precision in subject.precisions:
        job = TensorJob(
            folder=None,
            genome=subject.genome.path,
            network=subject.checkpoint,
            contacts=subject.contacts,
            store=None,
            computing=Computing(precision=precision, batch_size=WINDOWS_AT_ONCE, block_size=1),
        )
        differ = parity.differing_tensors(job, subject.network, subject.devices, genes)
        what = f"{precision}, {len(subject.devices)} devices against one"
        measured = f"{differ} of {len(genes)} genes with other bytes"
        yield what, measured, "0 genes", FAILED if differ else OK


def check_models(subject):
    """Trees and ridge on the device against the CPU, on a synthetic study."""
    parity.release_memory()
    study = make_study(*subject.sizes.study)
    _, targets, split = study
    for model, (measure, most, unit) in ALLOWED.items():
        expected, seconds = fit_and_predict(model, "cpu", *study)
        problem = MODELS[model].cuda_problem() if subject.on_gpu else None
        what = f"{model}, {subject.sizes.study[0]} genes x {subject.sizes.study[1]}"
        if problem:
            yield what, f"{problem}; {seconds:.3g} s on the CPU", "", NOT_HERE
            continue
        found, on_device = fit_and_predict(model, "cuda" if subject.on_gpu else "cpu", *study)
        observed = targets[split.test, 0]
        difference = measure(found[split.test], expected[split.test], observed)
        measured = f"differ by {difference:.2g} {unit}; {on_device:.3g} s, on the CPU {seconds:.3g} s"
        yield what, measured, f"{most:g} {unit}", OK if difference <= most else FAILED


def check_memory(subject):
    """Out of memory on purpose, and the line that it ends in."""
    if not subject.on_gpu:
        yield "far too many windows at once", "the CPU's memory is not filled on purpose", "", NOT_HERE
        return
    error, same = parity.fill_memory(subject.device, subject.genome, subject.network, "float32")
    measured = error.line("--{}".format) if error else "all of them fitted"
    yield "far too many windows at once", measured, "one line", OK if error else FAILED
    yield "a few windows afterwards", "the same" if same else "other numbers", "the same", OK if same else FAILED


CHECKS = {
    "machine": check_machine,
    "parity": check_parity,
    "speed": check_speed,
    "several": check_devices,
    "models": check_models,
    "memory": check_memory,
}
