"""The devices that compute: which ones, in which precision, and one process for each where there are several."""

import contextlib
import functools
import logging
import multiprocessing
import os
import signal
import threading
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from expecto.described import DescribedNetwork
from expecto.gene_features import SHIFTS
from expecto.registry import entry_of, scan_of
from expecto.scan import BYTES_PER_WINDOW, second_convolution
from spex.contacts.collect import Contacts
from spex.errors import InputError, command, parameter, shown
from spex.features.choices import DTYPES, Computing
from spex.features.compute import FeatureComputer
from spex.features.write import write_tensors
from spex.files.hashes import Watch
from spex.inputs.genome import Genome
from spex.inputs.identify import identify, look
from spex.inputs.networks import FORM
from spex.inputs.swapped import others
from spex.models.device_products import one_line
from spex.options import one_of
from spex.runs.cache import PredictionStore
from spex.runs.folder import DataFolder

CPU_WINDOWS_PER_PASS = 200
SLOW_BINS_PER_PASS = 50
"""Contacted bins in a precision that a processor is slow in: they take twice as much sequence as a gene's own windows,
which overlap. Progress moves from pass to pass, and Ctrl-C waits for one operation of a pass."""

GPU_WINDOWS_PER_PASS = (200, 6400)
GPU_SHARE = 0.7
"""Of the memory that is free; cuDNN and the allocator want some too."""

BLOCK_SIZE = {"cpu": 8, "cuda": 256}

PROGRAM = "describe it in a JSON file and give that: docs/networks.md"

SLOWER = 1.5
"""Times as long as float32, from which on a precision is warned of: above what two measurements differ by."""

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class TensorJob:
    """What each process needs to make its share of the tensors.

    store: root folder, identity and dtype of the prediction store, or None. computing: with the precision; its device
    is not used. watch: of the files that tensors are made from.
    """

    folder: DataFolder
    genome: Path
    network: Path
    contacts: Contacts | None
    store: tuple | None
    computing: Computing
    watch: Watch = field(default_factory=Watch)


def choose_devices(platform, gpus):
    """Names of the torch devices to use, such as ["cpu"] or ["cuda:0", "cuda:1"].

    platform: "CPU", "CUDA" or None (CUDA where there is one). gpus: numbers of the GPUs to use, or None for all.

    Raises:
        InputError: CUDA is asked for and not there, or a GPU's number is not.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if platform == "CPU" and gpus is not None:
        raise InputError(f"of no use with {parameter('device')} CPU", argument="gpus", hint="leave one of them out")
    if count == 0 and (platform == "CUDA" or gpus is not None):
        raise InputError(
            "PyTorch finds no CUDA device here", argument="device", subject="CUDA", hint="take CPU, or check the driver"
        )
    if platform == "CPU" or count == 0:
        return ["cpu"]
    strange = [gpu for gpu in gpus or () if gpu >= count]
    if strange:
        raise InputError(f"there are {count} GPUs here, numbered from 0", argument="gpus", subject=strange[0])
    return [f"cuda:{gpu}" for gpu in (sorted(set(gpus)) if gpus else range(count))]


def describe_device(device):
    """What a device is called, and how many threads compute on it: a GPU's name and 1, or the processor's."""
    if device != "cpu":
        return torch.cuda.get_device_name(device), 1
    threads = torch.get_num_threads()
    return f"this machine's processor, {threads} threads", threads


def choose_device(name):
    """Name of one torch device, such as "cpu" or "cuda:0": the given one, or without it the first that there is.

    Raises:
        InputError: no such device here.
    """
    if name is None:
        return choose_devices(None, None)[0]
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = None
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device is not None and (device.type == "cpu" or (device.type == "cuda" and (device.index or 0) < count)):
        return "cpu" if device.type == "cpu" else f"cuda:{device.index or 0}"
    raise InputError(
        f"found {shown(repr(name))}; CUDA devices here: {count}",
        argument="device",
        expected='"cpu" or a CUDA device that is there, such as "cuda:0"',
    )


def choose_precision(devices, precision):
    """The precision's name: the given one, or what the published program gets on such a device.

    Raises:
        InputError: there is no such precision, or it is tf32 without a CUDA device.
    """
    on_cpu = devices == ["cpu"]
    if precision is not None:
        one_of(DTYPES).check(precision, "precision")
    if precision == "tf32" and on_cpu:
        raise InputError(
            "only CUDA devices have it",
            argument="precision",
            subject="tf32",
            hint="on the CPU take float32 or bfloat16",
        )
    return precision or ("float32" if on_cpu else "tf32")


def open_model(path, precision="float32"):
    """The network of a checkpoint or a description; what is wrong with it is the user's input.

    precision: that it is to compute in.

    Raises:
        InputError: not such a file, or a network that cannot compute in this precision.
    """
    entry, about = entry_of(path), {"argument": "network", "subject": path}
    try:
        model = entry.load(path)
    except ValueError as error:
        found = str(error).removeprefix(f"{path}: ")
        if entry.model is DescribedNetwork:
            raise InputError(found, **about, hint=FORM) from error
        expected = "the network's checkpoint, or a description in JSON"
        identify(others("network"), look(path), about, expected)
        if _is_program(path):
            raise InputError("a program of PyTorch, not weights", **about, expected=expected, hint=PROGRAM) from error
        hint = f"get it again with: {command('resources')} get beluga"
        raise InputError(found, **about, hint=hint) from error
    if entry.model is DescribedNetwork and DTYPES[precision] != "float32":
        raise InputError(
            "a network from a description computes in float32",
            argument="precision",
            subject=precision,
            hint="take float32, or tf32 on a GPU",
        )
    if remark := getattr(model, "remark", None):
        logger.warning("%s: %s", path, remark)
    return model


def _is_program(path):
    """Whether a file is one that PyTorch wrote a program to, not weights alone."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/models/" in name or "/code/" in name for name in archive.namelist())


def windows_per_pass(device, bytes_per_window=BYTES_PER_WINDOW):
    """Windows that the network is asked for at once: enough to fill the device, few enough for its memory.

    bytes_per_window: as of `expecto.registry.Scan`.
    """
    if torch.device(device).type == "cpu" or bytes_per_window is None:
        return CPU_WINDOWS_PER_PASS
    free, _ = torch.cuda.mem_get_info(device)
    least, most = GPU_WINDOWS_PER_PASS
    return min(max(int(GPU_SHARE * free) // bytes_per_window, least), most)


def bins_per_pass(device, precision, windows):
    """The same of contacted bins: fewer than these windows where each takes long."""
    return SLOW_BINS_PER_PASS if slowness(device, precision) > SLOWER else windows


@contextlib.contextmanager
def computing(device, precision):
    """Set PyTorch's switches of TF32 as a precision asks for, and set them back; report full memory in one line.

    Raises:
        InputError: the device's memory is full.
    """
    switches = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [switch.allow_tf32 for switch in switches]
    for switch in switches:
        switch.allow_tf32 = precision == "tf32"
    warn_of_slow(device, precision)
    hint = (
        f"give it less at once with {parameter('batch_size')}; if nvidia-smi shows others on it, choose another with "
        f"{parameter('gpus')}, or give the same command again later"
    )
    try:
        with one_line(device, hint):
            yield
    finally:
        for switch, allowed in zip(switches, before, strict=True):
            switch.allow_tf32 = allowed


def warn_of_slow(device, precision):
    """Log how much longer a precision takes than float32 where a processor lacks the instructions for it.

    There a gene takes minutes, and nothing would say why.
    """
    factor = slowness(device, precision)
    if factor > SLOWER:
        logger.warning(
            "%s takes %.0f times as long as float32 on this processor, which lacks instructions for it (one layer, "
            "measured); float32 is quicker here, and more precise",
            precision,
            factor,
        )


def slowness(device, precision):
    """How many times as long as float32 a precision takes on a processor, measured; 1 on other devices."""
    if torch.device(device).type != "cpu" or DTYPES[precision] == "float32":
        return 1.0
    return seconds_of_layer(DTYPES[precision]) / seconds_of_layer("float32")


@functools.cache
@torch.inference_mode()
def seconds_of_layer(dtype):
    """Seconds that the second convolution takes over 200 positions on the processor: the least of three times."""
    convolve, taken = second_convolution(getattr(torch, dtype)), []
    for _ in range(3):
        start = time.perf_counter()
        convolve()
        taken.append(time.perf_counter() - start)
    return min(taken)


def open_computer(*, genome, model, device, precision, store, contacts, batch_size=None):
    """A FeatureComputer on one device. genome: Genome. model: from `open_model`. store: PredictionStore or None."""
    scanner = scan_of(model, device, getattr(torch, DTYPES[precision]))
    windows = windows_per_pass(device, scanner.bytes_per_window)
    return FeatureComputer(
        genome=genome,
        scanner=scanner,
        store=store,
        contacts=contacts,
        windows_per_pass=batch_size or max(windows, len(SHIFTS) * scanner.genes_at_once),
        bins_per_pass=batch_size or bins_per_pass(device, precision, windows),
    )


def make_tensors(job, opened, device, genes, advance):
    """Make the tensors of `genes` on one device.

    opened: called for the network, from `open_model`. Where nothing else keeps it, half a GB of weights goes that the
    scanner has in another order. advance: called as in `write_tensors`. Returns: Counter of genes, windows, bytes,
    store hits.

    Raises:
        InputError: the device's memory is full.
    """
    with computing(device, job.computing.precision):
        computer = open_computer(
            genome=Genome(job.genome, job.folder.genome_index),
            model=opened(),
            device=device,
            precision=job.computing.precision,
            store=None if job.store is None else PredictionStore(*job.store, watch=job.watch),
            contacts=job.contacts,
            batch_size=job.computing.batch_size,
        )
        block_size = job.computing.block_size or BLOCK_SIZE[torch.device(device).type]
        write_tensors(computer, job.folder, genes, block_size, advance, job.watch)
    return computer.counts


def make_tensors_on(job, devices, genes, advance):
    """Make the tensors of `genes`, one process for each of several devices.

    Each gets a stretch of the genome, so that genes which touch the same bins stay together. Returns: as
    `make_tensors`, summed.
    """
    ordered = genes.sort_values(["chrom", "tss", "id"])
    edges = np.linspace(0, len(ordered), len(devices) + 1).astype(int)
    shares = [ordered.iloc[first:end] for first, end in pairwise(edges)]
    return work_on(devices, partial(_make_share, job), shares, advance)


def _make_share(job, device, genes: pd.DataFrame, advance):
    """One device's share of the tensors."""
    return make_tensors(job, partial(open_model, job.network), device, genes, advance)


def work_on(devices, work, shares, advance):
    """Do work on several devices, one process for each.

    work: called in each process with device, share, and a function to call as `advance` of `spex.progress`; can be
    pickled, and so can the shares, one for each device. advance: called with what that function is called with.

    Returns: Counter, the sum of what `work` returns.

    Raises:
        InputError: what `work` raises, or a process was killed.
    """
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    workers = [
        context.Process(target=_work, args=(work, device, share, messages))
        for device, share in zip(devices, shares, strict=True)
    ]
    try:
        _start(workers)
        return _follow(workers, messages, advance)
    finally:
        for worker in workers:
            if worker.is_alive():
                worker.kill()  # at any moment safe, as a kill from outside is
        for worker in workers:
            if worker.pid is not None:
                worker.join()


def _start(workers):
    """Start the workers without Ctrl-C and SIGTERM, which may reach the whole group: the parent ends its workers."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))  # a process inherits it
    try:
        for worker in workers:
            worker.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(work, device, share, messages):
    """One device's process: reports units as they are done, then its counts."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(max(torch.get_num_threads() // 2, 1))
    try:
        messages.put(work(device, share, lambda *done: messages.put(done)))
    except (InputError, OSError) as error:  # for the parent to report in one line, such as a full disk
        messages.put(error)


def _end_with_parent():
    """End this process when its parent is gone, killed for instance."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _follow(workers, messages, advance):
    """Collect the workers' messages until each has sent its counts."""
    total, finished = Counter(), 0
    while finished < len(workers):
        while messages.empty():
            statuses = [worker.exitcode for worker in workers]
            for status in filter(None, statuses):
                if status < 0:
                    raise InputError(
                        f"the process of one device was killed by signal {-status}, most often for want of memory",
                        hint=f"give it less at once with {parameter('block_size')} and {parameter('batch_size')}; the "
                        "same command goes on from here",
                    )
                raise RuntimeError(f"a worker process ended with status {status}; its own message is above")
            if None not in statuses and messages.empty():  # once more: the last one may have sent it since
                raise RuntimeError("the worker processes ended without their counts")
            for worker in workers:
                worker.join(0.05)
        message = messages.get()
        if isinstance(message, Exception):
            raise message
        if isinstance(message, Counter):
            total += message
            finished += 1
        else:
            advance(*message)
    return total
