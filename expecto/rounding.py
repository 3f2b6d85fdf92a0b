"""What keeps the bits of a number the same on the CPU, whatever else is computed with it: whole matrix products, and
threads that each compute alone."""

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import torch
from torch.nn import functional

LINEAR_ROWS = 200
"""Rows that linear layers get at a time on the CPU, filled up with zeros. A gene has 200 windows, so nothing is wasted
on those."""


def filled(rows, count):
    """Rows, and zeros after them up to a whole multiple of `count`; the rows themselves without any. rows: (n, ...).

    BLAS chooses its way through a matrix product, and so its rounding, by the number of rows: in products of `count`
    rows each, the values of one do not depend on how many others there are.
    """
    missing = -len(rows) % count
    return functional.pad(rows, (0, 0) * (rows.dim() - 1) + (0, missing)) if missing else rows


def linear(rows, weight, bias=None):
    """A linear layer on the CPU, in products of `LINEAR_ROWS` rows. rows: (n, before); weight: (after, before)."""
    parts = [functional.linear(filled(part, LINEAR_ROWS), weight, bias) for part in rows.split(LINEAR_ROWS)]
    return torch.cat(parts)[: len(rows)]


def side_by_side(work, items):
    """Do work on each item, in as many threads as PyTorch computes with, each of which computes alone."""
    count = torch.get_num_threads()
    if min(count, len(items)) < 2:
        for item in items:
            work(item)
        return
    with one_thread_each():
        for _ in _threads(count, os.getpid()).map(torch.inference_mode()(work), items):
            pass


@lru_cache(1)
def _threads(count, process):
    """The threads of a process, kept from one convolution to the next."""
    return ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))


@contextlib.contextmanager
def one_thread_each():
    """Compute in one thread; those of `side_by_side` do so anyway."""
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(count)
