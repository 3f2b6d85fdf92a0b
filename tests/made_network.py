"""A network other than Beluga: padded convolutions over 1,024 bp, 7 features, bases in alphabetical order."""

import hashlib
import json
import warnings
import zipfile

import torch
from torch import nn

WINDOW, FEATURES, BASES = 1024, 7, "ACGT"
NAMES = [f"track {number}" for number in range(FEATURES)]


class Padded(nn.Module):
    """A network whose convolutions see where a window ends."""

    def __init__(self, seed=1):
        super().__init__()
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            self.first = nn.Conv1d(len(BASES), 16, 9, padding="same")
            self.norm = nn.BatchNorm1d(16)
            self.second = nn.Conv1d(16, 24, 5, padding=2)
            self.output = nn.Linear(2 * 24, FEATURES)
            self.norm.running_mean.uniform_(-0.2, 0.2)
        self.eval().requires_grad_(False)

    def forward(self, windows):
        x = nn.functional.max_pool1d(torch.relu(self.norm(self.first(windows))), 4)
        x = nn.functional.gelu(self.second(x))
        x = torch.cat([x.amax(2), 10 * x.mean(2)], 1)
        return torch.sigmoid(3 * self.output(x))


def export(module, path, rows=1, window=WINDOW):
    """Write a module as a program for so many windows at once. window: bp."""
    with warnings.catch_warnings(action="ignore"):
        program = torch.export.export(module, (torch.zeros(rows, len(BASES), window),))
        torch.export.save(program.run_decompositions(), path)


def describe(path, **changes):
    """Write a description beside a program. changes: to its fields, None to leave one out. Returns: its path."""
    given = {
        "name": "padded",
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "window": WINDOW,
        "features": FEATURES,
        "bases": BASES,
    } | changes
    description = path.with_suffix(".json")
    description.write_text(json.dumps({name: value for name, value in given.items() if value is not None}))
    return description


def altered(path, into, change):
    """A copy of a program in which `change`, called with a record's name and content, gives its content."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(into, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, change(name, archive.read(name)))
    return into
