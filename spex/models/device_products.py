"""Products between genes on a GPU: the same as `products.HostProducts`, by PyTorch."""

import contextlib

import numpy as np
import torch
from scipy.linalg import LinAlgError

from spex.errors import InputError, parameter

HINT = f"fit on the processor with {parameter('device')} CPU"


def cuda_problem():
    """As of `products.cuda_problem`."""
    return None if torch.cuda.is_available() else "PyTorch finds no CUDA device here"


class DeviceProducts:
    """In the memory of a device, which holds three float64 (n, n) arrays at the most: 12.5 GB for 22,826 genes.

    As of `HostProducts`. device: of torch.

    Raises:
        InputError: by every method, the device's memory is full.
    """

    def __init__(self, count, device):
        self.device = torch.device(device)
        with one_line(self.device):
            self.products = torch.zeros((count, count), dtype=torch.float64, device=self.device)
        self.made = self.diagonal = None

    def place(self, values):
        with one_line(self.device):
            return torch.from_numpy(np.ascontiguousarray(values)).to(self.device).double()

    def back(self, values):
        return values.cpu().numpy()

    def add(self, values):
        with one_line(self.device):
            self.products.addmm_(values, values.T)

    def complete(self):
        self.diagonal = self.back(self.products.diagonal()).copy()

    def renew(self):
        self.made = None  # before its successor, which needs the memory
        with one_line(self.device):
            self.made = self.products.clone()

    def add_again(self, values, weight):
        with one_line(self.device):
            self.made.addmm_(values, values.T, alpha=weight)

    def factorise(self, penalty):
        self.made.diagonal().add_(penalty)
        with one_line(self.device):
            self.made, failed = torch.linalg.cholesky_ex(self.made)
        if failed.item():
            raise LinAlgError("not positive definite")

    def solve(self, values):
        with one_line(self.device):
            return self.back(torch.cholesky_solve(self.place(values), self.made))

    def invert(self):
        with one_line(self.device):
            self.made = torch.cholesky_inverse(self.made)

    def inverse_block(self, parts):
        rows = self._rows(parts)
        with one_line(self.device):
            return np.asfortranarray(self.back(self.made[rows][:, rows]))

    def inverse_times(self, parts, values):
        with one_line(self.device):
            return self.back(self.made[:, self._rows(parts)] @ self.place(values))

    def _rows(self, parts):
        return torch.cat([torch.arange(part.start, part.stop, device=self.device) for part in parts])


@contextlib.contextmanager
def one_line(device, hint=HINT):
    """Report full memory in one line. hint: what to do then."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        found = f"its memory is full ({str(error).partition('. ')[0]})"
        raise InputError(found, subject=str(device), hint=hint) from error
