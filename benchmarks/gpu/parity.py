"""Whether a device computes what the CPU computes in float32: its features, several devices, and full memory."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.gpu.synthetic import empty_folder
from expecto.gene_features import OWN_SUMS, own_windows
from expecto.scan import BYTES_PER_WINDOW, merge_windows
from spex.errors import InputError
from spex.features.devices import (
    computing,
    make_tensors,
    make_tensors_on,
    open_computer,
)
from spex.features.write import blocks_along_genome

EMULATED = {
    "tf32": {"features": (0.00019, 0.0024), "probabilities": (0.0003, 0.0048)},
    "bfloat16": {"features": (0.0014, 0.023), "probabilities": (0.0024, 0.037)},
    "float16": {"features": (0.00019, 0.0025), "probabilities": (0.0003, 0.0048)},
}
"""Median and largest relative difference from float32 of a gene's own features and of probabilities, with stand-in
weights: benchmarks/RESULTS.md, "Precision"."""

ALLOWED = 4
"""How many times the emulated difference a device may be off: other weights and genes, and sums that tensor cores or
the network's own activations round too."""

SAME_PRECISION = (1e-5, 1e-4)
"""Of float32 on a device: sums of up to 67,840 products in another order. On the CPU another way through the same
network moved probabilities of 0 to 1 by 4e-6 at most."""

MOST_IN_MEMORY = 8
"""How many times the windows that fill the free memory are asked for, to be told that it is full."""

FEW_WINDOWS = 10


def supported_precisions(device):
    """Precisions that a device has arithmetic for, in the order of `devices.DTYPES`; others may work, slowly."""
    if torch.device(device).type == "cpu":
        has = {
            "float32": True,
            "bfloat16": torch.cpu._is_avx512_bf16_supported(),
            "float16": torch.cpu._is_amx_fp16_supported(),
        }
    else:
        capability = torch.cuda.get_device_capability(device)
        has = {"float32": True, "tf32": capability >= (8, 0), "bfloat16": capability >= (8, 0)}
        has["float16"] = capability >= (7, 0)  # the first with tensor cores
    return [precision for precision, there in has.items() if there]


def predictions(computer, genes):
    """Features and probabilities of genes, of their own and of contacted windows.

    computer: FeatureComputer with contacts. genes: DataFrame with id, chrom, strand, tss.
    Returns: dict from ("own" or "contacted", "features" or "probabilities") to a float32 array on the CPU.
    """
    blocks = blocks_along_genome(genes, len(genes))
    features = np.concatenate([features for _, features in computer.features(blocks)])
    found = {("own", "features"): features[:, :OWN_SUMS], ("contacted", "features"): features[:, OWN_SUMS:]}
    for kind, sequence in (("own", _own_sequence), ("contacted", _contacted_sequence)):
        parts = [_probabilities(computer, *sequence(computer, gene)) for gene in genes.itertuples()]
        found[kind, "probabilities"] = np.concatenate(parts)
    return found


def _probabilities(computer, codes, starts):
    """Probabilities of the windows at `starts` of a sequence, (n, 2002) float32."""
    parts = torch.from_numpy(starts).split(computer.windows_per_pass)
    return np.concatenate([computer.scanner.predict(torch.from_numpy(codes), part).cpu().numpy() for part in parts])


def _own_sequence(computer, gene):
    """Base codes around a gene and the starts of its own windows in them."""
    first, end, starts = own_windows(gene.tss, gene.strand, computer.network.window)
    return computer.genome.codes(gene.chrom, first, end), starts


def _contacted_sequence(computer, gene):
    """Base codes of the runs of a gene's contacted windows, end to end, and the windows' starts in them."""
    contacts, width = computer.contacts, computer.network.window
    row = int(np.flatnonzero(contacts.genes == gene.id)[0])
    starts = contacts.window_starts[contacts.of_gene(row)].ravel()
    if not len(starts):
        return np.empty(0, np.uint8), starts
    runs, within = merge_windows(torch.from_numpy(starts), width)
    return np.concatenate([computer.genome.codes(gene.chrom, *run) for run in runs]), within.numpy()


def relative_difference(found, expected):
    """Median and largest of |found - expected| / |expected|, without the zeros that agree; NaN and infinity stay."""
    told = (found != 0) | (expected != 0)  # sums over no contacts are zeros
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.abs(found[told].astype(np.float64) - expected[told]) / np.abs(expected[told])
    return (float(np.median(difference)), float(difference.max())) if difference.size else (0.0, 0.0)


def allowed_difference(precision, kind, of):
    """Median and largest relative difference from float32 on the CPU that a precision may have.

    kind: "own" or "contacted". of: "features" or "probabilities". Sums over contacted windows may hold a single one,
    and so are held to what probabilities are.
    """
    if precision == "float32":
        return SAME_PRECISION
    median, largest = EMULATED[precision]["features" if (kind, of) == ("own", "features") else "probabilities"]
    return ALLOWED * median, ALLOWED * largest


def differing_tensors(job, model, devices, genes):
    """How many genes have other bytes when several devices make their tensors than when the first does it alone.

    Genes are done one at a time (`block_size` 1): a GPU may choose another way, and rounding, for other numbers of
    windows. job: TensorJob, whose folder is not used. Returns: int.
    """
    with tempfile.TemporaryDirectory() as place:
        alone, together = (replace(job, folder=empty_folder(Path(place, name))) for name in ("one", "all"))
        make_tensors(alone, lambda: model, devices[0], genes, _ignore)
        release_memory()
        make_tensors_on(together, devices, genes, _ignore)
        return sum(
            alone.folder.tensor_path(gene).read_bytes() != together.folder.tensor_path(gene).read_bytes()
            for gene in genes["id"]
        )


def _ignore(*counts):
    pass


def fill_memory(device, genome, model, precision):
    """Give a CUDA device far more windows at once than its free memory holds.

    Returns: the InputError that it ends in, or None where there was none; whether the device computes the same as
    before afterwards.
    """
    with computing(device, precision):
        computer = open_computer(
            genome=genome, model=model, device=device, precision=precision, store=None, contacts=None
        )
        few = _isolated_windows(FEW_WINDOWS, model.network.window)
        before = _probabilities(computer, *few)
    error = None
    try:
        with computing(device, precision):
            release_memory()
            free, _ = torch.cuda.mem_get_info(device)
            codes, starts = _isolated_windows(MOST_IN_MEMORY * free // BYTES_PER_WINDOW, model.network.window)
            computer.scanner.predict(torch.from_numpy(codes), torch.from_numpy(starts))
    except InputError as told:
        error = told.with_traceback(None)  # whose frames hold on to what fills the memory
        error.__cause__ = error.__context__ = None
    with computing(device, precision):
        return error, np.array_equal(before, _probabilities(computer, *few))


def _isolated_windows(count, width):
    """Base codes of `count` windows that do not overlap, and their starts."""
    return np.resize(np.arange(4, dtype=np.uint8), count * width), np.arange(count, dtype=np.int64) * width


def release_memory():
    """Give memory that PyTorch keeps for later back to the GPUs, for xgboost and for other processes."""
    torch.cuda.empty_cache()
