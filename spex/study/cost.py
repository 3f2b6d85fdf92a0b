"""What a study will cost, told before anything of it runs: hours of cores and of GPUs, and space on the disk."""

import shutil
from dataclasses import asdict, dataclass

from expecto.network import BELUGA
from spex.compare.inputs import Protocol, expected_memory
from spex.runs.cache import OWN_ROWS
from spex.study.rates import COLUMNS, GENES, MEASURED, TISSUES, Rates
from spex.study.work import OWN_WINDOWS, Work

ROW = 4 * BELUGA.features
"""Bytes of a window's predictions, float32."""

FIT_BYTES_PER_COLUMN, PICTURES = 25, 180_000
"""Bytes on the disk: coefficients and importance of a fit; its pictures, which folds have none of."""


@dataclass(frozen=True)
class Step:
    """What a step of a study takes. cpu_hours: of one core. gpu_hours: of one GPU. longest_minutes: of its longest job,
    with the threads and GPUs that the study gives it. None: there is no rate for it."""

    cpu_hours: float | None
    gpu_hours: float
    longest_minutes: float | None


@dataclass(frozen=True)
class Cost:
    """What a study takes. steps: tensors, train, compare -> Step. disk: cache, tensors, fits -> bytes that are still to
    be written. free: bytes on the disk of its folder. memory: bytes of the comparison. warnings: in words. rates: that
    it was told by."""

    work: Work
    steps: dict[str, Step]
    disk: dict[str, int]
    free: int
    memory: int
    warnings: list[str]
    rates: Rates

    def summary(self):
        """All of it, as JSON has it."""
        return asdict(self)


def estimate(study, work, rates=MEASURED):
    """The cost of a study. work: Work. Returns: Cost."""
    steps = {
        "tensors": _tensors(study, work, rates),
        "train": _train(study, work, rates),
        "compare": _compare(study, work, rates),
    }
    disk = {
        "cache": sum(_cache_bytes(each) for each in work.folders),
        "tensors": sum(4 * each.width * each.missing for each in work.folders),
        "fits": sum(
            (FIT_BYTES_PER_COLUMN * each.columns + PICTURES * (not each.pooled)) * each.fits for each in work.fits
        ),
    }
    standing = next(place for place in (study.out, *study.out.resolve().parents) if place.exists())
    free = shutil.disk_usage(standing).free
    rotations = study.comparison.get("rotations", Protocol.rotations)
    memory = int(expected_memory(work.genes, work.tissues, rotations, max(each.width for each in work.folders)))
    return Cost(work, steps, disk, free, memory, [*_warnings(study, steps, disk, free, memory)], rates)


def _cache_bytes(folder):
    """Bytes that a folder adds to the prediction cache."""
    if folder.contacts is None:
        return folder.to_compute // OWN_WINDOWS * OWN_ROWS * ROW
    return folder.to_compute * ROW


def _tensors(study, work, rates):
    asked = study.resources["tensors"]
    cpu = gpu = longest = 0
    for folder in work.folders:
        own = folder.contacts is None
        units = folder.to_compute / OWN_WINDOWS if own else folder.to_compute
        host = rates.host * folder.missing
        if asked["gpus"]:
            device = units * (rates.gpu_gene if own else rates.gpu_window)
            gpu += device
            cpu += host
            job = device / asked["gpus"] + host / asked["threads"]
        else:
            cpu += units * (rates.gene if own else rates.window) + host
            job = (units * (rates.gene if own else rates.window) + host) / asked["threads"]
        longest = max(longest, job / study.shards)
    return Step(cpu / 3600, gpu / 3600, longest / 60)


def _train(study, work, rates):
    asked = study.resources["train"]
    cpu = gpu = longest = 0
    for fits in work.fits:
        if fits.model not in SECONDS:
            return Step(None, gpu / 3600, None)
        core, device = SECONDS[fits.model](work, fits, rates, asked["gpus"])
        core += fits.fits * (rates.fold if fits.pooled else rates.fit)
        core += rates.pooling * work.genes * work.tissues if fits.pooled else 0
        cpu, gpu = cpu + core, gpu + device
        longest = max(longest, core / asked["threads"] + device / max(asked["gpus"], 1))
    return Step(cpu / 3600, gpu / 3600, longest / 60)


def _ridge(work, fits, rates, gpus):
    """Seconds of a core and of a GPU: a Gram matrix, and of each penalty a factor, for folds an inverse too."""
    least = min(work.genes, fits.columns)
    penalties = len(fits.parameters["penalties"]) * len(fits.parameters.get("neighbour_penalties", [None]))
    operations = work.genes * fits.columns * least + penalties * least**3 * (4 / 3 if fits.pooled else 1 / 3)
    reading = rates.reading * work.genes
    if gpus:
        return reading, operations / rates.gpu_operations
    return reading + operations / rates.operations, 0


def _trees(work, fits, rates, gpus):
    """Seconds of a core at the most, all rounds of each fit, whatever stops earlier; a GPU's have not been measured."""
    cells = work.genes * fits.columns
    rounds = fits.fits * fits.parameters["num_boost_round"]
    return fits.splits * (rates.reading * work.genes + rates.binning * cells) + rounds * rates.growing * cells, 0


SECONDS = {"ridge": _ridge, "gbtree": _trees}
"""Models that there are rates for."""


def _compare(study, work, rates):
    """By the sizes: products of genes with genes for what is shared, with tissues and columns for each map."""
    scale = work.genes / GENES
    rotated = study.comparison.get("rotations", Protocol.rotations) + 1
    usual = COLUMNS + TISSUES * (Protocol.rotations + 1)
    shared = rates.shared * scale**3
    maps = sum(
        rates.map * scale**2 * (folder.width + work.tissues * rotated) / usual
        for folder in work.folders
        if folder.contacts is not None
    )
    return Step((shared + maps) / 3600, 0, (shared + maps) / study.resources["compare"]["threads"] / 60)


def _warnings(study, steps, disk, free, memory):
    """What the study's own figures do not fit. Yields: texts."""
    for name, step in steps.items():
        given = study.resources[name]["minutes"]
        if step.longest_minutes is not None and step.longest_minutes > given:
            more = ", or more shards" if name == "tensors" else ""
            yield (
                f"resources, {name}: a job takes about {step.longest_minutes:,.0f} minutes, and has {given:,}; give it "
                f"more minutes or threads{more}"
            )
    given = study.resources["compare"]["memory_mb"]
    if memory / 1e6 > given:
        yield f"resources, compare: it takes about {memory / 1e6:,.0f} MB of memory, and has {given:,}"
    if sum(disk.values()) > free:
        yield f"{sum(disk.values()) / 1e9:,.1f} GB are to be written, and {free / 1e9:,.1f} GB are free"
