"""What a study will cost, before anything of it runs: hours by one measured rate per step, and space on the disk."""

import shutil
import time
from dataclasses import asdict, dataclass, replace
from itertools import groupby

import numpy as np

from expecto.network import BASES, PUBLISHED
from spex.compare.inputs import Protocol, expected_memory
from spex.errors import count
from spex.models.layout import Layout
from spex.runs.cache import OWN_ROWS
from spex.study.work import OWN_WINDOWS, Work

GENES, COLUMNS = 22_826, Layout.of_network(PUBLISHED, 1).width
"""Size of what was measured: all genes of the published table, the numbers of a tensor with contacts."""

OWN_AS_BINS = 30  # contacted bins that take as long as the local windows of a gene, which share their convolutions
FOLD_AS_SPLITS = 1 / 4  # of ridge: folds of a cross-validation share their matrix
SHARED_AS_MAPS = 2  # maps that take as long as what all maps of a comparison share
FIT_BYTES_PER_COLUMN, PICTURES = 25, 180_000
"""Bytes on the disk: coefficients and importance of a fit; its pictures, which folds have none of."""

TIMED = {"cpu": 40, "cuda": 5_000}  # windows that `measured` times, by the kind of device


@dataclass(frozen=True)
class Rates:
    """Seconds of one core at full size, and of one GPU where that was measured.

    cpu, gpu: what they were measured on. window: of a contacted bin that lies alone. ridge: of one split, all tissues.
    gbtree: of one round of one fit. compare: of one map.
    """

    cpu: str
    gpu: str
    window: tuple[float, float]
    ridge: tuple[float, float]
    gbtree: tuple[float, None]
    compare: tuple[float, None]


MEASURED = Rates(
    cpu="2 cores of an AMD EPYC, float32",
    gpu="NVIDIA H100, TF32",
    window=(0.1, 5e-5),
    ridge=(1_100, 10),
    gbtree=(5, None),
    compare=(1_500, None),
)
"""From benchmarks/RESULTS.md."""


@dataclass(frozen=True)
class Step:
    """What a step takes of one core, of one GPU, and its longest job with what the study gives it; None: no rate."""

    cpu_hours: float | None
    gpu_hours: float | None
    longest_minutes: float | None


@dataclass(frozen=True)
class Cost:
    """What a study takes. steps: tensors, train, compare -> Step. disk: cache, tensors, fits -> bytes that are still to
    be written; free: bytes on that disk. memory: bytes of the comparison. warnings: of resources that are too small."""

    work: Work
    rates: Rates
    steps: dict[str, Step]
    disk: dict[str, int]
    free: int
    memory: int
    warnings: list[str]


def measured(study, rates):
    """Rates with that of a window measured here, on the device that the study asks for.

    Raises:
        InputError: the weights cannot be used, or the study asks for a GPU and there is none here.
    """
    from spex.features import devices  # noqa: PLC0415 (torch takes seconds to load)

    (device, *_) = devices.choose_devices("CUDA" if study.resources["tensors"]["gpus"] else "CPU", None)
    kind, precision = device.partition(":")[0], devices.choose_precision([device], None)
    parts = {"genome": None, "store": None, "contacts": None}
    with devices.computing(device, precision):
        model = devices.open_model(study.weights)
        starts = np.arange(TIMED[kind], dtype=np.int64) * model.network.window
        codes = np.resize(np.arange(len(BASES), dtype=np.uint8), len(starts) * model.network.window)
        computer = devices.open_computer(model=model, device=device, precision=precision, **parts)
        for _ in range(2):  # the first time is slower
            start = time.perf_counter()
            computer.predict(codes, starts)
            seconds = (time.perf_counter() - start) / len(starts)
    name, threads = devices.describe_device(device)
    if kind == "cuda":
        return replace(rates, gpu=f"{name}, {precision}", window=(rates.window[0], seconds))
    return replace(rates, cpu=f"{name}, {precision}", window=(threads * seconds, rates.window[1]))


def estimate(study, work, rates=MEASURED):
    """The cost of a study. work: Work. Returns: Cost."""
    own, *maps = work.folders
    own_as_bins = OWN_AS_BINS if work.network == PUBLISHED else OWN_WINDOWS  # which share nothing
    windows = [own.to_compute * own_as_bins / OWN_WINDOWS, *(each.to_compute for each in maps)]
    size, of_model = work.genes / GENES, {"ridge": rates.ridge, "gbtree": rates.gbtree}
    compared = [len(maps), *([len(study.between)] if study.between else [])]
    jobs = {
        "tensors": [(rates.window, each, study.shards) for each in windows],
        "train": [(of_model.get(each.model), _times(each) * size * each.columns / COLUMNS, 1) for each in work.fits],
        "compare": [(rates.compare, (SHARED_AS_MAPS + number) * size, 1) for number in compared],
    }
    steps = {name: _step(study.resources[name], each) for name, each in jobs.items()}
    rows = own.to_compute * OWN_ROWS / OWN_WINDOWS + sum(each.to_compute for each in maps)
    sizes = [FIT_BYTES_PER_COLUMN * each.columns + PICTURES * (not each.pooled) for each in work.fits]
    disk = {
        "cache": rows * 4 * work.network.features,
        "tensors": sum(4 * each.width * each.missing for each in work.folders),
        "fits": sum(size * each.fits for size, each in zip(sizes, work.fits, strict=True)),
    }
    there = next(place for place in (study.out, *study.out.resolve().parents) if place.exists())
    free = shutil.disk_usage(there).free
    rotations = study.comparison.get("rotations", Protocol.rotations)
    widest = max(each.width - own.width for each in maps) if maps else 0
    memory = int(expected_memory(work.genes, work.tissues, own.width, widest, rotations))
    return Cost(work, rates, steps, disk, free, memory, [*_warnings(study, steps, disk, free, memory)])


def _times(fits):
    """How many times the rate of their model is needed for some fits: by rounds where they have any, else by splits."""
    return fits.fits * fits.rounds if fits.rounds else fits.splits * (FOLD_AS_SPLITS if fits.pooled else 1)


def _step(asked, work):
    """asked: resources of a job. work: rate, how many times it is needed, and jobs that share this."""
    hours, longest = {"threads": 0, "gpus": 0}, 0
    for rate, times, jobs in work:
        if rate is None:
            return Step(None, None, None)
        on_gpu = asked["gpus"] and rate[1] is not None
        seconds, what = times * rate[1 if on_gpu else 0], "gpus" if on_gpu else "threads"
        hours[what] += seconds / 3600
        longest = max(longest, seconds / asked[what] / jobs)
    return Step(*hours.values(), longest / 60)


def _warnings(study, steps, disk, free, memory):
    """What the study's own figures do not fit, as texts."""
    for name, step in steps.items():
        given, needed = study.resources[name]["minutes"], step.longest_minutes
        if needed is not None and needed > given:
            more = ", or more shards" if name == "tensors" else ""
            text = f"a job takes about {needed:,.0f} minutes, and has {given:,}; give it more minutes or threads"
            yield f"resources, {name}: {text}{more}"
    given = study.resources["compare"]["memory_mb"]
    if memory / 1e6 > given:
        yield f"resources, compare: it takes about {memory / 1e6:,.0f} MB of memory, and has {given:,}"
    if sum(disk.values()) > free:
        yield f"{sum(disk.values()) / 1e9:,.1f} GB are to be written, and {free / 1e9:,.1f} GB are free"


def cost_text(cost):
    """What there is to do in a study and what it takes, in lines, without the last end."""
    work = cost.work
    columns = ["contacts", "without_contact", "windows", "to_compute", "missing"]
    disk = ", ".join(f"{name} {_size(size)}" for name, size in cost.disk.items())
    lines = [
        f"{work.folders[0].tensors:,} genes ({work.genes:,} with expression), {count(len(work.folders) - 1, 'map')}, "
        f"{count(work.tissues, 'tissue')}",
        "",
        *_aligned(
            ["", "contacts", "genes without", "windows", "to compute", "tensors to make"],
            *([each.name, *(getattr(each, name) for name in columns)] for each in work.folders),
        ),
        "",
        *_fit_lines(work.fits),
        "",
        *_aligned(
            ["", "CPU hours", "GPU hours", "minutes of the longest job"],
            *([name, *map(_figure, asdict(step).values())] for name, step in cost.steps.items()),
        ),
        f"hours of one core ({cost.rates.cpu}) and of one GPU ({cost.rates.gpu}), roughly",
        f"disk: {_size(sum(cost.disk.values()))} to write ({disk}), {_size(cost.free)} free",
        f"memory: {_size(cost.memory)} for the comparison",
        *(f"warning: {text}" for text in cost.warnings),
    ]
    return "\n".join(lines)


def _fit_lines(fits):
    for name, mine in groupby(fits, lambda each: each.name):
        first, *others = mine
        total = sum(each.fits for each in (first, *others))
        yield f"fits {name}: {total:,} of {first.model}, in {count(1 + len(others), 'folder')}"


def _aligned(*rows):
    """Rows of cells as lines, the first column to the left, the others to the right; None is an empty cell."""
    rows = [["" if cell is None else f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join([f"{first:<{widths[0]}}", *cells])


def _figure(value):
    """A number with two digits at the least; None where no rate is known."""
    if value is None:
        return "not known"
    if 0 < value < 0.01:
        return "< 0.01"
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2g}"


def _size(count):
    """Bytes, as text."""
    return f"{_figure(count / 1e9)} GB" if count >= 1e9 else f"{_figure(count / 1e6)} MB"
