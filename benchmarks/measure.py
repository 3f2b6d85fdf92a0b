"""What every benchmark needs: alternating runs, peak memory, the machine, a table and a JSON file."""

import json
import platform
import resource
import statistics
import time
from datetime import date
from pathlib import Path

import torch


def alternate(ways, rounds):
    """Time several ways of doing the same in turn, A B C A B C, so that a drift of the machine meets all alike.

    ways: dict from name to a function without arguments. Each runs once beforehand, uncounted.
    Returns: dict from name to the seconds of each round.
    """
    for way in ways.values():
        way()
    seconds = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def median_ratio(slow, fast):
    """Median over rounds of slow / fast, pair by pair."""
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))


def peak_memory_gb():
    """Largest resident size of this process so far, in GB (10^9 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def machine():
    """What the figures were measured on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {
        "cpu": model,
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "gpus": gpus,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "date": f"{date.today():%Y-%m-%d}",
    }


def publish(name, rows, path=None, **facts):
    """Print rows (dicts with the same keys) as a table; write them, the machine and other facts as JSON."""
    columns = list(rows[0])
    cells = [[_text(row[column]) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for line in (columns, *cells):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for fact, value in facts.items():
        print(f"{fact}: {_text(value)}")
    record = {"benchmark": name, "machine": machine(), "facts": facts, "rows": rows}
    Path(path or f"benchmark_{name}.json").write_text(json.dumps(record, indent=2) + "\n")


def _text(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)
