"""The scan with shared convolutions against the network window by window, and against the machine's matrix product.

    python -m benchmarks.scan [--device cuda] [--precision float32] [--rounds 5]

One gene is 200 windows 200 bp apart over 41,800 bp. "Window by window" is the network in inference mode on ready
one-hot windows, 32 at a time, as the published program calls it. Random weights: speed does not depend on them.
"""

import argparse
import statistics

import torch

from benchmarks.measure import alternate, median_ratio, publish
from expecto import BASES, WINDOW_SIZE
from expecto.beluga import KERNEL, POOLS, Beluga, block_widths
from expecto.scan import Scanner, merge_windows
from spex.devices import DTYPES

BATCH = 32
GEMM_SIZE = 3072
LAYOUTS = {
    "one gene: 200 windows, 200 bp apart": [200 * i for i in range(200)],
    "200 adjacent bins, 1000 bp apart": [1000 * i for i in range(200)],
    "200 isolated bins, 5000 bp apart": [5000 * i for i in range(200)],
}


def multiply_adds(model, starts):
    """Multiply-adds that the scan does for windows at `starts`, padding between runs and rows aside."""
    total, levels = 0, [torch.tensor(starts)]
    widths = block_widths()
    for block, pool in enumerate(POOLS):
        following = []
        for places in levels:
            for phase in (places % pool).unique():
                runs, moved = merge_windows(places[places % pool == phase], widths[block])
                length = sum(end - first for first, end in runs)
                for convolution in model.convolutions[2 * block : 2 * block + 2]:
                    length -= KERNEL - 1
                    total += length * convolution.weight.numel()
                following.append(moved // pool)
        levels = following
    return total + len(starts) * (model.hidden.weight.numel() + model.output.weight.numel())


def window_by_window(model, codes, starts, device, dtype):
    """A function that predicts the windows 32 at a time; the windows are encoded beforehand."""
    model = model.to(device, dtype)
    one_hot = torch.eye(len(BASES) + 1, len(BASES), device=device, dtype=dtype)[codes.to(device).long()].T[:, None]

    @torch.inference_mode()
    def predict():
        for first in range(0, len(starts), BATCH):
            windows = torch.stack(
                [one_hot[:, :, start : start + WINDOW_SIZE] for start in starts[first : first + BATCH]]
            )
            model(windows)
        synchronise(device)

    return predict


def synchronise(device):
    if device == "cuda":
        torch.cuda.synchronize()


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", nargs="+", choices=tuple(DTYPES), default=["float32"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--genes", type=int, default=1, help="genes per pass (the gene layout; more than 1 for GPUs)")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    torch.manual_seed(0)
    rows = []
    for precision in args.precision:
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        dtype = getattr(torch, DTYPES[precision])
        for name, layout in LAYOUTS.items():
            rows.append(measure(name, layout, args, precision, dtype))
    publish("scan", rows, args.json, command=f"python -m benchmarks.scan --rounds {args.rounds}")


def measure(name, layout, args, precision, dtype):
    model = Beluga()
    span = layout[-1] + WINDOW_SIZE
    starts = [gene * span + start for gene in range(args.genes if "gene" in name else 1) for start in layout]
    codes = torch.randint(0, 4, (starts[-1] + WINDOW_SIZE,), dtype=torch.uint8)
    scanner = Scanner(model, args.device, dtype)
    work = 2e-9 * multiply_adds(model, starts)
    square = torch.randn(GEMM_SIZE, GEMM_SIZE, device=args.device, dtype=dtype)

    def scan():
        scanner.predict(codes, torch.tensor(starts))
        synchronise(args.device)

    def gemm():
        square @ square
        synchronise(args.device)

    seconds = alternate(
        {"alone": window_by_window(model, codes, starts, args.device, dtype), "scan": scan, "gemm": gemm}, args.rounds
    )
    peak = [2e-9 * GEMM_SIZE**3 / second for second in seconds["gemm"]]
    reached = [work / second for second in seconds["scan"]]
    return {
        "windows": name,
        "precision": precision,
        "alone s": statistics.median(seconds["alone"]),
        "scan s": statistics.median(seconds["scan"]),
        "times faster": median_ratio(seconds["alone"], seconds["scan"]),
        "GFLOP/s": statistics.median(reached),
        "GEMM GFLOP/s": statistics.median(peak),
        "share of GEMM": statistics.median(a / b for a, b in zip(reached, peak, strict=True)),
    }


if __name__ == "__main__":
    main()
